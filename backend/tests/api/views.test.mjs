// Views of lists: saved for oneself or shared, changed by their owners only.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, PASSWORD, accepted, faulty, makeUser, makeUsers, refused, start, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, N, U, V } = await makeUsers(admin, { M: 'inventory_manager', N: 'inventory_manager', U: 'regular_user', V: 'regular_user' });
const MISSING = [404, 'view_not_found', '没有此视图'];
const NOT_YOURS = [403, 'view_not_yours', '只能修改本人的视图'];
const TAKEN = [409, 'view_name_taken', '您在此列表中已有同名视图'];
const LIMIT = [409, 'view_limit', '视图数量已达上限，请先删除不再使用的视图'];
const SHARED_LIMIT = [409, 'view_limit', '此列表的共享视图数量已达上限，请先删除不再使用的共享视图'];
const PASSWORD_FIRST = [403, 'password_change_required', '请先修改初始密码'];
const COLUMNS = ['id', 'list', 'name', 'state', 'shared_with', 'owner_id', 'owner_name', 'mine', 'created_at', 'updated_at', 'version'];
const bodyOf = (more = {}) => ({ list: 'materials', name: unique('视图'), state: '{}', ...more });
const make = async (client, more) => accepted(await client.post('/api/views', bodyOf(more)), 201, '视图已保存');
const list = async (client, name = 'materials') => accepted(await client.get(`/api/views?list=${name}`), 200);
const names = async (client, name) => (await list(client, name)).map((row) => row.name);
const change = (client, view, body) => client.put(`/api/views/${view.id}`, body);
const logged = async () => accepted(await admin.get('/api/operation-logs?module=views'), 200);

test('made, listed, changed, removed', async () => {
    const state = ' {"filters":{"keyword":"\' % _ 青"}} ';
    const made = await make(U, { name: ' 低库存 ', state });
    assert.deepEqual(Object.keys(made), COLUMNS);
    assert.deepEqual(made, { ...made, list: 'materials', name: '低库存', state, shared_with: 'nobody', owner_id: U.user.id, owner_name: U.realName, mine: 1, version: 1 });
    assert.deepEqual(await list(U), [made]);
    assert.deepEqual(await list(U, 'inventory'), []);
    const changed = accepted(await change(U, made, { name: '低库存化学品', list: 'inventory', ownerId: M.user.id }), 200, '视图已更新');
    assert.deepEqual(changed, { ...made, name: '低库存化学品', version: 2, updated_at: changed.updated_at });
    assert.equal(accepted(await change(U, made, {}), 200).version, 2, 'nothing changed');
    accepted(await U.del(`/api/views/${made.id}`), 200, '视图已删除');
    refused(await U.del(`/api/views/${made.id}`), ...MISSING);
    refused(await change(U, made, { name: 'x' }), ...MISSING);
    assert.deepEqual(await list(U), []);
});

test('who sees what: nobody else, everybody, a role; administrators all that is shared', async () => {
    const of = {};
    for (const sharedWith of ['nobody', 'everybody', 'system_admin', 'inventory_manager', 'regular_user'])
        of[sharedWith] = await make(M, { list: 'seen', name: `-${sharedWith}`, sharedWith });
    await make(N, { list: 'seen', name: 'z own' });
    assert.deepEqual(await names(M, 'seen'), ['-everybody', '-inventory_manager', '-nobody', '-regular_user', '-system_admin']);
    assert.deepEqual(await names(N, 'seen'), ['z own', '-everybody', '-inventory_manager'], 'his own first');
    assert.deepEqual(await names(U, 'seen'), ['-everybody', '-regular_user']);
    assert.deepEqual(await names(admin, 'seen'), ['-everybody', '-inventory_manager', '-regular_user', '-system_admin']);
    const [row] = await list(U, 'seen');
    assert.deepEqual([row.mine, row.owner_id, row.owner_name], [0, M.user.id, M.realName]);
    for (const [who, view, refusal] of [[U, of.everybody, NOT_YOURS], [U, of.nobody, MISSING], [U, of.inventory_manager, MISSING], [N, of.inventory_manager, NOT_YOURS],
        [N, of.nobody, MISSING], [admin, of.nobody, MISSING], [admin, of.everybody, NOT_YOURS]])
        refused(await change(who, view, { name: 'taken over' }), ...refusal);
    for (const [who, view, refusal] of [[U, of.everybody, NOT_YOURS], [U, of.nobody, MISSING], [N, of.regular_user, MISSING], [admin, of.nobody, MISSING]])
        refused(await who.del(`/api/views/${view.id}`), ...refusal);
    accepted(await admin.del(`/api/views/${of.regular_user.id}`), 200);
    accepted(await change(M, of.everybody, { sharedWith: 'nobody' }), 200);
    accepted(await change(M, of.inventory_manager, { sharedWith: null }), 200);
    assert.deepEqual(await names(N, 'seen'), ['z own']);
    assert.deepEqual(await names(U, 'seen'), []);
    assert.equal((await names(M, 'seen')).length, 4);
    const rows = accepted(await admin.get('/api/admin/database/table/saved_views'), 200).rows;
    assert.ok(rows.length && rows.every((one) => one.state === '••••••' && one.name === '••••••'), 'nor in the table of the database');
});

