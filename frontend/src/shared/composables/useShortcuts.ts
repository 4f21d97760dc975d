import { onScopeDispose } from 'vue'

/**
 * Single keys for the page, unless one is typing or a dialog is open. On `window` instead of the document: for what the page has no use
 * for itself.
 */
export function useShortcuts(keys: Record<string, (event: KeyboardEvent) => void>, on: Document | Window = document): void {
  function pressed(event: KeyboardEvent) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const target = event.target as HTMLElement | null
    if (target?.closest('input:not([type="checkbox"]), textarea, select, [contenteditable="true"], dialog, [role="dialog"]')) return
    if (document.querySelector('dialog[open]')) return
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!act) return
    event.preventDefault()
    act(event)
  }
  on.addEventListener('keydown', pressed as EventListener)
  onScopeDispose(() => on.removeEventListener('keydown', pressed as EventListener))
}
