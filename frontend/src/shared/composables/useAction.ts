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

/** The same for deeds of which none may be lost: what is set off while another is under way is done after it. */
export function useActionInTurn<Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>): Action<Args, Result> {
  const busy = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0

  function run(...args: Args): Promise<Result | undefined> {
    // What has gone wrong stands until somebody begins anew, not until the next of those that wait.
    if (waiting === 0) problem.value = null
    waiting += 1
    busy.value = true
    const mine = turn.then(async () => {
      try {
        return await work(...args)
      } catch (fault) {
        problem.value = asProblem(fault)
        return undefined
      } finally {
        waiting -= 1
        busy.value = waiting > 0
      }
    })
    turn = mine
    return mine
  }

  return { run, busy, problem }
}
