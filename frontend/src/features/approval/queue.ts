/** Which document comes next when one has been dealt with: the one below, at the end the one above. */
export function nextOf(ids: number[], done: number): number | null {
  const at = ids.indexOf(done)
  if (at < 0) return ids[0] ?? null
  return ids[at + 1] ?? ids[at - 1] ?? null
}

/** The neighbour of the shown document; the first when none is shown. */
export function stepFrom(ids: number[], shown: number | null, by: 1 | -1): number | null {
  if (shown === null) return ids[0] ?? null
  return ids[ids.indexOf(shown) + by] ?? shown
}
