import type { DocumentLine, DocumentStatus, Purpose, Role, TransactionType } from '@/api/types'
import { add, type Dec, subtract } from '@/shared/decimal/decimal'
import type { Tone } from '@/shared/StatusTag.vue'

export const STATUSES: DocumentStatus[] = ['pending', 'approved', 'rejected', 'cancelled']
export const PURPOSES: Purpose[] = ['purchase', 'opening', 'return', 'production', 'scrap', 'count', 'reversal']
export const DOCUMENT_TONE: Record<DocumentStatus, Tone> = { pending: 'wait', approved: 'good', rejected: 'bad', cancelled: 'idle' }

/** The stock after each line, when several lines draw on the same material: from the first line to the last. */
export function stockAfterLines(
  type: TransactionType,
  lines: { materialId: number; stock: Dec; quantity: Dec | null }[],
): Dec[] {
  const left = new Map<number, Dec>()
  return lines.map(({ materialId, stock, quantity }) => {
    const before = left.get(materialId) ?? stock
    const after = quantity === null ? before : type === 'in' ? add(before, quantity) : subtract(before, quantity)
    left.set(materialId, after)
    return after
  })
}

export function stockAfterDocument(type: TransactionType, lines: DocumentLine[]): Dec[] {
  return stockAfterLines(
    type,
    lines.map(({ material_id, current_stock, quantity }) => ({ materialId: material_id, stock: current_stock, quantity })),
  )
}

/** The company's rule: whose hand may decide what it has itself handed in. */
export function mayDecideOwn(settings: { key: string; value: string }[], role: Role): boolean {
  const who = settings.find(({ key }) => key === 'approval.own_documents')?.value ?? 'administrators'
  return who === 'everybody' || (who === 'administrators' && role === 'system_admin')
}
