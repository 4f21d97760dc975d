import { get, post, put, remove } from '@/api/client'
import type { CreatedDocument, NewDocument, Permission, Role, TransactionType } from '@/api/types'

export const createDocument = (document: NewDocument, key: string, signal: AbortSignal) =>
  post<CreatedDocument>('/inventory', document, { key, signal })
export const cancelDocument = (id: number) => put(`/inventory/${id}/cancel`, {})
export const reverseDocument = (id: number, reason: string) => post<CreatedDocument>(`/inventory/${id}/reverse`, { reason })

/** A document that somebody has begun, kept by the server until it is submitted. */
export interface DraftRow {
  id: number
  kind: TransactionType
  title: string | null
  line_count: number
  updated_at: string
  version: number
}
export interface Draft extends DraftRow {
  content: string
}
export interface DraftBody {
  kind: TransactionType
  title: string
  lineCount: number
  content: string
}

export const listDrafts = (signal?: AbortSignal) => get<DraftRow[]>('/drafts', {}, signal)
export const getDraft = (id: number, signal?: AbortSignal) => get<Draft>(`/drafts/${id}`, {}, signal)
export const createDraft = (body: DraftBody, signal: AbortSignal) => post<DraftRow>('/drafts', body, { signal })
export const updateDraft = (id: number, version: number, body: DraftBody) => put<DraftRow>(`/drafts/${id}`, { ...body, version })
export const removeDraft = (id: number) => remove(`/drafts/${id}`)
export const getRoles = (signal?: AbortSignal) => get<{ permission: Permission; roles: Role[] }[]>('/roles', {}, signal)
