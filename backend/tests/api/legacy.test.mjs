// mms import-legacy: the older system's data, with all its dirt, into an empty database of either engine.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BINARY, POSTGRES, SQLITE_ONLY, Server, accepted, approve, post, receiptOf, sleep } from './harness.mjs';
import { CODE_HISTORY, EARLY_USERS, LEGACY_HASH, LEGACY_PASSWORD, REST, SCHEMA, everything, insert, makeOld } from './legacy.mjs';
import { png, pngSize } from './picture.mjs';
import { randomFrom } from './random.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'mms-old-'));
const old = path.join(folder, 'old.db'), uploads = path.join(folder, 'uploads');
const reportFile = path.join(folder, 'report.md');
const server = new Server();
const sum = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const MILLION = 1_000_000;
let first, report;

before(async () => {
    makeOld(old, ...everything());
    mkdirSync(path.join(uploads, 'avatars'), { recursive: true });
    writeFileSync(path.join(uploads, 'avatars', 'photo.png'), png(800, 400));
    writeFileSync(path.join(uploads, 'avatars', 'broken.png'), 'no picture');
    first = await server.run(['import-legacy', old, '--uploads', uploads, '--report', reportFile]);
    assert.equal(first.code, 0, first.output);
    report = readFileSync(reportFile, 'utf8');
});
after(async () => {
    if (server.child)
        await server.stop();
    else
        server.removeFolder();
    rmSync(folder, { recursive: true });
});

/** A place of its own with an empty database. */
async function alone(work) {
    const place = new Server();
    try {
        await work(place);
    } finally {
        if (place.child && !place.end)
            await place.halt();
        place.removeFolder();
    }
}
const oldOf = (name, ...scripts) => makeOld(path.join(folder, name), ...scripts);
const users = insert('users', { id: 1, username: 'admin', password: LEGACY_HASH, role: 'system_admin' });
const isEmpty = async (place) => assert.deepEqual(await place.sql('SELECT (SELECT COUNT(*) FROM users) AS u, (SELECT COUNT(*) FROM materials) AS m, ' +
    '(SELECT COUNT(*) FROM documents) AS d, (SELECT COUNT(*) FROM operation_log) AS l, (SELECT COUNT(*) FROM legacy_quarantine) AS x'),
[{ u: 0, m: 0, d: 0, l: 0, x: 0 }]);
/** Both languages, the place, and no trace of an import. */
function refusedWith(run, zh, en, code = 1) {
    assert.equal(run.code, code, run.output);
    assert.match(run.stderr, zh);
    assert.match(run.stderr, en);
}
const stockOf = async (place) => Object.fromEntries((await place.sql('SELECT id, current_stock FROM materials ORDER BY id'))
    .map(({ id, current_stock: stock }) => [id, stock / MILLION]));

test('what the database proves afterwards', async () => {
    await server.verifyClean();
    const { code, output } = await server.run(['audit', 'verify']);
    assert.equal(code, 0, output);
    assert.doesNotMatch(report, /✗/);
});

test('stock: exact, what the old file says, never below zero, and 0 where it said less', async () => {
    assert.deepEqual(await stockOf(server), { 1: 0.3, 2: 12, 3: 7, 4: 0, 5: 0, 6: 20, 7: 70, 8: 0, 9: 12.5, 10: 3, 11: 4, 12: 0, 13: 0.123457, 14: 0, 15: 0 });
    assert.deepEqual(await server.sql('SELECT code, decimals, needs_review FROM units ORDER BY code'),
        [['L', 0], ['g', 6], ['kg', 2], ['个', 0], ['件', 0], ['根', 0], ['片', 0], ['瓶', 1]].map(([code, decimals]) => ({ code, decimals, needs_review: 1 })));
    assert.deepEqual(await server.sql('SELECT id, min_stock, max_stock FROM materials WHERE min_stock > 0 OR max_stock > 0'),
        [{ id: 1, min_stock: 250000, max_stock: 10 * MILLION }], 'noise is taken away in silence');
    assert.deepEqual(await server.sql("SELECT row_id FROM legacy_quarantine WHERE reason = 'rounded'"), [{ row_id: 13 }]);
});

