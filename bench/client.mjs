// What the bench asks of a server besides load: node client.mjs COMMAND ...
import { readFileSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { get as httpGet } from 'node:http'

const [command, ...args] = process.argv.slice(2)

async function call(base, token, method, path, body) {
    const answer = await fetch(base + path, {
        method,
        headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
        body: body && JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text
}

// One receipt over 200 materials, so that issues can be approved.
async function opening(base, token) {
    const lines = Array.from({ length: 200 }, (_, i) => ({ materialId: i + 1, quantity: 1_000_000 }))
    const made = JSON.parse(
        await call(base, token, 'POST', '/api/inventory', { transactionType: 'in', purpose: 'opening', lines }))
    await call(base, token, 'PUT', `/api/inventory/${made.data.id}/approve`, { action: 'approve' })
}

// Commits in a write-ahead log that has not begun anew: the frames that end a transaction name the database's size.
function commits(file) {
    const log = readFileSync(file)
    if (log.length < 32) return 0
    const frame = 24 + log.readUInt32BE(8)
    let n = 0
    for (let at = 32; at + frame <= log.length; at += frame) {
        const sameLog = log.compare(log, 16, 24, at + 8, at + 16) === 0
        n += sameLog && log.readUInt32BE(at + 4) !== 0
    }
    return n
}

const freePort = () => new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address()
        probe.close(() => found(port))
    })
})
const pause = (ms) => new Promise((go) => setTimeout(go, ms))
const healthy = (port) => new Promise((say) => {
    httpGet({ host: '127.0.0.1', port, path: '/api/health', agent: false }, (answer) => {
        answer.resume().on('end', () => say(answer.statusCode === 200))
    }).on('error', () => say(false))
})

// Milliseconds from the start of the program to its first healthy answer.
async function firstAnswer(program) {
    const port = await freePort()
    const began = process.hrtime.bigint()
    const server = spawn(program, ['serve'], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' })
    const gone = new Promise((done) => server.on('exit', done))
    let took = null
    while (took === null && process.hrtime.bigint() - began < 10_000_000_000n) {
        if (await healthy(port)) took = Number(process.hrtime.bigint() - began) / 1e6
        else await pause(2)
    }
    server.kill('SIGTERM')
    await gone
    if (took === null) throw new Error('no healthy answer within 10 s')
    return took.toFixed(1)
}

const newDocument = async (base, token, body) => JSON.parse(await call(base, token, 'POST', '/api/inventory', body)).data.id
const approve = (base, token, id) => call(base, token, 'PUT', `/api/inventory/${id}/approve`, { action: 'approve' })

// `count` receipts are made; then, after the line "ready", one is approved every so many milliseconds.
async function approveEvery(ms, count, base, token) {
    const made = []
    while (made.length < count)
        made.push(await newDocument(base, token, { transactionType: 'in', materialId: 201 + (made.length % 700), quantity: 2, unitPrice: 3 }))
    console.log('ready')
    const began = Date.now()
    for (const [turn, id] of made.entries()) {
        await pause(began + turn * ms - Date.now())
        await approve(base, token, id)
    }
}

async function approveIssue(base, token) {
    await approve(base, token, await newDocument(base, token, { transactionType: 'out', purpose: 'production', materialId: 5, quantity: 1 }))
}

// Gives materials new names, one every so many milliseconds, until it is ended.
async function changeEvery(ms, field, base, token) {
    const began = Date.now()
    for (let turn = 0; ; turn++) {
        await pause(began + turn * ms - Date.now())
        await call(base, token, 'PUT', `/api/materials/${1000 + (turn % 5000)}`, { [field]: `改过的不锈钢密封圈 规格${turn}` })
    }
}

const resident = (pid) => Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Rss:\s+(\d+)/m)[1])

