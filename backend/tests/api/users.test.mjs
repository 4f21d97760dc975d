// Managing people: /api/users.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PASSWORD, accepted, approve, faulty, forbidden, getDocument, makeDocument, makeMaterial, makeUser, makeUsers, receiptOf, refused, start, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const NOT_FOUND = [404, 'user_not_found', '用户不存在'];
const userBody = (more = {}) => ({ username: unique('person'), password: PASSWORD, role: 'regular_user', ...more });
const create = async (more) => accepted(await admin.post('/api/users', userBody(more)), 201, '用户创建成功');

test('create, read, list', async () => {
    const body = userBody({ role: 'inventory_manager', realName: '王芳', email: 'wang.fang@example.com' });
    const made = accepted(await admin.post('/api/users', body), 201, '用户创建成功');
    assert.deepEqual(made, { id: made.id, username: body.username, role: 'inventory_manager' });
    const row = accepted(await admin.get(`/api/users/${made.id}`), 200);
    assert.match(row.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.deepEqual(row, {
        id: made.id, username: body.username, role: 'inventory_manager', real_name: '王芳', email: 'wang.fang@example.com', status: 'active',
        must_change_password: 0, created_at: row.created_at, updated_at: row.created_at,
    });
    const { list, total, page, pageSize } = accepted(await admin.get('/api/users'), 200);
    assert.deepEqual({ page, pageSize }, { page: 1, pageSize: 10 });
    assert.deepEqual(list[0], row, 'newest first');
    assert.equal(total, Number(await server.value("SELECT COUNT(*) FROM users WHERE status <> 'closed'")));
});

test('no answer holds a password or a hash', async () => {
    const { id } = await create();
    for (const answer of [await admin.get('/api/users?pageSize=1000'), await admin.get(`/api/users/${id}`)])
        assert.doesNotMatch(answer.text, /argon2|password_hash|Password-1/);
});

test('the list is filtered by keyword and role', async () => {
    const tag = unique('kw');
    const a = await create({ username: `${tag}-a`, realName: '张三丰' });
    const b = await create({ realName: `李四${tag}`, role: 'inventory_manager' });
    const c = await create({ email: `${tag}@example.com`, role: 'inventory_manager' });
    const ids = async (query) => accepted(await admin.get(`/api/users?${query}`), 200).list.map((row) => row.id).sort((x, y) => x - y);
    assert.deepEqual(await ids(`keyword=${tag}`), [a.id, b.id, c.id]);
    assert.deepEqual(await ids(`keyword=${tag.toUpperCase()}`), [a.id, b.id, c.id]);
    assert.deepEqual(await ids(`keyword=${encodeURIComponent(`李四${tag}`)}`), [b.id]);
    assert.deepEqual(await ids(`keyword=${tag}&role=inventory_manager`), [b.id, c.id]);
    assert.deepEqual(await ids(`keyword=${tag}&role=`), [a.id, b.id, c.id]);
    assert.deepEqual(await ids(`keyword=${encodeURIComponent(`${tag}%`)}`), [], '% stands for itself');
    assert.equal((await admin.get('/api/users?role=boss')).status, 400);
});

test('a name is found by its brackets as they were typed, full-width as well', async () => {
    const tag = unique('fw');
    const { id } = await create({ username: tag, realName: '王工（外协）Ａ～B' });
    const ids = async (keyword) => accepted(await admin.get(`/api/users?${new URLSearchParams({ keyword, pageSize: 1000 })}`), 200).list.map((row) => row.id);
    for (const keyword of ['王工（外协', '（外协）', 'Ａ～b', tag.replace(/[a-z0-9]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))])
        assert.ok((await ids(keyword)).includes(id), keyword);
    for (const keyword of ['王工（外包', '（%）'])
        assert.deepEqual(await ids(keyword), [], keyword);
});

