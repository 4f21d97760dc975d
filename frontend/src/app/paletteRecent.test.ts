// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { recentOf, remember, withVisited } from './paletteRecent'

const visited = (n: number) => ({ kind: 'material', path: `/materials/${n}`, code: `C-${n}`, name: '' })
afterEach(() => localStorage.clear())

describe('what the palette remembers', () => {
  it('the last first, each once, and not too many', () => {
    const many = [1, 2, 3, 4, 5, 6, 7, 2].reduce((before, n) => withVisited(before, visited(n)), [] as ReturnType<typeof visited>[])
    expect(many.map(({ code }) => code)).toEqual(['C-2', 'C-7', 'C-6', 'C-5', 'C-4', 'C-3'])
  })
  it('for each person, and nothing that is not its own', () => {
    remember(1, visited(1))
    expect(recentOf(1)).toEqual([visited(1)])
    expect(recentOf(2)).toEqual([])
    localStorage.setItem('mms.palette.2', '[1, null, {"kind":"material","path":"//elsewhere","code":"","name":""}]')
    expect(recentOf(2)).toEqual([])
    localStorage.setItem('mms.palette.2', 'broken')
    expect(recentOf(2)).toEqual([])
  })
})
