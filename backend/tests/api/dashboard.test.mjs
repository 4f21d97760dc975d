// Figures at a glance: what they count, the value by moving average, days of the company's zone.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, approve, issueOf, makeDocument, makeMaterial, makeUser, post, receiptOf, reject, start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager');
const U = await makeUser(admin, 'regular_user');
const get = async (what, options) => accepted(await U.get(`/api/dashboard/${what}`, options), 200);
const day = (ms, zone = 'Asia/Shanghai') => new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(ms);

test('nothing yet', async () => {
    assert.deepEqual(await get('stats'), { totalMaterials: 0, pendingTransactions: 0, todayTransactions: 0, lowStockMaterials: 0, totalInventoryValue: 0 });
    for (const list of ['materials-by-category', 'transaction-trend', 'low-stock-materials', 'pending-transactions'])
        assert.deepEqual(await get(list), []);
});

test('value: a receipt adds its amount, an issue takes the average\'s share, the last takes the last fen', async () => {
    const { id } = await makeMaterial(M);
    const value = async () => (await get('stats')).totalInventoryValue;
    await post(U, M, receiptOf(id, 3, { unitPrice: 10 }));
    assert.equal(await value(), 30);
    await post(U, M, receiptOf(id, 1, { unitPrice: 20.01 }));
    assert.equal(await value(), 50.01);
    await post(U, M, issueOf(id, 1)); // 50.01 / 4 = 12.5025
    assert.equal(await value(), 37.51);
    await post(U, M, receiptOf(id, 3)); // without a price: at the average
    assert.equal(await value(), 75.02);
    const issue = await post(U, M, issueOf(id, 4)); // 75.02 × 4 / 6 = 50.01…
    assert.equal(await value(), 25.01);
    const reversal = accepted(await M.post(`/api/inventory/${issue.id}/reverse`, { reason: '更正' }), 201);
    accepted(await approve(admin, reversal.id), 200);
    assert.equal(await value(), 75.02, 'what the issue took comes back');
    await post(U, M, issueOf(id, 6));
    assert.equal(await value(), 0);
    await server.verifyClean();
});

test('stats count active materials, waiting and today\'s approved documents, and low stocks', async () => {
    const before = await get('stats');
    const low = await makeMaterial(M, { minStock: 10 });
    const retired = await makeMaterial(M, { minStock: 10 });
    accepted(await M.post(`/api/materials/${retired.id}/retire`), 200);
    await makeMaterial(M);
    await post(U, M, receiptOf(low.id, 10));
    accepted(await reject(M, (await makeDocument(U, receiptOf(low.id, 1))).id, '不要'), 200);
    await makeDocument(U, receiptOf(low.id, 5));
    const now = await get('stats');
    assert.equal(now.totalMaterials - before.totalMaterials, 2);
    assert.equal(now.pendingTransactions - before.pendingTransactions, 1);
    assert.equal(now.lowStockMaterials - before.lowStockMaterials, 1, 'equal to the minimum is low');
    assert.equal(now.todayTransactions - before.todayTransactions, 1);
});

test('categories', async () => {
    const before = Object.fromEntries((await get('materials-by-category')).map((row) => [row.category, row]));
    const metal = await makeMaterial(M, { category: 'metal' });
    await post(U, M, receiptOf(metal.id, 2.125, { unitPrice: 8 }));
    const now = await get('materials-by-category');
    assert.deepEqual(now.map((row) => Object.keys(row)), now.map(() => ['category', 'count', 'total_stock', 'stock_value']));
    const row = now.find(({ category }) => category === 'metal');
    assert.deepEqual([row.count - (before.metal?.count ?? 0), row.total_stock - (before.metal?.total_stock ?? 0), row.stock_value - (before.metal?.stock_value ?? 0)], [1, 2.125, 17]);
    const text = await U.get('/api/dashboard/materials-by-category', { headers: { accept: 'application/json;numbers=text' } });
    assert.equal(typeof text.body.data[0].total_stock, 'string');
});

test('figures follow whatever a material goes through', async () => {
    const figures = async () => ({ ...(await get('stats')), rows: await get('materials-by-category') });
    const before = await figures();
    const { id } = await makeMaterial(M, { minStock: 5 });
    await post(U, M, receiptOf(id, 4.5, { unitPrice: 2 }));
    const change = async (body) => {
        accepted(await M.put(`/api/materials/${id}`, body), 200);
        await server.verifyClean();
        return get('stats');
    };
    assert.equal((await change({ minStock: 4 })).lowStockMaterials, before.lowStockMaterials);
    assert.equal((await change({ minStock: 4.5 })).lowStockMaterials, before.lowStockMaterials + 1);
    await change({ category: 'metal' });
    const metals = async () => (await get('materials-by-category')).find(({ category }) => category === 'metal');
    const value = (await metals()).stock_value;
    await post(U, M, issueOf(id, 4.5));
    assert.equal((await metals()).stock_value, value - 9);
    accepted(await M.post(`/api/materials/${id}/retire`), 200);
    await server.verifyClean();
    assert.equal((await get('stats')).totalMaterials, before.totalMaterials);
    const gone = await makeMaterial(M, { minStock: 1 });
    accepted(await admin.del(`/api/materials/${gone.id}`), 200);
    await server.verifyClean();
    const now = await figures();
    assert.deepEqual({ ...now, todayTransactions: 0 }, { ...before, todayTransactions: 0 });
});

