import { describe, expect, it } from 'vitest'
import { targetOf } from './target'

const all = () => true
const none = () => false

describe('where a notification leads', () => {
  it('what waits leads to the desk, for who may decide', () => {
    const todo = { type: 'todo', link: '/inventory?id=7', link_type: 'transaction' } as const
    expect(targetOf(todo, all)).toEqual({ path: '/approval?id=7' })
    expect(targetOf(todo, none)).toEqual({ path: '/documents/7' })
    expect(targetOf({ ...todo, type: 'system' }, all)).toEqual({ path: '/documents/7' })
  })
  it('materials, counts and people have their pages', () => {
    expect(targetOf({ type: 'system', link: '/materials?id=12', link_type: 'material' }, none)).toEqual({ path: '/materials/12' })
    expect(targetOf({ type: 'system', link: '/stocktaking/3', link_type: 'stocktaking' }, none)).toEqual({ path: '/counting/3' })
    expect(targetOf({ type: 'system', link: '/users?id=3', link_type: 'user' }, none)).toBeNull()
  })
  it('addresses: our own, or http and https; nothing that runs', () => {
    const at = (link: string | null) => targetOf({ type: 'announcement', link, link_type: 'url' }, all)
    expect(at('/overview')).toEqual({ path: '/overview' })
    expect(at('https://example.org/a')).toEqual({ href: 'https://example.org/a' })
    expect(at('javascript:alert(1)')).toBeNull()
    expect(at('//example.org')).toBeNull()
    expect(at('/\\example.org')).toBeNull()
    expect(at('nowhere')).toBeNull()
    expect(at(null)).toBeNull()
  })
})
