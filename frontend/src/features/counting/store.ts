/** Counts that wait and the tasks they are for, on this device: IndexedDB, so that a closed page loses nothing. */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { CountTask } from '@/shared/counts'
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

export const store: Store = {
  list: async (userId) => (await (await database()).getAll('entries')).filter((entry) => entry.userId === userId),
  put: async (entry) => void (await (await database()).put('entries', entry)),
  remove: async ({ seq }) => {
    if (seq !== undefined) await (await database()).delete('entries', seq)
  },
}

const keyOf = (userId: number, taskId: number) => `${userId}/${taskId}`

export async function rememberTask(userId: number, task: CountTask): Promise<void> {
  await (await database()).put('tasks', { key: keyOf(userId, task.id), task })
}

export async function rememberedTask(userId: number, taskId: number): Promise<CountTask | null> {
  return (await (await database()).get('tasks', keyOf(userId, taskId)))?.task ?? null
}
