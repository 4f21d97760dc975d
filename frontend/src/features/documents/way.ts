import type { Document } from '@/api/types'

export interface Step {
  name: 'submitted' | 'waiting' | 'approved' | 'rejected' | 'cancelled' | 'reversed'
  who: string | null
  at: string | null
  said: string | null
  /** The document that did it. */
  document: number | null
}

/** What has become of a document so far, in order; of one that waits, that it does. */
export function wayOf(document: Document): Step[] {
  const { status, applicant_name, approver_name, created_at, approved_at, updated_at, approval_remark, reversed_by_id } = document
  const step = (name: Step['name'], who: string | null, at: string | null, said: string | null = null, by: number | null = null): Step =>
    ({ name, who, at, said, document: by })
  const way = [step('submitted', applicant_name, created_at)]
  if (status === 'pending') return [...way, step('waiting', null, null)]
  if (status === 'cancelled') return [...way, step('cancelled', applicant_name, updated_at)]
  if (status === 'rejected') return [...way, step('rejected', approver_name, updated_at, approval_remark)]
  way.push(step('approved', approver_name, approved_at, approval_remark))
  return reversed_by_id ? [...way, step('reversed', null, null, null, reversed_by_id)] : way
}
