// @vitest-environment happy-dom
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readSettings } from './listSettings'
import { columnsOf, readState, writeState } from './views'

const defaults = { keyword: '', status: 'active', sort: '-created_at', page: '1' }
const columns = columnsOf(readSettings('{"order":["name"],"shown":{"unit":false},"widths":{"code":120},"density":"compact"}'))

describe('what a view keeps', () => {
  it('is what differs from the list, and never the page', () => {
    const text = writeState({ ...defaults, status: 'all', page: '7' }, defaults, columns)
    expect(JSON.parse(text)).toEqual({ filters: { status: 'all' }, columns })
    expect(readState(text, defaults)).toEqual({ filters: { ...defaults, status: 'all' }, columns })
  })
  it('is the same text for the same view', () => {
    const asked = { ...defaults, keyword: 'a', sort: 'name' }
    expect(writeState({ sort: 'name', page: '2', keyword: 'a', status: 'active' }, defaults, columns)).toBe(writeState(asked, defaults, columns))
  })
  it('brings no filter that the list does not have, whatever is in it', () => {
    const read = readState('{"filters":{"keyword":7,"status":"all","evil":"x","page":"9","__proto__":"x"}}', defaults)
    expect(read.filters).toEqual({ ...defaults, status: 'all' })
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const { filters, columns: found } = readState(text, defaults)
      expect(Object.keys(filters)).toEqual(Object.keys(defaults))
      expect(readState(writeState(filters, defaults, found), defaults)).toEqual({ filters: { ...filters, page: '1' }, columns: found })
    }))
  })
})
