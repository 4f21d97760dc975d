import { post, put } from '@/api/client'

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

export const changeSetting = (key: string, value: string) => put<unknown>(`/settings/${key}`, { value })
export const makeUnit = (unit: UnitDraft) => post<unknown>('/units', unit)
/** Its code stays: materials name it. */
export const changeUnit = (id: number, unit: UnitDraft) => put<unknown>(`/units/${id}`, unit)
export const makeLocation = (location: LocationDraft) => post<unknown>('/locations', location)
