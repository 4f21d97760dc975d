import type { Told } from '@/api/events'

/** The stock, and with it all that shows it. */
const STOCK = ['materials', 'documents']
const OF_LINK: Record<string, string[]> = { transaction: STOCK, material: ['materials'], stocktaking: ['counting', ...STOCK], user: ['users'] }
/** What is told of others' work, too: a document that somebody has decided is no task of anybody else's any more. */
const OF_TOPIC: Record<string, string[]> = { materials: ['materials'], documents: ['documents', 'notifications'], users: ['users'], counting: ['counting'] }
const OVER = new Set(['done', 'failed', 'cancelled', 'interrupted'])

interface Content {
  link_type?: string | null
  status?: string
  topics?: string[]
}

/** What may have changed, by the first part of the queries' keys. */
export function topicsOf({ event, data }: Pick<Told, 'event' | 'data'>): string[] {
  const { link_type, status, topics } = (data ?? {}) as Content
  if (event === 'notification') return ['notifications', ...(OF_LINK[link_type ?? ''] ?? [])]
  if (event === 'job') return status !== undefined && OVER.has(status) ? ['jobs', 'imports', ...STOCK] : ['jobs']
  if (event === 'changed') return (topics ?? []).flatMap((topic) => OF_TOPIC[topic] ?? [])
  // What came while nobody listened is not told again, but for notifications.
  return event === 'resumed' ? ['notifications', 'jobs', 'imports', 'counting', ...STOCK] : ['notifications', 'jobs']
}
