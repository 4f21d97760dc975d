/** A count that looks like a slip of the finger: asked about before it is kept. What the book says has no part in it. */
import { compare, type Dec, isZero, multiply } from '@/shared/decimal/decimal'

export interface Known {
  /** What this line was counted as the last time. */
  before: Dec | null
  /** What this person has counted in this unit before. */
  usual: Dec[]
}
/** times: so many times as much, or as little, as there was before or as is usual. */
export type FarOff = 'moreThanBefore' | 'lessThanBefore' | 'moreThanUsual'

const TIMES = '10' as Dec
/** Fewer say nothing about what is usual. */
const ENOUGH = 3

export function farOff(value: Dec, { before, usual }: Known): FarOff | null {
  if (before !== null && !isZero(before)) {
    if (compare(value, multiply(before, TIMES)) >= 0) return 'moreThanBefore'
    return compare(multiply(value, TIMES), before) <= 0 ? 'lessThanBefore' : null
  }
  if (usual.length < ENOUGH) return null
  const most = usual.reduce((a, b) => (compare(a, b) >= 0 ? a : b))
  return !isZero(most) && compare(value, multiply(most, TIMES)) >= 0 ? 'moreThanUsual' : null
}
