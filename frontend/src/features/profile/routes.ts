import type { RouteRecordRaw } from 'vue-router'

export const profileRoutes: RouteRecordRaw[] = []
