import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { eachAtOnce, materialByCode } from '@/shared/materials/api'
import { rememberMaterial } from '@/shared/materials/useMaterials'
import { isEmpty, type LineDraft, MOST_LINES, newLine } from './lines'
import { isTable, pasteLines } from './pasteLines'

/** Rows from a spreadsheet become lines; their codes are looked up, a few at a time. */
export function usePaste(lines: LineDraft[]) {
  const { t } = useI18n()
  const busy = ref(false)
  const report = ref<string[]>([])

  async function take(text: string): Promise<void> {
    const pasted = pasteLines(text)
    const room = MOST_LINES - lines.filter((line) => !isEmpty(line)).length
    const rows = pasted.lines.slice(0, room)
    busy.value = true
    try {
      const found = await eachAtOnce(rows.map(({ code }) => code), materialByCode)
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
        ...pasted.faults.map(({ row, column, kind, text: cell }) => t(`documents.paste.${kind}`, { row, column, cell })),
        ...(pasted.extraColumns ? [t('documents.paste.extraColumns')] : []),
        ...(rows.length < pasted.lines.length ? [t('documents.paste.tooMany', { n: MOST_LINES })] : []),
      ]
    } catch {
      report.value = [t('shared.problem.network')]
    } finally {
      busy.value = false
    }
  }

  function pasted(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (!isTable(text)) return
    event.preventDefault()
    if (!busy.value) void take(text)
  }

  return { pasted, busy, report }
}
