/** What stands on the overview, in which order: kept at the server, so that it is the same at every screen. */

export const MODULES = ['tiles', 'flow', 'cover', 'times', 'trend', 'categories', 'low', 'pending', 'most', 'slow'] as const
export type ModuleName = (typeof MODULES)[number]

export interface Arrangement {
  order: ModuleName[]
  hidden: ModuleName[]
}

export const USUAL: Arrangement = { order: [...MODULES], hidden: [] }

function known(list: unknown): ModuleName[] {
  const names: readonly string[] = MODULES
  return Array.isArray(list) ? [...new Set(list)].filter((name): name is ModuleName => names.includes(name as string)) : []
}

/** What was kept, whoever kept it when: what is there no more is left out, and what is new stands at the end. */
export function readArrangement(kept: string | undefined): Arrangement {
  try {
    const { order, hidden } = JSON.parse(kept ?? '{}') as { order?: unknown; hidden?: unknown }
    const first = known(order)
    return { order: [...first, ...MODULES.filter((name) => !first.includes(name))], hidden: known(hidden) }
  } catch {
    return USUAL
  }
}

/** With this module at that place; those between make room. */
export function moved({ order, hidden }: Arrangement, name: ModuleName, to: number): Arrangement {
  const rest = order.filter((one) => one !== name)
  const at = Math.min(Math.max(to, 0), rest.length)
  return { order: [...rest.slice(0, at), name, ...rest.slice(at)], hidden }
}

export function shownOrHidden({ order, hidden }: Arrangement, name: ModuleName): Arrangement {
  return { order, hidden: hidden.includes(name) ? hidden.filter((one) => one !== name) : [...hidden, name] }
}
