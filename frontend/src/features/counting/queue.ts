/**
 * What was counted and is not yet known to the server. Entries are sent in the order in which they were made, one at a time, and
 * leave the store only when the server has said yes. Each has an id of its own, by which the server knows it however often it
 * arrives: it counts once.
 */
import type { CountItem } from '@/shared/counts'

/** What was found and is on no list: the server makes a line of it. */
export interface Found {
  /** As it looks until then. */
  line: CountItem
  /** Named where it is counted place by place. */
  locationId: number | null
  remark: string | null
}

export interface Entry {
  /** 32 hexadecimal digits, made here. */
  id: string
  /** Given by the store, growing. */
  seq?: number
  userId: number
  taskId: number
  /** Less than 0: found here, and not known to the server yet. */
  itemId: number
  materialName: string
  unit?: string
  actualStock: string
  /** What the item showed before: that is what it shows again when this is taken back. */
  before?: string | null
  /** The item's version that whoever counted has seen: a count by somebody else meanwhile is not overwritten. 0: whichever. */
  version: number
  countedAt: string
  found?: Found
  /** The id of the count that this one takes back. */
  undoes?: string
  /** May have reached the server: taking it back is a deed of its own. */
  tried?: boolean
  /** Why the server will not have it, in its words; null while it waits. */
  refusal: string | null
  /** The line as somebody else has counted it. */
  present?: CountItem
}

export interface Store {
  /** In the order in which they were added. */
  list: (userId: number) => Promise<Entry[]>
  /** Changes it if it is still there; false when it is not. */
  change: (entry: Entry, to: Partial<Entry>) => Promise<boolean>
  remove: (entry: Entry) => Promise<void>
}

/** done: with the item and its version after it, null where there is no item any more. */
export type Outcome = { kind: 'done'; itemId: number; version: number | null } | { kind: 'refused'; message: string; present?: CountItem } | { kind: 'later' }
export type Send = (entry: Entry) => Promise<Outcome>

type Done = Extract<Outcome, { kind: 'done' }>
export interface Told {
  /** What the server has said yes to is noted before it goes from here: a page that is closed in between does not forget it. */
  taken: (entry: Entry, outcome: Done) => Promise<void>
  after: (entry: Entry, outcome: Outcome) => void
}

/** Sends what waits, until all of it is gone or refused, or the server is not there. Only one may be under way at a time. */
export async function drain(store: Store, userId: number, send: Send, told: Told): Promise<void> {
  for (;;) {
    const entry = (await store.list(userId)).find(({ refusal }) => refusal === null)
    if (!entry) return
    // Taken back in this very moment: then there is nothing to send.
    if (!(await store.change(entry, { tried: true }))) continue
    const outcome = await send(entry)
    if (outcome.kind === 'later') return
    if (outcome.kind === 'refused') {
      await store.change(entry, { refusal: outcome.message, present: outcome.present })
    } else {
      // Later counts of the same line were made by somebody who knew of this one. First they are told, then it goes.
      for (const next of await store.list(userId)) {
        if (next.itemId === entry.itemId && next.id !== entry.id) await store.change(next, { itemId: outcome.itemId, version: outcome.version ?? next.version })
      }
      await told.taken(entry, outcome)
      await store.remove(entry)
    }
    told.after(entry, outcome)
  }
}

/** What this device knows of an item beyond the server: its last count, or what it was before that was taken back. */
export interface Waiting {
  actualStock: string | null
  by: Entry
}

export function waitingOf(entries: Entry[]): Map<number, Waiting> {
  const found = new Map<number, Waiting>()
  for (const entry of entries) {
    if (entry.refusal !== null) continue
    if (entry.undoes === undefined) found.set(entry.itemId, { actualStock: entry.actualStock, by: entry })
    else found.set(entry.itemId, { actualStock: entry.before ?? null, by: entry })
  }
  return found
}
