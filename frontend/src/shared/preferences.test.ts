// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref } from 'vue'

const person = ref<{ id: number } | null>(null)
const server = { rows: new Map<string, string>(), refuses: false, away: false }
const back: (() => void)[] = []

vi.mock('@/api/session', () => ({ me: person }))
vi.mock('@/api/serverAway', () => ({ onServerBack: (listener: () => void) => back.push(listener) }))
vi.mock('@/api/client', () => {
  const answer = async <T>(work: () => T) => {
    if (server.away) throw new Error('away')
    return work()
  }
  const refusing = <T>(work: () => T) => answer(() => {
    if (server.refuses) throw new Error('no')
    return work()
  })
  const keyOf = (path: string) => path.replace('/profile/preferences/', '')
  return {
    get: () => answer(() => [...server.rows].map(([key, value]) => ({ key, value }))),
    put: (path: string, { value }: { value: string }) => refusing(() => server.rows.set(keyOf(path), value)),
    remove: (path: string) => refusing(() => server.rows.delete(keyOf(path))),
  }
})

/** The page, opened anew. */
async function opened() {
  vi.resetModules()
  const { usePreference } = await import('./preferences')
  const preference = usePreference('list.x')
  await vi.advanceTimersByTimeAsync(0)
  await nextTick()
  return preference
}
const quiet = () => vi.advanceTimersByTimeAsync(5000)

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  server.rows.clear()
  server.refuses = server.away = false
  person.value = { id: 7 }
})

describe('a preference', () => {
  it('is there at once, goes to the server when one has come to rest, and is there elsewhere', async () => {
    const here = await opened()
    here.set('a')
    here.set('b')
    expect([here.value.value, server.rows.get('list.x')]).toEqual(['b', undefined])
    await quiet()
    expect(server.rows.get('list.x')).toBe('b')
    localStorage.clear()
    expect((await opened()).value.value).toBe('b')
  })
  it('goes when it is as if it had never been set', async () => {
    server.rows.set('list.x', 'a')
    const here = await opened()
    here.set(undefined)
    await quiet()
    expect([here.value.value, server.rows.size]).toEqual([undefined, 0])
  })
  it('stays on this device while the server says no, and reaches it the next time', async () => {
    server.rows.set('list.x', 'old')
    server.refuses = true
    const here = await opened()
    here.set('new')
    await quiet()
    expect((await opened()).value.value).toBe('new')
    server.refuses = false
    await opened()
    await quiet()
    expect(server.rows.get('list.x')).toBe('new')
  })
  it('is sent when a server that was away is back', async () => {
    const here = await opened()
    server.away = true
    here.set('new')
    await quiet()
    expect(server.rows.size).toBe(0)
    server.away = false
    back.at(-1)?.()
    await quiet()
    expect(server.rows.get('list.x')).toBe('new')
  })
  it('is nobody else\'s', async () => {
    const here = await opened()
    here.set('mine')
    await quiet()
    server.rows.clear()
    person.value = { id: 8 }
    expect((await opened()).value.value).toBeUndefined()
  })
})
