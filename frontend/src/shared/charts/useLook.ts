import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { useNarrow } from '@/shared/composables/useNarrow'
import type { Look } from './chart'

const PALETTE = [1, 2, 3, 4, 5, 6]

/** The colours as the theme has them now; another theme, another look. */
export function useLook(): Readonly<ShallowRef<Look>> {
  const narrow = useNarrow()
  const still = useNarrow('(prefers-reduced-motion: reduce)')

  function read(): Look {
    const style = getComputedStyle(document.documentElement)
    const token = (name: string) => style.getPropertyValue(`--mms-${name}`).trim()
    return {
      palette: PALETTE.map((n) => token(`chart-${n}`)), text: token('text'), soft: token('text-soft'), line: token('line'), card: token('card'),
      bad: token('bad'), heat: [token('heat-low'), token('heat-high')], font: token('font'), narrow: narrow.value, moves: !still.value,
    }
  }

  const look = shallowRef(read())
  const again = () => (look.value = read())
  const themes = new MutationObserver(again)
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'style'] })
  watch([narrow, still], again)
  onScopeDispose(() => themes.disconnect())
  return look
}
