import { describe, expect, it } from 'vitest'
import { formatTime, instant } from './time'

describe('times', () => {
  it('reads rows as UTC', () => {
    expect(instant('2026-03-09 06:05:00').toISOString()).toBe('2026-03-09T06:05:00.000Z')
    expect(instant('2026-03-09T06:05:00.123Z').toISOString()).toBe('2026-03-09T06:05:00.123Z')
    expect(instant('2026-03-09T14:05:00+08:00').toISOString()).toBe('2026-03-09T06:05:00.000Z')
  })
  it('shows nothing for what is no time', () => {
    expect(formatTime(null)).toBe('')
    expect(formatTime('soon')).toBe('')
    expect(formatTime('2026-03-09 06:05:00')).toMatch(/^2026-03-\d\d \d\d:\d\d$/)
  })
})
