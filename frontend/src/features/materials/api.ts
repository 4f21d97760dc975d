import { call, get, post, remove } from '@/api/client'
import type { Balance, CodeChange, Material, Move, Page } from '@/api/types'

const MOVES_AT_ONCE = 50

export type MaterialChange = Record<string, string | number | null>

export const balancesOf = (id: number) => get<Balance[]>(`/materials/${id}/balances`)
export const codeHistoryOf = (id: number) => get<Page<CodeChange>>(`/materials/${id}/code-history`, { pageSize: 50 })

export function movesOf(id: number, cursor: string | null, signal?: AbortSignal): Promise<Page<Move>> {
  return get<Page<Move>>(`/materials/${id}/moves`, { pageSize: MOVES_AT_ONCE, cursor }, signal)
}

export const createMaterial = (material: MaterialChange, key: string) => post<{ id: number }>('/materials', material, { key })

export function changeMaterial(id: number, version: number, change: MaterialChange) {
  return call<{ id: number }>({ method: 'PUT', path: `/materials/${id}`, body: change, headers: { 'If-Match': `"${version}"` } })
}

export const retireMaterial = (material: Material) => post(`/materials/${material.id}/retire`)
export const restoreMaterial = (material: Material) => post(`/materials/${material.id}/restore`)
export const deleteMaterial = (material: Material) => remove(`/materials/${material.id}`)
