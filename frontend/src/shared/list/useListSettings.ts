import { computed, type ComputedRef, shallowRef } from 'vue'
import { usePreference } from '@/shared/preferences'
import type { Column } from './columns'
import { density, type Density } from './density'
import { arrange, type ColumnSettings, type ListSettings, readSettings, writeSettings } from './listSettings'

export interface ListSetup<Row> {
  settings: ComputedRef<ListSettings>
  /** All that the list could show, and what it shows. */
  all: ComputedRef<Column<Row>[]>
  columns: ComputedRef<Column<Row>[]>
  /** How dense its rows are, by its own choice or by that for all lists. */
  density: ComputedRef<Density>
  change: (patch: Partial<ListSettings>) => void
  reset: () => void
  /** The columns of a view stand before one's own for as long as it is open. */
  lend: (columns: ColumnSettings | null) => void
}

/** The columns of a list as somebody has set them up, kept by the server. */
export function useListSettings<Row>(name: string, all: ComputedRef<Column<Row>[]>): ListSetup<Row> {
  const kept = usePreference(`list.${name}`)
  const lent = shallowRef<ColumnSettings | null>(null)
  const own = computed(() => readSettings(kept.value.value))
  const settings = computed<ListSettings>(() => (lent.value ? { ...own.value, ...lent.value } : own.value))

  function change(patch: Partial<ListSettings>) {
    const { unfolded, ...columns } = { ...settings.value, ...patch }
    if (lent.value) lent.value = columns
    kept.set(writeSettings(lent.value ? { ...own.value, unfolded } : { ...columns, unfolded }))
  }

  return {
    settings,
    all,
    columns: computed(() => arrange(all.value, settings.value)),
    density: computed(() => settings.value.density || density.value),
    change,
    reset: () => change({ ...readSettings(undefined), unfolded: settings.value.unfolded }),
    lend: (columns) => (lent.value = columns),
  }
}
