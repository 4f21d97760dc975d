/** Rows copied from a spreadsheet as lines: by the words of their head, else code, quantity, price. A pure function: the looking up comes after it. */
import { evaluate, narrow } from '@/shared/decimal/typed'

const FIELDS = ['code', 'quantity', 'price', 'lotNo', 'expiresOn', 'remark'] as const
type Field = (typeof FIELDS)[number]

export interface PastedLine extends Record<Field, string> {
  /** The row in what was pasted, from 1. */
  row: number
  /** The column of its quantity, from 1. */
  column: number
}

export type PasteFault = 'codeMissing' | 'quantityMissing' | 'quantityBad' | 'priceBad' | 'dayBad'

export interface Pasted {
  lines: PastedLine[]
  faults: { row: number; column: number; kind: PasteFault; text: string }[]
  /** Columns that are not taken hold something. */
  extraColumns: boolean
}

/** Cells of a spreadsheet's clipboard: tabs and line ends, cells in quotes when they hold one. */
export function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  let fresh = true
  const end = () => {
    rows.at(-1)?.push(cell.trim())
    cell = ''
    fresh = true
  }
  const source = text.replace(/\r\n?/g, '\n')
  for (let i = 0; i < source.length; i += 1) {
    const c = source[i] ?? ''
    if (quoted) {
      if (c !== '"') cell += c
      else if (source[i + 1] === '"') {
        cell += '"'
        i += 1
      } else quoted = false
    } else if (c === '"' && fresh) {
      quoted = true
      fresh = false
    } else if (c === '\t') end()
    else if (c === '\n') {
      end()
      rows.push([])
    } else {
      cell += c
      fresh = false
    }
  }
  end()
  return rows
}

const HEADS: Record<Field, RegExp> = {
  code: /^(?:物料|材料|商品|存货)?(?:编码|编号|代码|料号)$|^(?:material\s*)?(?:code|no\.?)$|^sku$/i,
  quantity: /^(?:入库|出库|申请|实收|实发)?数量(?:[（(].*[)）])?$|^(?:quantity|qty\.?)$/i,
  price: /^(?:含税|不含税)?单价(?:[（(].*[)）])?$|^(?:unit\s*)?price$/i,
  lotNo: /^(?:批号|批次|批次号|生产批号)$|^(?:lot|batch)(?:\s*no\.?)?$/i,
  expiresOn: /^(?:有效期|有效期至|失效日期|到期日|到期日期)$|^(?:expires?(?:\s*on)?|expiry(?:\s*(?:date|day))?)$/i,
  remark: /^(?:备注|说明)$|^(?:remarks?|notes?)$/i,
}

type Columns = Partial<Record<Field, number>>

/** Where each field stands, when the first row says so. */
function headOf(cells: string[]): Columns | null {
  const found: Columns = {}
  for (const field of FIELDS) {
    const at = cells.findIndex((cell) => HEADS[field].test(cell.trim()))
    if (at >= 0) found[field] = at
  }
  return found.code !== undefined && found.quantity !== undefined ? found : null
}

/** A first row of other words is a heading, too, that names no columns. */
function isHeading(cells: string[]): boolean {
  const [, quantity = '', price = ''] = cells
  return quantity !== '' && !/\d/.test(narrow(quantity)) && !/\d/.test(narrow(price))
}

const PLAIN: Columns = { code: 0, quantity: 1, price: 2 }

/** Whether the clipboard holds a table; else it is text for the field. */
export function isTable(text: string): boolean {
  return /\t|\n./.test(text.replace(/\r/g, ''))
}

/** `2027/1/31`, `2027年1月31日`, `20270131` as `2027-01-31`; null for what is no day. */
export function dayOf(text: string): string | null {
  const [, year = '', month = '', day = ''] = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const when = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(when.getTime()) && when.toISOString().startsWith(iso) ? iso : null
}

export function pasteLines(text: string): Pasted {
  const result: Pasted = { lines: [], faults: [], extraColumns: false }
  const rows = cellsOf(text)
  const head = headOf(rows[0] ?? [])
  const columns = head ?? PLAIN
  const taken = new Set(Object.values(columns))
  rows.forEach((cells, i) => {
    if (cells.every((cell) => cell === '') || (i === 0 && (head || isHeading(cells)))) return
    const row = i + 1
    const cell = (field: Field): string => (columns[field] === undefined ? '' : (cells[columns[field]] ?? ''))
    const fault = (field: Field, kind: PasteFault) => result.faults.push({ row, column: (columns[field] ?? 0) + 1, kind, text: cell(field) })
    if (cells.some((of, at) => of !== '' && !taken.has(at))) result.extraColumns = true
    if (!cell('code')) {
      fault('code', 'codeMissing')
      return
    }
    const amount = evaluate(cell('quantity'))
    const unitPrice = evaluate(cell('price'))
    const day = dayOf(cell('expiresOn'))
    if (!cell('quantity')) fault('quantity', 'quantityMissing')
    else if (amount === null) fault('quantity', 'quantityBad')
    if (cell('price') && unitPrice === null) fault('price', 'priceBad')
    if (cell('expiresOn') && day === null) fault('expiresOn', 'dayBad')
    result.lines.push({
      row, column: (columns.quantity ?? 0) + 1, code: cell('code'), quantity: amount ?? '', price: unitPrice ?? '', lotNo: cell('lotNo').slice(0, 50), expiresOn: day ?? '',
      remark: cell('remark').slice(0, 500),
    })
  })
  return result
}
