/** Count tasks as the service tells of them: for the pages that count and the sheets that are printed. */
import { get } from '@/api/client'
import type { Category } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'

export type Stage = 'draft' | 'counting' | 'review' | 'completed' | 'cancelled'
export type Scope = 'selection' | 'category' | 'location' | 'all'

export interface CountRow {
  id: number
  task_code: string
  task_name: string
  status: 'draft' | 'in_progress' | 'completed' | 'cancelled'
  stage: Stage
  scope: Scope
  category: Category | null
  location_id: number | null
  location_code: string | null
  is_blind: 0 | 1
  /** A line for each place where a material lies. */
  by_place: 0 | 1
  reason_percent: Dec | null
  reason_value: Dec | null
  start_date: string | null
  end_date: string | null
  remark: string | null
  created_at: string
  completed_at: string | null
  creator_name: string | null
  completed_by_name: string | null
  item_count: number
  completed_count: number
}

export interface CountItem {
  id: number
  material_id: number
  material_code: string
  material_name: string
  unit: string
  unit_decimals: number
  category: Category
  /** The place whose quantity it is; null: of all places. */
  location_id: number | null
  location_code: string | null
  location_name: string | null
  location_name_en: string | null
  /** Where the material says that it is kept. */
  storage_place: string | null
  /** Was not in the task, and was found. */
  is_found: 0 | 1
  book_stock: Dec | null
  actual_stock: Dec | null
  difference: Dec | null
  difference_type: 'surplus' | 'shortage' | 'normal' | null
  remark: string | null
  reason: string | null
  wants_recount: 0 | 1
  counted_by: number | null
  counted_by_name: string | null
  version: number
}

type Placed = Pick<CountItem, 'location_id' | 'location_code' | 'storage_place'>

/** Lines about several places of the ledger are kept apart by those. */
export function isByLocation(items: Placed[]): boolean {
  const [first] = items
  return items.some(({ location_id: id }) => id !== null && id !== first?.location_id)
}

/** The code of a line's place: the ledger's, or what its material says of where it is kept; empty without one. */
export const placeCode = (item: Placed, byLocation: boolean): string => (byLocation ? item.location_code : item.storage_place?.trim()) ?? ''

/** Codes in the order in which one walks; none last. */
export const walkingOrder = (a: string, b: string): number => (a && b ? a.localeCompare(b, 'zh-CN', { numeric: true }) : a ? -1 : b ? 1 : 0)

export interface CountTask extends CountRow {
  items: CountItem[]
}

/** A line of the report; what a blind task hides is null. */
export interface DifferenceItem {
  id: number
  materialCode: string
  materialName: string
  unit: string
  unitDecimals: number
  bookStock: Dec | null
  actualStock: Dec | null
  difference: Dec | null
  locationCode: string | null
  isFound: boolean
  /** In yuan, by the material's present average. */
  differenceValue: Dec | null
  remark: string | null
  reason: string | null
  needsReason: boolean
}

export interface Differences {
  summary: { surplusValue: Dec | null; shortageValue: Dec | null; differenceValue: Dec | null }
  items: DifferenceItem[]
}

export const getTask = (id: number, signal?: AbortSignal) => get<CountTask>(`/stocktaking/${id}`, {}, signal)
/** What differs, the largest value first. */
export const getDifferences = (id: number, signal?: AbortSignal) => get<Differences>(`/stocktaking/${id}/diff/report`, { sort: 'value' }, signal)
