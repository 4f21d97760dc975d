/** Whether the server answers. When it does not, this asks again by itself until it does. */
import { reactive, readonly } from 'vue'
import { addressOf } from './address'

const PAUSES_MS = [1000, 2000, 3000, 5000, 8000]
const PROBE_TIMEOUT_MS = 5000

const state = reactive({ away: false, trying: false })
const waiting = new Set<() => void>()
let timer: ReturnType<typeof setTimeout> | undefined
let tries = 0

export const server = readonly(state)

async function answers(): Promise<boolean> {
  try {
    const response = await fetch(addressOf('/health'), { cache: 'no-store', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    return response.ok
  } catch {
    return false
  }
}

export async function tryNow(): Promise<void> {
  if (!state.away || state.trying) return
  clearTimeout(timer)
  state.trying = true
  const back = await answers()
  state.trying = false
  if (!back) return plan()
  state.away = false
  tries = 0
  for (const go of [...waiting]) go()
}

function plan(): void {
  const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]
  tries += 1
  timer = setTimeout(() => void tryNow(), pause)
}

export function serverLost(): void {
  if (state.away) return
  state.away = true
  plan()
}

/** Resolves when the server answers again; rejects when the caller does not want it any more. */
export function serverBack(signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = () => {
      waiting.delete(go)
      resolve()
    }
    if (!state.away) return go()
    waiting.add(go)
    signal?.addEventListener('abort', () => {
      waiting.delete(go)
      reject(signal.reason as Error)
    })
  })
}

/** Calls back each time the server has come back. */
export function onServerBack(listener: () => void): () => void {
  waiting.add(listener)
  return () => waiting.delete(listener)
}

if (typeof window !== 'undefined') window.addEventListener('online', () => void tryNow())
