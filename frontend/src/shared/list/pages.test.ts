import { describe, expect, it } from 'vitest'
import { pageIn, pagesAround } from './pages'

describe('the page numbers', () => {
  it('are the first, the last and those around', () => {
    expect(pagesAround(1, 1, 2)).toEqual([1])
    expect(pagesAround(1, 3, 2)).toEqual([1, 2, 3])
    expect(pagesAround(10, 20, 1)).toEqual([1, null, 9, 10, 11, null, 20])
    expect(pagesAround(4, 20, 1)).toEqual([1, 2, 3, 4, 5, null, 20])
    expect(pagesAround(20, 20, 2)).toEqual([1, null, 18, 19, 20])
  })
})

it('a page has its rows, and one beyond the last has those of the last', () => {
  const rows = [1, 2, 3, 4, 5]
  expect([pageIn(rows, 1, 2), pageIn(rows, 3, 2), pageIn(rows, 9, 2), pageIn([], 4, 20)]).toEqual([[1, 2], [5], [5], []])
})
