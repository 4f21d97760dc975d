import { describe, expect, it } from 'vitest'
import { type Hazardous, hazardsOf } from './hazards'

const of = (given: Partial<Hazardous>) =>
  hazardsOf({ storage_class: null, control_flags: null, ghs_pictograms: null, hazard_statements: null, un_no: null, ...given }).map(({ kind, text }) => `${kind} ${text}`)

describe('what is to be minded of a material', () => {
  it('names controls first, then how to store it, then its hazards', () => {
    expect(of({ storage_class: '易燃气体', control_flags: '危化品;重点监管', un_no: '1049', hazard_statements: 'H220;H280' })).toEqual([
      'control 危化品', 'control 重点监管', 'storage 易燃气体', 'ghs UN 1049', 'ghs H220', 'ghs H280',
    ])
  })
  it('is silent about what is harmless', () => {
    expect(of({ storage_class: '一般', control_flags: '' })).toEqual([])
  })
})
