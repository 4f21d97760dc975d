import { expect, test } from 'vitest'
import { changesOf } from './changes'

test('what was before and after, field by field', () => {
  expect(changesOf('{"location":{"old":null,"new":"A-1"},"min_stock":{"old":1,"new":2.5}}')).toEqual([
    { field: 'location', before: '—', after: 'A-1' },
    { field: 'min_stock', before: '1', after: '2.5' },
  ])
})

test('nothing, and what is no JSON', () => {
  expect(changesOf(null)).toEqual([])
  expect(changesOf('{')).toEqual([])
})
