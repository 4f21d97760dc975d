import { describe, expect, it } from 'vitest'
import { findKnown, type Known } from './catalogue'

const known = (material_code: string, material_name: string) => ({ material_code, material_name }) as Known
const ALL = [known('B-10', '铂碳催化剂'), known('AB-1', '垫片'), known('B-1', '阀门 B-1')]

describe('what is found without a network', () => {
  it('is the very code first, then what begins so, then what has it somewhere', () => {
    expect(findKnown(ALL, ' ｂ-1 ').map(({ material_code: code }) => code)).toEqual(['B-1', 'B-10', 'AB-1'])
    expect(findKnown(ALL, '催化').map(({ material_code: code }) => code)).toEqual(['B-10'])
    expect(findKnown(ALL, ' ')).toEqual([])
    expect(findKnown(ALL, 'zz')).toEqual([])
  })
})
