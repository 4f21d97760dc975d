import { get } from '@/api/client'
import type { Balance, Material, Page } from '@/api/types'

const OFFERED = 20

export const getMaterial = (id: number, signal?: AbortSignal): Promise<Material> => get<Material>(`/materials/${id}`, {}, signal)

export async function searchMaterials(keyword: string, signal?: AbortSignal): Promise<Material[]> {
  return (await get<Page<Material>>('/materials', { keyword, pageSize: OFFERED, sort: 'material_code' }, signal)).list
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
