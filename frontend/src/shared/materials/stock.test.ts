import { describe, expect, it } from 'vitest'
import type { Dec } from '@/shared/decimal/decimal'
import { breachOf, stockLevel } from './stock'

const level = (stock: string, min: string, max: string) =>
  stockLevel({ current_stock: stock as Dec, min_stock: min as Dec, max_stock: max as Dec })

describe('the level of a stock', () => {
  it('is low at the minimum and below', () => {
    expect(level('5', '5.000', '0')).toBe('low')
    expect(level('4.999999', '5', '0')).toBe('low')
    expect(level('5.000001', '5', '0')).toBe('enough')
    expect(level('0', '5', '0')).toBe('none')
  })
  it('knows no minimum and no maximum of 0', () => {
    expect(level('0', '0', '0')).toBe('enough')
    expect(level('100', '0', '99.5')).toBe('over')
  })
})

describe('what a document would break', () => {
  const of = (type: 'in' | 'out', after: string, min = '5', max = '10') => breachOf(type, { min_stock: min as Dec, max_stock: max as Dec }, after as Dec)
  it('minds the minimum of issues and the maximum of receipts', () => {
    expect(of('out', '-0.001')).toBe('short')
    expect(of('out', '4.999')).toBe('belowMin')
    expect(of('out', '5')).toBeNull()
    expect(of('out', '99')).toBeNull()
    expect(of('in', '10.001')).toBe('aboveMax')
    expect(of('in', '1')).toBeNull()
  })
  it('knows no limit of 0', () => {
    expect(of('out', '0', '0')).toBeNull()
    expect(of('in', '99', '0', '0')).toBeNull()
  })
})
