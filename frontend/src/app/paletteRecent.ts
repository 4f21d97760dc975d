/** What one has gone to by the palette, the last first; on this device. */
export interface Visited {
  kind: string
  path: string
  code: string
  name: string
}

const MOST = 6
const keyOf = (userId: number) => `mms.palette.${userId}`

function isVisited(one: unknown): one is Visited {
  const { kind, path, code, name } = (one ?? {}) as Partial<Visited>
  return [kind, path, code, name].every((text) => typeof text === 'string') && /^\/(?![/\\])/.test(path ?? '')
}

/** With `visited` before those that were there. */
export function withVisited(before: Visited[], visited: Visited): Visited[] {
  return [visited, ...before.filter(({ path }) => path !== visited.path)].slice(0, MOST)
}

export function recentOf(userId: number): Visited[] {
  try {
    const stored = JSON.parse(localStorage.getItem(keyOf(userId)) ?? '[]') as unknown
    return Array.isArray(stored) ? stored.filter(isVisited).slice(0, MOST) : []
  } catch {
    return []
  }
}

export function remember(userId: number, visited: Visited): void {
  try {
    localStorage.setItem(keyOf(userId), JSON.stringify(withVisited(recentOf(userId), visited)))
  } catch {
    // No room: then it is not remembered.
  }
}
