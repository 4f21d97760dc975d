/** What a build may be told (docs/operations.md). */
interface ImportMetaEnv {
  readonly VITE_API_BASE_URL?: string
  readonly VITE_APP_TITLE?: string
}

/** The page's own version, of package.json. */
declare const __MMS_VERSION__: string
