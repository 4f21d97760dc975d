import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { changed, type Filters, readFilters, writeFilters } from './routeFilters'

export interface RouteFilters<F extends Filters> {
  filters: ComputedRef<F>
  defaults: F
  change: (patch: Partial<F>) => void
  reset: () => void
}

export function useRouteFilters<F extends Filters>(defaults: F): RouteFilters<F> {
  const route = useRoute()
  const router = useRouter()
  const filters = computed(() => readFilters(route.query, defaults))

  function go(next: F): void {
    void router.push({ query: writeFilters(route.query, defaults, next) })
  }

  return {
    filters,
    defaults,
    change: (patch) => go(changed(filters.value, patch)),
    reset: () => go({ ...defaults }),
  }
}
