import type { RouteRecordRaw } from 'vue-router'

export const printRoutes: RouteRecordRaw[] = []
