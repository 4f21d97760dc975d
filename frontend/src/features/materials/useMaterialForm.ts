import { computed, reactive, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { isProblem } from '@/api/problem'
import type { Material } from '@/api/types'
import { useAction } from '@/shared/composables/useAction'
import { useSubmitKey } from '@/shared/composables/useSubmitKey'
import { toast } from '@/shared/feedback/toast'
import { stockChanged } from '@/shared/query'
import { changeMaterial, createMaterial } from './api'
import { changesOf, creationOf, type Draft, draftOf, faultsOf } from './fields'

/** What is typed into the form of a material, its faults, and saving it. */
export function useMaterialForm(material: Material | null) {
  const { t } = useI18n()
  const once = useSubmitKey()
  const before = shallowRef<Draft>({ ...draftOf(material), ...(material ? {} : { category: 'chemical' }) })
  const version = ref(material?.version ?? 0)
  const draft = reactive<Draft>({ ...before.value })
  const reason = ref('')
  const tried = ref(false)
  /** The row as somebody else has left it meanwhile. */
  const present = shallowRef<Material | null>(null)

  const codeChanged = computed(() => material !== null && (draft.materialCode ?? '').trim() !== before.value.materialCode)
  const changes = computed(() => changesOf(before.value, draft))
  const unsaved = computed(() => Object.keys(changes.value).length > 0)

  const { run, busy, problem } = useAction(async () => {
    try {
      if (!material) return await once((key) => createMaterial(creationOf(draft), key))
      const change = { ...changes.value }
      if (codeChanged.value) change.codeChangeReason = reason.value.trim()
      return await changeMaterial(material.id, version.value, change)
    } catch (fault) {
      if (isProblem(fault) && fault.code === 'version_conflict') present.value = fault.present as Material
      throw fault
    }
  })

  const faults = computed<Record<string, string>>(() => {
    const found: Record<string, string> = problem.value?.byField() ?? {}
    if (problem.value?.code === 'material_code_taken') found.materialCode = problem.value.message
    if (!tried.value) return found
    for (const [name, fault] of Object.entries(faultsOf(draft))) found[name] = t(`shared.fault.${fault}`)
    if (codeChanged.value && !reason.value.trim()) found.codeChangeReason = t('shared.fault.required')
    return found
  })

  /** The id of what was saved; undefined when something is in the way. */
  async function save(): Promise<number | undefined> {
    tried.value = true
    problem.value = null
    if (Object.keys(faults.value).length > 0) return undefined
    const saved = await run()
    if (!saved) return undefined
    toast(saved.message, 'good')
    stockChanged()
    return saved.data.id
  }

  /** After a conflict: the choice becomes the draft, and what the server has now is what it is compared with. */
  function resolve(choice: Draft): void {
    if (!present.value) return
    before.value = draftOf(present.value)
    version.value = present.value.version
    Object.assign(draft, choice)
    present.value = null
    problem.value = null
  }

  return { draft, reason, codeChanged, unsaved, faults, problem, busy, present, save, resolve }
}
