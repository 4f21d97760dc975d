import { useQueries } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import type { Material } from '@/api/types'
import { queries } from '@/shared/query'
import { getMaterial } from './api'

const FRESH_MS = 5000

/** Known from a search a moment ago: it need not be asked for again. */
export function rememberMaterial(material: Material): void {
  queries.setQueryData(['materials', 'one', material.id], material)
}

/** These materials as they are now: asked again whenever something here or a message of the server says that stock has moved. */
export function useMaterials(ids: () => number[]): ComputedRef<Map<number, Material>> {
  const found = useQueries({
    queries: computed(() =>
      [...new Set(ids())].map((id) => ({
        queryKey: ['materials', 'one', id],
        queryFn: ({ signal }: { signal: AbortSignal }) => getMaterial(id, signal),
        staleTime: FRESH_MS,
        refetchOnWindowFocus: 'always' as const,
      })),
    ),
  })
  return computed(() => new Map(found.value.flatMap(({ data }) => (data ? [[data.id, data] as const] : []))))
}
