// Counting place by place, what is found and was not in the task, counts that arrive twice, and counts that are taken back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, faulty, forbidden, getMaterial, issueOf, makeMaterial, makeUsers, post, refused, sleep, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, M2, U } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager', U: 'regular_user' });

const make = async (body) => accepted(await M.post('/api/stocktaking', { taskName: '盘点', ...body }), 201, '盘点任务创建成功').id;
const get = async (id) => accepted(await M.get(`/api/stocktaking/${id}`), 200);
const step = (id, name, body = {}) => M.put(`/api/stocktaking/${id}/${name}`, body);
const begin = async (body) => {
    const id = await make(body);
    accepted(await step(id, 'start'), 200);
    return id;
};
const count = (id, item, body, client = M) => client.put(`/api/stocktaking/${id}/items/${item.id}`, body);
const found = (id, body, client = M) => client.post(`/api/stocktaking/${id}/items`, body);
const withdraw = (id, countId, client = M) => client.put(`/api/stocktaking/${id}/withdraw`, { countId });
const entries = async (id, item) => accepted(await M.get(`/api/stocktaking/${id}/items/${item.id}/entries`), 200);
const stock = async ({ id }) => (await getMaterial(M, id)).current_stock;

let places = 0;
async function makePlace() {
    places += 1;
    const id = accepted(await M.post('/api/locations', { code: `P-${places}`, nameZh: `货架${places}`, nameEn: `Rack ${places}` }), 201).id;
    return { id, code: `P-${places}` };
}
/** A material with so much at each of the places. */
async function lying(...at) {
    const row = await makeMaterial(M, { unit: 'kg' });
    for (const [place, quantity] of at)
        await stockUp(U, M, row.id, quantity, { lines: [{ materialId: row.id, quantity, locationId: place.id }] });
    return row;
}
const CONFLICT = [409, 'version_conflict', '数据已被他人修改，请核对后重试'], NO_COUNT = [404, 'count_not_found', '没有这次录入，或它已被撤销'];
const balance = async (row, place) =>
    accepted(await M.get(`/api/materials/${row.id}/balances`), 200).filter((one) => one.location_id === place.id).reduce((sum, { quantity }) => sum + quantity, 0);

test('place by place: an item for each place where a material lies, counted and posted there', async () => {
    const [one, two] = [await makePlace(), await makePlace()];
    const both = await lying([one, 5], [two, 7]), single = await lying([two, 3]), nowhere = await lying();
    const id = await begin({ materialIds: [both.id, single.id, nowhere.id], byPlace: true });
    const task = await get(id);
    assert.equal(task.by_place, 1);
    const rows = task.items.map((item) => [item.location_code, item.material_id, item.book_stock]);
    assert.deepEqual(rows, [['MAIN', nowhere.id, 0], [one.code, both.id, 5], [two.code, both.id, 7], [two.code, single.id, 3]], 'in the order of the places');
    const [, atOne, atTwo] = task.items;
    assert.deepEqual([atOne.location_id, atOne.location_name, atOne.location_name_en, atOne.is_found, atOne.unit_decimals], [one.id, '货架1', 'Rack 1', 0, 3]);
    for (const item of task.items)
        accepted(await count(id, item, { actualStock: item === atOne ? 4 : item === atTwo ? 9 : item.book_stock }), 200);
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    assert.deepEqual([await balance(both, one), await balance(both, two), await stock(both), await stock(single)], [4, 9, 13, 3]);
    await server.verifyClean();
});

test('place by place by category: what lies nowhere is on no list; what has come since is, from the start', async () => {
    const [one, two] = [await makePlace(), await makePlace()];
    const row = await makeMaterial(M, { unit: 'kg', category: 'metal' });
    await makeMaterial(M, { unit: 'kg', category: 'metal' });
    await stockUp(U, M, row.id, 2, { lines: [{ materialId: row.id, quantity: 2, locationId: one.id }] });
    const id = await make({ scope: 'category', category: 'metal', byPlace: true }), chosen = await make({ materialIds: [row.id], byPlace: true });
    await stockUp(U, M, row.id, 6, { lines: [{ materialId: row.id, quantity: 6, locationId: two.id }] });
    for (const task of [id, chosen]) {
        assert.deepEqual((await get(task)).items.map((item) => [item.location_code, item.book_stock]), [[one.code, 2]]);
        accepted(await step(task, 'start'), 200);
        assert.deepEqual((await get(task)).items.map((item) => [item.location_code, item.book_stock]), [[one.code, 2], [two.code, 6]]);
    }
    faulty(await M.post('/api/stocktaking', { taskName: 'x', scope: 'location', locationId: one.id, byPlace: true }), { byPlace: '只盘一个库位时无须按库位分别盘点' });
    faulty(await M.post('/api/stocktaking', { taskName: 'x', materialIds: [row.id], locationId: one.id, byPlace: true }), { byPlace: null });
});

