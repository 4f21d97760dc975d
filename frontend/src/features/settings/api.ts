import { get, post, put } from '@/api/client'
import type { Unit } from '@/api/types'

export interface Setting {
  key: string
  value: string
  updated_at: string | null
}

export interface Location {
  id: number
  parent_id: number | null
  code: string
  name_zh: string
  name_en: string | null
  kind: string
}

export interface UnitDraft {
  code: string
  nameZh: string
  nameEn: string
  decimals: number
}

export interface LocationDraft {
  parentId?: number
  code: string
  nameZh: string
  nameEn?: string
}

export const getSettings = (signal?: AbortSignal) => get<Setting[]>('/settings', {}, signal)
export const changeSetting = (key: string, value: string) => put<unknown>(`/settings/${key}`, { value })
export const getUnits = (signal?: AbortSignal) => get<Unit[]>('/units', {}, signal)
export const makeUnit = (unit: UnitDraft) => post<unknown>('/units', unit)
export const getLocations = (signal?: AbortSignal) => get<Location[]>('/locations', {}, signal)
export const makeLocation = (location: LocationDraft) => post<unknown>('/locations', location)
