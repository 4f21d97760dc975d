import { computed, type ComputedRef, ref, type Ref, shallowRef, watch } from 'vue'
import type { ListModel } from './useList'

export interface Selection<Row> {
  /** The rows that were chosen, on whichever page, as they were then. */
  rows: ComputedRef<Row[]>
  ids: ComputedRef<number[]>
  /** All that the list finds. */
  every: Ref<boolean>
  count: ComputedRef<number>
  selectable: (row: Row) => boolean
  choose: (ids: number[]) => void
  toggle: (row: Row) => void
  clear: () => void
}

/** What is selected in a list: it stays from page to page, and is gone when something else is asked for. */
export function useSelection<Row extends { id: number }>(list: ListModel<Row>, may: (row: Row) => boolean): Selection<Row> {
  const chosen = shallowRef(new Map<number, Row>())
  const every = ref(false)

  /** Rows that are about to go are not those that somebody has asked for. */
  const selectable = (row: Row) => may(row) && !list.former.value

  function choose(ids: number[]) {
    const here = new Map(list.rows.value.map((row) => [row.id, row]))
    chosen.value = new Map(
      ids.flatMap((id) => {
        const row = chosen.value.get(id) ?? here.get(id)
        return row ? [[id, row] as const] : []
      }),
    )
  }
  function clear() {
    chosen.value = new Map()
    every.value = false
  }
  const ids = computed(() => [...chosen.value.keys()])
  // Another order shows the same rows; other filters do not.
  watch(() => JSON.stringify({ ...list.query.value, sort: '' }), clear)

  return {
    rows: computed(() => [...chosen.value.values()]),
    ids,
    every,
    count: computed(() => (every.value ? list.total.value : chosen.value.size)),
    selectable,
    choose,
    toggle: (row) => {
      if (!every.value && selectable(row)) choose(chosen.value.has(row.id) ? ids.value.filter((id) => id !== row.id) : [...ids.value, row.id])
    },
    clear,
  }
}
