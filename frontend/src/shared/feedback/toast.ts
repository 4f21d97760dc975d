import { ref } from 'vue'

export type Tone = 'good' | 'bad' | 'info'
export interface Toast {
  id: number
  text: string
  tone: Tone
  /** What can still be done about it. */
  act?: { label: string; run: () => void }
}

const SHOWN_MS = { good: 4000, info: 5000, bad: 8000 }
const WITH_ACT_MS = 12_000
let last = 0

export const toasts = ref<Toast[]>([])

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id)
}

/** One short sentence about what has happened. The same sentence is not shown twice at once. */
export function toast(text: string, tone: Tone = 'info', act?: Toast['act']): void {
  if (!text || (!act && toasts.value.some((one) => one.text === text))) return
  last += 1
  const id = last
  toasts.value = [...toasts.value.slice(-2), { id, text, tone, act }]
  setTimeout(() => dismiss(id), act ? WITH_ACT_MS : SHOWN_MS[tone])
}
