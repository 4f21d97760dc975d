import type { RouteRecordRaw } from 'vue-router'

export const profileRoutes: RouteRecordRaw[] = [
  { path: 'profile', name: 'profile', component: () => import('./ProfilePage.vue'), meta: { title: 'app.profile', texts: 'profile' } },
]
