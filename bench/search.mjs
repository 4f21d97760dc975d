// How long a search takes: node search.mjs BASE TOKEN ROUNDS; prints the median over 40 mixed questions, in µs, one after the other on one
// connection, and on the second line the slowest of them.
import { Agent, get } from 'node:http'

const [base, token, rounds] = process.argv.slice(2)

// Codes and parts of them, names in characters, in full pinyin, by first letters; English, with typing errors; numbers of
// substances; what thousands have, what one has, and what nobody has.
const questions = [
    'CH-CAT-001-0007', 'ch-cat-002', 'CAT-003-00', '0031', 'MT', '催化剂', '氢', '氢氧化钾', '不锈钢管', '密封圈', '规格0012', '铂碳 规格0003', '質子交換膜', '钛',
    'cuihuaji', 'qingyanghuajia', 'chuanganqi', 'mifengquan', 'buxiugang', 'chj', 'bxg', 'mfq', 'cgq', 'tb', 'db', 'platinum', 'Potassium hydroxide', 'membrane', 'steel pipe',
    'platnum', 'hydroxyde', 'membrnae', '7440-06-4', '1310583', 'UN1813', 'GB/T 20042', '316L', 'nothing-like-it', '没有此物', 'zzzzzz',
]

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const ask = (q) => new Promise((done, failed) => {
    const began = process.hrtime.bigint()
    get(`${base}/api/search?type=materials&q=${encodeURIComponent(q)}`, { agent, headers: { Authorization: `Bearer ${token}` } }, (answer) => {
        if (answer.statusCode !== 200) failed(new Error(`${q}: ${answer.statusCode}`))
        answer.resume().on('end', () => done(Number(process.hrtime.bigint() - began) / 1000))
    }).on('error', failed)
})
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]

const times = []
for (const q of questions) {
    const own = []
    await ask(q)
    for (let i = 0; i < Number(rounds); i++) own.push(await ask(q))
    times.push([median(own), q])
}
agent.destroy()
console.log(Math.round(median(times.map(([time]) => time))))
const [slowest, which] = times.sort(([a], [b]) => b - a)[0]
console.log(`${which} ${Math.round(slowest)}`)
if (process.env.SEARCH_ALL) console.log(times.map(([time, q]) => `${Math.round(time)} ${q}`).join('\n')) // each of them, by hand
