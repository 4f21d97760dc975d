/** The fields of a form that is open while the server may say something new. */
export type Fields = Record<string, string>

/** What the server says now goes to the fields that stand as it said before; what somebody has typed stays. */
export function follow(draft: Fields, now: Fields, before: Fields | undefined): void {
  for (const [name, value] of Object.entries(now)) {
    const typed = (draft[name] ?? '').trim()
    if (typed === (before?.[name] ?? '') || typed === value) draft[name] = value
  }
}
