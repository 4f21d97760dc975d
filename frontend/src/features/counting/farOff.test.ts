import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Dec, multiply } from '@/shared/decimal/decimal'
import { farOff } from './farOff'

const d = (text: string) => text as Dec
const several = [d('3'), d('12'), d('7.5')]

describe('a count that is far off', () => {
  it('is ten times as much as before, or a tenth', () => {
    expect(farOff(d('125'), { before: d('12.5'), usual: [] })).toBe('moreThanBefore')
    expect(farOff(d('1.25'), { before: d('12.5'), usual: [] })).toBe('lessThanBefore')
    expect(farOff(d('0'), { before: d('12.5'), usual: [] })).toBe('lessThanBefore')
    expect(farOff(d('124.9'), { before: d('12.5'), usual: several })).toBeNull()
  })
  it('is ten times as much as this person has ever counted in that unit, once that says something', () => {
    expect(farOff(d('120'), { before: null, usual: several })).toBe('moreThanUsual')
    expect(farOff(d('119'), { before: null, usual: several })).toBeNull()
    expect(farOff(d('120'), { before: null, usual: several.slice(1) })).toBeNull()
    expect(farOff(d('9'), { before: d('0'), usual: [d('0'), d('0'), d('0')] })).toBeNull()
  })
  it('never is the same as before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 2, max: 9 }), (n, times) => {
        const before = d(String(n))
        expect(farOff(before, { before, usual: several })).toBeNull()
        expect(farOff(multiply(before, d(String(times))), { before, usual: several })).toBeNull()
      }),
    )
  })
})
