import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeBurst, plainCode } from './burst'

function typed(text: string, gap: number, end = 'Enter') {
  const { feed } = makeBurst()
  let time = 1000
  for (const c of text) {
    time += gap
    feed(c, time)
  }
  return feed(end, time + gap).code
}

describe('a scanner that types', () => {
  it('is told from hands by its pace', () => {
    expect(typed('CH-CAT-001', 5)).toBe('CH-CAT-001')
    expect(typed('CH-CAT-001', 5, 'Tab')).toBe('CH-CAT-001')
    expect(typed('CH-CAT-001', 90)).toBeNull()
    expect(typed('CH-CAT-001', 45)).toBeNull()
    expect(typed('12', 5)).toBeNull()
    expect(typed('CH-CAT-001', 5, 'Escape')).toBeNull()
  })
  it('begins anew after a pause, whatever was typed before', () => {
    const { feed } = makeBurst()
    feed('x', 0)
    expect(feed('C', 500).began).toBe(true)
    for (const [i, c] of [...'ODE1'].entries()) expect(feed(c, 510 + i * 10).began).toBe(false)
    feed('Shift', 545)
    expect(feed('Enter', 550).code).toBe('CODE1')
  })
  it('gives whatever characters a code has', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{4,40}$/), (code) => {
        expect(typed(code, 8)).toBe(code)
      }),
    )
  })
  it('leaves the mark of the kind of code away', () => {
    expect(plainCode(']Q1CH-001 ')).toBe('CH-001')
    expect(plainCode('CH-001')).toBe('CH-001')
  })
})