test('counted late at one place: what has come and gone there since is left out, what moved elsewhere does not matter', async () => {
    const [one, two] = [await makePlace(), await makePlace()];
    const row = await lying([one, 10], [two, 10]);
    const id = await begin({ materialIds: [row.id], byPlace: true });
    const { items: [atOne, atTwo] } = await get(id);
    await sleep(30);
    const then = Date.now();
    await sleep(30);
    await post(U, M, issueOf(row.id, 4, { lines: [{ materialId: row.id, quantity: 4, locationId: one.id }] }));
    for (const [item, actualStock] of [[atOne, 10], [atTwo, 10]])
        assert.equal(accepted(await count(id, item, { actualStock, ageMs: Date.now() - then }), 200).difference, 0);
});

test('a correction that another task has posted corrects the book of the same place only', async () => {
    const [one, two] = [await makePlace(), await makePlace()];
    const row = await lying([one, 5], [two, 5]);
    const first = await begin({ materialIds: [row.id], byPlace: true }), second = await begin({ materialIds: [row.id], byPlace: true });
    for (const id of [first, second])
        for (const item of (await get(id)).items)
            accepted(await count(id, item, { actualStock: item.location_code === one.code ? 4 : 5 }), 200);
    accepted(await step(first, 'complete', { updateStock: true }), 200);
    assert.deepEqual((await get(second)).items.map((item) => item.book_stock), [4, 5]);
    accepted(await step(second, 'complete', { updateStock: true }), 200);
    assert.deepEqual([await balance(row, one), await balance(row, two)], [4, 5], 'posted once');
});

test('found and not in the task: an item with the book quantity of that place at that moment', async () => {
    const [one, two] = [await makePlace(), await makePlace()];
    const listed = await lying([one, 5]), stranger = await lying(), known = await lying([two, 8]);
    const id = await begin({ materialIds: [listed.id], byPlace: true });
    faulty(await found(id, { materialId: stranger.id, actualStock: 1 }), { locationId: '请选择库位' });
    faulty(await found(id, { locationId: one.id, actualStock: 1 }), { materialId: '请选择物料' });
    faulty(await found(id, { materialId: stranger.id, locationId: one.id, actualStock: 1.0001 }), { actualStock: '单位 kg 最多允许3位小数' });
    refused(await found(id, { materialId: stranger.id, locationId: one.id }), 400, 'invalid_input', '实际数量为必填项');
    refused(await found(id, { materialId: 987654, locationId: one.id, actualStock: 1 }), 404, 'material_not_found', '物料不存在');
    refused(await found(id, { materialId: stranger.id, locationId: 987654, actualStock: 1 }), 404, 'location_not_found', '库位不存在');
    forbidden(await found(id, { materialId: stranger.id, locationId: one.id, actualStock: 1 }, U), 'count.write');
    const one_ = accepted(await found(id, { materialId: stranger.id, locationId: one.id, actualStock: 2.5, remark: '架下' }), 201);
    assert.deepEqual([one_.actualStock, one_.difference, one_.differenceType, one_.version], [2.5, 2.5, 'surplus', 2]);
    assert.equal(accepted(await found(id, { materialId: known.id, locationId: two.id, actualStock: 7 }), 201).difference, -1);
    assert.equal(accepted(await found(id, { materialId: known.id, locationId: one.id, actualStock: 1 }), 201).difference, 1, 'of which none should be there');
    const late = refused(await found(id, { materialId: listed.id, locationId: one.id, actualStock: 1 }), ...CONFLICT);
    assert.deepEqual([late.data.material_id, late.data.is_found, late.data.actual_stock], [listed.id, 0, null], 'on the list all along');
    const { items, item_count: all } = await get(id);
    assert.equal(all, 4);
    assert.deepEqual(items.filter((item) => item.is_found).map((item) => [item.location_code, item.material_id, item.remark]),
        [[one.code, stranger.id, '架下'], [one.code, known.id, null], [two.code, known.id, null]].sort(([a], [b]) => a.localeCompare(b)));
    accepted(await count(id, items.find((item) => !item.is_found), { actualStock: 5 }), 200);
    accepted(await step(id, 'review'), 200);
    refused(await found(id, { materialId: stranger.id, locationId: two.id, actualStock: 1 }), 400, 'task_in_review', '该盘点任务正在复核，如需更正请要求复盘');
    const report = accepted(await M.get(`/api/stocktaking/${id}/diff/report`), 200).items;
    assert.deepEqual(report.slice(0, 1).map((item) => [item.materialId, item.locationCode, item.isFound]), [[stranger.id, one.code, true]]);
    assert.equal(report.find((item) => item.materialId === listed.id).isFound, false);
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    assert.deepEqual([await balance(stranger, one), await balance(known, two), await balance(known, one)], [2.5, 7, 1]);
    refused(await found(id, { materialId: stranger.id, locationId: two.id, actualStock: 1 }), 400, 'task_ended', '该盘点任务已结束，无法修改');
    assert.ok(accepted(await admin.get('/api/operation-logs?module=stocktaking&pageSize=50'), 200).list.some(({ action }) => action === 'found'));
    await server.verifyClean();
});

