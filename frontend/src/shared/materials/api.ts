import { get } from '@/api/client'
import type { Material, Page } from '@/api/types'

const OFFERED = 20

export const getMaterial = (id: number, signal?: AbortSignal): Promise<Material> => get<Material>(`/materials/${id}`, {}, signal)

export async function searchMaterials(keyword: string, signal?: AbortSignal): Promise<Material[]> {
  return (await get<Page<Material>>('/materials', { keyword, pageSize: OFFERED, sort: 'material_code' }, signal)).list
}

/** The active material of exactly this code, capital or small. */
export async function materialByCode(code: string): Promise<Material | null> {
  const wanted = code.toLowerCase()
  return (await searchMaterials(code)).find(({ material_code }) => material_code.toLowerCase() === wanted) ?? null
}
