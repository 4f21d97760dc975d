import { download, get, post } from '@/api/client'
import type { Dec } from '@/shared/decimal/decimal'

export interface DatabaseInfo {
  engine: string
  version: string
  schemaVersion: number
  size: number
  integrity: string
}

export interface TableInfo {
  name: string
  isBusinessTable: boolean
  rowCount: number
}

export interface TableRows {
  columns: { name: string; type: string; pk: number }[]
  rows: Record<string, unknown>[]
  pagination: { total: number; page: number; pageSize: number; totalPages: number }
}

interface Told {
  zh: string
  en: string
}

export interface Assessment {
  days: number
  indicators: { name: 'rows' | 'people' | 'writesPerSecond'; value: number | Dec | null; threshold: number | Dec; state: 'low' | 'near' | 'above' }[]
  queue: { writes: number; waited: number; longestUs: number }
  advice: 'stay' | 'prepare' | 'move'
  reasons: Told[]
  unknown: Told[]
}

export const getInfo = (signal?: AbortSignal) => get<DatabaseInfo>('/admin/database/info', {}, signal)
export const getTables = (signal?: AbortSignal) => get<TableInfo[]>('/admin/database/tables', {}, signal)
export const getRows = (name: string, query: { page: number; pageSize: number; orderBy?: string; order?: string }, signal?: AbortSignal) =>
  get<TableRows>(`/admin/database/table/${encodeURIComponent(name)}`, query, signal)
export const getAssessment = (signal?: AbortSignal) => get<Assessment>('/admin/assessment', {}, signal)

interface Copy {
  filename: string
}
/** Makes a consistent copy of the whole database, and has the browser keep it. */
export async function downloadCopy(): Promise<void> {
  const { data } = await post<Copy>('/admin/database/export')
  await download(`/admin/database/export/${encodeURIComponent(data.filename)}`)
}
