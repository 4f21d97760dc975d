// Object storage, an emulator of it on loopback: node oss.mjs BINARY ROUNDS; prints on one line, medians of the rounds: MiB that `mms files migrate`
// grew with 100 MiB instead of 1 KiB; its throughput up against a bare curl, MiB/s of both; MiB that the service grew when it gave out 100 MiB; its
// throughput down against a bare curl from the storage, MiB/s of both; the median of lists while the storage hangs and pictures are sent to it
// against before, both in µs.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const [binary, rounds] = process.argv.slice(2)
process.env.MMS_BINARY = binary
const { Server, accepted, makeUsers } = await import('../backend/tests/api/harness.mjs')
const { ended } = await import('../backend/tests/api/import-steps.mjs')
const { form, png } = await import('../backend/tests/api/picture.mjs')
const { startEmulator } = await import('../backend/tests/cloud/emulator/server.mjs')
const { ossV4 } = await import('../backend/tests/cloud/emulator/sign.mjs')
const { asker, median, micros } = await import('./lists.mjs')

const MIB = 1 << 20, SIZE = 100 * MIB, BUCKET = 'mms-uploads', ID = 'LTAI-emulator', SECRET = 'emulator-secret'
const cloud = await startEmulator()
const server = new Server({ env: { NODE_ENV: 'development', UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.url, OSS_ACCESS_KEY_ID: ID, OSS_ACCESS_KEY_SECRET: SECRET } })
await server.begin()
const admin = await server.admin()
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' })
const large = randomBytes(SIZE), file = path.join(server.dir, 'large')
writeFileSync(file, large)
const memory = (pid, name) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))?.[1] ?? 0) / 1024

/** Runs it; gives its seconds and the most memory it was seen with, in MiB. */
function timed(command, args, env) {
  const began = micros()
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let most = 0, output = ''
  const watch = setInterval(() => {
    try {
      most = Math.max(most, memory(child.pid, 'VmHWM'))
    } catch {
      // it has ended
    }
  }, 5)
  child.stdout.on('data', (text) => (output += text))
  return new Promise((resolve, reject) => child.on('close', (code) => {
    clearInterval(watch)
    if (code === 0) resolve({ seconds: (micros() - began) / 1e6, most, output })
    else reject(new Error(`${command} ended with ${code}: ${output}`))
  }))
}

/** An address that is signed, without a bucket in its host. */
function signed(method, key) {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, ''), scope = `${date.slice(0, 8)}/cn-hangzhou/oss/aliyun_v4_request`
  const query = [['x-oss-signature-version', 'OSS4-HMAC-SHA256'], ['x-oss-credential', `${ID}/${scope}`], ['x-oss-date', date], ['x-oss-expires', '600']]
  const { signature } = ossV4({ method, uri: `/${BUCKET}/${key}`, query, headers: {}, additional: [], date, scope, secret: SECRET })
  return `http://localhost:${cloud.port}/${BUCKET}/${key}?${new URLSearchParams([...query, ['x-oss-signature', signature]])}`
}
const curl = (...args) => timed('curl', ['-sSf', '-o', '/dev/null', ...args], { PATH: process.env.PATH })

function uploadsOf(bytes) {
  const folder = path.join(server.dir, 'from')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(path.join(folder, 'imports'), { recursive: true })
  writeFileSync(path.join(folder, 'imports', randomBytes(16).toString('hex')), bytes)
  return server.childEnv({ UPLOAD_BACKEND: 'local', UPLOAD_DIR: folder })
}
function empty() {
  for (const key of cloud.keys(BUCKET).filter((name) => name.startsWith('imports/'))) cloud.remove(BUCKET, key)
}

async function up() {
  const small = await timed(binary, ['files', 'migrate', '--to', 'oss'], uploadsOf(randomBytes(1024)))
  const moved = await timed(binary, ['files', 'migrate', '--to', 'oss'], uploadsOf(large))
  const [key] = cloud.keys(BUCKET).filter((name) => name.startsWith('imports/') && cloud.get(BUCKET, name).size === SIZE)
  if (!cloud.get(BUCKET, key).body.equals(large)) throw new Error('what arrived is something else')
  empty()
  const bare = await curl('-T', file, '-H', 'Expect:', signed('PUT', 'imports/bare'))
  empty()
  return { growth: moved.most - small.most, ratio: bare.seconds / moved.seconds, ours: 100 / moved.seconds, bare: 100 / bare.seconds }
}

/** The file of a job, which is made to be 100 MiB where it lies. */
async function down() {
  const job = await ended(M, accepted(await M.post('/api/export-jobs/materials?format=csv'), 202).jobId)
  const key = `exports/${job.result.file}`, into = path.join(server.dir, 'got'), pid = server.child.pid
  cloud.put(BUCKET, key, large)
  writeFileSync(`/proc/${pid}/clear_refs`, '5') // VmHWM begins anew
  const resident = memory(pid, 'VmRSS')
  const ours = await timed('curl', ['-sSf', '-o', into, '-H', `Authorization: Bearer ${M.token}`, `${server.url}${job.result.url}`], { PATH: process.env.PATH })
  const growth = memory(pid, 'VmHWM') - resident
  if (statSync(into).size !== SIZE || !readFileSync(into).equals(large)) throw new Error('what came is something else')
  const bare = await timed('curl', ['-sSf', '-o', into, signed('GET', key)], { PATH: process.env.PATH })
  cloud.remove(BUCKET, key)
  return { growth, ratio: bare.seconds / ours.seconds, ours: 100 / ours.seconds, bare: 100 / bare.seconds }
}

async function outage() {
  const { lists, listsBefore, end } = asker(server.url, M.token)
  const before = await listsBefore()
  const back = cloud.fault({ kind: 'hang', service: 'oss', times: 'always' })
  let isOver = false, refused = 0
  const sending = Promise.all(Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const { status } = await U.request('POST', '/api/profile/avatar', form(['avatar', png(8, 8)]))
      if (status !== 503 && !isOver) throw new Error(`an upload was answered with ${status}`)
      refused++
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }))
  const until = micros() + 4e6
  const during = await lists(() => micros() > until)
  isOver = true
  back()
  for (const socket of cloud.sockets) socket.destroy()
  await sending
  end()
  return { ratio: median(during) / median(before), was: median(before), is: median(during), refused }
}

const all = { up: [], down: [], outage: [] }
await up() // everything is warm, and the connections are there
for (let i = 0; i < Number(rounds); i++) {
  all.up.push(await up())
  all.down.push(await down())
}
for (let i = 0; i < Number(rounds); i++) {
  all.outage.push(await outage())
  await server.restart() // the breaker begins anew
}
await server.stop()
await cloud.close()
const of = (part, name) => median(all[part].map((round) => round[name]))
const most = (part) => Math.max(...all[part].map(({ growth }) => growth))
console.log([most('up').toFixed(1), of('up', 'ratio').toFixed(3), of('up', 'ours').toFixed(0), of('up', 'bare').toFixed(0),
  most('down').toFixed(1), of('down', 'ratio').toFixed(3), of('down', 'ours').toFixed(0), of('down', 'bare').toFixed(0),
  of('outage', 'ratio').toFixed(3), Math.round(of('outage', 'was')), Math.round(of('outage', 'is'))].join(' '))
