import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_DRAWN, windowOf } from './rowWindow'

describe('the rows that are drawn', () => {
  it('are all when there are few', () => {
    expect(windowOf(ALL_DRAWN, 40, 0, 600)).toEqual({ from: 0, to: ALL_DRAWN })
  })
  it('are those in sight and some beyond', () => {
    expect(windowOf(200, 40, 0, 600)).toEqual({ from: 0, to: 27 })
    expect(windowOf(200, 40, 4000, 600)).toEqual({ from: 88, to: 127 })
    expect(windowOf(200, 40, 7400, 600)).toEqual({ from: 173, to: 200 })
  })
  it('hold every row in sight, and stay within the list', () => {
    const far = fc.integer({ min: -2000, max: 12_000 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.constantFrom(32, 40, 61.5), far, fc.integer({ min: 1, max: 2000 }), (count, height, above, inSight) => {
        const { from, to } = windowOf(count, height, above, inSight)
        expect(from >= 0 && from < to && to <= count).toBe(true)
        for (let i = 0; i < count; i++) {
          const seen = (i + 1) * height > above && i * height < above + inSight
          if (seen) expect(i >= from && i < to).toBe(true)
        }
      }),
    )
  })
})
