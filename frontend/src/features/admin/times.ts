/** `100 µs`, `2 ms`, `5 s`: a bound of the service's, which are whole in one of these. */
export function told(us: number): string {
  if (us >= 1_000_000) return `${us / 1_000_000} s`
  return us >= 1000 ? `${us / 1000} ms` : `${us} µs`
}
