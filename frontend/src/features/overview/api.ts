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
  material_name: string
  applicant_name: string
}

export const stats = () => get<Stats>('/dashboard/stats')
export const trend = () => get<TrendRow[]>('/dashboard/transaction-trend')
export const lowStocks = () => get<LowStock[]>('/dashboard/low-stock-materials')
export const waiting = () => get<Waiting[]>('/dashboard/pending-transactions')