test('creating without what is needed, and with what is not acceptable', async () => {
    for (const missing of ['username', 'password', 'role'])
        refused(await admin.post('/api/users', userBody({ [missing]: undefined })), 400, 'invalid_input', '用户名、密码和角色为必填项');
    refused(await admin.post('/api/users', {}), 400, 'invalid_input', '用户名、密码和角色为必填项');
    refused(await admin.post('/api/users', userBody({ role: 'boss' })), 400, 'invalid_input', '无效的角色类型');
    for (const username of ['ab', 'x'.repeat(51), 'with space', '名字', "a'b--"])
        faulty(await admin.post('/api/users', userBody({ username })), { username: '用户名应为3-50个字母、数字、下划线或连字符' });
    faulty(await admin.post('/api/users', userBody({ email: 'no address' })), { email: '邮箱格式不正确' });
    const before = await server.value('SELECT COUNT(*) FROM users');
    const answer = await admin.post('/api/users', userBody({ username: 'ab', password: 'hush', realName: 'n'.repeat(51), email: '@' }));
    refused(answer, 400, 'invalid_input', '输入验证失败');
    assert.deepEqual([...new Set(answer.body.errors.map((error) => error.field))].sort(), ['email', 'password', 'realName', 'username']);
    assert.ok(!answer.text.includes('hush'), 'never the password');
    assert.equal(await server.value('SELECT COUNT(*) FROM users'), before);
});

test('a password says what it lacks', async () => {
    const lacks = async (password) => {
        const answer = await admin.post('/api/users', userBody({ password }));
        refused(answer, 400, 'invalid_input', '输入验证失败');
        assert.ok(!answer.text.includes(password));
        return answer.body.errors.map((error) => error.message);
    };
    assert.deepEqual(await lacks('abc'), ['密码至少需要8个字符', '密码需要包含数字']);
    assert.deepEqual(await lacks('12345678'), ['密码需要包含字母']);
    assert.deepEqual(await lacks('abcdefgh'), ['密码需要包含数字']);
    assert.deepEqual(await lacks('密码密码密码密码'), ['密码需要包含字母', '密码需要包含数字']);
    accepted(await admin.post('/api/users', userBody({ password: 'abcdefg1' })), 201);
});

test('a name is taken whatever its case', async () => {
    const { username } = await create();
    const taken = [400, 'username_taken', '用户名已存在'];
    refused(await admin.post('/api/users', userBody({ username })), ...taken);
    refused(await admin.post('/api/users', userBody({ username: username.toUpperCase() })), ...taken);
    const other = await create();
    refused(await admin.put(`/api/users/${other.id}`, { username: username.toUpperCase() }), 400, 'username_taken', '用户名已被使用');
    accepted(await admin.put(`/api/users/${other.id}`, { username: other.username.toUpperCase() }), 200); // his own
});

test('twenty at once with one name: one is made', async () => {
    const body = userBody();
    const answers = await Promise.all(Array.from({ length: 20 }, () => admin.post('/api/users', body)));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    for (const answer of answers.filter((one) => one.status !== 201 && one.status !== 503))
        refused(answer, 400, 'username_taken', '用户名已存在');
    assert.equal(await server.value(`SELECT COUNT(*) FROM users WHERE username = '${body.username}'`), 1);
});

test('update: each field, nothing, unknown fields, an empty password', async () => {
    const { id, username } = await create({ realName: '旧名' });
    const update = async (body) => assert.deepEqual(accepted(await admin.put(`/api/users/${id}`, body), 200, '用户更新成功'), { id });
    const row = async () => accepted(await admin.get(`/api/users/${id}`), 200);
    const nothing = [400, 'nothing_to_update', '没有要更新的字段'];

    await update({ realName: '新名', email: 'new@example.com', role: 'inventory_manager' });
    assert.deepEqual((({ real_name, email, role }) => ({ real_name, email, role }))(await row()),
        { real_name: '新名', email: 'new@example.com', role: 'inventory_manager' });
    refused(await admin.put(`/api/users/${id}`, {}), ...nothing);
    refused(await admin.put(`/api/users/${id}`, { nickname: 'x' }), ...nothing);
    refused(await admin.put(`/api/users/${id}`, { password: '' }), ...nothing);
    await update({ realName: '再新名', password: '' });
    await server.client().login(username, PASSWORD);
    await update({ email: null });
    assert.equal((await row()).email, null);
    refused(await admin.put(`/api/users/${id}`, { role: 'boss' }), 400, 'invalid_input', '无效的角色类型');
    const weak = await admin.put(`/api/users/${id}`, { password: 'weak' });
    refused(weak, 400, 'invalid_input', '输入验证失败');
    assert.ok(!weak.text.includes('"weak"'));
    assert.equal((await admin.put(`/api/users/${id}`, { username: '' })).status, 400);
    assert.equal((await row()).username, username);
});

