import '@/styles/tokens.css'
import '@/styles/accents.css'
import '@/styles/base.css'
import { createApp } from 'vue'
import App from './App.vue'
import { reportFaults } from './faults'
import { i18n, rememberedLanguage, useLanguage } from './i18n'
import { keepForOffline } from './offline'
import { router } from './router'
import { followTheme } from './theme'

/** The page appears in its language: never keys first and words after. */
async function start() {
  followTheme()
  await useLanguage(rememberedLanguage())
  const app = createApp(App).use(i18n).use(router)
  reportFaults(app)
  keepForOffline(router)
  app.mount('#app')
}

void start()
