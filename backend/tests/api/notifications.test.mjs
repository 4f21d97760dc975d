// Notifications: who sees what, what is read and put away by each for himself, what the program itself sends.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, approve, faulty, forbidden, issueOf, makeDocument, makeMaterial, makeUsers, post, receiptOf, refused, reject, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, M2, U, U2 } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager', U: 'regular_user', U2: 'regular_user' });
const list = async (client, query = '') => accepted(await client.get(`/api/notifications?pageSize=1000&${query}`), 200).list;
const unread = async (client) => accepted(await client.get('/api/notifications/unread-count'), 200).count;
const send = async (body) => accepted(await admin.post('/api/notifications', { type: 'announcement', title: '通知', ...body }), 200, '通知创建成功');
const titles = (rows) => rows.map((row) => row.title);

test('todos of decided documents do not pile up, whichever still wait', async () => {
    const material = await makeMaterial(M);
    const waiting = [];
    for (let i = 0; i < 20; i++)
        waiting.push((await makeDocument(U, receiptOf(material.id, 1))).id);
    for (let i = 0; i < 200; i++)
        accepted(await U.put(`/api/inventory/${(await makeDocument(U, receiptOf(material.id, 1))).id}/cancel`), 200);
    const kept = await server.value("SELECT COUNT(*) AS n FROM notifications n JOIN documents d ON d.id = n.document_id WHERE d.status <> 'pending'");
    assert.ok(kept < 60, `${kept} of 200`);
    assert.equal(await server.value("SELECT COUNT(*) AS n FROM notifications n JOIN documents d ON d.id = n.document_id WHERE d.status = 'pending'"), waiting.length);
    for (const id of waiting)
        accepted(await U.put(`/api/inventory/${id}/cancel`), 200);
});

test('a document that waits is a todo of all who approve, until it is decided', async () => {
    const material = await makeMaterial(M, { materialName: '高纯氢', unit: 'kg' });
    const before = await list(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 2.5));
    for (const client of [admin, M, M2]) {
        const [todo] = await list(client);
        assert.deepEqual({ ...todo, id: 0, created_at: '' }, { id: 0, type: 'todo', title: '待审批入库单', content: '物料 高纯氢 的入库申请待审批,数量:2.5 kg',
            link: `/inventory?id=${id}`, link_type: 'transaction', is_read: 0, created_at: '', read_at: null });
    }
    assert.deepEqual(await list(U), []);
    accepted(await approve(M, id), 200);
    assert.deepEqual(await list(M), before);
    const [told] = await list(U);
    assert.deepEqual([told.type, told.title, told.link], ['system', '入库单已批准', `/inventory?id=${id}`]);
    assert.deepEqual(await list(U2), []);

    const other = await makeDocument(U, { transactionType: 'out', lines: [{ materialId: material.id, quantity: 1 }, { materialId: material.id, quantity: 0.5 }] });
    assert.match((await list(M))[0].content, /^物料 高纯氢 等 2 项的出库申请待审批$/);
    accepted(await reject(M, other.id, '不要'), 200);
    assert.deepEqual(titles(await list(U)).slice(0, 1), ['出库单已拒绝']);
    const third = await makeDocument(U, receiptOf(material.id, 1));
    accepted(await U.put(`/api/inventory/${third.id}/cancel`), 200);
    assert.deepEqual(await list(M), before);
});

test('who decides his own document is not told', async () => {
    const material = await makeMaterial(M);
    const before = (await list(admin)).length;
    accepted(await approve(admin, (await makeDocument(admin, receiptOf(material.id, 1))).id), 200);
    assert.equal((await list(admin)).length, before);
});

