/** How somebody has set up a list: which columns, in which order, how wide; how dense its rows are; whether all filters show. */
import { wholeNumber } from '@/shared/wholeNumber'
import type { Column } from './columns'
import { DENSITIES, type Density } from './density'

export interface ColumnSettings {
  /** Keys in the order in which they stand; what is missing keeps its place of the program. */
  order: string[]
  /** By key, where it differs from the program: shown or not. */
  shown: Record<string, boolean>
  /** By key, in CSS pixels. */
  widths: Record<string, number>
  /** Empty: as its reader has all lists. */
  density: Density | ''
}
export interface ListSettings extends ColumnSettings {
  unfolded: boolean
}

export const NARROWEST = 48
export const WIDEST = 800
const NOTHING = (): ListSettings => ({ order: [], shown: {}, widths: {}, density: '', unfolded: false })

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const only = <T>(value: unknown, is: (one: unknown) => one is T): Record<string, T> =>
  isObject(value) ? (Object.fromEntries(Object.entries(value).filter(([, one]) => is(one))) as Record<string, T>) : {}

export function within(width: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)))
}

/** An older page kept only that a list was compact. */
function densityIn(found: Record<string, unknown>): ListSettings['density'] {
  return DENSITIES.find((one) => one === found.density) ?? (found.compact === true ? 'compact' : '')
}

/** From what is kept; whatever is not as it should be is as if it had not been set. */
export function readSettings(text: string | undefined): ListSettings {
  let found: unknown
  try {
    found = JSON.parse(text ?? '{}')
  } catch {
    found = {}
  }
  if (!isObject(found)) return NOTHING()
  const widths = only(found.widths, (one): one is number => typeof one === 'number' && Number.isFinite(one))
  return {
    order: Array.isArray(found.order) ? found.order.filter((one): one is string => typeof one === 'string') : [],
    shown: only(found.shown, (one): one is boolean => typeof one === 'boolean'),
    widths: Object.fromEntries(Object.entries(widths).map(([key, width]) => [key, within(width)])),
    density: densityIn(found),
    unfolded: found.unfolded === true,
  }
}

/** undefined when all is as by default, so that nothing needs to be kept. */
export function writeSettings(settings: ListSettings): string | undefined {
  const text = JSON.stringify(settings)
  return text === JSON.stringify(NOTHING()) ? undefined : text
}

/** All columns in the order of the settings: one that the settings do not know stays behind the one it follows. */
export function inOrder<Row>(columns: Column<Row>[], order: string[]): Column<Row>[] {
  const known = [...new Set(order)].flatMap((key) => columns.find((column) => column.key === key) ?? [])
  columns.forEach((column, i) => {
    if (known.includes(column)) return
    const before = columns[i - 1]
    known.splice(before ? known.indexOf(before) + 1 : 0, 0, column)
  })
  return known
}

export function isShown<Row>(column: Column<Row>, settings: ColumnSettings): boolean {
  return settings.shown[column.key] ?? !column.extra
}

/** What the table shows: at least one column, as wide as was wanted. */
export function arrange<Row>(columns: Column<Row>[], settings: ColumnSettings): Column<Row>[] {
  const all = inOrder(columns, settings.order)
  const shown = all.filter((column) => isShown(column, settings))
  return (shown.length ? shown : all.slice(0, 1)).map((column) => {
    const width = settings.widths[column.key]
    // Who asks for a column wants it on a smaller screen as well.
    const wide = column.wide && settings.shown[column.key] !== true
    return { ...column, wide, width: width === undefined ? column.width : `${width}px` }
  })
}

/** One place up (-1) or down (1). */
export function moved(keys: string[], key: string, by: 1 | -1): string[] {
  const at = keys.indexOf(key)
  const to = at + by
  if (at < 0 || to < 0 || to >= keys.length) return keys
  const next = [...keys]
  next.splice(at, 1)
  next.splice(to, 0, key)
  return next
}

export function pixels(width: string | undefined): number | null {
  return wholeNumber(width?.replace(/px$/, ''))
}
