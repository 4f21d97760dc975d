// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { router } from '@/app/router'
import texts from '@/locales/zh-CN/help.json'
import { hasWords, TOPICS } from './topics'

describe('the help', () => {
  it('leads to pages that are there, and that who sees the topic may open', () => {
    for (const { key, page, permission } of TOPICS) {
      if (!page) continue
      expect(router.hasRoute(page), `${key}: ${page}`).toBe(true)
      const wanted = router.resolve({ name: page }).meta.permission
      // Approving and writing go with reading, the settings of the company with the maintenance of materials.
      if (wanted && wanted !== permission) expect(wanted, `${key}: ${page}`).toBe(permission === 'setting.write' ? 'material.write' : `${permission?.split('.')[0]}.read`)
    }
  })
  it('has a text for each topic and a topic for each text', () => {
    expect(TOPICS.map(({ key }) => key).sort()).toEqual(Object.keys(texts.topic).sort())
  })
  it('finds what has all words, in any order and case', () => {
    expect(hasWords('从 Excel 粘贴明细', 'excel')).toBe(true)
    expect(hasWords('从 Excel 粘贴明细', ' 粘贴  EXCEL ')).toBe(true)
    expect(hasWords('从 Excel 粘贴明细', '粘贴 word')).toBe(false)
    expect(hasWords('', '')).toBe(true)
  })
})
