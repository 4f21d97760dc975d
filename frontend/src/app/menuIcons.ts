import {
  Bell, Box, Checked, Cpu, DataAnalysis, Finished, Key, List, Memo, Odometer, Setting, Tickets, Upload, UserFilled,
} from '@element-plus/icons-vue'

/** The pictures that stand in the menu, by the names that routes use. */
export const MENU_ICONS = {
  overview: Odometer,
  materials: Box,
  documents: Tickets,
  approval: Checked,
  counting: Finished,
  reports: DataAnalysis,
  notifications: Bell,
  imports: Upload,
  jobs: List,
  users: UserFilled,
  roles: Key,
  logs: Memo,
  settings: Setting,
  admin: Cpu,
}
export type MenuIcon = keyof typeof MENU_ICONS