test('documents of all states, as they were', async () => {
    assert.deepEqual(await server.sql('SELECT status, COUNT(*) AS n FROM documents WHERE imported = 1 GROUP BY status ORDER BY status'),
        [{ status: 'approved', n: 14 }, { status: 'cancelled', n: 1 }, { status: 'pending', n: 2 }, { status: 'rejected', n: 2 }]);
    const documents = Object.fromEntries((await server.sql('SELECT * FROM documents')).map((row) => [row.id, row]));
    assert.deepEqual([documents[1].number, documents[1].remark, documents[1].total_amount, documents[1].approved_at, documents[1].applicant_id, documents[1].approver_id],
        ['IN1735800000000001', `<b> &amp; '一' 1/2 "`, 1_050_000, Date.parse('2025-03-01T09:30:00.123Z'), 3, 2]);
    assert.equal(documents[3].approved_at, Date.parse('2025-04-05T08:00:00Z'), 'the time of its last change');
    assert.equal(documents[3].number, 'IN20250301-0001-OLD');
    assert.equal(documents[13].total_amount, null);
    assert.deepEqual([documents[14].approved_at, documents[15].approver_id, documents[16].status], [null, 2, 'cancelled']);
    for (const id of [17, 18, 19, 20, 21, 24])
        assert.equal(documents[id], undefined, id);
});

test('what the history does not explain: one visible document, at its place in time, listed', async () => {
    const made = await server.sql('SELECT d.id, l.material_id, d.kind, d.purpose, l.quantity, d.approved_at, d.remark FROM documents d JOIN document_lines l ON ' +
        'l.document_id = d.id WHERE d.imported = 0 ORDER BY l.material_id, d.id');
    const shown = made.map((d) => [d.material_id, d.kind, d.purpose, d.quantity / MILLION, d.approved_at === Date.parse('2025-01-05T08:00:00Z')]);
    assert.deepEqual(shown, [
        [3, 'issue', 'count', 1, false], [3, 'receipt', 'count', 1, false], // counted
        [6, 'issue', 'count', 10, false],                                   // a lost update
        [7, 'receipt', 'opening', 100, true],                               // was there before the history begins
        [8, 'receipt', 'opening', 5, true], [8, 'issue', 'count', 5, false], // below zero for two months
        [9, 'receipt', 'count', 2.5, false], [11, 'receipt', 'count', 4, false], [12, 'issue', 'count', 6, false]]);
    assert.match(made[2].remark, /旧系统库存 20，流水推算 30，差额 -10/);
    assert.equal(made[5].approved_at, Date.parse('2025-05-01T09:30:00.123Z'), 'taken back when it is not needed any more');
    const listed = await server.sql("SELECT row_id, raw_value, reason, replacement FROM legacy_quarantine WHERE reason IN ('opening_added', 'stock_unexplained') ORDER BY id");
    assert.deepEqual(listed.map((l) => [l.row_id, l.raw_value, l.reason, l.replacement]), [[6, '20', 'stock_unexplained', '-10'],
        [7, '70', 'opening_added', '+100'], [8, '0', 'opening_added', '+5'], [8, '0', 'stock_unexplained', '-5'], [12, '0', 'stock_unexplained', '-6']]);
});

test('counts, and the documents of their differences', async () => {
    const tasks = await server.sql('SELECT * FROM count_tasks ORDER BY id');
    assert.deepEqual(tasks.map(({ id, status }) => [id, status]), [[1, 'completed'], [2, 'in_progress'], [3, 'draft'], [4, 'cancelled']]);
    const [document] = await server.sql(`SELECT purpose, kind FROM documents WHERE id = ${tasks[0].surplus_document_id}`);
    assert.deepEqual([document, tasks[0].shortage_document_id], [{ purpose: 'count', kind: 'receipt' }, null]);
    assert.deepEqual(await server.sql('SELECT id, book_stock, actual_stock FROM count_items ORDER BY id'), [[1, 10, 12.5], [2, 0.3, 0.3], [3, 7, null], [4, 12, null],
        [8, 0, null]].map(([id, book, actual]) => ({ id, book_stock: book * MILLION, actual_stock: actual === null ? null : actual * MILLION })));
});

