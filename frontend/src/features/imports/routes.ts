import type { RouteRecordRaw } from 'vue-router'

export const importRoutes: RouteRecordRaw[] = [
  {
    path: 'imports',
    name: 'imports',
    component: () => import('./ImportsPage.vue'),
    meta: { title: 'shared.imports', permission: 'document.create', texts: 'imports', menu: { icon: 'imports', group: 'data' } },
  },
  {
    path: 'imports/:id(\\d+)',
    name: 'import',
    component: () => import('./ImportPage.vue'),
    meta: { title: 'shared.imports', permission: 'document.create', texts: 'imports' },
  },
]
