import { expect, it } from 'vitest'
import { wordsOf } from './choices'

it('says what is chosen in the words of the choice, and an unknown value as it is', () => {
  const options = [{ value: '', text: 'all' }, { value: 'x', text: 'the x' }]
  const choices = [{ param: 'a', label: 'A', options }, { param: 'b', label: 'B', options }, { param: 'c', label: 'C', options }]
  expect(wordsOf(choices, { a: 'x', b: 'strange', c: '' })).toEqual({ a: ['A', 'the x'], b: ['B', 'strange'], c: ['C', 'all'] })
})
