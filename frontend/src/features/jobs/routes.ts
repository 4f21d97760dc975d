import type { RouteRecordRaw } from 'vue-router'

export const jobRoutes: RouteRecordRaw[] = []
