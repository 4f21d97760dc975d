import { describe, expect, it } from 'vitest'
import type { CountItem } from '@/shared/counts'
import { isLeft, itemsAfter, linesOf, type Taken } from './lines'
import type { Entry } from './queue'

const ME = 1
const item = (id: number, more: Partial<CountItem> = {}) => ({ id, version: 1, actual_stock: null, wants_recount: 0, counted_by: null, is_found: 0, ...more }) as CountItem
const entry = (itemId: number, actualStock: string, more: Partial<Entry> = {}): Entry => ({
  id: `e${itemId}`, userId: ME, taskId: 1, itemId, materialName: '', actualStock, version: 1, countedAt: '', refusal: null, ...more,
})
const found = { line: item(0, { is_found: 1 }), locationId: null, remark: null }
const taken = (...all: Taken[]) => new Map(all.map((one) => [one.itemId, one]))
const shown = (items: CountItem[], entries: Entry[] = [], done = taken()) => linesOf(items, entries, done, ME).map(({ id, counted, waits }) => [id, counted, waits])

describe('the lines of a task on this device', () => {
  it('show what waits here over what the server has told', () => {
    expect(shown([item(1), item(2, { actual_stock: '5' as never }), item(3)], [entry(1, '7'), entry(2, '5', { undoes: 'x', before: null })])).toEqual([[1, '7', true], [2, null, true], [3, null, false]])
  })
  it('show what the server has said yes to until the task tells it, and no longer', () => {
    const done = taken({ itemId: 1, version: 2, entry: entry(1, '7') })
    expect(shown([item(1)], [], done)).toEqual([[1, '7', false]])
    expect(shown([item(1, { version: 3, actual_stock: '9' as never })], [], done)).toEqual([[1, '9', false]])
  })
  it('have what was found, from the moment when it is kept here, once', () => {
    expect(shown([], [entry(-5, '2', { found })])).toEqual([[-5, '2', true]])
    const done = taken({ itemId: 40, version: 2, entry: entry(-5, '2', { found }) })
    expect(shown([], [], done)).toEqual([[40, '2', false]])
    expect(shown([item(40, { version: 2, actual_stock: '2' as never, is_found: 1 })], [], done)).toEqual([[40, '2', false]])
  })
  it('have nothing of what was found and is taken back', () => {
    const there = item(40, { version: 2, actual_stock: '2' as never, is_found: 1 })
    const undo = entry(40, '2', { undoes: 'x', before: null })
    expect(shown([there], [undo])).toEqual([])
    expect(shown([there], [], taken({ itemId: 40, version: null, entry: undo }))).toEqual([])
  })
  it('leave a recount to another than who counted the last time', () => {
    const wanted = { wants_recount: 1 as const, actual_stock: '5' as never }
    const [mine, theirs] = linesOf([item(1, { ...wanted, counted_by: ME }), item(2, { ...wanted, counted_by: 9 })], [], taken(), ME)
    expect([mine, theirs].map((line) => line && isLeft(line))).toEqual([false, true])
  })
})

describe('the task that is kept', () => {
  it('follows what the server has said yes to', () => {
    const counted = itemsAfter([item(1), item(2)], { itemId: 1, version: 2, entry: entry(1, '7') })
    expect(counted.map(({ id, actual_stock, version, counted_by }) => [id, actual_stock, version, counted_by])).toEqual([[1, '7', 2, ME], [2, null, 1, null]])
    const undone = itemsAfter(counted, { itemId: 1, version: 3, entry: entry(1, '7', { undoes: 'x', before: null }) })
    expect(undone.map(({ actual_stock, version, counted_by }) => [actual_stock, version, counted_by])).toEqual([[null, 3, null], [null, 1, null]])
    expect(itemsAfter([item(1, { version: 4 })], { itemId: 1, version: 2, entry: entry(1, '7') })[0]?.version).toBe(4)
  })
  it('gets what was found, and loses it again', () => {
    const more = itemsAfter([item(1)], { itemId: 40, version: 2, entry: entry(-5, '2', { found }) })
    expect(more.map(({ id, actual_stock }) => [id, actual_stock])).toEqual([[1, null], [40, '2']])
    expect(itemsAfter(more, { itemId: 40, version: null, entry: entry(40, '2', { undoes: 'x' }) }).map(({ id }) => id)).toEqual([1])
    expect(itemsAfter([item(1)], { itemId: 1, version: null, entry: entry(1, '2', { undoes: 'x' }) }).map(({ id }) => id)).toEqual([1])
  })
})