test('every dirty value and row is listed, with all of it where it was left out, and no password', async () => {
    const listed = await server.sql('SELECT table_name, row_id, column_name, raw_value, reason, outcome, row_text FROM legacy_quarantine ORDER BY id');
    const has = (table, id, column, raw, reason, outcome) => assert.ok(listed.some((l) => l.table_name === table && l.row_id === id && l.column_name === column &&
        l.raw_value === raw && l.reason === reason && l.outcome === outcome), `${table} ${id} ${column} ${raw} ${reason}\n${JSON.stringify(listed.filter((l) => l.row_id === id))}`);
    has('users', -1, 'id', '-1', 'bad_id', 'left_out');
    has('users', 4, 'username', 'Admin', 'duplicate_username', 'replaced');
    has('users', 5, 'role', 'superuser', 'bad_choice', 'replaced');
    has('users', 6, 'password', '(secret)', 'bad_hash', 'replaced');
    has('users', 3, 'avatar', 'gone.png', 'picture_missing', 'replaced');
    has('users', 4, 'avatar', 'broken.png', 'picture_broken', 'replaced');
    has('materials', 2, 'material_code', 'koh-01', 'duplicate_code', 'replaced');
    has('materials', 3, 'material_code', ' ＮＩ 02', 'unusual_code', 'replaced');
    has('materials', 4, 'material_name', '', 'empty_name', 'replaced');
    has('materials', 4, 'min_stock', 'abc', 'not_a_number', 'replaced');
    has('materials', 5, 'current_stock', '-3', 'negative_stock', 'replaced');
    has('materials', 10, 'category', 'gas', 'bad_choice', 'replaced');
    has('materials', 15, 'location', "x'FF41'", 'bad_encoding', 'replaced');
    has('materials', 15, 'created_at', '2025-13-45 00:00:00', 'bad_date', 'replaced');
    has('inventory_transactions', 17, 'material_id', '999', 'orphan_material', 'left_out');
    has('inventory_transactions', 18, 'status', 'archived', 'bad_choice', 'left_out');
    has('inventory_transactions', 20, 'quantity', 'ten', 'not_a_number', 'left_out');
    has('inventory_transactions', 13, 'quantity', '0.1234567', 'rounded', 'replaced');
    has('inventory_transactions', 24, 'quantity', '1e+15', 'too_large', 'left_out');
    has('stock_history', 17, 'material_id', '999', 'orphan_material', 'left_out');
    has('stock_history', 15, 'change_type', 'in', 'no_document', 'noted');
    has('stocktaking_items', 6, 'task_id', '77', 'orphan_task', 'left_out');
    has('operation_logs', 4, 'user_agent', 'x'.repeat(900), 'too_long', 'replaced');
    has('operation_logs', 5, 'created_at', 'never', 'bad_date', 'replaced');
    has('notifications', 7, 'link', '/inventory?id=17', 'orphan_document', 'left_out');
    assert.equal(JSON.parse(listed.find((l) => l.table_name === 'inventory_transactions' && l.row_id === 18).row_text).transaction_code, 'IN1735800000000018');
    const all = JSON.stringify(listed) + report + first.output;
    assert.ok(!all.includes('in-the-clear') && !all.includes(LEGACY_HASH));
});

test('the report: every listed row, and control totals that are explained', async () => {
    assert.match(report, /\| inventory_transactions \| 20 \| quantity \| ten \| 数字列中不是数字 \| 未导入 left out \|/);
    assert.match(report, /\| approved \| 18 · 115\.423457 \| 14 · 114\.423457 \| 未导入 left out −4 · 1; \| ✓ \|/);
    assert.match(report, /\| 2025-03 in \| 19 · 80\.423457 \| 14 · 79\.423457 \|/);
    assert.match(report, /\| metal \| 6 · 113 \| 6 · 113 \| \| ✓ \|/);
    assert.match(first.stdout, /控制总数/);
    assert.doesNotMatch(first.stdout, /\| inventory_transactions \| 20 \| quantity/, 'the lists are in the file');
    const listed = await server.value('SELECT COUNT(*) AS n FROM legacy_quarantine');
    assert.equal(report.match(/^\| [a-z_]+ \| -?\d+ \| .* \| .* \| (未导入|已替换|已导入)/gm).length, listed);
});

test('people sign in with their old passwords; the deleted are closed accounts; work goes on', async () => {
    await server.begin();
    const admin = await server.client().login('admin', LEGACY_PASSWORD);
    assert.match(await server.value('SELECT password_hash FROM users WHERE id = 1'), /^\$argon2id\$/, 'hashed anew');
    await server.client().login('Admin-2', LEGACY_PASSWORD);
    assert.equal((await server.client().post('/api/auth/login', { username: 'plain', password: 'in-the-clear' })).status, 401);
    assert.deepEqual(await server.sql("SELECT id, username, status FROM users WHERE status = 'closed' ORDER BY id"),
        [[7, '已删除用户#7'], [77, '已删除用户#77'], [78, '数据导入']].map(([id, username]) => ({ id, username, status: 'closed' })));
    const document = accepted(await admin.get('/api/inventory/4'), 200);
    assert.deepEqual([document.applicant_name, document.approver_name], ['已删除用户#7', '已删除用户#7']);
    const keeper = await server.client().login('keeper', LEGACY_PASSWORD);
    const picture = await server.client().get(keeper.user.avatar);
    assert.deepEqual([picture.status, pngSize(picture.bytes)], [200, [512, 256]]);

    accepted(await approve(admin, 14), 200, '出入库单已批准');
    await post(keeper, admin, receiptOf(1, 1.25));
    assert.equal((await stockOf(server))[1], 1.55);
    const todos = accepted(await keeper.get('/api/notifications'), 200).list.map(({ id, type, is_read: read }) => [id, type, read]);
    assert.deepEqual(todos.filter(([id]) => id < 9).sort(), [[3, 'announcement', 1]], 'todos of decided documents are gone');
    const zhang = await server.client().login('zhang', LEGACY_PASSWORD);
    assert.deepEqual(accepted(await zhang.get('/api/notifications'), 200).list.map(({ id }) => id).filter((id) => id < 9).sort(), [3, 4, 8]);
    const history = accepted(await admin.get('/api/materials/1/code-history'), 200).list;
    assert.deepEqual([history.length, history[0].old_code, history[0].change_reason], [1, 'KOH', '规范']);
    const logs = accepted(await admin.get('/api/operation-logs?pageSize=100'), 200).list;
    assert.ok(logs.some((l) => l.action === 'import') && logs.some((l) => l.username === '已删除用户#77'));
    accepted(await admin.get('/api/stocktaking/1/diff/report'), 200);
    await server.verifyClean();
    await server.halt();
});

