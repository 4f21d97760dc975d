import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, shallowRef } from 'vue'
import { get, put, remove } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { type Arrangement, readArrangement, USUAL } from './modules'

interface Preference {
  key: string
  value: string
}

const PATH = '/profile/preferences'
const KEY = 'overview'
const CACHED = ['preferences']

/** How one has arranged the overview. A change shows at once; when the server does not keep it, what it has comes back. */
export function useArrangement() {
  const queries = useQueryClient()
  const problem = shallowRef<Problem | null>(null)
  const { data, isPending } = useQuery({ queryKey: CACHED, queryFn: ({ signal }) => get<Preference[]>(PATH, {}, signal) })
  /** What the server has not said yes to yet. */
  const changed = shallowRef<Arrangement | null>(null)
  const arrangement = computed(() => changed.value ?? readArrangement(data.value?.find(({ key }) => key === KEY)?.value))

  // One after the other: what is kept last is what was changed last.
  let last: Promise<unknown> = Promise.resolve()

  async function change(next: Arrangement, work: () => Promise<unknown>): Promise<void> {
    problem.value = null
    changed.value = next
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    try {
      await mine
    } catch (fault) {
      problem.value = asProblem(fault)
    }
    await queries.invalidateQueries({ queryKey: CACHED })
    if (changed.value === next) changed.value = null
  }

  return {
    arrangement,
    isPending,
    problem,
    keep: (next: Arrangement) => change(next, () => put(`${PATH}/${KEY}`, { value: JSON.stringify(next) })),
    reset: () => change(USUAL, () => remove(`${PATH}/${KEY}`)),
  }
}
