/** The fields of a material: one table for the form, the drawer and the comparison. */
import type { Material } from '@/api/types'
import type { Dec } from '@/shared/decimal/decimal'
import { formatQuantity } from '@/shared/decimal/decimal'
import { evaluate, faultOf, type TypedFault } from '@/shared/decimal/typed'
import { wholeNumber } from '@/shared/wholeNumber'
import type { MaterialChange } from './api'

export interface MaterialField {
  /** As the server wants it in a body. */
  name: string
  column: keyof Material
  kind: 'text' | 'area' | 'whole' | 'decimal' | 'choice' | 'unit'
  required?: boolean
  max?: number
  /** Values of a choice; their words are materials.choice.<name>.<value>. */
  choices?: readonly string[]
  wide?: boolean
}

export const GROUPS: { key: string; fields: MaterialField[] }[] = [
  {
    key: 'basic',
    fields: [
      { name: 'materialCode', column: 'material_code', kind: 'text', required: true, max: 50 },
      { name: 'materialName', column: 'material_name', kind: 'text', required: true, max: 100 },
      { name: 'nameEn', column: 'name_en', kind: 'text', max: 200 },
      { name: 'category', column: 'category', kind: 'choice', required: true, choices: ['chemical', 'metal'] },
      { name: 'subcategory', column: 'subcategory', kind: 'text', max: 50 },
      { name: 'unit', column: 'unit', kind: 'unit', required: true, max: 20 },
      { name: 'qtyDecimals', column: 'qty_decimals', kind: 'choice', choices: ['0', '1', '2', '3', '4', '5', '6'] },
      { name: 'description', column: 'description', kind: 'area', max: 500, wide: true },
    ],
  },
  {
    key: 'stock',
    fields: [
      { name: 'minStock', column: 'min_stock', kind: 'decimal' },
      { name: 'maxStock', column: 'max_stock', kind: 'decimal' },
      { name: 'location', column: 'location', kind: 'text', max: 200 },
      { name: 'storageClass', column: 'storage_class', kind: 'text', max: 50 },
      { name: 'storageCondition', column: 'storage_condition', kind: 'area', max: 300, wide: true },
    ],
  },
  {
    key: 'hazard',
    fields: [
      { name: 'casNo', column: 'cas_no', kind: 'text', max: 12 },
      { name: 'casCheck', column: 'cas_check', kind: 'text', max: 50 },
      { name: 'unNo', column: 'un_no', kind: 'text', max: 6 },
      { name: 'ghsPictograms', column: 'ghs_pictograms', kind: 'text', max: 60 },
      { name: 'hazardStatements', column: 'hazard_statements', kind: 'text', max: 200 },
      { name: 'controlFlags', column: 'control_flags', kind: 'text', max: 100 },
    ],
  },
  {
    key: 'quality',
    fields: [
      { name: 'metalGrade', column: 'metal_grade', kind: 'text', max: 100 },
      { name: 'standard', column: 'standard', kind: 'text', max: 100 },
      { name: 'trackBy', column: 'track_by', kind: 'text', max: 50 },
      { name: 'shelfLifeDays', column: 'shelf_life_days', kind: 'whole' },
      { name: 'shelfLifeBasis', column: 'shelf_life_basis', kind: 'choice', choices: ['S', 'T'] },
      { name: 'periodicInspectionDays', column: 'periodic_inspection_days', kind: 'whole' },
      { name: 'certRequired', column: 'cert_required', kind: 'text', max: 200 },
      { name: 'note', column: 'note', kind: 'area', max: 500, wide: true },
    ],
  },
]

export const FIELDS = GROUPS.flatMap(({ fields }) => fields)

/** What is typed, by field name. */
export type Draft = Record<string, string>
export type DraftFault = TypedFault | 'notWhole'

const STORED_PLACES = 6

export function draftOf(material: Material | null): Draft {
  return Object.fromEntries(
    FIELDS.map(({ name, column, kind }) => {
      const value = material?.[column] ?? ''
      if (kind === 'decimal' && material) return [name, formatQuantity(value as Dec, material.unit_decimals).replaceAll(',', '')]
      return [name, String(value)]
    }),
  )
}

/** A field as the server wants it. */
function outgoing({ name, kind }: MaterialField, draft: Draft): string | number | null {
  const typed = (draft[name] ?? '').trim()
  if (kind === 'decimal') return evaluate(typed) ?? '0'
  if (typed === '') return null
  return kind === 'whole' || name === 'qtyDecimals' ? wholeNumber(typed) : typed
}

/** Only what differs from before: the rest may have been changed by somebody else. */
export function changesOf(before: Draft, draft: Draft): MaterialChange {
  const changes: MaterialChange = {}
  for (const field of FIELDS) {
    const next = outgoing(field, draft)
    if (next !== outgoing(field, before)) changes[field.name] = next
  }
  return changes
}

/** A new material has all that was typed. */
export function creationOf(draft: Draft): MaterialChange {
  return Object.fromEntries(FIELDS.map((field) => [field.name, outgoing(field, draft)] as const).filter(([, value]) => value !== null))
}

export function faultsOf(draft: Draft): Record<string, DraftFault> {
  const faults: Record<string, DraftFault> = {}
  for (const { name, kind, required } of FIELDS) {
    const typed = (draft[name] ?? '').trim()
    const fault =
      kind === 'decimal'
        ? faultOf(typed, { places: STORED_PLACES })
        : required && !typed
          ? 'required'
          : kind === 'whole' && typed && !wholeNumber(typed)
            ? 'notWhole'
            : null
    if (fault) faults[name] = fault
  }
  return faults
}

/** The fields in which the draft and the row of the server differ, when both have moved away from what was loaded. */
export function conflictsOf(draft: Draft, present: Material): MaterialField[] {
  const theirs = draftOf(present)
  return FIELDS.filter((field) => outgoing(field, draft) !== outgoing(field, theirs))
}
