/** The colours of the page. build/firstPaint.js has set them before this; see also styles/accents.css. */
import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark' | 'auto'
export const THEMES: Theme[] = ['auto', 'light', 'dark']
export type Accent = 'teal' | 'blue' | 'violet' | 'plum' | 'graphite'
export const ACCENTS: Accent[] = ['teal', 'blue', 'violet', 'plum', 'graphite']

const KEY = 'mms.theme'
const ACCENT_KEY = 'mms.accent'
const wantsDark = window.matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(wantsDark.matches)
wantsDark.addEventListener('change', (event) => (systemIsDark.value = event.matches))

/** One of them, or the first: what is kept may be from another build. */
export function oneOf<T>(known: T[], found: unknown): T {
  return known.find((one) => one === found) ?? (known[0] as T)
}

export const theme = ref<Theme>(oneOf(THEMES, localStorage.getItem(KEY)))
export const accent = ref<Accent>(oneOf(ACCENTS, localStorage.getItem(ACCENT_KEY)))

export function followTheme(): void {
  const root = document.documentElement
  watchEffect(() => {
    localStorage.setItem(KEY, theme.value)
    root.classList.toggle('dark', theme.value === 'dark' || (theme.value === 'auto' && systemIsDark.value))
  })
  watchEffect(() => {
    localStorage.setItem(ACCENT_KEY, accent.value)
    root.dataset.accent = accent.value
  })
}
