/** Query keys: imports (lists and single ones), jobs. */
import { get, post, put, remove } from '@/api/client'
import { upload } from '@/api/upload'
import type { DocumentStatus, Page } from '@/api/types'
import type { Kind } from './kinds'

export type Status = 'new' | 'checked' | 'done' | 'undone'
export type Outcome = 'create' | 'change' | 'line' | 'fault'
export type WordField = 'unit' | 'category' | 'place'

export interface ImportRow {
  id: number
  kind: Kind
  status: Status
  file_name: string
  bytes: number
  remark: string | null
  creator_name: string
  created_at: string
  done_at: string | null
  undone_at: string | null
}

export interface Field {
  name: string
  title: string
  titleEn: string
  needed: boolean
}

export interface SheetColumn {
  cell: string
  head: string
  samples: string[]
}

export interface Word {
  field: WordField
  value: string
  rows: number
  cell: string
  proposal: string | null
  canCreate: boolean
}

export interface Answer {
  field: WordField
  value: string
  use?: string | null
  create?: boolean
}

export interface Summary {
  rows: number
  create: number
  change: number
  line: number
  fault: number
  same: number
  unknown: Word[]
}

export interface Made {
  id: number
  transaction_code: string
  status: DocumentStatus
}

export interface Import extends ImportRow {
  form: { format: string; encoding: string | null; sheet: string | null; sheets: string[]; merged: string | null; headRow: number; rows: number; columns: SheetColumn[] }
  mapping: string[]
  fields: Field[]
  answers: Answer[]
  summary: Summary | null
  earlier: ImportRow[]
  jobId: number | null
  documents: Made[]
}

export interface CellFault {
  cell: string | null
  field: string
  title: string
  title_en: string
  code: string
  zh: string
  en: string
  value: string | null
}

export interface CheckedRow {
  row: number
  outcome: Outcome
  label: string | null
  targetId: number | null
  body: Record<string, unknown> | null
  changes: Record<string, { old: unknown; new: unknown }> | null
  faults: CellFault[] | null
}

export interface Job {
  id: number
  kind: 'import.check' | 'import.commit' | 'import.undo'
  status: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted'
  done: number
  total: number | null
  cancel_asked: boolean
  error: { code: string; message: string } | null
}

export interface Choice {
  headRow?: number
  mapping?: string[]
  answers?: Answer[]
  remark?: string
}

export const getImport = (id: number, signal?: AbortSignal) => get<Import>(`/imports/${id}`, {}, signal)
export const getRows = (id: number, query: { outcome: Outcome; field?: string; page: number; pageSize: number }, signal?: AbortSignal) =>
  get<Page<CheckedRow>>(`/imports/${id}/rows`, query, signal)
export const changeImport = (id: number, choice: Choice) => put<Import>(`/imports/${id}`, choice)
export const giveUp = (id: number) => remove(`/imports/${id}`)
export const begin = (id: number, deed: 'check' | 'commit' | 'undo', body: object) => post<{ jobId: number }>(`/imports/${id}/${deed}`, body)
export const getJob = (id: number, signal?: AbortSignal) => get<Job>(`/jobs/${id}`, {}, signal)
export const cancelJob = (id: number) => post<{ id: number }>(`/jobs/${id}/cancel`)

export function sendFile(kind: Kind, file: File, signal: AbortSignal, told: (sent: number, total: number) => void) {
  const form = new FormData()
  form.append('file', file, file.name)
  return upload<Import>('/imports', { form, query: { kind }, signal, told })
}
