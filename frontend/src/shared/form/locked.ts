import type { ObjectDirective } from 'vue'

interface Before {
  focus: HTMLElement | null
  scroller: HTMLElement | null
}
const befores = new WeakMap<HTMLElement, Before>()

/** What is locked can still be read to its end by keyboard: where it scrolls and nothing else in there can have the focus, that has it. */
function scrollerOf(root: HTMLElement): HTMLElement | null {
  for (let one = root.parentElement; one && one !== document.body; one = one.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(one).overflowY)) return one.hasAttribute('tabindex') ? null : one
  }
  return null
}

/**
 * `v-locked="busy"`: what is on its way to the server is not changed before the answer is there, since it would be lost with it.
 * Then the focus is where it was.
 */
export const vLocked: ObjectDirective<HTMLElement, boolean> = {
  mounted: (root, { value }) => void (root.inert = value),
  updated(root, { value, oldValue }) {
    if (value === oldValue) return
    const { activeElement } = document
    root.inert = value
    if (value) {
      const scroller = scrollerOf(root)
      if (scroller) scroller.tabIndex = 0
      befores.set(root, { scroller, focus: activeElement instanceof HTMLElement && root.contains(activeElement) ? activeElement : null })
      return
    }
    const before = befores.get(root)
    before?.scroller?.removeAttribute('tabindex')
    if (activeElement === null || activeElement === document.body || activeElement === before?.scroller) before?.focus?.focus({ preventScroll: true })
  },
}
