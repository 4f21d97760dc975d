import { expect, test } from 'vitest'
import { continuity, freshness, sealing } from './backups'

const NOW = Date.parse('2026-11-29T12:00:00Z')

test('of one night it is fresh, of three days it is old, and none is worse', () => {
  const cases = [['2026-11-29T11:59:00Z', 'good', 0], ['2026-11-28T10:00:01Z', 'good', 25], ['2026-11-28T09:00:00Z', 'warn', 27], ['2026-11-26T12:00:00Z', 'bad', 72]] as const
  for (const [at, tone, hours] of cases) expect(freshness(at, NOW)).toEqual({ tone, hours })
  expect(freshness(null, NOW)).toEqual({ tone: 'bad', hours: null })
  expect(freshness('2026-11-29T12:00:05Z', NOW)).toEqual({ tone: 'good', hours: 0 })
})

test('the continuous backup: off, beginning, good, failing, late', () => {
  const good = { folder: '/b', sealed: true, open_bases: 0, late: false, safe_until: '2026-11-29T12:00:00Z', failing_since: null, reason: null, base_at: '2026-11-29T08:00:00Z', proven_at: null }
  const ill = { ...good, failing_since: '2026-11-29T11:59:00Z', reason: 'segment: No space left on device' }
  expect(continuity(null)).toEqual({ tone: 'warn', key: 'admin.continuousOff' })
  expect(continuity({ ...good, base_at: null })).toEqual({ tone: 'warn', key: 'admin.continuousBegins' })
  expect(continuity(good)).toEqual({ tone: 'good', key: 'admin.continuousGood' })
  expect(continuity(ill)).toEqual({ tone: 'warn', key: 'admin.continuousFailing' })
  expect(continuity({ ...ill, late: true })).toEqual({ tone: 'bad', key: 'admin.continuousFailing' })
  expect(continuity({ ...good, late: true })).toEqual({ tone: 'bad', key: 'admin.continuousLate' })
})

test('whether others can read it: sealed, not sealed, or older copies that are not', () => {
  expect(sealing({ sealed: true, open_bases: 0 })).toBe('admin.continuousSealed')
  expect(sealing({ sealed: true, open_bases: 2 })).toBe('admin.continuousSealedNow')
  expect(sealing({ sealed: false, open_bases: 2 })).toBe('admin.continuousOpen')
  expect(sealing({ sealed: false, open_bases: 0 })).toBe('admin.continuousOpen')
})