// Opens so many event streams; prints KiB of the server for each, and the ms until an approval has reached all.
async function streams(base, token, pid, count) {
    const username = `streams${Date.now()}`, password = 'Bench-Password-1'
    await call(base, token, 'POST', '/api/users', { username, password, role: 'regular_user' })
    const person = JSON.parse(await call(base, null, 'POST', '/api/auth/login', { username, password })).data.accessToken
    const { data: { id } } = JSON.parse(await call(base, person, 'POST', '/api/inventory', { transactionType: 'in', materialId: 1, quantity: 1 }))
    const before = resident(pid)
    let reached = 0
    const open = () => new Promise((begun, failed) => {
        httpGet(new URL('/api/notifications/stream', base), { agent: false, headers: { Authorization: `Bearer ${person}` } }, (answer) => {
            if (answer.statusCode !== 200) failed(new Error(`stream: ${answer.statusCode}`))
            answer.on('data', (bytes) => { reached += bytes.includes('event: notification') }).on('error', () => {})
            begun(answer)
        }).on('error', failed)
    })
    const all = []
    while (all.length < count) all.push(...(await Promise.all(Array.from({ length: Math.min(50, count - all.length) }, open))))
    await pause(1500)
    const each = (resident(pid) - before) / count
    const began = Date.now()
    await call(base, token, 'PUT', `/api/inventory/${id}/approve`, { action: 'approve' })
    while (reached < count && Date.now() - began < 20_000) await pause(1)
    if (reached !== count) throw new Error(`${reached} of ${count} streams heard of the approval`)
    console.log(each.toFixed(1), Date.now() - began)
    for (const answer of all) answer.destroy()
}

// A job, until it has ended.
async function jobDone(base, token, path) {
    const { jobId } = JSON.parse(await call(base, token, 'POST', path, {})).data
    for (;;) {
        const job = JSON.parse(await call(base, token, 'GET', `/api/jobs/${jobId}`)).data
        if (job.status === 'done') return
        if (job.ended_at) throw new Error(JSON.stringify(job))
        await pause(5)
    }
}

// So many materials from a table: how long its check and its commit take, in ms.
async function importMaterials(base, token, count) {
    const head = '物料编码,物料名称,英文名称,类别,单位,最低库存,最高库存,存放位置,描述,执行标准,备注'
    const lines = Array.from({ length: count }, (_, i) => `IMP-${String(i).padStart(6, '0')},不锈钢无缝管 ${i},Seamless pipe ${i},${i % 2 ? '金属' : '化学'},kg,`
        + `${i % 100},${1000 + i},A-${i % 40}-${i % 7},"外径 ${i % 300} mm，壁厚 ${i % 9} mm",GB/T 14976,第 ${i % 50} 批`)
    const form = new FormData()
    form.append('file', new Blob([[head, ...lines].join('\r\n')]), 'materials.csv')
    const answer = await fetch(`${base}/api/imports?kind=materials`, { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
    const { id } = (await answer.json()).data
    await call(base, token, 'PUT', `/api/imports/${id}`, { answers: [{ field: 'unit', value: 'kg', create: true }] })
    const began = Date.now()
    await jobDone(base, token, `/api/imports/${id}/check`)
    await jobDone(base, token, `/api/imports/${id}/commit`)
    console.log(Date.now() - began)
}

switch (command) {
case 'login': {
    const [base, password] = args
    console.log(JSON.parse(await call(base, null, 'POST', '/api/auth/login', { username: 'admin', password })).data.accessToken)
    break
}
case 'save': {
    const [base, token, path, file] = args
    writeFileSync(file, await call(base, token, 'GET', path))
    break
}
case 'total': {
    const [base, token, path] = args
    console.log(JSON.parse(await call(base, token, 'GET', path)).data.total)
    break
}
case 'opening':
    await opening(...args)
    break
case 'commits':
    console.log(commits(args[0]))
    break
case 'approve-every':
    await approveEvery(Number(args[0]), Number(args[1]), args[2], args[3])
    break
case 'change-every':
    await changeEvery(Number(args[0]), args[1], args[2], args[3])
    break
case 'approve-issue':
    await approveIssue(...args)
    break
case 'streams':
    await streams(args[0], args[1], args[2], Number(args[3]))
    break
case 'import-materials':
    await importMaterials(args[0], args[1], Number(args[2]))
    break
case 'first-answer':
    console.log(await firstAnswer(args[0]))
    break
default:
    throw new Error(`no such command: ${command}`)
}
