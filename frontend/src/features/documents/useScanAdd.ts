import { onScopeDispose, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { evaluate } from '@/shared/decimal/typed'
import { materialByCode } from '@/shared/materials/api'
import { rememberMaterial } from '@/shared/materials/useMaterials'
import { makeBurst, plainCode } from './burst'
import { takeScan } from './scanned'
import type { DocumentFormState } from './useDocumentForm'

const KEY = 'mms.scan.counts'
/** So many digits are a quantity where one is typed; more are a code. */
const MOST_OF_A_NUMBER = 7

/** Scanned codes become lines, wherever the cursor is; `show` takes the cursor to the line. */
export function useScanAdd(form: DocumentFormState, show: (at: number) => void) {
  const { t } = useI18n()
  const { lines } = form
  const report = ref<{ text: string; good: boolean } | null>(null)
  const counts = ref(localStorage.getItem(KEY) !== 'no')
  watch(counts, (is) => localStorage.setItem(KEY, is ? 'yes' : 'no'))
  const { feed } = makeBurst()
  let field: HTMLInputElement | null = null
  let before = ''
  let turn = Promise.resolve()

  async function take(code: string): Promise<void> {
    try {
      const material = await materialByCode(code)
      if (material) rememberMaterial(material)
      const at = material ? takeScan(lines, material, counts.value) : -1
      const line = lines[at]
      if (line && material) {
        report.value = { good: true, text: t('documents.scan.done', { code: material.material_code, name: material.material_name, line: at + 1, n: line.quantity || '—' }) }
        show(at)
      } else report.value = { good: false, text: t(material ? 'documents.scan.full' : 'documents.scan.unknown', { code }) }
    } catch {
      report.value = { good: false, text: t('documents.scan.failed', { code }) }
    }
    if (!report.value?.good) navigator.vibrate?.([80, 60, 80])
  }

  /** One after the other: two scans of the same code are two. */
  function scanned(code: string): void {
    turn = turn.then(() => take(plainCode(code)))
  }

  /** What the scanner has typed into the field is taken out again. */
  function restore(): void {
    if (!field || field.value === before) return
    field.value = before
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }

  function pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]')) return
    const { began, code } = feed(event.key, event.timeStamp)
    if (began) {
      field = event.target instanceof HTMLInputElement ? event.target : null
      before = field?.value ?? ''
    }
    const isNumber = field?.inputMode === 'decimal' && code !== null && code.length <= MOST_OF_A_NUMBER && evaluate(code) !== null
    if (code === null || isNumber) return
    event.preventDefault()
    event.stopPropagation()
    restore()
    scanned(code)
  }
  document.addEventListener('keydown', pressed, { capture: true })
  onScopeDispose(() => document.removeEventListener('keydown', pressed, { capture: true }))

  return { report, counts, scanned }
}
