// Signing in and out, who I am, changing the password, being cut off.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, test } from 'node:test';

import {
    ADMIN_PASSWORD, INITIAL_PASSWORD, PASSWORD, accepted, faulty, forbidden, makeUser, refused, start, unique,
} from './harness.mjs';

const server = await start();
after(() => server.stop());
const nobody = server.client();
const TOKEN_MISSING = [401, 'token_missing', '访问令牌缺失，请先登录'];
const TOKEN_INVALID = [401, 'token_invalid', '访问令牌无效或已过期'];
const LOGIN_FAILED = [401, 'login_failed', '用户名或密码错误'];
const login = (username, password, options) => nobody.post('/api/auth/login', { username, password }, options);

test('the first administrator must change the password before anything else', async () => {
    const first = await server.client().login('admin', INITIAL_PASSWORD);
    assert.equal(first.user.mustChangePassword, true);
    assert.equal(first.user.role, 'system_admin');
    for (const path of ['/api/materials', '/api/users', '/api/inventory', '/api/units'])
        refused(await first.get(path), 403, 'password_change_required', '请先修改初始密码');
    refused(await first.post('/api/materials', {}), 403, 'password_change_required', '请先修改初始密码');
    assert.equal(accepted(await first.get('/api/auth/me'), 200).mustChangePassword, true);

    accepted(await first.post('/api/auth/change-password',
        { currentPassword: INITIAL_PASSWORD, newPassword: ADMIN_PASSWORD }), 200, '密码修改成功');
    server.adminIsNew = false;
    assert.equal(accepted(await first.get('/api/auth/me'), 200).mustChangePassword, false);
    accepted(await first.get('/api/materials'), 200);
    refused(await login('admin', INITIAL_PASSWORD), ...LOGIN_FAILED);
});

test('login answers tokens, their true lifetime, and the person', async () => {
    const data = accepted(await login('admin', ADMIN_PASSWORD), 200, '登录成功');
    assert.deepEqual(Object.keys(data).sort(), ['accessToken', 'expiresIn', 'refreshToken', 'user']);
    assert.equal(data.expiresIn, 7 * 24 * 3600, 'the default of JWT_EXPIRES_IN is 7d');
    const claims = JSON.parse(Buffer.from(data.accessToken.split('.')[1], 'base64url'));
    assert.equal(claims.exp - claims.iat, data.expiresIn);
    const { permissions, ...user } = data.user;
    assert.deepEqual(user, { id: 1, username: 'admin', role: 'system_admin', realName: user.realName, email: null, avatar: null, mustChangePassword: false });
    for (const permission of ['material.read', 'material.write', 'document.create', 'document.approve', 'document.read_all', 'user.manage'])
        assert.ok(permissions.includes(permission), permission);
    const log = await server.sql("SELECT description FROM operation_log WHERE module = 'auth' AND action = 'login' ORDER BY id DESC LIMIT 1");
    assert.deepEqual(log, [{ description: '用户登录: admin' }]);
});

test('me answers the person', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'regular_user', { email: 'a.b@example.com' });
    const me = accepted(await user.get('/api/auth/me'), 200);
    assert.match(me.createdAt, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    delete me.createdAt;
    assert.deepEqual(me, {
        id: user.user.id, username: user.user.username, role: 'regular_user', realName: user.realName, email: 'a.b@example.com',
        avatar: null, mustChangePassword: false, permissions: ['material.read', 'document.read', 'document.create', 'dashboard.read', 'count.read', 'notification.read', 'profile.write', 'report.read'],
    });
});

test('login names every fault at once, and never shows the password', async () => {
    faulty(await nobody.post('/api/auth/login', {}), { username: '用户名不能为空', password: '密码不能为空' });
    faulty(await login('', ''), { username: '用户名不能为空', password: '密码不能为空' });
    faulty(await login('   ', 'x'), { username: '用户名不能为空' });
    const answer = await nobody.post('/api/auth/login', { username: 'u'.repeat(51), password: ['se-cr-et'] });
    faulty(answer, { username: null, password: null });
    assert.ok(!answer.text.includes('se-cr-et'), answer.text);
    faulty(await nobody.post('/api/auth/login', { username: 7, password: 'x' }), { username: null });
});

test('a wrong name and a wrong password get the same answer', async () => {
    refused(await login('admin', 'Wrong-Password-1'), ...LOGIN_FAILED);
    refused(await login(unique('nobody'), 'Wrong-Password-1'), ...LOGIN_FAILED);
    accepted(await login('admin', ADMIN_PASSWORD), 200);
});

