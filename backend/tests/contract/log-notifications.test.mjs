// Sections 8 and 9, and 12.17.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { faults, list, listRules, logged, makeMaterial, notPermitted, ok, open, people, refused, shape, unique } from './contract.mjs';

const place = await open();
after(place.end);
const { A, M, U } = await people(place);
const LOG = { id: 'id', user_id: 'id?', module: 'text', action: 'text', resource_type: 'text?', resource_id: 'id?', description: 'text?', ip_address: 'text?', user_agent: 'text?',
    created_at: 'time', username: 'text?', real_name: 'text?' };
const ROW = { id: 'id', type: ['system', 'todo', 'announcement'], title: 'text', content: 'text?', link: 'text?', link_type: ['transaction', 'material', 'user', 'stocktaking', 'url', null],
    is_read: 'flag', created_at: 'time', read_at: 'time?' };
const day = (shift) => new Date(Date.now() + shift * 86_400_000).toISOString().slice(0, 10);

test('GET /operation-logs', async () => {
    const { materialName } = await makeMaterial(M);
    await listRules(A, '/operation-logs', LOG, 20);
    const mine = list(await A.get(`/operation-logs?module=materials&action=create&userId=${M.id}`), { ...LOG, module: ['materials'], action: ['create'], user_id: [M.id] });
    assert.deepEqual([mine[0].description, mine[0].username, mine[0].real_name], [`创建物料: ${materialName}`, M.username, M.realName]);
    assert.match(mine[0].ip_address, /^[0-9a-f.:]+$/);
    const within = `userId=${M.id}&startDate=${day(-1)}&endDate=${day(1)}`;
    assert.ok(list(await A.get(`/operation-logs?${within}`), LOG).length);
    assert.deepEqual(list(await A.get(`/operation-logs?userId=${M.id}&endDate=${day(-3)}`), LOG), []);
    assert.deepEqual(list(await A.get(`/operation-logs?userId=${M.id}&startDate=${day(3)}`), LOG), []);
    faults(await A.get('/operation-logs?startDate=yesterday'), { startDate: true });
    for (const client of [M, U]) {
        notPermitted(await client.get('/operation-logs'));
        notPermitted(await client.get('/operation-logs/stats'));
    }
});

test('GET /operation-logs/stats', async () => {
    const data = shape(ok(await A.get('/operation-logs/stats'), 200), { moduleStats: [{ module: 'text', count: 'id' }], actionStats: [{ action: 'text', count: 'id' }],
        userStats: [{ username: 'text?', real_name: 'text?', count: 'id' }] });
    for (const rows of Object.values(data)) {
        const counts = rows.map(({ count }) => count);
        assert.ok(rows.length);
        assert.deepEqual(counts, [...counts].sort((a, b) => b - a), 'most first');
    }
    assert.ok(data.actionStats.length <= 10 && data.userStats.length <= 10);
    assert.deepEqual(ok(await A.get(`/operation-logs/stats?startDate=${day(3)}`), 200), { moduleStats: [], actionStats: [], userStats: [] });
});

const send = async (more) => shape(ok(await A.post('/notifications', { type: 'announcement', title: unique('通知'), ...more }), 200, '通知创建成功'), { id: 'id' }).id;
const unread = async (client) => shape(ok(await client.get('/notifications/unread-count'), 200), { count: 'count' }).count;
const find = async (client, id) => list(await client.get('/notifications?pageSize=1000'), ROW).find((row) => row.id === id);

test('POST /notifications', async () => {
    const id = await send({ userId: U.id, title: '标题', content: '内容', link: '/materials?id=1', linkType: 'material' });
    const row = await find(U, id);
    assert.deepEqual([row.type, row.title, row.content, row.link, row.link_type, row.is_read, row.read_at], ['announcement', '标题', '内容', '/materials?id=1', 'material', 0, null]);
    assert.equal(await find(M, id), undefined);
    for (const body of [{}, { type: 'system' }, { title: 'x' }])
        refused(await A.post('/notifications', body), 400, '类型和标题为必填项');
    for (const client of [M, U])
        notPermitted(await client.post('/notifications', { type: 'system', title: 'x' }));
});

test('GET /notifications, unread-count, read, read-all', async () => {
    const ids = [await send({ userId: U.id }), await send({ userId: U.id, type: 'system' }), await send({ userId: U.id })];
    await listRules(U, '/notifications', ROW, 20);
    assert.deepEqual(list(await U.get('/notifications?type=system'), { ...ROW, type: ['system'] }).map(({ id }) => id), [ids[1]]);
    const before = await unread(U);
    ok(await U.put(`/notifications/${ids[0]}/read`), 200, '标记已读成功');
    shape(await find(U, ids[0]), { ...ROW, is_read: [1], read_at: 'time' });
    assert.equal(await unread(U), before - 1);
    assert.ok(list(await U.get('/notifications?isRead=true'), { ...ROW, is_read: [1] }).some(({ id }) => id === ids[0]));
    assert.ok(!list(await U.get('/notifications?isRead=false&pageSize=1000'), { ...ROW, is_read: [0] }).some(({ id }) => id === ids[0]));
    ok(await U.put('/notifications/read-all'), 200);
    assert.equal(await unread(U), 0);
    for (const [method, path] of [['put', '/notifications/987654321/read'], ['del', '/notifications/987654321']])
        refused(await U[method](path), 404, '通知不存在');
});

test('12.17 one to everybody is read, and deleted, by each for himself', async () => {
    const id = await send();
    ok(await U.put(`/notifications/${id}/read`), 200);
    assert.deepEqual([(await find(U, id)).is_read, (await find(M, id)).is_read], [1, 0]);
    ok(await U.del(`/notifications/${id}`), 200, '删除成功');
    assert.equal(await find(U, id), undefined);
    assert.ok(await find(M, id));
    refused(await U.del(`/notifications/${id}`), 404, '通知不存在');
    const own = await send({ userId: U.id });
    refused(await M.put(`/notifications/${own}/read`), 404, '通知不存在');
    refused(await M.del(`/notifications/${own}`), 404, '通知不存在');
    await logged(place, { module: 'notifications', action: 'create', userId: A.user.id }); // with what has been sent here
});
