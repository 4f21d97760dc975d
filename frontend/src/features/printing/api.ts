import { get } from '@/api/client'
import type { Page } from '@/api/types'
import type { LedgerRow } from '@/shared/ledger'

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