test('found: at the task\'s own place, or of the whole stock; another place is refused', async () => {
    const [one, two] = [await makePlace(), await makePlace()];
    const listed = await lying([one, 5]), stranger = await lying([one, 2], [two, 3]);
    const here = await begin({ materialIds: [listed.id], locationId: one.id });
    faulty(await found(here, { materialId: stranger.id, locationId: two.id, actualStock: 1 }), { locationId: '此任务不按库位分别盘点' });
    assert.equal(accepted(await found(here, { materialId: stranger.id, locationId: one.id, actualStock: 1 }), 201).difference, -1);
    const all = await begin({ materialIds: [listed.id] });
    faulty(await found(all, { materialId: stranger.id, locationId: two.id, actualStock: 1 }), { locationId: null });
    assert.equal(accepted(await found(all, { materialId: stranger.id, actualStock: 6 }), 201).difference, 1);
    assert.deepEqual((await get(all)).items.map((item) => item.location_id), [null, null]);
});

test('found late, without a network: the book is that of the moment when it was found', async () => {
    const [one] = [await makePlace()];
    const listed = await lying([one, 1]), row = await lying([one, 6]);
    const id = await begin({ materialIds: [listed.id], byPlace: true });
    await sleep(30);
    const then = Date.now();
    await sleep(30);
    await post(U, M, issueOf(row.id, 2, { lines: [{ materialId: row.id, quantity: 2, locationId: one.id }] }));
    assert.equal(accepted(await found(id, { materialId: row.id, locationId: one.id, actualStock: 6, ageMs: Date.now() - then }), 201).difference, 0);
});

test('found in a blind task: nobody is told what the book says', async () => {
    const one = await makePlace();
    const listed = await lying([one, 1]), row = await lying([one, 4711.125]);
    const id = await begin({ materialIds: [listed.id], byPlace: true, isBlind: true });
    const made = await found(id, { materialId: row.id, locationId: one.id, actualStock: 4700, countId: 'blind-1' });
    assert.deepEqual([accepted(made, 201).difference, made.body.data.differenceType], [null, null]);
    for (const answer of [made, await M.get(`/api/stocktaking/${id}`), await found(id, { materialId: row.id, locationId: one.id, actualStock: 1 }),
        await found(id, { materialId: row.id, locationId: one.id, actualStock: 4700, countId: 'blind-1' }), await admin.get('/api/operation-logs?module=stocktaking')])
        assert.doesNotMatch(answer.text, /\b4711\b|\b11\.125\b/); // whole numbers: an id of a request may hold any digits
});

test('two who find the same at the same time: one item, and the second sees the first', async () => {
    const one = await makePlace();
    const listed = await lying([one, 1]), row = await lying();
    const id = await begin({ materialIds: [listed.id], byPlace: true });
    const answers = await Promise.all([M, M2, M, M2].map((client, i) => found(id, { materialId: row.id, locationId: one.id, actualStock: i + 1, countId: `race-${i}` }, client)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409]);
    const { items } = await get(id);
    const mine = items.filter((item) => item.material_id === row.id);
    assert.equal(mine.length, 1);
    assert.deepEqual((await entries(id, mine[0])).length, 1);
    for (const { status, body } of answers)
        if (status === 409) assert.deepEqual([body.data.id, body.data.is_found], [mine[0].id, 1]);
});

