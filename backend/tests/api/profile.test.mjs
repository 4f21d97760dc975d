// One's own account: name, e-mail, password, and where one is signed in.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, PASSWORD, accepted, faulty, makeUser, refused, start } from './harness.mjs';

const NEW_PASSWORD = 'Other-Password-2';
const MINUTE = 60_000;
const server = await start();
after(() => server.stop());
server.secrets.push(NEW_PASSWORD);
const admin = await server.admin();
const logs = async (user) => accepted(await admin.get(`/api/operation-logs?module=profile&userId=${user.user.id}`), 200).list;
const again = (user, password = PASSWORD) => new Client(server).login(user.user.username, password);
/** As if he had signed in so many minutes ago. */
const age = (user, minutes) => server.sql(`UPDATE sessions SET created_at = created_at - ${minutes * MINUTE} WHERE user_id = ${user.user.id}`);

test('reading it', async () => {
    const U = await makeUser(admin, 'regular_user', { email: 'a@example.com' });
    const me = accepted(await U.get('/api/profile/me'), 200);
    assert.deepEqual(Object.keys(me), ['id', 'username', 'role', 'real_name', 'email', 'avatar', 'created_at', 'updated_at']);
    assert.deepEqual([me.id, me.username, me.role, me.real_name, me.email, me.avatar],
        [U.user.id, U.user.username, 'regular_user', U.realName, 'a@example.com', null]);
    refused(await server.client().get('/api/profile/me'), 401, 'token_missing', '访问令牌缺失，请先登录');
});

test('name and e-mail: logged with what was changed; a role is not taken', async () => {
    const U = await makeUser(admin, 'regular_user');
    const answer = await U.put('/api/profile/me', { realName: '新名', email: 'new@example.com', role: 'system_admin', username: 'root', avatar: '/x' });
    assert.deepEqual(accepted(answer, 200, '个人信息更新成功'), { id: U.user.id });
    const me = accepted(await U.get('/api/profile/me'), 200);
    assert.deepEqual([me.real_name, me.email, me.role, me.username, me.avatar], ['新名', 'new@example.com', 'regular_user', U.user.username, null]);
    const [entry] = await logs(U);
    assert.equal(entry.action, 'update');
    assert.deepEqual(JSON.parse(entry.changes).real_name, { old: U.realName, new: '新名' });
    accepted(await U.put('/api/profile/me', { email: null }), 200);
    assert.equal(accepted(await U.get('/api/profile/me'), 200).email, null);
});

test('nothing, and what is not acceptable', async () => {
    const U = await makeUser(admin, 'regular_user');
    for (const body of [{}, { password: '' }, { role: 'system_admin' }])
        refused(await U.put('/api/profile/me', body), 400, 'nothing_to_update', '没有要更新的字段');
    faulty(await U.put('/api/profile/me', { email: 'nobody', realName: 'x'.repeat(51) }), { email: '邮箱格式不正确', realName: null });
    faulty(await U.put('/api/profile/me', { password: 'short1' }), { password: '密码至少需要8个字符' });
});

test('the password, shortly after signing in: without the present one, and other sessions end', async () => {
    const U = await makeUser(admin, 'regular_user');
    const elsewhere = await again(U);
    accepted(await U.put('/api/profile/me', { password: NEW_PASSWORD }), 200);
    accepted(await U.get('/api/profile/me'), 200);
    refused(await elsewhere.get('/api/profile/me'), 401, 'token_invalid', '访问令牌无效或已过期');
    await again(U, NEW_PASSWORD);
    const [entry] = await logs(U);
    assert.match(entry.description, /修改密码/);
    assert.ok(!JSON.stringify(entry).includes(NEW_PASSWORD));
});

test('the password, later: the present one is wanted', async () => {
    const U = await makeUser(admin, 'regular_user');
    await age(U, 9);
    refused(await U.put('/api/profile/me', { password: PASSWORD }), 400, 'password_same', '新密码不能与当前密码相同');
    await age(U, 2);
    faulty(await U.put('/api/profile/me', { password: NEW_PASSWORD }), { currentPassword: '修改密码请输入当前密码' });
    refused(await U.put('/api/profile/me', { password: NEW_PASSWORD, currentPassword: 'Wrong-Password-1' }), 400, 'password_wrong', '当前密码不正确');
    accepted(await U.put('/api/profile/me', { password: NEW_PASSWORD, currentPassword: PASSWORD }), 200);
    await again(U, NEW_PASSWORD);
});

test('guessing the present password through a session is throttled', async () => {
    const U = await makeUser(admin, 'regular_user');
    let answer;
    for (let i = 0; i < 12; i++)
        answer = await U.put('/api/profile/me', { password: NEW_PASSWORD, currentPassword: `Wrong-Password-${i}` });
    assert.equal(answer.status, 429, answer.text);
});

test('who must change his password can do so here, and nothing else', async () => {
    const U = await makeUser(admin, 'regular_user');
    accepted(await admin.put(`/api/users/${U.user.id}`, { mustChangePassword: true }), 200);
    refused(await U.put('/api/profile/me', { realName: 'x' }), 403, 'password_change_required', '请先修改初始密码');
    accepted(await U.put('/api/profile/me', { password: NEW_PASSWORD }), 200);
    accepted(await U.put('/api/profile/me', { realName: 'x' }), 200);
});

test('sessions are listed and ended, only one\'s own', async () => {
    const U = await makeUser(admin, 'regular_user'), other = await makeUser(admin, 'regular_user');
    const elsewhere = await again(U);
    const list = accepted(await U.get('/api/profile/sessions'), 200);
    assert.deepEqual(list.map((row) => row.is_current), [0, 1]);
    assert.equal(list[0].ip_address, '127.0.0.1');
    refused(await other.del(`/api/profile/sessions/${list[0].id}`), 404, 'session_not_found', '会话不存在或已结束');
    accepted(await elsewhere.get('/api/profile/me'), 200);
    accepted(await U.del(`/api/profile/sessions/${list[0].id}`), 200, '会话已结束');
    refused(await elsewhere.get('/api/profile/me'), 401, 'token_invalid', '访问令牌无效或已过期');
    refused(await elsewhere.post('/api/auth/refresh', { refreshToken: elsewhere.refreshToken }), 401, 'refresh_invalid', 'Refresh Token无效或已过期');
    refused(await U.del(`/api/profile/sessions/${list[0].id}`), 404, 'session_not_found', '会话不存在或已结束');
    assert.equal(accepted(await U.get('/api/profile/sessions'), 200).length, 1);
    assert.equal((await logs(U))[0].action, 'end_session');
});
