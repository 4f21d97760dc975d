// Counting: the contract's words, and that what moves before, during and after a count stays as it is.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, faulty, forbidden, getMaterial, issueOf, makeMaterial, makeUsers, post, receiptOf, refused, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, M2, U } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager', U: 'regular_user' });
const NO_TASK = [404, 'task_not_found', '盘点任务不存在'];
const ENDED = [400, 'task_ended', '该盘点任务已结束，无法修改'];

async function stocked(...quantities) {
    const rows = [];
    for (const quantity of quantities) {
        const row = await makeMaterial(M, { unit: 'kg' });
        if (quantity)
            await stockUp(U, M, row.id, quantity);
        rows.push(row);
    }
    return rows;
}
const make = async (materials, more = {}) =>
    accepted(await M.post('/api/stocktaking', { taskName: '月度盘点', materialIds: materials.map(({ id }) => id), ...more }), 201, '盘点任务创建成功');
const get = async (id, client = M) => accepted(await client.get(`/api/stocktaking/${id}`), 200);
const count = (task, item, actualStock, more = {}, client = M) => client.put(`/api/stocktaking/${task}/items/${item.id}`, { actualStock, ...more });
const complete = (id, body = { updateStock: true }, client = M) => client.put(`/api/stocktaking/${id}/complete`, body);
const stock = async ({ id }) => (await getMaterial(M, id)).current_stock;

test('a task: made, listed, shown', async () => {
    const materials = await stocked(5, 0);
    const { id, taskCode } = await make(materials, { startDate: '2026-11-01', endDate: '2026-11-30', remark: '备注' });
    assert.match(taskCode, /^ST\d{8}-\d{4}$/);
    const task = await get(id);
    assert.deepEqual([task.task_code, task.task_name, task.status, task.start_date, task.end_date, task.remark, task.creator_name, task.completed_by_name],
        [taskCode, '月度盘点', 'draft', '2026-11-01', '2026-11-30', '备注', M.realName, null]);
    assert.deepEqual(task.items.map((item) => [item.material_id, item.book_stock, item.actual_stock, item.difference, item.difference_type]),
        materials.map((row, i) => [row.id, [5, 0][i], null, null, null]));
    const { list } = accepted(await M2.get('/api/stocktaking?status=draft'), 200);
    assert.deepEqual([list[0].id, list[0].item_count, list[0].completed_count], [id, 2, 0]);
    assert.deepEqual(accepted(await U.get('/api/stocktaking'), 200).list, []);
    refused(await U.get(`/api/stocktaking/${id}`), 403, 'task_not_yours', '无权查看此盘点任务');
    refused(await M.get('/api/stocktaking/999999'), ...NO_TASK);
});

test('a day may come as an instant: then it is the company\'s day', async () => {
    const rows = await stocked(1);
    for (const [instant, day] of [['2026-10-31T16:00:00.000Z', '2026-11-01'], ['2026-11-01T15:59:59Z', '2026-11-01'], ['2026-11-01T16:00:00Z', '2026-11-02'], ['2026-11-01T23:30:00', '2026-11-01']])
        assert.equal((await get((await make(rows, { startDate: instant })).id)).start_date, day, instant);
    for (const startDate of ['2026-11-01T25:00:00Z', '2026-02-30 08:00:00', '2026/11/01', '2026-11-01T', 20261101])
        faulty(await M.post('/api/stocktaking', { taskName: 'x', materialIds: [rows[0].id], startDate }), { startDate: '应为日期 YYYY-MM-DD' });
});

test('what making a task refuses', async () => {
    const [row] = await stocked(1);
    refused(await M.post('/api/stocktaking', { materialIds: [row.id] }), 400, 'invalid_input', '任务名称为必填项');
    refused(await M.post('/api/stocktaking', { taskName: 'x', materialIds: [] }), 400, 'invalid_input', '请至少选择一个物料');
    refused(await M.post('/api/stocktaking', { taskName: 'x' }), 400, 'invalid_input', '请至少选择一个物料');
    refused(await M.post('/api/stocktaking', { taskName: 'x', materialIds: [row.id, 999999] }), 404, 'material_not_found', '物料不存在');
    faulty(await M.post('/api/stocktaking', { taskName: 'x', materialIds: [row.id, 'x'] }), { materialIds: '应为物料ID的数组' });
    faulty(await M.post('/api/stocktaking', { taskName: 'x', materialIds: [row.id], startDate: '2026-02-30' }), { startDate: null });
    forbidden(await U.post('/api/stocktaking', { taskName: 'x', materialIds: [row.id] }), 'count.write');
    const twice = await get((await make([row, row])).id);
    assert.equal(twice.items.length, 1);
});

