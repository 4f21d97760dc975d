/** The lines of a document being written, and what can be said of them without the server. */
import type { Material, NewLine, TransactionType } from '@/api/types'
import { add, type Dec, multiply, toPlaces, ZERO } from '@/shared/decimal/decimal'
import { evaluate, faultOf, type TypedFault } from '@/shared/decimal/typed'
import { stockAfterLines } from '@/shared/documents/documents'

export const MOST_LINES = 500
export const PRICE_PLACES = 6

export interface LineDraft {
  key: number
  material: Material | null
  /** What was pasted as a code and is no material. */
  unknownCode: string
  quantity: string
  price: string
  lotNo: string
  expiresOn: string
  remark: string
  /** The server's words about this line, until it is changed. */
  refused: string
}

let lastKey = 0

export function newLine(): LineDraft {
  lastKey += 1
  return { key: lastKey, material: null, unknownCode: '', quantity: '', price: '', lotNo: '', expiresOn: '', remark: '', refused: '' }
}

/** Nothing is typed on it: it is not sent, and not missed. */
export function isEmpty(line: LineDraft): boolean {
  return !line.material && !line.unknownCode && !(line.quantity + line.price + line.lotNo + line.expiresOn + line.remark).trim()
}

/** Quantity by price, in fen as the server has it; null without both. */
export function amountOf({ quantity, price }: Pick<LineDraft, 'quantity' | 'price'>): Dec | null {
  const [q, p] = [evaluate(quantity), evaluate(price)]
  return q === null || p === null ? null : toPlaces(multiply(q, p), 2)
}

export function totalOf(lines: LineDraft[]): Dec | null {
  const amounts = lines.map(amountOf).filter((amount) => amount !== null)
  return amounts.length === 0 ? null : amounts.reduce(add, ZERO)
}

export type LineFault = TypedFault | 'materialMissing' | 'codeUnknown'
export interface LineFaults {
  material?: LineFault
  quantity?: LineFault
  price?: LineFault
}

export function faultsOfLine(line: LineDraft): LineFaults {
  const places = line.material?.unit_decimals ?? PRICE_PLACES
  return {
    material: line.material ? undefined : line.unknownCode ? 'codeUnknown' : 'materialMissing',
    quantity: faultOf(line.quantity, { places, positive: true, required: true }) ?? undefined,
    price: faultOf(line.price, { places: PRICE_PLACES }) ?? undefined,
  }
}

export function hasFaults(faults: LineFaults): boolean {
  return Boolean(faults.material ?? faults.quantity ?? faults.price)
}

/** By line key: the stock when all lines down to this one are posted. */
export function stocksAfter(type: TransactionType, lines: LineDraft[]): Map<number, Dec> {
  const known = lines.filter((line): line is LineDraft & { material: Material } => line.material !== null)
  const after = stockAfterLines(
    type,
    known.map(({ material, quantity }) => ({ materialId: material.id, stock: material.current_stock, quantity: evaluate(quantity) })),
  )
  return new Map(known.map(({ key }, i) => [key, after[i] ?? ZERO]))
}

export function outgoing(line: LineDraft, type: TransactionType): NewLine {
  const text = (value: string) => value.trim() || undefined
  return {
    materialId: line.material?.id ?? 0,
    quantity: evaluate(line.quantity) ?? '',
    unitPrice: evaluate(line.price) ?? undefined,
    ...(type === 'in' ? { lotNo: text(line.lotNo), expiresOn: text(line.expiresOn) } : {}),
    remark: text(line.remark),
  }
}
