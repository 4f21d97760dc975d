// @vitest-environment happy-dom
/** Computes the contrast of the colours in the token files: WCAG 2.2, 1.4.3 and 1.4.11. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ACCENTS } from '@/app/theme'

const css = ['tokens', 'accents'].map((name) => readFileSync(join(process.cwd(), `src/styles/${name}.css`), 'utf8')).join('\n')

/** The rules for the root, in the order in which they weigh: later ones win over earlier ones of the same selector. */
function declared(selector: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, head = '', body = ''] of css.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    if (head.trim() !== selector) continue
    for (const [, name = '', value = ''] of body.matchAll(/(--[\w-]+):\s*([^;]+);/g)) found[name] = value.trim()
  }
  return found
}

/** What holds for a page with this theme and accent: as the cascade has it, by the weight of the selectors. */
function tokensOf(dark: boolean, accent: string): Record<string, string> {
  return {
    ...declared('html:root'),
    ...(dark ? declared('html.dark:root') : {}),
    ...declared(`html[data-accent='${accent}']:root`),
    ...(dark ? declared(`html.dark[data-accent='${accent}']:root`) : {}),
  }
}

function colour(tokens: Record<string, string>, name: string): string {
  const value = tokens[name] ?? ''
  const other = /^var\((--[\w-]+)\)$/.exec(value)?.[1]
  return other ? colour(tokens, other) : value
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = Array.from(Buffer.from(hex.slice(1), 'hex'), (byte) => {
    const part = byte / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (bright + 0.05) / (dim + 0.05)
}

const GROUNDS = ['page', 'card', 'sunken', 'hover']
const TONES = ['good', 'warn', 'bad', 'wait', 'idle']
/** Text and what it stands on. */
const TEXTS: [string, string][] = [
  ...['text', 'text-soft', 'accent', 'bad'].flatMap((text) => GROUNDS.map((ground): [string, string] => [text, ground])),
  ...TONES.flatMap((tone): [string, string][] => [[tone, `${tone}-soft`], [tone, 'card']]),
  ['text', 'accent-soft'], ['accent', 'accent-soft'], ['accent-strong', 'card'], ['on-accent', 'accent'], ['on-accent', 'accent-strong'],
  ['on-side', 'side'], ['on-side', 'side-active'], ['side-text', 'side'],
]
/** What is no text, but has to be seen. */
const MARKS: [string, string][] = [['side-mark', 'side'], ['side-mark', 'side-active'], ['accent', 'page'], ['accent', 'card']]

describe.each(['light', 'dark'])('in the %s theme', (theme) => {
  it.each(ACCENTS)('with the accent %s all text can be read', (accent) => {
    const tokens = tokensOf(theme === 'dark', accent)
    const told = (pairs: [string, string][], least: number) =>
      pairs.flatMap(([text, ground]) => {
        const pair = [colour(tokens, `--mms-${text}`), colour(tokens, `--mms-${ground}`)] as const
        expect(pair.join(' '), `${text} on ${ground}`).toMatch(/^#[0-9a-f]{6} #[0-9a-f]{6}$/)
        const found = contrast(...pair)
        return found < least ? [`${text} on ${ground}: ${found.toFixed(2)}`] : []
      })
    expect(told(TEXTS, 4.5)).toEqual([])
    expect(told(MARKS, 3)).toEqual([])
  })

  it('every accent has all that 青绿 has', () => {
    const names = (selector: string) => Object.keys(declared(selector))
    const dark = theme === 'dark' ? '.dark' : ''
    const own = names(`html${dark}:root`).filter((name) => /^--mms-(?:accent|on-accent)/.test(name))
    for (const accent of ACCENTS.slice(1)) {
      const has = new Set([...names(`html${dark}[data-accent='${accent}']:root`), ...(dark ? [] : ['--mms-on-accent'])])
      expect(own.filter((name) => !has.has(name)), accent).toEqual([])
    }
  })
})
