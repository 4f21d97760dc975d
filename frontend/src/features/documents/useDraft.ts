import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { newKey } from '@/api/client'
import { isProblem, type Problem } from '@/api/problem'
import { onServerBack, server } from '@/api/serverAway'
import { queries } from '@/shared/query'
import { wholeNumber } from '@/shared/wholeNumber'
import { createDraft, type Draft, getDraft, removeDraft, updateDraft } from './api'
import { type DraftContent, nameOf, unpack } from './draftContent'
import { dropLocal, isLocalKey, newLocalKey, readLocal, writeLocal } from './localDrafts'
import type { DocumentFormState } from './useDocumentForm'

const AFTER_MS = 1000
const PATIENCE_MS = 2000
/** `local`: on this device until the server is back; `full`: because the server keeps no more; `lost`: nowhere. */
export type DraftState = 'clean' | 'saving' | 'saved' | 'local' | 'full' | 'lost'
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * Keeps what is typed: on this device at once, at the server a second later. The address names the draft, so that reload, a
 * sign-in and another device go on with the same one.
 */
export function useDraft(form: DocumentFormState) {
  const { type, content, fill } = form
  const route = useRoute()
  const router = useRouter()
  const leaving = new AbortController()
  /** The draft that is being opened; another one takes its place. */
  let reading = new AbortController()
  const key = ref('')
  const base = shallowRef<{ id: number; version: number } | null>(null)
  const stored = ref<DraftState>('clean')
  const savedAt = ref('')
  const loading = ref(false)
  const gone = ref(false)
  const problem = shallowRef<Problem | null>(null)
  const conflict = shallowRef<{ mine: DraftContent; theirs: DraftContent; present: Draft } | null>(null)
  const blank = content.value
  let savedText = blank
  let timer: ReturnType<typeof setTimeout> | undefined
  let sending: Promise<void> | null = null
  let stopped = false
  /** The page is being left: its address is no longer this one's to change. */
  let going = false
  let creating = leaving
  /** Asked for while the server was away. */
  let missing = ''

  const state = computed<DraftState>(() => (stored.value === 'saving' && server.away ? 'local' : stored.value))
  const summary = () => {
    const kept = unpack(content.value, type)
    return { title: kept ? nameOf(kept) : '', lineCount: kept?.lines.length ?? 0 }
  }

  function keepHere(): boolean {
    return writeLocal(type, key.value, { ...summary(), text: content.value, version: base.value?.version ?? 0, at: new Date().toISOString() })
  }

  async function name(draft: string | undefined): Promise<void> {
    key.value = draft ?? ''
    if (stopped || going || (route.query.draft ?? '') === key.value) return
    await router.replace({ query: { ...route.query, draft } })
  }

  function changed(): void {
    if (stopped || loading.value || content.value === savedText) return
    // A purpose alone is nothing to keep.
    if (!key.value && !form.written.value.length && !form.remark.value.trim()) return
    if (!key.value) void name(newLocalKey())
    stored.value = keepHere() ? 'saving' : 'lost'
    clearTimeout(timer)
    timer = setTimeout(() => void save(), AFTER_MS)
  }

  async function send(): Promise<void> {
    const text = content.value
    const body = { kind: type, ...summary(), content: text }
    const before = key.value
    creating = new AbortController()
    const { signal } = creating
    stored.value = 'saving'
    try {
      const { data } = base.value ? await updateDraft(base.value.id, base.value.version, body) : await createDraft(body, signal)
      base.value = { id: data.id, version: data.version }
      savedText = text
      savedAt.value = data.updated_at
      stored.value = 'saved'
      dropLocal(type, before)
      await name(String(data.id))
      if (content.value !== text) changed()
    } catch (fault) {
      if (signal.aborted) return
      if (!isProblem(fault)) throw fault
      if (fault.status === 409 && base.value) return await compare(fault.present as Partial<Draft> | undefined)
      // Discarded somewhere else while it is written on here: what is here is kept as another one.
      if (fault.status === 404) base.value = null
      stored.value = !keepHere() ? 'lost' : fault.code === 'draft_limit' ? 'full' : 'local'
    }
  }

  function save(): Promise<void> {
    clearTimeout(timer)
    if (sending) return sending
    if (stopped || conflict.value || loading.value || content.value === savedText) return Promise.resolve()
    sending = send().finally(() => (sending = null))
    return sending
  }

  /** Another tab or device has written since: both are shown, and one decides. */
  async function compare(present: Partial<Draft> | undefined): Promise<void> {
    const id = base.value?.id ?? 0
    stored.value = keepHere() ? 'local' : 'lost'
    const row = present?.content !== undefined ? (present as Draft) : await getDraft(id, leaving.signal)
    const [mine, theirs] = [unpack(content.value, type), unpack(row.content, type)]
    if (!mine || !theirs) return
    if (row.content === content.value) {
      base.value = { id, version: row.version }
      savedText = row.content
      stored.value = 'saved'
      dropLocal(type, key.value)
    } else conflict.value = { mine, theirs, present: row }
  }

  async function resolve(choice: 'mine' | 'theirs' | 'both'): Promise<void> {
    const found = conflict.value
    if (!found) return
    conflict.value = null
    if (choice === 'mine') base.value = { id: found.present.id, version: found.present.version }
    else if (choice === 'both') {
      dropLocal(type, key.value)
      base.value = null
      form.submitKey.value = newKey()
      await name(newLocalKey())
    } else {
      dropLocal(type, key.value)
      return open(String(found.present.id))
    }
    savedText = blank
    await save()
  }

  async function read(wanted: string, signal: AbortSignal): Promise<void> {
    const id = wholeNumber(wanted)
    const here = readLocal(type, wanted)
    const row = id === null ? null : await getDraft(id, signal)
    signal.throwIfAborted()
    const text = row ? row.content : here?.text
    const kept = text === undefined || (row && row.kind !== type) ? null : unpack(text, type)
    if (!kept) {
      gone.value = true
      return name(undefined)
    }
    const own = row && here && here.text !== row.content ? unpack(here.text, type) : null
    // First what is written: a draft that cannot be read to its end leaves the one before as it is.
    await fill(own ?? kept, signal)
    base.value = row ? { id: row.id, version: row.version } : null
    savedText = row ? row.content : blank
    savedAt.value = row?.updated_at ?? ''
    stored.value = row ? 'saved' : 'local'
    await name(wanted)
    // Written here and never sent: the server's is the same one as then, or another has written since.
    if (own && here && row && here.version !== row.version) conflict.value = { mine: own, theirs: kept, present: row }
  }

  /** Submitted or discarded somewhere else; what only this device has is gone on with. */
  async function withoutServer(wanted: string, signal: AbortSignal): Promise<void> {
    const here = readLocal(type, wanted)
    const kept = here && unpack(here.text, type)
    gone.value = !kept
    base.value = null
    savedText = blank
    dropLocal(type, wanted)
    await name(undefined)
    if (kept) await fill(kept, signal)
  }

  const open = (wanted: string) => (wholeNumber(wanted) === null && !isLocalKey(wanted) ? undefined : form.hold(() => goOnWith(wanted)))

  async function goOnWith(wanted: string): Promise<void> {
    reading.abort(new DOMException('another one', 'AbortError'))
    reading = new AbortController()
    const { signal } = reading
    if (key.value && key.value !== wanted && !server.away) await save()
    if (signal.aborted) return
    clearTimeout(timer)
    loading.value = true
    gone.value = false
    problem.value = null
    missing = ''
    try {
      await read(wanted, signal)
      // A draft of an older page reads the same and is spelled differently: that is no change.
      if (stored.value === 'saved' && !readLocal(type, wanted)) savedText = content.value
    } catch (fault) {
      if (signal.aborted) return
      if (!isProblem(fault)) throw fault
      if (fault.status === 404) await withoutServer(wanted, signal)
      else if (fault.isNetwork) missing = wanted
      else problem.value = fault
    } finally {
      if (!signal.aborted || stopped) loading.value = false
    }
    changed()
  }

  /** Away with it, here and at the server. What is on its way is waited for: it would bring the draft back. */
  async function discard(): Promise<void> {
    clearTimeout(timer)
    if (sending) await Promise.race([sending, wait(PATIENCE_MS)])
    creating.abort(new DOMException('discarded', 'AbortError'))
    await sending
    const id = base.value?.id
    dropLocal(type, key.value)
    base.value = null
    savedText = blank
    stored.value = 'clean'
    savedAt.value = ''
    if (id !== undefined) await removeDraft(id).catch(() => undefined)
    void queries.invalidateQueries({ queryKey: ['drafts'] })
    await name(undefined)
  }

  /** Before the page is left: the server gets the last words, or they wait on this device. False when they are nowhere. */
  async function leave(): Promise<boolean> {
    going = true
    if (!server.away) await Promise.race([save(), wait(PATIENCE_MS)])
    return stored.value !== 'lost'
  }
  const stay = () => (going = false)

  watch(content, changed)
  const stop = onServerBack(() => void (missing ? open(missing) : save()))
  const hidden = () => document.visibilityState === 'hidden' && void save()
  document.addEventListener('visibilitychange', hidden)
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
    stop()
    document.removeEventListener('visibilitychange', hidden)
    for (const work of [leaving, reading, creating]) work.abort(new DOMException('left', 'AbortError'))
    void queries.invalidateQueries({ queryKey: ['drafts'] })
  })

  return { state, savedAt, loading, gone, problem, conflict, key, open, leave, stay, resolve, discard }
}

export type DraftKeeper = ReturnType<typeof useDraft>
