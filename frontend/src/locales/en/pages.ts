import about from './about.json'
import admin from './admin.json'
import approval from './approval.json'
import counting from './counting.json'
import dates from './dates.json'
import documents from './documents.json'
import jobs from './jobs.json'
import lists from './lists.json'
import logs from './logs.json'
import materials from './materials.json'
import notifications from './notifications.json'
import overview from './overview.json'
import palette from './palette.json'
import reports from './reports.json'
import roles from './roles.json'
import settings from './settings.json'
import users from './users.json'

/** What only pages behind the sign-in say. */
export default {
  about,
  admin,
  approval,
  counting,
  dates,
  documents,
  jobs,
  lists,
  logs,
  materials,
  notifications,
  overview,
  palette,
  reports,
  roles,
  settings,
  users,
}
