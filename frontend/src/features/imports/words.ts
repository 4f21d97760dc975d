/** What the words of a file stand for that nobody knows: units, categories, places. */
import type { Answer, Word, WordField } from './api'

/** `''`: not said yet. */
export type How = '' | 'use' | 'create'

export interface Saying {
  field: WordField
  value: string
  /** Where it stands, and how often; null: it was answered before. */
  word: Word | null
  how: How
  use: string
}

/** What is proposed is filled in; that something is to be made is said by the person. */
export function sayingsOf(unknown: Word[], answers: Answer[]): Saying[] {
  const open = unknown.map<Saying>((word) => ({ field: word.field, value: word.value, word, how: word.proposal ? 'use' : '', use: word.proposal ?? '' }))
  const isOpen = ({ field, value }: Answer) => unknown.some((word) => word.field === field && word.value === value)
  const given = answers.filter((one) => !isOpen(one)).map<Saying>(({ field, value, use, create }) => ({ field, value, word: null, how: create ? 'create' : 'use', use: use ?? '' }))
  return [...open, ...given]
}

export function answersOf(sayings: Saying[]): Answer[] {
  return sayings.flatMap(({ field, value, how, use }): Answer[] => {
    if (how === 'create') return [{ field, value, create: true }]
    return how === 'use' && use.trim() ? [{ field, value, use: use.trim() }] : []
  })
}

/** Said to be one that there is, but there is none of that name. */
export function isWrong({ field, how, use }: Saying, known: Record<WordField, string[]>): boolean {
  const wanted = use.trim().normalize('NFKC').toLowerCase()
  return how === 'use' && wanted !== '' && !known[field].some((one) => one.normalize('NFKC').toLowerCase() === wanted)
}
