/** Days as `YYYY-MM-DD`: as people type them, and reckoned without a zone, so that no clock change shifts one. */
import { wholeNumber } from '@/shared/wholeNumber'

/** What is before it is a slip of the finger. */
const FIRST_DAY = '1900-01-01'
const DAY_MS = 86_400_000
const WEEK = 7

const textOf = (date: Date) => date.toISOString().slice(0, 10)
export const noonOf = (day: string) => new Date(`${day}T12:00:00Z`)

/** Whether it is a day that exists. */
export function isDay(day: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(noonOf(day).getTime()) && textOf(noonOf(day)) === day
}

/** What is beyond the years of four digits is not reached: the day stays. */
function within(date: Date, otherwise: string): string {
  const day = Number.isNaN(date.getTime()) ? '' : textOf(date)
  return isDay(day) ? day : otherwise
}

export const addDays = (day: string, n: number) => within(new Date(noonOf(day).getTime() + n * DAY_MS), day)

/** The same day of another month, or its last where that one is shorter. */
export function addMonths(day: string, n: number): string {
  const at = noonOf(day)
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth() + n]
  const last = new Date(Date.UTC(year, month + 1, 0, 12)).getUTCDate()
  return within(new Date(Date.UTC(year, month, Math.min(at.getUTCDate(), last), 12)), day)
}

/** Monday is 0. */
export const weekdayOf = (day: string) => (noonOf(day).getUTCDay() + 6) % WEEK

/** The weeks, each from Monday on, that the month of this day touches. */
export function weeksOf(day: string): string[][] {
  const first = `${day.slice(0, 7)}-01`
  const begin = addDays(first, -weekdayOf(first))
  const weeks = Math.ceil((weekdayOf(first) + wholeMonth(first)) / WEEK)
  return Array.from({ length: weeks }, (_, week) => Array.from({ length: WEEK }, (_, i) => addDays(begin, week * WEEK + i)))
}

function wholeMonth(first: string): number {
  const at = noonOf(first)
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0, 12)).getUTCDate()
}

const WORDS: Record<string, number> = { 今天: 0, 今日: 0, today: 0, 昨天: -1, yesterday: -1, 明天: 1, tomorrow: 1 }
const FORMS = [/^(\d{4})(\d\d)(\d\d)$/, /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$/]

/**
 * The day that was typed: `2026-09-30`, `20260930`, `2026/9/30`, `2026年9月30日`, a word for today and its neighbours, `-7` for so many days
 * ago, all of it full-width as well. Empty for nothing; null for what is no day.
 */
export function readDay(typed: string, today: string): string | null {
  const text = typed.normalize('NFKC').replaceAll('。', '.').replace(/[‐-―−]/g, '-').trim().toLowerCase()
  if (!text) return ''
  const [, sign, count] = /^([+-])(\d{1,5})$/.exec(text) ?? []
  const n = wholeNumber(count)
  const away = n === null ? WORDS[text] : sign === '-' ? -n : n
  if (away !== undefined) return known(addDays(today, away))
  for (const form of FORMS) {
    const [, year, month = '', day = ''] = form.exec(text) ?? []
    if (year) return known(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)
  }
  return null
}

const known = (day: string) => (isDay(day) && day >= FIRST_DAY ? day : null)
