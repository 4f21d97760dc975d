import app from './app.json'
import approval from './approval.json'
import auth from './auth.json'
import documents from './documents.json'
import logs from './logs.json'
import materials from './materials.json'
import overview from './overview.json'
import shared from './shared.json'
import users from './users.json'

export default { app, approval, auth, documents, logs, materials, overview, shared, users }
