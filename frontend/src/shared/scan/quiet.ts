/** Sounds and shakes of scanning and counting, silenced on this device alone: some are used in an office. */
const KEY = 'mms.count.quiet'

export const isQuiet = (): boolean => localStorage.getItem(KEY) !== null

export function keepQuiet(is: boolean): void {
  if (is) localStorage.setItem(KEY, '1')
  else localStorage.removeItem(KEY)
}