test('a target that is not empty is refused', async () => {
    const before = await server.value('SELECT COUNT(*) AS n FROM documents');
    refusedWith(await server.run(['import-legacy', old]), /目标数据库不是空的/, /not empty/);
    assert.equal(await server.value('SELECT COUNT(*) AS n FROM documents'), before);
});

test('a dry run tells all and leaves nothing, and the old file is never changed', () => alone(async (place) => {
    const before = [sum(old), statSync(old).mtimeMs, readdirSync(folder).length];
    const { code, stdout } = await place.run(['import-legacy', old, '--uploads', uploads, '--dry-run']);
    assert.equal(code, 0);
    assert.match(stdout, /试运行，未导入任何数据/);
    assert.match(stdout, /\| inventory_transactions \| 20 \| quantity \| ten/);
    assert.ok(!existsSync(place.db) && !existsSync(path.join(place.dir, 'uploads')));
    assert.deepEqual([sum(old), statSync(old).mtimeMs, readdirSync(folder).length], before);
    assert.equal((await place.run(['migrate'])).code, 0);
    await isEmpty(place);
}));

test('early files lack columns and tables', () => alone(async (place) => {
    const early = oldOf('early.db', EARLY_USERS, REST, users, 'DROP TABLE notifications; DROP TABLE stocktaking_items;');
    const { code, stdout } = await place.run(['import-legacy', early]);
    assert.equal(code, 0);
    assert.match(stdout, /旧文件没有表 material_code_history/);
    await place.begin();
    await place.client().login('admin', LEGACY_PASSWORD);
    await place.verifyClean();
}));

test('in WAL mode, with what is only in its log, while the older program has it open', () => alone(async (place) => {
    const file = oldOf('wal.db', SCHEMA, users);
    execFileSync('sqlite3', [file, 'PRAGMA journal_mode = WAL;']);
    const holder = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    holder.stdin.write(`PRAGMA wal_autocheckpoint = 0;\n${insert('materials', { id: 1, material_code: 'W', material_name: 'W', category: 'metal', unit: 'kg' })}SELECT 'written';\n`);
    await new Promise((resolve) => holder.stdout.on('data', (text) => String(text).includes('written') && resolve()));
    const before = [sum(file), sum(`${file}-wal`)];
    const { code, stdout } = await place.run(['import-legacy', file]);
    assert.equal(code, 0);
    assert.match(stdout, /another program has the file open/);
    assert.deepEqual([sum(file), sum(`${file}-wal`)], before);
    assert.equal(await place.value('SELECT material_code FROM materials'), 'W');
    holder.kill('SIGKILL');
}));

test('a WAL file without its log, in a folder that cannot be written', () => alone(async (place) => {
    const closed = path.join(folder, 'closed');
    mkdirSync(closed);
    const file = makeOld(path.join(closed, 'wal.db'), SCHEMA, users);
    execFileSync('sqlite3', [file, 'PRAGMA journal_mode = WAL;']);
    chmodSync(closed, 0o555);
    const { code, output } = await place.run(['import-legacy', file]);
    chmodSync(closed, 0o755);
    assert.equal(code, 0, output);
    assert.deepEqual(readdirSync(closed), ['wal.db'], 'nothing appears beside it');
}));

test('what is no database of the older system, or cannot be read', () => alone(async (place) => {
    const run = (...args) => place.run(['import-legacy', ...args]);
    const text = path.join(folder, 'text.db'), other = oldOf('other.db', 'CREATE TABLE notes (id INTEGER PRIMARY KEY);');
    writeFileSync(text, 'This is no database. '.repeat(20));
    refusedWith(await run(path.join(folder, 'missing.db')), /missing\.db：打不开/, /missing\.db: it cannot be opened/);
    refusedWith(await run(text), /不是 SQLite 数据库/, /not an SQLite database/);
    refusedWith(await run(other), /不是旧系统的数据库/, /not a database of the older system/);
    refusedWith(await run(folder), /不是普通文件/, /no file/);
    refusedWith(await run(old, '--uploads', '/nowhere'), /--uploads/, /--uploads must be/);
    refusedWith(await run(old, '--report', old), /报告不能写到旧数据库上/, /must not be written over/);
    refusedWith(await run(old, '--report', '/nowhere/report.md'), /nowhere/, /nowhere/);
    for (const args of [[], ['--dry-run'], [old, '--nonsense'], [old, 'twice'], [old, '--report']])
        assert.equal((await run(...args)).code, 64, args.join(' '));
    assert.equal((await place.run(['migrate'])).code, 0);
    await isEmpty(place);
}));

