// Counting as it is done: what is counted, blind, in review, again by another person, with reasons, and at one place only.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, faulty, forbidden, getMaterial, issueOf, makeMaterial, makeUser, makeUsers, post, raw, receiptOf, refused, sleep, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, M2, U } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager', U: 'regular_user' });
const ENDED = [400, 'task_ended', '该盘点任务已结束，无法修改'];

const make = async (body) => accepted(await M.post('/api/stocktaking', { taskName: '盘点', ...body }), 201, '盘点任务创建成功').id;
const get = async (id, client = M) => accepted(await client.get(`/api/stocktaking/${id}`), 200);
const report = async (id, query = '') => accepted(await M.get(`/api/stocktaking/${id}/diff/report${query}`), 200);
const count = (id, item, actualStock, more = {}, client = M) => client.put(`/api/stocktaking/${id}/items/${item.id}`, { actualStock, ...more });
const step = (id, name, body, client = M) => client.put(`/api/stocktaking/${id}/${name}`, body);
const recount = (id, item, body, client = M) => step(id, `items/${item.id}/recount`, body, client);
const stock = async ({ id }) => (await getMaterial(M, id)).current_stock;
const ids = (rows) => rows.map(({ id }) => id);

async function stocked(quantity, more = {}, price) {
    const row = await makeMaterial(M, { unit: 'kg', ...more });
    if (quantity)
        await stockUp(U, M, row.id, quantity, price === undefined ? {} : { unitPrice: price });
    return row;
}
async function makeLocation() {
    makeLocation.n = (makeLocation.n ?? 0) + 1;
    return accepted(await M.post('/api/locations', { code: `C-${makeLocation.n}`, nameZh: `盘点库位${makeLocation.n}` }), 201).id;
}

test('by selection, category, location, all: what is counted, and what is left out', async () => {
    const place = await makeLocation();
    const chemical = await stocked(3), metal = await stocked(4, { category: 'metal', unit: '根' });
    const retired = await stocked(0, { category: 'metal' });
    accepted(await M.post(`/api/materials/${retired.id}/retire`), 200);
    await stockUp(U, M, metal.id, 2, { lines: [{ materialId: metal.id, quantity: 2, locationId: place }] });
    const materialsOf = async (id) => (await get(id)).items.map((item) => item.material_id);

    const byCategory = await make({ scope: 'category', category: 'metal' });
    const found = await materialsOf(byCategory);
    assert.ok(found.includes(metal.id) && !found.includes(chemical.id) && !found.includes(retired.id));
    const all = await materialsOf(await make({ scope: 'all' }));
    assert.ok(all.includes(metal.id) && all.includes(chemical.id) && !all.includes(retired.id));
    const here = await get(await make({ scope: 'location', locationId: place }));
    assert.deepEqual(here.items.map((item) => [item.material_id, item.book_stock]), [[metal.id, 2]], 'the quantity at that place');
    assert.deepEqual([here.scope, here.location_id, here.location_code, here.stage, here.is_blind], ['location', place, 'C-1', 'draft', 0]);
    const both = await get(await make({ materialIds: [metal.id, chemical.id], locationId: place }));
    assert.deepEqual(both.items.map((item) => item.book_stock).sort(), [0, 2]);

    const ask = (body) => M.post('/api/stocktaking', { taskName: 'x', ...body });
    faulty(await ask({ scope: 'category' }), { category: '请选择要盘点的类别' });
    faulty(await ask({ scope: 'location' }), { locationId: '请选择要盘点的库位' });
    faulty(await ask({ scope: 'all', locationId: place }), { locationId: '按类别或全部盘点时不能指定库位' });
    faulty(await ask({ scope: 'some' }), { scope: null });
    faulty(await ask({ scope: 'all', reasonPercent: 1001 }), { reasonPercent: null });
    refused(await ask({ scope: 'location', locationId: 987654 }), 404, 'location_not_found', '库位不存在');
    refused(await ask({ scope: 'location', locationId: await makeLocation() }), 400, 'count_scope_empty', '该范围内没有可盘点的物料');
    forbidden(await U.post('/api/stocktaking', { taskName: 'x', scope: 'all' }), 'count.write');
});

