import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router'
import { addressOf } from '@/api/address'
import { onServerBack, serverLost } from '@/api/serverAway'
import { can, me, sessionState } from '@/api/session'
import type { Permission } from '@/api/types'
import { aboutRoutes } from '@/features/about/routes'
import { adminRoutes } from '@/features/admin/routes'
import { approvalRoutes } from '@/features/approval/routes'
import { countingRoutes } from '@/features/counting/routes'
import { documentRoutes } from '@/features/documents/routes'
import { helpRoutes } from '@/features/help/routes'
import { importRoutes } from '@/features/imports/routes'
import { jobRoutes } from '@/features/jobs/routes'
import { logRoutes } from '@/features/logs/routes'
import { materialRoutes } from '@/features/materials/routes'
import { notificationRoutes } from '@/features/notifications/routes'
import { overviewRoutes } from '@/features/overview/routes'
import { printRoutes } from '@/features/printing/routes'
import { profileRoutes } from '@/features/profile/routes'
import { reportRoutes } from '@/features/reports/routes'
import { roleRoutes } from '@/features/roles/routes'
import { settingRoutes } from '@/features/settings/routes'
import { userRoutes } from '@/features/users/routes'
import { loadPageTexts, type TextsBeside } from './i18n'
import LoginPage from './LoginPage.vue'
import { bringLook } from './look'
import type { MenuIcon } from './menuIcons'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's title. */
    title?: string
    permission?: Permission
    /** For anybody, signed in or not. */
    open?: boolean
    /** Its texts come with it, not with those of all pages. */
    texts?: TextsBeside
    /** Opens without a network after a visit. */
    offline?: boolean
    /** Stands in the menu. */
    menu?: {
      icon: MenuIcon
      group: 'work' | 'data' | 'system'
      /** Who may go there, but has it in the menu only with this. */
      permission?: Permission
    }
  }
}

export const featureRoutes: RouteRecordRaw[] = [
  ...overviewRoutes,
  ...materialRoutes,
  ...documentRoutes,
  ...approvalRoutes,
  ...countingRoutes,
  ...reportRoutes,
  ...notificationRoutes,
  ...importRoutes,
  ...jobRoutes,
  ...userRoutes,
  ...roleRoutes,
  ...logRoutes,
  ...settingRoutes,
  ...adminRoutes,
  ...profileRoutes,
  ...helpRoutes,
  ...aboutRoutes,
]

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', name: 'login', component: LoginPage, meta: { open: true, title: 'auth.signIn' } },
    { path: '/password', name: 'new-password', component: () => import('./NewPasswordPage.vue'), meta: { title: 'auth.newPasswordTitle' } },
    // Sheets of paper: without the shell.
    ...printRoutes,
    {
      path: '/',
      component: () => import('./AppShell.vue'),
      children: [
        { path: '', redirect: { name: 'materials' } },
        ...featureRoutes,
        // In the query: a dot in the path would make it a file's name.
        { path: 'not-permitted', name: 'not-permitted', component: () => import('./NotPermitted.vue'), meta: { title: 'app.notPermitted' } },
        { path: ':path(.*)*', name: 'not-found', component: () => import('./NotFound.vue'), meta: { title: 'app.notFound' } },
      ],
    },
  ],
})

function guard(to: RouteLocationNormalized) {
  if (to.name === 'login' && sessionState.session) return { path: '/' }
  if (to.meta.open) return true
  if (!sessionState.session) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  if (me.value?.mustChangePassword && to.name !== 'new-password') return { name: 'new-password', query: { next: to.fullPath } }
  const { permission } = to.meta
  if (permission && !can(permission)) return { name: 'not-permitted', query: { permission }, replace: true }
  return true
}

router.beforeEach(guard)
router.beforeResolve(async ({ meta }) => {
  if (!meta.open) await Promise.all([loadPageTexts(meta.texts), bringLook()])
})

// A page's file that does not come: either the server is away (try again when it is back), or there is a newer build.
router.onError(async (fault, to) => {
  if (!/import|module|preload/i.test(fault instanceof Error ? fault.message : '')) return
  try {
    await fetch(addressOf('/health'), { cache: 'no-store' })
    const last = sessionStorage.getItem('mms.reloaded')
    if (last === to.fullPath) return
    sessionStorage.setItem('mms.reloaded', to.fullPath)
    window.location.assign(to.fullPath)
  } catch {
    serverLost()
    const stop = onServerBack(() => {
      stop()
      void router.push(to.fullPath)
    })
  }
})
router.afterEach(() => sessionStorage.removeItem('mms.reloaded'))
