import { describe, expect, it } from 'vitest'
import type { Material } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'
import { amountOf, faultsOfLine, isEmpty, type LineDraft, newLine, outgoing, stocksAfter, totalOf } from './lines'

const kg = { id: 7, material_code: 'M-7', unit_decimals: 2, current_stock: '10.00', min_stock: '3', max_stock: '0' } as unknown as Material
const line = (given: Partial<LineDraft>): LineDraft => ({ ...newLine(), ...given })

describe('the lines of a document', () => {
  it('reckons exactly', () => {
    expect(amountOf({ quantity: '0.1', price: '0.3' })).toBe('0.03')
    expect(amountOf({ quantity: '3', price: '' })).toBeNull()
    expect(totalOf([line({ quantity: '0.1', price: '1' }), line({ quantity: '0.2', price: '1' }), newLine()])).toBe('0.3')
    expect(totalOf([newLine()])).toBeNull()
  })
  it('holds quantities to the decimals of the unit', () => {
    expect(faultsOfLine(line({ material: kg, quantity: '1.25' })).quantity).toBeUndefined()
    expect(faultsOfLine(line({ material: kg, quantity: '1.255' })).quantity).toBe('tooManyDecimals')
    expect(faultsOfLine(line({ material: kg, quantity: '0' })).quantity).toBe('notPositive')
    expect(faultsOfLine(line({ unknownCode: 'X', quantity: '1' })).material).toBe('codeUnknown')
  })
  it('draws several lines from the same stock', () => {
    const lines = [line({ material: kg, quantity: '8' }), line({ material: kg, quantity: '3' })]
    const after = stocksAfter('out', lines)
    expect(lines.map(({ key }) => after.get(key))).toEqual([
      { before: '10.00', after: '2', breach: 'belowMin', ofLot: false },
      { before: '10.00', after: '-1', breach: 'short', ofLot: false },
    ])
  })
  it('draws several lines from the same lot', () => {
    const lines = [line({ material: kg, quantity: '1', lotNo: 'A' }), line({ material: kg, quantity: '1.5', lotNo: 'A' }), line({ material: kg, quantity: '1', lotNo: 'B' })]
    const after = stocksAfter('out', lines, (id, lot) => (id === 7 && lot === 'A' ? ('2' as Dec) : null))
    expect(lines.map(({ key }) => after.get(key))).toEqual([
      { before: '2', after: '1', breach: null, ofLot: true },
      { before: '2', after: '-0.5', breach: 'short', ofLot: true },
      { before: '10.00', after: '6.5', breach: null, ofLot: false },
    ])
  })
  it('sends what the server wants, expiry days with receipts only', () => {
    const draft = line({ material: kg, quantity: '2*3', price: '1,000', lotNo: ' L1 ', remark: ' ' })
    expect(outgoing(draft, 'in')).toEqual({ materialId: 7, quantity: '6', unitPrice: '1000', lotNo: 'L1', expiresOn: undefined, remark: undefined })
    expect(outgoing(draft, 'out')).toEqual({ materialId: 7, quantity: '6', unitPrice: '1000', lotNo: 'L1', remark: undefined })
  })
  it('knows an empty line', () => {
    expect(isEmpty(newLine())).toBe(true)
    expect(isEmpty(line({ quantity: '1' }))).toBe(false)
  })
})
