/** Counting at one place: what is being counted, what is kept of it, what is next, and the last one taken back. */
import { computed, type ComputedRef, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { type Dec, formatQuantity } from '@/shared/decimal/decimal'
import { evaluate, faultOf } from '@/shared/decimal/typed'
import { farOff, type FarOff } from './farOff'
import { isLeft, type Line } from './lines'
import { nextLeft } from './places'
import type { Entry } from './queue'
import { signal } from './signal'
import type { PhoneTask } from './usePhoneTask'

/** What was found has no line of the server's yet. */
const unknownId = () => -Date.now()

export function usePhoneCounting(taskId: number, { queue, lines, userId }: Pick<PhoneTask, 'queue' | 'lines' | 'userId'>, here: ComputedRef<Line[]>) {
  const { t } = useI18n()
  const tab = ref<'left' | 'counted'>('left')
  const chosenId = ref<number | null>(null)
  /** The version of the chosen line that was seen when it was chosen: what comes between is not overwritten. */
  const seen = ref(0)
  const typed = ref('')
  const fault = ref('')
  const doubt = ref<{ value: Dec; why: FarOff } | null>(null)
  const last = shallowRef<Entry | null>(null)
  const said = ref('')
  const chosen = computed(() => here.value.find(({ id }) => id === chosenId.value) ?? null)
  const left = computed(() => here.value.filter(isLeft))
  const counted = computed(() => here.value.filter((line) => !isLeft(line)))

  function choose(line: Line | null) {
    chosenId.value = line?.id ?? null
    seen.value = line?.version ?? 0
    typed.value = ''
  }
  watch([left, chosen], () => {
    if (!chosen.value && tab.value === 'left') choose(left.value[0] ?? null)
  }, { immediate: true })
  watch(typed, () => {
    fault.value = ''
    doubt.value = null
  })

  /** What this person has counted in that unit so far. */
  const usualIn = (unit: string): Dec[] =>
    lines.value.flatMap((line) => (line.unit === unit && line.counted !== null && (line.waits || line.counted_by === userId) ? [line.counted] : []))

  const wordsOf = (line: Line, value: Dec) => ({ name: line.material_name, n: formatQuantity(value, 0), unit: line.unit })

  async function put(line: Line, value: Dec, version: number): Promise<boolean> {
    const { id, material_name: materialName, unit, counted: before } = line
    const entry = await queue.add({ taskId, itemId: id, materialName, unit, actualStock: value, before, version, found: line.id < 0 ? undoneFound(line) : undefined })
    if (!entry) {
      signal('bad')
      return false
    }
    last.value = entry
    said.value = t('counts.phone.kept', wordsOf(line, value))
    return true
  }

  /** Found here and not sent yet: counted anew it is still a find. */
  const undoneFound = (line: Line) => queue.entries.value.find((entry) => entry.itemId === line.id && entry.found)?.found

  /** `sure`: it was asked about already. */
  async function keep(text: string, sure = false) {
    const line = chosen.value
    if (!line) return
    const value = evaluate(text), wrong = faultOf(text, { places: line.unit_decimals, required: true })
    if (value === null || wrong) {
      fault.value = t(`shared.fault.${wrong ?? 'notANumber'}`, { n: line.unit_decimals })
      return signal('bad')
    }
    const why = sure ? null : farOff(value, { before: line.counted ?? (line.wants_recount ? null : line.actual_stock), usual: usualIn(line.unit) })
    if (why) {
      doubt.value = { value, why }
      return signal('bad')
    }
    const following = nextLeft(here.value, line, isLeft), version = seen.value
    const putting = put(line, value, version)
    // At once: the next keys are for the next line.
    tab.value = 'left'
    choose(following)
    if (await putting) return signal(following ? 'good' : 'done')
    choose(line)
    seen.value = version
    typed.value = text
  }

  /** Something that is on no list of this place. */
  async function keepFound(found: Line, locationId: number | null, remark: string | null, value: Dec): Promise<boolean> {
    const { material_name: materialName, unit } = found
    const entry = await queue.add({ taskId, itemId: unknownId(), materialName, unit, actualStock: value, before: null, version: 0, found: { line: found, locationId, remark } })
    signal(entry ? 'good' : 'bad')
    if (!entry) return false
    last.value = entry
    said.value = t('counts.phone.kept', wordsOf(found, value))
    return true
  }

  async function undo() {
    const count = last.value
    if (!count) return
    last.value = null
    if (!(await queue.undo(count))) return signal('bad')
    signal('good')
    said.value = t('counts.phone.undone', { name: count.materialName })
    const line = lines.value.find(({ id }) => id === count.itemId)
    if (!line) return
    tab.value = 'left'
    choose(line)
  }

  /** What the server has made of the last count has another number there. */
  function followed(entry: Entry, itemId: number) {
    if (last.value?.id === entry.id) last.value = { ...last.value, itemId }
    if (chosenId.value === entry.itemId) chosenId.value = itemId
  }

  function step(by: number) {
    const shown = tab.value === 'left' ? left.value : counted.value
    const next = shown[shown.findIndex(({ id }) => id === chosenId.value) + by]
    if (next) choose(next)
  }

  return { tab, chosen, seen, typed, fault, doubt, last, said, left, counted, choose, keep, keepFound, undo, followed, step }
}
