import { describe, expect, it } from 'vitest'
import { changesOf, valuesOf } from './rowValues'

const titles = new Map([['material_code', '编码'], ['min_stock', '最低库存'], ['unit', '单位']])
const say = (field: string, text: string) => (field === 'unit' && text === 'kg' ? '千克' : text)

describe('what stands in a row', () => {
  it('is told by the titles of the fields, without its code and what is empty', () => {
    expect(valuesOf({ body: { materialCode: 'A', minStock: '1.50', unit: '' }, changes: null }, titles, say)).toEqual([{ title: '最低库存', text: '1.50' }])
    expect(valuesOf({ body: { materialId: 3, unit: 'kg' }, changes: null }, titles, say)).toEqual([{ title: '单位', text: '千克' }])
    expect(valuesOf({ body: null, changes: null }, titles, say)).toEqual([])
  })
  it('of a change is what it was and what it becomes', () => {
    const changes = { min_stock: { old: '5', new: '1250.5' }, unit: { old: null, new: 'kg' }, other: { old: 1, new: 2 } }
    expect(changesOf({ changes }, titles, say)).toEqual([
      { title: '最低库存', before: '5', after: '1250.5' }, { title: '单位', before: null, after: '千克' }, { title: 'other', before: '1', after: '2' },
    ])
    expect(valuesOf({ body: { unit: 'kg' }, changes }, titles, say)).toEqual([])
  })
})
