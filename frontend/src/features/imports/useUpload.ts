/** A file on its way to the server: how far it is, and stopping it. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { isProblem, type Problem } from '@/api/problem'
import { changeImport, getImport, giveUp, type Import, sendFile } from './api'
import type { Kind } from './kinds'
import { sameHead } from './mapping'

export function useUpload() {
  /** 0 to 1; null: nothing is on its way. */
  const share = ref<number | null>(null)
  const problem = shallowRef<Problem | null>(null)
  let sending: AbortController | null = null

  /** What was chosen for the file before holds for a mended one, as long as the same heads stand in the same row. */
  async function takeOver(made: Import, { form, mapping, answers, remark }: Import) {
    const moved = made.form.headRow !== form.headRow
    const now = moved ? (await changeImport(made.id, { headRow: form.headRow })).data : made
    if (sameHead(form, now.form)) await changeImport(made.id, { mapping, answers, ...(remark ? { remark } : {}) })
    else if (moved) await changeImport(made.id, { headRow: made.form.headRow })
  }

  /** The mended file takes the place of the one before; what does not succeed leaves both as they are. */
  async function replace(made: Import, instead: number) {
    try {
      const before = await getImport(instead)
      if (before.kind !== made.kind || before.status === 'done' || before.status === 'undone') return
      await takeOver(made, before)
      await giveUp(instead)
    } catch (fault) {
      if (!isProblem(fault)) throw fault
    }
  }

  async function send(kind: Kind, file: File, instead: number | null): Promise<number | null> {
    if (sending) return null
    const own = (sending = new AbortController())
    problem.value = null
    share.value = 0
    try {
      const { data } = await sendFile(kind, file, own.signal, (sent, total) => (share.value = total > 0 ? sent / total : 0))
      if (instead !== null) await replace(data, instead)
      return data.id
    } catch (fault) {
      if (isProblem(fault)) problem.value = fault
      else if (!own.signal.aborted) throw fault
      return null
    } finally {
      sending = null
      share.value = null
    }
  }

  const stop = () => sending?.abort()
  onScopeDispose(stop)
  return { share, problem, send, stop }
}
