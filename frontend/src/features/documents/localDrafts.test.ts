// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { dropLocal, isLocalKey, localDrafts, newLocalKey, readLocal, writeLocal } from './localDrafts'

const draft = { text: '{"lines":[]}', title: 'M-1', lineCount: 1, version: 0, at: '2026-11-29T04:00:00.000Z' }
afterEach(() => localStorage.clear())

describe('drafts on this device', () => {
  it('are kept by kind, and listed when the server does not know them', () => {
    const key = newLocalKey()
    expect(isLocalKey(key)).toBe(true)
    expect(isLocalKey('12')).toBe(false)
    writeLocal('in', key, draft)
    writeLocal('in', '12', { ...draft, version: 3 })
    expect(localDrafts('in')).toEqual([{ ...draft, key }])
    expect(localDrafts('out')).toEqual([])
    expect(readLocal('in', '12')?.version).toBe(3)
    dropLocal('in', key)
    expect(localDrafts('in')).toEqual([])
  })
  it('are nothing when what is kept is broken', () => {
    localStorage.setItem('mms.draft.0.in.7', '{')
    expect(readLocal('in', '7')).toBeNull()
  })
})
