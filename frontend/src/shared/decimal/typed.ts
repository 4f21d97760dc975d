/** What people type into a number field, turned into a decimal: `１２`, `1,234.5`, `3。5`, `3*25`. */
import { add, type Dec, dec, decimalsOf, multiply, subtract } from './decimal'

const FULL_WIDTH = /[\uff10-\uff19]/g
const SAME = new Map([
  ['。', '.'], ['．', '.'], ['，', ','], ['＊', '*'], ['×', '*'], ['x', '*'], ['X', '*'],
  ['＋', '+'], ['－', '-'], ['−', '-'], ['–', '-'], ['\u3000', ' '], ['¥', ''], ['￥', ''],
])

/** Full-width characters and their kin become the plain ones. */
export function narrow(text: string): string {
  return text
    .replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[。．，＊×xX＋－−–\u3000¥￥]/g, (c) => SAME.get(c) ?? c)
}

/** A number as typed, thousands separators allowed only where they belong. */
function term(text: string): Dec | null {
  if (text.includes(',') && !/^\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(text)) return null
  const digits = text.replaceAll(',', '')
  return /^(?:\d+\.?\d*|\.\d+)$/.test(digits) ? dec(digits.replace(/\.$/, '')) : null
}

function product(text: string): Dec | null {
  let value: Dec | null = null
  for (const part of text.split('*')) {
    const factor = term(part)
    if (factor === null) return null
    value = value === null ? factor : multiply(value, factor)
  }
  return value
}

/** The value of what was typed; null when it is not a number. An empty field is null, too. */
export function evaluate(typed: string): Dec | null {
  const text = narrow(typed).replace(/\s+/g, '')
  if (!/^[\d.,*+-]+$/.test(text)) return null
  let value: Dec | null = null
  for (const [, sign = '', body = ''] of `+${text}`.matchAll(/([+-])([^+-]*)/g)) {
    const part = product(body)
    if (part === null) return null
    value = value === null ? part : sign === '-' ? subtract(value, part) : add(value, part)
  }
  return value
}

export type Refusal = 'characters' | 'points' | 'grouping' | 'decimals'

/** A number being typed: one point, and commas between threes as far as it has got. */
function refusalOfTerm(text: string): Refusal | null {
  const [whole = '', fraction, ...more] = text.split('.')
  if (more.length > 0) return 'points'
  if (fraction?.includes(',')) return 'grouping'
  if (!whole.includes(',')) return null
  return (fraction === undefined ? /^\d{1,3}(?:,\d{3})*,\d{0,3}$/ : /^\d{1,3}(?:,\d{3})+$/).test(whole) ? null : 'grouping'
}

/** Why this may not stand in the field while typing, or null. A sum is held to the decimals of the unit when it is reckoned. */
export function refusalOf(typed: string, places: number): Refusal | null {
  const text = narrow(typed).replace(/\s+/g, '')
  if (!/^[\d.,*+-]*$/.test(text)) return 'characters'
  const terms = text.split(/[*+-]/)
  for (const term of terms) {
    const refusal = refusalOfTerm(term)
    if (refusal) return refusal
  }
  return terms.length === 1 && (text.split('.')[1] ?? '').length > places ? 'decimals' : null
}

export const acceptable = (typed: string, places: number): boolean => refusalOf(typed, places) === null

export type TypedFault = 'required' | 'notANumber' | 'notPositive' | 'negative' | 'tooManyDecimals' | 'tooLarge'

const WHOLE_DIGITS = 12

/** The fault of a quantity or price as typed, or null. */
export function faultOf(typed: string, rule: { places: number; positive?: boolean; required?: boolean }): TypedFault | null {
  if (typed.trim() === '') return rule.required ? 'required' : null
  const value = evaluate(typed)
  if (value === null) return 'notANumber'
  if (value.startsWith('-')) return rule.positive ? 'notPositive' : 'negative'
  if (rule.positive && !/[1-9]/.test(value)) return 'notPositive'
  if (decimalsOf(value) > rule.places) return 'tooManyDecimals'
  return (value.split('.')[0] ?? '').length > WHOLE_DIGITS ? 'tooLarge' : null
}
