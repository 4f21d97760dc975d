// Service tokens: for scripts, within their scopes, until their day; the person's own account stays the person's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Events } from './events.mjs';
import { Client, accepted, approve, faulty, forbidden, makeDocument, makeMaterial, makeUser, makeUsers, materialBody, receiptOf, refused, start } from './harness.mjs';

const METRICS_TOKEN = 'metrics-token-of-the-tests';
const server = await start({ env: { METRICS_TOKEN } });
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const INVALID = [401, 'token_invalid', '访问令牌无效或已过期'];

async function makeToken(client, scopes, more = {}) {
    const made = accepted(await client.post('/api/profile/tokens', { name: '脚本', scopes, ...more }), 201, '服务令牌已创建，请立即保存，之后无法再次查看');
    const script = new Client(server);
    script.token = made.token;
    server.secrets.push(made.token); // never in the log
    return { ...made, script };
}
const list = async (client) => accepted(await client.get('/api/profile/tokens'), 200);

test('made, used, listed, revoked', async () => {
    const { id, token, script, expiresAt } = await makeToken(U, 'document.create document.read  material.read');
    assert.match(token, /^mms_[A-Za-z0-9_-]{43}$/);
    const material = await makeMaterial(M);
    const { id: document } = await makeDocument(script, receiptOf(material.id, 3));
    assert.equal(accepted(await script.get(`/api/inventory/${document}`), 200).applicant_id, U.user.id);
    const [row] = await list(U);
    assert.deepEqual([row.id, row.name, row.scopes, row.expires_at], [id, '脚本', 'material.read document.read document.create', expiresAt]);
    const days = (Date.parse(`${row.expires_at.replace(' ', 'T')}Z`) - Date.now()) / 86_400_000;
    assert.ok(days > 89.9 && days < 90.1, `${days} days`);
    for (const end = Date.now() + 10_000; !(await list(U))[0].last_used_at; )
        assert.ok(Date.now() < end, 'its use is noted');
    assert.ok(!JSON.stringify(await list(U)).includes(token.slice(4)));
    assert.deepEqual(await list(M), []);
    const missing = [404, 'service_token_not_found', '服务令牌不存在或已撤销'];
    refused(await M.del(`/api/profile/tokens/${id}`), ...missing);
    accepted(await U.del(`/api/profile/tokens/${id}`), 200, '服务令牌已撤销');
    refused(await script.get('/api/materials'), ...INVALID);
    refused(await U.del(`/api/profile/tokens/${id}`), ...missing);
    assert.deepEqual(await list(U), []);
});

test('its use is noted once, however many requests there are while the writer is held up', async () => {
    const jobs = async () => Number((await server.client(METRICS_TOKEN).get('/metrics')).text.match(/^mms_writer_jobs_total (\d+)$/m)[1]);
    const { id, script } = await makeToken(U, 'material.read');
    const before = await jobs();
    const release = await server.database.holdWriteLock();
    try {
        for (let i = 0; i < 100; i++)
            accepted(await script.get('/api/materials'), 200);
    } finally {
        await release();
    }
    await server.until(async () => (await list(U)).find((row) => row.id === id).last_used_at, 10_000, 'to note its use');
    assert.equal((await jobs()) - before, 1);
});

test('only what its scopes name', async () => {
    const { script } = await makeToken(M, 'material.read');
    accepted(await script.get('/api/materials'), 200);
    forbidden(await script.post('/api/materials', materialBody()), 'material.write');
    forbidden(await script.get('/api/inventory'), 'document.read');
    // Without document.read_all a manager's token sees his own documents only.
    const material = await makeMaterial(M);
    const mine = await makeDocument(M, receiptOf(material.id, 1)), theirs = await makeDocument(U, receiptOf(material.id, 1));
    const { script: own } = await makeToken(M, 'document.read');
    accepted(await own.get(`/api/inventory/${mine.id}`), 200);
    refused(await own.get(`/api/inventory/${theirs.id}`), 403, 'document_not_yours', '无权查看此出入库单');
    assert.ok(accepted(await own.get('/api/inventory?pageSize=1000'), 200).list.every((row) => row.applicant_id === M.user.id));
    forbidden(await approve(own, theirs.id), 'document.approve');
});

test("the account stays the person's own", async () => {
    const { script } = await makeToken(admin, 'user.manage material.read');
    const refusal = [403, 'session_required', '此操作需要本人登录，不能使用服务令牌'];
    for (const answer of [
        await script.get('/api/profile/me'), await script.put('/api/profile/me', { realName: 'x' }), await script.get('/api/profile/sessions'),
        await script.post('/api/auth/change-password', { currentPassword: 'a', newPassword: 'b' }), await script.post('/api/auth/logout'),
        await script.get('/api/profile/tokens'), await script.post('/api/profile/tokens', { name: 'x', scopes: 'material.read' }),
    ])
        refused(answer, ...refusal);
    accepted(await script.get('/api/users'), 200);
});

