/** Filters, sort and page as they stand in the address: so that back, reload and a copied link work. */
import type { LocationQuery } from 'vue-router'
import { wholeNumber } from '@/shared/wholeNumber'

export type Filters = Record<string, string>

/** The filters in the address; what is missing or repeated is the default. */
export function readFilters<F extends Filters>(query: LocationQuery, defaults: F): F {
  const found: Filters = {}
  for (const [name, preset] of Object.entries(defaults)) {
    const given = query[name]
    found[name] = typeof given === 'string' ? given : preset
  }
  return found as F
}

/** The address for these filters: what is as by default is left out, what is not ours is kept. */
export function writeFilters<F extends Filters>(query: LocationQuery, defaults: F, filters: F): LocationQuery {
  const next: LocationQuery = { ...query }
  for (const [name, preset] of Object.entries(defaults)) {
    if (filters[name] === preset || filters[name] === undefined) delete next[name]
    else next[name] = filters[name]
  }
  return next
}

/** A change of anything but the page begins at the first page again. */
export function changed<F extends Filters>(before: F, patch: Partial<F>): F {
  const next = { ...before, ...patch }
  return 'page' in patch ? next : { ...next, page: '1' }
}

export function pageOf(text: string | undefined, otherwise = 1): number {
  return wholeNumber(text) || otherwise
}
