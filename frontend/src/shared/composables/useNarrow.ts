import { onScopeDispose, readonly, type Ref, ref } from 'vue'

/** The phone: cards instead of tables, drawers instead of panes. */
export function useNarrow(query = '(width < 768px)'): Readonly<Ref<boolean>> {
  const media = window.matchMedia(query)
  const narrow = ref(media.matches)
  const follow = (event: MediaQueryListEvent) => (narrow.value = event.matches)
  media.addEventListener('change', follow)
  onScopeDispose(() => media.removeEventListener('change', follow))
  return readonly(narrow)
}
