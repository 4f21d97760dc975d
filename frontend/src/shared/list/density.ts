/** How dense the rows of lists are: what one may choose, and what a list has that was not set up otherwise (a preference, kept by app/look.ts). */
import { ref } from 'vue'

export const DENSITIES = ['comfortable', 'compact'] as const
export type Density = (typeof DENSITIES)[number]

const KEY = 'mms.density'

export function densityOf(found: unknown): Density {
  return DENSITIES.find((one) => one === found) ?? 'comfortable'
}

export const density = ref<Density>(densityOf(localStorage.getItem(KEY)))

export function useDensity(wanted: Density): void {
  density.value = wanted
  localStorage.setItem(KEY, wanted)
}
