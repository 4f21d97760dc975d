import { post, put } from '@/api/client'
import type { CreatedDocument, NewDocument } from '@/api/types'

export const createDocument = (document: NewDocument, key: string, signal: AbortSignal) =>
  post<CreatedDocument>('/inventory', document, { key, signal })
export const cancelDocument = (id: number) => put(`/inventory/${id}/cancel`, {})
export const reverseDocument = (id: number, reason: string) => post<CreatedDocument>(`/inventory/${id}/reverse`, { reason })
