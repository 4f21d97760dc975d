/** One exchange with the server: headers, the envelope, and what went wrong as a Problem. */
import { Problem } from './problem'
import { serverLost } from './serverAway'

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Exchange {
  method: string
  path: string
  query?: Query
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

export interface Answer<T> {
  data: T
  message: string
}

let language = 'zh-CN'

export function setLanguage(next: string): void {
  language = next
}

export function addressOf(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `/api${path}?${text}` : `/api${path}`
}

async function send({ method, path, query, body, headers, signal }: Exchange): Promise<Response> {
  try {
    return await fetch(addressOf(path, query), {
      method,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: {
        Accept: 'application/json;numbers=text',
        'Accept-Language': language,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
    })
  } catch (fault) {
    if (signal?.aborted) throw fault
    serverLost()
    throw new Problem(0, {})
  }
}

/** A proxy answers 502–504 in its own words when the server behind it is away. */
function fromProxy(response: Response): boolean {
  return response.status >= 502 && response.status <= 504
}

interface Envelope<T> {
  success?: boolean
  message?: string
  data?: T
}

function envelopeOf<T>(text: string): Envelope<T> | null {
  try {
    const body = JSON.parse(text) as unknown
    return typeof body === 'object' && body !== null ? (body as Envelope<T>) : null
  } catch {
    return null
  }
}

export async function exchange<T>(call: Exchange): Promise<Answer<T>> {
  const response = await send(call)
  const envelope = envelopeOf<T>(await response.text())
  if (envelope === null) {
    if (fromProxy(response)) {
      serverLost()
      throw new Problem(0, {})
    }
    throw new Problem(response.status, {})
  }
  if (!response.ok || envelope.success !== true) throw new Problem(response.status, envelope)
  return { data: envelope.data as T, message: envelope.message ?? '' }
}
