import type { RouteRecordRaw } from 'vue-router'

export const userRoutes: RouteRecordRaw[] = [
  {
    path: 'users',
    name: 'users',
    component: () => import('./UserList.vue'),
    meta: { title: 'users.title', permission: 'user.manage', menu: { icon: 'users', group: 'system' } },
  },
]
