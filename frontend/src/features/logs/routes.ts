import type { RouteRecordRaw } from 'vue-router'

export const logRoutes: RouteRecordRaw[] = [
  {
    path: 'logs',
    name: 'logs',
    component: () => import('./LogList.vue'),
    meta: { title: 'logs.title', permission: 'log.read', menu: { icon: 'logs', group: 'system' } },
  },
  {
    path: 'logs/statistics',
    name: 'log-statistics',
    component: () => import('./LogStatistics.vue'),
    meta: { title: 'logs.statistics.title', permission: 'log.read' },
  },
]
