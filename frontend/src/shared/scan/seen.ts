/** A camera sees the same label many times a second: it is one scan until it has been away for a while. */
const AWAY_MS = 1500

export function makeSeen() {
  let code: string | null = null
  let last = 0

  /** Is this a new scan? `now` in milliseconds. */
  return (seen: string, now: number): boolean => {
    const isNew = seen !== code || now - last > AWAY_MS
    code = seen
    last = now
    return isNew
  }
}
