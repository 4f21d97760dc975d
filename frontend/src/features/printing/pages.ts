/** Rows onto pages: pure, from measured heights. */

/**
 * How many rows each page has. Every page has `room`; the last one needs `ending` of it for the sums at the end. A row that is
 * higher than a page has one to itself; no page but an only one is empty.
 */
export function rowsOfPages(heights: number[], room: number, ending: number): number[] {
  const pages: number[] = []
  let count = 0
  let used = 0
  for (const height of heights) {
    if (count > 0 && used + height > room) {
      pages.push(count)
      count = 0
      used = 0
    }
    count += 1
    used += height
  }
  pages.push(count)
  // The sums go with at least one row: the last one moves on with them when they do not fit where it is.
  if (count > 1 && used + ending > room) {
    pages[pages.length - 1] = count - 1
    pages.push(1)
  }
  return pages
}

/** The rows of each page, from where to where. */
export function spansOfPages(counts: number[]): { from: number; to: number }[] {
  let from = 0
  return counts.map((count) => {
    const span = { from, to: from + count }
    from += count
    return span
  })
}
