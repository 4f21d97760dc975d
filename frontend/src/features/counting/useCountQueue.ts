/** The queue of this person on this device: what waits, and the sending of it whenever the server is there. */
import { onScopeDispose, readonly, ref, shallowRef } from 'vue'
import { isProblem, type Problem } from '@/api/problem'
import { newKey } from '@/api/client'
import { onServerBack } from '@/api/serverAway'
import { me } from '@/api/session'
import type { CountItem } from '@/shared/counts'
import { countFound, countItem, withdrawCount } from './api'
import { drain, type Entry, type Outcome } from './queue'
import { rememberTaken, store } from './store'

const AGAIN_MS = 5000
const LOCK = 'mms.counts'

/** No word about this count: the server is away or busy, or wants to know first who is there. */
function passes({ isNetwork, status, code }: Problem): boolean {
  return isNetwork || status === 401 || status === 408 || status === 429 || status >= 500 || code === 'password_change_required'
}

async function deliver(entry: Entry): Promise<{ id: number; version: number | null }> {
  if (entry.undoes !== undefined) return (await withdrawCount(entry.taskId, entry.undoes)).data
  // The difference is that of the moment when it was counted, by how long ago that is: clocks may differ.
  const ageMs = Math.max(0, Date.now() - Date.parse(entry.countedAt))
  const body = { actualStock: entry.actualStock, countId: entry.id, ageMs }
  if (entry.itemId < 0 && entry.found) {
    const { line, locationId, remark } = entry.found
    const found = { ...body, materialId: line.material_id, ...(locationId === null ? {} : { locationId }), ...(remark === null ? {} : { remark }) }
    return (await countFound(entry.taskId, found)).data
  }
  return (await countItem(entry.taskId, entry.itemId, { ...body, ...(entry.version ? { version: entry.version } : {}) })).data
}

async function send(entry: Entry): Promise<Outcome> {
  try {
    const { id, version } = await deliver(entry)
    return { kind: 'done', itemId: id, version }
  } catch (fault) {
    if (!isProblem(fault)) throw fault
    if (passes(fault)) return { kind: 'later' }
    // It was taken back before, and the answer was lost; or it has never been there.
    if (entry.undoes !== undefined && fault.code === 'count_not_found') return { kind: 'done', itemId: entry.itemId, version: null }
    return { kind: 'refused', message: fault.message, present: fault.status === 409 ? (fault.present as CountItem) : undefined }
  }
}

/** One tab at a time; where the browser has no locks, the id of the count is what keeps it from counting twice. */
async function alone(work: () => Promise<void>): Promise<void> {
  const locks = navigator.locks as LockManager | undefined
  await (locks ? locks.request(LOCK, work) : work())
}

export type NewEntry = Pick<Entry, 'taskId' | 'itemId' | 'materialName' | 'unit' | 'actualStock' | 'before' | 'version' | 'found'>

export function useCountQueue(sent: (entry: Entry, outcome: Outcome) => void) {
  /** Of lines that this page has counted: newer than what it was told about them before. */
  const versions = new Map<number, number>()
  const entries = shallowRef<Entry[]>([])
  const sending = ref(false)
  /** The device does not keep it: told at once, since it would be lost. */
  const broken = ref(false)
  let again: ReturnType<typeof setTimeout> | undefined
  let over = false

  /** On their way into the device: who counts on does not wait for it. */
  const coming = new Set<Entry>()

  async function look(): Promise<void> {
    const kept = me.value ? await store.list(me.value.id) : []
    entries.value = [...kept, ...[...coming].filter(({ id }) => !kept.some((one) => one.id === id))]
  }

  async function flush(): Promise<void> {
    const userId = me.value?.id
    if (sending.value || userId === undefined) return
    clearTimeout(again)
    sending.value = true
    try {
      // Without a network nothing is tried: what has not left the device can be taken back here.
      if (navigator.onLine) {
        await alone(() => drain(store, userId, send, {
          taken: (entry, outcome) => rememberTaken({ entry, itemId: outcome.itemId, version: outcome.version }).catch(() => undefined),
          after(entry, outcome) {
            if (outcome.kind === 'done' && outcome.version !== null) versions.set(outcome.itemId, outcome.version)
            void look()
            sent(entry, outcome)
          },
        }))
      }
    } finally {
      sending.value = false
      await look()
    }
    if (!over && entries.value.some(({ refusal }) => refusal === null)) again = setTimeout(() => void flush(), AGAIN_MS)
  }

  async function put(entry: Entry): Promise<boolean> {
    coming.add(entry)
    entries.value = [...entries.value, entry]
    try {
      await store.add(entry)
    } catch {
      broken.value = true
      return false
    } finally {
      coming.delete(entry)
      await look()
    }
    void flush()
    return true
  }

  /** The entry, once the device has it; null when it has not. */
  async function add(count: NewEntry): Promise<Entry | null> {
    if (!me.value) return null
    const version = Math.max(count.version, versions.get(count.itemId) ?? 0)
    const entry: Entry = { ...count, version, id: newKey(), userId: me.value.id, refusal: null, countedAt: new Date().toISOString() }
    return (await put(entry)) ? entry : null
  }

  /** Takes back a count: here, if it has not left; else the server is told, in its turn. */
  async function undo(count: Entry): Promise<boolean> {
    const waits = (await store.list(count.userId)).find(({ id }) => id === count.id)
    if (waits && (waits.refusal !== null || (await store.takeBack(waits)))) {
      await store.remove(waits)
      await look()
      return true
    }
    const { taskId, userId, materialName, unit, actualStock, before } = count
    return put({
      taskId, userId, materialName, unit, actualStock, before, itemId: waits?.itemId ?? count.itemId, version: 0, undoes: count.id, id: newKey(), refusal: null,
      countedAt: new Date().toISOString(),
    })
  }

  /** Of two counts that contradict each other: this person's. It knows the other now. */
  async function insist(entry: Entry): Promise<void> {
    const { present } = entry
    if (!present) return
    await store.change(entry, { itemId: present.id, version: present.version, refusal: null, present: undefined })
    await look()
    void flush()
  }

  async function discard(entry: Entry): Promise<void> {
    await store.remove(entry)
    await look()
  }

  const stop = onServerBack(() => void flush())
  const online = () => void flush()
  window.addEventListener('online', online)
  onScopeDispose(() => {
    over = true
    clearTimeout(again)
    stop()
    window.removeEventListener('online', online)
  })
  void look().then(flush)
  return { entries, sending: readonly(sending), broken: readonly(broken), add, undo, insist, discard, flush }
}

export type CountQueue = ReturnType<typeof useCountQueue>
