import type { RouteRecordRaw } from 'vue-router'
import { loadTexts } from '@/app/i18n'

export const helpRoutes: RouteRecordRaw[] = [
  {
    path: 'help',
    name: 'help',
    component: async () => (await Promise.all([import('./HelpPage.vue'), loadTexts('help')]))[0],
    meta: { title: 'app.help' },
  },
]
