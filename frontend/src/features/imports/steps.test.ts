import { describe, expect, it } from 'vitest'
import type { Job, Summary } from './api'
import { isBroken, isOpen, reachable, stepOf } from './steps'

const job = (kind: Job['kind'], status: Job['status']): Job => ({ id: 1, kind, status, done: 0, total: null, cancel_asked: false, error: null })
const summary = (patch: Partial<Summary> = {}): Summary => ({ rows: 1, create: 1, change: 0, line: 0, fault: 0, same: 0, unknown: [], ...patch })
const fresh = { status: 'new', summary: null } as const
const checked = { status: 'checked', summary: summary() } as const

describe('the step of an import', () => {
  it('begins with the columns, whatever the address asks for', () => {
    for (const asked of ['columns', 'preview', 'result', 'nonsense', undefined]) expect(stepOf(fresh, null, asked)).toBe('columns')
  })
  it('is the check while it runs, and when it has failed; then one may go back', () => {
    expect(stepOf(fresh, job('import.check', 'running'), 'columns')).toBe('check')
    for (const status of ['failed', 'cancelled', 'interrupted'] as const) {
      expect(stepOf(fresh, job('import.check', status), undefined)).toBe('check')
      expect(stepOf(fresh, job('import.check', status), 'columns')).toBe('columns')
    }
  })
  it('is the columns again when they were chosen otherwise after a check', () => {
    expect(stepOf(fresh, job('import.check', 'done'), undefined)).toBe('columns')
  })
  it('is what the check asks to be dealt with, else what would be done', () => {
    const over = job('import.check', 'done')
    expect(stepOf(checked, over, undefined)).toBe('preview')
    expect(stepOf({ status: 'checked', summary: summary({ create: 0, same: 1 }) }, over, undefined)).toBe('check')
    expect(stepOf({ status: 'checked', summary: summary({ fault: 1 }) }, over, undefined)).toBe('check')
    expect(stepOf({ status: 'checked', summary: summary({ fault: 1 }) }, over, 'preview')).toBe('preview')
    expect(stepOf(checked, over, 'columns')).toBe('columns')
  })
  it('stays where the import was begun when that failed', () => {
    const faulty = { status: 'checked', summary: summary({ fault: 3 }) } as const
    expect(stepOf(faulty, job('import.commit', 'failed'), undefined)).toBe('preview')
    expect(stepOf(faulty, job('import.commit', 'running'), 'columns')).toBe('preview')
  })
  it('is the result of what is done and of what was undone, and nothing else', () => {
    for (const status of ['done', 'undone'] as const) {
      expect(reachable({ status, summary: summary() }, job('import.undo', 'failed'))).toEqual(['result'])
      expect(stepOf({ status, summary: summary() }, null, 'columns')).toBe('result')
    }
  })
  it('knows jobs that go on and jobs that broke', () => {
    expect([isOpen(job('import.check', 'queued')), isOpen(job('import.check', 'done')), isOpen(null)]).toEqual([true, false, false])
    expect([isBroken(job('import.undo', 'interrupted')), isBroken(job('import.undo', 'done')), isBroken(undefined)]).toEqual([true, false, false])
  })
})
