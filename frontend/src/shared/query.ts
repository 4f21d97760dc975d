/** The cache of what the server has said: one for the page, asked again when something here has changed it. */
import { QueryClient, type QueryKey, VUE_QUERY_CLIENT } from '@tanstack/vue-query'
import { onScopeDispose, provide, watch } from 'vue'
import { isProblem } from '@/api/problem'
import { onServerBack } from '@/api/serverAway'
import { me } from '@/api/session'

const BUSY_TRIES = 2

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      refetchOnWindowFocus: true,
      networkMode: 'always',
      // A busy server is asked again; an answer that says no is an answer; an absent server is watched elsewhere.
      retry: (count, fault) => count < BUSY_TRIES && isProblem(fault) && fault.status === 503,
    },
  },
})

/** For the page behind the sign-in. */
export function provideQueries(): void {
  provide(VUE_QUERY_CLIENT, queries)
  queries.mount()
  const stop = onServerBack(() => void queries.invalidateQueries({ type: 'active' }))
  // What one person may see is not shown to the next.
  watch(
    () => me.value?.id,
    (id, before) => {
      if (id !== before) queries.clear()
    },
  )
  onScopeDispose(() => {
    stop()
    queries.unmount()
  })
}

/** What the server has just said to a change is newer than all answers that are still on their way. */
export async function nowKnown<Data>(queryKey: QueryKey, change: (before: Data | undefined) => Data | undefined): Promise<void> {
  await queries.cancelQueries({ queryKey, exact: true })
  queries.setQueryData<Data>(queryKey, change)
}

/** The stock, and with it all that shows it, has changed. */
export function stockChanged(): void {
  for (const topic of ['materials', 'documents']) void queries.invalidateQueries({ queryKey: [topic] })
}
