import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDay } from '@/shared/form/day/days'
import { period, PERIODS } from './periods'

describe('periods', () => {
  it('are the months, quarters and years that people mean', () => {
    expect(period('thisMonth', '2024-02-29')).toEqual({ startDate: '2024-02-01', endDate: '2024-02-29' })
    expect(period('lastMonth', '2026-01-31')).toEqual({ startDate: '2025-12-01', endDate: '2025-12-31' })
    expect(period('lastMonth', '2026-03-31')).toEqual({ startDate: '2026-02-01', endDate: '2026-02-28' })
    expect(period('thisQuarter', '2026-11-29')).toEqual({ startDate: '2026-10-01', endDate: '2026-12-31' })
    expect(period('thisYear', '2026-11-29')).toEqual({ startDate: '2026-01-01', endDate: '2026-12-31' })
  })
  it('hold today, but for the month before', () => {
    const days = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
    fc.assert(
      fc.property(days, fc.constantFrom(...PERIODS), (today, name) => {
        const { startDate, endDate } = period(name, today)
        expect([isDay(startDate), isDay(endDate), startDate <= endDate]).toEqual([true, true, true])
        expect(startDate <= today).toBe(true)
        expect(endDate >= today).toBe(name !== 'lastMonth')
      }),
    )
  })
})
