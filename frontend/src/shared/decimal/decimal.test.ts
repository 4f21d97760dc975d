import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, compare, type Dec, dec, decimalsOf, formatMoney, formatPrice, formatQuantity, formatSigned, multiply, percentOf, subtract, sum } from './decimal'

const d = (text: string): Dec => {
  const value = dec(text)
  if (value === null) throw new Error(text)
  return value
}

/** Decimals of up to 13 + 6 digits, as scaled integers: the arithmetic of BigInt is the judge. */
const millionths = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n })
const asText = (n: bigint): Dec => {
  const digits = (n < 0n ? -n : n).toString().padStart(7, '0')
  return d(`${n < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`)
}

describe('decimals', () => {
  it('tells a share of a whole to a tenth of a percent', () => {
    expect(percentOf(d('1'), d('3'))).toBe('33.3')
    expect(percentOf(d('0.05'), d('100'))).toBe('0.1')
    expect(percentOf(d('0'), d('7'))).toBe('0.0')
    expect(percentOf(d('9000000000000.000001'), d('9000000000000.000001'))).toBe('100.0')
  })
  it('adds without drift', () => {
    expect(add(d('0.1'), d('0.2'))).toBe('0.3')
    expect(subtract(d('1234567890123.123456'), d('0.000001'))).toBe('1234567890123.123455')
    expect(sum([d('0.1'), d('0.2'), d('0.3')])).toBe('0.6')
  })
  it('agrees with whole numbers of millionths', () => {
    fc.assert(
      fc.property(millionths, millionths, (a, b) => {
        expect(compare(add(asText(a), asText(b)), asText(a + b))).toBe(0)
        expect(compare(subtract(asText(a), asText(b)), asText(a - b))).toBe(0)
        expect(compare(asText(a), asText(b))).toBe(a < b ? -1 : a > b ? 1 : 0)
      }),
    )
  })
  it('multiplies exactly', () => {
    expect(multiply(d('12.345678'), d('1000000.01'))).toBe('12345678.12345678')
  })
  it('reads what a server may write, and nothing else', () => {
    expect(dec('1e2')).toBe('100')
    expect(dec('-0.50')).toBe('-0.50')
    for (const no of ['', 'abc', '1,2', '0x1', 'NaN', 'Infinity', '--1']) expect(dec(no)).toBeNull()
  })
  it('shows the decimals of the unit, and never hides a digit', () => {
    expect(formatQuantity(d('1234.5'), 3)).toBe('1,234.500')
    expect(formatQuantity(d('12'), 0)).toBe('12')
    expect(formatQuantity(d('0.125'), 0)).toBe('0.125')
    expect(formatQuantity(d('9999999999999.999999'), 6)).toBe('9,999,999,999,999.999999')
    expect(formatQuantity(d('-1234.5'), 2)).toBe('−1,234.50')
    expect(decimalsOf(d('1.500'))).toBe(1)
  })
  it('signs what comes and goes', () => {
    expect(formatSigned(d('5'), 2)).toBe('+5.00')
    expect(formatSigned(d('-2.5'), 2)).toBe('−2.50')
    expect(formatSigned(d('0'), 0)).toBe('0')
  })
  it('shows money in fen, half up', () => {
    expect(formatMoney(d('2361.29400000000003'))).toBe('2,361.29')
    expect(formatMoney(d('0.005'))).toBe('0.01')
    expect(formatPrice(d('12.3456'))).toBe('12.3456')
    expect(formatPrice(d('12'))).toBe('12.00')
  })
})
