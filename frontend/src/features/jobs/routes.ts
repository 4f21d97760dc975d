import type { RouteRecordRaw } from 'vue-router'

export const jobRoutes: RouteRecordRaw[] = [
  {
    path: 'jobs',
    name: 'jobs',
    component: () => import('./JobList.vue'),
    meta: { title: 'jobs.title', permission: 'document.create', menu: { icon: 'jobs', group: 'data' } },
  },
]
