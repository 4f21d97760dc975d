// The database as its administrator sees it: read only, masked, and a copy to take away.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { PASSWORD, POSTGRES, Server, accepted, faulty, forbidden, makeMaterial, makeUsers, refused, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const table = (name, query = '') => admin.get(`/api/admin/database/table/${name}${query}`);
const logs = async () => accepted(await admin.get('/api/operation-logs?module=admin_data_management'), 200).list;
const MASK = '••••••';

test('the table of roles: what a user is told he may do is what it says', async () => {
    const rows = accepted(await U.get('/api/roles'), 200);
    for (const who of [admin, M, U])
        assert.deepEqual(rows.filter(({ roles }) => roles.includes(who.user.role)).map(({ permission }) => permission), who.user.permissions);
    assert.ok(rows.every((row) => row.title && row.titleEn));
});

test('tables, with rows', async () => {
    await makeMaterial(M);
    const tables = accepted(await admin.get('/api/admin/database/tables'), 200);
    const found = Object.fromEntries(tables.map((row) => [row.name, row]));
    assert.deepEqual(found.materials, { name: 'materials', isBusinessTable: true, rowCount: 1 });
    assert.equal(found.users.rowCount, 3);
    assert.equal(found.sessions.isBusinessTable, false);
    assert.ok(tables.length > 20 && !tables.some(({ name }) => /^(sqlite|pg)_/.test(name)));
});

test('figures of the database', async () => {
    const info = accepted(await admin.get('/api/admin/database/info'), 200);
    assert.equal(info.engine, POSTGRES ? 'PostgreSQL' : 'SQLite');
    assert.match(info.version, /^\d+\.\d+/);
    assert.equal(info.integrity, 'ok');
    assert.ok(info.size > 100_000 && info.schemaVersion >= 4);
});

test('rows: columns, pages, order', async () => {
    const { tableName, columns, rows, pagination } = accepted(await table('units', '?pageSize=2&orderBy=code&order=desc'), 200);
    assert.equal(tableName, 'units');
    assert.deepEqual(columns[0], { name: 'id', type: POSTGRES ? 'bigint' : 'INTEGER', notnull: POSTGRES ? 1 : 0, pk: 1 });
    assert.deepEqual(Object.keys(rows[0] ?? {}), rows.length ? columns.map(({ name }) => name) : []);
    const total = pagination.total;
    assert.deepEqual(pagination, { total, page: 1, pageSize: 2, totalPages: Math.ceil(total / 2) });
    const all = accepted(await table('locations', '?orderBy=code&order=desc'), 200);
    assert.equal(all.pagination.pageSize, 50);
    assert.deepEqual(all.rows.map(({ code }) => code), all.rows.map(({ code }) => code).sort().reverse());
    const second = accepted(await table('locations', '?page=2&pageSize=2'), 200);
    assert.deepEqual(second.rows.map(({ id }) => id), [3, 4]);
    assert.equal(accepted(await table('locations', '?page=99'), 200).rows.length, 0);
});

test('what is no table, no column, no page', async () => {
    for (const name of ['nonsense', 'sqlite_schema', 'pg_class', 'materials;--', 'MATERIALS', '%22users%22'])
        refused(await table(name), 400, 'table_invalid', '无效的表名');
    for (const column of ['nonsense', 'id;', 'id desc', 'password_hash'])
        refused(await table('users', `?orderBy=${encodeURIComponent(column)}`), 400, 'sort_invalid', '无效的排序字段');
    faulty(await table('users', '?page=0&pageSize=1001'), { page: null, pageSize: null });
});

test('nothing secret in any table', async () => {
    const names = accepted(await admin.get('/api/admin/database/tables'), 200).map(({ name }) => name);
    const hashes = (await server.sql('SELECT password_hash AS h FROM users UNION SELECT token_hash FROM refresh_tokens')).map(({ h }) => h);
    assert.ok(hashes.length > 3);
    for (const name of names) {
        const { text, body } = await table(name, '?pageSize=1000');
        for (const secret of [...server.secrets, ...hashes])
            assert.ok(!text.includes(secret), name);
        const open = body.data.columns.map((one) => one.name).filter((one) => /hash|token|secret|password|fingerprint/.test(one));
        for (const column of open.filter((one) => !['must_change_password', 'hash', 'file_hash'].includes(one)))
            assert.ok(body.data.rows.every((row) => [MASK, null].includes(row[column])), `${name}.${column}`);
    }
});

test('tables that somebody else has made, of whatever name and type', async () => {
    const NAME = 'Odd "name; 物料/x', id = NAME.replaceAll('"', '""');
    const [columns, values] = POSTGRES
        ? ['"b" BYTEA, "Order" NUMERIC(6,2), "x""y" JSON, "at" TIMESTAMP, "yes" BOOLEAN', `'\\x00ff', 12.50, '{"a":1}', '2026-11-23 08:00', true`]
        : ['"b" BLOB, "Order" REAL, "x""y" INTEGER, "at" TEXT, "yes" NUMERIC', `x'00ff', 12.5, 'text', 'é', 1`];
    const row = POSTGRES
        ? { b: '\\x00ff', Order: '12.50', 'x"y': '{"a":1}', at: '2026-11-23 08:00:00', yes: 'true' }
        : { b: '00FF', Order: '12.5', 'x"y': 'text', at: 'é', yes: 1 };
    await server.sql(`CREATE TABLE "${id}" (${columns}); INSERT INTO "${id}" VALUES (NULL, NULL, NULL, NULL, NULL), (${values})`);
    try {
        assert.ok(accepted(await admin.get('/api/admin/database/tables'), 200).some(({ name, rowCount }) => name === NAME && rowCount === 2));
        for (const column of ['', ...Object.keys(row)]) {
            const { tableName, rows } = accepted(await table(encodeURIComponent(NAME), `?orderBy=${encodeURIComponent(column)}`), 200);
            assert.equal(tableName, NAME);
            assert.deepEqual(rows.find(({ at }) => at !== null), row, column);
            assert.equal(rows.length, 2);
        }
    } finally {
        await server.sql(`DROP TABLE "${id}"`);
    }
});

