/** Times of the server: UTC without a zone in rows, ISO 8601 in `approved_at`. Shown in the reader's time. */
export function instant(text: string): Date {
  return new Date(/[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`)
}

const two = (n: number) => String(n).padStart(2, '0')

export function formatDay(when: Date): string {
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`
}

/** `2026-03-09 14:05`; empty for what is not a time. */
export function formatTime(text: string | null): string {
  if (!text) return ''
  const when = instant(text)
  if (Number.isNaN(when.getTime())) return ''
  return `${formatDay(when)} ${two(when.getHours())}:${two(when.getMinutes())}`
}
