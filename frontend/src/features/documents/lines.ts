/** The lines of a document being written, and what can be said of them without the server. */
import type { Material, NewLine, TransactionType } from '@/api/types'
import { add, type Dec, isNegative, multiply, subtract, toPlaces, ZERO } from '@/shared/decimal/decimal'
import { evaluate, faultOf, type TypedFault } from '@/shared/decimal/typed'
import { stockAfterLines } from '@/shared/documents/documents'
import { isDay } from '@/shared/form/day/days'
import { type Breach, breachOf } from '@/shared/materials/stock'

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
  expires?: 'stray'
}

export function faultsOfLine(line: LineDraft): LineFaults {
  const places = line.material?.unit_decimals ?? PRICE_PLACES
  return {
    material: line.material ? undefined : line.unknownCode ? 'codeUnknown' : 'materialMissing',
    quantity: faultOf(line.quantity, { places, positive: true, required: true }) ?? undefined,
    price: faultOf(line.price, { places: PRICE_PLACES }) ?? undefined,
    expires: line.expiresOn.trim() && !isDay(line.expiresOn) ? 'stray' : undefined,
  }
}

export function hasFaults(faults: LineFaults): boolean {
  return Boolean(faults.material ?? faults.quantity ?? faults.price ?? faults.expires)
}

export interface LineStock {
  /** Of the material, or of the lot that the line takes from. */
  before: Dec
  after: Dec
  breach: Breach | null
  /** Before and after are those of the lot. */
  ofLot: boolean
}

/** What a lot has, when that is known. */
export type LotStock = (materialId: number, lotNo: string) => Dec | null

/** By line key: the stock when all lines down to this one are posted; lines of one material draw on it together, and so do those of one lot. */
export function stocksAfter(type: TransactionType, lines: LineDraft[], lotStock: LotStock = () => null): Map<number, LineStock> {
  const known = lines.filter((line): line is LineDraft & { material: Material } => line.material !== null)
  const after = stockAfterLines(
    type,
    known.map(({ material, quantity }) => ({ materialId: material.id, stock: material.current_stock, quantity: evaluate(quantity) })),
  )
  const lots = new Map<string, Dec>()
  return new Map(
    known.map(({ key, material, quantity, lotNo }, i) => {
      const whole: LineStock = {
        before: material.current_stock, after: after[i] ?? ZERO, breach: breachOf(type, material, after[i] ?? ZERO), ofLot: false,
      }
      const before = type === 'out' && lotNo ? lotStock(material.id, lotNo) : null
      if (before === null) return [key, whole]
      const name = `${material.id}\n${lotNo}`
      const left = subtract(lots.get(name) ?? before, evaluate(quantity) ?? ZERO)
      lots.set(name, left)
      return [key, { before, after: left, breach: isNegative(left) ? 'short' : whole.breach, ofLot: true }]
    }),
  )
}

export function outgoing(line: LineDraft, type: TransactionType): NewLine {
  const text = (value: string) => value.trim() || undefined
  return {
    materialId: line.material?.id ?? 0,
    quantity: evaluate(line.quantity) ?? '',
    unitPrice: evaluate(line.price) ?? undefined,
    lotNo: text(line.lotNo),
    ...(type === 'in' ? { expiresOn: text(line.expiresOn) } : {}),
    remark: text(line.remark),
  }
}
