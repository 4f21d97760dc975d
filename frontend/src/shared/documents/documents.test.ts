import { describe, expect, it } from 'vitest'
import type { Dec } from '@/shared/decimal/decimal'
import { mayDecideOwn, stockAfterLines } from './documents'

const line = (materialId: number, stock: string, quantity: string | null) => ({
  materialId,
  stock: stock as Dec,
  quantity: quantity as Dec | null,
})

describe('the stock after lines', () => {
  it('adds up lines of the same material', () => {
    expect(stockAfterLines('out', [line(1, '10', '3'), line(2, '5.5', '0.1'), line(1, '10', '8')])).toEqual(['7', '5.4', '-1'])
    expect(stockAfterLines('in', [line(1, '0.1', '0.2'), line(1, '0.1', null)])).toEqual(['0.3', '0.3'])
  })
})

describe('documents of one\'s own', () => {
  it('are decided by whom the company lets', () => {
    const rule = (value: string) => [{ key: 'approval.own_documents', value }]
    expect(mayDecideOwn([], 'system_admin')).toBe(true)
    expect(mayDecideOwn([], 'inventory_manager')).toBe(false)
    expect(mayDecideOwn(rule('everybody'), 'inventory_manager')).toBe(true)
    expect(mayDecideOwn(rule('nobody'), 'system_admin')).toBe(false)
  })
})
