import type { RouteRecordRaw } from 'vue-router'

/** Sheets of paper: pages without the shell, each with its address, so that a link prints the same. */
export const printRoutes: RouteRecordRaw[] = [
  {
    path: '/print/document/:id(\\d+)',
    name: 'print-document',
    component: () => import('./DocumentPrint.vue'),
    meta: { title: 'printing.document', permission: 'document.read', texts: 'printing' },
  },
  {
    path: '/print/count/:id(\\d+)',
    name: 'print-count',
    component: () => import('./CountPrint.vue'),
    meta: { title: 'printing.count', permission: 'count.read', texts: 'printing' },
  },
  {
    path: '/print/stock-ledger',
    name: 'print-stock-ledger',
    component: () => import('./LedgerPrint.vue'),
    meta: { title: 'printing.ledger', permission: 'report.read', texts: 'printing' },
  },
  {
    path: '/print/labels',
    name: 'print-labels',
    component: () => import('./LabelPrint.vue'),
    meta: { title: 'printing.labels', permission: 'material.read', texts: 'printing' },
  },
]
