import { describe, expect, it } from 'vitest'
import { firstPassword } from './password'

describe('a first password', () => {
  it('meets the rules and is never the same', () => {
    const made = new Set(Array.from({ length: 50 }, firstPassword))
    expect(made.size).toBe(50)
    for (const password of made) expect(password).toMatch(/^([a-z]{4}-){3}\d{4}$/)
  })
})