test('a name is one only among one person\'s views of one list', async () => {
    const first = await make(U, { list: 'named', name: 'Ａbc' });
    refused(await U.post('/api/views', bodyOf({ list: 'named', name: 'aBC' })), ...TAKEN);
    const other = await make(U, { list: 'named', name: 'abd' });
    await make(U, { list: 'named-2', name: 'abc' });
    await make(V, { list: 'named', name: 'abc', sharedWith: 'everybody' });
    refused(await change(U, other, { name: 'ABC' }), ...TAKEN);
    assert.equal(accepted(await change(U, first, { name: 'abc' }), 200).name, 'abc', 'its own name, spelled otherwise');
    const answers = await Promise.all(Array.from({ length: 8 }, () => U.post('/api/views', bodyOf({ list: 'raced', name: 'one' }))));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409, 409, 409, 409, 409, 409, 409]);
});

test('another tab has changed it: the present row comes back', async () => {
    const view = await make(U, { list: 'tabs' });
    const stored = accepted(await change(U, view, { state: 'first', version: 1 }), 200);
    const { data } = refused(await change(U, view, { state: 'second', version: 1 }), 409, 'version_conflict', '数据已被他人修改，请核对后重试');
    assert.deepEqual(data, stored);
    assert.equal(accepted(await change(U, view, { state: 'second', version: '2' }), 200).version, 3);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => change(U, view, { state: `race ${i}`, version: 3 })));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
});

test('what is not acceptable', async () => {
    faulty(await U.post('/api/views', {}), { list: '请指明视图所属的列表', name: '视图名称不能为空', state: '视图内容不能为空' });
    faulty(await U.post('/api/views', bodyOf({ list: 'A b', name: 'x'.repeat(61), state: 'x'.repeat(8193), sharedWith: 'all' })),
        { list: '列表名称不正确', name: null, state: null, sharedWith: '共享范围不正确' });
    faulty(await U.post('/api/views', bodyOf({ name: '　 ', state: 5 })), { name: '视图名称不能为空', state: null });
    const view = await make(U, { list: 'faulty', name: '青'.repeat(60), state: '青'.repeat(8192) });
    faulty(await change(U, view, { name: '', state: null, version: 0 }), { name: '视图名称不能为空', state: '视图内容不能为空', version: null });
    for (const path of ['/api/views', '/api/views?list='])
        faulty(await U.get(path), { list: '请指明视图所属的列表' });
    faulty(await U.get('/api/views?list=a%27b'), { list: '列表名称不正确' });
    for (const id of ['0', 'x', '99999999999999999999'])
        refused(await U.del(`/api/views/${id}`), ...MISSING);
});

test('at most a hundred of one\'s own in a list, a thousand in all, three hundred shared ones in a list', async () => {
    const [A, B, C, D] = await Promise.all(Array.from({ length: 4 }, () => makeUser(admin, 'regular_user')));
    const many = (client, count, more) => Promise.all(Array.from({ length: count }, () => client.post('/api/views', bodyOf(more))));
    const answers = await many(A, 104, { list: 'limits', sharedWith: 'everybody' });
    assert.equal(answers.filter((answer) => answer.status === 201).length, 100);
    for (const answer of answers.filter((one) => one.status !== 201))
        refused(answer, ...LIMIT);
    await many(B, 100, { list: 'limits', sharedWith: 'everybody' });
    await many(C, 100, { list: 'limits', sharedWith: 'regular_user' });
    refused(await D.post('/api/views', bodyOf({ list: 'limits', sharedWith: 'everybody' })), ...SHARED_LIMIT);
    const own = await make(D, { list: 'limits' });
    refused(await change(D, own, { sharedWith: 'everybody' }), ...SHARED_LIMIT);
    accepted(await change(C, (await list(C, 'limits'))[0], { state: 'still' }), 200);
    assert.equal((await list(D, 'limits')).length, 301);
    accepted(await admin.del(`/api/views/${(await list(admin, 'limits'))[0].id}`), 200);
    accepted(await change(D, own, { sharedWith: 'everybody' }), 200);
    await server.sql(`INSERT INTO saved_views (owner_id, list, name, name_fold, state, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT ${D.user.id}, 'l' || i, 'n', 'n', 's', 0, 0 FROM n`);
    refused(await D.post('/api/views', bodyOf({ list: 'other' })), ...LIMIT);
});

