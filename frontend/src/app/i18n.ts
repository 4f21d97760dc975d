import { createI18n } from 'vue-i18n'
import { ref } from 'vue'
import { setLanguage } from '@/api/http'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: { code: Language; name: string }[] = [
  { code: 'zh-CN', name: '简体中文' },
  { code: 'en', name: 'English' },
]

const KEY = 'mms.language'

/** The texts of one language are one file, loaded when the language is chosen. */
const texts = {
  'zh-CN': () => import('@/locales/zh-CN'),
  en: () => import('@/locales/en'),
}

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', missingWarn: false, fallbackWarn: false })
export const language = ref<Language>('zh-CN')

/** Chinese first: English only for who has chosen it. */
export function rememberedLanguage(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
}

export async function useLanguage(next: Language): Promise<void> {
  if (!i18n.global.availableLocales.includes(next) || Object.keys(i18n.global.getLocaleMessage(next)).length === 0) {
    i18n.global.setLocaleMessage(next, (await texts[next]()).default)
  }
  i18n.global.locale.value = next
  language.value = next
  localStorage.setItem(KEY, next)
  document.documentElement.lang = next
  setLanguage(next)
}