test('a token that is missing, foreign, altered or expired gets 401', async () => {
    const admin = await server.admin();
    const me = (authorization) => nobody.get('/api/auth/me', { headers: { authorization } });
    refused(await nobody.get('/api/auth/me'), ...TOKEN_MISSING);
    refused(await me('Bearer garbage'), ...TOKEN_INVALID);
    refused(await me('Bearer a.b.c'), ...TOKEN_INVALID);

    const [header, payload, signature] = admin.token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const sign = (head, body, key = server.secret, hash = 'sha256') => {
        const text = `${encode(head)}.${encode(body)}`;
        return `${text}.${createHmac(hash, key).update(text).digest('base64url')}`;
    };
    const hs256 = JSON.parse(Buffer.from(header, 'base64url'));
    accepted(await me(`Bearer ${sign(hs256, claims)}`), 200); // our way of signing is right, so what follows means something
    refused(await me(`Bearer ${header}.${payload}.${signature.slice(0, -2)}AA`), ...TOKEN_INVALID);
    refused(await me(`Bearer ${header}.${encode({ ...claims, sub: '2' })}.${signature}`), ...TOKEN_INVALID);
    refused(await me(`Bearer ${sign(hs256, claims, 'another key that is long enough to be one')}`), ...TOKEN_INVALID);
    refused(await me(`Bearer ${sign(hs256, { ...claims, iat: claims.iat - 7200, exp: Math.floor(Date.now() / 1000) - 1 })}`), ...TOKEN_INVALID);
    refused(await me(`Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`), ...TOKEN_INVALID);
    refused(await me(`Bearer ${sign({ alg: 'HS512', typ: 'JWT' }, claims, server.secret, 'sha512')}`), ...TOKEN_INVALID);
    refused(await me(`Bearer ${sign(hs256, { ...claims, sid: claims.sid + 1000 })}`), ...TOKEN_INVALID);
});

test('logout ends this session and no other', async () => {
    const here = await server.admin(), there = await server.admin();
    accepted(await here.post('/api/auth/logout'), 200, '登出成功');
    refused(await here.get('/api/auth/me'), ...TOKEN_INVALID);
    refused(await nobody.post('/api/auth/refresh', { refreshToken: here.refreshToken }), 401, 'refresh_invalid', 'Refresh Token无效或已过期');
    accepted(await there.get('/api/auth/me'), 200);
    refused(await nobody.post('/api/auth/logout'), ...TOKEN_MISSING);
});

test('change-password: wrong present one, weak new one, then the others are cut off and this one goes on', async () => {
    const user = await makeUser(await server.admin(), 'regular_user');
    const other = await server.client().login(user.user.username, PASSWORD);
    const change = (currentPassword, newPassword) => user.post('/api/auth/change-password', { currentPassword, newPassword });

    faulty(await user.post('/api/auth/change-password', {}), { currentPassword: null, newPassword: null });
    refused(await change('Wrong-Password-1', 'New-Password-1'), 400, 'password_wrong', '当前密码不正确');
    refused(await change(PASSWORD, PASSWORD), 400, 'password_same', '新密码不能与当前密码相同');
    const weak = await change(PASSWORD, 'geheim');
    refused(weak, 400, 'invalid_input', '输入验证失败');
    const said = weak.body.errors.map((error) => `${error.field} ${error.message}`);
    assert.deepEqual(said, ['newPassword 密码至少需要8个字符', 'newPassword 密码需要包含数字']);
    assert.ok(!weak.text.includes('geheim'));
    accepted(await other.get('/api/auth/me'), 200);

    accepted(await change(PASSWORD, 'New-Password-1'), 200, '密码修改成功');
    accepted(await user.get('/api/auth/me'), 200);
    refused(await other.get('/api/auth/me'), ...TOKEN_INVALID);
    refused(await other.post('/api/auth/refresh', { refreshToken: other.refreshToken }, { token: null }), 401, 'refresh_invalid', 'Refresh Token无效或已过期');
    refused(await login(user.user.username, PASSWORD), ...LOGIN_FAILED);
    accepted(await login(user.user.username, 'New-Password-1'), 200);
});

test('a user may be told to change the password first', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'regular_user', { mustChangePassword: true });
    assert.equal(user.user.mustChangePassword, true);
    refused(await user.get('/api/materials'), 403, 'password_change_required', '请先修改初始密码');
    accepted(await user.post('/api/auth/change-password', { currentPassword: PASSWORD, newPassword: 'Chosen-Password-1' }), 200, '密码修改成功');
    accepted(await user.get('/api/materials'), 200);
});

test('a disabled user is cut off at once and told so only with the right password', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'inventory_manager');
    accepted(await admin.put(`/api/users/${user.user.id}`, { status: 'disabled' }), 200, '用户更新成功');
    refused(await user.get('/api/materials'), ...TOKEN_INVALID);
    refused(await nobody.post('/api/auth/refresh', { refreshToken: user.refreshToken }), 401, 'refresh_invalid', 'Refresh Token无效或已过期');
    refused(await login(user.user.username, PASSWORD), 401, 'account_disabled', '账户已停用，请联系管理员');
    refused(await login(user.user.username, 'Wrong-Password-1'), ...LOGIN_FAILED);
    accepted(await admin.put(`/api/users/${user.user.id}`, { status: 'active' }), 200);
    refused(await user.get('/api/materials'), ...TOKEN_INVALID);
    accepted(await login(user.user.username, PASSWORD), 200);
});

