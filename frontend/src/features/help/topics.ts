/** What the help tells: texts are `help.topic.<key>`. Shown to who may do it, with a link to where it is done. */
import type { Permission } from '@/api/types'

export interface Topic {
  key: string
  /** Name of the page where it is done. */
  page?: string
  permission?: Permission
}

export const TOPICS: Topic[] = [
  { key: 'receive', page: 'new-receipt', permission: 'document.create' },
  { key: 'issue', page: 'new-issue', permission: 'document.create' },
  { key: 'paste', page: 'new-receipt', permission: 'document.create' },
  { key: 'scan', page: 'new-receipt', permission: 'document.create' },
  { key: 'draft', page: 'new-receipt', permission: 'document.create' },
  { key: 'cancel', page: 'documents', permission: 'document.read' },
  { key: 'print', page: 'documents', permission: 'document.read' },
  { key: 'approve', page: 'approval', permission: 'document.approve' },
  { key: 'materials', page: 'materials', permission: 'material.read' },
  { key: 'stockCard', page: 'materials', permission: 'material.read' },
  { key: 'newMaterial', page: 'materials', permission: 'material.write' },
  { key: 'retire', page: 'materials', permission: 'material.write' },
  { key: 'count', page: 'counting', permission: 'count.write' },
  { key: 'countPhone', page: 'counting', permission: 'count.write' },
  { key: 'countReview', page: 'counting', permission: 'count.write' },
  { key: 'ledger', page: 'stock-ledger', permission: 'report.read' },
  { key: 'views', page: 'materials', permission: 'material.read' },
  { key: 'imports', page: 'imports', permission: 'document.create' },
  { key: 'export', page: 'materials', permission: 'material.export' },
  { key: 'find' },
  { key: 'notifications', page: 'notifications', permission: 'notification.read' },
  { key: 'away' },
  { key: 'signIn', page: 'profile' },
  { key: 'look', page: 'profile' },
  { key: 'token', page: 'profile' },
  { key: 'roles', page: 'roles' },
  { key: 'users', page: 'users', permission: 'user.manage' },
  { key: 'places', page: 'settings', permission: 'material.write' },
  { key: 'company', page: 'settings', permission: 'setting.write' },
  { key: 'log', page: 'logs', permission: 'log.read' },
  { key: 'database', page: 'admin', permission: 'database.read' },
]

/** All words are found, in whatever order and case. */
export function hasWords(text: string, question: string): boolean {
  const within = text.toLowerCase()
  return question.toLowerCase().split(/\s+/).every((word) => within.includes(word))
}
