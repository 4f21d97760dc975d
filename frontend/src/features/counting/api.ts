import { post, put } from '@/api/client'
import type { Scope } from '@/shared/counts'

export interface NewCount {
  taskName: string
  scope: Scope
  materialIds?: number[]
  category?: string
  locationId?: number
  isBlind: boolean
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
export const countItem = (taskId: number, itemId: number, body: { actualStock: string; version: number; ageMs?: number }) =>
  put<Counted>(`/stocktaking/${taskId}/items/${itemId}`, body)
export const giveReason = (taskId: number, itemId: number, reason: string, version: number) =>
  put<Counted>(`/stocktaking/${taskId}/items/${itemId}/reason`, { reason, version })
export const wantRecount = (taskId: number, itemId: number) => put<Counted>(`/stocktaking/${taskId}/items/${itemId}/recount`, {})
export const changeStage = (taskId: number, step: 'start' | 'review' | 'cancel') => put<unknown>(`/stocktaking/${taskId}/${step}`, {})
export const complete = (taskId: number, updateStock: boolean) => put<unknown>(`/stocktaking/${taskId}/complete`, { updateStock })
