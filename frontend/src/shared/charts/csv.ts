import type { ChartTable } from './chart'

/** A program for tables takes a text that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/
const FIGURE = /^[+-]?[\d,. ]+%?$/

function cell(text: string): string {
  const safe = FORMULA.test(text) && !FIGURE.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The table as a file: with the mark by which Excel knows UTF-8. */
export function csvOf({ head, rows }: ChartTable): string {
  return `\uFEFF${[head, ...rows.map(({ cells }) => cells)].map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`
}
