import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODULES, moved, readArrangement, shownOrHidden, USUAL } from './modules'

describe('what stands on the overview', () => {
  it('is the usual when nothing was kept, or nothing that can be read', () => {
    for (const kept of [undefined, '', '{', 'null', '[]', '{"order":7}']) expect(readArrangement(kept)).toEqual(USUAL)
  })
  it('leaves out what is there no more, and puts what is new at the end', () => {
    const { order, hidden } = readArrangement('{"order":["slow","weather","tiles","slow"],"hidden":["weather","low"]}')
    expect(order).toEqual(['slow', 'tiles', ...MODULES.filter((name) => !['slow', 'tiles'].includes(name))])
    expect(hidden).toEqual(['low'])
  })
  it('has every module once, wherever one is moved', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...MODULES), fc.integer({ min: -3, max: 20 }))), (steps) => {
        const end = steps.reduce((now, [name, to]) => moved(now, name, to), USUAL)
        expect([...end.order].sort()).toEqual([...MODULES].sort())
        const [name, to] = steps[steps.length - 1] ?? ['tiles', 0]
        expect(end.order.indexOf(name)).toBe(Math.min(Math.max(to, 0), MODULES.length - 1))
      }),
    )
  })
  it('hides and shows again', () => {
    const once = shownOrHidden(USUAL, 'low')
    expect(once.hidden).toEqual(['low'])
    expect(shownOrHidden(once, 'low')).toEqual(USUAL)
  })
})