test('a scope with more than a task may hold is refused, and leaves no task', async () => {
    const before = accepted(await M.get('/api/stocktaking'), 200).total;
    const first = 1_000_000;
    await server.database.sql(`INSERT INTO materials (id, material_code, code_fold, material_name, name_fold, category, unit_id, created_by, created_at, updated_at)
        SELECT ${first} + i, 'BULK-' || i, 'bulk-' || i, '批量', '批量', 'metal', (SELECT MIN(id) FROM units), 1, 1, 1
        FROM (WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n) AS numbers`);
    try {
        const answer = await M.post('/api/stocktaking', { taskName: 'x', scope: 'category', category: 'metal' });
        assert.deepEqual([answer.status, answer.body.code], [400, 'count_scope_too_large'], answer.text);
        assert.match(answer.body.message, /^该范围内有 50\d\d 个物料，一次盘点最多 5000 个/);
        assert.equal(accepted(await M.get('/api/stocktaking'), 200).total, before);
    } finally {
        await server.database.sql(`DELETE FROM materials WHERE id >= ${first}`);
    }
});

test('draft, counting, review, completed: each step once, and in its order', async () => {
    const a = await stocked(5);
    const place = await makeLocation();
    const id = await make({ materialIds: [a.id] });
    refused(await step(id, 'review'), 400, 'task_not_started', '该盘点任务尚未开始');
    await stockUp(U, M, a.id, 2);
    assert.equal((await get(id)).items[0].book_stock, 5);
    accepted(await step(id, 'start'), 200, '盘点已开始');
    const begun = await get(id);
    assert.deepEqual([begun.status, begun.stage, begun.items[0].book_stock], ['in_progress', 'counting', 7], 'book quantities are taken at the start');
    refused(await step(id, 'start'), 400, 'task_started', '该盘点任务已开始');
    refused(await step(id, 'review'), 400, 'task_uncounted', '还有 1 个物料未录入实际数量，无法完成盘点');
    accepted(await count(id, begun.items[0], 6), 200);
    accepted(await step(id, 'review'), 200, '盘点任务已提交复核');
    const review = await get(id);
    assert.deepEqual([review.status, review.stage], ['in_progress', 'review'], 'older clients know no review');
    refused(await step(id, 'review'), 400, 'task_in_review', '该盘点任务正在复核，如需更正请要求复盘');
    refused(await count(id, begun.items[0], 7), 400, 'task_in_review', '该盘点任务正在复核，如需更正请要求复盘');
    accepted(await step(id, 'complete', { updateStock: true }), 200, '盘点任务完成');
    assert.deepEqual([(await get(id)).status, (await get(id)).stage, await stock(a)], ['completed', 'completed', 6]);
    refused(await step(id, 'complete', { updateStock: true }), 400, 'task_completed', '该盘点任务已完成');
    for (const name of ['start', 'review'])
        refused(await step(id, name), ...ENDED);
    refused(await recount(id, begun.items[0]), ...ENDED);
    refused(await step(id, `items/${begun.items[0].id}/reason`, { reason: 'x' }), ...ENDED);
    assert.equal(await stock(a), 6, 'posted once');

    const scoped = await make({ scope: 'location', locationId: await (async () => {
        await stockUp(U, M, a.id, 1, { lines: [{ materialId: a.id, quantity: 1, locationId: place }] });
        return place;
    })() });
    const late = await stocked(0);
    await stockUp(U, M, late.id, 3, { lines: [{ materialId: late.id, quantity: 3, locationId: place }] });
    assert.equal((await get(scoped)).items.length, 1);
    accepted(await step(scoped, 'start'), 200);
    assert.deepEqual((await get(scoped)).items.map((item) => item.book_stock).sort(), [1, 3], 'and what has come into its scope');
    accepted(await step(scoped, 'cancel'), 200);
    refused(await step(scoped, 'start'), ...ENDED);
    const actions = accepted(await admin.get('/api/operation-logs?module=stocktaking&pageSize=50'), 200).list.map((row) => row.action);
    for (const action of ['create', 'start', 'update', 'review', 'complete', 'cancel'])
        assert.ok(actions.includes(action), action);
});

