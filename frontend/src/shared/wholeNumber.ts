/** Ids, pages and days from text. Nothing else is ever turned into a JavaScript number. */
export function wholeNumber(text: unknown): number | null {
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) return null
  return Number.parseInt(text, 10)
}
