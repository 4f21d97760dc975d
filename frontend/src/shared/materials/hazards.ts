/** What is to be minded when a material is moved: what the law controls, and how it is to be stored. */
import type { Material } from '@/api/types'

export type Hazardous = Pick<Material, 'storage_class' | 'control_flags' | 'ghs_pictograms' | 'hazard_statements' | 'un_no'>
export interface Hazard {
  kind: 'control' | 'storage' | 'ghs'
  text: string
}

/** The storage class that asks for nothing. */
const PLAIN = '一般'
const parts = (text: string | null): string[] => (text ?? '').split(/[;；、,，]/).map((part) => part.trim()).filter(Boolean)

export function hazardsOf(material: Hazardous): Hazard[] {
  return [
    ...parts(material.control_flags).map((text) => ({ kind: 'control' as const, text })),
    ...parts(material.storage_class).filter((text) => text !== PLAIN).map((text) => ({ kind: 'storage' as const, text })),
    ...(material.un_no ? [{ kind: 'ghs' as const, text: `UN ${material.un_no.replace(/^UN\s*/i, '')}` }] : []),
    ...parts(material.hazard_statements).map((text) => ({ kind: 'ghs' as const, text })),
  ]
}
