/**
 * Keeps the shell and the counting page on the device, so that they open without a network. Made by offline.ts: BUILD is
 * { version, files, shell: { path, sha256 } }. Only files of the page are kept, never an answer of the service.
 *
 * A page asks the network first and gets the newest build; what is kept is for when there is none. Files under /assets/ never
 * change, so the kept one is as good. The build before stays too: a page of it may still be open.
 */
/* global BUILD */
const PREFIX = 'mms-page-'
const CACHE = PREFIX + BUILD.version
const PATIENCE_MS = 4000

async function fetched(path) {
  const answer = await fetch(path, { cache: path === BUILD.shell.path ? 'reload' : 'default' })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return answer
}

/** The shell names the files of its build: one of another build, put in place a moment ago, would name what is not kept. */
async function isOfThisBuild(shell) {
  const digest = await crypto.subtle.digest('SHA-256', await shell.clone().arrayBuffer())
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('') === BUILD.shell.sha256
}

async function keepAll() {
  const cache = await caches.open(CACHE)
  await Promise.all(
    BUILD.files.map(async (path) => {
      const kept = path.startsWith('/assets/') ? await caches.match(path, { ignoreVary: true }) : undefined
      const answer = kept ?? (await fetched(path))
      if (path === BUILD.shell.path && !(await isOfThisBuild(answer))) throw new Error('there is another build by now')
      await cache.put(path, answer)
    }),
  )
  await self.skipWaiting()
}

async function dropOld() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)))
  await self.clients.claim()
}

const late = () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), PATIENCE_MS))

async function page(request) {
  const asked = fetch(request)
  asked.catch(() => undefined)
  try {
    const answer = await Promise.race([asked, late()])
    // A proxy answers so when the service behind it is away.
    if (answer.status < 502 || answer.status > 504) return answer
  } catch {
    // No network, or as good as none.
  }
  const shell = await (await caches.open(CACHE)).match(BUILD.shell.path, { ignoreVary: true })
  return shell ?? asked
}

async function asset(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request)
}

self.addEventListener('install', (event) => event.waitUntil(keepAll()))
self.addEventListener('activate', (event) => event.waitUntil(dropOld()))
self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin) return
  if (/^\/(?:api|uploads)(?:\/|$)/.test(pathname)) return
  if (pathname.startsWith('/assets/') || pathname === '/icon.svg') event.respondWith(asset(request))
  else if (request.mode === 'navigate' && !/\.[^/]*$/.test(pathname)) event.respondWith(page(request))
})
