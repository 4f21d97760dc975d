// Compares the build with the budgets: what a browser loads for a page on the first visit, as sent (gzip).
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'))
const LOCALE = 'src/locales/zh-CN/index.ts'
const TEXTS = 'src/locales/zh-CN/pages.ts'

/** Page → what it loads besides the entry, and how much that may be. `beyond`: counted is only what that page has not loaded. */
const PAGES = {
  login: { modules: [LOCALE], kB: 110, requests: 8 },
  materials: { modules: [LOCALE, TEXTS, 'src/app/AppShell.vue', 'src/features/materials/MaterialList.vue'], kB: 230 },
  approval: { modules: [LOCALE, TEXTS, 'src/app/AppShell.vue', 'src/features/approval/ApprovalDesk.vue'], kB: 230 },
  'document form': { modules: ['src/features/documents/DocumentForm.vue'], beyond: 'login', kB: 180 },
  // Numbers first; the pictures come after them, in chunks of their own.
  overview: { modules: [LOCALE, TEXTS, 'src/app/AppShell.vue', 'src/features/overview/OverviewPage.vue'], beyond: 'login', kB: 140 },
  pictures: { modules: ['src/shared/charts/echarts.ts', 'src/features/overview/FlowPicture.vue'], beyond: 'overview', kB: 215 },
  reports: { modules: [LOCALE, TEXTS, 'src/app/AppShell.vue', 'src/features/reports/ReportsPage.vue', 'src/features/reports/LedgerReport.vue'], beyond: 'login', kB: 140 },
  analysis: { modules: ['src/features/reports/analysis/AnalysisPage.vue'], beyond: 'reports', kB: 20 },
  'document list': { modules: ['src/features/documents/DocumentList.vue'], beyond: 'login', kB: 180 },
}

/** The entry as index.html names it. */
const named = new Set([...readFileSync(new URL('index.html', dist), 'utf8').matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, name]) => name))
const entry = Object.keys(manifest).filter((key) => named.has(manifest[key].file))

function filesOf(keys, seen = new Set(), files = new Set()) {
  for (const key of keys) {
    const chunk = manifest[key]
    if (!chunk) throw new Error(`not in the build: ${key}`)
    if (seen.has(key)) continue
    seen.add(key)
    files.add(chunk.file)
    for (const css of chunk.css ?? []) files.add(css)
    filesOf(chunk.imports ?? [], seen, files)
  }
  return files
}

const gzipped = (name) => gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length
const loaded = new Map()
let failed = false

for (const [page, { modules, kB, requests, beyond }] of Object.entries(PAGES)) {
  const files = new Set(['index.html', ...named, ...filesOf([...entry, ...modules])])
  const had = beyond ? loaded.get(beyond) : new Set()
  loaded.set(page, files)
  const counted = [...files].filter((name) => !had.has(name))
  const size = counted.reduce((sum, name) => sum + gzipped(name), 0) / 1000
  const over = size > kB || (requests !== undefined && counted.length > requests)
  failed ||= over
  const most = requests === undefined ? '' : ` of ${requests}`
  console.log(`${over ? 'OVER' : 'ok  '} ${page.padEnd(14)} ${size.toFixed(1).padStart(6)} of ${kB} kB  ${counted.length}${most} requests`)
}

if (failed) {
  console.error(`The build in ${fileURLToPath(dist)} is over its budget.`)
  process.exit(1)
}
