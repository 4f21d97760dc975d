import { describe, expect, it } from 'vitest'
import { nextOf } from './queue'

describe('the queue of the approval desk', () => {
  it('goes on to the one below, at the end to the one above', () => {
    expect(nextOf([1, 2, 3], 2)).toBe(3)
    expect(nextOf([1, 2, 3], 3)).toBe(2)
    expect(nextOf([1], 1)).toBeNull()
    expect(nextOf([4, 5], 9)).toBe(4)
  })
})
