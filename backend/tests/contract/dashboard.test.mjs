// Section 5, and 12.15. Figures are compared before and after: nobody else should be working in the system meanwhile.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { approve, makeDocument, makeMaterial, ok, open, people, shape, stockUp } from './contract.mjs';

const place = await open();
after(place.end);
const P = await people(place), { M, U } = P;
const stats = async () => shape(ok(await U.get('/dashboard/stats'), 200),
    { totalMaterials: 'count', pendingTransactions: 'count', todayTransactions: 'count', lowStockMaterials: 'count', totalInventoryValue: 'number' });
const fen = (yuan) => Math.round(yuan * 100);

test('GET /dashboard/stats: approved documents, moving average of receipts', async () => {
    const before = await stats();
    const row = await makeMaterial(M, { minStock: 5 });
    const { id } = await makeDocument(U, row.id, 10, { unitPrice: 2.5 });
    const waiting = await stats();
    assert.deepEqual([waiting.totalMaterials - before.totalMaterials, waiting.pendingTransactions - before.pendingTransactions, waiting.todayTransactions - before.todayTransactions,
        waiting.lowStockMaterials - before.lowStockMaterials, fen(waiting.totalInventoryValue) - fen(before.totalInventoryValue)], [1, 1, 0, 1, 0]);
    ok(await approve(M, id), 200);
    const posted = await stats();
    assert.deepEqual([posted.pendingTransactions - before.pendingTransactions, posted.todayTransactions - before.todayTransactions, posted.lowStockMaterials - before.lowStockMaterials,
        fen(posted.totalInventoryValue) - fen(before.totalInventoryValue)], [0, 1, 0, 2500]);
    await stockUp(P, row.id, 10, { unitPrice: 3.5 }); // average 3
    ok(await approve(M, (await makeDocument(U, row.id, 5, { transactionType: 'out', unitPrice: 99 })).id), 200);
    assert.equal(fen((await stats()).totalInventoryValue) - fen(before.totalInventoryValue), 4500, 'an issue takes the average, whatever its price says');
});

test('GET /dashboard/materials-by-category', async () => {
    const of = (rows) => rows.find(({ category }) => category === 'metal') ?? { count: 0, total_stock: 0 };
    const read = async () => of(shape(ok(await U.get('/dashboard/materials-by-category'), 200), [{ category: ['chemical', 'metal'], count: 'count', total_stock: 'number' }]));
    const before = await read();
    const row = await makeMaterial(M, { category: 'metal', unit: '根' });
    await stockUp(P, row.id, 7);
    const now = await read();
    assert.deepEqual([now.count - before.count, Math.round((now.total_stock - before.total_stock) * 1e6)], [1, 7e6]);
});

test('GET /dashboard/transaction-trend: 30 days, approved documents', async () => {
    const read = async () => shape(ok(await U.get('/dashboard/transaction-trend'), 200), [{ date: 'day', transaction_type: ['in', 'out'], count: 'id', total_quantity: 'number' }]);
    const row = await makeMaterial(M);
    await stockUp(P, row.id, 1);
    const before = await read();
    const { id } = await makeDocument(U, row.id, 3);
    const last = (rows) => rows.findLast(({ transaction_type: type }) => type === 'in');
    assert.deepEqual(last(await read()), last(before), 'one that waits is not counted');
    ok(await approve(M, id), 200);
    const now = await read();
    assert.deepEqual([last(now).count - last(before).count, Math.round((last(now).total_quantity - last(before).total_quantity) * 1e6)], [1, 3e6]);
    assert.deepEqual(now.map(({ date }) => date), now.map(({ date }) => date).sort(), 'the oldest first');
    assert.ok(Date.parse(now.at(-1).date) - Date.parse(now[0].date) < 31 * 86_400_000);
    assert.equal(new Set(now.map(({ date, transaction_type: type }) => date + type)).size, now.length);
});

test('GET /dashboard/low-stock-materials', async () => {
    const row = await makeMaterial(M, { minStock: 1_000_000 });
    await stockUp(P, row.id, 0.001);
    await makeMaterial(M, { minStock: 0 });
    const rows = shape(ok(await U.get('/dashboard/low-stock-materials'), 200),
        [{ id: 'id', material_code: 'text', material_name: 'text', category: ['chemical', 'metal'], current_stock: 'number', min_stock: 'number', unit: 'text' }]);
    assert.ok(rows.length >= 1 && rows.length <= 10);
    const ratios = rows.map((one) => Math.floor((one.current_stock / one.min_stock) * 1e6 + 1e-6));
    assert.ok(rows.every((one) => one.min_stock > 0 && one.current_stock <= one.min_stock));
    assert.deepEqual(ratios, [...ratios].sort((a, b) => a - b), 'the emptiest first');
});

test('GET /dashboard/pending-transactions', async () => {
    const row = await makeMaterial(M);
    const { id } = await makeDocument(U, row.id, 4);
    const rows = shape(ok(await U.get('/dashboard/pending-transactions'), 200), [{ id: 'id', transaction_code: 'text', transaction_type: ['in', 'out'], quantity: 'number',
        created_at: 'time', material_code: 'text', material_name: 'text', applicant_name: 'text' }]);
    assert.ok(rows.length >= 1 && rows.length <= 10);
    const times = rows.map((one) => one.created_at);
    assert.deepEqual(times, [...times].sort(), 'the oldest first');
    ok(await U.put(`/inventory/${id}/cancel`), 200);
});
