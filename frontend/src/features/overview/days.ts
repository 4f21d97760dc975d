import type { TrendRow } from './api'

export interface Day {
  date: string
  in: number
  out: number
}

/** Every day from the first of the rows to the last, also those on which nothing was posted. */
export function daysOf(rows: TrendRow[]): Day[] {
  const first = rows[0]?.date
  const last = rows[rows.length - 1]?.date
  if (!first || !last) return []
  const days: Day[] = []
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= Date.parse(`${last}T00:00:00Z`); at += 86_400_000) {
    const date = new Date(at).toISOString().slice(0, 10)
    const count = (type: 'in' | 'out') => rows.find((row) => row.date === date && row.transaction_type === type)?.count ?? 0
    days.push({ date, in: count('in'), out: count('out') })
  }
  return days
}
