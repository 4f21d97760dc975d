/** A task on the spot: as the server tells it and keeps telling it, or as this device remembers it. */
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { asProblem, isProblem } from '@/api/problem'
import { me } from '@/api/session'
import { type CountTask, getTask, isByLocation } from '@/shared/counts'
import { isLeft, linesOf, type Taken } from './lines'
import { keyOfPlace, type Place, placesOf } from './places'
import type { Entry, Outcome } from './queue'
import { rememberedTask, rememberTask } from './store'
import { useCountQueue } from './useCountQueue'

export function usePhoneTask(taskId: number, told: (entry: Entry, outcome: Outcome) => void) {
  const { locale } = useI18n()
  const cache = useQueryClient()
  const userId = me.value?.id ?? 0
  const offline = ref(false)
  const taken = shallowRef(new Map<number, Taken>())

  async function load(signal: AbortSignal): Promise<CountTask> {
    try {
      const now = await getTask(taskId, signal)
      offline.value = false
      await rememberTask(userId, now).catch(() => undefined)
      return now
    } catch (fault) {
      if (signal.aborted || !asProblem(fault).isNetwork) throw fault
      offline.value = true
      const kept = await rememberedTask(userId, taskId).catch(() => null)
      if (!kept) throw fault
      return kept
    }
  }
  const { data: task, error } = useQuery({ queryKey: ['counting', 'task', taskId], queryFn: ({ signal }) => load(signal) })
  const problem = computed(() => (isProblem(error.value) && !task.value ? error.value : null))

  const queue = useCountQueue((entry, outcome) => {
    if (outcome.kind === 'done') taken.value = new Map(taken.value).set(outcome.itemId, { itemId: outcome.itemId, version: outcome.version, entry })
    told(entry, outcome)
  })
  // Once for all that was sent in one go; what was taken shows meanwhile.
  watch(queue.sending, (is) => {
    if (!is) void cache.invalidateQueries({ queryKey: ['counting'] })
  })

  const entries = computed(() => queue.entries.value.filter((entry) => entry.taskId === taskId))
  const lines = computed(() => linesOf(task.value?.items ?? [], entries.value, taken.value, userId))
  const byLocation = computed(() => task.value?.by_place === 1 || isByLocation(task.value?.items ?? []))
  const places = computed<(Place & { done: number })[]>(() => {
    const counted = new Map<string, number>()
    for (const line of lines.value) {
      const key = keyOfPlace(line, byLocation.value)
      if (!isLeft(line)) counted.set(key, (counted.get(key) ?? 0) + 1)
    }
    return placesOf(lines.value, byLocation.value, locale.value === 'en').map((place) => ({ ...place, done: counted.get(place.key) ?? 0 }))
  })
  return { task, problem, offline, queue, entries, lines, places, byLocation, userId }
}

export type PhoneTask = ReturnType<typeof usePhoneTask>
