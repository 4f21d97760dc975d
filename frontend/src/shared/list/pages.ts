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
