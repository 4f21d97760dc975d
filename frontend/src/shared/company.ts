/** What holds for all of the company: its settings, units and places. Query keys: settings, units, locations. */
import { get } from '@/api/client'
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
  /** `storage`, or where things come from and go to: supplier, consumption, … */
  kind: string
}

export const getSettings = (signal?: AbortSignal) => get<Setting[]>('/settings', {}, signal)
export const getUnits = (signal?: AbortSignal) => get<Unit[]>('/units', {}, signal)
export const getLocations = (signal?: AbortSignal) => get<Location[]>('/locations', {}, signal)
