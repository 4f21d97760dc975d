// Sections 6 and 7, 12.9 and 12.10.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, PASSWORD, approve, faults, list, listRules, logged, makeDocument, makeMaterial, makeUser, notPermitted, ok, open, people, refused, shape, unique } from './contract.mjs';

const place = await open();
after(place.end);
const P = await people(place), { A, M, U } = P;
const ROW = { id: 'id', username: 'text', role: ['system_admin', 'inventory_manager', 'regular_user'], real_name: 'text?', email: 'text?', created_at: 'time', updated_at: 'time' };
const nobody = new Client(place.url);
const body = (more) => ({ username: unique('ct_'), password: PASSWORD, role: 'regular_user', ...more });
/* A picture of one pixel. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('users are for administrators', async () => {
    for (const client of [M, U])
        for (const answer of [await client.get('/users'), await client.get(`/users/${U.id}`), await client.post('/users', body()), await client.put(`/users/${U.id}`, { realName: 'x' }), await client.del(`/users/${U.id}`)])
            notPermitted(answer);
});

test('GET /users, GET /users/:id', async () => {
    await listRules(A, '/users', ROW, 10);
    for (const keyword of [U.username, U.realName])
        assert.deepEqual(list(await A.get(`/users?keyword=${encodeURIComponent(keyword)}`), ROW).map(({ id }) => id), [U.id]);
    assert.ok(list(await A.get('/users?role=inventory_manager&pageSize=100'), { ...ROW, role: ['inventory_manager'] }).some(({ id }) => id === M.id));
    assert.equal(shape(ok(await A.get(`/users/${U.id}`), 200), ROW).username, U.username);
    assert.doesNotMatch((await A.get(`/users/${U.id}`)).text, /password_hash|\$argon|\$2[aby]\$/);
    refused(await A.get('/users/987654321'), 404, '用户不存在');
});

test('POST /users', async () => {
    const sent = body({ realName: '张三', email: 'zs@example.com' });
    const data = shape(ok(await A.post('/users', sent), 201, '用户创建成功'), { id: 'id', username: 'text', role: ['regular_user'] });
    place.made.push(data.id);
    assert.equal(data.username, sent.username);
    refused(await A.post('/users', {}), 400, '用户名、密码和角色为必填项');
    refused(await A.post('/users', body({ role: 'king' })), 400, '无效的角色类型');
    refused(await A.post('/users', body({ username: sent.username })), 400, '用户名已存在');
    faults(await A.post('/users', body({ username: 'a b' })), { username: true });
    faults(await A.post('/users', body({ username: 'ab' })), { username: true });
    faults(await A.post('/users', body({ password: 'short1' })), { password: true });
    faults(await A.post('/users', body({ password: 'onlyletters' })), { password: true });
});

test('PUT /users/:id', async () => {
    const person = await makeUser(place, 'regular_user');
    assert.equal(ok(await A.put(`/users/${person.id}`, { realName: '新名', email: 'new@example.com', password: '' }), 200, '用户更新成功').id, person.id);
    ok(await nobody.post('/auth/login', { username: person.username, password: PASSWORD }), 200); // an empty password: unchanged
    const row = ok(await A.get(`/users/${person.id}`), 200);
    assert.deepEqual([row.real_name, row.email], ['新名', 'new@example.com']);
    refused(await A.put(`/users/${person.id}`, { username: U.username }), 400, '用户名已被使用');
    refused(await A.put(`/users/${person.id}`, {}), 400, '没有要更新的字段');
    refused(await A.put('/users/987654321', { realName: 'x' }), 404, '用户不存在');
});

test('12.9 DELETE /users/:id: the account is closed, its name stays', async () => {
    const person = await makeUser(place, 'regular_user');
    const row = await makeMaterial(M);
    const { id } = await makeDocument(person, row.id, 1);
    ok(await approve(M, id), 200);
    refused(await A.del(`/users/${A.user.id}`), 400, '不能删除自己的账户');
    ok(await A.del(`/users/${person.id}`), 200, '用户删除成功');
    refused(await A.del(`/users/${person.id}`), 404, '用户不存在');
    refused(await A.get(`/users/${person.id}`), 404, '用户不存在');
    assert.equal((await nobody.post('/auth/login', { username: person.username, password: PASSWORD })).status, 401);
    assert.equal((await person.get('/auth/me')).status, 401);
    assert.equal(ok(await M.get(`/inventory/${id}`), 200).applicant_name, person.realName);
});

test('GET and PUT /profile/me', async () => {
    const me = shape(ok(await U.get('/profile/me'), 200), { ...ROW, avatar: 'text?' });
    assert.equal(me.id, U.id);
    assert.equal(ok(await U.put('/profile/me', { realName: '李四', email: 'ls@example.com' }), 200, '个人信息更新成功').id, U.id);
    const now = ok(await U.get('/profile/me'), 200);
    assert.deepEqual([now.real_name, now.email], ['李四', 'ls@example.com']);
    refused(await U.put('/profile/me', {}), 400, '没有要更新的字段');
    await logged(place, { module: 'profile', action: 'update', userId: U.id });
});

test('12.10 a new password: without the old one just after signing in; the other sessions end', async () => {
    const person = await makeUser(place, 'regular_user');
    const other = await new Client(place.url).login(person.username, PASSWORD);
    ok(await person.put('/profile/me', { password: 'Contract-Other-2' }), 200, '个人信息更新成功');
    refused(await other.get('/auth/me'), 401, '访问令牌无效或已过期');
    refused(await nobody.post('/auth/refresh', { refreshToken: other.refreshToken }), 401, 'Refresh Token无效或已过期');
    ok(await person.get('/auth/me'), 200);
    assert.equal((await nobody.post('/auth/login', { username: person.username, password: PASSWORD })).status, 401);
    ok(await person.put('/profile/me', { password: 'Contract-Third-3', currentPassword: 'Contract-Other-2' }), 200);
    assert.equal((await person.put('/profile/me', { password: 'Contract-Fourth-4', currentPassword: 'wrong' })).status, 400);
    await nobody.login(person.username, 'Contract-Third-3');
    nobody.token = null;
});

for (const field of ['avatar', 'file'])
    test(`POST and DELETE /profile/avatar, in the field ${field}`, async () => {
        const form = new FormData();
        form.append(field, new Blob([PNG], { type: 'image/png' }), 'me.png');
        const { avatar } = shape(ok(await U.post('/profile/avatar', form), 200), { avatar: 'text' });
        assert.match(avatar, /^\/uploads\/avatars\/.+/);
        for (const path of [avatar, `/api${avatar}`]) {
            const picture = await nobody.get(path);
            assert.equal(picture.status, 200);
            assert.match(picture.headers.get('content-type'), /^image\//);
        }
        assert.equal(ok(await U.get('/profile/me'), 200).avatar, avatar);
        assert.equal(ok(await U.get('/auth/me'), 200).avatar, avatar);
        await logged(place, { module: 'profile', action: 'upload_avatar', userId: U.id });
        ok(await U.del('/profile/avatar'), 200, '头像删除成功');
        assert.equal(ok(await U.get('/profile/me'), 200).avatar, null);
        assert.equal((await nobody.get(avatar)).status, 404);
        await logged(place, { module: 'profile', action: 'delete_avatar', userId: U.id });
    });

test('what is no picture', async () => {
    const send = (part, name) => {
        const form = new FormData();
        if (part)
            form.append('avatar', part, name);
        else
            form.append('other', 'x');
        return U.post('/profile/avatar', form);
    };
    refused(await send(), 400, '请选择要上传的图片');
    for (const [bytes, type, name] of [['<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml', 'a.svg'], ['MZ\x90', 'image/png', 'a.png'], ['plain', 'text/plain', 'a.txt']])
        refused(await send(new Blob([bytes], { type }), name), 400, '不支持的文件类型，仅支持 JPEG、JPG、PNG、GIF、WEBP 格式');
    assert.equal((await send(new Blob([Buffer.alloc(3 << 20)], { type: 'image/png' }), 'a.png')).status, 413);
});
