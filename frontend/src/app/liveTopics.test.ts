import { describe, expect, it } from 'vitest'
import { topicsOf } from './liveTopics'

describe('what an event makes old', () => {
  it('a document: the list of notifications, documents and the stock', () => {
    expect(topicsOf({ event: 'notification', data: { link_type: 'transaction' } })).toEqual(['notifications', 'materials', 'documents'])
    expect(topicsOf({ event: 'notification', data: { link_type: 'stocktaking' } })).toContain('counting')
    expect(topicsOf({ event: 'notification', data: { link_type: null } })).toEqual(['notifications'])
  })
  it('a job: itself, and when it is over what it may have written', () => {
    expect(topicsOf({ event: 'job', data: { status: 'running' } })).toEqual(['jobs'])
    expect(topicsOf({ event: 'job', data: { status: 'done' } })).toEqual(['jobs', 'imports', 'materials', 'documents'])
  })
  it('what others have done: what they changed, and with documents who has to decide', () => {
    expect(topicsOf({ event: 'changed', data: { topics: ['materials', 'documents', 'what comes later'] } })).toEqual(['materials', 'documents', 'notifications'])
    expect(topicsOf({ event: 'changed', data: { topics: ['counting'] } })).toEqual(['counting'])
    expect(topicsOf({ event: 'changed', data: null })).toEqual([])
  })
  it('a break: everything that lives', () => {
    expect(topicsOf({ event: 'resumed', data: null })).toEqual(expect.arrayContaining(['documents', 'counting', 'notifications']))
    expect(topicsOf({ event: 'notification', data: null })).toEqual(['notifications'])
  })
})
