import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptable, evaluate, faultOf, narrow, refusalOf } from './typed'

describe('typed numbers', () => {
  it.each([
    ['12', '12'], ['１２．５', '12.5'], ['3。5', '3.5'], ['1,234.5', '1234.5'], ['１，２３４', '1234'],
    ['3*25', '75'], ['3×0.1', '0.3'], ['2*3+4', '10'], ['10-0.1', '9.9'], ['.5', '0.5'], ['5.', '5'], [' 1 000 ', '1000'],
  ])('%s is %s', (typed, value) => {
    expect(evaluate(typed)).toBe(value)
  })
  it.each(['', '12,34', '1.2.3', 'abc', '3*', '*3', '1e5', '-', '3**4'])('%s is no number', (typed) => {
    expect(evaluate(typed)).toBeNull()
  })
  it('narrows full-width characters', () => {
    expect(narrow('１２３，４５６。７')).toBe('123,456.7')
  })
  it('refuses a digit the unit does not have while typing', () => {
    expect(acceptable('1.23', 2)).toBe(true)
    expect(acceptable('1.234', 2)).toBe(false)
    expect(acceptable('1.', 0)).toBe(true)
    expect(acceptable('1.0', 0)).toBe(false)
    expect(acceptable('3*1.25', 1)).toBe(true)
    expect(acceptable('1a', 2)).toBe(false)
  })
  it('says why something cannot be typed', () => {
    expect(refusalOf('1,2.', 6)).toBe('grouping')
    expect(refusalOf('1,2', 6)).toBeNull()
    expect(refusalOf('1,234.5', 6)).toBeNull()
    expect(refusalOf('1,2345', 6)).toBe('grouping')
    expect(refusalOf('1.2.', 6)).toBe('points')
    expect(refusalOf('3*1.2.3', 6)).toBe('points')
    expect(refusalOf('１，２。３', 6)).toBe('grouping')
    expect(refusalOf('1.25', 1)).toBe('decimals')
    expect(refusalOf('5k', 1)).toBe('characters')
  })
  it('lets every number be typed that it reads', () => {
    const grouped = (n: bigint) => n.toString().replace(/\B(?=(\d{3})+$)/g, ',')
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.nat(999_999), fc.boolean(), (whole, fraction, commas) => {
        const text = `${commas ? grouped(whole) : whole}.${String(fraction).padStart(6, '0')}`
        for (let i = 1; i <= text.length; i += 1) expect(refusalOf(text.slice(0, i), 6)).toBeNull()
        expect(evaluate(text)).toBe(`${whole}.${String(fraction).padStart(6, '0')}`)
      }),
    )
  })
  it('names the fault', () => {
    expect(faultOf('', { places: 2, required: true })).toBe('required')
    expect(faultOf('', { places: 2 })).toBeNull()
    expect(faultOf('x1', { places: 2 })).toBe('notANumber')
    expect(faultOf('0', { places: 2, positive: true })).toBe('notPositive')
    expect(faultOf('0', { places: 2 })).toBeNull()
    expect(faultOf('1-3', { places: 2 })).toBe('negative')
    expect(faultOf('3*0.125', { places: 2 })).toBe('tooManyDecimals')
    expect(faultOf('1234567890123', { places: 2 })).toBe('tooLarge')
  })
  it('never throws and gives plain decimals only', () => {
    fc.assert(
      fc.property(fc.string(), (typed) => {
        const value = evaluate(typed)
        if (value !== null) expect(value).toMatch(/^-?\d+(\.\d+)?$/)
      }),
    )
  })
})
