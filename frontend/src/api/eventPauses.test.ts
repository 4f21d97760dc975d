import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pauseBefore } from './eventPauses'

describe('the pause before the stream is asked for again', () => {
  it('doubles up to half a minute', () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((n) => pauseBefore(n, 0))).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })
  it('is spread, and never long or nothing', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
        const ms = pauseBefore(failures, chance)
        expect(ms).toBeGreaterThanOrEqual(700)
        expect(ms).toBeLessThanOrEqual(30_000)
      }),
    )
  })
})
