/** Lines that say the same but for their quantities: what a second scan or a paste brings. */
import { add } from '@/shared/decimal/decimal'
import { evaluate } from '@/shared/decimal/typed'
import type { LineDraft } from './lines'

/** Equal lines have this in common; null for a line that is not to be merged. */
function sameness(line: LineDraft): string | null {
  if (!line.material || evaluate(line.quantity) === null) return null
  return JSON.stringify([line.material.id, evaluate(line.price) ?? line.price.trim(), line.lotNo.trim(), line.expiresOn])
}

/** How many lines would go. */
export function mergeable(lines: LineDraft[]): number {
  const names = lines.map(sameness).filter((name) => name !== null)
  return names.length - new Set(names).size
}

/** Each line once, where it stood first; quantities are added, remarks joined. */
export function merged(lines: LineDraft[]): LineDraft[] {
  const first = new Map<string, LineDraft>()
  const kept: LineDraft[] = []
  for (const line of lines) {
    const name = sameness(line)
    const there = name === null ? undefined : first.get(name)
    if (there) {
      const [a, b] = [evaluate(there.quantity), evaluate(line.quantity)]
      if (a !== null && b !== null) there.quantity = add(a, b)
      const remarks = [there.remark.trim(), line.remark.trim()].filter(Boolean)
      there.remark = [...new Set(remarks)].join('；')
    } else {
      const copy = { ...line }
      if (name !== null) first.set(name, copy)
      kept.push(copy)
    }
  }
  return kept
}
