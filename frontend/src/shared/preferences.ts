/**
 * How somebody has set up the page, kept by the server under his name, so that it is the same wherever he signs in.
 * A copy stands on this device: it is there at once, and what the server has not taken waits in it.
 */
import { computed, type ComputedRef, reactive } from 'vue'
import { get, put, remove } from '@/api/client'
import { onServerBack } from '@/api/serverAway'
import { me } from '@/api/session'

interface Copy {
  values: Record<string, string>
  /** Keys that were changed here and are not with the server yet. */
  waiting: string[]
}

const QUIET_MS = 700
const keyOf = (person: number) => `mms.preferences.${person}`

const state = reactive<{ person: number; copy: Copy }>({ person: 0, copy: { values: {}, waiting: [] } })
let timer: ReturnType<typeof setTimeout> | undefined
let sending: Promise<void> = Promise.resolve()
/** Changed here since the server was asked the last time: its answer may be from before. */
const fresh = new Set<string>()
let following = false

function readCopy(person: number): Copy {
  try {
    const found = JSON.parse(localStorage.getItem(keyOf(person)) ?? '{}') as Partial<Copy>
    return { values: found.values ?? {}, waiting: found.waiting ?? [] }
  } catch {
    return { values: {}, waiting: [] }
  }
}

function keepCopy(): void {
  try {
    localStorage.setItem(keyOf(state.person), JSON.stringify(state.copy))
  } catch {
    // No room on this device: then only the server keeps it.
  }
}

/** Sends what waits. What the server refuses stays on this device, and is tried again when the page is opened the next time. */
async function sendAll(): Promise<void> {
  const { person } = state
  for (const key of [...state.copy.waiting]) {
    const value = state.copy.values[key]
    try {
      await (value === undefined ? remove(`/profile/preferences/${key}`) : put(`/profile/preferences/${key}`, { value }))
    } catch {
      continue
    }
    if (person !== state.person) return
    // Changed again meanwhile: that is still to be sent.
    if (state.copy.values[key] === value) state.copy.waiting = state.copy.waiting.filter((one) => one !== key)
    keepCopy()
  }
}

/** One after the other: the last is the one that stays. */
const send = () => (sending = sending.then(sendAll))

async function load(): Promise<void> {
  const { person } = state
  fresh.clear()
  try {
    const rows = await get<{ key: string; value: string }[]>('/profile/preferences')
    if (person !== state.person) return
    const theirs = Object.fromEntries(rows.map(({ key, value }) => [key, value]))
    const changed = new Set([...state.copy.waiting, ...fresh])
    const mine = Object.entries(state.copy.values).filter(([key]) => changed.has(key))
    for (const key of changed) delete theirs[key]
    state.copy.values = { ...theirs, ...Object.fromEntries(mine) }
    keepCopy()
  } catch {
    return
  }
  await send()
}

function follow(): void {
  const person = me.value?.id ?? 0
  if (!following) {
    following = true
    onServerBack(() => void load())
  }
  if (person === state.person) return
  state.person = person
  state.copy = readCopy(person)
  void load()
}

export interface Preference {
  value: ComputedRef<string | undefined>
  /** undefined: as if it had never been set. */
  set: (value: string | undefined) => void
}

export function usePreference(key: string): Preference {
  follow()
  return {
    value: computed(() => state.copy.values[key]),
    set(value) {
      if (value === state.copy.values[key]) return
      if (value === undefined) delete state.copy.values[key]
      else state.copy.values[key] = value
      fresh.add(key)
      if (!state.copy.waiting.includes(key)) state.copy.waiting.push(key)
      keepCopy()
      clearTimeout(timer)
      timer = setTimeout(() => void send(), QUIET_MS)
    },
  }
}
