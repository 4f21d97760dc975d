import { get, post, put, remove } from '@/api/client'
import type { Page } from '@/api/types'

export type NotificationType = 'system' | 'todo' | 'announcement'

export interface Notification {
  id: number
  type: NotificationType
  title: string
  content: string | null
  link: string | null
  link_type: 'transaction' | 'material' | 'user' | 'stocktaking' | 'url' | null
  is_read: 0 | 1
  created_at: string
  read_at: string | null
}

export interface Switches {
  submitted: 0 | 1
  decided: 0 | 1
  low_stock: 0 | 1
}

export const NOTIFICATION_TYPES: NotificationType[] = ['todo', 'system', 'announcement']

export const newest = (n: number, signal?: AbortSignal) => get<Page<Notification>>('/notifications', { pageSize: n }, signal)
export const unreadCount = (signal?: AbortSignal) => get<{ count: number }>('/notifications/unread-count', {}, signal)
export const markRead = (id: number) => put(`/notifications/${id}/read`, {})
export const markAllRead = () => put('/notifications/read-all', {})
export const deleteNotification = (id: number) => remove(`/notifications/${id}`)
export const getSwitches = (signal?: AbortSignal) => get<Switches>('/notifications/switches', {}, signal)
export const putSwitches = ({ submitted, decided, low_stock }: Switches) =>
  put<Switches>('/notifications/switches', { submitted: submitted === 1, decided: decided === 1, lowStock: low_stock === 1 })
export interface Announcement {
  title: string
  content: string
  /** A path of ours, or an address. */
  link: string
  /** Without: everybody. */
  userId?: number
}
export const announce = ({ title, content, link, userId }: Announcement, key: string) =>
  post('/notifications', { type: 'announcement', title, content: content || undefined, ...(link ? { link, linkType: 'url' } : {}), userId }, { key })
