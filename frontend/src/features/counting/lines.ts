/** The lines of a task as this device knows them: what the server has told, and over it what was counted here since. */
import type { CountItem } from '@/shared/counts'
import { type Dec, dec } from '@/shared/decimal/decimal'
import { type Entry, waitingOf } from './queue'

export interface Line extends CountItem {
  /** What it was counted as; null: it is to be counted. */
  counted: Dec | null
  /** Not with the server yet. */
  waits: boolean
  /** A recount that another person has to make. */
  blocked: boolean
}

/** What the server has said yes to, and has not told in the task yet. */
export interface Taken {
  itemId: number
  version: number | null
  entry: Entry
}

const shownBy = (entry: Entry): Dec | null => (entry.undoes === undefined ? dec(entry.actualStock) : dec(entry.before ?? ''))

export function linesOf(items: CountItem[], entries: Entry[], taken: Map<number, Taken>, userId: number): Line[] {
  const waiting = waitingOf(entries)
  const known = new Set(items.map(({ id }) => id))

  function lineOf(item: CountItem): Line {
    const wait = waiting.get(item.id), was = taken.get(item.id)
    const blocked = item.wants_recount === 1 && item.counted_by === userId
    const line = { ...item, waits: wait !== undefined, blocked }
    if (wait) return { ...line, blocked: false, counted: dec(wait.actualStock ?? '') }
    if (was && was.version !== null && was.version > item.version) return { ...line, blocked: false, version: was.version, counted: shownBy(was.entry), counted_by: userId }
    if (was?.version === null && item.is_found) return { ...line, counted: null }
    return { ...line, counted: item.wants_recount ? null : item.actual_stock }
  }

  /** What was found is gone when it is taken back. */
  const stays = (line: Line) => !(line.is_found && line.counted === null && (line.waits || taken.has(line.id)))
  const found = [...waiting].flatMap(([id, { by }]) => (by.found && id < 0 ? [{ ...by.found.line, id }] : []))
  const made = [...taken.values()].flatMap(({ itemId, version, entry }) => (entry.found && version !== null && !known.has(itemId) ? [{ ...entry.found.line, id: itemId, version: 0 }] : []))
  return [...items, ...made, ...found].map(lineOf).filter(stays)
}

export const isLeft = (line: Line): boolean => line.counted === null && !line.blocked

/** The items of the task with what the server has said yes to, gone, changed, or one more: until it tells the task anew, which may be long without a network. */
export function itemsAfter(items: CountItem[], { entry, itemId, version }: Taken): CountItem[] {
  const there = items.find(({ id }) => id === itemId)
  const line = there ?? entry.found?.line
  if (!line) return items
  if (version === null) return line.is_found ? items.filter((item) => item !== there) : items
  if (there && there.version >= version) return items
  const actual_stock = shownBy(entry)
  const after: CountItem = { ...line, id: itemId, version, actual_stock, wants_recount: 0, counted_by: actual_stock === null ? null : entry.userId, counted_by_name: null }
  return there ? items.map((item) => (item === there ? after : item)) : [...items, after]
}
