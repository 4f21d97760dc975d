import type { Dec } from '@/shared/decimal/decimal'
import type { OfMaterial } from '@/shared/ledger'

/** For how many days the stock will last, at the pace of the last ninety. */
export interface CoverRow extends OfMaterial {
  current_stock: Dec
  min_stock: Dec
  max_stock: Dec
  used: Dec
  days: Dec
}