test('what is shared is logged, what is not is nobody\'s business', async () => {
    const { total: before } = await logged();
    const view = await make(U, { list: 'logged', name: '私有' });
    accepted(await change(U, view, { state: 'x' }), 200);
    assert.equal((await logged()).total, before);
    accepted(await change(U, view, { sharedWith: 'everybody', state: 'secret' }), 200);
    accepted(await change(U, view, { name: '公开' }), 200);
    accepted(await admin.del(`/api/views/${view.id}`), 200);
    const { list: entries, total } = await logged();
    assert.equal(total, before + 3);
    assert.deepEqual(entries.slice(0, 3).map((entry) => [entry.action, entry.user_id, entry.resource_id, entry.description]),
        [['delete', admin.user.id, view.id, '删除共享视图: 公开（logged）'], ['update', U.user.id, view.id, '更新共享视图: 公开（logged）'], ['update', U.user.id, view.id, '更新共享视图: 私有（logged）']]);
    assert.deepEqual(JSON.parse(entries[2].changes), { shared_with: { old: 'nobody', new: 'everybody' } });
    accepted(await U.del(`/api/views/${(await make(U, { list: 'logged' })).id}`), 200);
    assert.equal((await logged()).total, before + 3);
});

test('an account that was closed leaves what it shared; one that was disabled everything', async () => {
    const N2 = await makeUser(admin, 'regular_user');
    await make(N2, { list: 'left', name: 'private' });
    await make(N2, { list: 'left', name: 'shared', sharedWith: 'everybody' });
    const left = () => server.sql(`SELECT name FROM saved_views WHERE owner_id = ${N2.user.id} ORDER BY name`);
    accepted(await admin.put(`/api/users/${N2.user.id}`, { status: 'disabled' }), 200);
    assert.equal((await left()).length, 2);
    accepted(await admin.del(`/api/users/${N2.user.id}`), 200);
    assert.deepEqual(await left(), [{ name: 'shared' }]);
    assert.deepEqual((await list(U, 'left')).map((row) => [row.name, row.owner_name]), [['shared', N2.realName]]);
});

test('a role that was taken away is not shared with any more', async () => {
    const P = await makeUser(admin, 'inventory_manager');
    await make(M, { list: 'roles', name: 'managers', sharedWith: 'inventory_manager' });
    assert.deepEqual(await names(P, 'roles'), ['managers']);
    accepted(await admin.put(`/api/users/${P.user.id}`, { role: 'regular_user' }), 200);
    assert.deepEqual(await names(await new Client(server).login(P.user.username, PASSWORD), 'roles'), []);
});

test('not before the first password is changed, not by a service token, not signed out', async () => {
    const username = unique('fresh');
    accepted(await admin.post('/api/users', { username, password: PASSWORD, role: 'regular_user', mustChangePassword: true }), 201);
    const fresh = await new Client(server).login(username, PASSWORD);
    refused(await fresh.get('/api/views?list=materials'), ...PASSWORD_FIRST);
    refused(await fresh.post('/api/views', bodyOf()), ...PASSWORD_FIRST);
    const script = new Client(server, accepted(await M.post('/api/profile/tokens', { name: '脚本', scopes: 'material.read' }), 201).token);
    server.secrets.push(script.token);
    refused(await script.get('/api/views?list=materials'), 403, 'session_required', '此操作需要本人登录，不能使用服务令牌');
    refused(await server.client().get('/api/views?list=materials'), 401, 'token_missing', '访问令牌缺失，请先登录');
});

test('the same key gives the same view again', async () => {
    const body = bodyOf({ list: 'keyed' }), headers = { 'idempotency-key': unique('key') };
    const first = accepted(await U.post('/api/views', body, { headers }), 201);
    assert.deepEqual(accepted(await U.post('/api/views', body, { headers }), 201), first);
    assert.equal((await list(U, 'keyed')).length, 1);
});
