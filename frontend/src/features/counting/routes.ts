import type { RouteRecordRaw } from 'vue-router'

export const countingRoutes: RouteRecordRaw[] = [
  {
    path: 'counting',
    name: 'counting',
    component: () => import('./CountList.vue'),
    meta: { title: 'counting.title', permission: 'count.read', texts: 'counts', menu: { icon: 'counting', group: 'work' } },
  },
  {
    path: 'counting/:id(\\d+)',
    name: 'count-task',
    component: () => import('./CountTaskPage.vue'),
    meta: { title: 'counting.task', permission: 'count.read', texts: 'counts' },
  },
  {
    path: 'counting/:id(\\d+)/count',
    name: 'count-phone',
    component: () => import('./CountPhone.vue'),
    meta: { title: 'counting.count', permission: 'count.write', texts: 'counts', offline: true },
  },
]
