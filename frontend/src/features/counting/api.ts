import { call, get, post, put } from '@/api/client'
import type { Dec } from '@/shared/decimal/decimal'
import type { Scope } from '@/shared/counts'

export interface NewCount {
  taskName: string
  scope: Scope
  materialIds?: number[]
  category?: string
  locationId?: number
  isBlind: boolean
  /** A list for each place where something lies. */
  byPlace?: boolean
  /** What was typed when it is no whole number: the service says what is wrong with it. */
  reasonPercent?: number | string
  reasonValue?: string
  remark?: string
}

export const createTask = (task: NewCount, key: string) => post<{ id: number; taskCode: string }>('/stocktaking', task, { key })

interface Counted {
  id: number
  version: number
}
/** The id of the count, and how long ago it was made. */
interface Sent {
  actualStock: string
  countId?: string
  ageMs?: number
}
export const countItem = (taskId: number, itemId: number, body: Sent & { version?: number }) => put<Counted>(`/stocktaking/${taskId}/items/${itemId}`, body)
/** Without a key of its own, which would have it wait for the server here: the queue does. */
export const countFound = (taskId: number, body: Sent & { materialId: number; locationId?: number; remark?: string }) =>
  call<Counted>({ method: 'POST', path: `/stocktaking/${taskId}/items`, body })
export const withdrawCount = (taskId: number, countId: string) => put<{ id: number; version: number | null }>(`/stocktaking/${taskId}/withdraw`, { countId })
export const giveReason = (taskId: number, itemId: number, reason: string, version: number) =>
  put<Counted>(`/stocktaking/${taskId}/items/${itemId}/reason`, { reason, version })
export const wantRecount = (taskId: number, itemId: number) => put<Counted>(`/stocktaking/${taskId}/items/${itemId}/recount`, {})
export const changeStage = (taskId: number, step: 'start' | 'review' | 'cancel') => put<unknown>(`/stocktaking/${taskId}/${step}`, {})
export const complete = (taskId: number, updateStock: boolean) => put<unknown>(`/stocktaking/${taskId}/complete`, { updateStock })

/** A count of a line: also those that others have replaced, or who made them has taken back. */
export interface CountEntry {
  id: number
  actual_stock: Dec | null
  book_stock: Dec | null
  counted_by_name: string
  counted_at: string
  withdrawn_at: string | null
}
export const getEntries = (taskId: number, itemId: number, signal?: AbortSignal) => get<CountEntry[]>(`/stocktaking/${taskId}/items/${itemId}/entries`, {}, signal)
