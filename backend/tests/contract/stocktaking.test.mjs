// Section 4, and 12.16.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { list, listRules, logged, makeDocument, makeMaterial, notPermitted, ok, open, approve, people, refused, shape, stockUp } from './contract.mjs';

const place = await open();
after(place.end);
const P = await people(place), { M, U } = P;
const TASK = { id: 'id', task_code: 'text', task_name: 'text', status: ['draft', 'in_progress', 'completed', 'cancelled'], start_date: 'day?', end_date: 'day?', creator_id: 'id',
    completed_by: 'id?', completed_at: 'time?', remark: 'text?', created_at: 'time', updated_at: 'time', creator_name: 'text', completed_by_name: 'text?' };
const ITEM = { id: 'id', task_id: 'id', material_id: 'id', book_stock: 'number', actual_stock: 'number?', difference: 'number?', difference_type: ['surplus', 'shortage', 'normal', null],
    remark: 'text?', created_at: 'time', updated_at: 'time', material_code: 'text', material_name: 'text', unit: 'text', category: ['chemical', 'metal'] };
const SUMMARY = { totalItems: 'count', surplusCount: 'count', shortageCount: 'count', normalCount: 'count', totalSurplus: 'number', totalShortage: 'number' };

async function stocked(...quantities) {
    const rows = [];
    for (const quantity of quantities) {
        const row = await makeMaterial(M);
        if (quantity)
            await stockUp(P, row.id, quantity);
        rows.push(row);
    }
    return rows;
}
async function make(rows, more) {
    const data = ok(await M.post('/stocktaking', { taskName: '合同盘点', materialIds: rows.map(({ id }) => id), ...more }), 201, '盘点任务创建成功');
    return shape(data, { id: 'id', taskCode: 'text' });
}
const task = async (id) => shape(ok(await M.get(`/stocktaking/${id}`), 200), { ...TASK, items: [ITEM] });
const enter = (id, item, actualStock, more) => M.put(`/stocktaking/${id}/items/${item.id}`, { actualStock, ...more });
const complete = (id, updateStock = true) => M.put(`/stocktaking/${id}/complete`, { updateStock });
const stock = async (row) => ok(await M.get(`/materials/${row.id}`), 200).current_stock;

test('POST /stocktaking, GET /stocktaking, GET /stocktaking/:id', async () => {
    const rows = await stocked(5, 0);
    const { id, taskCode } = await make(rows, { startDate: '2026-11-01', endDate: '2026-11-30', remark: '备注' });
    assert.match(taskCode, /^ST/);
    const made = await task(id);
    assert.deepEqual([made.task_code, made.task_name, made.status, made.start_date, made.end_date, made.remark, made.creator_id, made.creator_name],
        [taskCode, '合同盘点', 'draft', '2026-11-01', '2026-11-30', '备注', M.id, M.realName]);
    assert.deepEqual(made.items.map((item) => [item.book_stock, item.actual_stock, item.difference, item.difference_type]).sort(), [[0, null, null, null], [5, null, null, null]]);
    const timed = await make(rows, { startDate: '2026-11-01 08:00:00', endDate: '2026-11-30T18:00:00' });
    const { start_date, end_date } = await task(timed.id);
    assert.deepEqual([start_date, end_date], ['2026-11-01', '2026-11-30'], 'days with a time');
    ok(await M.put(`/stocktaking/${timed.id}/cancel`), 200);
    const row = { ...TASK, item_count: 'count', completed_count: 'count' };
    await listRules(M, '/stocktaking', row, 10);
    const mine = list(await M.get('/stocktaking?status=draft&pageSize=100'), { ...row, status: ['draft'] }).find((one) => one.id === id);
    assert.deepEqual([mine.item_count, mine.completed_count], [2, 0]);
    assert.ok(!list(await U.get('/stocktaking'), row).some((one) => one.id === id), 'others see their own only');
    refused(await U.get(`/stocktaking/${id}`), 403, '无权查看此盘点任务');
    refused(await M.get('/stocktaking/987654321'), 404, '盘点任务不存在');
    refused(await M.post('/stocktaking', { materialIds: [rows[0].id] }), 400, '任务名称为必填项');
    refused(await M.post('/stocktaking', { taskName: 'x' }), 400, '请至少选择一个物料');
    for (const materialIds of [[], null, '', 'abc', 5, true, {}, { a: rows[0].id }])
        refused(await M.post('/stocktaking', { taskName: 'x', materialIds }), 400, '请至少选择一个物料');
    const texts = await make(rows.map((one) => ({ id: String(one.id) })));
    assert.equal((await task(texts.id)).items.length, 2, 'ids as texts');
    ok(await M.put(`/stocktaking/${texts.id}/cancel`), 200);
    notPermitted(await U.post('/stocktaking', { taskName: 'x', materialIds: [rows[0].id] }));
    await logged(place, { module: 'stocktaking', action: 'create', userId: M.id });
    ok(await M.put(`/stocktaking/${id}/cancel`), 200);
});

