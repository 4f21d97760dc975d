import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellsOf, dayOf, isTable, pasteLines } from './pasteLines'

describe('rows from a spreadsheet', () => {
  it('reads code, quantity and price', () => {
    expect(pasteLines('CH-001\t12.5\t3.20\r\nCH-002\t１，０００\t\r\n').lines).toMatchObject([
      { row: 1, code: 'CH-001', quantity: '12.5', price: '3.20' },
      { row: 2, code: 'CH-002', quantity: '1000', price: '' },
    ])
  })
  it('passes over a heading and empty rows', () => {
    const { lines, faults } = pasteLines('物料编码\t数量\t单价\n\t\t\nCH-001\t1\t2')
    expect(lines).toMatchObject([{ row: 3, code: 'CH-001', quantity: '1', price: '2' }])
    expect(faults).toEqual([])
  })
  it('names row and column of a fault and keeps the rest', () => {
    const { lines, faults } = pasteLines('CH-001\t1\nCH-002\tviele9\tx\n\t5\nCH-003')
    expect(lines.map(({ code, quantity }) => [code, quantity])).toEqual([['CH-001', '1'], ['CH-002', ''], ['CH-003', '']])
    expect(faults).toEqual([
      { row: 2, column: 2, kind: 'quantityBad', text: 'viele9' },
      { row: 2, column: 3, kind: 'priceBad', text: 'x' },
      { row: 3, column: 1, kind: 'codeMissing', text: '' },
      { row: 4, column: 2, kind: 'quantityMissing', text: '' },
    ])
  })
  it('goes by the words of the head', () => {
    const { lines, faults, extraColumns } = pasteLines('备注\t数量（kg）\t物料编码\t到期日\t批号\n新到\t5\tCH-1\t2027/1/31\tB7\n\tx\tCH-2\t31.1.\t')
    expect(extraColumns).toBe(false)
    expect(lines).toEqual([
      { row: 2, column: 2, code: 'CH-1', quantity: '5', price: '', lotNo: 'B7', expiresOn: '2027-01-31', remark: '新到' },
      { row: 3, column: 2, code: 'CH-2', quantity: '', price: '', lotNo: '', expiresOn: '', remark: '' },
    ])
    expect(faults).toEqual([{ row: 3, column: 2, kind: 'quantityBad', text: 'x' }, { row: 3, column: 4, kind: 'dayBad', text: '31.1.' }])
  })
  it('reads days as people write them', () => {
    expect(['2027-01-31', '2027/1/31', '2027年1月31日', '20270131', '2027.01.31'].map(dayOf)).toEqual(Array(5).fill('2027-01-31'))
    expect(['2027-02-30', '31/1/2027', '', '2027-13-01', '202701'].map(dayOf)).toEqual(Array(5).fill(null))
  })
  it('tells of columns it does not take', () => {
    expect(pasteLines('A\t1\t2\tlot').extraColumns).toBe(true)
    expect(pasteLines('A\t1\t2\t\t').extraColumns).toBe(false)
  })
  it('reads quoted cells', () => {
    expect(cellsOf('"a\tb"\t"say ""x"""\n5"\t1')).toEqual([['a\tb', 'say "x"'], ['5"', '1']])
  })
  it('tells a table from text', () => {
    expect(isTable('12.5')).toBe(false)
    expect(isTable('12.5\n')).toBe(false)
    expect(isTable('A\t1')).toBe(true)
    expect(isTable('A\nB')).toBe(true)
  })
  it('gives back what a spreadsheet would copy', () => {
    const cell = fc.string().map((text) => text.replace(/[\r\n\t]/g, ' ').trim())
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (rows) => {
        const copied = rows.map((cells) => cells.map((c) => (c.includes('"') ? `"${c.replaceAll('"', '""')}"` : c)).join('\t')).join('\n')
        expect(cellsOf(copied)).toEqual(rows)
      }),
    )
  })
})
