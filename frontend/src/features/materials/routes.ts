import type { RouteRecordRaw } from 'vue-router'

export const materialRoutes: RouteRecordRaw[] = [
  {
    path: 'materials',
    name: 'materials',
    component: () => import('./MaterialList.vue'),
    meta: { title: 'materials.title', permission: 'material.read', menu: { icon: 'materials', group: 'work' } },
    children: [
      { path: ':id(\\d+)', name: 'material', component: () => import('./MaterialDrawer.vue'), meta: { title: 'materials.title', permission: 'material.read' } },
    ],
  },
  {
    path: 'materials/:id(\\d+)/moves',
    name: 'stock-card',
    component: () => import('./StockCard.vue'),
    meta: { title: 'materials.stockCard', permission: 'material.read', texts: 'charts' },
  },
]
