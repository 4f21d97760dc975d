import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addDays, addMonths, isDay, noonOf, readDay, weekdayOf, weeksOf } from './days'

const TODAY = '2026-11-29'
const days = fc.date({ min: new Date('1901-01-01'), max: new Date('2199-12-31'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
const wide = (text: string) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))

describe('a day as it is typed', () => {
  it('is taken in the ways people write it', () => {
    for (const typed of ['2026-09-30', '20260930', '2026/9/30', '2026.09.30', '2026。9。30', '2026年9月30日', ' 2026 / 9 / 30 ', '２０２６－０９－３０', '２０２６０９３０', '2026–9–30'])
      expect([typed, readDay(typed, TODAY)]).toEqual([typed, '2026-09-30'])
  })
  it('may be said from today on', () => {
    const said = { 今天: '2026-11-29', today: '2026-11-29', TODAY: '2026-11-29', 昨天: '2026-11-28', tomorrow: '2026-11-30', '-7': '2026-11-22', '－７': '2026-11-22', '+3': '2026-12-02', '-0': '2026-11-29' }
    for (const [typed, day] of Object.entries(said)) expect([typed, readDay(typed, TODAY)]).toEqual([typed, day])
  })
  it('is refused where it is none', () => {
    for (const typed of ['2026-02-30', '20261301', '30.9.2026', '9/30', '7', '2026-9', '0206-09-30', '-99999', '2026-09-30 10:00', 'heute', '2026-9/-30', "2026-09-30'"])
      expect([typed, readDay(typed, TODAY)]).toEqual([typed, null])
    expect(readDay('  ', TODAY)).toBe('')
  })
  it('comes out as it went in, full-width or with strokes and without noughts', () => {
    fc.assert(
      fc.property(days, (day) => {
        const strokes = day.replace(/-0?/g, '/')
        for (const typed of [day, wide(day), day.replaceAll('-', ''), strokes, wide(strokes)]) expect([typed, readDay(typed, TODAY)]).toEqual([typed, day])
      }),
    )
  })
  it('is a day that exists, or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d/年月日.-]{1,12}$/)), (typed) => {
        const day = readDay(typed, TODAY)
        expect(day === null || day === '' || isDay(day)).toBe(true)
      }),
    )
  })
})

describe('the calendar', () => {
  it('knows what no day is', () => {
    for (const day of ['', '2026-02-30', '2026-1-1', 'heute', '2026-13-01']) expect([day, isDay(day)]).toEqual([day, false])
  })
  it('goes by days there and back', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: -3000, max: 3000 }), (day, n) => {
        expect(addDays(addDays(day, n), -n)).toBe(day)
      }),
    )
  })
  it('goes by months, to the last day where the month is shorter', () => {
    expect([addMonths('2026-01-31', 1), addMonths('2024-02-29', 12), addMonths('2026-01-15', -1), addMonths('9999-12-31', 1)])
      .toEqual(['2026-02-28', '2025-02-28', '2025-12-15', '9999-12-31'])
    fc.assert(
      fc.property(days, fc.integer({ min: -600, max: 600 }), (day, n) => {
        const there = addMonths(day, n)
        const months = (text: string) => noonOf(text).getUTCFullYear() * 12 + noonOf(text).getUTCMonth()
        expect([isDay(there), months(there) - months(day), there.slice(8) <= day.slice(8)]).toEqual([true, n, true])
      }),
    )
  })
  it('shows whole weeks from Monday on, with every day of the month once', () => {
    fc.assert(
      fc.property(days, (day) => {
        const weeks = weeksOf(day)
        const all = weeks.flat()
        expect(weeks.every((week) => week.length === 7 && week.every((one, i) => weekdayOf(one) === i))).toBe(true)
        expect(all).toEqual(all.map((_, i) => addDays(all[0] ?? '', i)))
        expect(all.filter((one) => one.slice(0, 7) === day.slice(0, 7))).toHaveLength(noonOf(addDays(addMonths(`${day.slice(0, 7)}-01`, 1), -1)).getUTCDate())
        expect([weeks[0], weeks.at(-1)].every((week) => week?.some((one) => one.slice(0, 7) === day.slice(0, 7)))).toBe(true)
      }),
    )
  })
})
