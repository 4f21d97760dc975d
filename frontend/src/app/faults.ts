import type { App } from 'vue'
import { isProblem } from '@/api/problem'
import { toast } from '@/shared/feedback/toast'
import { i18n } from './i18n'

/** What nobody has caught: one sentence for the user, the rest for the console. */
function report(fault: unknown): void {
  if (fault instanceof DOMException && fault.name === 'AbortError') return
  // The bar at the top speaks for the absent server.
  if (isProblem(fault) && fault.isNetwork) return
  const said = isProblem(fault) && fault.message ? fault.message : i18n.global.t('app.unexpected')
  toast(isProblem(fault) && fault.status >= 500 && fault.requestId ? `${said}（${i18n.global.t('shared.problem.requestId')} ${fault.requestId}）` : said, 'bad')
}

export function reportFaults(app: App): void {
  app.config.errorHandler = (fault) => {
    report(fault)
    setTimeout(() => {
      throw fault
    })
  }
  window.addEventListener('unhandledrejection', ({ reason }) => report(reason))
}
