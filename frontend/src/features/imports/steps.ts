/** Where in the wizard an import is: what the server knows of it, and what the address asks for. */
import type { Import, Job, Summary } from './api'

export const STEPS = ['columns', 'check', 'preview', 'result'] as const
export type Step = (typeof STEPS)[number]

export const isOpen = (job: Job | null | undefined): boolean => job?.status === 'queued' || job?.status === 'running'
/** It has ended, and not well. */
export const isBroken = (job: Job | null | undefined): boolean => job?.status === 'failed' || job?.status === 'cancelled' || job?.status === 'interrupted'

/** Rows that would be stored. */
export const workOf = ({ create, change, line }: Summary): number => create + change + line

type Known = Pick<Import, 'status' | 'summary'>

/** What one may look at now. */
export function reachable({ status }: Known, job: Job | null): Step[] {
  if (status === 'done' || status === 'undone') return ['result']
  if (isOpen(job)) return job?.kind === 'import.commit' ? ['preview'] : ['check']
  if (status === 'checked') return ['columns', 'check', 'preview']
  return job?.kind === 'import.check' && isBroken(job) ? ['columns', 'check'] : ['columns']
}

function usual({ summary }: Known, job: Job | null, may: Step[]): Step {
  const last = may[may.length - 1] ?? 'columns'
  // Something to be dealt with, or nothing to be shown.
  const stays = summary !== null && (summary.fault > 0 || summary.unknown.length > 0 || workOf(summary) === 0)
  return last === 'preview' && stays && job?.kind !== 'import.commit' ? 'check' : last
}

/** The step in the address as far as one may go there, else the one that is next. */
export function stepOf(known: Known, job: Job | null, asked: unknown): Step {
  const may = reachable(known, job)
  return may.find((step) => step === asked) ?? usual(known, job, may)
}
