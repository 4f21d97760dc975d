/** What a scanned code means on the spot: a line of this place, another place, a line of another place, or nothing of this task. */
import { shallowRef } from 'vue'
import type { Line } from './lines'
import { keyOfPlace, type Place, placeOfCode } from './places'
import { signal } from './signal'

export interface Stranger {
  code: string
  /** It is on the list of another place. */
  elsewhere: Line | null
}

export interface ScanTarget {
  lines: () => Line[]
  places: () => Place[]
  /** Places that the task has nothing at, where something may be found all the same. */
  others: () => Place[]
  byLocation: () => boolean
  place: () => Place | null
  go: (key: string) => void
  choose: (line: Line) => void
}

export function useScanned(to: ScanTarget) {
  const stranger = shallowRef<Stranger | null>(null)

  /** A line at another place: where that is no place of the ledger, it is the same line wherever it is found. */
  function meet(code: string, elsewhere: Line | null) {
    if (elsewhere && (!to.byLocation() || to.place() === null)) {
      signal('good')
      to.go(keyOfPlace(elsewhere, to.byLocation()))
      to.choose(elsewhere)
      return
    }
    stranger.value = { code, elsewhere }
    signal('bad')
  }

  function scanned(code: string) {
    const wanted = code.toLowerCase()
    const same = to.lines().filter(({ material_code }) => material_code.toLowerCase() === wanted)
    const here = same.find((line) => keyOfPlace(line, to.byLocation()) === to.place()?.key)
    stranger.value = null
    if (here) {
      signal('good')
      return to.choose(here)
    }
    const place = placeOfCode(to.places(), code) ?? (to.byLocation() ? placeOfCode(to.others(), code) : null)
    if (place) {
      signal('good')
      return to.go(place.key)
    }
    meet(code, same.find(({ counted }) => counted === null) ?? same[0] ?? null)
  }
  return { stranger, scanned }
}
