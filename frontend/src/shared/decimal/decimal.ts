/**
 * Quantities, prices and amounts are text from the server to the eye: up to 19 digits, where a JavaScript number holds 15.
 * Whatever is computed here is computed exactly.
 */
import Big from 'big.js'

declare const decimal: unique symbol
/** A decimal as plain text: `-12.500`. */
export type Dec = string & { readonly [decimal]: true }

const Exact = Big()
Exact.strict = true

const PLAIN = /^-?\d+(?:\.\d+)?$/

export const ZERO = '0' as Dec

/** The text as a decimal, or null when it is none. Accepts what the server may write (`1e2`, `.5`). */
export function dec(text: string): Dec | null {
  if (!/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text)) return null
  return (PLAIN.test(text) ? text : new Exact(text).toFixed()) as Dec
}

function big(value: Dec): Big {
  return new Exact(value)
}

function plain(value: Big): Dec {
  return value.toFixed() as Dec
}

export const add = (a: Dec, b: Dec): Dec => plain(big(a).plus(big(b)))
export const subtract = (a: Dec, b: Dec): Dec => plain(big(a).minus(big(b)))
export const multiply = (a: Dec, b: Dec): Dec => plain(big(a).times(big(b)))
export const compare = (a: Dec, b: Dec): number => big(a).cmp(big(b))
export const isZero = (a: Dec): boolean => big(a).eq('0')
export const isNegative = (a: Dec): boolean => big(a).lt('0')
export const sum = (values: Dec[]): Dec => values.reduce(add, ZERO)

/** How many percent of the whole (not 0) that is, to a tenth. */
export const percentOf = (part: Dec, whole: Dec): Dec => toPlaces(plain(big(part).times('100').div(big(whole))), 1)

/** Digits after the point, without zeros at the end. */
export function decimalsOf(value: Dec): number {
  const fraction = plain(big(value)).split('.')[1] ?? ''
  return fraction.replace(/0+$/, '').length
}

/** Rounded half up, with exactly so many digits after the point. */
export function toPlaces(value: Dec, places: number): Dec {
  return big(value).toFixed(places, Big.roundHalfUp) as Dec
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.')
  const withCommas = whole.replace(/\B(?=(\d{3})+$)/g, ',').replace('-', '−')
  return fraction === undefined ? withCommas : `${withCommas}.${fraction}`
}

/** `1,234.500`: the unit's decimals, and never fewer than the value has. */
export function formatQuantity(value: Dec, places: number): string {
  return grouped(toPlaces(value, Math.max(places, decimalsOf(value))))
}

/** `+5.00`, `−2.50`: for what comes and goes. */
export function formatSigned(value: Dec, places: number): string {
  const text = formatQuantity(value, places)
  return isNegative(value) || isZero(value) ? text : `+${text}`
}

/** `1,234.50`: money in yuan and fen. */
export function formatMoney(value: Dec): string {
  return grouped(toPlaces(value, 2))
}

/** A unit price has at least two digits after the point and at most the six that are stored. */
export function formatPrice(value: Dec): string {
  return formatQuantity(value, 2)
}
