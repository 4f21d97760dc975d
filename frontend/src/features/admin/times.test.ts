import { expect, it } from 'vitest'
import { told } from './times'

it('says a time in the largest unit that it fills', () => {
  expect([100, 999, 1000, 2500, 1_000_000, 5_000_000].map(told)).toEqual(['100 µs', '999 µs', '1 ms', '2.5 ms', '1 s', '5 s'])
})
