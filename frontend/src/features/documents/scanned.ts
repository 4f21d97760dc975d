/** What a scan does to the lines: the same material again is one more, another one stands on a line of its own. */
import type { Material } from '@/api/types'
import { add, type Dec } from '@/shared/decimal/decimal'
import { evaluate } from '@/shared/decimal/typed'
import { isEmpty, type LineDraft, MOST_LINES, newLine } from './lines'

/** Where the material stands now, or -1 when there is no room. With `more` a scan counts one; without, the quantity is typed. */
export function takeScan(lines: LineDraft[], material: Material, more: boolean): number {
  const there = lines.findIndex((line) => line.material?.id === material.id)
  const line = lines[there]
  if (line) {
    const before = evaluate(line.quantity)
    if (more && (before !== null || line.quantity.trim() === '')) line.quantity = before === null ? '1' : add(before, '1' as Dec)
    line.refused = ''
    return there
  }
  const last = lines.at(-1)
  if (!last || !isEmpty(last)) {
    if (lines.length >= MOST_LINES) return -1
    lines.push(newLine())
  }
  const free = lines.at(-1)
  if (!free) return -1
  free.material = material
  free.quantity = more ? '1' : ''
  return lines.length - 1
}
