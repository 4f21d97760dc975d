// Prints SQL that fills a fresh database with N materials, made from the demo catalogue: node materials.mjs N CATALOGUE.csv
import { readFileSync, writeSync } from 'node:fs'

const count = Number(process.argv[2])
const [head, ...lines] = readFileSync(process.argv[3], 'utf8').replace(/^\uFEFF/, '').trim().split(/\r?\n/)
const names = head.split(',')
// Rows with quoted fields are left out: there are enough others.
const catalogue = lines
    .filter((line) => !line.includes('"'))
    .map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i], value])))

const DAY = 86_400_000
const now = Date.now()
const text = (s) => (s === undefined || s === '' ? 'NULL' : `'${s.replaceAll("'", "''")}'`)
const whole = (s) => (/^\d+$/.test(s ?? '') ? s : 'NULL')
const fold = (s) => s.normalize('NFKC').toLowerCase()

const unitIds = new Map()
for (const row of catalogue) if (!unitIds.has(row.unit)) unitIds.set(row.unit, unitIds.size + 1)

// One after the other over three years, so that the order of creation is also that of the ids.
const createdAt = (i) => now - 1095 * DAY + Math.floor((i * 1095 * DAY) / count)

function values(i) {
    const row = catalogue[i % catalogue.length]
    const serial = String(Math.floor(i / catalogue.length)).padStart(4, '0')
    const code = `${row.code}-${serial}`
    const name = `${row.name_zh} 规格${serial}`
    const low = (i % 40) * 1_000_000
    return [
        i + 1, text(code), text(fold(code)), text(name), text(row.name_en), text(fold(name)), text(row.category),
        text(row.subcategory), unitIds.get(row.unit), whole(row.qty_decimals), low, low * 20, text(`${1 + (i % 9)}号库 ${1 + (i % 60)}架`),
        text(`${row.name_zh}，供制氢与燃料电池产线使用`), text(row.cas_no), text(row.un_no), text(row.ghs_pictograms),
        text(row.hazard_statements), text(row.storage_class), text(row.control_flags), text(row.metal_grade),
        text(row.standard), text(row.track_by), whole(row.shelf_life_days), text(row.shelf_life_basis),
        whole(row.periodic_inspection_days), text(row.storage_condition), text(row.cert_required), text(row.cas_check),
        text(row.note), 1, createdAt(i), createdAt(i),
    ].join(', ')
}

// Written in pieces: a million statements are more than one string may hold.
let piece = ''
function put(line) {
    piece += line + '\n'
    if (piece.length > 1 << 20) flush()
}
function flush() {
    for (let bytes = Buffer.from(piece); bytes.length > 0; ) bytes = bytes.subarray(written(bytes))
    piece = ''
}
function written(bytes) {
    try {
        return writeSync(1, bytes)
    } catch (fault) {
        if (fault.code === 'EAGAIN') return 0
        throw fault
    }
}

put('PRAGMA foreign_keys = ON;\nBEGIN;')
for (const [code, id] of unitIds)
    put(
        `INSERT INTO units (id, code, name_zh, decimals, created_at) VALUES (${id}, ${text(code)}, ${text(code)}, 3, ${now})`
        + ' ON CONFLICT (code) DO NOTHING;')
for (let i = 0; i < count; i++)
    put(
        'INSERT INTO materials (id, material_code, code_fold, material_name, name_en, name_fold, category, subcategory, '
        + 'unit_id, qty_decimals, min_stock, max_stock, location, description, cas_no, un_no, ghs_pictograms, '
        + 'hazard_statements, storage_class, control_flags, metal_grade, standard, track_by, shelf_life_days, '
        + 'shelf_life_basis, periodic_inspection_days, storage_condition, cert_required, cas_check, note, created_by, '
        + `created_at, updated_at) VALUES (${values(i)});`)
put("INSERT INTO lots (material_id, lot_no, created_at) SELECT id, '', created_at FROM materials ORDER BY id;")
put('UPDATE change_counters SET materials = materials + 1;')
put('UPDATE search_fills SET last_id = 0; -- the next start indexes them')
put('COMMIT;')
flush()
