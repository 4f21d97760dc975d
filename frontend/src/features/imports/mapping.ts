/** Which column stands for which field. */
import type { Field, Import } from './api'

/** Needed, and no column stands for it. */
export function missingFields(fields: Field[], mapping: string[]): Field[] {
  return fields.filter(({ name, needed }) => needed && !mapping.includes(name))
}

/** A field for a column; a column that had it before has none then. */
export function withField(mapping: string[], column: number, field: string): string[] {
  return mapping.map((present, i) => (i === column ? field : field && present === field ? '' : present))
}

export const sameList = (one: string[], other: string[]) => one.length === other.length && one.every((text, i) => text === other[i])

/** What was chosen for the file before holds for a mended one with the same heads in the same row. */
export function sameHead(one: Import['form'], other: Import['form']): boolean {
  return one.headRow === other.headRow && sameList(one.columns.map(({ head }) => head), other.columns.map(({ head }) => head))
}

/** In the order of the columns, `Z2` before `AA2`; what has no cell last. */
export function byCell({ cell: one }: { cell: string | null }, { cell: other }: { cell: string | null }): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0)
}
