/** What stands in a checked row, by the titles of its fields. */
import type { CheckedRow } from './api'

export interface Told {
  title: string
  text: string
}
export interface Changed {
  title: string
  before: string | null
  after: string | null
}

const textOf = (value: unknown): string | null => (value === null || value === undefined || value === '' ? null : typeof value === 'string' ? value : JSON.stringify(value))
/** `minStock`, as a body has it, is the field `min_stock`. */
const fieldOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Says a value as the page does: `say('category', 'metal')`. */
export type Say = (field: string, text: string) => string

export function changesOf({ changes }: Pick<CheckedRow, 'changes'>, titles: Map<string, string>, say: Say): Changed[] {
  const told = (name: string, value: unknown) => {
    const text = textOf(value)
    return text === null ? null : say(name, text)
  }
  return Object.entries(changes ?? {}).map(([name, { old, new: next }]) => ({ title: titles.get(name) ?? name, before: told(name, old), after: told(name, next) }))
}

/** Of what is new: all that is filled in, without the code (that is its label) and what the file does not say. */
export function valuesOf({ body, changes }: Pick<CheckedRow, 'body' | 'changes'>, titles: Map<string, string>, say: Say): Told[] {
  if (!body || changes) return []
  return Object.entries(body).flatMap(([name, value]) => {
    const field = fieldOf(name), title = titles.get(field), text = textOf(value)
    return title !== undefined && text !== null && field !== 'material_code' ? [{ title, text: say(field, text) }] : []
  })
}
