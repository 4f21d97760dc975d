import type { RouteRecordRaw } from 'vue-router'

export const countingRoutes: RouteRecordRaw[] = []
