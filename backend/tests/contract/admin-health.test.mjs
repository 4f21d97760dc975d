// Section 11, 12.6, 12.13, 12.14; and what holds everywhere (section 0).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, logged, makeMaterial, notPermitted, ok, open, people, refused, shape } from './contract.mjs';

const place = await open();
after(place.end);
const { A, M, U } = await people(place);
const nobody = new Client(place.url);

test('GET /admin/database/tables', async () => {
    const rows = shape(ok(await A.get('/admin/database/tables'), 200), [{ name: 'text', isBusinessTable: 'bool' }]);
    for (const name of ['users', 'materials', 'operation_log'])
        assert.ok(rows.some((row) => row.name === name && row.isBusinessTable), name);
    for (const client of [M, U])
        for (const path of ['/admin/database/tables', '/admin/database/table/materials'])
            notPermitted(await client.get(path));
});

test('GET /admin/database/table/:name', async () => {
    await makeMaterial(M);
    await makeMaterial(M);
    const page = shape(ok(await A.get('/admin/database/table/materials?pageSize=1&orderBy=id&order=desc'), 200), { tableName: ['materials'],
        columns: [{ name: 'text', type: 'text' }], rows: [{ id: 'id' }], pagination: { total: 'count', page: 'count', pageSize: 'count', totalPages: 'count' } });
    assert.ok(page.columns.every((column) => 'notnull' in column && 'pk' in column));
    assert.deepEqual([page.rows.length, page.pagination.page, page.pagination.pageSize, page.pagination.totalPages], [1, 1, 1, page.pagination.total]);
    const next = ok(await A.get('/admin/database/table/materials?pageSize=1&page=2&orderBy=id&order=desc'), 200);
    assert.ok(next.rows[0].id < page.rows[0].id);
    assert.equal(ok(await A.get('/admin/database/table/materials'), 200).pagination.pageSize, 50);
    for (const name of ['nonsense', 'users%3B', "x'%20OR%201"])
        refused(await A.get(`/admin/database/table/${name}`), 400, '无效的表名');
    refused(await A.get('/admin/database/table/materials?orderBy=nonsense'), 400, '无效的排序字段');
    const users = (await A.get('/admin/database/table/users?pageSize=1000')).text;
    assert.doesNotMatch(users, /\$argon2|\$2[aby]\$|\$7\$/, 'secrets are masked');
});

test('12.6 raw editing is refused, and logged', async () => {
    const row = await makeMaterial(M);
    for (const method of ['PUT', 'DELETE']) {
        refused(await A.call(method, `/admin/database/table/materials/row/${row.id}`, method === 'PUT' ? { current_stock: 5 } : undefined), 403, '请使用相应的业务功能修改数据');
        const entry = await logged(place, { module: 'admin_data_management', action: 'refused', userId: A.user.id }, { resource_id: row.id });
        assert.ok(entry.description.includes(method), entry.description);
    }
    assert.equal(ok(await U.get(`/materials/${row.id}`), 200).current_stock, 0);
});

test('12.14 POST /admin/database/export: a copy, for administrators only', async () => {
    const answer = await A.post('/admin/database/export');
    const data = shape(ok(answer, 200), { filename: 'text', downloadUrl: 'text', size: 'id' });
    const file = await A.get(data.downloadUrl);
    assert.deepEqual([file.status, file.bytes.length, file.bytes.subarray(0, 15).toString()], [200, data.size, 'SQLite format 3']);
    refused(await nobody.get(data.downloadUrl), 401, '访问令牌缺失，请先登录');
    for (const client of [M, U])
        notPermitted(await client.get(data.downloadUrl));
    await logged(place, { module: 'admin_data_management', action: 'export', userId: A.user.id });
});

test('GET /api/health is open', async () => {
    const answer = await nobody.get('/health');
    assert.equal(answer.status, 200);
    shape(answer.body, { status: ['ok'], timestamp: 'iso', uptime: 'count', checks: { database: ['ok'] } });
});

test('an unknown call answers in the envelope', async () => {
    for (const [method, path] of [['get', '/nonsense'], ['post', '/materials/1/nonsense'], ['get', '/materials/1/2/3']]) {
        const answer = await U[method](path);
        assert.equal(answer.status, 404, answer.text);
        assert.equal(answer.body.success, false);
    }
    assert.equal((await U.put('/dashboard/stats')).status, 405);
});

test('12.13 a refusal says why, without internals', async () => {
    for (const answer of [await U.get('/materials/987654321'), await U.post('/inventory', '{"a":', { headers: { 'content-type': 'application/json' } })]) {
        assert.ok(answer.status < 500);
        assert.notEqual(answer.body.message, '服务器内部错误，请稍后重试');
        assert.doesNotMatch(answer.text, /SELECT|sqlite|\.c:\d/i);
    }
});

test('gzip when it is asked for', async () => {
    await makeMaterial(M, { description: '氢'.repeat(400) });
    const plain = await U.get('/materials?pageSize=100', { headers: { 'accept-encoding': 'identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
    const packed = await U.get('/materials?pageSize=100', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    assert.deepEqual(packed.body, plain.body);
});