test('a count that arrives again is known by its id, whatever has happened since', async () => {
    const one = await makePlace();
    const row = await lying([one, 5]), stranger = await lying();
    const id = await begin({ materialIds: [row.id], byPlace: true });
    const { items: [item] } = await get(id);
    const first = accepted(await count(id, item, { actualStock: 4, version: 1, countId: 'c-1' }), 200);
    assert.deepEqual(accepted(await count(id, item, { actualStock: 4, version: 1, countId: 'c-1', ageMs: 5000 }), 200), first);
    accepted(await count(id, item, { actualStock: 6, version: 2 }, M2), 200);
    assert.deepEqual(accepted(await count(id, item, { actualStock: 4, version: 1, countId: 'c-1' }), 200), first, 'told as it was answered');
    assert.deepEqual((await entries(id, item)).map((entry) => entry.actual_stock), [4, 6]);
    assert.equal((await get(id)).items[0].actual_stock, 6);
    accepted(await count(id, item, { actualStock: 7, countId: 'c-1' }, M2), 200);
    assert.equal((await entries(id, item)).length, 3, 'an id is its maker\'s own');
    const added = accepted(await found(id, { materialId: stranger.id, locationId: one.id, actualStock: 1, countId: 'f-1' }), 201);
    assert.deepEqual(accepted(await found(id, { materialId: stranger.id, locationId: one.id, actualStock: 1, countId: 'f-1' }), 201), added);
    faulty(await count(id, item, { actualStock: 1, countId: 'f-1' }), { countId: '已用于另一次录入' });
    faulty(await count(id, item, { actualStock: 1, countId: 'x'.repeat(65) }), { countId: null });
    accepted(await step(id, 'review'), 200);
    assert.deepEqual(accepted(await count(id, item, { actualStock: 4, version: 1, countId: 'c-1' }), 200), first, 'in review, too');
});

test('taken back: the item is as it was before, and both stay in the history', async () => {
    const row = await lying(), other = await lying();
    const id = await begin({ materialIds: [row.id, other.id] });
    const { items: [item] } = await get(id);
    accepted(await count(id, item, { actualStock: 40, countId: 'w-1' }), 200);
    assert.deepEqual(accepted(await withdraw(id, 'w-1'), 200, '已撤销'), { id: item.id, actualStock: null, version: 3 });
    assert.deepEqual(accepted(await withdraw(id, 'w-1'), 200), { id: item.id, actualStock: null, version: 3 }, 'taken back once');
    const now = await get(id);
    assert.deepEqual([now.completed_count, now.items[0].actual_stock, now.items[0].counted_by], [0, null, null]);
    accepted(await count(id, item, { actualStock: 4, version: 3, countId: 'w-2' }), 200);
    accepted(await count(id, item, { actualStock: 5, version: 4, countId: 'w-3' }, M2), 200);
    const late = refused(await withdraw(id, 'w-2'), ...CONFLICT);
    assert.equal(late.data.actual_stock, 5);
    refused(await withdraw(id, 'w-3'), ...NO_COUNT);
    assert.equal(accepted(await withdraw(id, 'w-3', M2), 200).actualStock, 4, 'what was counted before stands again');
    assert.deepEqual([(await get(id)).items[0].counted_by_name, (await get(id)).items[0].version], [M.realName, 6]);
    const all = await entries(id, item);
    assert.deepEqual(all.map((entry) => [entry.actual_stock, entry.withdrawn_at !== null]), [[40, true], [4, false], [5, true]]);
    forbidden(await withdraw(id, 'w-2', U), 'count.write');
    faulty(await M.put(`/api/stocktaking/${id}/withdraw`, {}), { countId: '请指明要撤销的录入' });
});

test('taken back: what was found goes; a recount that was wanted is wanted again; in review nothing is', async () => {
    const row = await lying(), stranger = await lying();
    const id = await begin({ materialIds: [row.id] });
    accepted(await found(id, { materialId: stranger.id, actualStock: 2, countId: 'g-1' }), 201);
    assert.deepEqual(accepted(await withdraw(id, 'g-1'), 200).version, null);
    assert.equal((await get(id)).items.length, 1);
    refused(await withdraw(id, 'g-1'), ...NO_COUNT);
    const { items: [item] } = await get(id);
    accepted(await count(id, item, { actualStock: 2, countId: 'g-2' }), 200);
    accepted(await step(id, `items/${item.id}/recount`), 200);
    refused(await withdraw(id, 'g-2'), ...CONFLICT);
    accepted(await count(id, item, { actualStock: 3, countId: 'g-3' }, M2), 200);
    accepted(await withdraw(id, 'g-3', M2), 200);
    const [back] = (await get(id)).items;
    assert.deepEqual([back.actual_stock, back.wants_recount], [2, 1]);
    refused(await count(id, item, { actualStock: 2 }), 400, 'recount_by_another', '复盘须由另一人进行');
    accepted(await count(id, item, { actualStock: 2, countId: 'g-4' }, M2), 200);
    accepted(await step(id, 'review'), 200);
    refused(await withdraw(id, 'g-4', M2), 400, 'task_in_review', '该盘点任务正在复核，如需更正请要求复盘');
});
