/**
 * What the server tells as it happens: one stream for the whole browser.
 *
 * The tab that holds the lock reads the stream and tells the others; when it goes, the next one takes over where it was. Locks exist
 * only where the page came over https or from localhost; elsewhere each tab reads for itself.
 */
import { createParser } from 'eventsource-parser'
import { watch } from 'vue'
import { wholeNumber } from '@/shared/wholeNumber'
import { addressOf } from './address'
import { pauseBefore } from './eventPauses'
import { serverBack, serverLost } from './serverAway'
import { accessToken, refresh } from './session'

export interface Told {
  /** `notification` and `job` are the server's; `begun`: the stream is open, `resumed`: again, after a break. */
  event: 'notification' | 'job' | 'changed' | 'begun' | 'resumed'
  data: unknown
  id: string | null
}

const NAME = 'mms.events'
/** The server says something every 15 s: after three times nothing, nobody is there. */
const SILENCE_MS = 45_000
/** The server's word that the stream should not be asked for again by itself. */
const REPLACED = 'stream_replaced'

/** `again`: at once; `later`: after a pause; `away`: when the server is back; `token`: with a new session. */
type End = 'again' | 'later' | 'away' | 'token'

function contentOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

/** Until the session has another token than the one that did not do. */
function newToken(used: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = watch(accessToken, (token) => token !== null && token !== used && done(), { flush: 'sync' })
    function done() {
      stop()
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}

class Reader {
  /** Told by this tab's stream or by the tab that had it before. */
  lastId: string | null = null
  /** There was a stream before, here or in the tab that had it. */
  opened = false
  private failures = 0

  constructor(
    private readonly tell: (told: Told) => void,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    while (!this.signal.aborted) {
      const used = accessToken() ?? ''
      await this.wait(await this.read(used), used)
    }
  }

  private async wait(end: End, used: string): Promise<void> {
    if (this.signal.aborted) return
    if (end === 'token') return newToken(used, this.signal)
    if (end === 'away') {
      serverLost()
      return serverBack(this.signal).catch(() => undefined)
    }
    this.failures = end === 'again' ? 0 : this.failures + 1
    if (end === 'later') await pause(pauseBefore(this.failures, Math.random()), this.signal)
  }

  /** The stream from beginning to end. */
  private async read(used: string): Promise<End> {
    const ended = new AbortController()
    const give = () => ended.abort()
    this.signal.addEventListener('abort', give, { once: true })
    let silence = setTimeout(give, SILENCE_MS)
    try {
      const response = await fetch(addressOf('/notifications/stream'), {
        signal: ended.signal,
        cache: 'no-store',
        headers: {
          Accept: 'text/event-stream',
          Authorization: `Bearer ${used}`,
          ...(this.lastId === null ? {} : { 'Last-Event-ID': this.lastId }),
        },
      }).catch(() => null)
      if (response === null) return this.signal.aborted || ended.signal.aborted ? 'later' : 'away'
      if (response.status === 401) return await this.renewed(used)
      if (response.status === 403) return 'token'
      if (!response.ok || response.body === null) return 'later'
      const told: { end: End } = { end: 'later' }
      const parser = this.parser((end) => (told.end = end))
      this.tell({ event: this.opened ? 'resumed' : 'begun', data: null, id: null })
      this.opened = true
      const words = new TextDecoder()
      const bytes = response.body.getReader()
      for (;;) {
        const { done, value } = await bytes.read()
        if (done) break
        clearTimeout(silence)
        silence = setTimeout(give, SILENCE_MS)
        this.failures = 0
        parser.feed(words.decode(value, { stream: true }))
      }
      return told.end === 'token' ? told.end : told.end === 'again' ? await this.renewed(used) : 'later'
    } catch {
      return 'later'
    } finally {
      clearTimeout(silence)
      this.signal.removeEventListener('abort', give)
      ended.abort()
    }
  }

  private parser(end: (end: End) => void) {
    return createParser({
      onEvent: ({ event, data, id }) => {
        const content = contentOf(data)
        if (event === 'end') end((content as { code?: string } | null)?.code === REPLACED ? 'token' : 'again')
        if (event !== 'notification' && event !== 'job' && event !== 'changed') return
        if (id) this.lastId = id
        this.tell({ event, data: content, id: id ?? null })
      },
    })
  }

  /** The session may go on with another token; whether it does not is asked by the next thing that the user does. */
  private async renewed(used: string): Promise<End> {
    if (accessToken() !== used) return 'again'
    try {
      return (await refresh(used)) ? 'again' : 'token'
    } catch {
      return 'later'
    }
  }
}

/** Hears what is told to `userId` until the function that it gives is called. */
export function listen(userId: number, hear: (told: Told) => void): () => void {
  const over = new AbortController()
  const { signal } = over
  const locks = navigator.locks as LockManager | undefined
  const channel = locks ? new BroadcastChannel(`${NAME}.${userId}`) : null
  const reader = new Reader((told) => {
    if (signal.aborted) return
    hear(told)
    channel?.postMessage(told)
  }, signal)
  channel?.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    reader.opened = true
    if (wholeNumber(data.id) !== null) reader.lastId = data.id
    hear(data)
  })
  const alone = locks ? locks.request(NAME, { signal }, () => reader.run()) : reader.run()
  alone.catch((fault: unknown) => {
    if (!signal.aborted) throw fault
  })
  return () => {
    over.abort()
    channel?.close()
  }
}
