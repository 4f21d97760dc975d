// The operation log as the administrator reads it: filters, days of the company, statistics.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accepted, approve, faulty, forbidden, makeDocument, makeMaterial, makeUser, receiptOf, reject, start } from './harness.mjs';
import { raw } from './raw.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager');
let material, document;
const logs = async (query = '') => accepted(await admin.get(`/api/operation-logs?${query}`), 200);

before(async () => {
    material = await makeMaterial(M, { materialName: '日志物料' });
    accepted(await M.put(`/api/materials/${material.id}`, { location: 'A-1' }), 200);
    document = await makeDocument(M, receiptOf(material.id, 2));
    accepted(await approve(admin, document.id), 200);
    await server.client().post('/api/auth/login', { username: 'admin', password: 'wrong-password-1' });
});

test('newest first, twenty a page, with the person and what has changed', async () => {
    const { list, total, pageSize } = await logs();
    assert.equal(pageSize, 20);
    assert.ok(total >= list.length && list.length > 0);
    assert.deepEqual(list.map((row) => row.id), list.map((row) => row.id).sort((a, b) => b - a));
    const update = list.find((row) => row.module === 'materials' && row.action === 'update');
    assert.equal(update.description, '更新物料: 日志物料');
    assert.deepEqual([update.user_id, update.username, update.real_name], [M.user.id, M.user.username, M.realName]);
    assert.deepEqual([update.resource_type, update.resource_id, update.ip_address], ['material', material.id, '127.0.0.1']);
    assert.deepEqual(JSON.parse(update.changes), { location: { old: null, new: 'A-1' } });
    assert.match(update.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.ok(update.request_id);
});

test('decisions and ends tell from which status to which', async () => {
    const row = await makeMaterial(M), gone = await makeUser(admin, 'regular_user');
    const mine = await makeDocument(M, receiptOf(row.id, 1)), other = await makeDocument(M, receiptOf(row.id, 1));
    const changes = async (module, action, id) => JSON.parse((await logs(`module=${module}&action=${action}`)).list.find((entry) => entry.resource_id === id).changes);
    accepted(await M.put(`/api/inventory/${mine.id}/cancel`), 200);
    assert.deepEqual(await changes('inventory', 'cancel', mine.id), { status: { old: 'pending', new: 'cancelled' } });
    accepted(await reject(admin, other.id), 200);
    assert.deepEqual(await changes('inventory', 'reject', other.id), { status: { old: 'pending', new: 'rejected' } });
    assert.deepEqual(await changes('inventory', 'approve', document.id), { status: { old: 'pending', new: 'approved' } });
    accepted(await M.post(`/api/materials/${row.id}/retire`), 200);
    assert.deepEqual(await changes('materials', 'update', row.id), { status: { old: 'active', new: 'retired' } });
    accepted(await admin.del(`/api/users/${gone.user.id}`), 200);
    assert.deepEqual(await changes('users', 'delete', gone.user.id), { status: { old: 'active', new: 'closed' } });
});

test('a count tells its figures, unless it is blind; a task its stage', async () => {
    const told = async (isBlind) => {
        const row = await makeMaterial(M);
        const { id } = accepted(await M.post('/api/stocktaking', { taskName: '盘点', materialIds: [row.id], isBlind }), 201);
        const [item] = accepted(await M.get(`/api/stocktaking/${id}`), 200).items;
        for (const actualStock of [5, 7.5])
            accepted(await M.put(`/api/stocktaking/${id}/items/${item.id}`, { actualStock }), 200);
        accepted(await M.put(`/api/stocktaking/${id}/cancel`), 200);
        return (await logs('module=stocktaking')).list.slice(0, 3).map((entry) => JSON.parse(entry.changes));
    };
    const [cancelled, second, first] = await told(false);
    assert.deepEqual(cancelled, { stage: { old: 'counting', new: 'cancelled' } });
    assert.deepEqual(second, { actual_stock: { old: 5, new: 7.5 }, difference: { old: 5, new: 7.5 } });
    assert.deepEqual([first.actual_stock, first.counted_by], [{ old: null, new: 5 }, { old: null, new: M.user.id }]);
    assert.deepEqual((await told(true)).slice(1), [null, null]);
});

test('a new entry is there at once', async () => {
    const before = await logs('module=materials');
    await makeMaterial(M);
    const now = await logs('module=materials');
    assert.equal(now.total, before.total + 1);
    assert.notEqual(now.list[0].id, before.list[0].id);
});

test('who asks first and is done last comes last: times follow one another as the entries do', async () => {
    const body = JSON.stringify({ username: 'admin', password: 'wrong-password-2' }), second = () => Math.floor(Date.now() / 1000);
    const { answers } = await raw(server, (socket) => {
        socket.write(`POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`);
        socket.once('data', async () => { // the request has begun
            for (const began = second(); second() <= began;)
                await new Promise((resolve) => setTimeout(resolve, 20));
            await makeMaterial(M);
            socket.write(body);
        });
    });
    assert.equal(answers[0].status, 401);
    const [early, other] = (await logs('pageSize=2')).list;
    assert.deepEqual([early.action, other.action], ['login_failed', 'create']);
    assert.ok(early.created_at >= other.created_at, `${early.created_at} stands above ${other.created_at}`);
});

test('filters', async () => {
    const inventory = await logs('module=inventory');
    assert.deepEqual(inventory.list.filter((row) => row.resource_id === document.id).map((row) => row.action), ['approve', 'create']);
    assert.ok(inventory.list.every((row) => row.module === 'inventory'));
    const created = await logs('module=inventory&action=create');
    assert.ok(created.total < inventory.total && created.list.every((row) => row.module === 'inventory' && row.action === 'create'));
    const mine = await logs(`userId=${M.user.id}&pageSize=1000`);
    assert.ok(mine.total > 0 && mine.list.every((row) => row.user_id === M.user.id));
    assert.equal((await logs('module=&action=&userId=&startDate=&endDate=')).total, (await logs()).total);
    faulty(await admin.get('/api/operation-logs?userId=x&startDate=2026-02-30&endDate=yesterday'),
        { userId: '应为正整数', startDate: '应为 YYYY-MM-DD 格式的日期', endDate: '应为 YYYY-MM-DD 格式的日期' });
});

test('days are those of the company, both included', async () => {
    const at = (text) => Date.parse(`${text}+08:00`);
    const moments = ['2020-05-31T23:59:59.999', '2020-06-01T00:00:00', '2020-06-01T23:59:59.999', '2020-06-02T00:00:00'];
    for (const [i, moment] of moments.entries())
        await server.sql(`INSERT INTO operation_log (module, action, description, created_at) VALUES ('old', 'a${i}', 'x', ${at(moment)})`);
    const actions = async (query) => (await logs(`module=old&${query}`)).list.map((row) => row.action);
    assert.deepEqual(await actions('startDate=2020-06-01&endDate=2020-06-01'), ['a2', 'a1']);
    assert.deepEqual(await actions('startDate=2020-06-01'), ['a3', 'a2', 'a1']);
    assert.deepEqual(await actions('endDate=2020-05-31'), ['a0']);
    assert.deepEqual(await actions('startDate=2020-06-02&endDate=2020-06-01'), []);
});

test('statistics', async () => {
    const { moduleStats, actionStats, userStats } = accepted(await admin.get('/api/operation-logs/stats'), 200);
    const all = (await logs('pageSize=1000')).list;
    const count = (rows, key) => rows.reduce((sum, row) => ({ ...sum, [row[key]]: (sum[row[key]] ?? 0) + 1 }), {});
    assert.deepEqual(Object.fromEntries(moduleStats.map((row) => [row.module, row.count])), count(all, 'module'));
    for (const rows of [moduleStats, actionStats, userStats])
        assert.deepEqual(rows.map((row) => row.count), rows.map((row) => row.count).sort((a, b) => b - a));
    assert.ok(actionStats.length <= 10);
    assert.deepEqual(Object.keys(userStats[0]), ['username', 'real_name', 'count']);
    const day = accepted(await admin.get('/api/operation-logs/stats?startDate=2020-06-01&endDate=2020-06-01'), 200);
    assert.deepEqual(day.moduleStats, [{ module: 'old', count: 2 }]);
    assert.deepEqual(day.actionStats, [{ action: 'a1', count: 1 }, { action: 'a2', count: 1 }]);
});

test('by days of the company, the newest first', async () => {
    const days = accepted(await admin.get('/api/operation-logs/days'), 200);
    assert.deepEqual(days.slice(-3), [{ day: '2020-06-02', count: 1 }, { day: '2020-06-01', count: 2 }, { day: '2020-05-31', count: 1 }]);
    assert.deepEqual(days.map(({ day }) => day), [...new Set(days.map(({ day }) => day))].sort().reverse());
    assert.equal(days.reduce((sum, { count }) => sum + count, 0), (await logs()).total);
    assert.deepEqual(accepted(await admin.get('/api/operation-logs/days?startDate=2020-06-01&endDate=2020-06-01'), 200), [{ day: '2020-06-01', count: 2 }]);
    assert.deepEqual(accepted(await admin.get('/api/operation-logs/days?endDate=2019-01-01'), 200), []);
    faulty(await admin.get('/api/operation-logs/days?startDate=today'), { startDate: '应为 YYYY-MM-DD 格式的日期' });
    forbidden(await M.get('/api/operation-logs/days'), 'log.read');
});
