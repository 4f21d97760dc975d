import { describe, expect, it } from 'vitest'
import type { CountItem } from '@/shared/counts'
import { isByLocation } from '@/shared/counts'
import { nextLeft, placeOfCode, placesOf } from './places'

function item(id: number, location: [number, string, string] | null, shelf: string | null = null): CountItem {
  return {
    id, location_id: location?.[0] ?? null, location_code: location?.[1] ?? null, location_name: location?.[2] ?? null, location_name_en: null, storage_place: shelf,
  } as CountItem
}
const A = [1, 'A-2', '一号架'] as [number, string, string]
const B = [2, 'A-10', '二号架'] as [number, string, string]

describe('the places of a task', () => {
  it('are those of the ledger where its lines are about several', () => {
    const items = [item(1, B), item(2, A, 'x'), item(3, B)]
    expect(isByLocation(items)).toBe(true)
    expect(placesOf(items, true, false).map(({ key, code, name, items: own }) => [key, code, name, own.map(({ id }) => id)])).toEqual([
      ['l1', 'A-2', '一号架', [2]], ['l2', 'A-10', '二号架', [1, 3]],
    ])
  })
  it('are what the materials say where the lines are about one place or all; without one they come last', () => {
    for (const location of [null, A]) {
      const items = [item(1, location, ' C-1 '), item(2, location), item(3, location, 'C-1')]
      expect(isByLocation(items)).toBe(false)
      expect(placesOf(items, false, false).map(({ code, items: own }) => [code, own.map(({ id }) => id)])).toEqual([['C-1', [1, 3]], ['', [2]]])
    }
  })
  it('are found by code, or by a name that only one has', () => {
    const places = placesOf([item(1, A), item(2, B), item(3, [3, 'C', '一号架'])], true, false)
    expect(placeOfCode(places, ' ａ-10')?.locationId).toBe(2)
    expect(placeOfCode(places, '二号架')?.locationId).toBe(2)
    expect(placeOfCode(places, '一号架')).toBeNull()
    expect(placeOfCode(places, '')).toBeNull()
  })
})

describe('what is next', () => {
  const left = (n: number) => n > 2
  it('is the next that is left, from the first on after the last', () => {
    expect(nextLeft([1, 2, 3, 4], 3, left)).toBe(4)
    expect(nextLeft([3, 1, 4, 2], 4, left)).toBe(3)
    expect(nextLeft([1, 3], 3, left)).toBeNull()
    expect(nextLeft([1, 3], null, left)).toBe(3)
  })
})
