// What stands under a list: the sums of exactly the rows that the list shows with the same filters.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client, accepted, approve, faulty, forbidden, issueOf, makeDocument, makeMaterial, makeUser, makeUsers, post, receiptOf, refused, reject, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, N, U } = await makeUsers(admin, { M: 'inventory_manager', N: 'inventory_manager', U: 'regular_user' });
const AS_TEXT = { headers: { accept: 'application/json;numbers=text' } };

/** Whole millionths of a decimal's text. */
function millionths(text) {
    const [, whole, part = ''] = String(text).match(/^(\d+)(?:\.(\d{1,6}))?$/) ?? assert.fail(`no quantity: ${text}`);
    return BigInt(whole + part.padEnd(6, '0'));
}
const sum = (rows, column) => rows.reduce((all, row) => all + (row[column] === null ? 0n : millionths(row[column])), 0n);
const asText = (n) => `${n / 1_000_000n}.${String(n % 1_000_000n).padStart(6, '0')}`.replace(/\.?0+$/, '');

async function rowsOf(client, path, query) {
    const { list, total } = accepted(await client.get(`${path}?page=1&pageSize=1000&${query}`, AS_TEXT), 200);
    assert.equal(list.length, total);
    return list;
}
const sumsOf = async (client, path, query = '') => accepted(await client.get(`${path}/sums?${query}`, AS_TEXT), 200);

/** What the rows of the list come to; values are not in the list and come from the database. */
async function materialModel(query) {
    const rows = await rowsOf(admin, '/api/materials', query), units = new Map();
    for (const row of rows)
        units.set(row.unit, [...(units.get(row.unit) ?? []), row]);
    const ids = rows.map((row) => row.id).join(',') || '0';
    const values = await server.sql(`SELECT CAST(stock_value AS TEXT) AS v FROM materials WHERE id IN (${ids})`);
    return {
        count: rows.length,
        low_stock: rows.filter((row) => millionths(row.min_stock) > 0n && millionths(row.current_stock) <= millionths(row.min_stock)).length,
        stock_value: asText(values.reduce((all, { v }) => all + BigInt(v), 0n)),
        by_unit: [...units].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1)).slice(0, 12)
            .map(([unit, of]) => ({ unit, quantity: asText(sum(of, 'current_stock')) })),
    };
}

async function sameAsList(query) {
    const sums = await sumsOf(admin, '/api/materials', query);
    assert.deepEqual(sums, { ...(await materialModel(query)) }, query);
    return sums;
}

const MATERIAL_QUERIES = ['', 'status=active', 'status=retired', 'status=all', 'category=metal', 'category=chemical&status=all', 'category=all', 'lowStock=true', 'lowStock=false',
    'lowStock=true&status=all&category=metal', 'keyword=SUM-', 'keyword=%E9%98%80', 'keyword=%25', 'unit=kg', 'unit=u3&status=all', 'unit=none', 'subcategory=x',
    'subcategory=x&keyword=SUM-&lowStock=true&category=metal&status=all', 'keyword=nothing-has-this', 'category=metal&sort=-material_code&page=2&pageSize=3&totals=true', 'keyword=&unit='];

before(async () => {
    const units = ['kg', 'L', ...Array.from({ length: 13 }, (_, i) => `u${i}`)];
    for (const [i, unit] of units.entries())
        for (let k = 0; k <= (i * 7) % 4; k++) {
            const { id } = await makeMaterial(M, { materialCode: `SUM-${unit}-${k}`, materialName: k % 2 ? '阀门' : '氢气', unit, category: (i + k) % 3 ? 'chemical' : 'metal',
                subcategory: i % 2 ? 'x' : 'y', minStock: k % 2 ? 5 : 0 });
            if ((i + k) % 2)
                await stockUp(M, admin, id, `${i + 1}.12${k}`, { unitPrice: '3.33' });
            else if (k === 1)
                accepted(await M.post(`/api/materials/${id}/retire`), 200);
        }
});

for (const query of MATERIAL_QUERIES)
    test(`materials?${query}`, () => sameAsList(query));

