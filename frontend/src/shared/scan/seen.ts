/** A camera sees the same label many times a second: it is one scan until the camera has looked and not seen it for a while. How late the
 *  looks come says nothing of the label: a slow phone may need seconds for one. */
const AWAY_MS = 1500
const AWAY_LOOKS = 3

export function makeSeen() {
  let code: string | null = null
  let last = 0
  let without = 0

  /** Is this a new scan? `seen`: what a look at `now` (milliseconds) has found, or null. */
  return (seen: string | null, now: number): boolean => {
    if (seen === null) {
      without += 1
      return false
    }
    const isNew = seen !== code || (without >= AWAY_LOOKS && now - last > AWAY_MS)
    code = seen
    last = now
    without = 0
    return isNew
  }
}
