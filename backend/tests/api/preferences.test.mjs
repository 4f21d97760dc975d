// How somebody has set up the page for himself: kept as he wrote it, for him alone.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, PASSWORD, accepted, faulty, makeUser, makeUsers, refused, start, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const PATH = '/api/profile/preferences';
const LIMIT = [409, 'preference_limit', '偏好设置数量已达上限，请先删除不再使用的'];
const NONE = [404, 'preference_not_found', '没有此偏好设置'];
const list = async (client) => accepted(await client.get(PATH), 200);
const put = (client, key, value) => client.put(`${PATH}/${key}`, { value });
const valuesOf = async (client) => Object.fromEntries((await list(client)).map((row) => [row.key, row.value]));

test('kept as it was written, changed, removed', async () => {
    assert.deepEqual(await list(U), []);
    const look = JSON.stringify({ theme: 'dark', accent: '青', pageSize: 50 });
    const stored = accepted(await put(U, 'look', look), 200);
    assert.deepEqual([stored.key, stored.value, Object.keys(stored).length], ['look', look, 3]);
    assert.match(stored.updated_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const odd = ' \n{"a":"\\u0000 \\" \' % _ 中文 😀"}\t ';
    accepted(await put(U, 'columns.inventory-mine_2', odd), 200);
    assert.deepEqual(await list(U), [{ ...(await list(U))[0], key: 'columns.inventory-mine_2', value: odd }, stored]);
    accepted(await put(U, 'look', '[]'), 200);
    assert.equal((await valuesOf(U)).look, '[]');
    accepted(await U.del(`${PATH}/look`), 200, '偏好设置已删除');
    accepted(await U.del(`${PATH}/look`), 200, '偏好设置已删除');
    assert.deepEqual(Object.keys(await valuesOf(U)), ['columns.inventory-mine_2']);
});

test('each has his own; an administrator too sees and changes only his', async () => {
    accepted(await put(M, 'overview', 'M'), 200);
    accepted(await put(admin, 'overview', 'A'), 200);
    accepted(await U.del(`${PATH}/overview`), 200);
    assert.deepEqual([(await valuesOf(M)).overview, (await valuesOf(admin)).overview, (await valuesOf(U)).overview], ['M', 'A', undefined]);
    const rows = accepted(await admin.get('/api/admin/database/table/user_preferences'), 200).rows;
    assert.ok(rows.length >= 3);
    assert.ok(rows.every((row) => row.value === '••••••'), 'nor in the table of the database');
});

test('what is no name and no value', async () => {
    for (const key of ['Look', '1a', '.a', 'a'.repeat(65), 'a%20b', 'a%2Fb', '%E9%9D%92', "a'b", 'a;b', 'a%0Ab']) {
        refused(await put(U, key, 'x'), ...NONE);
        refused(await U.del(`${PATH}/${key}`), ...NONE);
    }
    accepted(await put(U, 'a'.repeat(64), 'x'), 200);
    accepted(await U.del(`${PATH}/${'a'.repeat(64)}`), 200);
    for (const value of ['', null, undefined])
        faulty(await put(U, 'look', value), { value: '偏好设置的值不能为空' });
    for (const value of [1, true, {}, [], 'x'.repeat(8193), '青'.repeat(8193)])
        faulty(await put(U, 'look', value), { value: null });
    for (const value of ['x'.repeat(8192), '青'.repeat(8192), '😀'.repeat(8192), ' '])
        assert.equal(accepted(await put(U, 'look', value), 200).value, value);
});

test('at most a hundred a person, also when many come at a time; one that is there can always be changed', async () => {
    const N = await makeUser(admin, 'regular_user');
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => put(N, `key.${i}`, String(i))));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 100);
    for (const answer of answers.filter((one) => one.status !== 200))
        refused(answer, ...LIMIT);
    const [{ key }] = await list(N);
    accepted(await put(N, key, 'again'), 200);
    refused(await put(N, 'one.more', 'x'), ...LIMIT);
    accepted(await N.del(`${PATH}/${key}`), 200);
    accepted(await put(N, 'one.more', 'x'), 200);
    assert.equal((await list(N)).length, 100);
    accepted(await put(U, 'of.another', 'x'), 200);
});

test('also before the first password is changed, but not by a service token, nor signed out', async () => {
    const username = unique('fresh');
    accepted(await admin.post('/api/users', { username, password: PASSWORD, role: 'regular_user', mustChangePassword: true }), 201);
    const fresh = await new Client(server).login(username, PASSWORD);
    accepted(await put(fresh, 'look', 'x'), 200);
    const script = new Client(server, accepted(await M.post('/api/profile/tokens', { name: '脚本', scopes: 'material.read' }), 201).token);
    server.secrets.push(script.token);
    for (const call of [script.get(PATH), put(script, 'look', 'x'), script.del(`${PATH}/look`)])
        refused(await call, 403, 'session_required', '此操作需要本人登录，不能使用服务令牌');
    refused(await server.client().get(PATH), 401, 'token_missing', '访问令牌缺失，请先登录');
});

test('a disabled account keeps them, a closed one does not', async () => {
    const N = await makeUser(admin, 'regular_user'), left = () => server.value(`SELECT COUNT(*) FROM user_preferences WHERE user_id = ${N.user.id}`);
    accepted(await put(N, 'look', 'x'), 200);
    accepted(await admin.put(`/api/users/${N.user.id}`, { status: 'disabled' }), 200);
    refused(await put(N, 'look', 'y'), 401, 'token_invalid', '访问令牌无效或已过期');
    assert.equal(Number(await left()), 1);
    accepted(await admin.del(`/api/users/${N.user.id}`), 200);
    assert.equal(Number(await left()), 0);
    assert.equal((await valuesOf(M)).overview, 'M');
});

test('nothing of it is logged', async () => {
    const { list: entries } = accepted(await admin.get('/api/operation-logs?pageSize=1000'), 200);
    assert.deepEqual(entries.filter((entry) => /preference|偏好/.test(entry.description + entry.resource_type)), []);
});
