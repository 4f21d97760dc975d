// Makes scripts for pgbench out of what the service sent (log_statement = all): node pg_script.mjs page|cursor|approval LOG [OLDEST NEWEST]
// page, cursor: the last reading transaction that asked for materials, with :at and :id drawn anew each time for a cursor.
// approval: the last writing transaction, with the document of its turn and what the statements before gave in place of the
// logged values. Needs FIRST (id), clients (-D). Statements that do not look as expected end this with an error.
import { readFileSync } from 'node:fs'

const [what, file, oldest, newest] = process.argv.slice(2)

// Statements in order: { pid, text, values }.
function read(log) {
    const all = []
    for (const [, pid, kind, rest] of log.matchAll(/^\S+ \S+ \S+ \[(\d+)\] (LOG: {2}(?:statement|execute \S+)|DETAIL: {2}parameters): (.*)$/gm))
        if (kind.startsWith('LOG')) all.push({ pid, text: rest, values: [] })
        else all.at(-1).values = [...rest.matchAll(/\$\d+ = (NULL|'(?:[^']|'')*')/g)].map(([, v]) => (/^'-?\d+'$/.test(v) ? v.slice(1, -1) : v))
    return all
}

// The last transaction of one connection that ends with `end` and has a statement that begins with `having`.
function lastTransaction(all, end, having) {
    for (let last = all.length - 1; last >= 0; last--) {
        if (all[last].text !== end) continue
        const own = all.slice(0, last + 1).filter(({ pid }) => pid === all[last].pid)
        const found = own.slice(own.findLastIndex(({ text }) => text.startsWith('BEGIN')))
        if (found.some(({ text }) => text.startsWith(having))) return found
    }
    throw new Error(`${file}: no transaction with ${having}`)
}

const filled = ({ text, values }) => text.replace(/\$(\d+)/g, (_, n) => values[n - 1])

function page(all, byCursor) {
    let drawn = 0
    const lines = lastTransaction(all, 'ROLLBACK', 'SELECT m.id, ')
        .filter(({ text }) => !text.startsWith('SELECT COUNT')) // the service remembers totals
        .map((statement) => {
            const place = statement.text.match(/\(m\.created_at, m\.id\) < \(\$(\d+), \$(\d+)\)/)
            if (place) {
                [statement.values[place[1] - 1], statement.values[place[2] - 1]] = [':at', ':id']
                drawn++
            }
            return filled(statement) + ';'
        })
    if (drawn !== (byCursor ? 1 : 0)) throw new Error(`${file}: ${drawn} statements with a cursor`)
    return byCursor ? [`\\set at random(${oldest}, ${newest})`, '\\set id random(1, 100000)', ...lines] : lines
}

// What takes the place of logged values: statement's beginning, { parameter: text }, prefix of the variables that it gives.
const approvalRules = [
    ['SELECT id, number AS', { 1: ':id' }],
    ['UPDATE documents', { 1: ':id' }],
    ['SELECT id, line_no', { 1: ':id' }, 'line_'],
    ['SELECT b.lot_id', { 1: ':line_material_id' }, 'at_'],
    ['UPDATE balances', { 1: ':line_material_id', 2: ':at_lot_id', 3: ':at_location_id' }],
    ['INSERT INTO balances', { 1: ':line_material_id', 2: ':at_lot_id' }],
    ['UPDATE materials', { 1: ':line_material_id' }, 'now_'],
    ['INSERT INTO moves', { 1: ':id', 2: ':line_id', 3: ':line_material_id', 4: ':at_lot_id', 5: ':at_location_id', 8: ':now_move_count',
        9: ':at_current_stock', 10: 'CAST(:at_current_stock AS BIGINT) - 1000000' }],
    ['SELECT first_id, last_id', {}, 'head_'],
    ['INSERT INTO operation_log', { 1: 'CAST(:head_last_id AS BIGINT) + 1', 6: ':id' }],
]

function approval(all) {
    const used = new Set()
    const lines = lastTransaction(all, 'COMMIT', 'INSERT INTO moves').flatMap((statement) => {
        const rule = approvalRules.find(([begin]) => statement.text.startsWith(begin))
        if (!rule) return statement.text.split('; ').length > 1 ? statement.text.split('; ').map((s) => s + ';') : [filled(statement) + ';']
        used.add(rule)
        for (const [n, text] of Object.entries(rule[1])) {
            if (statement.values[n - 1] === undefined) throw new Error(`${file}: ${rule[0]} has no $${n}`)
            statement.values[n - 1] = text
        }
        return [filled(statement) + (rule[2] ? ` \\gset ${rule[2]}` : ';')]
    })
    if (used.size !== approvalRules.length) throw new Error(`${file}: not the statements of an approval`)
    // Each client takes every so manieth document; a variable lives as long as its client.
    return ['\\set turn :turn + 1', '\\set id :first + (:turn - 1) * :clients + :client_id', ...lines]
}

const all = read(readFileSync(file, 'utf8'))
console.log((what === 'approval' ? approval(all) : page(all, what === 'cursor')).join('\n'))
