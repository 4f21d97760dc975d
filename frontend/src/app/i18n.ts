import { createI18n } from 'vue-i18n'
import { ref } from 'vue'
import { setLanguage } from '@/api/http'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: { code: Language; name: string }[] = [
  { code: 'zh-CN', name: '简体中文' },
  { code: 'en', name: 'English' },
]

const KEY = 'mms.language'

/** The texts of one language: what the sign-in page says; what the pages behind it say, which comes with the first of those; and what few pages say, beside. */
const first = {
  'zh-CN': () => import('@/locales/zh-CN'),
  en: () => import('@/locales/en'),
}
const pages = {
  'zh-CN': () => import('@/locales/zh-CN/pages'),
  en: () => import('@/locales/en/pages'),
}
const beside = {
  charts: { 'zh-CN': () => import('@/locales/zh-CN/charts.json'), en: () => import('@/locales/en/charts.json') },
  help: { 'zh-CN': () => import('@/locales/zh-CN/help.json'), en: () => import('@/locales/en/help.json') },
  profile: { 'zh-CN': () => import('@/locales/zh-CN/profile.json'), en: () => import('@/locales/en/profile.json') },
  printing: { 'zh-CN': () => import('@/locales/zh-CN/printing.json'), en: () => import('@/locales/en/printing.json') },
  counts: { 'zh-CN': () => import('@/locales/zh-CN/counts.json'), en: () => import('@/locales/en/counts.json') },
  imports: { 'zh-CN': () => import('@/locales/zh-CN/imports.json'), en: () => import('@/locales/en/imports.json') },
}
export type TextsBeside = keyof typeof beside
/** What is there or on its way: who asks for it meanwhile waits for the same. */
const coming = new Map<string, Promise<void>>()
const besideWanted = new Set<TextsBeside>()
let pagesWanted = false
/** The company may call the system as it likes. A function: what is in a title is no placeholder. */
const TITLE = import.meta.env.VITE_APP_TITLE?.trim()
const named = TITLE ? { app: { name: () => TITLE, shortName: () => TITLE } } : {}

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', missingWarn: false, fallbackWarn: false })
export const language = ref<Language>('zh-CN')

/** Chinese first: English only for who has chosen it. */
export function rememberedLanguage(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
}

function loadOnce(what: string, wanted: Language, merge: () => Promise<void>): Promise<void> {
  const key = `${what} ${wanted}`
  const begun = coming.get(key) ?? merge()
  coming.set(key, begun)
  begun.catch(() => coming.delete(key))
  return begun
}

async function load(wanted: Language): Promise<void> {
  const { global } = i18n
  await loadOnce('first', wanted, async () => {
    global.setLocaleMessage(wanted, (await first[wanted]()).default)
    global.mergeLocaleMessage(wanted, named)
  })
  if (pagesWanted) await loadOnce('pages', wanted, async () => global.mergeLocaleMessage(wanted, (await pages[wanted]()).default))
  for (const feature of besideWanted) {
    await loadOnce(feature, wanted, async () => global.mergeLocaleMessage(wanted, { [feature]: (await beside[feature][wanted]()).default }))
  }
}

let turns = 0
export async function useLanguage(next: Language): Promise<void> {
  turns += 1
  const mine = turns
  await load(next)
  // Another one was chosen while its texts came.
  if (mine !== turns) return
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
