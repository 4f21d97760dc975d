import { createI18n } from 'vue-i18n'
import { ref } from 'vue'
import { setLanguage } from '@/api/http'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: { code: Language; name: string }[] = [
  { code: 'zh-CN', name: '简体中文' },
  { code: 'en', name: 'English' },
]

const KEY = 'mms.language'

/** The texts of one language: what the sign-in page says, and what the pages behind it say, which come with the first of those. */
const first = {
  'zh-CN': () => import('@/locales/zh-CN'),
  en: () => import('@/locales/en'),
}
const pages = {
  'zh-CN': () => import('@/locales/zh-CN/pages'),
  en: () => import('@/locales/en/pages'),
}
/** The company may call the system as it likes. A function: what is in a title is no placeholder. */
const TITLE = import.meta.env.VITE_APP_TITLE?.trim()
const named = TITLE ? { app: { name: () => TITLE, shortName: () => TITLE } } : {}
/** What one page alone says, and much of it: comes with that page. */
const parts = {
  help: { 'zh-CN': () => import('@/locales/zh-CN/help.json'), en: () => import('@/locales/en/help.json') },
}
type Part = keyof typeof parts
const partsWanted = new Set<Part>()
const complete = new Set<string>()
let pagesWanted = false

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
  if (pagesWanted && !complete.has(wanted)) {
    global.mergeLocaleMessage(wanted, (await pages[wanted]()).default)
    complete.add(wanted)
  }
  for (const part of partsWanted) {
    if (complete.has(`${part} ${wanted}`)) continue
    global.mergeLocaleMessage(wanted, { [part]: (await parts[part][wanted]()).default })
    complete.add(`${part} ${wanted}`)
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

/** Before the first page behind the sign-in. */
export async function loadPageTexts(): Promise<void> {
  pagesWanted = true
  await load(language.value)
}

/** Before the page that says it. */
export async function loadPart(part: Part): Promise<void> {
  partsWanted.add(part)
  await load(language.value)
}
