import { watch } from 'vue'
import { useShortcuts } from '@/shared/composables/useShortcuts'
import type { ListModel } from './useList'

interface Hands<Row> {
  /** Puts the focus on a row. */
  focus: (id: number) => void
  /** Takes a row into the selection, or out of it. */
  select?: (row: Row) => void
}

/** The keys of a list: its rows one by one, over the ends of its pages, and what is done with the one they are on. */
export function useListKeys<Row extends { id: number }>(list: ListModel<Row>, hands: Hands<Row>): void {
  /** Which row the keys go to when the next page is there. */
  let edge: 'first' | 'last' | null = null
  const last = () => Math.max(1, Math.ceil(list.total.value / list.pageSize.value))

  function go(row: Row | undefined) {
    if (!row) return
    list.cursor.value = row.id
    hands.focus(row.id)
    if (list.follows) list.open(row)
  }
  function step(by: 1 | -1) {
    const rows = list.rows.value
    const at = rows.findIndex(({ id }) => id === list.cursor.value)
    if (at < 0) return go(rows[0])
    const next = rows[at + by]
    if (next) return go(next)
    // One page at a time: the next is still on its way.
    if (edge && list.refreshing.value) return
    const page = list.page.value + by
    if (page < 1 || page > last()) return
    edge = by > 0 ? 'first' : 'last'
    list.change({ page: String(page) })
  }
  watch(list.rows, (rows) => {
    if (edge) go(edge === 'first' ? rows[0] : rows.at(-1))
    edge = null
  })

  const here = (act: ((row: Row) => void) | undefined) => () => {
    const row = list.rows.value.find(({ id }) => id === list.cursor.value)
    if (row) act?.(row)
  }
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    e: here((row) => list.edit?.(row)),
    x: here(hands.select),
    n: () => list.create?.(),
    '/': () => document.querySelector<HTMLElement>('[role="search"] input')?.focus(),
    '?': () => (list.sheet.value = true),
  })
}