test('what making one refuses', async () => {
    const had = await list(U);
    const ask = (body) => U.post('/api/profile/tokens', { name: 'x', scopes: 'material.read', ...body });
    faulty(await ask({ name: undefined }), { name: '令牌名称不能为空' });
    faulty(await ask({ scopes: undefined }), { scopes: '请至少选择一个权限范围' });
    faulty(await ask({ scopes: '   ' }), { scopes: null });
    faulty(await ask({ scopes: 'material.read nonsense' }), { scopes: '没有名为 nonsense 的权限' });
    for (const scope of ['open', 'signed_in'])
        faulty(await ask({ scopes: scope }), { scopes: `没有名为 ${scope} 的权限` });
    faulty(await ask({ scopes: 'material.read user.manage' }), { scopes: '您没有这些权限：user.manage' });
    for (const expiresInDays of [0, -1, 367, 1.5, 'x'])
        faulty(await ask({ expiresInDays }), { expiresInDays: null });
    assert.deepEqual(await list(U), had);
});

test('none is made with a password that has to be changed: who gave it out would have a token for a year', async () => {
    const person = await makeUser(admin, 'regular_user', { mustChangePassword: true });
    const ask = () => person.post('/api/profile/tokens', { name: 'x', scopes: 'material.read' });
    refused(await ask(), 403, 'password_change_required', '请先修改初始密码');
    accepted(await person.post('/api/auth/change-password', { currentPassword: person.password, newPassword: 'Another-Password-1' }), 200);
    accepted(await ask(), 201);
});

test('as many as one may have', async () => {
    const person = await makeUser(admin, 'regular_user');
    for (let i = 0; i < 50; i++)
        await makeToken(person, 'material.read');
    refused(await person.post('/api/profile/tokens', { name: 'x', scopes: 'material.read' }), 409, 'service_token_limit', '服务令牌数量已达上限，请先撤销不再使用的令牌');
    accepted(await person.del(`/api/profile/tokens/${(await list(person))[0].id}`), 200);
    await makeToken(person, 'material.read');
});

test('it ends with its day, with its owner, and with its owner\'s rights', async () => {
    const person = await makeUser(admin, 'inventory_manager');
    const { id, script } = await makeToken(person, 'material.read material.write', { expiresInDays: 1 });
    accepted(await script.post('/api/materials', materialBody()), 201);
    accepted(await admin.put(`/api/users/${person.user.id}`, { role: 'regular_user' }), 200);
    forbidden(await script.post('/api/materials', materialBody()), 'material.write');
    accepted(await script.get('/api/materials'), 200);
    accepted(await admin.put(`/api/users/${person.user.id}`, { status: 'disabled' }), 200);
    refused(await script.get('/api/materials'), ...INVALID);
    accepted(await admin.put(`/api/users/${person.user.id}`, { status: 'active' }), 200);
    accepted(await script.get('/api/materials'), 200);
    await server.database.sql(`UPDATE service_tokens SET expires_at = 1 WHERE id = ${id}`);
    refused(await script.get('/api/materials'), ...INVALID);
});

test('what is no token of ours', async () => {
    const script = new Client(server);
    for (const token of ['mms_', 'mms_x', `mms_${'A'.repeat(43)}`, `mms_${'氢'.repeat(20)}`.normalize(), `mms_${'x'.repeat(5000)}`]) {
        script.token = encodeURI(token);
        refused(await script.get('/api/materials'), ...INVALID);
    }
});

test('neither the token nor its hash is anywhere to be seen', async () => {
    const { id, token, script } = await makeToken(admin, 'database.read log.read');
    const all = [
        await script.get('/api/admin/database/table/service_tokens?pageSize=100'),
        await script.get('/api/operation-logs?pageSize=1000'),
        await admin.get('/api/profile/tokens'),
    ].map(({ text }) => text).join('\n');
    const [{ token_hash: hash }] = await server.database.sql(`SELECT token_hash FROM service_tokens WHERE id = ${id}`);
    assert.match(hash, /^[0-9a-f]{64}$/);
    assert.ok(!all.includes(token) && !all.includes(hash));
    assert.match(all, /创建服务令牌: 脚本（database\.read log\.read|log\.read database\.read）/);
});

test('a stream by a service token ends when the token is revoked', async () => {
    const { id, script } = await makeToken(U, 'notification.read');
    const events = await Events.open(script);
    const say = (title) => admin.post('/api/notifications', { type: 'announcement', title });
    accepted(await say('一'), 200);
    await events.until(() => events.titles.includes('一'));
    accepted(await U.del(`/api/profile/tokens/${id}`), 200);
    accepted(await say('二'), 200);
    await events.until(() => events.isOver, 'the end');
    assert.ok(!events.titles.includes('二'));
});
