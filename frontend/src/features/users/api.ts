import { post, put, remove } from '@/api/client'
import type { Role, User } from '@/api/types'

export const ROLES: Role[] = ['system_admin', 'inventory_manager', 'regular_user']

export interface UserChange {
  username?: string
  password?: string
  role?: Role
  realName?: string | null
  email?: string | null
  status?: User['status']
  mustChangePassword?: boolean
}

export const createUser = (user: UserChange, key: string) => post<{ id: number }>('/users', user, { key })
export const changeUser = (id: number, change: UserChange) => put<{ id: number }>(`/users/${id}`, change)
export const closeUser = (id: number) => remove(`/users/${id}`)
