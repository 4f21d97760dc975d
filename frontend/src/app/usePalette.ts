import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { type Component, computed, onScopeDispose, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import { get } from '@/api/client'
import { isProblem } from '@/api/problem'
import { can, me } from '@/api/session'
import { menu } from './menu'
import { MENU_ICONS } from './menuIcons'
import { recentOf, type Visited } from './paletteRecent'
import { type Piece, pieces, spotsOf } from './paletteText'

type Kind = 'material' | 'transaction' | 'user' | 'count'
interface Match {
  field: string
  text: string
  start: number
  length: number
}
interface Hit {
  id: number
  code: string
  name: string | null
  type: Kind
  description: string | null
  matches: Match[]
}
export interface Entry extends Visited {
  codePieces: Piece[]
  namePieces: Piece[]
  /** What was found in neither code nor name. */
  more: { field: string; pieces: Piece[] } | null
  icon: Component | null
}
export interface Group {
  name: 'recent' | 'actions' | 'pages' | Kind
  entries: Entry[]
}

const SEARCH_AFTER_MS = 120
const MOST_CHARACTERS = 100
const OF_EACH = 6
const KINDS: Kind[] = ['material', 'transaction', 'count', 'user']
const ICON_OF: Partial<Record<string, Component>> = {
  material: MENU_ICONS.materials, transaction: MENU_ICONS.documents, count: MENU_ICONS.counting, user: MENU_ICONS.users,
}

function pathOf({ type, id, code }: Hit): string {
  if (type === 'user') return `/users?keyword=${encodeURIComponent(code)}`
  return `/${{ material: 'materials', transaction: 'documents', count: 'counting' }[type]}/${id}`
}

function entryOf(hit: Hit): Entry {
  const name = hit.name ?? ''
  const spots = (field: string) => hit.matches.filter((match) => match.field === field)
  const other = hit.matches.find(({ field }) => field !== 'code' && field !== 'name')
  return {
    kind: hit.type,
    path: pathOf(hit),
    code: hit.code,
    name,
    codePieces: pieces(hit.code, spots('code')),
    namePieces: pieces(name, spots('name')),
    more: other ? { field: other.field, pieces: pieces(other.text, spots(other.field)) } : null,
    icon: ICON_OF[hit.type] ?? null,
  }
}

/** What the palette offers for what is typed. */
export function usePalette() {
  const { t } = useI18n()
  const router = useRouter()
  const text = ref('')
  const question = computed(() => text.value.trim().slice(0, MOST_CHARACTERS))
  const asked = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(question, (now) => {
    clearTimeout(timer)
    timer = setTimeout(() => (asked.value = now), now ? SEARCH_AFTER_MS : 0)
  })
  onScopeDispose(() => clearTimeout(timer))

  // What is outdated is cancelled: nobody waits for its answer.
  const search = useQuery({
    queryKey: computed(() => ['search', asked.value]),
    queryFn: ({ signal }) => get<Hit[]>('/search', { q: asked.value, type: 'everything', limit: OF_EACH, matches: true }, signal),
    enabled: () => asked.value !== '' && can('material.read'),
    placeholderData: keepPreviousData,
    gcTime: 0,
  })
  const problem = computed(() => (question.value && isProblem(search.error.value) ? search.error.value : null))
  /** What is offered is not yet the answer to what is typed. */
  const behind = computed(() => question.value !== asked.value || (asked.value !== '' && search.isFetching.value))

  function own(kind: string, path: string, name: string, icon: Component | null, code = ''): Entry[] {
    const spots = spotsOf(name, question.value)
    if (!spots) return []
    return [{ kind, path, code, name, codePieces: pieces(code, []), namePieces: pieces(name, spots), more: null, icon }]
  }
  const recent = recentOf(me.value?.id ?? 0)
  const actions = computed(() => [
    ...(can('document.create')
      ? [
          ...own('action', '/documents/new/in', t('palette.newReceipt'), MENU_ICONS.documents),
          ...own('action', '/documents/new/out', t('palette.newIssue'), MENU_ICONS.documents),
        ]
      : []),
    ...(can('material.write') ? own('action', '/materials?new=1', t('palette.newMaterial'), MENU_ICONS.materials) : []),
    ...own('action', '/help', t('app.help'), null),
  ])
  const pages = computed(() =>
    menu.value.flatMap(({ items }) =>
      items.flatMap(({ name, title, icon }) => own('page', router.resolve({ name }).path, t('palette.goTo', { page: t(title) }), MENU_ICONS[icon])),
    ),
  )
  const hits = computed(() => (question.value ? (search.data.value ?? []) : []).map(entryOf).filter(({ path }) => router.resolve(path).name !== 'not-found'))

  const groups = computed<Group[]>(() => {
    const before: Group[] = question.value
      ? []
      : [{ name: 'recent', entries: recent.flatMap((one) => own(one.kind, one.path, one.name, ICON_OF[one.kind] ?? null, one.code)) }]
    return [
      ...before,
      { name: 'actions' as const, entries: actions.value },
      { name: 'pages' as const, entries: pages.value },
      ...KINDS.map((name) => ({ name, entries: hits.value.filter(({ kind }) => kind === name) })),
    ].filter(({ entries }) => entries.length > 0)
  })

  return { text, question, groups, behind, problem }
}
