const FIRST_MS = 1000
const LONGEST_MS = 30_000
const SPREAD = 0.3

/** How long to wait before the stream is asked for again: longer each time, and not all browsers at once. */
export function pauseBefore(failures: number, chance: number): number {
  const whole = Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS)
  return Math.round(whole * (1 - SPREAD * chance))
}
