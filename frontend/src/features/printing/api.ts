import { get } from '@/api/client'
import type { Page } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'

export interface CountItem {
  id: number
  material_code: string
  material_name: string
  unit: string
  book_stock: Dec | null
  actual_stock: Dec | null
  difference: Dec | null
  remark: string | null
  reason: string | null
}
export interface CountTask {
  id: number
  task_code: string
  task_name: string
  stage: string
  status: string
  start_date: string | null
  location_code: string | null
  is_blind: 0 | 1
  creator_name: string | null
  completed_by_name: string | null
  items: CountItem[]
}
export interface DifferenceItem {
  materialCode: string
  materialName: string
  unit: string
  reason: string | null
  remark: string | null
  bookStock: Dec | null
  actualStock: Dec | null
  difference: Dec | null
  differenceValue: Dec | null
}
export interface Differences {
  summary: { surplusValue: Dec | null; shortageValue: Dec | null; differenceValue: Dec | null }
  items: DifferenceItem[]
}
export interface LedgerRow {
  id: number
  material_code: string
  material_name: string
  unit: string
  opening: Dec
  received: Dec
  issued: Dec
  closing: Dec
  opening_value: Dec
  received_value: Dec
  issued_value: Dec
  closing_value: Dec
}

export const getCount = (id: number, signal: AbortSignal) => get<CountTask>(`/stocktaking/${id}`, {}, signal)
export const getDifferences = (id: number, signal: AbortSignal) => get<Differences>(`/stocktaking/${id}/diff/report`, { sort: 'value' }, signal)

const AT_ONCE = 1000

export interface LedgerQuery {
  startDate: string
  endDate: string
  category: string
}

/** All rows, a thousand at a time; `told` hears how far it has got. */
export async function wholeLedger(query: LedgerQuery, signal: AbortSignal, told: (done: number, total: number) => void): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = []
  for (let page = 1; ; page += 1) {
    const { list, total } = await get<Page<LedgerRow>>('/reports/stock-ledger', { ...query, page, pageSize: AT_ONCE }, signal)
    rows.push(...list)
    told(rows.length, total)
    if (list.length === 0 || rows.length >= total) return rows
  }
}
