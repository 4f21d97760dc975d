import { computed, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Material } from '@/api/types'
import { decimalsOf, type Dec } from '@/shared/decimal/decimal'
import { eachAtOnce, materialByCode } from '@/shared/materials/api'
import { rememberMaterial } from '@/shared/materials/useMaterials'
import { isEmpty, type LineDraft, MOST_LINES, newLine } from './lines'
import { isTable, pasteLines } from './pasteLines'
import type { DocumentFormState } from './useDocumentForm'

/** Rows from a spreadsheet become lines; their codes are looked up, a few at a time. */
export function usePaste(form: DocumentFormState) {
  const { t } = useI18n()
  const report = ref<string[]>([])
  const waiting = ref(0)
  const { lines } = form

  function take(text: string): Promise<void> {
    const pasted = pasteLines(text)
    let rows: typeof pasted.lines = []
    const find = () => {
      const room = MOST_LINES - lines.filter((line) => !isEmpty(line)).length
      rows = pasted.lines.slice(0, room)
      return eachAtOnce(rows.map(({ code }) => code), materialByCode)
    }
    const put = (found: Map<string, Material | null>) => {
      const added = rows.map(({ code, quantity, price, lotNo, expiresOn, remark }): LineDraft => {
        const material = found.get(code) ?? null
        if (material) rememberMaterial(material)
        return { ...newLine(), quantity, price, lotNo, expiresOn, remark, material, unknownCode: material ? '' : code }
      })
      const before = lines.filter((line) => !isEmpty(line))
      lines.splice(0, lines.length, ...before, ...added, ...(before.length + added.length ? [] : [newLine()]))
      report.value = [
        t('documents.paste.done', { n: added.length }),
        ...rows.filter(({ code }) => !found.get(code)).map(({ row, code }) => t('documents.paste.codeUnknown', { row, code })),
        ...rows.flatMap(({ row, code, quantity, column }) => {
          const material = found.get(code)
          return material && quantity && decimalsOf(quantity as Dec) > material.unit_decimals
            ? [t('documents.paste.decimals', { row, column, cell: quantity, n: material.unit_decimals, unit: material.unit })]
            : []
        }),
        ...pasted.faults.map(({ row, column, kind, text: cell }) => t(`documents.paste.${kind}`, { row, column, cell })),
        ...(pasted.extraColumns ? [t('documents.paste.extraColumns')] : []),
        ...(rows.length < pasted.lines.length ? [t('documents.paste.tooMany', { n: MOST_LINES })] : []),
      ]
    }
    return form.lookUp(find, put)
  }

  async function run(text: string): Promise<void> {
    waiting.value += 1
    await take(text).catch(() => (report.value = [t('shared.problem.network')]))
    waiting.value -= 1
  }

  function pasted(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (!isTable(text)) return
    event.preventDefault()
    void run(text)
  }

  return { pasted, busy: computed(() => waiting.value > 0), report }
}
