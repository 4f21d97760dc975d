import { onScopeDispose, ref, type Ref, shallowRef, type ShallowRef, watch } from 'vue'
import { isProblem, type Problem } from '@/api/problem'
import { onServerBack } from '@/api/serverAway'

export interface PrintData<Data> {
  data: ShallowRef<Data | null>
  problem: ShallowRef<Problem | null>
  progress: Ref<{ done: number; total: number }>
}

/** What is to be printed, all of it, with how far it has got; asked for anew when `what` changes or the server is back. */
export function usePrintData<What, Data>(
  what: () => What,
  load: (what: What, signal: AbortSignal, told: (done: number, total: number) => void) => Promise<Data>,
): PrintData<Data> {
  const data = shallowRef<Data | null>(null)
  const problem = shallowRef<Problem | null>(null)
  const progress = ref({ done: 0, total: 0 })
  let asking = new AbortController()

  async function ask(): Promise<void> {
    asking.abort()
    asking = new AbortController()
    const { signal } = asking
    data.value = null
    problem.value = null
    progress.value = { done: 0, total: 0 }
    try {
      const found = await load(what(), signal, (done, total) => (progress.value = { done, total }))
      if (!signal.aborted) data.value = found
    } catch (fault) {
      if (signal.aborted) return
      if (!isProblem(fault)) throw fault
      problem.value = fault
    }
  }
  watch(() => JSON.stringify(what()), ask, { immediate: true })
  const stop = onServerBack(() => problem.value && void ask())
  onScopeDispose(() => {
    stop()
    asking.abort()
  })
  return { data, problem, progress }
}
