// What a backup costs those who work meanwhile: node backup.mjs BASE TOKEN MMS FOLDER; runs `mms backup --gzip` and prints on one line: the median of list
// requests meanwhile against before, both medians in µs, the milliseconds of the copy, and the seconds of the whole.
import { spawn } from 'node:child_process'

import { asker, median, micros } from './lists.mjs'

const [base, token, mms, folder] = process.argv.slice(2)
const { lists, listsBefore, end } = asker(base, token)
const before = await listsBefore()
const began = micros()
let printed = '', over = false
const child = spawn(mms, ['backup', '--to', folder, '--gzip'], { stdio: ['ignore', 'pipe', 'inherit'] })
child.stdout.on('data', (text) => (printed += text))
child.on('close', () => (over = true))
const during = await lists(() => over)
end()
if (child.exitCode !== 0) throw new Error(printed)
const copied = Number(/^1 .* ([\d.]+) s$/m.exec(printed)[1]) * 1000
const [was, is] = [median(before), median(during)]
console.log([(is / was).toFixed(3), Math.round(was), Math.round(is), Math.round(copied), ((micros() - began) / 1e6).toFixed(1)].join(' '))
