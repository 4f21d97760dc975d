import { get } from '@/api/client'
import type { Document, DocumentRow, Page } from '@/api/types'

export const getDocument = (id: number, signal?: AbortSignal): Promise<Document> => get<Document>(`/inventory/${id}`, {}, signal)

/** What somebody has handed in lately, the newest first. */
export const documentsOf = (applicantId: number, most: number, signal?: AbortSignal) =>
  get<Page<DocumentRow>>('/inventory', { applicantId, pageSize: most, sort: '-created_at' }, signal)
