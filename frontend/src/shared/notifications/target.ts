import type { Permission } from '@/api/types'
import { wholeNumber } from '@/shared/wholeNumber'
import type { Notification } from './api'

/** A page of ours as a path, or an address elsewhere. */
export type Target = { path: string } | { href: string } | null

function idIn(link: string): number | null {
  return wholeNumber(/[?&]id=(\d+)(?:&|$)/.exec(link)?.[1] ?? /\/(\d+)$/.exec(link)?.[1] ?? null)
}

function elsewhere(link: string): Target {
  try {
    const { protocol, href } = new URL(link)
    return protocol === 'https:' || protocol === 'http:' ? { href } : null
  } catch {
    return null
  }
}

/** Where a notification leads: what waits for approval to the desk, for who may decide. */
export function targetOf({ type, link, link_type }: Pick<Notification, 'type' | 'link' | 'link_type'>, can: (permission: Permission) => boolean): Target {
  if (!link) return null
  const id = idIn(link)
  if (link_type === 'transaction' && id !== null) {
    return { path: type === 'todo' && can('document.approve') ? `/approval?id=${id}` : `/documents/${id}` }
  }
  if (link_type === 'material' && id !== null) return { path: `/materials/${id}` }
  if (link_type === 'stocktaking' && id !== null) return { path: `/counting/${id}` }
  if (link_type === 'user') return can('user.manage') ? { path: '/users' } : null
  // `//host` and `/\host` lead elsewhere.
  return /^\/(?![/\\])/.test(link) ? { path: link } : elsewhere(link)
}
