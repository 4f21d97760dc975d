/** The rows of a page; of the last one where there are not so many. */
export function pageIn<Row>(rows: Row[], page: number, pageSize: number): Row[] {
  const last = Math.max(1, Math.ceil(rows.length / pageSize))
  const from = (Math.min(page, last) - 1) * pageSize
  return rows.slice(from, from + pageSize)
}

/** The page numbers to offer: the first, the last, the present with its neighbours; null stands for a gap. */
export function pagesAround(page: number, last: number, beside: number): (number | null)[] {
  const wanted = new Set([1, last])
  for (let n = page - beside; n <= page + beside; n += 1) if (n >= 1 && n <= last) wanted.add(n)
  const offered: (number | null)[] = []
  let before = 0
  for (const n of [...wanted].sort((a, b) => a - b)) {
    // A gap of one page is the page itself.
    if (n - before === 2) offered.push(n - 1)
    else if (n - before > 2) offered.push(null)
    offered.push(n)
    before = n
  }
  return offered
}