/** Every number and text in an answer. */
function leaves(value) {
    return value && typeof value === 'object' ? Object.values(value).flatMap(leaves) : [value];
}

test('blind: while it is counted, no answer tells the book quantity or what follows from it, to anybody', async () => {
    const BOOK = 4711.125, COUNTED = 4700.5, DIFFERENCE = -10.625;
    const row = await stocked(BOOK, {}, 3.17), other = await stocked(8);
    const id = await make({ materialIds: [row.id, other.id], isBlind: true, reasonPercent: 0 });
    const secrets = [BOOK, DIFFERENCE, -DIFFERENCE, 'shortage', 'surplus', 'normal'];
    const told = [];
    const look = (answer) => {
        told.push(answer);
        const seen = leaves(answer.body).filter((leaf) => secrets.includes(leaf));
        assert.deepEqual(seen, [], answer.text);
        assert.doesNotMatch(answer.text, /\b4711\b|\b10\.625\b/); // whole numbers: an id of a request may hold any digits
        return answer.body.data;
    };
    const lookAround = async (client) => {
        look(await client.get(`/api/stocktaking/${id}`));
        look(await client.get(`/api/stocktaking/${id}/diff/report?sort=value`));
        look(await client.get('/api/stocktaking'));
        for (const item of (await get(id)).items)
            look(await client.get(`/api/stocktaking/${id}/items/${item.id}/entries`));
    };
    await lookAround(M);
    accepted(await step(id, 'start'), 200);
    const items = look(await M.get(`/api/stocktaking/${id}`)).items;
    const mine = items.find((item) => item.material_id === row.id), its = items.find((item) => item.material_id === other.id);
    assert.equal(mine.book_stock, null);
    const counted = look(await count(id, mine, COUNTED, { version: mine.version }));
    assert.deepEqual([counted.actualStock, counted.difference, counted.differenceType], [COUNTED, null, null]);
    const late = await count(id, mine, 1, { version: mine.version }, M2);
    assert.equal(late.status, 409);
    look(late);
    for (const client of [M, M2, admin])
        await lookAround(client);
    const { summary } = look(await M.get(`/api/stocktaking/${id}/diff/report`));
    assert.deepEqual(summary, { totalItems: 2, surplusCount: null, shortageCount: null, normalCount: null, totalSurplus: null, totalShortage: null,
        totalDifference: null, surplusValue: null, shortageValue: null, differenceValue: null });
    look(await step(id, 'complete', { updateStock: true }));
    look(await count(id, its, 8));
    const early = await step(id, 'complete', { updateStock: true });
    look(early);
    refused(early, 400, 'task_not_reviewed', '盲盘任务须先提交复核，再完成');
    assert.ok(told.length > 12);

    // In review all is told; asking for a recount hides it again, the first count as well.
    accepted(await step(id, 'review'), 200);
    const shown = (await get(id)).items.find((item) => item.id === mine.id);
    assert.deepEqual([shown.book_stock, shown.actual_stock, shown.difference], [BOOK, COUNTED, DIFFERENCE]);
    accepted(await recount(id, mine, { reason: '差异较大' }), 200, '已要求复盘');
    await lookAround(M2);
    const hidden = (await get(id, M2)).items.find((item) => item.id === mine.id);
    assert.deepEqual([hidden.book_stock, hidden.actual_stock, hidden.wants_recount, (await get(id)).stage], [null, null, 1, 'counting']);
    assert.ok(!(await M2.get(`/api/stocktaking/${id}/items/${mine.id}/entries`)).text.includes('4700.5'));
    refused(await count(id, mine, COUNTED), 400, 'recount_by_another', '复盘须由另一人进行');
    refused(await step(id, 'review'), 400, 'task_recount_open', '还有 1 个物料等待复盘');
    accepted(await count(id, mine, 4711, {}, M2), 200);
    accepted(await step(id, 'review'), 200);
    const entries = accepted(await M.get(`/api/stocktaking/${id}/items/${mine.id}/entries`), 200);
    assert.deepEqual(entries.map((entry) => [entry.actual_stock, entry.book_stock, entry.counted_by_name]), [[COUNTED, BOOK, M.realName], [4711, BOOK, M2.realName]]);
    const answer = await step(id, 'complete', { updateStock: true });
    refused(answer, 400, 'reason_required', '还有 1 个物料的差异超过限额，请先填写原因');
    assert.deepEqual(answer.body.items, [{ id: mine.id, material_code: row.material_code }]);
    accepted(await step(id, `items/${mine.id}/reason`, { reason: '称重误差' }), 200, '差异原因已保存');
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    assert.equal(await stock(row), 4711);
    await server.verifyClean();
});

