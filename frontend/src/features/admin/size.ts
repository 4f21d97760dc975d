const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `18.6 MiB`. */
export function formatBytes(bytes: number): string {
  let n = bytes, unit = 0
  for (; n >= 1024 && unit < UNITS.length - 1; unit++) n /= 1024
  return `${unit === 0 ? n : n.toFixed(1)} ${UNITS[unit]}`
}
