import { describe, expect, it } from 'vitest'
import type { Document } from '@/api/types'
import { wayOf } from './way'

const document = (more: Partial<Document>): Document => ({
  status: 'pending', applicant_name: '甲', approver_name: null, created_at: '2026-11-29 01:00:00', updated_at: '2026-11-29 02:00:00', approved_at: null,
  approval_remark: null, reversed_by_id: null, ...more,
}) as Document
const names = (more: Partial<Document>) => wayOf(document(more)).map(({ name }) => name)

describe('the way of a document', () => {
  it('begins with who handed it in, and says that it waits', () => {
    expect(names({})).toEqual(['submitted', 'waiting'])
    expect(wayOf(document({}))[0]).toMatchObject({ who: '甲', at: '2026-11-29 01:00:00' })
  })
  it('ends with who decided, when, and what was said', () => {
    const decided = { approver_name: '乙', approval_remark: '数量不符' }
    expect(wayOf(document({ status: 'rejected', ...decided }))[1]).toEqual({ name: 'rejected', who: '乙', at: '2026-11-29 02:00:00', said: '数量不符', document: null })
    expect(wayOf(document({ status: 'approved', approved_at: '2026-11-29T01:30:00.000Z', ...decided }))[1]).toMatchObject({ name: 'approved', at: '2026-11-29T01:30:00.000Z' })
    expect(wayOf(document({ status: 'cancelled' }))[1]).toMatchObject({ name: 'cancelled', who: '甲' })
  })
  it('goes on with the document that reversed it', () => {
    expect(wayOf(document({ status: 'approved', reversed_by_id: 7 })).at(-1)).toMatchObject({ name: 'reversed', document: 7 })
  })
})
