import { describe, expect, it } from 'vitest'
import type { Material } from '@/api/types'
import { changesOf, conflictsOf, creationOf, draftOf, faultsOf } from './fields'

const material = {
  id: 3, material_code: 'CH-001', material_name: '甲醇', category: 'chemical', unit: 'L', unit_decimals: 2, min_stock: '1234.5',
  max_stock: '0', shelf_life_days: 365, cas_no: '67-56-1', version: 4,
} as unknown as Material

describe('the fields of a material', () => {
  it('sends only what was changed', () => {
    const before = draftOf(material)
    expect(before.minStock).toBe('1234.50')
    expect(changesOf(before, { ...before })).toEqual({})
    expect(changesOf(before, { ...before, materialName: ' 无水甲醇 ', shelfLifeDays: '', minStock: '2*600' })).toEqual({
      materialName: '无水甲醇',
      shelfLifeDays: null,
      minStock: '1200',
    })
  })
  it('sends of a new one what was typed', () => {
    expect(creationOf({ ...draftOf(null), materialCode: 'A', materialName: 'B', category: 'metal', unit: 'kg', shelfLifeDays: '30' })).toEqual({
      materialCode: 'A', materialName: 'B', category: 'metal', unit: 'kg', minStock: '0', maxStock: '0', shelfLifeDays: 30,
    })
  })
  it('names the faults', () => {
    expect(faultsOf({ ...draftOf(material), materialName: ' ', minStock: 'x', shelfLifeDays: '1.5' })).toEqual({
      materialName: 'required',
      minStock: 'notANumber',
      shelfLifeDays: 'notWhole',
    })
  })
  it('finds what two people have changed differently', () => {
    const draft = { ...draftOf(material), location: 'A-01', note: 'same' }
    const present = { ...material, location: 'B-02', note: 'same', version: 5 } as Material
    expect(conflictsOf(draft, present).map(({ name }) => name)).toEqual(['location'])
  })
})
