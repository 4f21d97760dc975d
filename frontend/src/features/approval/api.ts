import { get, post, put } from '@/api/client'
import type { Decisions, DocumentRow, Page } from '@/api/types'

export type Verdict = 'approve' | 'reject'

const AT_ONCE = 100

/** Who has waited longest comes first. */
export const pending = (signal?: AbortSignal) => get<Page<DocumentRow>>('/inventory/pending', { pageSize: AT_ONCE, sort: 'created_at' }, signal)
export const decide = (id: number, action: Verdict, remark: string) => put(`/inventory/${id}/approve`, { action, remark: remark || undefined })
export const decideMany = (ids: number[], action: Verdict, remark: string) =>
  post<Decisions>('/inventory/decide', { ids, action, remark: remark || undefined })
