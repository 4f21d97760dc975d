import { describe, expect, it } from 'vitest'
import type { Word } from './api'
import { answersOf, isWrong, sayingsOf } from './words'

const word = (value: string, proposal: string | null = null): Word => ({ field: 'unit', value, rows: 2, cell: 'D2', proposal, canCreate: true })
const known = { unit: ['kg', 'm³'], category: ['chemical', 'metal'], place: ['MAIN'] }

describe('words that nobody knows', () => {
  it('what is proposed is filled in, nothing is made by itself', () => {
    const sayings = sayingsOf([word('公斤', 'kg'), word('桶')], [])
    expect(sayings.map(({ value, how, use }) => [value, how, use])).toEqual([['公斤', 'use', 'kg'], ['桶', '', '']])
    expect(answersOf(sayings)).toEqual([{ field: 'unit', value: '公斤', use: 'kg' }])
  })
  it('what was said before stays, unless it is open again', () => {
    const before = [{ field: 'unit' as const, value: '公斤', use: 'kg', create: false }, { field: 'unit' as const, value: '桶', use: null, create: true }]
    expect(answersOf(sayingsOf([], before))).toEqual([{ field: 'unit', value: '公斤', use: 'kg' }, { field: 'unit', value: '桶', create: true }])
    expect(sayingsOf([word('桶')], before).map(({ value, word: one }) => [value, one === null])).toEqual([['桶', false], ['公斤', true]])
  })
  it('one that does not exist is wrong, whatever its width and case', () => {
    const say = (how: 'use' | 'create' | '', use: string) => isWrong({ field: 'unit', value: 'x', word: null, how, use }, known)
    expect([say('use', 'KG'), say('use', ' ｋｇ '), say('use', 'm3'), say('use', 'kgs'), say('use', ''), say('create', 'kgs'), say('', 'kgs')]).toEqual([
      false, false, false, true, false, false, false,
    ])
  })
})
