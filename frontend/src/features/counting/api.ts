import { get, post, put } from '@/api/client'
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
  category: Category
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

export interface CountTask extends CountRow {
  items: CountItem[]
}

export interface Difference extends CountItem {
  differenceValue: Dec | null
  needsReason: boolean
}

export interface Differences {
  summary: { surplusValue: Dec; shortageValue: Dec; differenceValue: Dec }
  items: Difference[]
}

export interface NewCount {
  taskName: string
  scope: Scope
  materialIds?: number[]
  category?: string
  locationId?: number
  isBlind: boolean
  remark?: string
}

export interface Location {
  id: number
  code: string
  name_zh: string
  name_en: string | null
  kind: string
}

export const getTask = (id: number, signal?: AbortSignal) => get<CountTask>(`/stocktaking/${id}`, {}, signal)
export const getDifferences = (id: number, signal?: AbortSignal) => get<Differences>(`/stocktaking/${id}/diff/report`, { sort: 'value' }, signal)
export const getLocations = (signal?: AbortSignal) => get<Location[]>('/locations', {}, signal)
export const createTask = (task: NewCount, key: string) => post<{ id: number; taskCode: string }>('/stocktaking', task, { key })

interface Counted {
  id: number
  version: number
}
export const countItem = (taskId: number, itemId: number, body: { actualStock: string; version: number }) =>
  put<Counted>(`/stocktaking/${taskId}/items/${itemId}`, body)
export const giveReason = (taskId: number, itemId: number, reason: string, version: number) =>
  put<Counted>(`/stocktaking/${taskId}/items/${itemId}/reason`, { reason, version })
export const wantRecount = (taskId: number, itemId: number) => put<Counted>(`/stocktaking/${taskId}/items/${itemId}/recount`, {})
export const changeStage = (taskId: number, step: 'start' | 'review' | 'cancel') => put<unknown>(`/stocktaking/${taskId}/${step}`, {})
export const complete = (taskId: number, updateStock: boolean) => put<unknown>(`/stocktaking/${taskId}/complete`, { updateStock })
