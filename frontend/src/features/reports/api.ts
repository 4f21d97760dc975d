import { get } from '@/api/client'
import type { Category } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'

interface OfMaterial {
  id: number
  material_code: string
  material_name: string
  category: Category
  unit: string
}

export interface LedgerRow extends OfMaterial {
  opening: Dec
  received: Dec
  issued: Dec
  closing: Dec
  opening_value: Dec
  received_value: Dec
  issued_value: Dec
  closing_value: Dec
}

export interface StockRow extends OfMaterial {
  stock: Dec
  value: Dec
}

export interface MostMovedRow extends OfMaterial {
  moves: number
  received: Dec
  issued: Dec
}

export interface SlowRow extends OfMaterial {
  current_stock: Dec
  stock_value: Dec
  last_moved_at: string | null
}

/** The server gives at most so many of the two rankings. */
export const RANKED = 100

export const mostMoved = (days: number, signal?: AbortSignal) => get<MostMovedRow[]>('/reports/most-moved', { days, limit: RANKED }, signal)
export const slowMoving = (days: number, signal?: AbortSignal) => get<SlowRow[]>('/reports/slow-moving', { days, limit: RANKED }, signal)
