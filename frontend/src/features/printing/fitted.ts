/** A number on paper stands on one line: one that is too long for its column is written smaller. */

/** Of the narrowest form, A4 between its margins. */
const WIDTH_MM = 190
const SIZE_MM = { usual: 3, dense: 2.4 }
const PADDING_MM = { usual: 2.4, dense: 1.4 }
/** Widths in ems of the widest font that is likely, bold. */
const DIGIT = 0.7
const POINT = 0.38
const SIGN = 0.84
/** Below it nobody reads it: then it breaks. */
const SMALLEST = 0.55

const emsOf = (text: string) => [...text].reduce((sum, c) => sum + (/\d/.test(c) ? DIGIT : /[,.]/.test(c) ? POINT : SIGN), 0)

/** How large the number is to be written in a column of that share of the width, as a part of the usual size. */
export function scaleOf(text: string, share: number, dense: boolean): number {
  const kind = dense ? 'dense' : 'usual'
  const room = share * WIDTH_MM - PADDING_MM[kind]
  return Math.min(1, Math.floor((room / (emsOf(text) * SIZE_MM[kind] || 1)) * 100) / 100)
}

export function fitted(text: string | undefined, share: number, dense: boolean): Record<string, string> | undefined {
  const scale = text ? scaleOf(text, share, dense) : 1
  if (scale === 1) return undefined
  return scale < SMALLEST ? { fontSize: `${SMALLEST}em` } : { fontSize: `${scale}em`, whiteSpace: 'nowrap' }
}
