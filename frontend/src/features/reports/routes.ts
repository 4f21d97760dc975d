import type { RouteRecordRaw } from 'vue-router'

const permission = 'report.read'
const texts = 'charts'

const analysisRoutes: RouteRecordRaw[] = [
  { path: 'analysis', name: 'analysis', component: () => import('./analysis/AnalysisPage.vue'), meta: { title: 'reports.analysis', permission, texts } },
  { path: 'analysis/lots', name: 'lots', component: () => import('./analysis/LotRows.vue'), meta: { title: 'charts.lotsTitle', permission, texts } },
  { path: 'analysis/consumption', name: 'consumption', component: () => import('./analysis/ConsumptionRows.vue'), meta: { title: 'charts.pareto.title', permission, texts } },
  { path: 'analysis/days-of-cover', name: 'days-of-cover', component: () => import('./analysis/CoverRows.vue'), meta: { title: 'charts.cover.title', permission, texts } },
  {
    path: 'analysis/posted', name: 'posted-documents', component: () => import('./analysis/DocumentRows.vue'), props: { posted: true },
    meta: { title: 'charts.posted', permission: 'document.read', texts },
  },
  {
    path: 'analysis/decisions', name: 'decisions', component: () => import('./analysis/DocumentRows.vue'), props: { posted: false },
    meta: { title: 'charts.times.title', permission: 'document.read', texts },
  },
]

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
      ...analysisRoutes,
    ],
  },
]
