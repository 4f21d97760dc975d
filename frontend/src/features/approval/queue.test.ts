import { describe, expect, it } from 'vitest'
import { nextOf, stepFrom } from './queue'

describe('the queue of the approval desk', () => {
  it('goes on to the one below, at the end to the one above', () => {
    expect(nextOf([1, 2, 3], 2)).toBe(3)
    expect(nextOf([1, 2, 3], 3)).toBe(2)
    expect(nextOf([1], 1)).toBeNull()
    expect(nextOf([4, 5], 9)).toBe(4)
  })
  it('steps to a neighbour and stays at the ends', () => {
    expect(stepFrom([1, 2], null, 1)).toBe(1)
    expect(stepFrom([1, 2], 1, 1)).toBe(2)
    expect(stepFrom([1, 2], 2, 1)).toBe(2)
    expect(stepFrom([1, 2], 1, -1)).toBe(1)
    expect(stepFrom([], null, 1)).toBeNull()
  })
})
