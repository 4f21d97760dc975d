import { computed, onScopeDispose, reactive, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { newKey } from '@/api/client'
import { isProblem, type Problem } from '@/api/problem'
import type { Material, Purpose, TransactionType } from '@/api/types'
import { useAction } from '@/shared/composables/useAction'
import { formatQuantity } from '@/shared/decimal/decimal'
import { eachAtOnce, getMaterial } from '@/shared/materials/api'
import { rememberMaterial, useMaterials } from '@/shared/materials/useMaterials'
import { stockChanged } from '@/shared/query'
import { wholeNumber } from '@/shared/wholeNumber'
import { createDocument } from './api'
import { type DraftContent, linesOf, pack, PURPOSES } from './draftContent'
import { faultsOfLine, hasFaults, isEmpty, type LineDraft, MOST_LINES, newLine, outgoing, stocksAfter, totalOf } from './lines'
import { mergeable, merged } from './merge'
import { useLots } from './useLots'

/** A receipt or issue being written: its lines, what is wrong with them, and sending it off. */
export function useDocumentForm(type: TransactionType) {
  const { t } = useI18n()
  const purpose = ref<Purpose>(PURPOSES[type][0] ?? 'purchase')
  const remark = ref('')
  const lines = reactive<LineDraft[]>([newLine()])
  const removed = ref<{ line: LineDraft; at: number } | null>(null)
  const tried = ref(false)
  const leaving = new AbortController()
  const submitKey = ref(newKey())
  /** This draft has become a document already, with other contents. */
  const sentBefore = ref(false)
  const lots = useLots()
  /** Until what was scanned and pasted has been looked up. */
  let turn: Promise<unknown> = Promise.resolve()
  /** The lines as a whole are on their way, to the server or from it: what is written meanwhile would go with them. */
  const held = ref(0)
  const waits = ref(false)

  const written = computed(() => lines.filter((line) => !isEmpty(line)))
  const faults = computed(() => new Map(lines.map((line) => [line.key, isEmpty(line) ? {} : faultsOfLine(line)])))
  const faulty = computed(() => [...faults.value.values()].filter(hasFaults).length)
  const stocks = computed(() => stocksAfter(type, lines, lots.stockOf))
  const total = computed(() => totalOf(lines))
  const equal = computed(() => mergeable(lines))
  const full = computed(() => lines.length >= MOST_LINES)
  const content = computed(() => pack(purpose.value, remark.value, lines, submitKey.value))

  function add(at = lines.length): LineDraft | undefined {
    if (full.value) return undefined
    lines.splice(at, 0, newLine())
    return lines[at]
  }

  /** An empty line to write on: the last one, or another. */
  function free(): LineDraft | undefined {
    const last = lines.at(-1)
    return last && isEmpty(last) ? last : add()
  }

  function removeLine(key: number): void {
    const at = lines.findIndex((line) => line.key === key)
    const [line] = at < 0 ? [] : lines.splice(at, 1)
    if (line && !isEmpty(line)) removed.value = { line, at }
    if (lines.length === 0) add()
  }

  function restoreLine(): LineDraft | undefined {
    const back = removed.value
    removed.value = null
    if (!back) return undefined
    const [only] = lines
    if (lines.length === 1 && only && isEmpty(only)) lines.splice(0, 1)
    lines.splice(back.at, 0, back.line)
    return back.line
  }

  function merge(): void {
    lines.splice(0, lines.length, ...merged(lines))
  }

  async function hold<Result>(work: () => Promise<Result>): Promise<Result> {
    held.value += 1
    try {
      return await work()
    } finally {
      held.value -= 1
    }
  }
  function released(): Promise<void> {
    return new Promise((resolve) => {
      if (held.value === 0) return resolve()
      const stop = watch(held, (n) => n === 0 && (stop(), resolve()), { flush: 'sync' })
    })
  }

  /** What was scanned and pasted is looked up, one after the other; its lines wait until all of them are free. */
  function lookUp<Found>(find: () => Promise<Found>, take: (found: Found) => void): Promise<void> {
    const work = turn.then(async () => {
      const found = await find()
      await released()
      take(found)
    })
    turn = work.catch(() => undefined)
    return work
  }
  /** It belongs to the document, which is not sent without. */
  async function lookedUp(): Promise<void> {
    waits.value = true
    for (let last; last !== turn; await last) last = turn
    waits.value = false
  }

  function choose(line: LineDraft, material: Material): void {
    if (line.material?.id !== material.id && type === 'out') line.lotNo = ''
    rememberMaterial(material)
    line.material = material
    line.unknownCode = ''
    line.refused = ''
  }

  /** Goes on with what was kept: the materials as they are today. */
  async function fill(kept: DraftContent, signal: AbortSignal): Promise<void> {
    const ids = kept.lines.flatMap(({ materialId }) => (materialId === null ? [] : [materialId]))
    const gone = (fault: unknown) => {
      if (isProblem(fault) && fault.status === 404) return null
      throw fault
    }
    const materials = await eachAtOnce(ids, (id) => getMaterial(id, signal).catch(gone))
    signal.throwIfAborted()
    for (const material of materials.values()) if (material) rememberMaterial(material)
    submitKey.value = kept.submitKey || newKey()
    sentBefore.value = false
    purpose.value = kept.purpose
    remark.value = kept.remark
    lines.splice(0, lines.length, ...linesOf(kept, materials))
    if (lines.length === 0) add()
    removed.value = null
    tried.value = false
    if (type === 'out') for (const line of lines) if (line.material && line.lotNo) void lots.want(line.material.id)
  }

  function clear(): void {
    lines.splice(0, lines.length, newLine())
    remark.value = ''
    tried.value = false
    removed.value = null
    problem.value = null
    sentBefore.value = false
    submitKey.value = newKey()
    lots.forget()
  }

  /** What the server has said about single lines goes to them. */
  function mark(refusal: Problem): void {
    const told = written.value
    for (const { line_no, wanted, available, material } of refusal.shortages) {
      const line = told[line_no - 1]
      const places = line?.material?.unit_decimals ?? 0
      if (!line) continue
      line.refused = t('documents.shortage', {
        message: refusal.message, wanted: formatQuantity(wanted, places), available: formatQuantity(available, places), unit: material.unit,
      })
      if (line.material?.id === material.id && !line.lotNo) line.material.current_stock = available
    }
    for (const { field, message } of refusal.faults) {
      const line = told[wholeNumber(/^lines\[(\d+)\]/.exec(field)?.[1]) ?? -1]
      if (line) line.refused = message
    }
  }

  const { run, busy: sending, problem } = useAction(async () => {
    const document = {
      transactionType: type,
      purpose: purpose.value,
      remark: remark.value.trim() || undefined,
      lines: written.value.map((line) => outgoing(line, type)),
    }
    for (const line of lines) line.refused = ''
    try {
      // A refusal has changed nothing, and is not what the key gives again.
      const answer = await createDocument(document, submitKey.value, leaving.signal)
      stockChanged()
      return answer
    } catch (fault) {
      if (isProblem(fault)) mark(fault)
      if (!isProblem(fault) || fault.code !== 'idempotency_key_reused') throw fault
      sentBefore.value = true
      submitKey.value = newKey()
      return undefined
    }
  })

  const busy = computed(() => sending.value || waits.value)

  async function submit() {
    tried.value = true
    problem.value = null
    sentBefore.value = false
    if (written.value.length === 0 || faulty.value > 0) return undefined
    return run()
  }

  // The stock beside the lines as it is now: others work, too.
  const now = useMaterials(() => lines.flatMap(({ material }) => (material ? [material.id] : [])))
  watch(now, (materials) => {
    for (const line of lines) {
      const known = line.material && materials.get(line.material.id)
      if (known && known !== line.material) line.material = known
    }
  })
  onScopeDispose(() => leaving.abort(new DOMException('left', 'AbortError')))

  return {
    type, purpose, remark, lines, written, faults, faulty, stocks, total, equal, tried, full, content, removed, lots, busy, problem, submitKey, sentBefore,
    held, add, free, removeLine, restoreLine, merge, choose, hold, lookUp, lookedUp, fill, clear, submit,
  }
}

export type DocumentFormState = ReturnType<typeof useDocumentForm>
