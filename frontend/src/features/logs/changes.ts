export interface Change {
  field: string
  before: string
  after: string
}

const shown = (value: unknown) => (value === null || value === undefined ? '—' : typeof value === 'string' ? value : JSON.stringify(value))

/** `{"location":{"old":null,"new":"A-1"}}` as rows; none for what is not of that form. */
export function changesOf(text: string | null): Change[] {
  try {
    const changes = JSON.parse(text ?? '{}') as Record<string, { old?: unknown; new?: unknown } | null>
    return Object.entries(changes).map(([field, change]) => ({ field, before: shown(change?.old), after: shown(change?.new) }))
  } catch {
    return []
  }
}
