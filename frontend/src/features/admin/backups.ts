/** How fresh the backups are: a lost disk costs what has come since the newest one that was restored for a try. */
import type { Tone } from '@/shared/StatusTag.vue'
import type { Continuous } from './api'

const HOUR_MS = 3_600_000
/** One a night, and some time to make it. */
const FRESH_HOURS = 26
const OLD_HOURS = 72

export interface Freshness {
  tone: Tone
  /** Whole hours since it was made; null: there is none. */
  hours: number | null
}

export function freshness(madeAt: string | null, nowMs: number): Freshness {
  if (madeAt === null) return { tone: 'bad', hours: null }
  const hours = Math.max(0, Math.floor((nowMs - Date.parse(madeAt)) / HOUR_MS))
  return { tone: hours < FRESH_HOURS ? 'good' : hours < OLD_HOURS ? 'warn' : 'bad', hours }
}

/** What to say of the continuous backup: a text's key, and its tone. What is late counts for more than why. */
export function continuity(one: Continuous | null): { tone: Tone; key: string } {
  if (one === null) return { tone: 'warn', key: 'admin.continuousOff' }
  if (one.late) return { tone: 'bad', key: one.failing_since ? 'admin.continuousFailing' : 'admin.continuousLate' }
  if (one.failing_since) return { tone: 'warn', key: 'admin.continuousFailing' }
  return one.base_at === null ? { tone: 'warn', key: 'admin.continuousBegins' } : { tone: 'good', key: 'admin.continuousGood' }
}

/** Whether others can read it, as a text's key. */
export function sealing(one: Pick<Continuous, 'sealed' | 'open_bases'>): string {
  if (!one.sealed) return 'admin.continuousOpen'
  return one.open_bases > 0 ? 'admin.continuousSealedNow' : 'admin.continuousSealed'
}