test('this program\'s own database is no old one', SQLITE_ONLY, () => alone(async (place) => {
    assert.equal((await place.run(['migrate'])).code, 0);
    refusedWith(await place.run(['import-legacy', place.db], { env: { DB_PATH: path.join(place.dir, 'new.db') } }), /这是本系统的数据库/, /database of this program/);
    refusedWith(await place.run(['import-legacy', old], { env: { DB_PATH: old } }), /这是目标数据库自身/, /the target itself/);
    assert.match(execFileSync('sqlite3', [old, 'SELECT COUNT(*) FROM users'], { encoding: 'utf8' }), /^8/);
}));

test('a file that another program holds', () => alone(async (place) => {
    const file = oldOf('held.db', SCHEMA, users);
    const holder = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    holder.stdin.write("BEGIN EXCLUSIVE;\nSELECT 'held';\n");
    await new Promise((resolve) => holder.stdout.on('data', resolve));
    refusedWith(await place.run(['import-legacy', file]), /正被另一个程序占用/, /another program holds it/);
    holder.kill('SIGKILL');
}));

/** As many receipts and issues as take a moment. */
function many(count) {
    return [SCHEMA, users, `WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 50)
        INSERT INTO materials (id, material_code, material_name, category, unit, current_stock) SELECT i, 'M' || i, 'N', 'metal', 'kg', 1e6 FROM s;
        WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${count})
        INSERT INTO inventory_transactions (id, transaction_code, transaction_type, material_id, quantity, applicant_id, approver_id, status, created_at, updated_at, approved_at)
        SELECT i, 'T' || i, CASE i % 3 WHEN 0 THEN 'out' ELSE 'in' END, 1 + i % 50, 0.1 * (1 + i % 7), 1, 1, 'approved', datetime('2024-01-01', '+' || i || ' minutes'),
        datetime('2024-01-01', '+' || i || ' minutes'), strftime('%Y-%m-%dT%H:%M:%fZ', '2024-01-01', '+' || i || ' minutes') FROM s;
        INSERT INTO operation_logs (user_id, module, action, description) SELECT 1, 'inventory', 'create', id FROM inventory_transactions;`];
}

test('a damaged file: what can be read is reported, and imported only when one says so', () => alone(async (place) => {
    const file = oldOf('damaged.db', ...many(4000));
    truncateSync(file, Math.floor(statSync(file).size * 0.5 / 4096) * 4096 + 100);
    const damaged = await place.run(['import-legacy', file]);
    refusedWith(damaged, /旧文件已损坏，未导入任何数据/, /the old file is damaged, nothing was imported/);
    assert.match(damaged.stdout, /旧文件已损坏 \/ the old file is damaged/);
    await isEmpty(place);
    const { code, stdout } = await place.run(['import-legacy', file, '--accept-damage']);
    assert.equal(code, 0);
    assert.match(stdout, /已损坏：只读出 \d+ 行/);
    const documents = await place.value('SELECT COUNT(*) AS n FROM documents WHERE imported = 1');
    assert.ok(documents > 100, documents);
    await place.verifyClean();
}));

test('a page in the middle that is another one: found, though all pages can be read', () => alone(async (place) => {
    const file = oldOf('page.db', ...many(3000));
    const [page, next] = execFileSync('sqlite3', [file, "SELECT pageno FROM dbstat WHERE name = 'operation_logs' AND pagetype = 'leaf' LIMIT 2 OFFSET 5"], { encoding: 'utf8' }).split('\n').map(Number);
    const bytes = readFileSync(file);
    bytes.copy(bytes, (next - 1) * 4096, (page - 1) * 4096, page * 4096);
    writeFileSync(file, bytes);
    refusedWith(await place.run(['import-legacy', file]), /旧文件已损坏，未导入任何数据/, /the old file is damaged, nothing was imported/);
    await isEmpty(place);
    assert.equal((await place.run(['import-legacy', file, '--accept-damage'])).code, 0);
    await place.verifyClean();
}));

