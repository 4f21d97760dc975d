/** A scanner that types: characters faster than hands are, ended by Enter or Tab. Times in milliseconds, as the events have them. */
const LEAST = 4
const MOST_GAP = 60
const MOST_AVERAGE = 35

export function makeBurst() {
  let text = ''
  let first = 0
  let last = 0

  /** `began`: this character may be the first of a code. `code`: that is what was scanned. */
  function feed(key: string, time: number): { began: boolean; code: string | null } {
    const late = time - last > MOST_GAP
    if (key.length === 1) {
      const began = text === '' || late
      if (began) {
        text = ''
        first = time
      }
      text += key
      last = time
      return { began, code: null }
    }
    // Scanners press Shift for capitals.
    if (key === 'Shift') return { began: false, code: null }
    const fast = !late && text.length >= LEAST && (last - first) / (text.length - 1) <= MOST_AVERAGE
    const code = (key === 'Enter' || key === 'Tab') && fast ? text : null
    text = ''
    return { began: false, code }
  }
  return { feed }
}

/** Without the mark of the kind of code that some scanners put before it (`]Q1`, `]C1`). */
export const plainCode = (code: string): string => code.replace(/^\][A-Za-z]\d/, '').trim()
