/**
 * How the page looks to its reader: remembered on this device, so that it begins as it ended, and kept by the server for the person, who
 * finds it on every other device too.
 */
import { ref, watch } from 'vue'
import { get, put } from '@/api/client'
import { isProblem } from '@/api/problem'
import { me } from '@/api/session'
import { type Density, density, densityOf, useDensity } from '@/shared/list/density'
import { PAGE_SIZE, PAGE_SIZES, usePageSize } from '@/shared/list/pageSizes'
import { type Language, language, LANGUAGES, useLanguage } from './i18n'
import { type Accent, accent, ACCENTS, oneOf, type Theme, theme, THEMES } from './theme'

interface Look {
  theme: Theme
  accent: Accent
  language: Language
  pageSize: string
  density: Density
}

const NAME = 'look'
/** Whose look this device has. */
const OWNER = 'mms.lookOf'
/** The first page after a sign-in waits for the look of its reader, but not longer than this. */
const PATIENCE_MS = 3000
/** Going through a list of choices with the keyboard is one change. */
const SETTLED_MS = 400

export const pageSize = ref(PAGE_SIZE)
watch(pageSize, (size) => usePageSize(size), { flush: 'sync' })

const now = (): Look => ({ theme: theme.value, accent: accent.value, language: language.value, pageSize: pageSize.value, density: density.value })
/** As the server has it. */
let kept: string | null = null
let timer: ReturnType<typeof setTimeout> | undefined

/** What was kept, perhaps by another build; null when it makes no sense. */
export function readLook(text: string): Look | null {
  try {
    const found = JSON.parse(text) as Partial<Record<keyof Look, unknown>>
    return {
      theme: oneOf(THEMES, found.theme),
      accent: oneOf(ACCENTS, found.accent),
      language: oneOf(LANGUAGES.map(({ code }) => code), found.language),
      pageSize: oneOf(PAGE_SIZES.map(String), found.pageSize),
      density: densityOf(found.density),
    }
  } catch {
    return null
  }
}

async function apply(look: Look): Promise<void> {
  theme.value = look.theme
  accent.value = look.accent
  pageSize.value = look.pageSize
  useDensity(look.density)
  if (look.language !== language.value) await useLanguage(look.language)
}

/** Of two looks what is not as it was before: it was chosen while the server was being asked. */
function chosenSince(before: Look): Partial<Look> {
  return Object.fromEntries(Object.entries(now()).filter(([name, value]) => value !== before[name as keyof Look]))
}

async function ofServer(owner: number): Promise<void> {
  const before = now()
  const all = await get<{ key: string; value: string }[]>('/profile/preferences', {}, AbortSignal.timeout(PATIENCE_MS))
  if (me.value?.id !== owner) return
  const look = readLook(all.find(({ key }) => key === NAME)?.value ?? '')
  if (look) await apply({ ...look, ...chosenSince(before) })
  kept = JSON.stringify(look ?? before)
  localStorage.setItem(OWNER, String(owner))
  void keep()
}

async function send(): Promise<void> {
  const text = JSON.stringify(now())
  if (text === kept || !me.value) return
  try {
    await put(`/profile/preferences/${NAME}`, { value: text })
    kept = text
  } catch (fault) {
    // The device remembers it; the server is told with the next change.
    if (!isProblem(fault)) throw fault
  }
}
/** One after the other: the last is the one that stays. */
let sending: Promise<void> = Promise.resolve()
const keep = () => (sending = sending.then(send))

watch(now, () => {
  clearTimeout(timer)
  // Before the server was asked, what changes is only what this device remembers.
  if (kept !== null && me.value) timer = setTimeout(() => void keep(), SETTLED_MS)
})

let asked: number | null = null

/** Once for everyone who signs in: the first page appears as he has chosen, wherever that was. */
export async function bringLook(): Promise<void> {
  const owner = me.value?.mustChangePassword ? null : (me.value?.id ?? null)
  if (owner === asked || owner === null) return
  asked = owner
  kept = null
  // Without an answer the page looks as the device remembers.
  const coming = ofServer(owner).catch(() => (asked = null))
  // This device has it already: what changed elsewhere comes a moment later.
  if (localStorage.getItem(OWNER) !== String(owner)) await coming
}