test('how far it is: on a terminal a line that is written over; elsewhere only when it takes long', () => alone(async (place) => {
    const file = oldOf('long.db', ...many(8000));
    const shown = execFileSync('script', ['-qec', `'${BINARY}' import-legacy '${file}' --dry-run`, '/dev/null'], { cwd: place.dir, env: place.childEnv(), encoding: 'utf8' });
    assert.match(shown, /\r\x1b\[K(inventory_transactions|operation_logs|过账 \/ posting): \d+ \/ 8\d\d\d/);
    const { code, stderr } = await place.run(['import-legacy', old, '--dry-run']);
    assert.deepEqual([code, stderr], [0, '']);
}));

/** What an import left, but for the moment at which it ran. */
const broughtTo = (place) => Promise.all(['SELECT id, number, status, created_at, approved_at, total_amount FROM documents WHERE imported = 1 ORDER BY id',
    'SELECT v.document_id, v.seq, v.quantity, v.stock_after, v.posted_at FROM moves v JOIN documents d ON d.id = v.document_id WHERE d.imported = 1 ORDER BY v.material_id, v.seq',
    'SELECT id, material_code, current_stock, stock_value FROM materials ORDER BY id', 'SELECT table_name, row_id, reason, replacement FROM legacy_quarantine ORDER BY id',
    'SELECT COUNT(*) AS n FROM operation_log'].map((text) => place.sql(text)));

test('kill -9 at any moment leaves nothing, or all of it; run again, it is the same', () => alone((trial) => alone(async (place) => {
    const file = oldOf('many.db', ...many(POSTGRES ? 1500 : 8000)), began = Date.now();
    const whole = await trial.run(['import-legacy', file]);
    assert.equal(whole.code, 0, whole.output);
    const lasted = Date.now() - began;
    let hits = 0, done = false;
    for (let i = 0; i < 9 && !done; i++) {
        const child = spawn(BINARY, ['import-legacy', file], { cwd: place.dir, env: place.childEnv(), stdio: 'ignore' });
        const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal)));
        await sleep(lasted * (0.02 + i * 0.11));
        child.kill('SIGKILL');
        hits += (await ended) === 'SIGKILL';
        assert.equal((await place.run(['migrate'])).code, 0);
        done = await place.value('SELECT COUNT(*) AS n FROM users') > 0; // it may have been after the commit
        if (!done)
            await isEmpty(place);
    }
    assert.ok(hits >= 4, `killed at work ${hits} times`);
    if (!done)
        assert.equal((await place.run(['import-legacy', file])).code, 0);
    assert.deepEqual(await broughtTo(place), await broughtTo(trial));
    await place.verifyClean();
})));

test('stock history that contradicts its documents; tables that lost their keys; sums past one quantity\'s range', () => alone(async (place) => {
    const material = (id) => insert('materials', { id, material_code: `X${id}`, material_name: 'X', category: 'metal', unit: 'kg', current_stock: id > 2 ? 1e12 : 5 });
    const document = (id, material_id, quantity, status) => insert('inventory_transactions', { id, transaction_code: `T${id}`, transaction_type: 'in', material_id, quantity,
        applicant_id: 1, approver_id: 1, status, approved_at: status === 'approved' ? '2025-03-01T00:00:00.000Z' : null, created_at: '2025-03-01 00:00:00', updated_at: '2025-03-01 00:00:00' });
    const change = (material_id, transaction_id, quantity) => insert('stock_history', { material_id, transaction_id, change_type: 'in', quantity_change: quantity, stock_before: 0,
        stock_after: 0, operator_id: 1, created_at: '2025-03-01 00:00:00' });
    let script = '';
    for (let id = 1; id <= 14; id++)
        script += material(id);
    script += document(1, 1, 2, 'approved') + document(2, 2, 3, 'rejected') + change(1, 1, 2) + change(1, 1, 2) + change(2, 2, 3) + change(2, 1, 2);
    for (let id = 3; id <= 14; id++)
        script += document(id, id, 1e12, 'approved') + change(id, id, 1e12);
    const file = oldOf('odd.db', SCHEMA, users, script, 'CREATE TABLE copy AS SELECT * FROM inventory_transactions; DROP TABLE inventory_transactions; ALTER TABLE copy RENAME TO ' +
        'inventory_transactions; INSERT INTO inventory_transactions SELECT * FROM inventory_transactions WHERE id = 1;');
    const { code, output, stdout } = await place.run(['import-legacy', file]);
    assert.equal(code, 0, output);
    assert.deepEqual(Object.values(await stockOf(place)).slice(0, 3), [5, 5, 1e12]);
    assert.match(stdout, /\| 2025-03 in \| 15 · 12000000000007 \| 14 · 12000000000005 \| 未导入 left out −1 · 2; \| ✓ \|/);
    assert.match(stdout, /\| metal \| 14 · 12000000000010 \| 14 · 12000000000010 \|/);
    assert.deepEqual(await place.sql("SELECT reason, COUNT(*) AS n FROM legacy_quarantine WHERE table_name <> 'materials' GROUP BY reason ORDER BY reason"),
        [{ reason: 'duplicate_id', n: 1 }, { reason: 'no_document', n: 3 }]);
    await place.verifyClean();
}));

