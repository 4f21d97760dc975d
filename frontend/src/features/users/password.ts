/** Letters and digits that cannot be taken for one another when read out or copied by hand. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz'
const DIGITS = '23456789'

function pick(from: string, random: number): string {
  return from[random % from.length] ?? ''
}

/** A first password for somebody else: twelve letters and four digits; its owner changes it when signing in. */
export function firstPassword(): string {
  const random = crypto.getRandomValues(new Uint32Array(16))
  const part = (from: number, alphabet: string) => [...random.slice(from, from + 4)].map((n) => pick(alphabet, n)).join('')
  return [part(0, LETTERS), part(4, LETTERS), part(8, LETTERS), part(12, DIGITS)].join('-')
}
