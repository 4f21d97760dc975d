/** How fresh the backups are: a lost disk costs what has come since the newest one that was restored for a try. */
import type { Tone } from '@/shared/StatusTag.vue'

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