test('rows are not edited here: refused, and logged', async () => {
    const material = await makeMaterial(M);
    const place = `/api/admin/database/table/materials/row/${material.id}`;
    refused(await admin.put(place, { current_stock: 5 }), 403, 'raw_edit', '请使用相应的业务功能修改数据');
    refused(await admin.del(place), 403, 'raw_edit', '请使用相应的业务功能修改数据');
    const [last, first] = await logs();
    assert.deepEqual([last.action, last.description, first.description],
        ['refused', '拒绝直接修改数据: DELETE materials', '拒绝直接修改数据: PUT materials']);
    assert.equal(last.resource_id, material.id);
});

/** A place whose SQLite file is this copy. */
function opened(bytes) {
    const copy = new Server({ engine: 'sqlite' });
    copy.adminIsNew = false;
    writeFileSync(copy.db, bytes);
    return copy;
}

test('a copy of the database', async () => {
    const made = accepted(await admin.post('/api/admin/database/export'), 200);
    assert.match(made.filename, /^mms-\d{8}-\d{6}-[0-9a-f]{32}\.db$/);
    assert.equal(made.downloadUrl, `/api/admin/database/export/${made.filename}`);
    const later = await makeMaterial(M); // not in the copy
    const got = await admin.get(made.downloadUrl);
    assert.deepEqual([got.status, got.bytes.length, got.headers['cache-control']], [200, made.size, 'no-store']);
    assert.match(got.headers['content-disposition'], /^attachment; filename="mms-\d{8}-\d{6}\.db"$/);
    const folder = path.join(server.dir, 'uploads', 'exports');
    assert.equal(statSync(path.join(folder, made.filename)).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), [made.filename], 'nothing else is left there');

    const copy = opened(got.bytes);
    try {
        await copy.verifyClean();
        assert.equal(await copy.value('SELECT COUNT(*) FROM materials'), (await server.value('SELECT COUNT(*) FROM materials')) - 1);
        await copy.begin();
        const there = await copy.admin();
        const manager = await copy.client().login(M.user.username, PASSWORD);
        assert.deepEqual(accepted(await there.get('/api/materials/1'), 200), accepted(await admin.get('/api/materials/1'), 200));
        assert.equal((await makeMaterial(manager)).id, later.id, 'ids go on');
        await copy.halt();
    } finally {
        copy.child?.kill();
        copy.removeFolder();
    }
    const [entry] = await logs();
    assert.equal(entry.action, 'export');
    assert.ok(!entry.description.includes(made.filename.slice(20, 52)), 'the log does not tell how to fetch it');

    for (const who of [M, U])
        forbidden(await who.get(made.downloadUrl), 'database.read');
    assert.equal((await server.client().get(made.downloadUrl)).status, 401);
    for (const name of ['..%2f..%2fmms.db', 'mms.db', made.filename.replace(/.{4}\.db$/, '0000.db'), `${made.filename}x`])
        refused(await admin.get(`/api/admin/database/export/${name}`), 404, 'not_found', '请求的资源不存在');
});

test('copies do not pile up', async () => {
    const folder = path.join(server.dir, 'uploads', 'exports');
    const { filename } = accepted(await admin.post('/api/admin/database/export'), 200);
    const old = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(path.join(folder, filename), old, old);
    refused(await admin.get(`/api/admin/database/export/${filename}`), 404, 'not_found', '请求的资源不存在'); // its hour is over
    const next = accepted(await admin.post('/api/admin/database/export'), 200);
    assert.ok(!readdirSync(folder).includes(filename) && readdirSync(folder).includes(next.filename));
});

test('a copy is of one moment, while others write', async () => {
    const { id } = await makeMaterial(M);
    await stockUp(U, M, id, '1000');
    let ended = false;
    const busy = Promise.all([1, 2, 3].map(async () => {
        for (; !ended;)
            await stockUp(U, M, id, '1');
    }));
    const copies = [];
    for (let i = 0; i < 3; i++)
        copies.push(accepted(await admin.post('/api/admin/database/export'), 200));
    ended = true;
    await busy;
    const seen = [];
    for (const { downloadUrl } of copies) {
        const copy = opened((await admin.get(downloadUrl)).bytes);
        try {
            await copy.verifyClean();
            seen.push(await copy.value('SELECT COUNT(*) FROM moves'));
        } finally {
            copy.removeFolder();
        }
    }
    assert.ok(seen[0] > 0 && seen[0] <= seen[1] && seen[1] <= seen[2], String(seen));
});

test('no room for a copy: refused, and nothing is left behind', async () => {
    const folder = path.join(server.dir, 'uploads', 'exports');
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    refused(await admin.post('/api/admin/database/export'), 503, 'files_unwritable', '上传目录不可写，请联系管理员');
    rmSync(folder);
    accepted(await admin.post('/api/admin/database/export'), 200);
});
