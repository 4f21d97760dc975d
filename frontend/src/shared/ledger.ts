import type { Category } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'

/** What rows of reports are about. */
export interface OfMaterial {
  id: number
  material_code: string
  material_name: string
  category: Category
  unit: string
  /** So many decimals its quantities have. */
  unit_decimals: number
}

/** 收发存 of one material: opening + received − issued = closing, for quantity and value. */
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
