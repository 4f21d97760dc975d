export interface Spot {
  start: number
  length: number
}
export interface Piece {
  text: string
  hit: boolean
}

/** A text in pieces that were found and pieces that were not. Places count characters as the server does: code points. */
export function pieces(text: string, spots: Spot[]): Piece[] {
  const found: Piece[] = []
  let characters = 0
  for (const character of text) {
    const at = characters
    const hit = spots.some(({ start, length }) => at >= start && at < start + length)
    const last = found.at(-1)
    if (last?.hit === hit) last.text += character
    else found.push({ text: character, hit })
    characters += 1
  }
  return found
}

/** Where the words are in a text of our own: each must be there. */
export function spotsOf(text: string, question: string): Spot[] | null {
  // Letter by letter, so that places stay what they are where a small letter is another number of characters.
  const letters = [...text].map((letter) => [...letter.toLowerCase()][0] ?? '')
  const spots: Spot[] = []
  for (const word of question.toLowerCase().split(/\s+/)) {
    const wanted = [...word]
    if (!wanted.length) continue
    const start = letters.findIndex((_, i) => wanted.every((letter, k) => letters[i + k] === letter))
    if (start < 0) return null
    spots.push({ start, length: wanted.length })
  }
  return spots
}
