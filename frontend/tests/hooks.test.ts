import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(process.cwd(), 'src')
const source = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.vue'))
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .join('\n')

const listed = readFileSync(join(process.cwd(), 'tests/README.md'), 'utf8')
const hooks = [...listed.slice(listed.indexOf('| where |')).matchAll(/`([\w<>-]+)`/g)].map(([, hook = '']) => hook)

/** As it may stand in a template: itself, made of a name and what changes, or handed on by a field or a list. */
function isThere(hook: string): boolean {
  // Of two days: the field's name, and which of them.
  if (/-(?:from|to)$/.test(hook)) return source.includes(`<DayRange :filters="filters" testid="${hook.replace(/-\w+$/, '')}"`) || isPlain(hook)
  return isPlain(hook)
}

function isPlain(hook: string): boolean {
  const fixed = hook.split('<')[0] ?? ''
  if (hook === fixed) return source.includes(`testid="${hook}"`) || (hook.endsWith('-fault') && source.includes('`${testid}-fault`'))
  return source.includes(`\`${fixed}\${`) || source.includes(`row-testid="${fixed.replace(/-$/, '')}"`) || source.includes(`testid="${fixed}`)
}

it('lists only hooks that are there', () => {
  expect(hooks.length).toBeGreaterThan(80)
  expect(hooks.filter((hook) => !isThere(hook))).toEqual([])
})
