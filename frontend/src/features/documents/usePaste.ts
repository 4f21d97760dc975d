import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Material } from '@/api/types'
import { materialByCode } from '@/shared/materials/api'
import { isEmpty, type LineDraft, MOST_LINES, newLine } from './lines'
import { isTable, pasteLines } from './pasteLines'

const AT_ONCE = 6

/** Rows from a spreadsheet become lines; their codes are looked up, a few at a time. */
export function usePaste(lines: LineDraft[]) {
  const { t } = useI18n()
  const busy = ref(false)
  const report = ref<string[]>([])

  async function lookUp(codes: string[]): Promise<Map<string, Material | null>> {
    const found = new Map<string, Material | null>()
    const waiting = [...codes]
    const worker = async () => {
      for (let code = waiting.shift(); code !== undefined; code = waiting.shift()) found.set(code, await materialByCode(code))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return found
  }

  async function take(text: string): Promise<void> {
    const pasted = pasteLines(text)
    const room = MOST_LINES - lines.filter((line) => !isEmpty(line)).length
    const rows = pasted.lines.slice(0, room)
    busy.value = true
    try {
      const found = await lookUp([...new Set(rows.map(({ code }) => code))])
      const added = rows.map(({ code, quantity, price }): LineDraft => {
        const material = found.get(code) ?? null
        return { ...newLine(), material, unknownCode: material ? '' : code, quantity, price }
      })
      for (let i = lines.length - 1; i >= 0; i -= 1) if (isEmpty(lines[i] as LineDraft)) lines.splice(i, 1)
      lines.push(...added)
      report.value = [
        t('documents.paste.done', { n: added.length }),
        ...rows.filter(({ code }) => !found.get(code)).map(({ row, code }) => t('documents.paste.codeUnknown', { row, code })),
        ...pasted.faults.map(({ row, kind, text: cell }) => t(`documents.paste.${kind}`, { row, cell })),
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