test('they follow each change, whatever it changes', async () => {
    const all = async () => {
        for (const query of ['', 'status=all', 'category=metal', 'lowStock=true', 'unit=L', 'keyword=SUM-'])
            await sameAsList(query);
    };
    const material = await makeMaterial(M, { unit: 'L', category: 'metal', minStock: 2 });
    await all();
    await stockUp(M, admin, material.id, '2.5', { unitPrice: 8 });
    await all();
    await post(M, admin, issueOf(material.id, '0.5'));
    await all();
    accepted(await M.put(`/api/materials/${material.id}`, { category: 'chemical', minStock: 0 }), 200);
    await all();
    await post(M, admin, issueOf(material.id, 2));
    accepted(await M.post(`/api/materials/${material.id}/retire`), 200);
    await all();
    accepted(await M.post(`/api/materials/${material.id}/restore`), 200);
    const fresh = await makeMaterial(M, { unit: 'kg' });
    accepted(await M.put(`/api/materials/${fresh.id}`, { unit: 'brand-new' }), 200);
    await all();
    assert.ok((await sumsOf(admin, '/api/materials', 'unit=brand-new')).count === 1);
    accepted(await admin.del(`/api/materials/${fresh.id}`), 200);
    await all();
    await server.verifyClean();
});

test('at most twelve units, the ones of most materials first', async () => {
    const { by_unit } = await sumsOf(admin, '/api/materials');
    assert.equal(by_unit.length, 12);
    assert.equal((await sumsOf(admin, '/api/materials', 'unit=kg')).by_unit.length, 1);
    assert.deepEqual(await sumsOf(admin, '/api/materials', 'keyword=nothing-has-this'), { by_unit: [], count: 0, low_stock: 0, stock_value: '0' });
});

test('numbers, unless texts are asked for', async () => {
    const plain = accepted(await admin.get('/api/materials/sums'), 200), asked = await sumsOf(admin, '/api/materials');
    assert.deepEqual([typeof plain.stock_value, typeof plain.by_unit[0].quantity, typeof asked.stock_value], ['number', 'number', 'string']);
    assert.equal(String(plain.stock_value), asked.stock_value);
});

test('sums that pass 64 bits in millionths end at the end of the range, and nothing fails', async () => {
    const big = await makeUser(admin, 'inventory_manager');
    await server.sql(`INSERT INTO units (code, decimals, created_at) VALUES ('big', 0, 0)`);
    await server.sql(`INSERT INTO materials (material_code, code_fold, material_name, name_fold, category, unit_id, current_stock, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) SELECT 'BIG-' || i, 'big-' || i, 'b', 'b', 'metal', (SELECT id FROM units WHERE code = 'big'), 999999999000000, 0, 0 FROM n`);
    await server.sql('UPDATE change_counters SET materials = materials + 1');
    for (const query of ['unit=big', 'keyword=BIG-'])
        assert.equal((await sumsOf(big, '/api/materials', query)).by_unit[0].quantity, '11999999988');
    await server.sql(`UPDATE materials SET current_stock = 9000000000000000000 WHERE code_fold LIKE 'big-%'`);
    await server.sql('UPDATE change_counters SET materials = materials + 1');
    for (const query of ['unit=big', 'status=all'])
        assert.equal((await sumsOf(big, '/api/materials', query)).by_unit.find((one) => one.unit === 'big').quantity, '9223372036854.775807', query);
    await server.sql(`DELETE FROM materials WHERE code_fold LIKE 'big-%'`);
    await server.sql('UPDATE change_counters SET materials = materials + 1');
});

/* ---------------------------------------------------------------- documents */

async function documentsSame(client, path, query) {
    const rows = await rowsOf(client, path, query), of = (type) => rows.filter((row) => row.transaction_type === type);
    const sums = await sumsOf(client, path, query);
    assert.deepEqual(sums, {
        count: rows.length, line_count: rows.reduce((n, row) => n + row.line_count, 0),
        in_amount: asText(sum(of('in'), 'total_amount')), out_amount: asText(sum(of('out'), 'total_amount')),
    }, query);
    return sums;
}

