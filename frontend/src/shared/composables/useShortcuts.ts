import { onScopeDispose } from 'vue'

/** Single keys for the page, unless one is typing or a dialog is open. */
export function useShortcuts(keys: Record<string, (event: KeyboardEvent) => void>): void {
  function pressed(event: KeyboardEvent) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const target = event.target as HTMLElement | null
    if (target?.closest('input:not([type="checkbox"]), textarea, select, [contenteditable="true"], dialog, [role="dialog"]')) return
    if (document.querySelector('dialog[open]')) return
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!act) return
    event.preventDefault()
    act(event)
  }
  document.addEventListener('keydown', pressed)
  onScopeDispose(() => document.removeEventListener('keydown', pressed))
}
