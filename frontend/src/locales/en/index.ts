import app from './app.json'
import auth from './auth.json'
import shared from './shared.json'

export default { app, auth, shared }