test('to one, or to everybody: read and put away by each for himself', async () => {
    const { id: one } = await send({ title: '只给U', userId: U.user.id, content: '内容', link: 'https://example.com/', linkType: 'url' });
    const { id: all } = await send({ title: '给大家' });
    assert.deepEqual(titles(await list(U)).slice(0, 2), ['给大家', '只给U']);
    assert.deepEqual(titles(await list(U2)), ['给大家']);
    const before = await unread(U), others = await unread(U2);
    accepted(await U.put(`/api/notifications/${all}/read`), 200, '标记已读成功');
    assert.deepEqual([await unread(U), await unread(U2)], [before - 1, others]);
    const [row] = await list(U);
    assert.equal(row.is_read, 1);
    assert.match(row.read_at, /^\d{4}-/);
    accepted(await U.put(`/api/notifications/${all}/read`), 200, '标记已读成功');
    assert.equal((await list(U))[0].read_at, row.read_at, 'read once');
    assert.deepEqual(titles(await list(U, 'isRead=true')), ['给大家']);
    assert.ok(!titles(await list(U, 'isRead=false')).includes('给大家'));
    assert.deepEqual(titles(await list(U, 'type=announcement')), ['给大家', '只给U']);
    accepted(await U.del(`/api/notifications/${all}`), 200, '删除成功');
    assert.ok(!titles(await list(U)).includes('给大家'));
    assert.deepEqual(titles(await list(U2)), ['给大家']);
    const missing = [404, 'notification_not_found', '通知不存在'];
    for (const client of [U2, M]) {
        refused(await client.put(`/api/notifications/${one}/read`), ...missing);
        refused(await client.del(`/api/notifications/${one}`), ...missing);
    }
    refused(await U.put(`/api/notifications/${all}/read`), ...missing);
    refused(await U.del('/api/notifications/999999'), ...missing);
});

test('all read at once, of what one sees', async () => {
    await makeDocument(U, receiptOf((await makeMaterial(M)).id, 1));
    assert.ok(await unread(M) > 0);
    const other = await unread(M2);
    accepted(await M.put('/api/notifications/read-all'), 200, '全部标记已读成功');
    assert.equal(await unread(M), 0);
    assert.equal(await unread(M2), other);
    assert.ok((await list(M)).every((row) => row.is_read === 1));
});

test('a stock that comes down to its minimum is told once for each time', async () => {
    const material = await makeMaterial(M, { minStock: 10, unit: 'kg', materialName: '低库存物料' });
    const warnings = async () => (await list(M2, 'type=system')).filter((row) => row.content.includes('低库存物料'));
    await stockUp(U, M, material.id, 20);
    await post(U, M, issueOf(material.id, 5));
    assert.equal((await warnings()).length, 0);
    await post(U, M, issueOf(material.id, 5));
    const [warning] = await warnings();
    assert.deepEqual([warning.title, warning.content, warning.link, warning.link_type],
        ['库存不足预警', '物料 低库存物料 库存 10 kg,最低库存 10 kg', `/materials?id=${material.id}`, 'material']);
    await post(U, M, issueOf(material.id, 5));
    assert.equal((await warnings()).length, 1, 'once per crossing');
    await stockUp(U, M, material.id, 20);
    await post(U, M, issueOf(material.id, 20));
    assert.equal((await warnings()).length, 2);
    assert.ok(!(await list(U)).some((row) => row.title === '库存不足预警'));
});

test('what sending refuses', async () => {
    const required = [400, 'invalid_input', '类型和标题为必填项'];
    for (const body of [{}, { type: 'system' }, { title: 'x' }, { type: '', title: ' ' }])
        refused(await admin.post('/api/notifications', body), ...required);
    faulty(await admin.post('/api/notifications', { type: 'spam', title: 'x' }), { type: null });
    faulty(await admin.post('/api/notifications', { type: 'todo', title: 'x'.repeat(101), linkType: 'x' }), { title: null, linkType: null });
    refused(await admin.post('/api/notifications', { type: 'todo', title: 'x', userId: 99999 }), 404, 'user_not_found', '用户不存在');
    forbidden(await M.post('/api/notifications', { type: 'todo', title: 'x' }), 'notification.send');
});
