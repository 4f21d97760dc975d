// @vitest-environment happy-dom
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Column } from './columns'
import { arrange, inOrder, moved, pixels, readSettings, within, writeSettings } from './listSettings'

const columns: Column<unknown>[] = ['code', 'name', 'stock', 'unit'].map((key) => ({ key, label: key, width: '100px' }))
const keys = (found: Column<unknown>[]) => found.map(({ key }) => key)
const settings = (more: object) => readSettings(JSON.stringify(more))

describe('the settings of a list', () => {
  it('order, hide and size columns', () => {
    const wanted = settings({ order: ['unit', 'code', 'name', 'stock'], shown: { name: false }, widths: { unit: 77 } })
    expect(arrange(columns, wanted).map(({ key, width }) => [key, width])).toEqual([['unit', '77px'], ['code', '100px'], ['stock', '100px']])
  })
  it('show an extra column only to who asks, and a wide one wherever it was asked for', () => {
    const more: Column<unknown>[] = [...columns, { key: 'cas', label: 'cas', extra: true, wide: true }]
    expect(keys(arrange(more, settings({})))).not.toContain('cas')
    expect(arrange(more, settings({ shown: { cas: true } })).at(-1)).toMatchObject({ key: 'cas', wide: false })
  })
  it('never hide all', () => {
    expect(keys(arrange(columns, settings({ shown: { code: false, name: false, stock: false, unit: false } })))).toEqual(['code'])
  })
  it('put a column of a newer program behind the one it follows', () => {
    expect(keys(inOrder(columns, ['unit', 'stock', 'code', 'gone']))).toEqual(['unit', 'stock', 'code', 'name'])
    expect(keys(inOrder(columns, ['unit']))).toEqual(['code', 'name', 'stock', 'unit'])
  })
  it('hold every column once, whatever was kept', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom('code', 'name', 'stock', 'unit'), fc.string())), (order) => {
        expect(keys(inOrder(columns, order)).sort()).toEqual(keys(columns).sort())
      }),
    )
  })
  it('read whatever was kept, and write nothing when all is as it was', () => {
    expect(writeSettings(readSettings(undefined))).toBeUndefined()
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = readSettings(text)
        expect(readSettings(writeSettings(read))).toEqual(read)
        for (const width of Object.values(read.widths)) expect(within(width)).toBe(width)
      }),
    )
  })
  it('move a column by one place, and not beyond the ends', () => {
    expect(moved(['a', 'b', 'c'], 'c', -1)).toEqual(['a', 'c', 'b'])
    expect(moved(['a', 'b', 'c'], 'a', 1)).toEqual(['b', 'a', 'c'])
    for (const [key, by] of [['a', -1], ['c', 1], ['x', 1]] as const) expect(moved(['a', 'b', 'c'], key, by)).toEqual(['a', 'b', 'c'])
  })
  it('are as dense as they say, or as all lists are; an older page said it otherwise', () => {
    const read = (more: object) => settings(more).density
    expect([read({ density: 'compact' }), read({ density: 'comfortable' }), read({ density: 'tight' }), read({})]).toEqual(['compact', 'comfortable', '', ''])
    expect([read({ compact: true }), read({ compact: false }), read({ compact: true, density: 'comfortable' })]).toEqual(['compact', '', 'comfortable'])
  })
  it('know widths in pixels only', () => {
    expect([pixels('120px'), pixels(undefined), pixels('20%')]).toEqual([120, null, null])
  })
})