test('documents: the same as the list, for who sees all and for who sees his own', async () => {
    const a = await makeMaterial(M, { materialName: '铂催化剂' }), b = await makeMaterial(M);
    await post(U, M, { transactionType: 'in', lines: [{ materialId: a.id, quantity: '1.5', unitPrice: '10.01' }, { materialId: b.id, quantity: 7, unitPrice: '0.1' }] });
    await post(U, M, issueOf(a.id, 1, { unitPrice: '12.34' }));
    await makeDocument(U, receiptOf(b.id, 3));
    await reject(M, (await makeDocument(U, receiptOf(b.id, 3, { unitPrice: 5 }))).id, '不需要');
    await makeDocument(N, issueOf(b.id, 1, { unitPrice: 2 }));
    const queries = ['', 'status=approved', 'status=pending', 'status=rejected', 'transactionType=in', 'transactionType=out', `materialId=${a.id}`, 'keyword=%E9%93%82', 'keyword=IN20',
        `transactionType=in&status=approved&materialId=${b.id}`, 'keyword=nothing-has-this', 'sort=transaction_code&page=3'];
    for (const client of [admin, M, N, U])
        for (const path of ['/api/inventory', '/api/inventory/mine'])
            for (const query of queries)
                await documentsSame(client, path, query);
    const own = await sumsOf(U, '/api/inventory');
    assert.deepEqual([own.count, own.line_count], [4, 5]);
    assert.deepEqual(own, await sumsOf(U, '/api/inventory/mine'));
    assert.equal((await sumsOf(admin, '/api/inventory/mine', 'status=cancelled')).count, 0);
});

test('documents: they follow, and nobody is given what another was told', async () => {
    const material = await makeMaterial(M), before = await sumsOf(N, '/api/inventory/mine');
    const { id } = await makeDocument(N, receiptOf(material.id, 2, { unitPrice: 1.5 }));
    assert.deepEqual(await sumsOf(N, '/api/inventory/mine', 'status=pending&transactionType=in'), { count: 1, line_count: 1, in_amount: '3', out_amount: '0' });
    accepted(await approve(admin, id), 200);
    assert.equal((await sumsOf(N, '/api/inventory/mine', 'status=pending&transactionType=in')).count, 0);
    assert.equal((await sumsOf(N, '/api/inventory/mine')).count, before.count + 1);
    for (let i = 0; i < 20; i++)
        assert.deepEqual([(await sumsOf(U, '/api/inventory')).count, (await sumsOf(N, '/api/inventory/mine')).count], [4, before.count + 1]);
});

/* ---------------------------------------------------------------- who, and what else */

test('what is not acceptable is said as the list says it', async () => {
    faulty(await U.get('/api/materials/sums?status=gone&category=x&lowStock=maybe'), { status: null, category: null, lowStock: null });
    faulty(await U.get(`/api/materials/sums?keyword=${'x'.repeat(101)}`), { keyword: null });
    faulty(await U.get('/api/inventory/sums?materialId=x&transactionType=move'), { materialId: null, transactionType: null });
    refused(await server.client().get('/api/materials/sums'), 401, 'token_missing', '访问令牌缺失，请先登录');
    const { token } = accepted(await U.post('/api/profile/tokens', { name: '脚本', scopes: 'count.read' }), 201);
    server.secrets.push(token);
    forbidden(await new Client(server, token).get('/api/materials/sums'), 'material.read');
    forbidden(await new Client(server, token).get('/api/inventory/sums'), 'document.read');
});

test('many at a time are all answered while somebody writes', async () => {
    const material = await makeMaterial(M);
    const answers = await Promise.all([...Array.from({ length: 40 }, (_, i) => admin.get(`/api/materials/sums?keyword=${i % 7}`)),
        ...Array.from({ length: 20 }, () => M.post('/api/inventory', receiptOf(material.id, 1)))]);
    assert.ok(answers.every((answer) => [200, 201].includes(answer.status)), answers.map((answer) => answer.status).join());
});
