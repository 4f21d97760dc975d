import { describe, expect, it } from 'vitest'
import type { Import } from './api'
import { byCell, missingFields, sameHead, withField } from './mapping'

const field = (name: string, needed: boolean) => ({ name, title: name, titleEn: name, needed })
const form = (headRow: number, ...heads: string[]) => ({ headRow, columns: heads.map((head) => ({ cell: 'A1', head, samples: [] })) }) as unknown as Import['form']

describe('columns and fields', () => {
  it('needed fields without a column are missing', () => {
    expect(missingFields([field('code', true), field('name', true), field('note', false)], ['name', '']).map(({ name }) => name)).toEqual(['code'])
  })
  it('a field moves to the column that gets it', () => {
    expect(withField(['code', 'name', ''], 2, 'code')).toEqual(['', 'name', 'code'])
    expect(withField(['code', '', ''], 0, '')).toEqual(['', '', ''])
    expect(withField(['code', ''], 0, 'code')).toEqual(['code', ''])
  })
  it('the heads are the same only in the same row and order', () => {
    expect(sameHead(form(1, 'a', 'b'), form(1, 'a', 'b'))).toBe(true)
    expect(sameHead(form(1, 'a', 'b'), form(2, 'a', 'b'))).toBe(false)
    expect(sameHead(form(1, 'a', 'b'), form(1, 'b', 'a'))).toBe(false)
    expect(sameHead(form(1, 'a'), form(1, 'a', 'b'))).toBe(false)
  })
  it('cells come in the order of their columns', () => {
    const cells = ['AA2', null, 'B2', 'Z2', null, 'A2'].map((cell) => ({ cell }))
    expect(cells.sort(byCell).map(({ cell }) => cell)).toEqual(['A2', 'B2', 'Z2', 'AA2', null, null])
  })
})