test('counting: differences, and what it refuses', async () => {
    const materials = await stocked(5, 7, 3);
    const { id } = await make(materials);
    const { items: [a, b, c] } = await get(id);
    const saved = accepted(await count(id, a, 6.5, { remark: '多了' }), 200, '盘点明细更新成功');
    assert.deepEqual(saved, { id: a.id, actualStock: 6.5, difference: 1.5, differenceType: 'surplus', version: 2 });
    assert.equal((await get(id)).status, 'in_progress');
    assert.equal(accepted(await count(id, b, '6.25'), 200).differenceType, 'shortage');
    assert.equal(accepted(await count(id, c, 3), 200).differenceType, 'normal');
    refused(await count(id, a, undefined), 400, 'invalid_input', '实际数量为必填项');
    faulty(await count(id, a, -1), { actualStock: null });
    faulty(await count(id, a, 1.0001), { actualStock: '单位 kg 最多允许3位小数' });
    refused(await count(id, { id: 999999 }, 1), 404, 'item_not_found', '盘点明细不存在');
    refused(await count(999999, a, 1), ...NO_TASK);
    const other = await make([materials[0]]);
    refused(await count(other.id, a, 1), 404, 'item_not_found', '盘点明细不存在');
    const [first] = (await get(id)).items;
    assert.deepEqual([first.actual_stock, first.remark], [6.5, '多了'], 'what was refused changed nothing');
    const remarkOf = async () => (await get(id)).items[0].remark;
    accepted(await count(id, a, 6), 200);
    assert.equal(await remarkOf(), '多了', 'a remark that is not named stays');
    accepted(await count(id, a, 6, { remark: '' }), 200);
    assert.equal(await remarkOf(), null, 'an emptied one goes');
});

test('two who count the same line: the second sees what the first has entered', async () => {
    const { id } = await make(await stocked(5));
    const { items: [item] } = await get(id);
    assert.equal(item.version, 1);
    accepted(await count(id, item, 4, { version: 1 }, M), 200);
    const late = refused(await count(id, item, 6, { version: 1 }, M2), 409, 'version_conflict', '数据已被他人修改，请核对后重试');
    assert.deepEqual([late.data.actual_stock, late.data.version], [4, 2]);
    accepted(await count(id, item, 6, { version: 2 }, M2), 200);
});

test('movements before, during and after the count survive', async () => {
    const materials = await stocked(10, 10, 10);
    const { id } = await make(materials);
    const { items: [a, b, c] } = await get(id);
    await post(U, M, issueOf(materials[0].id, 4)); // before its count: 6 on the shelf
    accepted(await count(id, a, 6), 200);
    accepted(await count(id, b, 9), 200);
    await post(U, M, issueOf(materials[1].id, 5)); // after its count
    await post(U, M, receiptOf(materials[2].id, 2)); // 12
    assert.equal(accepted(await count(id, c, 13), 200).difference, 1);
    await post(U, M, receiptOf(materials[2].id, 100));
    const { report } = accepted(await complete(id), 200, '盘点任务完成');
    assert.deepEqual([report.totalItems, report.surplusCount, report.shortageCount, report.normalCount, report.totalSurplus, report.totalShortage], [3, 1, 1, 1, 1, 1]);
    assert.deepEqual([await stock(materials[0]), await stock(materials[1]), await stock(materials[2])], [6, 4, 113]);
    const card = accepted(await M.get(`/api/materials/${materials[1].id}/moves`), 200).list[0];
    assert.deepEqual([card.purpose, card.quantity_change, card.remark], ['count', -1, '盘点调整: 月度盘点']);
    await server.verifyClean();
});

