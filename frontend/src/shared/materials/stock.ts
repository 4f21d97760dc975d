import type { Material } from '@/api/types'
import { compare, type Dec, isNegative, isZero } from '@/shared/decimal/decimal'

export type StockLevel = 'none' | 'low' | 'over' | 'enough'

/** Low is at or below the minimum, where there is one. */
export function stockLevel(material: Pick<Material, 'current_stock' | 'min_stock' | 'max_stock'>): StockLevel {
  const { current_stock: stock, min_stock: min, max_stock: max } = material
  if (!isZero(min) && compare(stock, min) <= 0) return isZero(stock) ? 'none' : 'low'
  return !isZero(max) && compare(stock, max) > 0 ? 'over' : 'enough'
}

export const STOCK_TONE = { none: 'bad', low: 'warn', over: 'over', enough: 'good' } as const

export type Breach = 'short' | 'belowMin' | 'aboveMax'

/** What the stock after a document would break: nothing left to take, the minimum (issues), the maximum (receipts). */
export function breachOf(type: 'in' | 'out', limits: Pick<Material, 'min_stock' | 'max_stock'>, after: Dec): Breach | null {
  const { min_stock: min, max_stock: max } = limits
  if (type === 'in') return !isZero(max) && compare(after, max) > 0 ? 'aboveMax' : null
  if (isNegative(after)) return 'short'
  return !isZero(min) && compare(after, min) < 0 ? 'belowMin' : null
}
