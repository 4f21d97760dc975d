/** One exchange with the server: headers, the envelope, and what went wrong as a Problem. */
import { addressOf, type Query } from './address'
import { Problem } from './problem'
import { serverLost } from './serverAway'

export interface Exchange {
  method: string
  path: string
  query?: Query
  body?: unknown
  form?: FormData
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

export function headersOf({ body, headers }: Exchange): Record<string, string> {
  return {
    Accept: 'application/json;numbers=text',
    'Accept-Language': language,
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  }
}

async function send(call: Exchange): Promise<Response> {
  const { method, path, query, body, form, signal } = call
  try {
    return await fetch(addressOf(path, query), {
      method,
      signal,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
      headers: headersOf(call),
    })
  } catch (fault) {
    if (signal?.aborted) throw fault
    serverLost()
    throw new Problem(0, {})
  }
}

interface Envelope<T> {
  success?: boolean
  code?: string
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

/** A proxy answers 502–504 when the server behind it is away: in words of its own, or as our nginx does. */
function fromProxy(status: number, envelope: Envelope<unknown> | null): boolean {
  return status >= 502 && status <= 504 && (envelope === null || envelope.code === 'service_away')
}

function refusal(status: number, envelope: Envelope<unknown> | null): Problem {
  if (fromProxy(status, envelope)) {
    serverLost()
    return new Problem(0, {})
  }
  return new Problem(status, envelope ?? {})
}

/** What this text answers, or the problem that it tells of. */
export function answerIn<T>(status: number, text: string): Answer<T> {
  const envelope = envelopeOf<T>(text)
  if (status < 200 || status > 299 || envelope?.success !== true) throw refusal(status, envelope)
  return { data: envelope.data as T, message: envelope.message ?? '' }
}

export async function exchange<T>(call: Exchange): Promise<Answer<T>> {
  const response = await send(call)
  return answerIn<T>(response.status, await response.text())
}

export interface FileAnswer {
  name: string
  blob: Blob
}

/** The name of a file as its answer gives it (RFC 6266): in UTF-8 before the plain one. */
export function fileNameOf(disposition: string | null): string {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '')?.[1]
  if (encoded) return decodeURIComponent(encoded)
  return /filename="?([^";]+)"?/i.exec(disposition ?? '')?.[1] ?? 'mms'
}

export async function exchangeFile(call: Exchange): Promise<FileAnswer> {
  const response = await send({ ...call, headers: { ...call.headers, Accept: '*/*' } })
  if (!response.ok) throw refusal(response.status, envelopeOf(await response.text()))
  return { name: fileNameOf(response.headers.get('Content-Disposition')), blob: await response.blob() }
}
