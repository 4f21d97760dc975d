import { useQuery } from '@tanstack/vue-query'
import { get } from '@/api/client'
import type { Permission, Role } from '@/api/types'

/** One permission, in words, and who has it. */
export interface Right {
  permission: Permission
  title: string
  titleEn: string
  roles: Role[]
}

export const ROLES: Role[] = ['system_admin', 'inventory_manager', 'regular_user']

/** Which role may do what, as the service has it. */
export const useRights = () =>
  useQuery({ queryKey: ['roles'], queryFn: ({ signal }) => get<Right[]>('/roles', {}, signal), staleTime: Infinity })
