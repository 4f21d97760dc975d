import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { isProblem } from '@/api/problem'
import { useAction } from '@/shared/composables/useAction'
import { wholeNumber } from '@/shared/wholeNumber'
import { type Filters, writeFilters } from './routeFilters'
import type { ListModel } from './useList'
import { type Audience, changeView, createView, listViews, readState, removeView, type View, writeState } from './views'

/** The views of a list: the one that is open stands in the address as `view`, and what it asks for beside it. */
export function useViews<Row>(list: ListModel<Row>) {
  const route = useRoute()
  const router = useRouter()
  const cache = useQueryClient()
  const openId = computed(() => wholeNumber(route.query.view))
  /** They are asked for when somebody wants to see them. */
  const wanted = ref(false)
  const queryKey = ['views', list.name]
  const { data, error } = useQuery({
    queryKey,
    queryFn: ({ signal }) => listViews(list.name, signal),
    enabled: () => wanted.value || openId.value !== null,
  })
  const views = computed(() => data.value ?? [])
  const open = computed(() => views.value.find(({ id }) => id === openId.value) ?? null)
  const present = computed(() => writeState(list.filters.value, list.defaults, list.setup.settings.value))
  const changed = computed(() => {
    if (!open.value) return false
    const { filters, columns } = readState(open.value.state, list.defaults)
    return writeState(filters, list.defaults, columns) !== present.value
  })

  const others = () => Object.fromEntries(Object.entries(route.query).filter(([name]) => name !== 'view' && !(name in list.defaults)))
  function go(filters: Filters, view: number | null, replace = false) {
    const query = { ...(view === null ? {} : { view: String(view) }), ...writeFilters(others(), list.defaults, filters) }
    return replace ? router.replace({ query }) : router.push({ query })
  }
  function show(view: View | null) {
    if (!view) return go(list.defaults, null)
    const { filters, columns } = readState(view.state, list.defaults)
    list.setup.lend(columns)
    return go(filters, view.id)
  }
  // By a link, by the way back: its columns come with it; its filters only where the address says nothing of its own.
  watch(
    () => open.value?.id ?? null,
    (id) => {
      if (!open.value || id === null) return list.setup.lend(null)
      const { filters, columns } = readState(open.value.state, list.defaults)
      list.setup.lend(columns)
      if (!Object.keys(route.query).some((name) => name in list.defaults)) void go(filters, id, true)
    },
    { immediate: true },
  )

  const { run, busy, problem } = useAction(async (work: () => Promise<unknown>) => {
    await work()
    await cache.invalidateQueries({ queryKey })
    return true
  })
  /** The view as it was before it was removed, to have it again. */
  const removed = ref<View | null>(null)

  async function add(name: string, sharedWith: Audience, state = present.value): Promise<boolean> {
    let made: View | undefined
    const done = await run(async () => (made = (await createView({ list: list.name, name, state, sharedWith })).data))
    if (done && made) await show(made)
    return Boolean(done)
  }

  return {
    wanted, views, open, openId, changed, show, add, busy, removed,
    problem: computed(() => problem.value ?? (isProblem(error.value) ? error.value : null)),
    update: (view: View) => run(() => changeView(view.id, { version: view.version, state: present.value })),
    rename: (view: View, name: string, sharedWith: Audience) => run(() => changeView(view.id, { version: view.version, name, sharedWith })),
    async drop(view: View) {
      if (!(await run(() => removeView(view.id)))) return
      removed.value = view
      if (openId.value === view.id) await go(list.filters.value, null)
    },
    async restore() {
      const view = removed.value
      if (view && (await add(view.name, view.shared_with, view.state))) removed.value = null
    },
  }
}
