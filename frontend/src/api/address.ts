/**
 * Where the service is: with the page, or where the build was told (VITE_API_BASE_URL). Whatever the page asks of the service, it asks
 * at an address that is made here.
 */
export type Query = Record<string, string | number | boolean | null | undefined>

/**
 * What stands before `/api` and `/uploads`. The variable may say it as people do: `https://api.example.com`, with a path, with `/api`
 * at its end, with a slash too many.
 */
export function baseOf(told: string | undefined): string {
  return (told ?? '').trim().replace(/\/+$/, '').replace(/\/api$/, '')
}

const BASE = baseOf(import.meta.env.VITE_API_BASE_URL)

export function addressOf(path: string, query: Query = {}, base = BASE): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return `${base}/api${path}${text ? `?${text}` : ''}`
}

/** A file by the path that the service gives: `/uploads/avatars/…`. */
export function fileAddressOf(path: string, base = BASE): string {
  return path.startsWith('/') ? base + path : path
}
