import type { Filters } from './routeFilters'

export interface Chip {
  name: string
  label: string
  value: string
}

/** How a list says what is asked for: by filter, its label and its value in words. What is not named has no chip. */
export type Words<F extends Filters> = Partial<Record<keyof F, [label: string, value: string]>>

/** One chip for each filter that is not as by default, in the order of the words. */
export function chipsOf<F extends Filters>(filters: F, defaults: F, words: Words<F>): Chip[] {
  return Object.entries(words).flatMap(([name, word]) => {
    if (!word || filters[name] === defaults[name]) return []
    const [label, value] = word as [string, string]
    return [{ name, label, value }]
  })
}

/** The filters that take a chip away, or all of them. */
export function without<F extends Filters>(defaults: F, names: string[]): Partial<F> {
  return Object.fromEntries(names.map((name) => [name, defaults[name] ?? ''])) as Partial<F>
}
