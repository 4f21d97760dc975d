import { describe, expect, it } from 'vitest'
import { follow } from './followed'

describe('a form that follows the server', () => {
  it('shows the first answer, and lets stand what was typed before it came', () => {
    const draft = { name: '', email: 'typed early' }
    follow(draft, { name: '王', email: 'old@x' }, undefined)
    expect(draft).toEqual({ name: '王', email: 'typed early' })
  })

  it('takes what has changed elsewhere, but where somebody is typing', () => {
    const draft = { name: '王', email: 'typing' }
    follow(draft, { name: '李', email: 'new@x' }, { name: '王', email: 'old@x' })
    expect(draft).toEqual({ name: '李', email: 'typing' })
  })

  it('shows what was kept as it was kept, and what was typed on meanwhile', () => {
    const draft = { name: ' 李 ', email: 'one more' }
    follow(draft, { name: '李', email: 'one' }, { name: '王', email: 'old@x' })
    expect(draft).toEqual({ name: '李', email: 'one more' })
  })
})
