/** The queue of this person on this device: what waits, and the sending of it whenever the server is there. */
import { onScopeDispose, readonly, ref, shallowReactive, shallowRef } from 'vue'
import { isProblem, type Problem } from '@/api/problem'
import { newKey } from '@/api/client'
import { onServerBack } from '@/api/serverAway'
import { me } from '@/api/session'
import { compare, dec } from '@/shared/decimal/decimal'
import { countItem } from './api'
import { drain, type Entry, type Outcome, type Present, settled } from './queue'
import { store } from './store'

const AGAIN_MS = 5000
const LOCK = 'mms.counts'

function same(a: string, b: string): boolean {
  const [one, other] = [dec(a), dec(b)]
  return one !== null && other !== null && compare(one, other) === 0
}

/** No word about this count: the server is away or busy, or wants to know first who is there. */
function passes({ isNetwork, status, code }: Problem): boolean {
  return isNetwork || status === 401 || status === 408 || status === 429 || status >= 500 || code === 'password_change_required'
}

async function send(entry: Entry): Promise<Outcome> {
  try {
    // The difference is that of the moment when it was counted, by how long ago that is: clocks may differ.
    const ageMs = Math.max(0, Date.now() - Date.parse(entry.countedAt))
    const { data } = await countItem(entry.taskId, entry.itemId, { actualStock: entry.actualStock, version: entry.version, ageMs })
    return { kind: 'done', version: data.version }
  } catch (fault) {
    if (!isProblem(fault)) throw fault
    if (passes(fault)) return { kind: 'later' }
    const present = fault.status === 409 ? (fault.present as Present | null) : null
    return (present && settled(entry, present, same)) ?? { kind: 'refused', message: fault.message }
  }
}

/** One tab at a time; where the browser has no locks, the version of the line is what keeps a count from counting twice. */
async function alone(work: () => Promise<void>): Promise<void> {
  const locks = navigator.locks as LockManager | undefined
  await (locks ? locks.request(LOCK, work) : work())
}

export function useCountQueue(sent: () => void) {
  /** Lines that this page has counted, as the server then had them: newer than what it was told about them before. */
  const done = shallowReactive(new Map<number, { version: number; actualStock: string }>())
  const entries = shallowRef<Entry[]>([])
  const sending = ref(false)
  /** The device does not keep it: told at once, since it would be lost. */
  const broken = ref(false)
  let again: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function look(): Promise<void> {
    entries.value = me.value ? await store.list(me.value.id) : []
  }

  async function flush(): Promise<void> {
    const userId = me.value?.id
    if (sending.value || userId === undefined) return
    clearTimeout(again)
    sending.value = true
    try {
      await alone(() => drain(store, userId, send, (entry, outcome) => {
        if (outcome.kind === 'done') done.set(entry.itemId, { version: outcome.version, actualStock: entry.actualStock })
        void look()
        sent()
      }))
    } finally {
      sending.value = false
      await look()
    }
    if (!over && entries.value.some(({ refusal }) => refusal === null)) again = setTimeout(() => void flush(), AGAIN_MS)
  }

  async function add(entry: Omit<Entry, 'id' | 'userId' | 'refusal' | 'countedAt'>): Promise<boolean> {
    if (!me.value) return false
    const version = Math.max(entry.version, done.get(entry.itemId)?.version ?? 0)
    const made: Entry = { ...entry, version, id: newKey(), userId: me.value.id, refusal: null, countedAt: new Date().toISOString() }
    // Who counts on does not wait for the device.
    entries.value = [...entries.value, made]
    try {
      await store.put(made)
    } catch {
      broken.value = true
      entries.value = entries.value.filter((one) => one !== made)
      return false
    }
    await look()
    void flush()
    return true
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
  return { entries, done, sending: readonly(sending), broken: readonly(broken), add, discard, flush }
}
