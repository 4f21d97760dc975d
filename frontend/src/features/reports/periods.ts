/** Periods of the company's calendar, from a day to a day. */
import { noonOf } from '@/shared/form/day/days'

export interface Period {
  startDate: string
  endDate: string
}

const text = (date: Date) => date.toISOString().slice(0, 10)

function monthOf(day: string, shift: number): Period {
  const at = noonOf(day)
  const first = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + shift, 1, 12))
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0, 12))
  return { startDate: text(first), endDate: text(last) }
}

export const PERIODS = ['thisMonth', 'lastMonth', 'thisQuarter', 'thisYear'] as const
export type PeriodName = (typeof PERIODS)[number]

export function period(name: PeriodName, today: string): Period {
  if (name === 'thisMonth') return monthOf(today, 0)
  if (name === 'lastMonth') return monthOf(today, -1)
  const year = today.slice(0, 4)
  if (name === 'thisYear') return { startDate: `${year}-01-01`, endDate: `${year}-12-31` }
  const month = noonOf(today).getUTCMonth()
  const begin = monthOf(today, -(month % 3))
  return { startDate: begin.startDate, endDate: monthOf(begin.startDate, 2).endDate }
}

/** `2026-02` → `2026-02-28`. */
export const lastDayOf = (month: string): string => monthOf(`${month}-01`, 0).endDate
