import { onScopeDispose } from 'vue'
import { useI18n } from 'vue-i18n'
import { onBeforeRouteLeave } from 'vue-router'
import { ask } from '@/shared/feedback/confirm'

/** Asks before the page is left with something typed on it. */
export function useUnsavedGuard(unsaved: () => boolean): void {
  const { t } = useI18n()
  const warn = (event: BeforeUnloadEvent) => {
    if (unsaved()) event.preventDefault()
  }
  window.addEventListener('beforeunload', warn)
  onScopeDispose(() => window.removeEventListener('beforeunload', warn))
  onBeforeRouteLeave(async () => {
    if (!unsaved()) return true
    const yes = await ask({ title: t('shared.unsavedTitle'), text: t('shared.unsavedText'), confirm: t('shared.leave'), danger: true })
    return yes !== null
  })
}
