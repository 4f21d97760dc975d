import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark' | 'auto'
export const THEMES: Theme[] = ['auto', 'light', 'dark']

const KEY = 'mms.theme'
const stored = localStorage.getItem(KEY)
const wantsDark = window.matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = ref(wantsDark.matches)
wantsDark.addEventListener('change', (event) => (systemIsDark.value = event.matches))

export const theme = ref<Theme>(stored === 'light' || stored === 'dark' ? stored : 'auto')

export function followTheme(): void {
  watchEffect(() => {
    localStorage.setItem(KEY, theme.value)
    document.documentElement.classList.toggle('dark', theme.value === 'dark' || (theme.value === 'auto' && systemIsDark.value))
  })
}
