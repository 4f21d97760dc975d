import { get } from '@/api/client'
import type { Page, User } from '@/api/types'

export interface LogRow {
  id: number
  module: string
  action: string
  description: string
  changes: string | null
  ip_address: string | null
  created_at: string
  username: string | null
  real_name: string | null
}

export interface LogStats {
  moduleStats: { module: string; count: number }[]
  actionStats: { action: string; count: number }[]
  userStats: { username: string; real_name: string | null; count: number }[]
}

export const MODULES = [
  'auth', 'materials', 'inventory', 'stocktaking', 'users', 'settings', 'notifications', 'profile', 'views', 'imports', 'operation-logs',
  'admin_data_management',
]
export const ACTIONS = [
  'create', 'update', 'delete', 'approve', 'reject', 'cancel', 'reverse', 'start', 'complete', 'export', 'import', 'undo', 'login',
  'login_failed', 'logout', 'change_password',
]
const FOUND = 20

export const getStats = (days: { startDate: string; endDate: string }, signal?: AbortSignal) => get<LogStats>('/operation-logs/stats', days, signal)
export const getDays = (days: { startDate: string; endDate: string }, signal?: AbortSignal) =>
  get<{ day: string; count: number }[]>('/operation-logs/days', days, signal)
export const findUsers = async (keyword: string, signal?: AbortSignal) =>
  (await get<Page<User>>('/users', { keyword, pageSize: FOUND }, signal)).list
/** Ids by user name; a closed account has none. */
export const getUserIds = async (signal?: AbortSignal) =>
  new Map((await get<Page<User>>('/users', { pageSize: 1000 }, signal)).list.map(({ username, id }) => [username, id]))
export const getUser = (id: number, signal?: AbortSignal) => get<User>(`/users/${id}`, {}, signal)
