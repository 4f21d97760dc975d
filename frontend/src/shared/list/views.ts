/** A view of a list: what it asks for, and the columns it shows, under a name that the server keeps. */
import { get, post, put, remove } from '@/api/client'
import type { Role } from '@/api/types'
import { type ColumnSettings, readSettings } from './listSettings'
import type { Filters } from './routeFilters'

export type Audience = 'nobody' | 'everybody' | Role
export const AUDIENCES: Audience[] = ['nobody', 'everybody', 'system_admin', 'inventory_manager', 'regular_user']

export interface View {
  id: number
  list: string
  name: string
  state: string
  shared_with: Audience
  owner_name: string
  mine: 0 | 1
  version: number
}

export interface ViewState {
  filters: Filters
  columns: ColumnSettings
}

export const listViews = (list: string, signal?: AbortSignal) => get<View[]>('/views', { list }, signal)
export const createView = (view: { list: string; name: string; state: string; sharedWith: Audience }) => post<View>('/views', view)
export const changeView = (id: number, change: { version: number; name?: string; state?: string; sharedWith?: Audience }) =>
  put<View>(`/views/${id}`, change)
export const removeView = (id: number) => remove(`/views/${id}`)

/** What belongs to a moment and not to a view. */
const PASSING = ['page']

export function columnsOf({ order, shown, widths, density }: ColumnSettings): ColumnSettings {
  return { order, shown, widths, density }
}

/** The filters that differ from the list's own, so that a view of an older program still means what it meant. */
export function writeState<F extends Filters>(filters: F, defaults: F, columns: ColumnSettings): string {
  const asked = Object.entries(filters).filter(([name, value]) => value !== defaults[name] && !PASSING.includes(name))
  return JSON.stringify({ filters: Object.fromEntries(asked.sort(([a], [b]) => (a < b ? -1 : 1))), columns: columnsOf(columns) })
}

/** Whatever is not as it should be is as if it had not been kept; a filter that the list does not have is left out. */
export function readState<F extends Filters>(text: string, defaults: F): { filters: F; columns: ColumnSettings } {
  let found: { filters?: unknown; columns?: unknown } = {}
  try {
    const parsed = JSON.parse(text) as unknown
    if (typeof parsed === 'object' && parsed !== null) found = parsed
  } catch {
    // A text of nobody: a view of everything.
  }
  const kept = typeof found.filters === 'object' && found.filters !== null ? (found.filters as Record<string, unknown>) : {}
  const filters = Object.fromEntries(
    Object.entries(defaults).map(([name, preset]) => {
      const value = Object.hasOwn(kept, name) && !PASSING.includes(name) ? kept[name] : preset
      return [name, typeof value === 'string' ? value : preset]
    }),
  ) as F
  return { filters, columns: columnsOf(readSettings(JSON.stringify(found.columns ?? {}))) }
}
