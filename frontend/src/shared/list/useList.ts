import { computed, type ComputedRef, type MaybeRefOrGetter, ref, type Ref, shallowRef } from 'vue'
import type { Query } from '@/api/address'
import type { Problem } from '@/api/problem'
import { type Chip, chipsOf, without, type Words } from './chips'
import type { Column } from './columns'
import { type Filters, pageOf } from './routeFilters'
import { type ListSetup, useListSettings } from './useListSettings'
import { useRouteFilters } from './useRouteFilters'
import { useServerList } from './useServerList'
import { useWholeList } from './useWholeList'

export interface ListOptions<Row, F extends Filters> {
  /** Under which its columns and views are kept. */
  name: string
  topic: string
  path: MaybeRefOrGetter<string>
  /** With `page` and `pageSize`; all of it stands in the address. */
  defaults: F
  /** What of the filters is asked of the server; without it all. */
  query?: (filters: F) => Query
  /** The path gives all rows at once, not a page of them. */
  whole?: { keep?: (row: Row, filters: F) => boolean; again?: (rows: Row[]) => number | false }
  /** Of what the server gives, a row of the list. */
  shape?: (row: Row, index: number) => Row
  columns: () => Column<Row>[]
  words: (filters: F) => Words<F>
  open: (row: Row) => void
  edit?: (row: Row) => void
  create?: () => void
  /** What the keys are on is opened without more ado. */
  follows?: boolean
  /** Keys that are the page's own. */
  keys?: () => { press: string[]; text: string }[]
}

export interface ListModel<Row, F extends Filters = Filters> {
  name: string
  filters: ComputedRef<F>
  defaults: F
  change(patch: Partial<F>): void
  page: ComputedRef<number>
  pageSize: ComputedRef<number>
  /** What is asked, but for the page. */
  query: ComputedRef<Query>
  rows: ComputedRef<Row[]>
  total: ComputedRef<number>
  loading: ComputedRef<boolean>
  refreshing: ComputedRef<boolean>
  former: ComputedRef<boolean>
  problem: ComputedRef<Problem | null>
  reload: () => unknown
  setup: ListSetup<Row>
  chips: ComputedRef<Chip[]>
  drop: (name: string) => void
  clear: () => void
  open(row: Row): void
  edit?(row: Row): void
  create?: () => void
  follows?: boolean
  keys?: () => { press: string[]; text: string }[]
  /** The row on which the keys are. */
  cursor: Ref<number | null>
  /** Whether the keys are shown. */
  sheet: Ref<boolean>
}

/** A list of the server with all that lists have: filters in the address, chips, columns, keys. */
export function useList<Row, F extends Filters>(options: ListOptions<Row, F>): ListModel<Row, F> {
  const { filters, defaults, change } = useRouteFilters(options.defaults)
  const page = computed(() => pageOf(filters.value.page))
  const pageSize = computed(() => pageOf(filters.value.pageSize, pageOf(defaults.pageSize)))
  const query = computed<Query>(() => {
    const asked: Query = options.query?.(filters.value) ?? filters.value
    return Object.fromEntries(Object.entries(asked).filter(([name]) => name !== 'page' && name !== 'pageSize'))
  })
  const { topic, path, whole, shape } = options
  const at = () => ({ page: page.value, pageSize: pageSize.value })
  const list = whole
    ? useWholeList<Row>(topic, path, () => query.value, at, { again: whole.again, keep: (row) => whole.keep?.(row, filters.value) ?? true })
    : useServerList<Row>(topic, path, () => ({ ...query.value, ...at() }))
  const chips = computed(() => chipsOf(filters.value, defaults, options.words(filters.value)))

  return {
    ...options,
    ...list,
    rows: shape ? computed(() => list.rows.value.map(shape)) : list.rows,
    filters,
    defaults,
    change,
    page,
    pageSize,
    query,
    setup: useListSettings(options.name, computed(options.columns)),
    chips,
    drop: (name) => change(without(defaults, [name])),
    clear: () => change(without(defaults, chips.value.map(({ name }) => name))),
    cursor: shallowRef(null),
    sheet: ref(false),
  }
}