test('a password changed by the administrator cuts the user off at once', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'regular_user');
    accepted(await admin.put(`/api/users/${user.user.id}`, { password: 'Other-Password-1' }), 200, '用户更新成功');
    refused(await user.get('/api/auth/me'), ...TOKEN_INVALID);
    refused(await login(user.user.username, PASSWORD), ...LOGIN_FAILED);
    accepted(await login(user.user.username, 'Other-Password-1'), 200);
});

test('a closed account is cut off at once and cannot come back', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'regular_user');
    accepted(await admin.del(`/api/users/${user.user.id}`), 200, '用户删除成功');
    refused(await user.get('/api/auth/me'), ...TOKEN_INVALID);
    refused(await nobody.post('/api/auth/refresh', { refreshToken: user.refreshToken }), 401, 'refresh_invalid', 'Refresh Token无效或已过期');
    refused(await login(user.user.username, PASSWORD), ...LOGIN_FAILED);
});

test('a changed role takes the old rights away at once, the session lives on', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'inventory_manager');
    accepted(await user.get('/api/inventory/pending'), 200);
    accepted(await admin.put(`/api/users/${user.user.id}`, { role: 'regular_user' }), 200);
    forbidden(await user.get('/api/inventory/pending'), 'document.approve');
    assert.equal(accepted(await user.get('/api/auth/me'), 200).role, 'regular_user');
});

test('registration is for administrators', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'inventory_manager');
    const body = () => ({ username: unique('reg'), password: PASSWORD, role: 'system_admin' });
    const closed = [403, 'registration_closed', '请联系管理员创建账户'];
    refused(await nobody.post('/api/auth/register', body()), ...closed);
    refused(await nobody.post('/api/auth/register', {}), ...closed);
    refused(await user.post('/api/auth/register', body()), ...closed);
    const wanted = body();
    const made = accepted(await admin.post('/api/auth/register', wanted), 201, '用户创建成功');
    assert.deepEqual(made, { id: made.id, username: wanted.username, role: 'system_admin' });
    accepted(await login(wanted.username, PASSWORD), 200);
    refused(await admin.post('/api/auth/register', {}), 400, 'invalid_input', '用户名、密码和角色为必填项');
});

test('an old bcrypt hash is accepted and renewed', async () => {
    const admin = await server.admin();
    const user = await makeUser(admin, 'regular_user');
    const { id, username } = user.user;
    const old = '$2b$04$/7KhFNUDFKm0G3j7wBiX9O5eYZ8eqIZL2KZnv.UxTQyeE2ukEg84e'; // of Old-Password-1
    await server.sql(`UPDATE users SET password_hash = '${old}' WHERE id = ${id}`);
    refused(await login(username, 'Wrong-Password-1'), ...LOGIN_FAILED);
    assert.equal(await server.value(`SELECT password_hash FROM users WHERE id = ${id}`), old);
    accepted(await login(username, 'Old-Password-1'), 200);
    assert.match(await server.value(`SELECT password_hash FROM users WHERE id = ${id}`), /^\$argon2id\$/);
    accepted(await login(username, 'Old-Password-1'), 200);
});

test('in development the first administrator need not change the password', async () => {
    const other = await start({ env: { NODE_ENV: 'development' } });
    try {
        const admin = await other.client().login('admin', INITIAL_PASSWORD);
        assert.equal(admin.user.mustChangePassword, false);
        accepted(await admin.get('/api/materials'), 200);
    } finally {
        await other.stop();
    }
});

test('without ADMIN_INITIAL_PASSWORD a random one is printed once', async () => {
    const other = await start({ env: { ADMIN_INITIAL_PASSWORD: null } });
    try {
        const [password, ...more] = (other.stdout + other.stderr).match(/\b[A-Za-z0-9]{4}(-[A-Za-z0-9]{4}){3}\b/g) ?? [];
        assert.ok(password, `no password in:\n${other.stdout}${other.stderr}`);
        assert.deepEqual(more, []);
        const admin = await other.client().login('admin', password);
        assert.equal(admin.user.mustChangePassword, true);
        await other.restart();
        const printed = (other.stdout + other.stderr).match(/\b[A-Za-z0-9]{4}(-[A-Za-z0-9]{4}){3}\b/g);
        assert.deepEqual(printed, [password], 'once, over both runs');
        await other.client().login('admin', password);
    } finally {
        await other.stop();
    }
});
