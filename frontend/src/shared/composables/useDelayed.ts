import { onScopeDispose, readonly, type Ref, ref, watch } from 'vue'

const PATIENCE_MS = 200

/** True when `source` has been true for a while: quick answers show no skeleton. */
export function useDelayed(source: () => boolean, patience = PATIENCE_MS): Readonly<Ref<boolean>> {
  const late = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    source,
    (on) => {
      clearTimeout(timer)
      late.value = false
      if (on) timer = setTimeout(() => (late.value = true), patience)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return readonly(late)
}
