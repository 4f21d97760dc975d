/** One import and the job that works on it, as the server has them; and what one may do with it. */
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref, ref, watch } from 'vue'
import { isProblem } from '@/api/problem'
import { useAction } from '@/shared/composables/useAction'
import { nowKnown, stockChanged } from '@/shared/query'
import { begin, cancelJob, changeImport, type Choice, getImport, getJob, type Import, type Job } from './api'
import { isOpen } from './steps'

/** Live events tell of jobs; where none come, one looks again. */
const AGAIN_MS = 1000

export function useImport(id: Ref<number>) {
  const cache = useQueryClient()
  const key = computed(() => ['imports', 'one', id.value])
  const { data: found, error } = useQuery({ queryKey: key, queryFn: ({ signal }) => getImport(id.value, signal) })
  const jobId = computed(() => found.value?.jobId ?? null)
  const { data: job } = useQuery({
    queryKey: computed(() => ['jobs', 'one', jobId.value]),
    queryFn: ({ signal }) => getJob(jobId.value ?? 0, signal),
    enabled: computed(() => jobId.value !== null),
    refetchInterval: ({ state }) => (isOpen(state.data) ? AGAIN_MS : false),
  })
  /** The job that was seen under way here, and the one after whose end the import was read again. */
  const followed = ref<number | null>(null)
  const settled = ref<number | null>(null)

  const reload = () => cache.invalidateQueries({ queryKey: ['imports'] })
  watch(
    job,
    async (now) => {
      if (!now || settled.value === now.id) return
      if (isOpen(now)) {
        followed.value = now.id
        return
      }
      await reload()
      settled.value = now.id
    },
    { immediate: true },
  )
  // A short job may be over before the page has heard that it was begun.
  watch([settled, followed], ([over, own]) => {
    if (over === null || over !== own) return
    for (const topic of ['units', 'locations']) void cache.invalidateQueries({ queryKey: [topic] })
    stockChanged()
  })
  const late = computed(() => job.value !== undefined && !isOpen(job.value) && settled.value !== job.value.id)
  /** It is not over for the page before the import is as the job has left it. */
  const shown = computed<Job | null>(() => (job.value === undefined ? null : late.value ? { ...job.value, status: 'running' } : job.value))

  const start = useAction(async (deed: 'check' | 'commit' | 'undo', body: object = {}) => {
    const { data } = await begin(id.value, deed, body)
    followed.value = data.jobId
    await nowKnown<Job>(['jobs', 'one', data.jobId], (known) => known ?? { id: data.jobId, kind: `import.${deed}`, status: 'queued', done: 0, total: null, cancel_asked: false, error: null })
    await nowKnown<Import>(key.value, (old) => old && { ...old, jobId: data.jobId })
    void cache.invalidateQueries({ queryKey: ['jobs'] })
    return data.jobId
  })
  const change = useAction(async (choice: Choice) => {
    const { data } = await changeImport(id.value, choice)
    await nowKnown<Import>(key.value, () => data)
    return data
  })
  const cancel = useAction(async () => {
    if (job.value) await cancelJob(job.value.id)
    await cache.invalidateQueries({ queryKey: ['jobs'] })
  })

  return {
    found,
    job: shown,
    /** The job is asked for before anything is shown: the step depends on it. But what is shown stays while one's own deed is set off. */
    waiting: computed(() => found.value === undefined || (jobId.value !== null && !start.busy.value && followed.value !== jobId.value && (job.value === undefined || late.value))),
    problem: computed(() => (isProblem(error.value) ? error.value : null)),
    start,
    change,
    cancel,
    reload,
  }
}
