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
  machine?: { measuredAt: string; clients: number; aloneWritesPerSecond: number; writesPerSecond: number }
  engine: string
  advice: 'stay' | 'prepare' | 'move'
  reasons: Told[]
  unknown: Told[]
}

/** How often something was up to so much, and more than the one before; null: above all bounds. */
export interface Bar {
  up_to: number | null
  count: number
}

/** Of one instance, since its start. Times are in µs. */
export interface Metrics {
  uptime: number
  memory_bytes: number
  connections: number
  streams: number
  lanes: { name: 'read' | 'write' | 'slow' | 'probe'; took: Bar[] }[]
  queues: { name: string; length: number; wait: Bar[] }[]
  writer: { jobs: number; failed_jobs: number; commits: number; log_bytes: number | null; group: Bar[]; commit: Bar[] }
}

/** What lies in BACKUP_DIR; folder null: it is not set. */
export interface Backups {
  folder: string | null
  list: { name: string; made_at: string; proven_at: string | null; size: number }[]
  newest_proven: string | null
  /** What the service ships while it runs; null: BACKUP_CONTINUOUS_DIR is not set. */
  continuous: Continuous | null
}
export interface Continuous {
  folder: string
  sealed: boolean
  /** Copies there that are not sealed. */
  open_bases: number
  late: boolean
  safe_until: string | null
  failing_since: string | null
  reason: string | null
  base_at: string | null
  proven_at: string | null
}

export const getBackups = (signal?: AbortSignal) => get<Backups>('/admin/backups', {}, signal)
export const getMetrics = (signal?: AbortSignal) => get<Metrics>('/admin/metrics', {}, signal)
export const getInfo = (signal?: AbortSignal) => get<DatabaseInfo>('/admin/database/info', {}, signal)
export const getTables = (signal?: AbortSignal) => get<TableInfo[]>('/admin/database/tables', {}, signal)
export const getRows = (name: string, query: { page: number; pageSize: number; orderBy?: string; order?: string }, signal?: AbortSignal) =>
  get<TableRows>(`/admin/database/table/${encodeURIComponent(name)}`, query, signal)
export const getAssessment = (signal?: AbortSignal) => get<Assessment>('/admin/assessment', {}, signal)

interface Measuring {
  status: string
  ended_at: string | null
  error: { message?: string } | null
}
const LOOK_MS = 400
/** Has the service measure what this machine can write: some seconds. Gives how that ended. */
export async function measure(): Promise<Measuring> {
  const { data } = await post<{ jobId: number }>('/admin/assessment/measure')
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const job = await get<Measuring>(`/jobs/${data.jobId}`)
    if (job.ended_at) return job
  }
}

interface Copy {
  filename: string
}
/** Makes a consistent copy of the whole database, and has the browser keep it. */
export async function downloadCopy(): Promise<void> {
  const { data } = await post<Copy>('/admin/database/export')
  await download(`/admin/database/export/${encodeURIComponent(data.filename)}`)
}
