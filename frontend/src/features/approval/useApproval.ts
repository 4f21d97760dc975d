import { useQuery } from '@tanstack/vue-query'
import { computed, onScopeDispose, reactive, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { isProblem } from '@/api/problem'
import { me } from '@/api/session'
import type { Decisions, DocumentRow } from '@/api/types'
import { useAction } from '@/shared/composables/useAction'
import { getDocument } from '@/shared/documents/api'
import { useOwnClosed } from '@/shared/documents/useOwnDocuments'
import { ask } from '@/shared/feedback/confirm'
import { toast } from '@/shared/feedback/toast'
import { stockChanged } from '@/shared/query'
import { useSelection } from '@/shared/list/useSelection'
import { wholeNumber } from '@/shared/wholeNumber'
import { decide, decideMany, type Verdict } from './api'
import { nextOf } from './queue'
import { useQueue } from './useQueue'

/** Refusals that hold for as long as the document is what it is: asking again would be no use. */
const LASTING = new Set(['own_document', 'permission_missing'])
/** The second half of a double click, or of a key that bounces, is no verdict on the document that has just come up. */
const LOOK_FIRST_MS = 400

/** The approval desk: what waits, the document shown, and the verdicts. */
export function useApproval(autoOpen: () => boolean) {
  const { t } = useI18n()
  const route = useRoute()
  const router = useRouter()

  const show = (id: number | null) => router.replace({ query: { ...route.query, id: id === null ? undefined : String(id) } })
  const { list, width } = useQueue(show)
  const { rows } = list
  const ids = computed(() => rows.value.map(({ id }) => id))
  const shownId = computed(() => wholeNumber(route.query.id))
  const shown = useQuery({
    queryKey: computed(() => ['documents', 'one', shownId.value]),
    queryFn: ({ signal }) => getDocument(shownId.value ?? 0, signal),
    enabled: () => shownId.value !== null,
  })
  const document = computed(() => (shownId.value !== null && shown.data.value?.id === shownId.value ? shown.data.value : null))
  const unreadable = computed(() => (isProblem(shown.error.value) && shownId.value !== null ? shown.error.value : null))

  const told = reactive(new Map<number, string>())
  const ownClosed = useOwnClosed()
  /** By document, why this person cannot decide it: what the server has said, and before it is asked that nobody decides his own. */
  const refusals = computed(() => {
    const own = rows.value.filter(({ applicant_id }) => ownClosed.value && applicant_id === me.value?.id)
    return new Map([...own.map(({ id }) => [id, t('approval.ownClosed')] as const), ...told])
  })
  const selection = useSelection<DocumentRow>(list, ({ id }) => !refusals.value.has(id))
  const summary = ref<{ decisions: Decisions; codes: Map<number, string> } | null>(null)

  const justCome = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(timer))
  watch(
    () => document.value?.id,
    (id) => {
      clearTimeout(timer)
      if (id !== undefined) timer = setTimeout(() => (justCome.value = false), LOOK_FIRST_MS)
    },
  )
  async function comeTo(id: number | null) {
    justCome.value = id !== null
    await show(id)
  }

  // The keys go on from what is shown.
  watch(shownId, (id) => (list.cursor.value = id), { immediate: true })
  let opened: number | null = null
  watch(
    () => [rows.value, autoOpen()] as const,
    ([present, open]) => {
      const first = present[0]?.id ?? null
      // What was opened by itself goes by itself, when somebody has decided it or it is not asked for any more.
      const gone = opened !== null && opened === shownId.value && !present.some(({ id }) => id === opened)
      if (open && (shownId.value === null || gone) && first !== shownId.value) {
        opened = first
        // Decided, and heard of before the answer: what comes up is looked at first, here too.
        void (gone ? comeTo(first) : show(first))
      }
      // Where all that wait are here, what is not here waits no more.
      if (list.total.value === present.length) selection.choose(selection.ids.value.filter((id) => present.some((row) => row.id === id)))
    },
    { immediate: true },
  )

  const { run, busy, problem } = useAction((id: number, action: Verdict, remark: string) => decide(id, action, remark))
  watch(shownId, () => (problem.value = null))

  async function pass(action: Verdict) {
    const id = shownId.value, code = document.value?.transaction_code
    if (id === null || document.value?.status !== 'pending' || busy.value || justCome.value || refusals.value.has(id)) return
    const reason = action === 'approve' ? '' : await askReason(1)
    if (reason === null) return
    const next = nextOf(ids.value, id)
    const answer = await run(id, action, reason)
    /** Who has gone on to another document stays there, and what was refused is not said of that one. */
    const still = shownId.value === id
    if (!answer) {
      const refusal = problem.value
      if (refusal && LASTING.has(refusal.code)) told.set(id, refusal.message)
      else stockChanged()
      if (!still && refusal) toast(`${code} ${refusal.message}`, 'bad')
      if (!still || told.has(id)) problem.value = null
      return
    }
    toast(answer.message, 'good')
    if (still) await comeTo(autoOpen() ? next : null)
    stockChanged()
  }

  async function askReason(n: number): Promise<string | null> {
    const yes = await ask({
      title: t('approval.rejectAsk', { n }),
      confirm: t('approval.reject'),
      danger: true,
      reason: { label: t('approval.reason'), required: true },
    })
    return yes?.reason ?? null
  }

  const bulk = useAction((action: Verdict, remark: string) => decideMany(selection.ids.value, action, remark))

  async function passSelected(action: Verdict) {
    const n = selection.count.value
    const approved = action === 'approve' && (await ask({ title: t('approval.approveAsk', { n }), confirm: t('approval.approve') }))
    const remark = action === 'approve' ? (approved ? '' : null) : await askReason(n)
    if (remark === null) return
    const codes = new Map(selection.rows.value.map((row) => [row.id, row.transaction_code]))
    const answer = await bulk.run(action, remark)
    if (!answer) return
    summary.value = { decisions: answer.data, codes }
    for (const { id, code, message } of answer.data.results) if (code && LASTING.has(code)) told.set(id, message ?? '')
    selection.clear()
    await show(null)
    stockChanged()
  }

  return {
    list, width, shownId, document, unreadable, selection, refusals, summary, show, pass, busy, justCome, problem, passSelected,
    bulkBusy: bulk.busy, bulkProblem: bulk.problem,
  }
}
