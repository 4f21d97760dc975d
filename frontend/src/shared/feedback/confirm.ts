import { shallowRef } from 'vue'

export interface Question {
  title: string
  text?: string
  confirm: string
  danger?: boolean
  /** Asks for words; `required` until there are some. */
  reason?: { label: string; required: boolean }
  testid?: string
}

export interface Asked extends Question {
  answer: (yes: { reason: string } | null) => void
}

export const asked = shallowRef<Asked | null>(null)

/** Asks before something that cannot be undone; null when the user thinks better of it. */
export function ask(question: Question): Promise<{ reason: string } | null> {
  asked.value?.answer(null)
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null
        resolve(yes)
      },
    }
  })
}
