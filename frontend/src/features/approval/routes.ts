import type { RouteRecordRaw } from 'vue-router'

export const approvalRoutes: RouteRecordRaw[] = [
  {
    path: 'approval',
    name: 'approval',
    component: () => import('./ApprovalDesk.vue'),
    meta: { title: 'approval.title', permission: 'document.approve', menu: { icon: 'approval', group: 'work' } },
  },
]
