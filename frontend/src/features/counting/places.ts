/** A task place by place: by the places of the ledger where its lines are about them, otherwise by what the materials say of where they are kept. */
import { type CountItem, placeCode, walkingOrder } from '@/shared/counts'

export interface Place {
  /** Stands in the address. */
  key: string
  /** Of the ledger's places; what a material says of where it is kept is none. */
  locationId: number | null
  code: string
  name: string
  items: CountItem[]
}

type Keyed = Pick<CountItem, 'location_id' | 'location_code' | 'location_name' | 'location_name_en' | 'storage_place'>

export function keyOfPlace(item: Keyed, byLocation: boolean): string {
  if (byLocation) return `l${item.location_id ?? 0}`
  return `s${item.storage_place?.trim() ?? ''}`
}

function named(item: CountItem, byLocation: boolean, english: boolean): Omit<Place, 'key' | 'items'> {
  const name = byLocation ? ((english ? item.location_name_en : null) ?? item.location_name ?? '') : ''
  return { locationId: item.location_id, code: placeCode(item, byLocation), name }
}

/** In the order of their codes, as one walks; those without a place last. */
export function placesOf(items: CountItem[], byLocation: boolean, english: boolean): Place[] {
  const found = new Map<string, Place>()
  for (const item of items) {
    const key = keyOfPlace(item, byLocation)
    const place = found.get(key)
    if (place) place.items.push(item)
    else found.set(key, { key, ...named(item, byLocation, english), items: [item] })
  }
  return [...found.values()].sort((a, b) => walkingOrder(a.code, b.code))
}

const folded = (text: string) => text.normalize('NFKC').trim().toLowerCase()

/** The place of this code, or of this name if it is the only one. */
export function placeOfCode(places: Place[], code: string): Place | null {
  const wanted = folded(code)
  if (!wanted) return null
  const byName = places.filter(({ name }) => folded(name) === wanted)
  return places.find((place) => folded(place.code) === wanted) ?? (byName.length === 1 ? (byName[0] ?? null) : null)
}

export const matches = ({ code, name }: Place, words: string): boolean => folded(`${code} ${name}`).includes(folded(words))

/** What is to be counted next: after this one, else from the first on; null when nothing is left. */
export function nextLeft<Of>(all: Of[], after: Of | null, isLeft: (one: Of) => boolean): Of | null {
  const at = after === null ? -1 : all.indexOf(after)
  return all.slice(at + 1).find(isLeft) ?? all.find((one) => one !== after && isLeft(one)) ?? null
}
