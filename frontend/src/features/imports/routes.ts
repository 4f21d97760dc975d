import type { RouteRecordRaw } from 'vue-router'

export const importRoutes: RouteRecordRaw[] = []
