import { ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Material } from '@/api/types'
import { evaluate } from '@/shared/decimal/typed'
import { materialByCode } from '@/shared/materials/api'
import { rememberMaterial } from '@/shared/materials/useMaterials'
import { useWedge } from '@/shared/scan/useWedge'
import { takeScan } from './scanned'
import type { DocumentFormState } from './useDocumentForm'

const KEY = 'mms.scan.counts'
/** More digits are a code. */
const MOST_OF_A_NUMBER = 7

/** Scanned codes become lines, wherever the cursor is; `show` takes the cursor to the line. */
export function useScanAdd(form: DocumentFormState, show: (at: number) => void) {
  const { t } = useI18n()
  const { lines } = form
  const report = ref<{ text: string; good: boolean } | null>(null)
  const counts = ref(localStorage.getItem(KEY) !== 'no')
  watch(counts, (is) => localStorage.setItem(KEY, is ? 'yes' : 'no'))

  function put(code: string, material: Material | null): void {
    if (material) rememberMaterial(material)
    const at = material ? takeScan(lines, material, counts.value) : -1
    const line = lines[at]
    if (line && material) {
      report.value = { good: true, text: t('documents.scan.done', { code: material.material_code, name: material.material_name, line: at + 1, n: line.quantity || '—' }) }
      show(at)
    } else report.value = { good: false, text: t(material ? 'documents.scan.full' : 'documents.scan.unknown', { code }) }
  }

  async function take(code: string): Promise<void> {
    try {
      await form.lookUp(() => materialByCode(code), (material) => put(code, material))
    } catch {
      report.value = { good: false, text: t('documents.scan.failed', { code }) }
    }
    if (!report.value?.good) navigator.vibrate?.([80, 60, 80])
  }

  /** Two scans of the same code are two. */
  const scanned = (code: string) => void take(code)

  /** Few digits where a quantity is typed are one. */
  function isQuantity(code: string, field: HTMLInputElement | null): boolean {
    return field?.inputMode === 'decimal' && code.length <= MOST_OF_A_NUMBER && evaluate(code) !== null
  }
  useWedge(scanned, { stays: isQuantity })

  return { report, counts, scanned }
}
