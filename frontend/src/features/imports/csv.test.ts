import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvOf } from './csv'

describe('a table as .csv', () => {
  it('quotes what needs it', () => {
    expect(csvOf([['a', 'b,c', 'd"e', 'f\ng', '']])).toBe('\uFEFFa,"b,c","d""e","f\ng",\r\n')
  })
  it('starts no formula, and leaves numbers alone', () => {
    expect(csvOf([['=1+1', "'=1", '+x', '@x', '-1.5', '-x', '\tx']])).toBe('\uFEFF"\'=1+1","\'\'=1","\'+x","\'@x",-1.5,"\'-x","\'\tx"\r\n')
    fc.assert(fc.property(fc.string(), (text) => !/^[=+@\t\r]/.test(csvOf([['x', text, 'y']]).slice(3).replace(/^"/, ''))))
  })
})
