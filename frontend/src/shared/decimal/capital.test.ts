import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capitalAmount } from './capital'
import type { Dec } from './decimal'

const of = (text: string) => capitalAmount(text as Dec)

/** Reads the words again, character by character: the judge, written another way. */
function fenOf(words: string): bigint {
  const digits = '零壹贰叁肆伍陆柒捌玖'
  const small = new Map([['拾', 10n], ['佰', 100n], ['仟', 1000n]])
  const whole = (text: string): bigint => {
    for (const [sign, size] of [['亿', 100_000_000n], ['万', 10_000n]] as const) {
      const at = text.lastIndexOf(sign)
      if (at >= 0) return whole(text.slice(0, at)) * size + whole(text.slice(at + 1))
    }
    let sum = 0n
    let last = 0n
    for (const c of text) {
      const factor = small.get(c)
      if (factor === undefined) last = BigInt(digits.indexOf(c))
      else {
        sum += last * factor
        last = 0n
      }
    }
    return sum + last
  }
  const positive = words.replace(/^负/, '').replace('整', '')
  const [yuan, rest] = positive.includes('元') ? positive.split('元') : ['', positive]
  const part = (name: string) => BigInt(Math.max(0, digits.indexOf(new RegExp(`(.)${name}`).exec(rest ?? '')?.[1] ?? '零')))
  const fen = whole(yuan ?? '') * 100n + part('角') * 10n + part('分')
  return words.startsWith('负') ? -fen : fen
}

describe('amounts in capital characters', () => {
  it.each([
    ['0', '零元整'], ['0.004', '零元整'], ['0.05', '伍分'], ['0.5', '伍角整'], ['1.05', '壹元零伍分'], ['1.5', '壹元伍角整'], ['1.25', '壹元贰角伍分'],
    ['10', '壹拾元整'], ['10.05', '壹拾元零伍分'], ['100500', '壹拾万零伍佰元整'], ['10050000', '壹仟零伍万元整'], ['1409.50', '壹仟肆佰零玖元伍角整'],
    ['6007.14', '陆仟零柒元壹角肆分'], ['107000.53', '壹拾万柒仟元伍角叁分'], ['16409.02', '壹万陆仟肆佰零玖元零贰分'], ['325.04', '叁佰贰拾伍元零肆分'],
    ['100000000', '壹亿元整'], ['100000001', '壹亿零壹元整'], ['1000000000000', '壹万亿元整'], ['1234500000000', '壹万贰仟叁佰肆拾伍亿元整'],
    ['-2.10', '负贰元壹角整'], ['0.995', '壹元整'], ['200300', '贰拾万零叁佰元整'],
  ])('%s is %s', (amount, words) => {
    expect(of(amount)).toBe(words)
  })
  it('can be read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), (fen) => {
        const text = (fen < 0n ? -fen : fen).toString().padStart(3, '0')
        const words = of(`${fen < 0n ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`)
        expect(fenOf(words)).toBe(fen)
        expect(words).not.toMatch(/零零|零元(?!整)|零万|零亿/)
        expect(words).toMatch(/(?:整|分)$/)
      }),
    )
  })
})
