import type { RouteRecordRaw } from 'vue-router'

export const overviewRoutes: RouteRecordRaw[] = [
  {
    path: 'overview',
    name: 'overview',
    component: () => import('./OverviewPage.vue'),
    meta: { title: 'overview.title', permission: 'dashboard.read', texts: 'charts', menu: { icon: 'overview', group: 'work' } },
  },
]
