import { get } from '@/api/client'
import type { Document } from '@/api/types'

export const getDocument = (id: number, signal?: AbortSignal): Promise<Document> => get<Document>(`/inventory/${id}`, {}, signal)