test('unknown users', async () => {
    for (const id of [999999, 0]) {
        refused(await admin.get(`/api/users/${id}`), ...NOT_FOUND);
        refused(await admin.put(`/api/users/${id}`, { realName: 'x' }), ...NOT_FOUND);
        refused(await admin.del(`/api/users/${id}`), ...NOT_FOUND);
    }
});

test('closing an account: the name stays in history and may be given anew', async () => {
    const manager = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(manager);
    const { id: document } = await makeDocument(manager, receiptOf(material.id, 1));
    accepted(await approve(admin, document), 200);

    accepted(await admin.del(`/api/users/${manager.user.id}`), 200, '用户删除成功');
    refused(await admin.get(`/api/users/${manager.user.id}`), ...NOT_FOUND);
    refused(await admin.del(`/api/users/${manager.user.id}`), ...NOT_FOUND);
    refused(await admin.put(`/api/users/${manager.user.id}`, { status: 'active' }), ...NOT_FOUND);
    const { list } = accepted(await admin.get('/api/users?pageSize=1000'), 200);
    assert.ok(!list.some((row) => row.id === manager.user.id));
    assert.equal((await getDocument(admin, document)).applicant_name, manager.realName);
    assert.equal(accepted(await admin.get(`/api/materials/${material.id}`), 200).creator_name, manager.realName);

    const again = await create({ username: manager.user.username });
    assert.notEqual(again.id, manager.user.id);
});

test('nobody deletes himself', async () => {
    refused(await admin.del(`/api/users/${admin.user.id}`), 400, 'delete_self', '不能删除自己的账户');
});

test('the last administrator who can sign in is protected', async () => {
    const other = await start();
    try {
        const root = await other.admin();
        const last = [400, 'last_administrator', '系统至少需要一名可登录的系统管理员'];
        refused(await root.put(`/api/users/${root.user.id}`, { role: 'regular_user' }), ...last);
        refused(await root.put(`/api/users/${root.user.id}`, { status: 'disabled' }), ...last);
        const second = await makeUser(root, 'system_admin');
        accepted(await second.put(`/api/users/${root.user.id}`, { status: 'disabled' }), 200);
        refused(await second.put(`/api/users/${second.user.id}`, { role: 'inventory_manager' }), ...last);
        accepted(await second.put(`/api/users/${root.user.id}`, { status: 'active' }), 200);
        const back = await other.admin();

        // Two administrators who depose each other at the same moment: one stays.
        const answers = await Promise.all([
            back.put(`/api/users/${second.user.id}`, { role: 'regular_user' }),
            second.put(`/api/users/${back.user.id}`, { role: 'regular_user' }),
        ]);
        assert.ok(answers.some((answer) => answer.status === 200), answers.map((answer) => answer.text).join('\n'));
        assert.equal(await other.value("SELECT COUNT(*) FROM users WHERE role = 'system_admin' AND status = 'active'"), 1);
    } finally {
        await other.stop();
    }
});

test('only administrators manage users', async () => {
    const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
    for (const person of [M, U]) {
        forbidden(await person.get('/api/users'), 'user.manage');
        forbidden(await person.get(`/api/users/${person.user.id}`), 'user.manage');
        forbidden(await person.post('/api/users', userBody()), 'user.manage');
        forbidden(await person.put(`/api/users/${person.user.id}`, { role: 'system_admin' }), 'user.manage');
        forbidden(await person.del(`/api/users/${M.user.id}`), 'user.manage');
    }
    assert.equal(accepted(await U.get('/api/auth/me'), 200).role, 'regular_user');
});

test('every change is in the operation log', async () => {
    const { id, username } = await create();
    accepted(await admin.put(`/api/users/${id}`, { realName: '新名', password: 'Changed-Password-1' }), 200);
    accepted(await admin.del(`/api/users/${id}`), 200);
    const log = await server.sql(`SELECT action, user_id, description, changes FROM operation_log
        WHERE module = 'users' AND resource_id = ${id} ORDER BY id`);
    assert.deepEqual(log.map((row) => row.action), ['create', 'update', 'delete']);
    for (const row of log) {
        assert.equal(row.user_id, admin.user.id);
        assert.ok(row.description.includes(username), row.description);
        assert.ok(!JSON.stringify(row).includes('Changed-Password-1') && !JSON.stringify(row).includes('argon2'));
    }
});
