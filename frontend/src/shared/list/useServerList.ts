import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef, type MaybeRefOrGetter, toValue } from 'vue'
import { get } from '@/api/client'
import type { Query } from '@/api/address'
import { isProblem, type Problem } from '@/api/problem'
import type { Page } from '@/api/types'

export interface ListSource<Row> {
  rows: ComputedRef<Row[]>
  total: ComputedRef<number>
  loading: ComputedRef<boolean>
  /** The rows are those of what was asked before. */
  former: ComputedRef<boolean>
  refreshing: ComputedRef<boolean>
  problem: ComputedRef<Problem | null>
  reload: () => unknown
}

/** A page of a list of the server; the rows before stay visible while the next ones come. */
export function useServerList<Row>(topic: string, path: MaybeRefOrGetter<string>, query: MaybeRefOrGetter<Query>): ListSource<Row> {
  const answer = useQuery({
    queryKey: computed(() => [topic, toValue(path), toValue(query)]),
    queryFn: ({ signal }) => get<Page<Row>>(toValue(path), toValue(query), signal),
    placeholderData: keepPreviousData,
  })
  return {
    rows: computed(() => answer.data.value?.list ?? []),
    total: computed(() => answer.data.value?.total ?? 0),
    loading: computed(() => answer.isPending.value),
    former: computed(() => answer.isPlaceholderData.value),
    refreshing: computed(() => answer.isFetching.value),
    problem: computed(() => (isProblem(answer.error.value) ? answer.error.value : null)),
    reload: () => answer.refetch(),
  }
}
