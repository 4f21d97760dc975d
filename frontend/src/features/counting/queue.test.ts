import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drain, type Entry, type Outcome, type Present, settled, type Store } from './queue'

const entry = (n: number, itemId: number): Entry => ({
  id: String(n), seq: n, userId: 1, taskId: 1, itemId, materialName: '', actualStock: String(n), version: 1, countedAt: '', refusal: null,
})

function memory(entries: Entry[]): Store & { entries: Entry[] } {
  const store = {
    entries: [...entries],
    list: (userId: number) => Promise.resolve(store.entries.filter((one) => one.userId === userId).map((one) => ({ ...one }))),
    put: (next: Entry) => {
      store.entries = store.entries.map((one) => (one.id === next.id ? next : one))
      return Promise.resolve()
    },
    remove: ({ id }: Entry) => {
      store.entries = store.entries.filter((one) => one.id !== id)
      return Promise.resolve()
    },
  }
  return store
}

/** A server with lines of version 1, and a way to it that loses questions and answers. */
function service(faults: ('fine' | 'lost' | 'answerLost' | 'busy')[]) {
  const lines = new Map<number, Present>()
  const counted: Entry[] = []
  return {
    counted,
    send(one: Entry): Promise<Outcome> {
      const fault = faults.shift() ?? 'fine'
      if (fault === 'lost' || fault === 'busy') return Promise.resolve({ kind: 'later' })
      const present = lines.get(one.itemId) ?? { version: 1, actual_stock: null, counted_by: null }
      let outcome: Outcome = settled(one, present, (a, b) => a === b) ?? { kind: 'refused', message: 'another has counted' }
      if (one.version === present.version) {
        lines.set(one.itemId, { version: present.version + 1, actual_stock: one.actualStock, counted_by: one.userId })
        counted.push(one)
        outcome = { kind: 'done', version: present.version + 1 }
      }
      return Promise.resolve(fault === 'answerLost' ? { kind: 'later' } : outcome)
    },
  }
}

describe('the queue of counts', () => {
  it('has each counted once and in order, whatever is lost on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 12 }),
        fc.array(fc.constantFrom('fine' as const, 'lost' as const, 'answerLost' as const, 'busy' as const), { maxLength: 30 }),
        async (items, faults) => {
          const store = memory(items.map((itemId, i) => entry(i, itemId)))
          const server = service([...faults])
          for (let round = 0; round <= faults.length; round++) await drain(store, 1, server.send, () => undefined)
          expect(store.entries).toEqual([])
          expect(server.counted.map(({ id }) => id)).toEqual(items.map((_, i) => String(i)))
        },
      ),
    )
  })
  it('keeps what is refused, tells it, and goes on', async () => {
    const store = memory([{ ...entry(0, 1), version: 7 }, entry(1, 2)])
    await drain(store, 1, service([]).send, () => undefined)
    expect(store.entries.map(({ id, refusal }) => [id, refusal])).toEqual([['0', 'another has counted']])
  })
  it('sends nothing in the name of another', async () => {
    const store = memory([entry(0, 1), { ...entry(1, 2), userId: 2 }])
    const server = service([])
    await drain(store, 2, server.send, () => undefined)
    expect(server.counted.map(({ id }) => id)).toEqual(['1'])
    expect(store.entries.map(({ id }) => id)).toEqual(['0'])
  })
})
