import { describe, expect, it } from 'vitest'
import { fitted, scaleOf } from './fitted'

describe('numbers on paper', () => {
  it('are as large as usual where there is room', () => {
    expect(fitted('1,234.50', 0.115, false)).toBeUndefined()
    expect(fitted('', 0.01, true)).toBeUndefined()
    expect(fitted(undefined, 0.01, true)).toBeUndefined()
  })
  it('are smaller the longer they are, and break only when they could not be read', () => {
    const scales = ['1,234,567.89', '123,456,789.00', '9,999,999,999.000'].map((text) => scaleOf(text, 0.115, false))
    expect(scales).toEqual([...scales].sort((a, b) => b - a))
    expect(scales.every((scale) => scale < 1)).toBe(true)
    expect(fitted('1,234,567.89', 0.115, false)).toMatchObject({ whiteSpace: 'nowrap' })
    expect(fitted('−999,999,999,999.999999', 0.07, true)).toEqual({ fontSize: '0.55em' })
  })
})
