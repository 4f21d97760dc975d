import { createI18n } from 'vue-i18n'
import { ref } from 'vue'
import { setLanguage } from '@/api/http'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: { code: Language; name: string }[] = [
  { code: 'zh-CN', name: '简体中文' },
  { code: 'en', name: 'English' },
]

const KEY = 'mms.language'

/** The texts of one language: what the sign-in page says; what the pages behind it say, which comes with the first of those; and of pictures. */
const first = {
  'zh-CN': () => import('@/locales/zh-CN'),
  en: () => import('@/locales/en'),
}
const further = {
  pages: {
    'zh-CN': () => import('@/locales/zh-CN/pages'),
    en: () => import('@/locales/en/pages'),
  },
  pictures: {
    'zh-CN': () => import('@/locales/zh-CN/pictures'),
    en: () => import('@/locales/en/pictures'),
  },
  help: {
    'zh-CN': () => import('@/locales/zh-CN/help.json').then(({ default: help }) => ({ default: { help } })),
    en: () => import('@/locales/en/help.json').then(({ default: help }) => ({ default: { help } })),
  },
}
type Part = keyof typeof further
const complete = new Set<`${Language} ${Part}`>()
const wantedParts = new Set<Part>()
/** The company may call the system as it likes. A function: what is in a title is no placeholder. */
const TITLE = import.meta.env.VITE_APP_TITLE?.trim()
const named = TITLE ? { app: { name: () => TITLE, shortName: () => TITLE } } : {}

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', missingWarn: false, fallbackWarn: false })
export const language = ref<Language>('zh-CN')

/** Chinese first: English only for who has chosen it. */
export function rememberedLanguage(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
}

async function load(wanted: Language): Promise<void> {
  const { global } = i18n
  if (Object.keys(global.getLocaleMessage(wanted)).length === 0) {
    global.setLocaleMessage(wanted, (await first[wanted]()).default)
    global.mergeLocaleMessage(wanted, named)
  }
  await Promise.all([...wantedParts].filter((part) => !complete.has(`${wanted} ${part}`)).map(async (part) => {
    global.mergeLocaleMessage(wanted, (await further[part][wanted]()).default)
    complete.add(`${wanted} ${part}`)
  }))
}

export async function useLanguage(next: Language): Promise<void> {
  await load(next)
  i18n.global.locale.value = next
  language.value = next
  localStorage.setItem(KEY, next)
  document.documentElement.lang = next
  setLanguage(next)
}

/** Before the page that says it. */
export async function loadTexts(...parts: Part[]): Promise<void> {
  for (const part of parts) wantedParts.add(part)
  await load(language.value)
}
