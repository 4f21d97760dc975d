// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Me } from './types'

const user = { id: 1, username: 'keeper', permissions: ['material.read'], mustChangePassword: false } as unknown as Me
const reply = (status: number, body: object) => new Response(JSON.stringify(body), { status })
const tick = () => new Promise((resolve) => setTimeout(resolve, 0))

type Asked = { path: string; init: RequestInit; header: (name: string) => string | null }
let answer: (asked: Asked) => Response | Promise<Response>
let asked: Asked[]

async function load() {
  vi.resetModules()
  return { ...(await import('./client')), ...(await import('./session')), ...(await import('./serverAway')) }
}

beforeEach(() => {
  asked = []
  localStorage.setItem('mms.session', JSON.stringify({ accessToken: 'old', refreshToken: 'r1', user }))
  vi.stubGlobal('fetch', async (path: string, init: RequestInit = {}) => {
    const one = { path, init, header: (name: string) => new Headers(init.headers).get(name) }
    asked.push(one)
    return answer(one)
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  localStorage.clear()
})

const signedIn = ({ header }: Asked, token: string) => header('Authorization') === `Bearer ${token}`
const pathsTo = (end: string) => asked.filter(({ path }) => path.endsWith(end))

describe('the calls of the page', () => {
  it('ask for numbers as text and send the token', async () => {
    const { get } = await load()
    answer = () => reply(200, { success: true, data: { current_stock: '1.5' } })
    expect(await get('/materials/1', { empty: '', page: 2 })).toEqual({ current_stock: '1.5' })
    expect(asked[0]?.path).toBe('/api/materials/1?page=2')
    expect(asked[0]?.header('Accept')).toBe('application/json;numbers=text')
    expect(asked[0]?.header('Accept-Language')).toBe('zh-CN')
    expect(asked[0]?.header('Authorization')).toBe('Bearer old')
  })

  it('refresh once for all that wait', async () => {
    const { get } = await load()
    answer = async (one) => {
      await tick()
      if (one.path.endsWith('/auth/refresh')) return reply(200, { success: true, data: { accessToken: 'new', refreshToken: 'r2', expiresIn: 1 } })
      return signedIn(one, 'new') ? reply(200, { success: true, data: one.path }) : reply(401, { success: false, code: 'token_invalid' })
    }
    expect(await Promise.all([get('/a'), get('/b'), get('/c')])).toEqual(['/api/a', '/api/b', '/api/c'])
    expect(pathsTo('/auth/refresh')).toHaveLength(1)
    expect(JSON.parse(localStorage.getItem('mms.session') ?? '{}')).toMatchObject({ accessToken: 'new', refreshToken: 'r2' })
  })

  it('take the token another tab has fetched meanwhile', async () => {
    const { get } = await load()
    answer = (one) => (signedIn(one, 'theirs') ? reply(200, { success: true, data: 1 }) : reply(401, { success: false, code: 'token_invalid' }))
    localStorage.setItem('mms.session', JSON.stringify({ accessToken: 'theirs', refreshToken: 'r9', user }))
    expect(await get('/a')).toBe(1)
    expect(pathsTo('/auth/refresh')).toHaveLength(0)
  })

  it('take no token of another person who has signed in in another tab', async () => {
    const { get, sessionState } = await load()
    answer = () => reply(401, { success: false, code: 'token_invalid' })
    localStorage.setItem('mms.session', JSON.stringify({ accessToken: 'theirs', refreshToken: 'r9', user: { ...user, id: 2 } }))
    void get('/a')
    await vi.waitFor(() => expect(sessionState.expired).toBe(true))
    expect(asked.map(({ path, header }) => [path, header('Authorization')])).toEqual([['/api/a', 'Bearer old']])
  })

  it('wait for somebody to sign in when the session is over', async () => {
    const { get, signIn, sessionState } = await load()
    answer = (one) => {
      if (one.path.endsWith('/auth/login')) return reply(200, { success: true, data: { accessToken: 'fresh', refreshToken: 'r3', user } })
      return signedIn(one, 'fresh') ? reply(200, { success: true, data: 'kept' }) : reply(401, { success: false, code: 'token_invalid' })
    }
    const waiting = get('/a')
    await vi.waitFor(() => expect(sessionState.expired).toBe(true))
    await signIn('keeper', 'secret')
    expect(await waiting).toBe('kept')
    expect(sessionState.expired).toBe(false)
  })

  it('say what the server said', async () => {
    const { get } = await load()
    answer = () => reply(403, { success: false, code: 'permission_missing', message: '权限不足', permission: 'user.manage' })
    await expect(get('/users')).rejects.toMatchObject({ status: 403, message: '权限不足', permission: 'user.manage' })
  })

  it('send a keyed request again, as it was, when the server is back', async () => {
    const { post, server } = await load()
    vi.useFakeTimers()
    let away = true
    answer = (one) => {
      if (away) throw new TypeError('Failed to fetch')
      return one.path.endsWith('/health') ? reply(200, {}) : reply(201, { success: true, data: { id: 7 } })
    }
    const waiting = post('/inventory', { lines: [] }, { key: 'k1' })
    await vi.advanceTimersByTimeAsync(1500)
    expect(server.away).toBe(true)
    away = false
    await vi.advanceTimersByTimeAsync(3000)
    expect((await waiting).data).toEqual({ id: 7 })
    expect(server.away).toBe(false)
    expect(pathsTo('/inventory').map(({ header, init }) => [header('Idempotency-Key'), init.body])).toEqual([
      ['k1', '{"lines":[]}'],
      ['k1', '{"lines":[]}'],
    ])
  })

  it('send what belongs to the address of a post there', async () => {
    const { post } = await load()
    answer = () => reply(202, { success: true, data: { jobId: 3 } })
    await post('/export-jobs/materials', {}, { query: { category: 'metal', keyword: '', format: 'xlsx' } })
    expect(asked[0]?.path).toBe('/api/export-jobs/materials?category=metal&format=xlsx')
  })

  it('do not repeat what has no key', async () => {
    const { put } = await load()
    answer = () => Promise.reject(new TypeError('Failed to fetch'))
    await expect(put('/materials/1', {})).rejects.toMatchObject({ code: 'network' })
    expect(pathsTo('/materials/1')).toHaveLength(1)
  })
})
