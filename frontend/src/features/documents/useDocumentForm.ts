import { computed, onScopeDispose, reactive, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { isProblem, type Problem } from '@/api/problem'
import type { Material, Purpose, TransactionType } from '@/api/types'
import { useAction } from '@/shared/composables/useAction'
import { useSubmitKey } from '@/shared/composables/useSubmitKey'
import { formatQuantity } from '@/shared/decimal/decimal'
import { getMaterial } from '@/shared/materials/api'
import { stockChanged } from '@/shared/query'
import { wholeNumber } from '@/shared/wholeNumber'
import { createDocument } from './api'
import { faultsOfLine, hasFaults, isEmpty, type LineDraft, MOST_LINES, newLine, outgoing, stocksAfter, totalOf } from './lines'

export const PURPOSES: Record<TransactionType, Purpose[]> = {
  in: ['purchase', 'return', 'opening'],
  out: ['production', 'scrap'],
}

/** A receipt or issue being written: its lines, what is wrong with them, and sending it off. */
export function useDocumentForm(type: TransactionType) {
  const { t } = useI18n()
  const purpose = ref<Purpose>(type === 'in' ? 'purchase' : 'production')
  const remark = ref('')
  const lines = reactive<LineDraft[]>([newLine()])
  const tried = ref(false)
  const sent = ref(false)
  const leaving = new AbortController()
  const once = useSubmitKey()

  const written = computed(() => lines.filter((line) => !isEmpty(line)))
  const faults = computed(() => new Map(lines.map((line) => [line.key, isEmpty(line) ? {} : faultsOfLine(line)])))
  const faulty = computed(() => [...faults.value.values()].filter(hasFaults).length)
  const after = computed(() => stocksAfter(type, lines))
  const total = computed(() => totalOf(lines))
  const unsaved = computed(() => !sent.value && (written.value.length > 0 || remark.value.trim() !== ''))
  const full = computed(() => lines.length >= MOST_LINES)

  function add(at = lines.length): LineDraft | undefined {
    if (full.value) return undefined
    lines.splice(at, 0, newLine())
    return lines[at]
  }

  function removeLine(key: number): void {
    const at = lines.findIndex((line) => line.key === key)
    if (at >= 0) lines.splice(at, 1)
    if (lines.length === 0) add()
  }

  /** What the server has said about single lines goes to them. */
  function mark(problem: Problem): void {
    const told = written.value
    for (const { line_no, wanted, available, material } of problem.shortages) {
      const line = told[line_no - 1]
      const places = line?.material?.unit_decimals ?? 0
      if (!line) continue
      line.refused = t('documents.shortage', {
        message: problem.message, wanted: formatQuantity(wanted, places), available: formatQuantity(available, places), unit: material.unit,
      })
      if (line.material?.id === material.id) line.material.current_stock = available
    }
    for (const { field, message } of problem.faults) {
      const line = told[wholeNumber(/^lines\[(\d+)\]/.exec(field)?.[1]) ?? -1]
      if (line) line.refused = message
    }
  }

  const { run, busy, problem } = useAction(async () => {
    const document = {
      transactionType: type,
      purpose: purpose.value,
      remark: remark.value.trim() || undefined,
      lines: written.value.map((line) => outgoing(line, type)),
    }
    for (const line of lines) line.refused = ''
    try {
      const answer = await once((key) => createDocument(document, key, leaving.signal))
      sent.value = true
      stockChanged()
      return answer
    } catch (fault) {
      if (isProblem(fault)) mark(fault)
      throw fault
    }
  })

  async function submit() {
    tried.value = true
    problem.value = null
    if (written.value.length === 0 || faulty.value > 0) return undefined
    return run()
  }

  /** The stock beside the lines as it is now: others work, too. */
  async function freshen(): Promise<void> {
    const ids = new Set(lines.flatMap(({ material }) => (material ? [material.id] : [])))
    for (const id of ids) {
      const now: Material | null = await getMaterial(id, leaving.signal).catch(() => null)
      if (now) for (const line of lines) if (line.material?.id === id) line.material = now
    }
  }
  const seen = () => document.visibilityState === 'visible' && void freshen()
  document.addEventListener('visibilitychange', seen)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', seen)
    leaving.abort(new DOMException('left', 'AbortError'))
  })

  return { purpose, remark, lines, written, faults, faulty, after, total, tried, unsaved, full, add, removeLine, submit, busy, problem }
}

export type DocumentFormState = ReturnType<typeof useDocumentForm>
