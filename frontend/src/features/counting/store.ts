/** Counts that wait and the tasks they are for, on this device: IndexedDB, so that a closed page loses nothing. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { CountItem, CountTask } from '@/shared/counts'
import { itemsAfter, type Taken } from './lines'
import type { Entry, Store } from './queue'

interface Schema extends DBSchema {
  entries: { key: number; value: Entry }
  tasks: { key: string; value: { key: string; task: CountTask } }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('mms-counting', 1, {
    upgrade(db) {
      db.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true })
      db.createObjectStore('tasks', { keyPath: 'key' })
    },
  })
  return opened
}

/** In one step, so that no other tab or hand can come between looking and changing. */
async function within(seq: number | undefined, work: (entry: Entry) => Entry | null): Promise<boolean> {
  if (seq === undefined) return false
  const tx = (await database()).transaction('entries', 'readwrite')
  const entry = await tx.store.get(seq)
  if (entry) {
    const next = work(entry)
    if (next === null) await tx.store.delete(seq)
    else await tx.store.put(next)
  }
  await tx.done
  return entry !== undefined
}

export const store: Store & { add: (entry: Entry) => Promise<void>; takeBack: (entry: Entry) => Promise<boolean> } = {
  add: async (entry) => void (await (await database()).add('entries', entry)),
  list: async (userId) => (await (await database()).getAll('entries')).filter((entry) => entry.userId === userId),
  change: ({ seq }, to) => within(seq, (entry) => ({ ...entry, ...to })),
  remove: async ({ seq }) => void (await within(seq, () => null)),
  /** True: it never left this device, and is gone. */
  async takeBack({ seq }) {
    let gone = false
    await within(seq, (entry) => {
      gone = !entry.tried
      return gone ? null : entry
    })
    return gone
  },
}

const keyOf = (userId: number, taskId: number) => `${userId}/${taskId}`

export async function rememberTask(userId: number, task: CountTask): Promise<void> {
  await (await database()).put('tasks', { key: keyOf(userId, task.id), task })
}

/** What the server has said yes to. */
export async function rememberTaken(taken: Taken): Promise<void> {
  const { userId, taskId } = taken.entry
  const tx = (await database()).transaction('tasks', 'readwrite')
  const kept = await tx.store.get(keyOf(userId, taskId))
  if (kept) await tx.store.put({ ...kept, task: { ...kept.task, items: itemsAfter(kept.task.items, taken) } })
  await tx.done
}

/** What a line has that was kept before there was such a thing. */
const USUAL: Pick<CountItem, 'unit_decimals' | 'location_id' | 'location_code' | 'location_name' | 'location_name_en' | 'storage_place' | 'is_found'> = {
  unit_decimals: 6, location_id: null, location_code: null, location_name: null, location_name_en: null, storage_place: null, is_found: 0,
}

export async function rememberedTask(userId: number, taskId: number): Promise<CountTask | null> {
  const kept = await (await database()).get('tasks', keyOf(userId, taskId))
  return kept ? { ...kept.task, items: kept.task.items.map((item) => ({ ...USUAL, ...item })) } : null
}
