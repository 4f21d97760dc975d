import { get } from '@/api/client'
import type { Balance, Material, Page } from '@/api/types'

const OFFERED = 20
/** Found by their sound, each has to be asked for. */
const OFFERED_BY_SOUND = 8

export const getMaterial = (id: number, signal?: AbortSignal): Promise<Material> => get<Material>(`/materials/${id}`, {}, signal)

/** Active materials that have it in their code, name or CAS. */
export async function searchMaterials(keyword: string, signal?: AbortSignal): Promise<Material[]> {
  return (await get<Page<Material>>('/materials', { keyword, pageSize: OFFERED, sort: 'material_code' }, signal)).list
}

/** Active materials as the search palette finds them: by pinyin, by initials, and with a typing error. */
export async function soundingMaterials(q: string, signal?: AbortSignal): Promise<Material[]> {
  const hits = await get<{ id: number }[]>('/search', { q, type: 'materials', limit: OFFERED_BY_SOUND }, signal)
  const found = await eachAtOnce(hits.map(({ id }) => id), (id) => getMaterial(id, signal))
  return [...found.values()].filter(({ status }) => status === 'active')
}

/** The active material of exactly this code, capital or small. */
export async function materialByCode(code: string, signal?: AbortSignal): Promise<Material | null> {
  const wanted = code.toLowerCase()
  return (await searchMaterials(code, signal)).find(({ material_code }) => material_code.toLowerCase() === wanted) ?? null
}

export const getBalances = (id: number, signal?: AbortSignal): Promise<Balance[]> => get<Balance[]>(`/materials/${id}/balances`, {}, signal)

const AT_ONCE = 6

/** One call for each of `wanted`, a few at a time. */
export async function eachAtOnce<Key, Found>(wanted: Key[], find: (key: Key) => Promise<Found>): Promise<Map<Key, Found>> {
  const found = new Map<Key, Found>()
  const waiting = [...new Set(wanted)]
  const worker = async () => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) found.set(key, await find(key))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return found
}
