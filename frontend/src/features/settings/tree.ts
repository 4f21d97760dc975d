interface Node {
  id: number
  parent_id: number | null
}

/** Each below what it lies in, in the order given; what lies in nothing that is there stands at the top. */
export function asTree<T extends Node>(all: T[]): { item: T; depth: number }[] {
  const known = new Set(all.map(({ id }) => id))
  const below = (parent: number | null, depth: number): { item: T; depth: number }[] =>
    all
      .filter(({ parent_id: own }) => (own !== null && known.has(own) ? own : null) === parent)
      .flatMap((item) => [{ item, depth }, ...below(item.id, depth + 1)])
  return below(null, 0)
}
