/** What the server tells makes old what the page has asked before. */
import { onScopeDispose, watch } from 'vue'
import type { Told } from '@/api/events'
import { can, me } from '@/api/session'
import { queries } from '@/shared/query'
import { topicsOf } from './liveTopics'

/** A first answer that is still on its way may be from before; asked again it would only be waited for (vue-query joins such a request). */
async function makeOld(topic: string): Promise<void> {
  await queries.cancelQueries({ queryKey: [topic], predicate: ({ state }) => state.data === undefined })
  await queries.invalidateQueries({ queryKey: [topic] })
}

function hear(told: Told): void {
  for (const topic of topicsOf(told)) void makeOld(topic)
}

/** From sign-in to sign-out. */
export function followEvents(): void {
  let stop: (() => void) | undefined
  let wanted = 0
  const end = () => {
    wanted += 1
    stop?.()
    stop = undefined
  }
  watch(
    () => (me.value && can('notification.read') ? me.value.id : null),
    async (id) => {
      end()
      if (id === null) return
      const mine = wanted
      // Nothing that the first page waits for.
      const { listen } = await import('@/api/events')
      if (mine === wanted) stop = listen(id, hear)
    },
    { immediate: true },
  )
  onScopeDispose(end)
}
