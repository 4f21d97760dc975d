import { describe, expect, it } from 'vitest'
import { chipsOf, without } from './chips'

const defaults = { keyword: '', status: 'active', sort: '-created_at', page: '1' }
const words = (filters: typeof defaults) => ({ status: ['状态', filters.status] as [string, string], keyword: ['关键字', filters.keyword] as [string, string] })

describe('the chips of a list', () => {
  it('are what is asked for beyond the default, in the order of their words', () => {
    const filters = { keyword: '铂', status: 'retired', sort: 'name', page: '3' }
    expect(chipsOf(filters, defaults, words(filters))).toEqual([
      { name: 'status', label: '状态', value: 'retired' },
      { name: 'keyword', label: '关键字', value: '铂' },
    ])
    expect(chipsOf(defaults, defaults, words(defaults))).toEqual([])
  })
  it('go back to the default, which is not always nothing', () => {
    expect(without(defaults, ['status', 'keyword'])).toEqual({ status: 'active', keyword: '' })
  })
})
