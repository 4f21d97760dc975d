import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { filesOf } from './offline'

const code = readFileSync(join(process.cwd(), 'build/sw.js'), 'utf8')
const HTML = '<title>MMS</title>'
const ORIGIN = 'https://mms.test'
const shell = { path: '/index.html', sha256: createHash('sha256').update(HTML).digest('hex') }

/** What a browser is to the worker: kept files by cache, and a network that the test makes. */
function device() {
  const kept = new Map<string, Map<string, Response>>()
  const pathOf = (asked: Request | string) => (typeof asked === 'string' ? asked : new URL(asked.url).pathname)
  const cacheOf = (files: Map<string, Response>) => ({
    match: (asked: Request | string) => Promise.resolve(files.get(pathOf(asked))?.clone()),
    put: (path: string, answer: Response) => Promise.resolve(void files.set(path, answer)),
  })
  const caches = {
    open: (name: string) => {
      if (!kept.has(name)) kept.set(name, new Map())
      return Promise.resolve(cacheOf(kept.get(name) as Map<string, Response>))
    },
    keys: () => Promise.resolve([...kept.keys()]),
    delete: (name: string) => Promise.resolve(kept.delete(name)),
    match: (asked: Request | string) => Promise.resolve([...kept.values()].map((files) => files.get(pathOf(asked))).find(Boolean)?.clone()),
  }
  return { kept, caches }
}
type Device = ReturnType<typeof device>
type Event = { waitUntil: (work: Promise<unknown>) => void; respondWith?: (answer: Promise<Response>) => void; request?: Request }

function worker({ caches }: Device, network: (path: string) => Promise<Response>, build: { version: string; files: string[]; shell: typeof shell }) {
  const listeners = new Map<string, (event: Event) => void>()
  const self = {
    addEventListener: (name: string, listener: (event: Event) => void) => listeners.set(name, listener),
    skipWaiting: vi.fn(() => Promise.resolve()), clients: { claim: vi.fn(() => Promise.resolve()) }, location: { origin: ORIGIN },
  }
  const fetch = (asked: Request | string) => network(typeof asked === 'string' ? asked : new URL(asked.url).pathname)
  new Function('self', 'caches', 'fetch', 'BUILD', code)(self, caches, fetch, build)
  const run = async (name: string) => {
    let work: Promise<unknown> = Promise.resolve()
    listeners.get(name)?.({ waitUntil: (begun) => (work = begun) })
    await work
  }
  return {
    self, install: () => run('install'), activate: () => run('activate'),
    /** Undefined: it is left to the browser. */
    ask(path: string, { mode = 'cors', method = 'GET', origin = ORIGIN } = {}) {
      let answer: Promise<Response> | undefined
      const request = { url: origin + path, method, mode } as Request
      listeners.get('fetch')?.({ request, waitUntil: () => undefined, respondWith: (given) => (answer = given) })
      return answer
    },
  }
}

const FILES: Record<string, string> = { '/index.html': HTML, '/assets/a-1.js': 'a', '/assets/b-1.js': 'b' }
const there = (path: string) => Promise.resolve(path in FILES ? new Response(FILES[path]) : new Response('', { status: 404 }))
const away = () => Promise.reject(new TypeError('no network'))
const BUILD = { version: '1', files: Object.keys(FILES), shell }
const text = async (answer: Promise<Response> | undefined) => (await answer)?.text()

afterEach(() => vi.useRealTimers())

