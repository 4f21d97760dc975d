import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { PAGE_SIZE } from './pageSizes'
import { changed, type Filters, readFilters, writeFilters } from './routeFilters'

export interface RouteFilters<F extends Filters> {
  filters: ComputedRef<F>
  defaults: F
  change: (patch: Partial<F>) => void
  reset: () => void
}

/** Filters that stand in the address where they are not the defaults. The default of `pageSize` is what the person prefers, whatever stands there. */
export function useRouteFilters<F extends Filters>(asked: F): RouteFilters<F> {
  const defaults = asked.pageSize === undefined ? asked : { ...asked, pageSize: PAGE_SIZE }
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
