// What an export of all materials costs: node export.mjs BASE TOKEN PID COUNT FORMAT; prints on one line: MiB that the program's memory grew at most,
// the median of list requests meanwhile against before, both medians in µs, the export's seconds, its MiB.
import { Agent, get } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'

const [base, token, pid, count, format] = process.argv.slice(2)
const PAGES = 200 // more than the server remembers
const BEFORE_MS = 3000

const headers = { Authorization: `Bearer ${token}` }
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const ask = (path, onBegin, options) => new Promise((done, failed) => {
    get(base + path, { headers, ...options }, (answer) => {
        if (answer.statusCode !== 200) failed(new Error(`${path}: ${answer.statusCode}`))
        onBegin?.()
        let bytes = 0
        answer.on('data', (part) => (bytes += part.length)).on('end', () => done(bytes))
    }).on('error', failed)
})
const micros = () => Number(process.hrtime.bigint()) / 1000
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
const memory = (name) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))[1]) / 1024

// Lists one after the other until `over` says so: their times.
let page = 0
async function lists(over) {
    const times = []
    while (!over()) {
        const began = micros()
        await ask(`/api/materials?pageSize=20&page=${1 + (page++ % PAGES)}`, null, { agent })
        times.push(micros() - began)
    }
    return times
}

const until = Date.now() + BEFORE_MS
const before = await lists(() => Date.now() > until)
writeFileSync(`/proc/${pid}/clear_refs`, '5') // VmHWM begins anew
const resident = memory('VmRSS')
let isWritten = false
const began = micros()
const file = ask(`/api/export/materials?status=all&format=${format}`, () => (isWritten = true))
const during = await lists(() => isWritten)
const bytes = await file
const seconds = (micros() - began) / 1e6
const growth = memory('VmHWM') - resident
if (bytes < Number(count) * 20) throw new Error(`${bytes} bytes are no ${count} rows`)
agent.destroy()
const [was, is] = [median(before), median(during)]
console.log([growth.toFixed(1), (is / was).toFixed(3), Math.round(was), Math.round(is), seconds.toFixed(1), (bytes / 1048576).toFixed(1)].join(' '))
