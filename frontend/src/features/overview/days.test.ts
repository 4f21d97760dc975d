import { expect, test } from 'vitest'
import type { TrendRow } from './api'
import { daysOf } from './days'

const row = (date: string, type: 'in' | 'out', count: number) => ({ date, transaction_type: type, count, total_quantity: '1' }) as TrendRow

test('days without postings are filled in, over the end of a month', () => {
  expect(daysOf([row('2026-02-27', 'in', 2), row('2026-02-27', 'out', 1), row('2026-03-01', 'out', 4)])).toEqual([
    { date: '2026-02-27', in: 2, out: 1 },
    { date: '2026-02-28', in: 0, out: 0 },
    { date: '2026-03-01', in: 0, out: 4 },
  ])
})

test('nothing yet', () => {
  expect(daysOf([])).toEqual([])
})
