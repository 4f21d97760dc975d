/** What the server says, as the API description has it. Decimals are text: every call asks for `numbers=text`. */
import type { Dec } from '@/shared/decimal/decimal'

export type Role = 'system_admin' | 'inventory_manager' | 'regular_user'
export type Permission =
  | 'material.read'
  | 'material.write'
  | 'material.delete'
  | 'material.export'
  | 'location.write'
  | 'document.read'
  | 'document.read_all'
  | 'document.create'
  | 'document.approve'
  | 'user.manage'
  | 'setting.write'
  | 'log.read'
  | 'dashboard.read'
  | 'count.read'
  | 'count.write'
  | 'notification.read'
  | 'notification.send'
  | 'profile.write'
  | 'report.read'
  | 'database.read'

export interface Page<Row> {
  list: Row[]
  total: number
  page: number
  pageSize: number
  nextCursor: string | null
}

export interface Me {
  id: number
  username: string
  role: Role
  realName: string | null
  email: string | null
  avatar: string | null
  mustChangePassword: boolean
  permissions: Permission[]
}

export interface Tokens {
  accessToken: string
  refreshToken: string
  expiresIn: number
}

export type Category = 'chemical' | 'metal'
export type MaterialStatus = 'active' | 'retired'

export interface Material {
  id: number
  material_code: string
  material_name: string
  name_en: string | null
  category: Category
  subcategory: string | null
  unit: string
  unit_decimals: number
  qty_decimals: number | null
  current_stock: Dec
  min_stock: Dec
  max_stock: Dec
  location: string | null
  description: string | null
  cas_no: string | null
  un_no: string | null
  ghs_pictograms: string | null
  hazard_statements: string | null
  storage_class: string | null
  control_flags: string | null
  metal_grade: string | null
  standard: string | null
  track_by: string | null
  shelf_life_days: number | null
  shelf_life_basis: 'S' | 'T' | null
  periodic_inspection_days: number | null
  storage_condition: string | null
  cert_required: string | null
  cas_check: string | null
  note: string | null
  status: MaterialStatus
  version: number
  created_by: number | null
  created_at: string
  updated_at: string
  creator_name: string | null
}

export interface Unit {
  id: number
  code: string
  name_zh: string | null
  name_en: string | null
  decimals: number
  needs_review: 0 | 1
}

export interface Balance {
  lot_id: number
  lot_no: string
  expires_on: string | null
  location_id: number
  location_code: string
  location_name: string
  quantity: Dec
}

export interface CodeChange {
  id: number
  old_code: string
  new_code: string
  changed_by: number
  changed_by_name: string | null
  change_reason: string | null
  created_at: string
}

export interface Move {
  id: number
  seq: number
  document_id: number
  transaction_code: string
  transaction_type: TransactionType
  purpose: Purpose
  quantity_change: Dec
  stock_before: Dec
  stock_after: Dec
  lot_no: string | null
  from_location: string
  to_location: string
  operator_id: number
  operator_name: string | null
  remark: string | null
  created_at: string
}

export type TransactionType = 'in' | 'out'
export type Purpose = 'purchase' | 'opening' | 'return' | 'production' | 'scrap' | 'reversal' | 'count'
export type DocumentStatus = 'pending' | 'approved' | 'rejected' | 'cancelled'

export interface DocumentRow {
  id: number
  transaction_code: string
  transaction_type: TransactionType
  purpose: Purpose
  material_id: number
  quantity: Dec
  unit_price: Dec | null
  total_amount: Dec | null
  applicant_id: number
  approver_id: number | null
  status: DocumentStatus
  remark: string | null
  approval_remark: string | null
  reverses_id: number | null
  reversed_by_id: number | null
  line_count: number
  created_at: string
  updated_at: string
  approved_at: string | null
  material_code: string
  material_name: string
  category: Category
  unit: string
  unit_decimals: number
  applicant_name: string | null
  approver_name: string | null
}

export interface DocumentLine {
  id: number
  line_no: number
  material_id: number
  material_code: string
  material_name: string
  unit: string
  unit_decimals: number
  quantity: Dec
  unit_price: Dec | null
  amount: Dec | null
  lot_no: string | null
  expires_on: string | null
  location_id: number | null
  location_code: string | null
  remark: string | null
  current_stock: Dec
}

export interface Document extends DocumentRow {
  lines: DocumentLine[]
}

export interface NewLine {
  materialId: number
  quantity: string
  unitPrice?: string
  lotNo?: string
  expiresOn?: string
  remark?: string
}

export interface NewDocument {
  transactionType: TransactionType
  purpose: Purpose
  remark?: string
  lines: NewLine[]
}

export interface CreatedDocument {
  id: number
  transactionCode: string
  status: DocumentStatus
}

export interface Decision {
  id: number
  ok: boolean
  status?: DocumentStatus
  code?: string
  message?: string
}

export interface Decisions {
  results: Decision[]
  done: number
  failed: number
}

export interface Shortage {
  line_no: number
  material: { id: number; material_code: string; material_name: string; unit: string }
  wanted: Dec
  available: Dec
}

export interface User {
  id: number
  username: string
  role: Role
  real_name: string | null
  email: string | null
  status: 'active' | 'disabled'
  must_change_password: 0 | 1
  created_at: string
  updated_at: string
}
