import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

export interface ThirdParty {
  name: string
  version: string
  licence: string
  /** The text that goes with copies of it; empty where the package has none. */
  notice: string
}

/** Whose code this is: `…/node_modules/@vue/shared/dist/x.js` is of @vue/shared. */
export function packageOf(moduleId: string): { name: string; folder: string } | null {
  const found = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/@][^/]*))\//.exec(moduleId)
  return found?.[1] && found[2] ? { folder: found[1], name: found[2] } : null
}

export function described(folder: string): ThirdParty {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string; license?: string }
  if (!license) throw new Error(`${name} does not say its licence`)
  const file = readdirSync(folder).find((one) => /^licen[cs]e(?:\.|$)/i.test(one))
  return { name, version, licence: license, notice: file ? readFileSync(join(folder, file), 'utf8').trim() : '' }
}

/** Writes third-party.json: the packages whose code is in the build, as they describe themselves. For the page and for its workers. */
export function thirdParty(): { page: Plugin; worker: () => Plugin } {
  const folders = new Map<string, string>()
  const collect: Pick<Plugin, 'renderChunk'> = {
    renderChunk(_code, { moduleIds }) {
      for (const id of moduleIds) {
        const found = packageOf(id)
        if (found && existsSync(join(found.folder, 'package.json'))) folders.set(found.name, found.folder)
      }
      return null
    },
  }
  return {
    page: {
      name: 'mms-third-party',
      apply: 'build',
      ...collect,
      generateBundle() {
        if (folders.size === 0) throw new Error('no package in the build')
        const list = [...folders.values()].map(described).sort((a, b) => a.name.localeCompare(b.name, 'en'))
        this.emitFile({ type: 'asset', fileName: 'third-party.json', source: JSON.stringify(list) })
      },
    },
    worker: () => ({ name: 'mms-third-party-worker', apply: 'build', ...collect }),
  }
}