test('a recount is for what was counted, by another person; its correction replaces the first', async () => {
    const row = await stocked(10);
    const id = await make({ materialIds: [row.id] });
    const { items: [item] } = await get(id);
    refused(await recount(id, item), 400, 'item_uncounted', '该物料尚未盘点');
    accepted(await count(id, item, 7), 200);
    accepted(await count(id, item, 8), 200); // correcting oneself is no recount
    accepted(await recount(id, item), 200);
    refused(await step(id, 'complete', { updateStock: true }), 400, 'task_recount_open', '还有 1 个物料等待复盘');
    refused(await count(id, item, 8), 400, 'recount_by_another', '复盘须由另一人进行');
    await post(U, M, issueOf(row.id, 4)); // between the counts: 6 on the books
    assert.deepEqual(accepted(await count(id, item, 5, {}, M2), 200).difference, -1);
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    assert.equal(await stock(row), 5);
    forbidden(await recount(id, item, {}, U), 'count.write');
});

test('reasons: from which difference, of quantity or of value; by the company, or by the task', async () => {
    const row = await stocked(100, {}, 50), cheap = await stocked(100, {}, 0.01);
    const complete = (id) => step(id, 'complete', { updateStock: false });
    const counted = async (body, actual, material = row) => {
        const id = await make({ materialIds: [material.id], ...body });
        const { items: [item] } = await get(id);
        accepted(await count(id, item, actual), 200);
        return { id, item };
    };
    const needs = async (body, actual, material) => {
        const { id } = await counted(body, actual, material);
        const told = (await report(id)).items[0].needsReason;
        const { status } = await complete(id);
        assert.equal(status, told ? 400 : 200);
        return told;
    };
    assert.equal(await needs({}, 1), false, 'without a threshold never');
    assert.deepEqual([await needs({ reasonPercent: 5 }, 95), await needs({ reasonPercent: 5 }, 94.999), await needs({ reasonPercent: 5 }, 105.001)], [false, true, true]);
    assert.deepEqual([await needs({ reasonPercent: 0 }, 100), await needs({ reasonPercent: 0 }, 100.001)], [false, true]);
    assert.deepEqual([await needs({ reasonValue: 500 }, 90), await needs({ reasonValue: 499.99 }, 90), await needs({ reasonValue: 500 }, 1, cheap)], [false, true, false]);
    const { id, item } = await counted({ reasonPercent: 5 }, 50);
    faulty(await step(id, `items/${item.id}/reason`, {}), { reason: '请填写差异原因' });
    faulty(await step(id, `items/${item.id}/reason`, { reason: '长'.repeat(201) }), { reason: null });
    refused(await step(id, `items/${item.id}/reason`, { reason: 'x', version: 1 }), 409, 'version_conflict', '数据已被他人修改，请核对后重试');
    accepted(await count(id, item, 50, { reason: '运输损耗' }), 200);
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    const move = accepted(await M.get(`/api/materials/${row.id}/moves`), 200).list[0];
    assert.deepEqual([move.quantity_change, move.purpose], [-50, 'count']);

    for (const value of ['-1', '1001', '1.5', 'x', ''])
        assert.equal((await admin.put('/api/settings/counting.reason_percent', { value })).status, 400, value);
    for (const value of ['-1', '1.005', 'x', '99999999999'])
        assert.equal((await admin.put('/api/settings/counting.reason_value', { value })).status, 400, value);
    accepted(await admin.put('/api/settings/counting.reason_percent', { value: '10' }), 200);
    try {
        assert.deepEqual([await needs({}, 45), await needs({}, 44), await needs({ reasonPercent: 50 }, 44), await needs({ reasonPercent: null }, 1)], [false, true, false, false]);
    } finally {
        accepted(await admin.put('/api/settings/counting.reason_percent', { value: 'none' }), 200);
    }
});

