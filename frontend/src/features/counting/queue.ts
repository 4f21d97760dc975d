/**
 * What was counted and is not yet known to the server. Entries are sent in the order in which they were made, one at a time, and
 * leave the store only when the server has said yes. Each names the version of its line that was seen when it was counted; so
 * however often it arrives, it counts once: the second time its line has another version, and holds what the entry says.
 */
export interface Entry {
  /** 32 hexadecimal digits, made here. */
  id: string
  /** Given by the store, growing. */
  seq?: number
  userId: number
  taskId: number
  itemId: number
  materialName: string
  actualStock: string
  /** The item's version that whoever counted has seen: a count by somebody else meanwhile is not overwritten. */
  version: number
  countedAt: string
  /** Why the server will not have it, in its words; null while it waits. */
  refusal: string | null
}

export interface Store {
  /** In the order in which they were added. */
  list: (userId: number) => Promise<Entry[]>
  put: (entry: Entry) => Promise<void>
  remove: (entry: Entry) => Promise<void>
}

export type Outcome = { kind: 'done'; version: number } | { kind: 'refused'; message: string } | { kind: 'later' }
export type Send = (entry: Entry) => Promise<Outcome>

/** The line as the server has it when it refuses a count for its version. */
export interface Present {
  version: number
  actual_stock: string | null
  counted_by: number | null
}

/** This very count, whose answer was lost; or somebody else's, which is not overwritten. */
export function settled(entry: Entry, present: Present, same: (a: string, b: string) => boolean): Outcome | null {
  const ours = present.counted_by === entry.userId && present.actual_stock !== null && same(present.actual_stock, entry.actualStock)
  return ours && present.version > entry.version ? { kind: 'done', version: present.version } : null
}

/** Sends what waits, until all of it is gone or refused, or the server is not there. Only one may be under way at a time. */
export async function drain(store: Store, userId: number, send: Send, told: (entry: Entry, outcome: Outcome) => void): Promise<void> {
  for (;;) {
    const entry = (await store.list(userId)).find(({ refusal }) => refusal === null)
    if (!entry) return
    const outcome = await send(entry)
    if (outcome.kind === 'later') return
    if (outcome.kind === 'refused') {
      await store.put({ ...entry, refusal: outcome.message })
    } else {
      // Later counts of the same line were made by somebody who knew of this one. First they are told, then it goes.
      for (const next of await store.list(userId)) {
        if (next.itemId === entry.itemId && next.id !== entry.id) await store.put({ ...next, version: outcome.version })
      }
      await store.remove(entry)
    }
    told(entry, outcome)
  }
}
