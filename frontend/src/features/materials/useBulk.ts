import { computed, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { get } from '@/api/client'
import { asProblem } from '@/api/problem'
import type { Material, Page } from '@/api/types'
import { useAction } from '@/shared/composables/useAction'
import { toast } from '@/shared/feedback/toast'
import type { ListModel } from '@/shared/list/useList'
import type { Selection } from '@/shared/list/useSelection'
import { stockChanged } from '@/shared/query'
import { bulk, type BulkAction, type BulkRequest, type BulkResult, filterOf, KNOWN, MOST, undoOf } from './bulk'

/** A change of all that is selected: looked at, made, taken back. */
export function useBulk(action: BulkAction, list: ListModel<Material>, selection: Selection<Material>) {
  const { t } = useI18n()
  const value = ref(action === 'set_category' ? 'chemical' : '')
  const seen = shallowRef<BulkResult | null>(null)
  const tooMany = computed(() => selection.count.value > MOST)
  let rows: Material[] | null = selection.every.value ? null : selection.rows.value

  /** What the change is about: rows where they are known, so that what was looked at is what is changed; else the filter. */
  async function request(): Promise<BulkRequest> {
    const filter = filterOf(list.query.value)
    if (rows === null && selection.count.value <= KNOWN) {
      rows = (await get<Page<Material>>('/materials', { ...filter, pageSize: KNOWN })).list
    }
    const what = action === 'set_location' || action === 'set_category' ? { action, value: value.value.trim() } : { action }
    return rows === null ? { ...what, filter } : { ...what, ids: rows.map(({ id }) => id) }
  }

  const { run, busy, problem } = useAction(async (preview: boolean) => {
    const asked = await request()
    return { asked, result: await bulk(asked, preview) }
  })

  async function look(): Promise<void> {
    seen.value = null
    seen.value = (await run(true))?.result ?? null
  }

  async function takeBack(requests: BulkRequest[]) {
    try {
      let n = 0
      for (const one of requests) n += (await bulk(one, false)).changed
      toast(t('materials.bulk.undone', { n }), 'good')
    } catch (fault) {
      toast(asProblem(fault).message, 'bad')
    }
    stockChanged()
  }

  async function make(): Promise<boolean> {
    const done = await run(false)
    if (!done) return false
    const { asked, result } = done
    const back = rows && undoOf(asked, rows, result)
    const said = t(result.refused_count ? 'materials.bulk.donePartly' : 'materials.bulk.done', {
      action: t(`materials.bulk.action.${action}`), n: result.changed, refused: result.refused_count,
    })
    toast(said, 'good', back?.length ? { label: t('lists.undo'), run: () => void takeBack(back) } : undefined)
    stockChanged()
    return true
  }

  return { value, seen, busy, problem, tooMany, look, make }
}
