/** The calls of the page: with the token, renewed when it has run out, and patient while the server is away. */
import { type Answer, exchange, exchangeFile, type Exchange, type FileAnswer } from './http'
import { isProblem } from './problem'
import { serverBack } from './serverAway'
import { accessToken, me, refresh, sessionState, signedInAgain, updateMe } from './session'
import type { Me } from './types'

/** Sent twice, the server answers the second as the first: so it may be sent again after a lost answer. */
const IDEMPOTENCY = 'Idempotency-Key'

/** The first call with a new session waits for nobody; the sign-in form belongs to the same person, or the page is left. */
export async function authorized<R>(call: Exchange, exchanged: (call: Exchange) => Promise<R>): Promise<R> {
  const token = accessToken()
  if (token === null && sessionState.expired) await signedInAgain()
  const used = accessToken() ?? ''
  try {
    return await exchanged({ ...call, headers: { ...call.headers, Authorization: `Bearer ${used}` } })
  } catch (fault) {
    if (!isProblem(fault)) throw fault
    if (fault.code === 'password_change_required' && me.value) updateMe({ ...me.value, mustChangePassword: true })
    if (fault.status !== 401) throw fault
    if (!(await refresh(used)) && !(await signedInAgain())) throw fault
    return exchanged({ ...call, headers: { ...call.headers, Authorization: `Bearer ${accessToken() ?? ''}` } })
  }
}

export async function call<T>(request: Exchange): Promise<Answer<T>> {
  for (;;) {
    try {
      return await authorized(request, exchange<T>)
    } catch (fault) {
      const again = isProblem(fault) && fault.isNetwork && request.headers?.[IDEMPOTENCY] !== undefined
      if (!again) throw fault
      await serverBack(request.signal)
    }
  }
}

export async function get<T>(path: string, query?: Exchange['query'], signal?: AbortSignal): Promise<T> {
  return (await call<T>({ method: 'GET', path, query, signal })).data
}

export interface PostOptions {
  key?: string
  signal?: AbortSignal
  query?: Exchange['query']
}

export function post<T>(path: string, body: unknown = {}, { key, signal, query }: PostOptions = {}): Promise<Answer<T>> {
  return call<T>({ method: 'POST', path, query, body, signal, headers: { [IDEMPOTENCY]: key ?? newKey() } })
}

export function put<T>(path: string, body: unknown): Promise<Answer<T>> {
  return call<T>({ method: 'PUT', path, body })
}

export function remove(path: string): Promise<Answer<undefined>> {
  return call({ method: 'DELETE', path })
}

/** A form with files in it. */
export function postForm<T>(path: string, form: FormData, signal?: AbortSignal): Promise<Answer<T>> {
  return call<T>({ method: 'POST', path, form, signal })
}

/** A file of the service, as the browser keeps what it downloads. */
export async function download(path: string, query?: Exchange['query'], method = 'GET'): Promise<void> {
  const { name, blob } = await authorized<FileAnswer>({ method, path, query }, exchangeFile)
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

/** 128 random bits. (crypto.randomUUID exists only on pages that came over https.) */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export async function loadMe(): Promise<void> {
  updateMe(await get<Me>('/auth/me'))
}
