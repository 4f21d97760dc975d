// Frames while somebody scrolls: node scrolling.mjs BASE SECONDS. Prints for each page, a line each: its name, the share of its frames that took more
// than twice the median of an empty page's (in parts of 1), the median of both and its slowest frame (ms), and frames a second.
// BENCH_PASSWORD: the administrator's; CHROMIUM: the browser.
import { chromium } from '../frontend/node_modules/playwright-core/index.mjs'

const [base, seconds] = process.argv.slice(2)
const username = 'admin', password = process.env.BENCH_PASSWORD
/** What the list of a page, and a document, may have at most. */
const ROWS = 200, LINES = 500

async function call(method, path, body, token) {
    const answer = await fetch(base + path, {
        method, headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }, body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text).data
}

const session = await call('POST', '/api/auth/login', { username, password })
const lines = Array.from({ length: LINES }, (_, i) => ({ materialId: i + 1, quantity: i + 1, unitPrice: 2 }))
const made = await call('POST', '/api/inventory', { transactionType: 'in', lines }, session.accessToken)
const content = JSON.stringify({
    purpose: 'purchase', remark: '', lines: lines.map(({ materialId }) => ({ materialId, code: '', name: '', unit: '', quantity: '3', price: '2', lotNo: '', expiresOn: '', remark: '' })),
})
const draft = await call('POST', '/api/drafts', { kind: 'in', title: 'bench', lineCount: LINES, content }, session.accessToken)

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
await context.addInitScript((text) => localStorage.setItem('mms.session', text), JSON.stringify({ accessToken: session.accessToken, refreshToken: session.refreshToken, user: session.user }))

// Down and up by what a wheel does in a frame, on the nearest that scrolls; the times between frames.
const framesOf = (page, within) => page.evaluate(async ([hook, ms]) => {
    let place = hook ? document.querySelector(hook) : document.documentElement
    while (place !== document.documentElement && !(place.scrollHeight > place.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(place).overflowY))) place = place.parentElement
    if (place.scrollHeight <= place.clientHeight) throw new Error('nothing to scroll')
    const next = () => new Promise(requestAnimationFrame)
    const times = []
    let by = 60, before = await next()
    for (const end = before + ms; before < end; ) {
        const at = place.scrollTop
        place.scrollTop += by
        if (place.scrollTop === at) by = -by
        const now = await next()
        times.push(now - before)
        before = now
    }
    return times
}, [within, seconds * 1000])

const median = (times) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]

async function measure(where, ready, within) {
    const page = await context.newPage()
    await page.goto(base + where)
    await ready(page)
    const times = await framesOf(page, within)
    await page.close()
    return times
}

// As high as the others, and nothing in it.
const empty = median(await measure('/assets/empty.html', (page) => page.waitForSelector('body > div'), null))
const PAGES = [
    ['list', `/materials?pageSize=${ROWS}`, (page) => page.waitForSelector('[data-testid^="material-row-"]'), '[data-testid^="material-row-"]'],
    ['document', `/documents/${made.id}`, (page) => page.waitForSelector(`[data-testid="document-line-${LINES - 1}"]`), '[data-testid="document-line-0"]'],
    ['entry', `/documents/new/in?draft=${draft.id}`, (page) => page.waitForSelector(`[data-testid="line-${LINES - 1}"]`, { timeout: 120_000 }), '[data-testid="line-0"]'],
]
for (const [name, ...how] of PAGES) {
    const times = await measure(...how)
    const late = times.filter((time) => time > 2 * empty).length
    console.log([name, (late / times.length).toFixed(3), empty.toFixed(1), median(times).toFixed(1), Math.max(...times).toFixed(0), Math.round((times.length * 1000) / times.reduce((sum, time) => sum + time))].join(' '))
}
await browser.close()
