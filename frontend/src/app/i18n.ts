import { createI18n } from 'vue-i18n'
import { ref } from 'vue'
import { setLanguage } from '@/api/http'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: { code: Language; name: string }[] = [
  { code: 'zh-CN', name: '简体中文' },
  { code: 'en', name: 'English' },
]

const KEY = 'mms.language'

/** The texts of one language: what the sign-in page says, what the pages behind it say, which come with the first of those, and what only the pages of one feature say. */
const first = {
  'zh-CN': () => import('@/locales/zh-CN'),
  en: () => import('@/locales/en'),
}
const pages = {
  'zh-CN': () => import('@/locales/zh-CN/pages'),
  en: () => import('@/locales/en/pages'),
}
const beside = {
  imports: { 'zh-CN': () => import('@/locales/zh-CN/imports.json'), en: () => import('@/locales/en/imports.json') },
}
export type TextsBeside = keyof typeof beside
const complete = new Set<string>()
const besideWanted = new Set<TextsBeside>()
let pagesWanted = false

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', missingWarn: false, fallbackWarn: false })
export const language = ref<Language>('zh-CN')

/** Chinese first: English only for who has chosen it. */
export function rememberedLanguage(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
}

async function load(wanted: Language): Promise<void> {
  const { global } = i18n
  if (Object.keys(global.getLocaleMessage(wanted)).length === 0) global.setLocaleMessage(wanted, (await first[wanted]()).default)
  if (pagesWanted && !complete.has(wanted)) {
    global.mergeLocaleMessage(wanted, (await pages[wanted]()).default)
    complete.add(wanted)
  }
  for (const feature of besideWanted) {
    if (complete.has(`${wanted} ${feature}`)) continue
    global.mergeLocaleMessage(wanted, { [feature]: (await beside[feature][wanted]()).default })
    complete.add(`${wanted} ${feature}`)
  }
}

export async function useLanguage(next: Language): Promise<void> {
  await load(next)
  i18n.global.locale.value = next
  language.value = next
  localStorage.setItem(KEY, next)
  document.documentElement.lang = next
  setLanguage(next)
}

/** Before the first page behind the sign-in, and before the first of a feature whose texts come beside. */
export async function loadPageTexts(feature?: TextsBeside): Promise<void> {
  pagesWanted = true
  if (feature) besideWanted.add(feature)
  await load(language.value)
}
