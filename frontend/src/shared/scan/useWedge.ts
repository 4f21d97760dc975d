import { onScopeDispose } from 'vue'
import { makeBurst, plainCode } from './burst'

export interface WedgeOptions {
  /** What stays in the field that it was typed into: a number where one is wanted. */
  stays?: (code: string, field: HTMLInputElement | null) => boolean
}

/** A scanner that types, wherever the cursor is: the code is told, and taken out of the field that it went into. */
export function useWedge(scanned: (code: string) => void, { stays }: WedgeOptions = {}): void {
  const { feed } = makeBurst()
  let field: HTMLInputElement | null = null
  let before = ''

  function restore(): void {
    if (!field || field.value === before) return
    field.value = before
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }

  function pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return
    const { began, code } = feed(event.key, event.timeStamp)
    if (began) {
      field = event.target instanceof HTMLInputElement ? event.target : null
      before = field?.value ?? ''
    }
    if (code === null || stays?.(code, field)) return
    event.preventDefault()
    event.stopPropagation()
    restore()
    scanned(plainCode(code))
  }
  document.addEventListener('keydown', pressed, { capture: true })
  onScopeDispose(() => document.removeEventListener('keydown', pressed, { capture: true }))
}