test('tables that are spelled otherwise are read; what is no table of the older system is told', () => alone(async (place) => {
    const file = oldOf('names.db', SCHEMA, users, insert('notifications', { user_id: 1, type: 'system', title: '一' }),
        'ALTER TABLE notifications RENAME TO n; ALTER TABLE n RENAME COLUMN title TO Title; ALTER TABLE n RENAME TO Notifications; CREATE TABLE backup_2024 (id); CREATE TABLE "odd, one" (id);',
        'ALTER TABLE operation_logs RENAME TO logs_real; CREATE VIEW operation_logs AS SELECT * FROM logs_real;');
    const { code, stdout } = await place.run(['import-legacy', file]);
    assert.equal(code, 0);
    assert.match(stdout, /not the older system's, not imported: backup_2024, logs_real, odd, one$/m);
    assert.equal(await place.value('SELECT title FROM notifications'), '一');
}));

test('instants as other tools write them', () => alone(async (place) => {
    const noon = Date.parse('2025-03-01T12:00:00Z'), day = Date.parse('2025-03-01T00:00:00Z');
    const good = [['2025-03-01', day], [' 2025/03/01 ', day], ['２０２５-０３-０１ 12:00:00', noon], ['2025/03/01 12:00:00', noon], [noon, noon], [noon / 1000, noon], [noon + 0.5, noon]];
    const bad = ['2025-02-29', '2025-03-01 24:00:00', '1999-12-31', '9999-12-31 00:00:00', 'March 1', 12, -1, 9e18, '1e400', ''];
    const file = oldOf('instants.db', SCHEMA, users, insert('materials', { id: 1, material_code: 'T', material_name: 'T', category: 'metal', unit: 'kg' }),
        ...[...good.map(([text]) => text), ...bad].map((text, i) => insert('inventory_transactions', { id: i + 1, transaction_code: `T${i}`, transaction_type: 'in', material_id: 1, quantity: 1,
            applicant_id: 1, status: 'approved', created_at: text, updated_at: text, approved_at: text })));
    const { code, output } = await place.run(['import-legacy', file]);
    assert.equal(code, 0, output);
    const times = await place.sql('SELECT id, created_at, approved_at FROM documents WHERE imported = 1 ORDER BY id');
    assert.deepEqual(times.slice(0, good.length), good.map(([, ms], i) => ({ id: i + 1, created_at: ms, approved_at: ms })));
    for (const { id, created_at: ms } of times.slice(good.length))
        assert.ok(Date.now() - ms < 60_000, `${id}: the time of the import`);
    assert.equal(await place.value("SELECT COUNT(*) AS n FROM legacy_quarantine WHERE reason = 'odd_date'"), 3 * good.length);
    await place.verifyClean();
}));

test('texts of any length, and many of one code', () => alone(async (place) => {
    const long = '长'.repeat(20_000), number = `IN20250301-${'1'.repeat(20_000)}`;
    const material = (id, more) => insert('materials', { id, material_code: 'SAME', material_name: `N${id}`, category: 'metal', unit: 'kg', current_stock: 0, ...more });
    const document = (id, more) => insert('inventory_transactions', { id, transaction_code: `T${id}`, transaction_type: 'in', material_id: 1, quantity: 1, applicant_id: 1,
        status: 'pending', created_at: '2025-03-01 00:00:00', ...more });
    const file = oldOf('texts.db', SCHEMA, users,
        insert('users', { id: 2, username: long, password: long, role: long, real_name: long, email: long, avatar: long }),
        material(1, { material_code: long, material_name: long, unit: long, category: long, location: long, description: long }),
        ...Array.from({ length: 300 }, (_, i) => material(i + 2)), material(400, { material_code: 'same-3' }),
        document(1, { transaction_code: long, remark: long }), document(2, { transaction_code: number }), document(3, { status: long }), document(4, { created_at: long }),
        insert('stocktaking_tasks', { id: 1, task_code: long, task_name: long, status: 'draft', start_date: long, creator_id: 1, remark: long }),
        insert('operation_logs', { user_id: 1, module: long, action: long, resource_type: long, description: long, ip_address: long, user_agent: long }),
        insert('notifications', { user_id: 1, type: 'system', title: long, content: long, link: long, link_type: 'url' }),
        insert('material_code_history', { material_id: 1, old_code: long, new_code: long, changed_by: 1, change_reason: long }),
        "UPDATE materials SET material_name = 'a' || char(0) || 'b' WHERE id = 2;");
    const { code, output } = await place.run(['import-legacy', file]);
    assert.equal(code, 0, output.slice(-1000));
    const [first, second] = await place.sql('SELECT material_code, material_name, description FROM materials ORDER BY id');
    assert.deepEqual([[...first.material_code].length <= 50, [...first.material_name].length, first.description], [true, 200, long]);
    assert.equal(second.material_name, 'a\ufffdb');
    assert.equal(await place.value("SELECT COUNT(*) AS n FROM materials WHERE substr(material_code, 1, 4) = 'SAME'"), 300);
    assert.equal(await place.value('SELECT material_code FROM materials WHERE id = 400'), 'same-3-2');
    assert.equal(await place.value("SELECT raw_value FROM legacy_quarantine WHERE table_name = 'materials' AND column_name = 'material_name' AND reason = 'too_long'"), long);
    await place.verifyClean();
}));

test('sums past the range: refused with the place, and nothing is kept', () => alone(async (place) => {
    const material = insert('materials', { id: 1, material_code: 'BIG', material_name: 'B', category: 'metal', unit: 'kg', current_stock: 0 });
    const documents = (quantity, price) => Array.from({ length: 100 }, (_, i) => insert('inventory_transactions', { id: i + 1, transaction_code: `T${i + 1}`, transaction_type: 'in',
        material_id: 1, quantity, unit_price: price, applicant_id: 1, status: 'approved', approved_at: '2025-03-01T00:00:00.000Z' })).join('');
    refusedWith(await place.run(['import-legacy', oldOf('dear.db', SCHEMA, users, material, documents(1, 1e11))]), /单据 T93（物料 #1）.*超出范围/, /With document T93 \(material #1\)/);
    refusedWith(await place.run(['import-legacy', oldOf('much.db', SCHEMA, users, material, documents(1e12, null))]), /物料 #1（BIG）的流水合计超出范围/, /material #1 \(BIG\) pass the range/);
    await isEmpty(place);
}));

/** Years of use: noise, lost updates, edits of the stock, histories without documents and the other way round. */
function someYears(seed, begin) {
    const { below } = randomFrom(seed);
    const stock = {}, rows = [];
    for (let id = 1; id <= 12; id++) {
        stock[id] = below(3) ? 0 : below(50);
        rows.push(() => insert('materials', { id, material_code: below(5) ? `R${id}` : 'SAME', material_name: `R${id}`, category: id % 2 ? 'metal' : 'chemical', unit: ['kg', '千克', 'g'][id % 3],
            current_stock: below(6) ? stock[id] : stock[id] + below(20) - 10 }));
    }
    const script = [];
    for (let i = 1; i <= 300; i++) {
        const material = 1 + below(12), receipt = below(2) === 0, quantity = 0.1 * (1 + below(300)), when = begin + i * 40000;
        const time = new Date(when * 1000).toISOString(), row = time.slice(0, 19).replace('T', ' ');
        const status = below(5) ? 'approved' : 'rejected', before = stock[material];
        if (below(20))
            script.push(insert('inventory_transactions', { id: i, transaction_code: `T${i}`, transaction_type: receipt ? 'in' : 'out', material_id: material, quantity,
                unit_price: below(2) ? 0.01 * below(10000) : null, applicant_id: 1 + below(3), approver_id: 1, status, created_at: row, updated_at: row,
                approved_at: status === 'approved' && below(10) ? time : null }));
        if (status !== 'approved')
            continue;
        if (below(12))
            stock[material] += receipt ? quantity : -quantity; // else a lost update
        if (below(15))
            script.push(insert('stock_history', { material_id: material, transaction_id: i, change_type: receipt ? 'in' : 'out', quantity_change: receipt ? quantity : -quantity,
                stock_before: before, stock_after: stock[material], operator_id: 1, created_at: row }));
        if (!below(15))
            script.push(insert('stock_history', { material_id: material, transaction_id: null, change_type: 'adjust', quantity_change: below(40) / 3 - 5, stock_before: 0, stock_after: 0,
                operator_id: below(4), created_at: row }));
    }
    return [SCHEMA, users, rows.map((make) => make()).join(''), ...script];
}

const SOME_TIME_AGO = 1704067200, UNTIL_NOW = Math.floor(Date.now() / 1000) - 300 * 40000;
for (const [seed, begin] of [[1, SOME_TIME_AGO], [2, SOME_TIME_AGO], [3, UNTIL_NOW]])
    test(`years of use, ${seed}: each stock is what the old file said, and all proofs hold`, () => alone(async (place) => {
        const file = oldOf(`years-${seed}.db`, ...someYears(seed, begin));
        const { code, output } = await place.run(['import-legacy', file]);
        assert.equal(code, 0, output);
        await place.verifyClean();
        const wanted = JSON.parse(execFileSync('sqlite3', ['-json', file, 'SELECT id, current_stock FROM materials'], { encoding: 'utf8' }));
        const stock = await stockOf(place);
        for (const { id, current_stock: figure } of wanted)
            assert.equal(stock[id], Math.max(0, Math.round(figure * MILLION) / MILLION), `material ${id}`);
        assert.doesNotMatch(output, /✗/);
    }));
