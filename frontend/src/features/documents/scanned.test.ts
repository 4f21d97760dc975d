import { describe, expect, it } from 'vitest'
import type { Material } from '@/api/types'
import { type LineDraft, MOST_LINES, newLine } from './lines'
import { takeScan } from './scanned'

const material = (id: number) => ({ id, unit_decimals: 3 }) as unknown as Material
const told = (lines: LineDraft[]) => lines.map(({ material: m, quantity }) => [m?.id, quantity])

describe('a scan', () => {
  it('counts one more of what is there, and adds what is not', () => {
    const lines = [newLine()]
    expect(takeScan(lines, material(1), true)).toBe(0)
    expect(takeScan(lines, material(2), true)).toBe(1)
    expect(takeScan(lines, material(1), true)).toBe(0)
    expect(told(lines)).toEqual([[1, '2'], [2, '1']])
  })
  it('leaves the quantity to be typed when it does not count', () => {
    const lines = [newLine()]
    takeScan(lines, material(1), false)
    takeScan(lines, material(1), false)
    expect(told(lines)).toEqual([[1, '']])
  })
  it('adds to a sum that stands there, and touches nothing that is no number', () => {
    const lines: LineDraft[] = [{ ...newLine(), material: material(1), quantity: '2*1.5' }, { ...newLine(), material: material(2), quantity: '3*' }]
    takeScan(lines, material(1), true)
    takeScan(lines, material(2), true)
    expect(told(lines)).toEqual([[1, '4'], [2, '3*']])
  })
  it('finds no room in a full document', () => {
    const lines = Array.from({ length: MOST_LINES }, (_, i) => ({ ...newLine(), material: material(i + 1) }))
    expect(takeScan(lines, material(9999), true)).toBe(-1)
    expect(lines).toHaveLength(MOST_LINES)
  })
})
