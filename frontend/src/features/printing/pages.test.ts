import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowsOfPages, spansOfPages } from './pages'

describe('rows on pages', () => {
  it('fill one page after the other', () => {
    expect(rowsOfPages([10, 10, 10, 10, 10], 25, 0)).toEqual([2, 2, 1])
    expect(rowsOfPages([], 25, 10)).toEqual([0])
  })
  it('leave room for the sums at the end', () => {
    expect(rowsOfPages([10, 10], 25, 6)).toEqual([1, 1])
    expect(rowsOfPages([10, 10], 26, 6)).toEqual([2])
    expect(rowsOfPages([10, 10, 10, 10], 20, 15)).toEqual([2, 1, 1])
    expect(rowsOfPages([8, 4, 27, 12], 60, 22)).toEqual([3, 1])
  })
  it('give a high row a page of its own', () => {
    expect(rowsOfPages([5, 99, 5], 20, 0)).toEqual([1, 1, 1])
  })
  it('have every row once, and fit', () => {
    const heights = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 200 })
    fc.assert(
      fc.property(heights, fc.integer({ min: 60, max: 200 }), fc.integer({ min: 0, max: 25 }), (rows, room, ending) => {
        const pages = rowsOfPages(rows, room, ending)
        const spans = spansOfPages(pages)
        expect(spans.at(-1)?.to).toBe(rows.length)
        spans.forEach(({ from, to }, i) => {
          const used = rows.slice(from, to).reduce((sum, height) => sum + height, 0)
          expect(used + (i === spans.length - 1 ? ending : 0)).toBeLessThanOrEqual(room)
          if (rows.length > 0) expect(to).toBeGreaterThan(from)
        })
      }),
    )
  })
})
