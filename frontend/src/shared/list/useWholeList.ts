import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { get } from '@/api/client'
import type { Query } from '@/api/address'
import { isProblem } from '@/api/problem'
import { pageIn } from './pages'
import type { ListSource } from './useServerList'

export interface Whole<Row> {
  /** Which of the rows are asked for. */
  keep?: (row: Row) => boolean
  /** In how many milliseconds it is looked at again; for rows that change by themselves. */
  again?: (rows: Row[]) => number | false
}

/** What the server gives at once, a hundred rows at most: it is filtered and turned into pages here. */
export function useWholeList<Row>(topic: string, path: MaybeRefOrGetter<string>, query: () => Query, at: () => { page: number; pageSize: number }, whole: Whole<Row>): ListSource<Row> {
  const answer = useQuery({
    queryKey: computed(() => [topic, toValue(path), query()]),
    queryFn: ({ signal }) => get<Row[]>(toValue(path), query(), signal),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data && whole.again?.(state.data)) || false,
  })
  const kept = computed(() => (answer.data.value ?? []).filter((row) => whole.keep?.(row) ?? true))
  return {
    rows: computed(() => pageIn(kept.value, at().page, at().pageSize)),
    total: computed(() => kept.value.length),
    loading: computed(() => answer.isPending.value),
    former: computed(() => answer.isPlaceholderData.value),
    refreshing: computed(() => answer.isFetching.value),
    problem: computed(() => (isProblem(answer.error.value) ? answer.error.value : null)),
    reload: () => answer.refetch(),
  }
}
