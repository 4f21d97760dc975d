import { describe, expect, it } from 'vitest'
import type { Dec } from '@/shared/decimal/decimal'
import { stockLevel } from './stock'

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
