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

async function send({ method, path, query, body, form, headers, signal }: Exchange): Promise<Response> {
  try {
    return await fetch(addressOf(path, query), {
      method,
      signal,
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
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

function refusal(response: Response, envelope: Envelope<unknown> | null): Problem {
  if (envelope === null && fromProxy(response)) {
    serverLost()
    return new Problem(0, {})
  }
  return new Problem(response.status, envelope ?? {})
}

export async function exchange<T>(call: Exchange): Promise<Answer<T>> {
  const response = await send(call)
  const envelope = envelopeOf<T>(await response.text())
  if (!response.ok || envelope?.success !== true) throw refusal(response, envelope)
  return { data: envelope.data as T, message: envelope.message ?? '' }
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
  if (!response.ok) throw refusal(response, envelopeOf(await response.text()))
  return { name: fileNameOf(response.headers.get('Content-Disposition')), blob: await response.blob() }
}
