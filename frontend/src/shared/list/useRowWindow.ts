import { computed, onBeforeUnmount, onMounted, type Ref, ref, watch } from 'vue'
import { ALL_DRAWN, windowOf } from './rowWindow'

/** The nearest that scrolls downwards. */
function scrollerOf(element: HTMLElement): HTMLElement {
  for (let one: HTMLElement | null = element; one; one = one.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(one).overflowY)) return one
  }
  return document.documentElement
}

/** Long pages of a table are drawn only where they are in sight. `body` holds the rows. */
export function useRowWindow(body: Ref<HTMLElement | undefined>, count: () => number, planned: () => number) {
  /** As they are: what stands in the cells may want more than was planned. */
  const rowHeight = ref(planned())
  const above = ref(0)
  const inSight = ref(0)
  let scroller: HTMLElement | null = null
  let watching: ResizeObserver | undefined

  function measure() {
    if (!scroller || !body.value) return
    const outer = scroller.getBoundingClientRect()
    above.value = outer.top - body.value.getBoundingClientRect().top
    inSight.value = outer.height
    rowHeight.value = body.value.querySelector<HTMLElement>('[data-row]')?.offsetHeight || planned()
  }
  function stop() {
    scroller?.removeEventListener('scroll', measure)
    watching?.disconnect()
    scroller = null
  }
  function follow() {
    stop()
    rowHeight.value = planned()
    if (!body.value || count() <= ALL_DRAWN) return
    scroller = scrollerOf(body.value)
    scroller.addEventListener('scroll', measure, { passive: true })
    watching = new ResizeObserver(measure)
    watching.observe(scroller)
    measure()
  }
  onMounted(follow)
  watch([body, count, planned], follow, { flush: 'post' })
  onBeforeUnmount(stop)

  const drawn = computed(() => windowOf(count(), rowHeight.value, above.value, inSight.value))

  /** Scrolls so that this row is in sight; `margin`: what stands over the rows. */
  function reveal(index: number, margin: number) {
    const at = body.value && (scroller ?? scrollerOf(body.value))
    if (!at || !body.value) return
    measure()
    const top = body.value.getBoundingClientRect().top - at.getBoundingClientRect().top + index * rowHeight.value
    if (top < margin) at.scrollTop += top - margin
    else if (top + rowHeight.value > at.clientHeight - margin) at.scrollTop += top + rowHeight.value - at.clientHeight + margin
    measure()
  }

  return { drawn, rowHeight, reveal }
}
