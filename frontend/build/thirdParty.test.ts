import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { described, packageOf } from './thirdParty'

const root = process.cwd()
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }

describe('third-party software', () => {
  it('is known by where its code is', () => {
    expect(packageOf('/x/node_modules/vue/dist/vue.js')).toEqual({ name: 'vue', folder: '/x/node_modules/vue' })
    expect(packageOf('/x/node_modules/a/node_modules/@b/c/d.js')).toEqual({ name: '@b/c', folder: '/x/node_modules/a/node_modules/@b/c' })
    expect(packageOf('\0/x/node_modules/vue/dist/vue.js?commonjs')?.name).toBe('vue')
    expect(packageOf('/x/src/app/main.ts')).toBeNull()
    expect(packageOf('\0rolldown/runtime.js')).toBeNull()
  })
  it('says its licence and version itself', () => {
    expect(described(join(root, 'node_modules/vue'))).toMatchObject({ name: 'vue', version: dependencies.vue, licence: 'MIT' })
    expect(described(join(root, 'node_modules/vue')).notice).toContain('Permission is hereby granted')
  })
  it('is named in THIRD_PARTY.md, each package of the page', () => {
    const told = readFileSync(join(root, '../THIRD_PARTY.md'), 'utf8')
    expect(Object.keys(dependencies).filter((name) => !told.includes(name))).toEqual([])
  })
})
