/**
 * Who is signed in, on this device.
 *
 * The tokens are kept in localStorage: the server sets no cookies (so there is nothing that another site's page could make
 * the browser send), the page's policy allows no script but our own files and no inline script, and no text of the server is
 * ever put into the page as markup. All tabs share the session, and a sign-out in one ends it in all.
 */
import { computed, reactive, readonly } from 'vue'
import { exchange } from './http'
import type { Me, Permission, Tokens } from './types'

interface Session {
  accessToken: string
  refreshToken: string
  user: Me
}

const KEY = 'mms.session'
const LOCK = 'mms.refresh'

function read(): Session | null {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Session | null
    return stored?.accessToken && stored.user ? stored : null
  } catch {
    return null
  }
}

const state = reactive<{ session: Session | null; expired: boolean }>({ session: read(), expired: false })
const waiting = new Set<(signedIn: boolean) => void>()

export const sessionState = readonly(state)
export const me = computed(() => state.session?.user ?? null)

export function can(permission: Permission): boolean {
  return state.session?.user.permissions.includes(permission) ?? false
}

function keep(session: Session | null): void {
  state.session = session
  if (session) localStorage.setItem(KEY, JSON.stringify(session))
  else localStorage.removeItem(KEY)
}

function settle(signedIn: boolean): void {
  state.expired = false
  for (const go of waiting) go(signedIn)
  waiting.clear()
}

export function accessToken(): string | null {
  return state.session?.accessToken ?? null
}

export async function signIn(username: string, password: string): Promise<Me> {
  const { data } = await exchange<Tokens & { user: Me }>({ method: 'POST', path: '/auth/login', body: { username, password } })
  const before = state.session?.user.id
  keep({ accessToken: data.accessToken, refreshToken: data.refreshToken, user: data.user })
  // What waits was asked by the one before: it is not sent in the name of another, who gets a page of his own.
  if (!state.expired || before === data.user.id) settle(true)
  return data.user
}

export async function signOut(): Promise<void> {
  const token = accessToken()
  keep(null)
  settle(false)
  if (!token) return
  try {
    await exchange({ method: 'POST', path: '/auth/logout', headers: { Authorization: `Bearer ${token}` } })
  } catch {
    // Signed out here whatever the server says; its session ends by itself.
  }
}

export function updateMe(user: Me): void {
  if (state.session) keep({ ...state.session, user })
}

/** The session is over: the sign-in form comes up over the page. Resolves when somebody has signed in (or left). */
export function signedInAgain(): Promise<boolean> {
  state.expired = true
  return new Promise((resolve) => waiting.add(resolve))
}

async function renew(failed: string): Promise<boolean> {
  // Another tab may have done it while this one waited for the lock.
  const stored = read()
  // And another person may have signed in there: what this tab asks is not asked in his name; the tab is about to start anew.
  if (stored?.user.id !== state.session?.user.id) return false
  if (stored && stored.accessToken !== failed) {
    state.session = stored
    return true
  }
  if (!stored) return false
  try {
    const { data } = await exchange<Tokens>({ method: 'POST', path: '/auth/refresh', body: { refreshToken: stored.refreshToken } })
    keep({ ...stored, accessToken: data.accessToken, refreshToken: data.refreshToken })
    return true
  } catch (fault) {
    if (fault instanceof Error && 'status' in fault && (fault.status === 401 || fault.status === 400)) return false
    throw fault
  }
}

let renewal: Promise<boolean> | null = null

/** One refresh at a time: for all calls of this tab by the promise, for all tabs by the lock. */
export function refresh(failed: string): Promise<boolean> {
  if (renewal) return renewal
  const alone = async () => {
    // Locks exist only where the page came over https or from localhost; elsewhere the server bears two tabs at once.
    const locks = navigator.locks as LockManager | undefined
    return locks ? locks.request(LOCK, () => renew(failed)) : renew(failed)
  }
  const begun = alone().finally(() => {
    renewal = null
  })
  renewal = begun
  return begun
}

if (typeof window !== 'undefined') {
  window.addEventListener('storage', (event) => {
    if (event.key !== KEY) return
    const before = state.session?.user.id
    state.session = read()
    if (state.session && (before === undefined || state.session.user.id === before)) settle(true)
    else if (before !== undefined) window.location.reload()
  })
}
