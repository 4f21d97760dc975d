import { get } from '@/api/client'
import type { Dec } from '@/shared/decimal/decimal'

export interface Stats {
  totalMaterials: number
  pendingTransactions: number
  todayTransactions: number
  lowStockMaterials: number
  totalInventoryValue: Dec
}

export interface TrendRow {
  date: string
  transaction_type: 'in' | 'out'
  count: number
  total_quantity: Dec
}

export interface LowStock {
  id: number
  material_code: string
  material_name: string
  unit: string
  unit_decimals: number
  current_stock: Dec
  min_stock: Dec
}

export interface Waiting {
  id: number
  transaction_code: string
  transaction_type: 'in' | 'out'
  quantity: Dec
  line_count: number
  created_at: string
  /** midnights of the company since then */
  age_days: number
  material_name: string
  applicant_name: string
}

export interface CategoryRow {
  category: 'chemical' | 'metal'
  count: number
  stock_value: Dec
}

interface MaterialRow {
  id: number
  material_code: string
  material_name: string
  unit: string
  unit_decimals: number
}

export interface MostMoved extends MaterialRow {
  moves: number
  received: Dec
  issued: Dec
}

export interface SlowMoving extends MaterialRow {
  current_stock: Dec
  stock_value: Dec
  last_moved_at: string
}

const REPORT_ROWS = 5

export const stats = () => get<Stats>('/dashboard/stats')
export const trend = () => get<TrendRow[]>('/dashboard/transaction-trend')
export const lowStocks = () => get<LowStock[]>('/dashboard/low-stock-materials')
export const waiting = () => get<Waiting[]>('/dashboard/pending-transactions')
export const categories = () => get<CategoryRow[]>('/dashboard/materials-by-category')
export const mostMoved = () => get<MostMoved[]>(`/reports/most-moved?limit=${REPORT_ROWS}`)
export const slowMoving = () => get<SlowMoving[]>(`/reports/slow-moving?limit=${REPORT_ROWS}`)

export interface FlowDay {
  date: string
  /** documents */
  receipts: number
  issues: number
  received_value: Dec
  issued_value: Dec
  closing_value: Dec
}

export type Took = '1h' | '4h' | '1d' | '3d' | 'longer'

export interface TimeClass {
  name: Took
  approved: number
  rejected: number
  pending: number
}

export const flow = () => get<FlowDay[]>('/analysis/flow')
export const approvalTimes = () => get<TimeClass[]>('/analysis/approval-times')
