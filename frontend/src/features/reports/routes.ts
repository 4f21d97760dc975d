import type { RouteRecordRaw } from 'vue-router'

const permission = 'report.read'

export const reportRoutes: RouteRecordRaw[] = [
  {
    path: 'reports',
    name: 'reports',
    component: () => import('./ReportsPage.vue'),
    redirect: { name: 'stock-ledger' },
    meta: { title: 'reports.title', permission, menu: { icon: 'reports', group: 'work' } },
    children: [
      { path: 'stock-ledger', name: 'stock-ledger', component: () => import('./LedgerReport.vue'), meta: { title: 'reports.ledger.title', permission } },
      { path: 'stock', name: 'stock-report', component: () => import('./StockReport.vue'), meta: { title: 'reports.stock.title', permission } },
      { path: 'most-moved', name: 'most-moved', component: () => import('./MostMovedReport.vue'), meta: { title: 'reports.most.title', permission } },
      { path: 'slow-moving', name: 'slow-moving', component: () => import('./SlowMovingReport.vue'), meta: { title: 'reports.slow.title', permission } },
    ],
  },
]
