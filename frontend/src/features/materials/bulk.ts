/** One change to many materials, and what takes it back. */
import { post } from '@/api/client'
import type { Query } from '@/api/address'
import type { Material } from '@/api/types'

export type BulkAction = 'retire' | 'restore' | 'set_location' | 'set_category'

/** So many at a time, the server says. */
export const MOST = 10_000
/** Up to here the rows are fetched first: what was looked at is what is changed, and it can be taken back. */
export const KNOWN = 1000

export interface Refusal {
  id: number
  material_code: string
  material_name: string
  code: string
  reason: string
}
export interface BulkResult {
  matched: number
  would_change: number
  unchanged: number
  refused: Refusal[]
  refused_count: number
  changed: number
}
export interface BulkRequest {
  action: BulkAction
  value?: string
  ids?: number[]
  filter?: Query
}

export const bulk = async (request: BulkRequest, preview: boolean) => (await post<BulkResult>('/materials/bulk', { ...request, preview })).data

/** The filters of the list, as the bulk call takes them. */
export function filterOf(query: Query): Query {
  return Object.fromEntries(Object.entries(query).filter(([name, value]) => name !== 'sort' && value !== '' && value !== undefined))
}

type Before = Pick<Material, 'id' | 'status' | 'location' | 'category'>

/** What has to be asked for so that all is as it was; null when not all that was refused is known. */
export function undoOf(request: BulkRequest, rows: Before[], result: BulkResult): BulkRequest[] | null {
  if (result.refused_count > result.refused.length) return null
  const refused = new Set(result.refused.map(({ id }) => id))
  const touched = rows.filter(({ id }) => !refused.has(id))
  const { action, value = '' } = request
  if (action === 'retire' || action === 'restore') {
    const [back, was] = action === 'retire' ? (['restore', 'active'] as const) : (['retire', 'retired'] as const)
    const ids = touched.filter(({ status }) => status === was).map(({ id }) => id)
    return ids.length ? [{ action: back, ids }] : []
  }
  const groups = new Map<string, number[]>()
  for (const row of touched) {
    const before = (action === 'set_location' ? row.location : row.category) ?? ''
    if (before !== value) groups.set(before, [...(groups.get(before) ?? []), row.id])
  }
  return [...groups].map(([before, ids]) => ({ action, value: before, ids }))
}
