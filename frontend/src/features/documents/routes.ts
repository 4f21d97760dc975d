import type { RouteRecordRaw } from 'vue-router'

export const documentRoutes: RouteRecordRaw[] = [
  {
    path: 'documents',
    name: 'documents',
    component: () => import('./DocumentList.vue'),
    meta: { title: 'documents.title', permission: 'document.read', menu: { icon: 'documents', group: 'work' } },
    children: [
      { path: ':id(\\d+)', name: 'document', component: () => import('./DocumentDrawer.vue'), meta: { title: 'documents.title', permission: 'document.read' } },
    ],
  },
  {
    path: 'documents/new/in',
    name: 'new-receipt',
    component: () => import('./DocumentForm.vue'),
    props: { type: 'in' },
    meta: { title: 'documents.newIn', permission: 'document.create' },
  },
  {
    path: 'documents/new/out',
    name: 'new-issue',
    component: () => import('./DocumentForm.vue'),
    props: { type: 'out' },
    meta: { title: 'documents.newOut', permission: 'document.create' },
  },
]
