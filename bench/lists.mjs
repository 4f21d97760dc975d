// One who asks for lists, one after the other, on a connection of his own, while something else is done: how long each takes.
import { Agent, get } from 'node:http'

const PAGES = 200 // more than the server remembers
const BEFORE_MS = 3000

export const micros = () => Number(process.hrtime.bigint()) / 1000
export const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]

export function asker(base, token) {
    const headers = { Authorization: `Bearer ${token}` }
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let page = 0
    /** The bytes of an answer; `onBegin` is called when it begins. */
    const ask = (path, onBegin, options) => new Promise((done, failed) => {
        get(base + path, { headers, ...options }, (answer) => {
            if (answer.statusCode !== 200) failed(new Error(`${path}: ${answer.statusCode}`))
            onBegin?.()
            let bytes = 0
            answer.on('data', (part) => (bytes += part.length)).on('end', () => done(bytes))
        }).on('error', failed)
    })
    /** Lists until `over` says so: their times in µs. */
    async function lists(over) {
        const times = []
        while (!over()) {
            const began = micros()
            await ask(`/api/materials?pageSize=20&page=${1 + (page++ % PAGES)}`, null, { agent })
            times.push(micros() - began)
        }
        return times
    }
    /** … before anything else is done. */
    const listsBefore = () => {
        const until = Date.now() + BEFORE_MS
        return lists(() => Date.now() > until)
    }
    return { ask, lists, listsBefore, end: () => agent.destroy() }
}
