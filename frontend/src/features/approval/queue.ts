import { PURPOSES } from '@/shared/documents/documents'
import type { Choice } from '@/shared/list/choices'

/** Which document comes next when one has been dealt with: the one below, at the end the one above. */
export function nextOf(ids: number[], done: number): number | null {
  const at = ids.indexOf(done)
  if (at < 0) return ids[0] ?? null
  return ids[at + 1] ?? ids[at - 1] ?? null
}

/** What of the waiting documents may be chosen. */
export function choicesOf(t: (key: string) => string): Choice[] {
  return [
    { param: 'transactionType', label: t('documents.type'), options: [{ value: '', text: t('documents.allTypes') }, ...['in', 'out'].map((value) => ({ value, text: t(`shared.type.${value}`) }))] },
    { param: 'purpose', label: t('documents.purpose'), options: [{ value: '', text: t('documents.allPurposes') }, ...PURPOSES.map((value) => ({ value, text: t(`shared.purpose.${value}`) }))] },
  ]
}
