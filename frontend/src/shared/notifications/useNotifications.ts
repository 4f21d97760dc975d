import { useRouter } from 'vue-router'
import { can } from '@/api/session'
import { useAction, useActionInTurn } from '@/shared/composables/useAction'
import { queries } from '@/shared/query'
import { markAllRead, markRead, type Notification } from './api'
import { targetOf } from './target'

export const notificationsChanged = () => queries.invalidateQueries({ queryKey: ['notifications'] })

/** What one does with notifications, in the bell's panel and on their page. */
export function useNotifications() {
  const router = useRouter()

  /** Where it leads, if there is such a page. */
  function leadsTo(row: Notification): { path: string } | { href: string } | null {
    const target = targetOf(row, can)
    return target && 'path' in target && router.resolve(target.path).name === 'not-found' ? null : target
  }

  const reading = useActionInTurn(async (row: Notification) => {
    if (row.is_read) return
    await markRead(row.id)
    await notificationsChanged()
  })
  const readingAll = useAction(async () => {
    await markAllRead()
    await notificationsChanged()
  })

  /** Reading is noted beside: who opens something is not kept waiting. */
  async function open(row: Notification): Promise<void> {
    void reading.run(row)
    const target = leadsTo(row)
    if (!target) return
    if ('path' in target) await router.push(target.path)
    else window.open(target.href, '_blank', 'noopener,noreferrer')
  }

  return { leadsTo, open, reading, readingAll }
}
