/** An amount in the capital characters that Chinese vouchers write it in, so that no stroke can be added: 壹仟贰佰叁拾元伍角整. */
import { type Dec, isNegative, isZero, toPlaces } from './decimal'

const DIGITS = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖']
const PLACES = ['', '拾', '佰', '仟']
const digit = (c: string): string => DIGITS[c.charCodeAt(0) - 48] ?? ''

/** Up to four digits; a run of zeros between others is one 零. */
function ofThousands(digits: string): string {
  let text = ''
  let gap = false
  ;[...digits].forEach((c, i) => {
    if (c === '0') {
      gap = text !== ''
      return
    }
    text += (gap ? '零' : '') + digit(c) + (PLACES[digits.length - 1 - i] ?? '')
    gap = false
  })
  return text
}

/** Whole yuan: split at 亿, then at 万; what follows and is short of its first digit is joined by 零. */
function ofYuan(digits: string): string {
  const bare = digits.replace(/^0+/, '')
  const size = bare.length > 8 ? 8 : bare.length > 4 ? 4 : 0
  if (size === 0) return ofThousands(bare)
  const rest = bare.slice(-size)
  const lower = ofYuan(rest)
  const gap = lower !== '' && rest.startsWith('0') ? '零' : ''
  return `${ofYuan(bare.slice(0, -size))}${size === 8 ? '亿' : '万'}${gap}${lower}`
}

/** To the fen, rounded half up. */
export function capitalAmount(value: Dec): string {
  const exact = toPlaces(value, 2)
  if (isZero(exact)) return '零元整'
  const [yuan = '', fen = ''] = exact.replace('-', '').split('.')
  const [tens = '0', ones = '0'] = fen
  const whole = ofYuan(yuan)
  const small =
    ones === '0'
      ? tens === '0' ? '' : `${digit(tens)}角`
      : `${tens === '0' ? (whole ? '零' : '') : `${digit(tens)}角`}${digit(ones)}分`
  return `${isNegative(exact) ? '负' : ''}${whole ? `${whole}元` : ''}${small}${ones === '0' ? '整' : ''}`
}
