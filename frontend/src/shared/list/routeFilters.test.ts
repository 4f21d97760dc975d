import { describe, expect, it } from 'vitest'
import { changed, pageOf, readFilters, writeFilters } from './routeFilters'

const defaults = { keyword: '', status: 'active', page: '1' }

describe('filters in the address', () => {
  it('reads what is there and presets the rest', () => {
    expect(readFilters({ keyword: '铂', page: ['2', '3'], other: 'x' }, defaults)).toEqual({ keyword: '铂', status: 'active', page: '1' })
  })
  it('writes only what differs, and keeps what is not its own', () => {
    expect(writeFilters({ keyword: 'old', other: 'x' }, defaults, { keyword: '', status: 'retired', page: '2' })).toEqual({
      status: 'retired',
      page: '2',
      other: 'x',
    })
  })
  it('begins at the first page when anything else changes', () => {
    expect(changed({ keyword: '', status: 'active', page: '7' }, { keyword: 'a' })).toEqual({ keyword: 'a', status: 'active', page: '1' })
    expect(changed({ keyword: '', status: 'active', page: '7' }, { page: '8' }).page).toBe('8')
  })
  it('takes no page that is none', () => {
    expect(pageOf('3')).toBe(3)
    for (const no of ['0', '-1', 'x', '', undefined]) expect(pageOf(no)).toBe(1)
  })
})
