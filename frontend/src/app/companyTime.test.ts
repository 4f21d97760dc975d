import { describe, expect, it } from 'vitest'
import { companyTime } from './companyTime'

const when = new Date('2026-11-28T16:05:00Z')

describe('the time where the company is', () => {
  it('has the day there, not the reader’s', () => {
    expect(companyTime(when, 'Asia/Shanghai', 'zh-CN')).toMatch(/11月29日.*周日.*00:05/)
    expect(companyTime(when, 'America/New_York', 'en')).toMatch(/Sat.*Nov 28.*11:05/)
  })
  it('is not shown for a zone that the browser does not know', () => {
    expect(companyTime(when, 'Mars/Olympus', 'en')).toBeNull()
  })
})
