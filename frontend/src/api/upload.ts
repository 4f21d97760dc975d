/** A file on its way to the server, with how much of it has gone: fetch does not tell that. */
import { authorized } from './client'
import { addressOf, type Query } from './address'
import { type Answer, answerIn, type Exchange, headersOf } from './http'
import { Problem } from './problem'
import { serverLost } from './serverAway'

export interface Sending {
  form: FormData
  query?: Query
  signal: AbortSignal
  /** Bytes gone, of so many. */
  told: (sent: number, total: number) => void
}

function send<T>(call: Exchange, { form, signal, told }: Sending): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(call.method, addressOf(call.path, call.query))
    for (const [name, value] of Object.entries(headersOf(call))) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => told(loaded, total))
    request.addEventListener('load', () => {
      try {
        resolve(answerIn<T>(request.status, request.responseText))
      } catch (fault) {
        reject(fault as Error)
      }
    })
    request.addEventListener('error', () => {
      serverLost()
      reject(new Problem(0, {}))
    })
    request.addEventListener('abort', () => reject(signal.reason as Error))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    signal.throwIfAborted()
    request.send(form)
  })
}

export function upload<T>(path: string, sending: Sending): Promise<Answer<T>> {
  return authorized({ method: 'POST', path, query: sending.query }, (call) => send<T>(call, sending))
}
