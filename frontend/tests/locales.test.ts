import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from '../src/locales/en'
import enCharts from '../src/locales/en/charts.json'
import enCounts from '../src/locales/en/counts.json'
import enHelp from '../src/locales/en/help.json'
import enImports from '../src/locales/en/imports.json'
import enPages from '../src/locales/en/pages'
import enPrinting from '../src/locales/en/printing.json'
import enProfile from '../src/locales/en/profile.json'
import zh from '../src/locales/zh-CN'
import zhCharts from '../src/locales/zh-CN/charts.json'
import zhCounts from '../src/locales/zh-CN/counts.json'
import zhHelp from '../src/locales/zh-CN/help.json'
import zhImports from '../src/locales/zh-CN/imports.json'
import zhPages from '../src/locales/zh-CN/pages'
import zhPrinting from '../src/locales/zh-CN/printing.json'
import zhProfile from '../src/locales/zh-CN/profile.json'

type Texts = { [key: string]: string | Texts }

function flat(texts: Texts, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  )
}

const chinese = flat({ ...zh, ...zhPages, charts: zhCharts, counts: zhCounts, help: zhHelp, imports: zhImports, printing: zhPrinting, profile: zhProfile })
const english = flat({ ...en, ...enPages, charts: enCharts, counts: enCounts, help: enHelp, imports: enImports, printing: enPrinting, profile: enProfile })
const placesOf = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
/** One and many, as English has them, fill in the same. */
const places = (text: string) => {
  const [first = [], ...others] = text.split(' | ').map(placesOf)
  return others.every((other) => String(other) === String(first)) ? first : ['one form is unlike the other']
}

function sources(): { name: string; text: string }[] {
  const root = join(process.cwd(), 'src')
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:vue|ts)$/.test(name) && !name.endsWith('.test.ts'))
    .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))
}

describe('the texts', () => {
  it('have the same keys in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })
  it('fill in the same values', () => {
    for (const [key, text] of chinese) expect([key, places(english.get(key) ?? '')]).toEqual([key, places(text)])
  })
  it('are nowhere empty, and English where they should be', () => {
    for (const [key, text] of chinese) expect(text, key).not.toBe('')
    for (const [key, text] of english) expect(text, key).not.toMatch(/[\u4e00-\u9fff]|^$|\(s\)/)
  })
  it('hold every key that the page names', () => {
    for (const { name, text } of sources()) {
      for (const [, key = ''] of text.matchAll(/\bt\(\s*'([\w.-]+)'/g)) expect(chinese.has(key), `${key} in ${name}`).toBe(true)
      // A key with a part that changes: something must begin and end as it does.
      for (const [, key = ''] of text.matchAll(/\bt\(\s*`([^`]+)`/g)) {
        const form = new RegExp(`^${key.replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '\u0000').replace(/\./g, '\\.').replaceAll('\u0000', '.+')}$`)
        expect([...chinese.keys()].some((known) => form.test(known)), `${key} in ${name}`).toBe(true)
      }
    }
  })
  it('hold no key that nobody names', () => {
    const all = sources().map(({ text }) => text).join('\n')
    const named = (key: string) => {
      const parts = key.split('.')
      return all.includes(key) || parts.some((_, i) => i > 0 && all.includes(`${parts.slice(0, i + 1 > parts.length - 1 ? parts.length - 1 : i + 1).join('.')}.\${`))
    }
    expect([...chinese.keys()].filter((key) => !named(key))).toEqual([])
  })
})
