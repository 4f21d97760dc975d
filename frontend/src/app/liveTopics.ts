import type { Told } from '@/api/events'

/** The stock, and with it all that shows it. */
const STOCK = ['materials', 'documents']
const OF_LINK: Record<string, string[]> = { transaction: STOCK, material: ['materials'], stocktaking: ['counting', ...STOCK], user: ['users'] }
const OVER = new Set(['done', 'failed', 'cancelled', 'interrupted'])

interface Content {
  link_type?: string | null
  status?: string
}

/** What may have changed, by the first part of the queries' keys. */
export function topicsOf({ event, data }: Pick<Told, 'event' | 'data'>): string[] {
  const { link_type, status } = (data ?? {}) as Content
  if (event === 'notification') return ['notifications', ...(OF_LINK[link_type ?? ''] ?? [])]
  if (event === 'job') return status !== undefined && OVER.has(status) ? ['jobs', 'imports', ...STOCK] : ['jobs']
  // What came while nobody listened is not told again, but for notifications.
  return event === 'resumed' ? ['notifications', 'jobs', 'imports', 'counting', ...STOCK] : ['notifications', 'jobs']
}
