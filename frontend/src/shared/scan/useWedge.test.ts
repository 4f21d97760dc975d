// @vitest-environment happy-dom
import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useWedge } from './useWedge'

let field: HTMLInputElement
let time = 0
beforeEach(() => {
  document.body.innerHTML = '<input>'
  field = document.querySelector('input') as HTMLInputElement
})
afterEach(() => vi.restoreAllMocks())

/** As a scanner does: each key goes into the field, 5 ms after the one before. */
function scan(text: string): boolean {
  time += 1000
  let taken = false
  for (const key of [...text, 'Enter']) {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
    Object.defineProperty(event, 'timeStamp', { value: (time += 5) })
    taken = !field.dispatchEvent(event)
    if (key.length === 1 && !taken) field.value += key
  }
  return taken
}

it('tells the code and leaves the field as it was', () => {
  const told: string[] = []
  const scope = effectScope()
  scope.run(() => useWedge((code) => told.push(code)))
  field.value = 'half'
  expect(scan(']C1CH-001')).toBe(true)
  expect(told).toEqual(['CH-001'])
  expect(field.value).toBe('half')
  scope.stop()
  expect(scan('CH-002')).toBe(false)
  expect(told).toEqual(['CH-001'])
})

it('leaves a number where one is wanted, and everything while a question is open', () => {
  const told: string[] = []
  const scope = effectScope()
  scope.run(() => useWedge((code) => told.push(code), { stays: (code) => /^\d+$/.test(code) }))
  expect(scan('123456')).toBe(false)
  expect(field.value).toBe('123456')
  document.body.append(Object.assign(document.createElement('dialog'), { open: true }))
  expect(scan('CH-001')).toBe(false)
  expect(told).toEqual([])
  scope.stop()
})
