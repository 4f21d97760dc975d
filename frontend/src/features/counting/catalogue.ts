/** What may be found anywhere, on this device: materials and places, for where there is no network. */
import { openDB } from 'idb'
import { get } from '@/api/client'
import { isProblem } from '@/api/problem'
import type { Material, Page } from '@/api/types'
import { getLocations, type Location } from '@/shared/company'

export type Known = Pick<Material, 'id' | 'material_code' | 'material_name' | 'category' | 'unit' | 'unit_decimals' | 'location'>
export interface Catalogue {
  at: number
  materials: Known[]
  locations: Location[]
}

/** A telephone need not hold all of a large company's. */
export const KEPT_MOST = 2000
const PAGE = 1000
const FRESH_MS = 6 * 3600 * 1000
const OFFERED = 20
const NAME = 'catalogue'

const database = () => openDB('mms-catalogue', 1, { upgrade: (db) => void db.createObjectStore(NAME) })

async function kept(userId: number): Promise<Catalogue | null> {
  try {
    return ((await (await database()).get(NAME, userId)) as Catalogue | undefined) ?? null
  } catch {
    return null
  }
}

function brief({ id, material_code, material_name, category, unit, unit_decimals, location }: Material): Known {
  return { id, material_code, material_name, category, unit, unit_decimals, location }
}

async function fetched(): Promise<Catalogue> {
  const materials: Known[] = []
  for (let page = 1; materials.length < KEPT_MOST; page++) {
    const { list } = await get<Page<Material>>('/materials', { page, pageSize: PAGE, sort: 'material_code' })
    materials.push(...list.map(brief))
    if (list.length < PAGE) break
  }
  return { at: Date.now(), materials, locations: await getLocations() }
}

/** Asked for anew after some hours; without a network, as it was. */
export async function loadCatalogue(userId: number): Promise<Catalogue | null> {
  const before = await kept(userId)
  if (before && Date.now() - before.at < FRESH_MS) return before
  try {
    const now = await fetched()
    await (await database()).put(NAME, now, userId)
    return now
  } catch (fault) {
    if (isProblem(fault)) return before
    throw fault
  }
}

const folded = (text: string) => text.normalize('NFKC').trim().toLowerCase()

/** By code and name, what begins with the words first. */
export function findKnown(materials: Known[], words: string): Known[] {
  const wanted = folded(words)
  if (!wanted) return []
  const rank = ({ material_code: code, material_name: name }: Known) =>
    folded(code) === wanted ? 0 : folded(code).startsWith(wanted) || folded(name).startsWith(wanted) ? 1 : folded(`${code} ${name}`).includes(wanted) ? 2 : 3
  return materials
    .map((one) => ({ one, at: rank(one) }))
    .filter(({ at }) => at < 3)
    .sort((a, b) => a.at - b.at)
    .slice(0, OFFERED)
    .map(({ one }) => one)
}
