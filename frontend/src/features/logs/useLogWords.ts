import { useI18n } from 'vue-i18n'

/** What the log calls things, in words; what this page does not know yet stands as it is. */
export function useLogWords() {
  const { t, te } = useI18n()
  return {
    moduleName: (module: string) => (te(`logs.modules.${module}`) ? t(`logs.modules.${module}`) : module),
    actionName: (action: string) => (te(`logs.actions.${action}`) ? t(`logs.actions.${action}`) : action),
  }
}