test('differences by value: exact, and in another order than by quantity', async () => {
    const gold = await stocked(10, { unit: 'g' }, 512.37), steel = await stocked(1000, {}, 0.5), free = await stocked(10);
    const id = await make({ materialIds: ids([gold, steel, free]) });
    for (const item of (await get(id)).items)
        accepted(await count(id, item, { [gold.id]: 9.999, [steel.id]: 1001, [free.id]: 30 }[item.material_id]), 200);
    const byQuantity = await report(id), byValue = await report(id, '?sort=value');
    assert.deepEqual(byQuantity.items.map((item) => item.materialId), ids([free, steel, gold]));
    assert.deepEqual(byValue.items.map((item) => [item.materialId, item.differenceValue]), [[gold.id, -0.51], [steel.id, 0.5], [free.id, 0]]);
    assert.deepEqual([byValue.summary.surplusValue, byValue.summary.shortageValue, byValue.summary.differenceValue], [0.5, 0.51, -0.01]);
    faulty(await M.get(`/api/stocktaking/${id}/diff/report?sort=name`), { sort: '应为 quantity 或 value' });
});

test('a count at one place changes that place only, with movements before, during and after', async () => {
    const place = await makeLocation();
    const row = await stocked(20); // in the main store
    const put = (quantity) => post(U, M, { transactionType: 'in', lines: [{ materialId: row.id, quantity, locationId: place }] });
    const take = (quantity) => post(U, M, { transactionType: 'out', lines: [{ materialId: row.id, quantity, locationId: place }] });
    const balances = async () => Object.fromEntries(accepted(await M.get(`/api/materials/${row.id}/balances`), 200).map((b) => [b.location_id === place ? 'place' : 'store', b.quantity]));
    await put(10);
    const id = await make({ scope: 'location', locationId: place });
    await take(3); // before its count: 7 there
    accepted(await step(id, 'start'), 200);
    await put(2); // 9
    const { items: [item] } = await get(id);
    assert.equal(accepted(await count(id, item, 8), 200).difference, -1);
    await take(4); // after its count: 5 on the books, 4 there
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    assert.deepEqual(await balances(), { store: 20, place: 4 });
    const more = await make({ materialIds: [row.id], locationId: place });
    accepted(await count(more, (await get(more)).items[0], 6), 200);
    accepted(await step(more, 'complete', { updateStock: true }), 200);
    assert.deepEqual([await balances(), await stock(row)], [{ store: 20, place: 6 }, 26]);
    await server.verifyClean();
});

test('the same material counted in two tasks at a time: its difference is posted once, whichever task ends first', async () => {
    for (const [first, second] of [[7, 7], [12, 12], [8, 7], [10, 6]]) {
        const row = await stocked(10);
        const a = await make({ materialIds: [row.id] }), b = await make({ materialIds: [row.id] });
        accepted(await count(a, (await get(a)).items[0], first), 200);
        const { version } = accepted(await count(b, (await get(b)).items[0], second), 200);
        await post(U, M, issueOf(row.id, 2)); // after both
        accepted(await step(a, 'complete', { updateStock: true }), 200);
        assert.equal(await stock(row), first - 2);
        const [line] = (await get(b)).items;
        assert.deepEqual([line.book_stock, line.difference], [first, second - first], 'corrected meanwhile');
        assert.equal(line.version, first === 10 ? version : version + 1, 'who has seen it uncorrected is told');
        accepted(await step(b, 'complete', { updateStock: true }), 200);
        assert.equal(await stock(row), second - 2);
    }
});

