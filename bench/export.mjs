// What an export of all materials costs: node export.mjs BASE TOKEN PID COUNT FORMAT; prints on one line: MiB that the program's memory grew at most,
// the median of list requests meanwhile against before, both medians in µs, the export's seconds, its MiB.
import { readFileSync, writeFileSync } from 'node:fs'

import { asker, median, micros } from './lists.mjs'

const [base, token, pid, count, format] = process.argv.slice(2)
const { ask, lists, listsBefore, end } = asker(base, token)
const memory = (name) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))[1]) / 1024

const before = await listsBefore()
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
end()
const [was, is] = [median(before), median(during)]
console.log([growth.toFixed(1), (is / was).toFixed(3), Math.round(was), Math.round(is), seconds.toFixed(1), (bytes / 1048576).toFixed(1)].join(' '))
