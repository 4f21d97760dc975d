/** A document that is not yet submitted, as it is kept: texts as they were typed, materials by id and what they are called. */
import type { Material, Purpose, TransactionType } from '@/api/types'
import { isEmpty, type LineDraft, newLine } from './lines'

const TEXTS = ['quantity', 'price', 'lotNo', 'expiresOn', 'remark'] as const

export interface KeptLine extends Record<(typeof TEXTS)[number], string> {
  materialId: number | null
  code: string
  name: string
  unit: string
}
export interface DraftContent {
  purpose: Purpose
  remark: string
  lines: KeptLine[]
  /** The key of its submission: the same on every device, so that one draft becomes one document. */
  submitKey: string
}

export const PURPOSES: Record<TransactionType, Purpose[]> = {
  in: ['purchase', 'return', 'opening'],
  out: ['production', 'scrap'],
}

function keptLine(line: LineDraft): KeptLine {
  const { material, unknownCode, quantity, price, lotNo, expiresOn, remark } = line
  return {
    materialId: material?.id ?? null, code: material?.material_code ?? unknownCode, name: material?.material_name ?? '', unit: material?.unit ?? '',
    quantity, price, lotNo, expiresOn, remark,
  }
}

export function pack(purpose: Purpose, remark: string, lines: LineDraft[], submitKey = ''): string {
  const written = lines.filter((line) => !isEmpty(line))
  // Where nothing is written there is nothing to submit: two empty forms are the same.
  return JSON.stringify({ purpose, remark, lines: written.map(keptLine), ...(submitKey && written.length ? { submitKey } : {}) })
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function lineOf(value: unknown): KeptLine {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const texts = Object.fromEntries(TEXTS.map((name) => [name, textOf(given[name])])) as Record<(typeof TEXTS)[number], string>
  return {
    materialId: typeof given.materialId === 'number' && Number.isSafeInteger(given.materialId) ? given.materialId : null,
    code: textOf(given.code), name: textOf(given.name), unit: textOf(given.unit), ...texts,
  }
}

/** What was kept; null when it is nothing of the kind. An older page may have kept less. */
export function unpack(text: string, type: TransactionType): DraftContent | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('lines' in value) || !Array.isArray(value.lines)) return null
  const given = value as Record<string, unknown> & { lines: unknown[] }
  const purpose = PURPOSES[type].find((one) => one === given.purpose) ?? PURPOSES[type][0]
  if (!purpose) return null
  const key = textOf(given.submitKey)
  return { purpose, remark: textOf(given.remark), lines: given.lines.map(lineOf), submitKey: /^[0-9a-f]{32}$/.test(key) ? key : '' }
}

/** Lines to go on with: a material that is gone or retired stands as a code that is to be replaced. */
export function linesOf(content: DraftContent, materials: Map<number, Material | null>): LineDraft[] {
  return content.lines.map(({ materialId, code, quantity, price, lotNo, expiresOn, remark }) => {
    const found = materialId === null ? null : (materials.get(materialId) ?? null)
    const material = found?.status === 'active' ? found : null
    return { ...newLine(), quantity, price, lotNo, expiresOn, remark, material, unknownCode: material ? '' : code }
  })
}

/** What a draft is called in the list: its first line, and how many there are. */
export function nameOf({ lines, remark }: DraftContent): string {
  const first = lines[0]
  return (first ? `${first.code} ${first.name}`.trim() : remark.trim()).slice(0, 80)
}

export type Difference = { mine: KeptLine | null; theirs: KeptLine | null; same: boolean }

/** Two drafts side by side, line by line. */
export function compareDrafts(mine: DraftContent, theirs: DraftContent): Difference[] {
  return Array.from({ length: Math.max(mine.lines.length, theirs.lines.length) }, (_, i) => {
    const [a, b] = [mine.lines[i] ?? null, theirs.lines[i] ?? null]
    return { mine: a, theirs: b, same: JSON.stringify(a) === JSON.stringify(b) }
  })
}