test('PUT /stocktaking/:id/items/:itemId', async () => {
    const { id } = await make(await stocked(5, 7, 3));
    const { items } = await task(id);
    const of = (book) => items.find((item) => item.book_stock === book);
    const saved = shape(ok(await enter(id, of(5), 6.5, { remark: '多了' }), 200, '盘点明细更新成功'), { id: 'id', actualStock: 'number', difference: 'number', differenceType: ['surplus'] });
    assert.deepEqual([saved.id, saved.actualStock, saved.difference], [of(5).id, 6.5, 1.5]);
    assert.equal((await task(id)).status, 'in_progress', 'the first entry begins it');
    assert.equal(ok(await enter(id, of(7), 6), 200).differenceType, 'shortage');
    assert.equal(ok(await enter(id, of(3), 3), 200).differenceType, 'normal');
    refused(await enter(id, of(5)), 400, '实际数量为必填项');
    refused(await enter(id, { id: 987654321 }, 1), 404, '盘点明细不存在');
    notPermitted(await U.put(`/stocktaking/${id}/items/${of(5).id}`, { actualStock: 1 }));
    ok(await M.put(`/stocktaking/${id}/cancel`), 200, '盘点任务已取消');
    refused(await enter(id, of(5), 1), 400, '该盘点任务已结束，无法修改');
});

test('PUT /stocktaking/:id/complete', async () => {
    const rows = await stocked(10, 10);
    const { id } = await make(rows);
    const { items: [a, b] } = await task(id);
    ok(await enter(id, a, 12), 200);
    refused(await complete(id), 400, '还有 1 个物料未录入实际数量，无法完成盘点');
    ok(await enter(id, b, 7), 200);
    notPermitted(await U.put(`/stocktaking/${id}/complete`, { updateStock: true }));
    const { taskId, report } = shape(ok(await complete(id), 200, '盘点任务完成'), { taskId: 'id', report: { ...SUMMARY, items: [{}] } });
    assert.deepEqual([taskId, report.totalItems, report.surplusCount, report.shortageCount, report.normalCount, report.totalSurplus, report.totalShortage, report.items.length], [id, 2, 1, 1, 0, 2, 3, 2]);
    assert.deepEqual([await stock(rows[0]), await stock(rows[1])].sort((x, y) => x - y), [7, 12]);
    const moved = ok(await M.get(`/materials/${a.material_id}/moves`), 200).list[0];
    assert.equal(moved.remark, '盘点调整: 合同盘点');
    const done = await task(id);
    assert.deepEqual([done.status, done.completed_by, done.completed_by_name], ['completed', M.id, M.realName]);
    refused(await complete(id), 400, '该盘点任务已完成');
    refused(await M.put(`/stocktaking/${id}/cancel`), 400, '已完成的盘点任务无法取消');
    const plain = await make(rows);
    for (const item of (await task(plain.id)).items)
        ok(await enter(plain.id, item, 1), 200);
    ok(await complete(plain.id, false), 200);
    assert.deepEqual([await stock(rows[0]), await stock(rows[1])].sort((x, y) => x - y), [7, 12], 'without updateStock nothing moves');
});

test('12.16 what moved since is not overwritten; a task ends once', async () => {
    const [row] = await stocked(10);
    const { id } = await make([row]);
    const { items: [item] } = await task(id);
    await stockUp(P, row.id, 5); // before
    ok(await enter(id, item, 14), 200); // one is missing
    ok(await approve(M, (await makeDocument(U, row.id, 4, { transactionType: 'out' })).id), 200); // after
    ok(await complete(id), 200);
    assert.equal(await stock(row), 10);
    refused(await complete(id), 400, '该盘点任务已完成');
    const cancelled = await make([row]);
    ok(await M.put(`/stocktaking/${cancelled.id}/cancel`), 200);
    assert.equal((await complete(cancelled.id)).status, 400);
    assert.equal(await stock(row), 10);
});

test('GET /stocktaking/:id/diff/report', async () => {
    const { id, taskCode } = await make(await stocked(10, 10, 10));
    const { items } = await task(id);
    for (const [i, actual] of [9, 14, 10].entries())
        ok(await enter(id, items[i], actual), 200);
    const data = shape(ok(await M.get(`/stocktaking/${id}/diff/report`), 200), {
        task: { id: 'id', taskCode: 'text', taskName: 'text', status: ['in_progress'], startDate: 'day?', endDate: 'day?', creatorName: 'text', completedByName: 'text?', completedAt: 'time?', createdAt: 'time' },
        summary: { ...SUMMARY, totalDifference: 'number' },
        items: [{ id: 'id', materialId: 'id', materialCode: 'text', materialName: 'text', unit: 'text', category: 'text', bookStock: 'number', actualStock: 'number?', difference: 'number?',
            differenceType: ['surplus', 'shortage', 'normal', null], remark: 'text?' }],
    });
    assert.deepEqual([data.task.id, data.task.taskCode, data.summary.totalDifference, data.items.map((item) => item.difference)], [id, taskCode, 3, [4, -1, 0]]);
    refused(await U.get(`/stocktaking/${id}/diff/report`), 403, '无权查看此盘点任务');
    refused(await M.get('/stocktaking/987654321/diff/report'), 404, '盘点任务不存在');
    ok(await M.put(`/stocktaking/${id}/cancel`), 200);
});
