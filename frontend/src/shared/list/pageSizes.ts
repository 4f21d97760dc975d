/** How many rows lists show at once: what one may choose, and what one gets without choosing (a preference, kept by app/look.ts). */
export const PAGE_SIZES = [20, 50, 100, 200]

const KEY = 'mms.pageSize'
const known = (size: string | null) => (PAGE_SIZES.some((one) => String(one) === size) ? size : null)

/** Lists read it when they are opened. */
export let PAGE_SIZE = known(localStorage.getItem(KEY)) ?? '20'

export function usePageSize(size: string): void {
  PAGE_SIZE = known(size) ?? PAGE_SIZE
  localStorage.setItem(KEY, PAGE_SIZE)
}
