import type { Permission } from '@/api/types'

export type Kind = 'materials' | 'opening' | 'receipt' | 'issue'

/** What may be imported, and the permission for it. */
export const KINDS: { kind: Kind; permission: Permission }[] = [
  { kind: 'materials', permission: 'material.write' },
  { kind: 'opening', permission: 'document.approve' },
  { kind: 'receipt', permission: 'document.create' },
  { kind: 'issue', permission: 'document.create' },
]

/** As the server has them. */
export const LARGEST_FILE = 32 * 1024 * 1024
export const MOST_ROWS = 200_000

export const permissionOf = (kind: Kind): Permission => KINDS.find((one) => one.kind === kind)?.permission ?? 'document.create'

export function kindIn(text: unknown): Kind | null {
  return KINDS.find(({ kind }) => kind === text)?.kind ?? null
}
