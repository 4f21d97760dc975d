import { ref, type Ref, shallowRef, type ShallowRef } from 'vue'
import { asProblem, type Problem } from '@/api/problem'

export interface Action<Args extends unknown[], Result> {
  /** Does the work, once at a time; undefined when it failed or is already under way. */
  run: (...args: Args) => Promise<Result | undefined>
  busy: Ref<boolean>
  problem: ShallowRef<Problem | null>
}

/** Something the user sets off: whether it is under way, and what went wrong. */
export function useAction<Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>): Action<Args, Result> {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)

  async function run(...args: Args): Promise<Result | undefined> {
    if (busy.value) return undefined
    busy.value = true
    problem.value = null
    try {
      return await work(...args)
    } catch (fault) {
      problem.value = asProblem(fault)
      return undefined
    } finally {
      busy.value = false
    }
  }

  return { run, busy, problem }
}
