import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Plugin } from 'vite'

interface Chunk {
  file: string
  css?: string[]
  assets?: string[]
  imports?: string[]
}
export type Manifest = Record<string, Chunk>

const SHELL = '/index.html'
const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex')

/** What index.html names: the entry has no name of its own in the manifest, and what runs before the first paint is not in it. */
function namedBy(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, file = '']) => file)
}

/** The files that these modules and whatever they import are in. */
export function filesOf(manifest: Manifest, modules: string[]): string[] {
  const files = new Set<string>()
  const seen = new Set<string>()
  const take = (key: string) => {
    const chunk = manifest[key]
    if (!chunk) throw new Error(`kept for offline, but not in the build: ${key}`)
    if (seen.has(key)) return
    seen.add(key)
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(`/${file}`)
    for (const next of chunk.imports ?? []) take(next)
  }
  for (const key of modules) take(key)
  return [...files].sort()
}

/** Writes sw.js, which keeps what `modules` need, and files of the build that `also` names. See sw.js. */
export function offline(modules: string[], also: RegExp): Plugin {
  let root = '.'
  let outDir = 'dist'
  return {
    name: 'mms-offline',
    apply: 'build',
    configResolved(config) {
      root = config.root
      outDir = resolve(config.root, config.build.outDir)
    },
    writeBundle() {
      const manifest = JSON.parse(readFileSync(join(outDir, '.vite/manifest.json'), 'utf8')) as Manifest
      const assets = readdirSync(join(outDir, 'assets')).map((name) => `/assets/${name}`)
      const others = assets.filter((path) => also.test(path))
      if (others.length === 0) throw new Error(`kept for offline, but not in the build: ${also.source}`)
      const html = readFileSync(join(outDir, SHELL), 'utf8')
      const named = namedBy(html)
      const entries = Object.keys(manifest).filter((key) => named.includes(manifest[key]?.file ?? ''))
      if (entries.length === 0) throw new Error('index.html names no entry of the build')
      const files = [...new Set([SHELL, '/icon.svg', ...named.map((file) => `/${file}`), ...filesOf(manifest, [...entries, ...modules]), ...others])]
      const shell = { path: SHELL, sha256: sha256(html) }
      const code = readFileSync(join(root, 'build/sw.js'), 'utf8')
      const version = sha256(JSON.stringify([files, shell, code])).slice(0, 16)
      writeFileSync(join(outDir, 'sw.js'), `const BUILD = ${JSON.stringify({ version, files, shell })}\n${code}`)
    },
  }
}
