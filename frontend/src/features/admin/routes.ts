import type { RouteRecordRaw } from 'vue-router'

const permission = 'database.read'

export const adminRoutes: RouteRecordRaw[] = [
  {
    path: 'admin',
    name: 'admin',
    component: () => import('./AdminPage.vue'),
    meta: { title: 'admin.title', permission, texts: 'charts', menu: { icon: 'admin', group: 'system' } },
  },
  { path: 'admin/tables/:name', name: 'admin-table', component: () => import('./TablePage.vue'), meta: { title: 'admin.table', permission } },
]
