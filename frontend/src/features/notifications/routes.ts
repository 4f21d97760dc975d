import type { RouteRecordRaw } from 'vue-router'

export const notificationRoutes: RouteRecordRaw[] = [
  {
    path: 'notifications',
    name: 'notifications',
    component: () => import('./NotificationList.vue'),
    meta: { title: 'notifications.title', permission: 'notification.read', menu: { icon: 'notifications', group: 'work' } },
  },
]
