/** A filter of which one is chosen out of a few. */
export interface Choice {
  param: string
  label: string
  options: { value: string; text: string }[]
}

/** What stands on the chips of choices: by filter, its label and what is chosen of it. */
export function wordsOf(choices: Choice[], filters: Record<string, string>): Record<string, [label: string, value: string]> {
  return Object.fromEntries(
    choices.map(({ param, label, options }) => [param, [label, options.find(({ value }) => value === filters[param])?.text ?? filters[param] ?? ''] as [string, string]]),
  )
}
