import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Material } from '@/api/types'
import { compareDrafts, type DraftContent, linesOf, nameOf, pack, unpack } from './draftContent'
import { type LineDraft, newLine } from './lines'

const steel = { id: 3, material_code: 'M-3', material_name: '钢板', unit: 'kg', status: 'active' } as unknown as Material
const line = (given: Partial<LineDraft>): LineDraft => ({ ...newLine(), ...given })

describe('what is kept of a document', () => {
  it('comes back as it was typed', () => {
    const word = fc.string()
    fc.assert(
      fc.property(fc.array(fc.record({ quantity: word, price: word, lotNo: word, expiresOn: word, remark: word }), { maxLength: 6 }), word, (typed, remark) => {
        const lines = typed.map((texts) => line({ ...texts, material: steel }))
        const content = unpack(pack('return', remark, lines), 'in')
        expect(content).toMatchObject({ purpose: 'return', remark })
        const again = linesOf(content as DraftContent, new Map([[3, steel]]))
        expect(again.map((one) => ({ ...one, key: 0 }))).toEqual(lines.map((one) => ({ ...one, key: 0 })))
      }),
    )
  })
  it('has no empty lines, and names itself', () => {
    const content = unpack(pack('purchase', '', [newLine(), line({ material: steel, quantity: '1' })]), 'in')
    expect(content?.lines).toHaveLength(1)
    expect(nameOf(content as DraftContent)).toBe('M-3 钢板')
  })
  it('is read with care', () => {
    for (const text of ['', '{', '[]', 'null', '{"lines":1}', '7']) expect(unpack(text, 'in')).toBeNull()
    expect(unpack('{"purpose":"scrap","lines":[null,{"quantity":5,"materialId":"x"}]}', 'in')).toMatchObject({
      purpose: 'purchase', remark: '', lines: [{ materialId: null, quantity: '' }, { materialId: null, quantity: '' }],
    })
  })
  it('keeps the key of its submission, where there is something to submit', () => {
    const key = '0123456789abcdef0123456789abcdef'
    expect(unpack(pack('purchase', '', [line({ material: steel })], key), 'in')?.submitKey).toBe(key)
    expect(pack('purchase', '', [newLine()], key)).toBe(pack('purchase', '', [newLine()]))
    expect(unpack('{"lines":[],"submitKey":"x y"}', 'in')?.submitKey).toBe('')
  })
  it('names what is no longer there', () => {
    const content = unpack(pack('purchase', '', [line({ material: steel, quantity: '2' })]), 'in') as DraftContent
    expect(linesOf(content, new Map([[3, null]]))[0]).toMatchObject({ material: null, unknownCode: 'M-3', quantity: '2' })
    expect(linesOf(content, new Map([[3, { ...steel, status: 'retired' }]]))[0]).toMatchObject({ material: null, unknownCode: 'M-3' })
  })
  it('is compared line by line', () => {
    const of = (...quantities: string[]) => unpack(pack('purchase', '', quantities.map((quantity) => line({ material: steel, quantity }))), 'in') as DraftContent
    expect(compareDrafts(of('1', '2'), of('1', '3', '4')).map(({ same }) => same)).toEqual([true, false, false])
  })
})