test('completing: all counted, once, and not after cancelling; without updateStock nothing moves', async () => {
    const materials = await stocked(5, 5);
    const { id } = await make(materials);
    const { items: [a, b] } = await get(id);
    accepted(await count(id, a, 1), 200);
    refused(await complete(id), 400, 'task_uncounted', '还有 1 个物料未录入实际数量，无法完成盘点');
    accepted(await count(id, b, 5), 200);
    accepted(await complete(id, { updateStock: false, remark: '只核对' }), 200);
    assert.equal(await stock(materials[0]), 5);
    const task = await get(id);
    assert.deepEqual([task.status, task.remark, task.completed_by_name], ['completed', '只核对', M.realName]);
    refused(await complete(id), 400, 'task_completed', '该盘点任务已完成');
    refused(await count(id, a, 2), ...ENDED);
    refused(await M.put(`/api/stocktaking/${id}/cancel`), 400, 'task_not_cancellable', '已完成的盘点任务无法取消');
    const other = await make(materials);
    accepted(await M.put(`/api/stocktaking/${other.id}/cancel`), 200, '盘点任务已取消');
    refused(await complete(other.id), ...ENDED);
    refused(await count(other.id, (await get(other.id)).items[0], 2), ...ENDED);
});

test('updateStock as a text means what it says', async () => {
    const [row] = await stocked(5);
    for (const [updateStock, left] of [['false', 5], ['0', 5], ['', 5], [null, 5], ['true', 4], ['1', 3]]) {
        const { id } = await make([row]);
        accepted(await count(id, (await get(id)).items[0], updateStock === '1' ? 3 : 4), 200);
        faulty(await complete(id, { updateStock: 'yes' }), { updateStock: '应为 true 或 false' });
        accepted(await complete(id, { updateStock }), 200, '盘点任务完成');
        assert.equal(await stock(row), left, JSON.stringify(updateStock));
    }
});

test('two who complete at once: posted once', async () => {
    const materials = await stocked(10);
    const { id } = await make(materials);
    accepted(await count(id, (await get(id)).items[0], 7), 200);
    const answers = await Promise.all([complete(id), complete(id, undefined, M2), complete(id, undefined, admin)]);
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 400, 400]);
    assert.equal(await stock(materials[0]), 7);
});

test('a shortage that is no longer there cannot be posted: nothing is, and the sentence says why', async () => {
    const materials = await stocked(10, 10);
    const { id } = await make(materials);
    const { items: [a, b] } = await get(id);
    accepted(await count(id, a, 2), 200); // 8 are missing
    accepted(await count(id, b, 12), 200);
    await post(U, M, issueOf(materials[0].id, 5)); // 5 are left
    const answer = await complete(id);
    assert.deepEqual([answer.status, answer.body.code], [400, 'insufficient_stock'], answer.text);
    assert.deepEqual([await stock(materials[0]), await stock(materials[1])], [5, 10]);
    assert.equal((await get(id)).status, 'in_progress');
    accepted(await count(id, a, 5), 200);
    accepted(await complete(id), 200);
    assert.deepEqual([await stock(materials[0]), await stock(materials[1])], [5, 12]);
    await server.verifyClean();
});

test('the report: the largest difference first', async () => {
    const materials = await stocked(10, 10, 10, 10);
    const { id, taskCode } = await make(materials);
    const { items } = await get(id);
    for (const [i, actual] of [9, 14, 10].entries())
        accepted(await count(id, items[i], actual), 200);
    const { task, summary, items: rows } = accepted(await M.get(`/api/stocktaking/${id}/diff/report`), 200);
    assert.deepEqual([task.id, task.taskCode, task.taskName, task.status, task.creatorName, task.completedAt], [id, taskCode, '月度盘点', 'in_progress', M.realName, null]);
    assert.deepEqual(summary, { totalItems: 4, surplusCount: 1, shortageCount: 1, normalCount: 1, totalSurplus: 4, totalShortage: 1, totalDifference: 3,
        surplusValue: 0, shortageValue: 0, differenceValue: 0 });
    assert.deepEqual(rows.map((row) => [row.materialId, row.bookStock, row.actualStock, row.difference, row.differenceType]),
        [[materials[1].id, 10, 14, 4, 'surplus'], [materials[0].id, 10, 9, -1, 'shortage'], [materials[2].id, 10, 10, 0, 'normal'], [materials[3].id, 10, null, null, null]]);
});
