import { describe, expect, it } from 'vitest'
import { axisNumber, shortened, wordsOf } from './chart'

describe('what is read of a picture', () => {
  it('is its table, row by row', () => {
    const table = { head: ['日期', '入库', '出库'], rows: [{ cells: ['2026-11-03', '¥ 1.00', '¥ 2.00'] }] }
    expect(wordsOf(table, { cells: ['2026-11-03', '¥ 1.00', '¥ 2.00'] })).toEqual(['2026-11-03', '入库 ¥ 1.00', '出库 ¥ 2.00'])
  })
  it('has short numbers at its axes, in the words of the language', () => {
    expect([0, 1500, 1234567].map(axisNumber('en'))).toEqual(['0', '1.5K', '1.2M'])
    expect([0, 1500, 1234567].map(axisNumber('zh-CN'))).toEqual(['0', '1500', '123.5万'])
  })
  it('shortens names, not by nothing', () => {
    expect(['碳纸', '七个汉字的名称'].map((name) => shortened(name, 5))).toEqual(['碳纸', '七个汉字…'])
  })
})
