import type { RouteRecordRaw } from 'vue-router'

export const settingRoutes: RouteRecordRaw[] = []
