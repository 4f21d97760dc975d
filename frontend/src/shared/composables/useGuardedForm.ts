import { useI18n } from 'vue-i18n'
import { ask } from '@/shared/feedback/confirm'
import { useUnsavedGuard } from './useUnsavedGuard'

/** A form over the page: `leave` closes it, but asks before something typed is lost; `over()` when it is kept, and nothing can be. */
export function useGuardedForm(fields: () => unknown, close: () => void): { leave: () => Promise<void>; over: () => void } {
  const { t } = useI18n()
  const before = JSON.stringify(fields())
  let ended = false
  const unsaved = () => !ended && JSON.stringify(fields()) !== before
  const over = () => void (ended = true)
  useUnsavedGuard(unsaved)

  async function leave(): Promise<void> {
    if (unsaved() && !(await ask({ title: t('shared.unsavedTitle'), text: t('shared.unsavedText'), confirm: t('shared.leave'), danger: true }))) return
    over()
    close()
  }
  return { leave, over }
}
