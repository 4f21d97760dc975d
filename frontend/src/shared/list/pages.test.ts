import { describe, expect, it } from 'vitest'
import { pagesAround } from './pages'

describe('the page numbers', () => {
  it('are the first, the last and those around', () => {
    expect(pagesAround(1, 1, 2)).toEqual([1])
    expect(pagesAround(1, 3, 2)).toEqual([1, 2, 3])
    expect(pagesAround(10, 20, 1)).toEqual([1, null, 9, 10, 11, null, 20])
    expect(pagesAround(4, 20, 1)).toEqual([1, 2, 3, 4, 5, null, 20])
    expect(pagesAround(20, 20, 2)).toEqual([1, null, 18, 19, 20])
  })
})
