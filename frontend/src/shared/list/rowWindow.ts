/** So few rows are all drawn. */
export const ALL_DRAWN = 60
const BEYOND = 12

export interface RowWindow {
  /** Index of the first row that is drawn, and behind the last. */
  from: number
  to: number
}

/**
 * Which of `count` rows of equal height are drawn: those in sight and some beyond.
 * @param above  how far the first row's upper edge is above the upper edge of what is in sight
 */
export function windowOf(count: number, rowHeight: number, above: number, inSight: number): RowWindow {
  if (count <= ALL_DRAWN || rowHeight <= 0) return { from: 0, to: count }
  const first = Math.floor(above / rowHeight) - BEYOND
  const last = Math.ceil((above + inSight) / rowHeight) + BEYOND
  const from = Math.min(Math.max(0, first), Math.max(0, count - 1))
  return { from, to: Math.min(count, Math.max(from + 1, last)) }
}