test('low stocks: the emptiest first, at most ten', async () => {
    const made = [];
    for (let i = 1; i <= 12; i++) {
        const row = await makeMaterial(M, { minStock: 100 });
        made.push(row.id);
        await post(U, M, receiptOf(row.id, i * 5));
    }
    const list = await get('low-stock-materials');
    assert.equal(list.length, 10);
    assert.deepEqual(Object.keys(list[0]), ['id', 'material_code', 'material_name', 'category', 'current_stock', 'min_stock', 'unit', 'unit_decimals']);
    assert.deepEqual(list.map((row) => row.id), made.slice(0, 10));
    await post(U, M, receiptOf(made[0], 200));
    assert.equal((await get('low-stock-materials'))[0].id, made[1], 'as soon as it is there');
});

test('waiting documents: the oldest first, at most ten', async () => {
    const { id } = await makeMaterial(M);
    for (let i = 0; i < 11; i++)
        await makeDocument(U, receiptOf(id, i + 1));
    const list = await get('pending-transactions');
    assert.equal(list.length, 10);
    for (const name of ['id', 'transaction_code', 'transaction_type', 'quantity', 'created_at', 'material_code', 'material_name', 'applicant_name'])
        assert.ok(name in list[0], name);
    assert.deepEqual(list.map((row) => row.id), list.map((row) => row.id).sort((a, b) => a - b));
    assert.equal(list[0].age_days, 0);
    const midnight = Date.parse(`${day(Date.now())}T00:00:00+08:00`);
    await server.database.vandalize(`UPDATE documents SET created_at = ${midnight - 1} WHERE id = ${list[0].id}`);
    await server.database.vandalize(`UPDATE documents SET created_at = ${midnight} WHERE id = ${list[1].id}`);
    await makeDocument(U, receiptOf(id, 1)); // so that what was remembered is not used
    assert.deepEqual((await get('pending-transactions')).slice(0, 2).map((row) => [row.id, row.age_days]), [[list[0].id, 1], [list[1].id, 0]]);
    accepted(await approve(M, list[0].id), 200);
    assert.equal((await get('pending-transactions'))[0].id, list[1].id);
});

test('the trend: thirty days of the company, approved documents only, oldest first', async () => {
    const HOUR = 3600_000, now = Date.now();
    const midnight = Date.parse(`${day(now)}T00:00:00+08:00`); // of the company's today
    const posted = { receipt: [midnight - 1, midnight - 29 * 24 * HOUR, midnight - 29 * 24 * HOUR - 1], issue: [midnight - 24 * HOUR] };
    for (const [kind, instants] of Object.entries(posted))
        for (const at of instants)
            await server.sql(`INSERT INTO posted_quarters (quarter, kind, documents, quantity) VALUES (${Math.floor(at / 900_000)}, '${kind}', 2, 1500000)`);
    const { id } = await makeMaterial(M);
    await post(U, M, receiptOf(id, 1)); // so that what was remembered is not used
    const trend = await get('transaction-trend');
    assert.deepEqual(trend.map((row) => row.date), trend.map((row) => row.date).sort());
    const of = (ms, type) => trend.find((row) => row.date === day(ms) && row.transaction_type === type);
    assert.deepEqual(of(midnight - 1, 'in'), { date: day(midnight - 1), transaction_type: 'in', count: 2, total_quantity: 1.5 });
    assert.deepEqual(of(midnight - 24 * HOUR, 'out'), { date: day(midnight - 24 * HOUR), transaction_type: 'out', count: 2, total_quantity: 1.5 });
    assert.equal(trend[0].date, day(midnight - 29 * 24 * HOUR), 'the thirtieth day back is out');
    assert.ok(of(now, 'in').count > 0);
    accepted(await admin.put('/api/settings/company.timezone', { value: 'Pacific/Honolulu' }), 200);
    const there = await get('transaction-trend');
    assert.equal(there.at(-1).date, day(Date.now(), 'Pacific/Honolulu'));
    accepted(await admin.put('/api/settings/company.timezone', { value: 'Asia/Shanghai' }), 200);
});