describe('what is kept', () => {
  it('is the files of the build, and the worker waits for nobody', async () => {
    const own = device()
    const made = worker(own, there, BUILD)
    await made.install()
    expect([...(own.kept.get('mms-page-1')?.keys() ?? [])].sort()).toEqual([...BUILD.files].sort())
    expect(made.self.skipWaiting).toHaveBeenCalled()
  })
  it('is not half a build, nor the shell of another', async () => {
    const half = worker(device(), there, { ...BUILD, files: [...BUILD.files, '/assets/gone-1.js'] })
    await expect(half.install()).rejects.toThrow('/assets/gone-1.js: 404')
    expect(half.self.skipWaiting).not.toHaveBeenCalled()
    const newer = worker(device(), (path) => (path === '/index.html' ? Promise.resolve(new Response('<title>newer</title>')) : there(path)), BUILD)
    await expect(newer.install()).rejects.toThrow('another build')
  })
  it('is taken over from the build before, which stays; older ones go, and what is not ours is left alone', async () => {
    const own = device()
    const asked: string[] = []
    const noting = (path: string) => {
      asked.push(path)
      return there(path)
    }
    for (const version of ['1', '2', '3']) {
      const made = worker(own, noting, { ...BUILD, version })
      await made.install()
      await made.activate()
    }
    await own.caches.open('others')
    const last = worker(own, noting, { ...BUILD, version: '4' })
    await last.install()
    await last.activate()
    expect([...own.kept.keys()].sort()).toEqual(['mms-page-3', 'mms-page-4', 'others'])
    expect(asked.filter((path) => path === '/assets/a-1.js')).toHaveLength(1)
    expect(asked.filter((path) => path === '/index.html')).toHaveLength(4)
  })
})

describe('a page', () => {
  async function kept(network: (path: string) => Promise<Response>) {
    const own = device()
    await worker(own, there, BUILD).install()
    return worker(own, network, BUILD)
  }
  it('comes from the network when there is one', async () => {
    const made = await kept(() => Promise.resolve(new Response('newest')))
    expect(await text(made.ask('/counting/7/count', { mode: 'navigate' }))).toBe('newest')
  })
  it('is the kept one without a network, behind a proxy whose service is away, and when the network does not answer', async () => {
    for (const network of [away, () => Promise.resolve(new Response('bad gateway', { status: 502 }))]) {
      const made = await kept(network)
      expect(await text(made.ask('/counting/7/count', { mode: 'navigate' }))).toBe(HTML)
      expect(await text(made.ask('/assets/a-1.js'))).toBe('a')
    }
    const slow = await kept(() => new Promise(() => undefined))
    vi.useFakeTimers()
    const answer = text(slow.ask('/counting/7/count', { mode: 'navigate' }))
    await vi.advanceTimersByTimeAsync(4000)
    expect(await answer).toBe(HTML)
  })
  it('fails as ever where nothing is kept', async () => {
    await expect(worker(device(), away, BUILD).ask('/counting', { mode: 'navigate' })).rejects.toThrow('no network')
  })
  it('is all that it answers: no call of the service, no file of it, nothing elsewhere', async () => {
    const made = await kept(away)
    expect(made.ask('/api/stocktaking/7')).toBeUndefined()
    expect(made.ask('/api/docs', { mode: 'navigate' })).toBeUndefined()
    expect(made.ask('/uploads/a.png')).toBeUndefined()
    expect(made.ask('/sw.js')).toBeUndefined()
    expect(made.ask('/counting', { mode: 'navigate', method: 'POST' })).toBeUndefined()
    expect(made.ask('/assets/a-1.js', { origin: 'https://elsewhere.test' })).toBeUndefined()
    await expect(made.ask('/assets/not-kept-1.js')).rejects.toThrow('no network')
  })
})

describe('the files of a page', () => {
  const manifest = {
    'page.vue': { file: 'assets/page.js', css: ['assets/page.css'], imports: ['_shared.js'] },
    '_shared.js': { file: 'assets/shared.js', imports: ['page.vue'], assets: ['assets/picture.png'] },
    'other.vue': { file: 'assets/other.js' },
  }
  it('are its own and those of all that it imports', () => {
    expect(filesOf(manifest, ['page.vue'])).toEqual(['/assets/page.css', '/assets/page.js', '/assets/picture.png', '/assets/shared.js'])
  })
  it('have to be there', () => {
    expect(() => filesOf(manifest, ['gone.vue'])).toThrow('gone.vue')
  })
})
