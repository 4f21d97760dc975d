/** Rows copied from a spreadsheet (code, quantity, price) as lines. A pure function: the looking up comes after it. */
import { evaluate, narrow } from '@/shared/decimal/typed'

export interface PastedLine {
  /** The row in what was pasted, from 1. */
  row: number
  code: string
  quantity: string
  price: string
}

export type PasteFault = 'codeMissing' | 'quantityMissing' | 'quantityBad' | 'priceBad'

export interface Pasted {
  lines: PastedLine[]
  faults: { row: number; column: 1 | 2 | 3; kind: PasteFault; text: string }[]
  /** Columns after the third that hold something. */
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

/** A first row of words (编码, 数量, …) is a heading. */
function isHeading(cells: string[]): boolean {
  const [, quantity = '', price = ''] = cells
  return quantity !== '' && !/\d/.test(narrow(quantity)) && !/\d/.test(narrow(price))
}

/** Whether the clipboard holds a table; else it is text for the field. */
export function isTable(text: string): boolean {
  return /\t|\n./.test(text.replace(/\r/g, ''))
}

export function pasteLines(text: string): Pasted {
  const result: Pasted = { lines: [], faults: [], extraColumns: false }
  cellsOf(text).forEach((cells, i) => {
    const [code = '', quantity = '', price = '', ...extra] = cells
    if (cells.every((cell) => cell === '') || (i === 0 && isHeading(cells))) return
    const row = i + 1
    const fault = (column: 1 | 2 | 3, kind: PasteFault, of: string) => result.faults.push({ row, column, kind, text: of })
    if (extra.some((cell) => cell !== '')) result.extraColumns = true
    if (!code) {
      fault(1, 'codeMissing', '')
      return
    }
    const amount = evaluate(quantity)
    const unitPrice = evaluate(price)
    if (!quantity) fault(2, 'quantityMissing', '')
    else if (amount === null) fault(2, 'quantityBad', quantity)
    if (price && unitPrice === null) fault(3, 'priceBad', price)
    result.lines.push({ row, code, quantity: amount ?? '', price: unitPrice ?? '' })
  })
  return result
}
