import { post, put } from '@/api/client'
import type { Decisions } from '@/api/types'

export type Verdict = 'approve' | 'reject'

export const decide = (id: number, action: Verdict, remark: string) => put(`/inventory/${id}/approve`, { action, remark: remark || undefined })
export const decideMany = (ids: number[], action: Verdict, remark: string) =>
  post<Decisions>('/inventory/decide', { ids, action, remark: remark || undefined })
