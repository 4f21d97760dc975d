import type { RouteRecordRaw } from 'vue-router'

export const roleRoutes: RouteRecordRaw[] = [
  {
    path: 'roles',
    name: 'roles',
    component: () => import('./RolesPage.vue'),
    meta: { title: 'roles.title', menu: { icon: 'roles', group: 'system', permission: 'user.manage' } },
  },
]
