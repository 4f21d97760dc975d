import type { ObjectDirective } from 'vue'

const places = new WeakMap<HTMLElement, HTMLElement>()

/**
 * `v-locked="busy"`: what is on its way to the server is not changed before the answer is there, since it would be lost with it.
 * Then the focus is where it was.
 */
export const vLocked: ObjectDirective<HTMLElement, boolean> = {
  mounted: (root, { value }) => void (root.inert = value),
  updated(root, { value, oldValue }) {
    if (value === oldValue) return
    const { activeElement } = document
    if (value && activeElement instanceof HTMLElement && root.contains(activeElement)) places.set(root, activeElement)
    root.inert = value
    const place = value ? undefined : places.get(root)
    if (!place) return
    places.delete(root)
    if (activeElement === null || activeElement === document.body) place.focus({ preventScroll: true })
  },
}
