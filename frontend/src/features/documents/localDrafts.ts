/** Drafts on this device: what the server has not got yet. Written with every change, so that closing the page loses nothing. */
import type { TransactionType } from '@/api/types'
import { newKey } from '@/api/client'
import { me } from '@/api/session'

export interface LocalDraft {
  text: string
  title: string
  lineCount: number
  /** The version of the server's draft that this was made from; 0: the server has none. */
  version: number
  /** ISO 8601. */
  at: string
}

const prefix = (type: TransactionType) => `mms.draft.${me.value?.id ?? 0}.${type}.`

/** The name of a draft that the server does not know: no number. */
export const newLocalKey = () => `n${newKey().slice(0, 12)}`
export const isLocalKey = (key: string) => /^n[0-9a-f]{12}$/.test(key)

export function readLocal(type: TransactionType, key: string): LocalDraft | null {
  try {
    const kept = JSON.parse(localStorage.getItem(prefix(type) + key) ?? 'null') as LocalDraft | null
    return kept && typeof kept.text === 'string' ? kept : null
  } catch {
    return null
  }
}

/** False when the browser has no room. */
export function writeLocal(type: TransactionType, key: string, draft: LocalDraft): boolean {
  try {
    localStorage.setItem(prefix(type) + key, JSON.stringify(draft))
    return true
  } catch {
    return false
  }
}

export function dropLocal(type: TransactionType, key: string): void {
  localStorage.removeItem(prefix(type) + key)
}

/** Those that only this device has. */
export function localDrafts(type: TransactionType): (LocalDraft & { key: string })[] {
  return Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? '')
    .filter((name) => name.startsWith(prefix(type)))
    .map((name) => name.slice(prefix(type).length))
    .filter(isLocalKey)
    .flatMap((key) => {
      const kept = readLocal(type, key)
      return kept ? [{ ...kept, key }] : []
    })
}