test('counted without a network: the difference is that of the moment when it was counted', async () => {
    const place = await makeLocation();
    const material = await makeMaterial(M, { unit: 'kg' });
    await stockUp(U, M, material.id, 10, { lines: [{ materialId: material.id, quantity: 10, locationId: place }] });
    await stockUp(U, M, material.id, 5);
    const whole = await make({ materialIds: [material.id] }), here = await make({ scope: 'location', locationId: place }), other = await make({ materialIds: [material.id] });
    const item = async (id) => (await get(id)).items.find((one) => one.material_id === material.id);
    const items = [await item(whole), await item(here)];
    await sleep(30); // both are counted here: 14 in all, 9 at the place
    const counted = Date.now();
    await sleep(30);
    await stockUp(U, M, material.id, 2, { lines: [{ materialId: material.id, quantity: 2, locationId: place }] });
    await post(U, M, issueOf(material.id, 4, { lines: [{ materialId: material.id, quantity: 4, locationId: place }] }));
    accepted(await count(whole, items[0], 14, { ageMs: Date.now() - counted }), 200);
    accepted(await count(here, items[1], 9, { ageMs: Date.now() - counted }), 200);
    assert.deepEqual([await item(whole), await item(here)].map((one) => [one.book_stock, one.difference]), [[15, -1], [10, -1]]);
    const [entry] = accepted(await M.get(`/api/stocktaking/${whole}/items/${items[0].id}/entries`), 200);
    assert.equal(entry.book_stock, 15);
    assert.ok(Math.abs(Date.parse(`${entry.counted_at.replace(' ', 'T')}Z`) - counted) < 2000, entry.counted_at);

    // Somebody else finds the same and posts it, before the next one's count arrives: it is not posted twice.
    const again = await make({ materialIds: [material.id] }), line = (await get(again)).items[0], mine = Date.now();
    await sleep(30);
    accepted(await count(other, await item(other), 12), 200);
    accepted(await step(other, 'complete', { updateStock: true, reason: 'x' }), 200);
    assert.equal(await stock(material), 12);
    accepted(await count(again, line, 12, { ageMs: Date.now() - mine }), 200);
    assert.deepEqual([(await item(again)).book_stock, (await item(again)).difference], [12, 0]);
    // Older than the task: as if it had been counted when the task began.
    accepted(await count(again, line, 12, { ageMs: 20 * 86_400_000 }), 200);
    assert.equal((await item(again)).book_stock, 12);
    faulty(await count(again, line, 12, { ageMs: 31 * 86_400_000 }), { ageMs: null });
    faulty(await count(again, line, 12, { ageMs: -1 }), { ageMs: null });
    await server.verifyClean();
});

