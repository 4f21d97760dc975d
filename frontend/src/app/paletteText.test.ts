import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pieces, spotsOf } from './paletteText'

const spot = fc.record({ start: fc.nat(30), length: fc.nat(10) })

describe('what was found in a text', () => {
  it('is a piece of its own', () => {
    expect(pieces('硅胶干燥剂', [{ start: 2, length: 2 }])).toEqual([
      { text: '硅胶', hit: false },
      { text: '干燥', hit: true },
      { text: '剂', hit: false },
    ])
    expect(pieces('ab', [])).toEqual([{ text: 'ab', hit: false }])
    expect(pieces('', [{ start: 0, length: 1 }])).toEqual([])
  })
  it('counts characters, not halves of them; what overlaps is one', () => {
    expect(pieces('𠮷氢气', [{ start: 1, length: 1 }, { start: 1, length: 2 }])).toEqual([
      { text: '𠮷', hit: false },
      { text: '氢气', hit: true },
    ])
  })
  it('leaves the text as it was, and marks what it was told', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(spot, { maxLength: 5 }), (text, spots) => {
        const parts = pieces(text, spots)
        expect(parts.map((part) => part.text).join('')).toBe(text)
        expect(parts.every((part, i) => part.text !== '' && part.hit !== parts[i + 1]?.hit)).toBe(true)
        const marked = parts.flatMap(({ text: piece, hit }) => [...piece].map(() => hit))
        expect(marked).toEqual([...text].map((_, i) => spots.some(({ start, length }) => i >= start && i < start + length)))
      }),
    )
  })
})

describe('words in a text of our own', () => {
  it('are all there, whatever their case', () => {
    expect(spotsOf('New Receipt', 'receipt new')).toEqual([{ start: 4, length: 7 }, { start: 0, length: 3 }])
    expect(spotsOf('新建入库单', '入库')).toEqual([{ start: 2, length: 2 }])
    expect(spotsOf('新建入库单', '入库 出库')).toBeNull()
    expect(spotsOf('物料', ' ')).toEqual([])
  })
  it('are found where they stand', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[a-z\u4e00-\u4eff]{1,6}$/), fc.string(), (before, word, after) => {
        const [found] = spotsOf(before + word + after, word) ?? []
        expect(found && [...(before + word + after)].slice(found.start, found.start + found.length).join('').toLowerCase()).toBe(word)
      }),
    )
  })
})
