import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Material } from '@/api/types'
import { sum } from '@/shared/decimal/decimal'
import { evaluate } from '@/shared/decimal/typed'
import { type LineDraft, newLine } from './lines'
import { mergeable, merged } from './merge'

const material = (id: number) => ({ id, unit_decimals: 3 }) as unknown as Material
const line = (id: number, quantity: string, more: Partial<LineDraft> = {}): LineDraft => ({ ...newLine(), material: material(id), quantity, ...more })

describe('equal lines', () => {
  it('become one with the sum, where the first stood', () => {
    const lines = [line(1, '0.1', { remark: 'a' }), line(2, '5'), line(1, '0.2', { remark: 'b' })]
    expect(mergeable(lines)).toBe(1)
    expect(merged(lines).map(({ material: m, quantity, remark }) => [m?.id, quantity, remark])).toEqual([[1, '0.3', 'a；b'], [2, '5', '']])
    expect(lines[0]?.quantity).toBe('0.1')
  })
  it('are those with the same price, lot and expiry', () => {
    expect(mergeable([line(1, '1', { price: '2' }), line(1, '1', { price: '2.00' })])).toBe(0)
    expect(mergeable([line(1, '1', { lotNo: 'A' }), line(1, '1', { lotNo: 'B' })])).toBe(0)
    expect(mergeable([line(1, '1', { expiresOn: '2027-01-01' }), line(1, '1')])).toBe(0)
    expect(mergeable([line(1, ''), line(1, '1'), newLine()])).toBe(0)
  })
  it('lose no quantity', () => {
    const quantities = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 10 ** 9 })), { maxLength: 20 })
    fc.assert(
      fc.property(quantities, (given) => {
        const lines = given.map(([id, n]) => line(id, `${n}.125`))
        const after = merged(lines)
        expect(lines.length - after.length).toBe(mergeable(lines))
        expect(mergeable(after)).toBe(0)
        const all = (of: LineDraft[]) => sum(of.map(({ quantity }) => evaluate(quantity)).filter((value) => value !== null))
        expect(all(after)).toBe(all(lines))
      }),
    )
  })
})
