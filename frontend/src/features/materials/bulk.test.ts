import { describe, expect, it } from 'vitest'
import { type BulkResult, filterOf, undoOf } from './bulk'

const rows = [
  { id: 1, status: 'active' as const, location: 'A-1', category: 'metal' as const },
  { id: 2, status: 'active' as const, location: null, category: 'metal' as const },
  { id: 3, status: 'retired' as const, location: 'A-1', category: 'chemical' as const },
  { id: 4, status: 'active' as const, location: 'B-2', category: 'chemical' as const },
]
const result = (refused: number[] = [], count = refused.length): BulkResult => ({
  matched: 4, would_change: 0, unchanged: 0, changed: 0, refused_count: count,
  refused: refused.map((id) => ({ id, material_code: '', material_name: '', code: '', reason: '' })),
})

describe('taking a change of many back', () => {
  it('restores what was retired, and neither what was so before nor what was refused', () => {
    expect(undoOf({ action: 'retire' }, rows, result([4]))).toEqual([{ action: 'restore', ids: [1, 2] }])
    expect(undoOf({ action: 'restore' }, rows, result())).toEqual([{ action: 'retire', ids: [3] }])
  })
  it('gives each its own place or category again', () => {
    expect(undoOf({ action: 'set_location', value: 'B-2' }, rows, result())).toEqual([
      { action: 'set_location', value: 'A-1', ids: [1, 3] },
      { action: 'set_location', value: '', ids: [2] },
    ])
    expect(undoOf({ action: 'set_category', value: 'metal' }, rows, result())).toEqual([{ action: 'set_category', value: 'chemical', ids: [3, 4] }])
  })
  it('is not offered when it cannot be known what was refused', () => {
    expect(undoOf({ action: 'retire' }, rows, result([1], 300))).toBeNull()
  })
})

it('sends the filters that are set, without the order', () => {
  expect(filterOf({ keyword: '', status: 'all', sort: 'name', unit: undefined })).toEqual({ status: 'all' })
})
