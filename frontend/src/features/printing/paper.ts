import { onScopeDispose, watch } from 'vue'

/** What there is to print on, in millimetres. */
export const PAPERS = { a4: [210, 297], '241x140': [241, 140], '241x93': [241, 93] } as const
export type Paper = keyof typeof PAPERS
export const LABELS = { '60x40': [60, 40], '40x30': [40, 30] } as const
export type LabelSize = keyof typeof LABELS

export function oneOf<Choice extends string>(choices: Record<Choice, unknown>, wanted: unknown, preset: NoInfer<Choice>): Choice {
  return typeof wanted === 'string' && Object.hasOwn(choices, wanted) ? (wanted as Choice) : preset
}

/** Tells the browser the size of the sheet. A style sheet of the object model: the page's policy takes no style in markup. */
export function usePageSize(size: () => readonly [number, number]): void {
  const rules = new CSSStyleSheet()
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, rules]
  watch(size, ([width, height]) => rules.replaceSync(`@page { size: ${width}mm ${height}mm; margin: 0 }`), { immediate: true })
  onScopeDispose(() => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== rules)
  })
}