test('how long ago it was counted is from when the count was sent, however long it waits for its turn', async () => {
    const material = await stocked(10), id = await make({ materialIds: [material.id] }), [item] = (await get(id)).items;
    const body = JSON.stringify({ actualStock: 10, ageMs: 1 });
    await sleep(30);
    const { answers } = await raw(server, (socket) => {
        socket.write(`PUT /api/stocktaking/${id}/items/${item.id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${M.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
        socket.once('data', async () => { // the request has begun
            await sleep(30);
            await post(U, M, issueOf(material.id, 3));
            socket.write(body);
        });
    });
    assert.equal(answers[0].status, 200, answers[0].body);
    const [counted] = (await get(id)).items;
    assert.deepEqual([counted.book_stock, counted.difference], [10, 0]);
});

test('a count of the whole stock and one of a place at a time', async () => {
    const place = await makeLocation(), row = await stocked(10);
    await stockUp(U, M, row.id, 5, { lines: [{ materialId: row.id, quantity: 5, locationId: place }] });
    const here = await make({ scope: 'location', locationId: place }), whole = await make({ materialIds: [row.id] });
    accepted(await count(here, (await get(here)).items[0], 4), 200);
    accepted(await count(whole, (await get(whole)).items[0], 14), 200);
    accepted(await step(here, 'complete', { updateStock: true }), 200);
    const [line] = (await get(whole)).items;
    assert.deepEqual([line.book_stock, line.difference], [14, 0]);
    accepted(await step(whole, 'complete', { updateStock: true }), 200);
    assert.equal(await stock(row), 14);
});

test('what is found of a retired material is not posted before it is restored', async () => {
    const row = await stocked(0), other = await stocked(5);
    const id = await make({ materialIds: [row.id, other.id] });
    accepted(await M.post(`/api/materials/${row.id}/retire`), 200);
    for (const item of (await get(id)).items)
        accepted(await count(id, item, 3), 200);
    refused(await step(id, 'complete', { updateStock: true }), 400, 'material_retired', `物料 ${row.material_code} 已停用，请先恢复使用`);
    assert.deepEqual([await stock(other), (await get(id)).stage], [5, 'counting'], 'nothing was posted');
    accepted(await M.post(`/api/materials/${row.id}/restore`), 200);
    accepted(await step(id, 'complete', { updateStock: true }), 200);
    assert.deepEqual([await stock(row), await stock(other)], [3, 3]);
});

test('the unit stays while a material is being counted', async () => {
    const row = await stocked(0), change = (unit) => M.put(`/api/materials/${row.id}`, { unit });
    const id = await make({ materialIds: [row.id] });
    accepted(await change('g'), 200);
    accepted(await count(id, (await get(id)).items[0], 2), 200);
    faulty(await change('kg'), { unit: '物料正在盘点，不能更改单位' });
    accepted(await step(id, 'cancel'), 200);
    accepted(await change('kg'), 200);
});

test('two who count one line at the same time: one is taken, the other sees what was entered', async () => {
    const row = await stocked(5);
    const id = await make({ materialIds: [row.id] });
    const people = [M, M2, admin, await makeUser(admin, 'inventory_manager')];
    for (let round = 1; round <= 10; round++) {
        const { items: [item] } = await get(id);
        const answers = await Promise.all(people.map((client, i) => count(id, item, round * 10 + i, { version: item.version }, client)));
        const taken = answers.filter(({ status }) => status === 200);
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409]);
        for (const answer of answers.filter(({ status }) => status === 409))
            assert.equal(answer.body.data.actual_stock, taken[0].body.data.actualStock);
        assert.equal((await get(id)).items[0].actual_stock, taken[0].body.data.actualStock);
    }
    const [{ id: item }] = (await get(id)).items;
    assert.equal(accepted(await M.get(`/api/stocktaking/${id}/items/${item}/entries`), 200).length, 10);
});

test('movements while many lines are counted and posted at once: the sums stay exact', async () => {
    const rows = [];
    for (let i = 0; i < 6; i++)
        rows.push(await stocked(1000));
    const id = await make({ materialIds: ids(rows) });
    const { items } = await get(id);
    const moving = (async () => {
        for (let i = 0; i < 60; i++)
            await post(U, M, (i % 2 ? issueOf : receiptOf)(rows[i % 6].id, 1 + (i % 5)));
    })();
    // Each line is counted as the book plus its number: that is the difference which has to be posted, whatever moves.
    const differences = {};
    for (const [i, item] of items.entries()) {
        const answer = accepted(await count(id, item, 1000 + i, {}, i % 2 ? M : M2), 200);
        differences[item.material_id] = answer.difference;
    }
    const completed = step(id, 'complete', { updateStock: true });
    await moving;
    accepted(await completed, 200);
    for (const row of rows) {
        const moves = accepted(await M.get(`/api/materials/${row.id}/moves?pageSize=1000`), 200).list;
        const posted = moves.filter((move) => move.purpose === 'count').reduce((sum, move) => sum + move.quantity_change, 0);
        assert.equal(posted, differences[row.id]);
        assert.equal(await stock(row), moves.reduce((sum, move) => sum + move.quantity_change, 0));
    }
    await server.verifyClean();
});
