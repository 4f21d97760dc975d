import type { Summary } from './api'

/** "120 are created, 3 are changed; 2 are left out": what does not occur is not told. */
export function sumsInWords(sums: Summary, t: (key: string, values: { n: number }) => string): string {
  return (['create', 'change', 'line', 'same', 'fault'] as const).filter((name) => sums[name] > 0).map((name) => t(`imports.inWords.${name}`, { n: sums[name] })).join('')
}
