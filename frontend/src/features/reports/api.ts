import type { Dec } from '@/shared/decimal/decimal'
import type { OfMaterial } from '@/shared/ledger'

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
