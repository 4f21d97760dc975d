import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CountItem } from '@/shared/counts'
import { drain, type Entry, type Outcome, type Store, waitingOf } from './queue'

const entry = (n: number, itemId: number, more: Partial<Entry> = {}): Entry => ({
  id: String(n), seq: n, userId: 1, taskId: 1, itemId, materialName: '', actualStock: String(n), version: 1, countedAt: '', refusal: null, ...more,
})
const FOUND = { line: {} as CountItem, locationId: null, remark: null }

function memory(entries: Entry[]): Store & { entries: Entry[] } {
  const store = {
    entries: [...entries],
    list: (userId: number) => Promise.resolve(store.entries.filter((one) => one.userId === userId).map((one) => ({ ...one }))),
    change: ({ id }: Entry, to: Partial<Entry>) => {
      const is = store.entries.some((one) => one.id === id)
      store.entries = store.entries.map((one) => (one.id === id ? { ...one, ...to } : one))
      return Promise.resolve(is)
    },
    remove: ({ id }: Entry) => {
      store.entries = store.entries.filter((one) => one.id !== id)
      return Promise.resolve()
    },
  }
  return store
}

/** A server with lines of version 1, and a way to it that loses questions and answers. What is found becomes line 100 and on. */
function service(faults: ('fine' | 'lost' | 'answerLost' | 'busy')[]) {
  const versions = new Map<number, number>()
  const known = new Map<string, Outcome>()
  const counted: Entry[] = []
  function take(one: Entry): Outcome {
    const itemId = one.itemId < 0 ? 100 - one.itemId : one.itemId
    const version = versions.get(itemId) ?? 1
    if (one.version !== version && one.itemId > 0) return { kind: 'refused', message: 'another has counted' }
    counted.push(one)
    versions.set(itemId, version + 1)
    return { kind: 'done', itemId, version: version + 1 }
  }
  return {
    counted,
    send(one: Entry): Promise<Outcome> {
      const fault = faults.shift() ?? 'fine'
      if (fault === 'lost' || fault === 'busy') return Promise.resolve({ kind: 'later' })
      const outcome = known.get(one.id) ?? take(one)
      if (outcome.kind === 'done') known.set(one.id, outcome)
      return Promise.resolve(fault === 'answerLost' ? { kind: 'later' } : outcome)
    },
  }
}
const nothing = { taken: () => Promise.resolve(), after: () => undefined }

describe('the queue of counts', () => {
  it('has each counted once and in order, whatever is lost on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 12 }),
        fc.array(fc.constantFrom('fine' as const, 'lost' as const, 'answerLost' as const, 'busy' as const), { maxLength: 30 }),
        async (items, faults) => {
          const store = memory(items.map((itemId, i) => entry(i, itemId)))
          const server = service([...faults])
          for (let round = 0; round <= faults.length; round++) await drain(store, 1, server.send, nothing)
          expect(store.entries).toEqual([])
          expect(server.counted.map(({ id }) => id)).toEqual(items.map((_, i) => String(i)))
        },
      ),
    )
  })
  it('gives what comes after a find the line that the server has made of it', async () => {
    const store = memory([entry(0, -7, { found: FOUND, version: 0 }), entry(1, 3), entry(2, -7, { version: 0 })])
    const server = service(['answerLost'])
    await drain(store, 1, server.send, nothing)
    await drain(store, 1, server.send, nothing)
    expect(store.entries).toEqual([])
    expect(server.counted.map(({ id, itemId, version }) => [id, itemId, version])).toEqual([['0', -7, 0], ['1', 3, 1], ['2', 107, 2]])
  })
  it('keeps what is refused, tells it, and goes on', async () => {
    const store = memory([{ ...entry(0, 1), version: 7 }, entry(1, 2)])
    await drain(store, 1, service([]).send, nothing)
    expect(store.entries.map(({ id, refusal }) => [id, refusal])).toEqual([['0', 'another has counted']])
  })
  it('sends nothing that was taken back while it was about to', async () => {
    const store = memory([entry(0, 1), entry(1, 2)])
    const list = store.list
    store.list = async (userId) => {
      const found = await list(userId)
      store.entries = store.entries.filter(({ id }) => id !== '0')
      return found
    }
    const server = service([])
    await drain(store, 1, server.send, nothing)
    expect(server.counted.map(({ id }) => id)).toEqual(['1'])
  })
  it('marks what it sends: from then on it may be with the server', async () => {
    const store = memory([entry(0, 1), entry(1, 2)])
    await drain(store, 1, service(['lost']).send, nothing)
    expect(store.entries.map(({ tried }) => tried ?? false)).toEqual([true, false])
  })
  it('sends nothing in the name of another', async () => {
    const store = memory([entry(0, 1), { ...entry(1, 2), userId: 2 }])
    const server = service([])
    await drain(store, 2, server.send, nothing)
    expect(server.counted.map(({ id }) => id)).toEqual(['1'])
    expect(store.entries.map(({ id }) => id)).toEqual(['0'])
  })
})

describe('what waits', () => {
  it('is the last count of a line, or what it was before that was taken back; what is refused does not count', () => {
    const waiting = waitingOf([entry(1, 1), entry(2, 1), entry(3, 2), entry(4, 2, { undoes: '3', before: '8' }), entry(5, 3, { refusal: 'no' })])
    expect([...waiting].map(([item, { actualStock }]) => [item, actualStock])).toEqual([[1, '2'], [2, '8']])
  })
})
