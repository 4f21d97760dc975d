import { get } from '@/api/client'
import type { Category, DocumentStatus, Page, Purpose, TransactionType } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'
import type { OfMaterial } from '@/shared/ledger'

export const EXPIRY = ['expired', '30', '90', '180', 'later', 'none'] as const
export const AGES = ['30', '90', '180', '365', 'older'] as const
export const PERIODS = ['quarter', 'year'] as const
export const IMPORTANCE = ['A', 'B', 'C'] as const
export const REGULARITY = ['X', 'Y', 'Z'] as const
export const TOOK = ['1h', '4h', '1d', '3d', 'longer'] as const

/** What lies in store of one class: of days left, or of age. */
export interface StockClass<Name extends string> {
  name: Name
  lots: number
  materials: number
  value: Dec
}

export interface Place {
  id: number
  code: string
  name_zh: string
  name_en: string | null
  lots: number
  materials: number
  hazardous: number
  value: Dec
}

export interface LotRow extends Omit<OfMaterial, 'id'> {
  material_id: number
  lot_id: number
  lot_no: string
  expires_on: string | null
  received_at: string
  location_id: number
  location_code: string
  location_name: string
  quantity: Dec
  value: Dec
}

export interface Consumed extends OfMaterial {
  quantity: Dec
  value: Dec
  percent_up_to_here: Dec
  abc: (typeof IMPORTANCE)[number]
  xyz: (typeof REGULARITY)[number]
}

export interface Consumption extends Page<Consumed> {
  value: Dec
  cells: { abc: Consumed['abc']; xyz: Consumed['xyz']; materials: number; value: Dec }[]
}

export interface TurnoverMonth {
  category: Category
  month: string
  days: number
  opening_value: Dec
  used_value: Dec
  closing_value: Dec
  turnover_days: Dec | null
}

/** A document, and how long it took until it was decided. */
export interface TimedDocument {
  id: number
  transaction_code: string
  transaction_type: TransactionType
  purpose: Purpose
  status: DocumentStatus
  line_count: number
  material_name: string
  applicant_name: string
  created_at: string
  approved_at: string | null
  minutes: number
}

export const expiry = () => get<StockClass<(typeof EXPIRY)[number]>[]>('/analysis/expiry')
export const ageing = () => get<StockClass<(typeof AGES)[number]>[]>('/analysis/ageing')
export const places = () => get<Place[]>('/analysis/places')
export const turnover = () => get<TurnoverMonth[]>('/analysis/turnover')
export const consumption = (period: string, pageSize: number, signal?: AbortSignal) =>
  get<Consumption>('/analysis/consumption', { period, pageSize }, signal)
