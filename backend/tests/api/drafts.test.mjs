// Receipts and issues that are still being written: kept for their writer alone, and never overwritten by another tab.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, accepted, faulty, forbidden, makeUser, makeUsers, refused, start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U, V } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user', V: 'regular_user' });
const MISSING = [404, 'draft_not_found', '没有此草稿'];
const LIMIT = [409, 'draft_limit', '草稿数量已达上限，请先删除不再需要的草稿'];
const CONFLICT = [409, 'version_conflict', '数据已被他人修改，请核对后重试'];
const ROW = ['id', 'kind', 'title', 'line_count', 'updated_at', 'version'];
const make = async (client, more = {}) => accepted(await client.post('/api/drafts', { kind: 'in', content: '{}', ...more }), 201, '草稿已保存');
const list = async (client) => accepted(await client.get('/api/drafts'), 200);
const read = async (client, { id }) => accepted(await client.get(`/api/drafts/${id}`), 200);
const change = (client, { id }, body) => client.put(`/api/drafts/${id}`, body);

test('made, listed, read, changed, removed', async () => {
    const content = ' {"lines":[{"materialId":1,"quantity":"0.1"}],"remark":"\' \\" 青 😀"}\n';
    const made = await make(U, { kind: 'out', title: ' 领料 ', lineCount: 1, content });
    assert.deepEqual(Object.keys(made), ROW);
    assert.deepEqual([made.kind, made.title, made.line_count, made.version], ['out', '领料', 1, 1]);
    assert.deepEqual(await list(U), [made]);
    assert.deepEqual(await read(U, made), { ...made, content });
    const plain = await make(U);
    assert.deepEqual([plain.title, plain.line_count], [null, 0]);
    const changed = accepted(await change(U, made, { version: 1, kind: 'in', lineCount: 2, content: '[]', title: null }), 200, '草稿已保存');
    assert.deepEqual([changed.kind, changed.title, changed.line_count, changed.version], ['in', null, 2, 2]);
    assert.equal((await read(U, made)).content, '[]');
    assert.deepEqual((await list(U)).map((row) => row.id), [made.id, plain.id], 'the last changed first');
    assert.equal(accepted(await change(U, made, { version: 2 }), 200).version, 2, 'nothing changed');
    accepted(await U.del(`/api/drafts/${made.id}`), 200, '草稿已删除');
    for (const answer of [await U.del(`/api/drafts/${made.id}`), await U.get(`/api/drafts/${made.id}`), await change(U, made, { version: 2 })])
        refused(answer, ...MISSING);
    assert.deepEqual(await list(U), [plain]);
});

test('nobody else reads, changes or removes it, an administrator neither', async () => {
    const draft = await make(U, { content: 'secret', title: 'secret' });
    for (const other of [V, M, admin]) {
        assert.deepEqual((await list(other)).filter((row) => row.id === draft.id), []);
        for (const answer of [await other.get(`/api/drafts/${draft.id}`), await change(other, draft, { version: 1, content: 'x' }), await other.del(`/api/drafts/${draft.id}`)])
            refused(answer, ...MISSING);
    }
    assert.equal((await read(U, draft)).content, 'secret');
    const rows = accepted(await admin.get('/api/admin/database/table/document_drafts'), 200).rows;
    assert.ok(rows.some((row) => row.title === '••••••'));
    assert.ok(!JSON.stringify(rows).includes('secret'), 'nor in the table of the database');
});

test('two tabs: the second is told what is there now, and nothing is overwritten', async () => {
    const draft = await make(U, { content: 'first' });
    accepted(await change(U, draft, { version: 1, content: 'second', lineCount: 3 }), 200);
    const present = await read(U, draft);
    assert.deepEqual(refused(await change(U, draft, { version: 1, content: 'lost' }), ...CONFLICT).data, present);
    assert.deepEqual([present.content, present.version], ['second', 2]);
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => change(U, draft, { version: 2, content: `race ${i}` })));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
    const winner = answers.findIndex((answer) => answer.status === 200);
    assert.equal((await read(U, draft)).content, `race ${winner}`);
    for (const [i, answer] of answers.entries())
        if (i !== winner)
            assert.equal(refused(answer, ...CONFLICT).data.content, `race ${winner}`);
});

test('what is not acceptable', async () => {
    faulty(await U.post('/api/drafts', {}), { kind: '出入库类型必须是 in 或 out', content: '草稿内容不能为空' });
    faulty(await U.post('/api/drafts', { kind: 'move', content: 1, title: 'x'.repeat(101), lineCount: -1 }),
        { kind: '出入库类型必须是 in 或 out', content: null, title: null, lineCount: null });
    faulty(await U.post('/api/drafts', { kind: 'in', content: '', lineCount: 1.5 }), { content: '草稿内容不能为空', lineCount: null });
    const draft = await make(U);
    faulty(await change(U, draft, { content: 'x' }), { version: '请给出所依据的草稿版本' });
    faulty(await change(U, draft, { version: 1, content: null, kind: '' }), { content: '草稿内容不能为空', kind: '出入库类型必须是 in 或 out' });
    faulty(await change(U, draft, { version: 'x' }), { version: null });
    assert.deepEqual(await read(U, draft), { ...draft, content: '{}' });
});

test('long ones, also of characters of many bytes', async () => {
    const draft = await make(U, { content: 'x'.repeat(262144) });
    for (const [version, content] of ['青'.repeat(262144), '😀'.repeat(262144), '"'.repeat(262144)].entries()) {
        accepted(await change(U, draft, { version: version + 1, content }), 200);
        assert.equal((await read(U, draft)).content, content);
        assert.equal(refused(await change(U, draft, { version: version + 1, content: 'x' }), ...CONFLICT).data.content, content);
    }
    faulty(await change(U, draft, { version: 4, content: '青'.repeat(262145) }), { content: '长度不能超过262144个字符' });
    refused(await change(U, draft, { version: 4, content: 'x'.repeat(2 * 1024 * 1024) }), 413, 'body_too_large', '请求内容过大');
    accepted(await U.del(`/api/drafts/${draft.id}`), 200);
});

test('at most fifty a person, also when many come at a time', async () => {
    const N = await makeUser(admin, 'regular_user');
    const answers = await Promise.all(Array.from({ length: 60 }, () => N.post('/api/drafts', { kind: 'in', content: 'x' })));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 50);
    for (const answer of answers.filter((one) => one.status !== 201))
        refused(answer, ...LIMIT);
    const [first] = await list(N);
    accepted(await change(N, first, { version: 1, content: 'y' }), 200);
    accepted(await N.del(`/api/drafts/${first.id}`), 200);
    await make(N);
    await make(V);
    assert.equal((await list(N)).length, 50);
});

test('a service token needs its scope; a disabled account keeps its drafts, a closed one does not', async () => {
    const token = async (scopes) => {
        const { token: text } = accepted(await V.post('/api/profile/tokens', { name: '脚本', scopes }), 201);
        server.secrets.push(text);
        return new Client(server, text);
    };
    forbidden(await (await token('document.read')).get('/api/drafts'), 'document.create');
    assert.deepEqual(await list(await token('document.create')), await list(V));
    const N = await makeUser(admin, 'regular_user'), left = async () => Number(await server.value(`SELECT COUNT(*) FROM document_drafts WHERE owner_id = ${N.user.id}`));
    await make(N);
    accepted(await admin.put(`/api/users/${N.user.id}`, { status: 'disabled' }), 200);
    assert.equal(await left(), 1);
    accepted(await admin.del(`/api/users/${N.user.id}`), 200);
    assert.equal(await left(), 0);
});

test('nothing of it is logged; the same key gives the same draft again', async () => {
    const { list: entries } = accepted(await admin.get('/api/operation-logs?pageSize=1000'), 200);
    assert.deepEqual(entries.filter((entry) => /draft|草稿/.test(entry.description + entry.resource_type)), []);
    const body = { kind: 'in', content: 'keyed' }, headers = { 'idempotency-key': 'draft-1' }, before = (await list(U)).length;
    const first = accepted(await U.post('/api/drafts', body, { headers }), 201);
    assert.deepEqual(accepted(await U.post('/api/drafts', body, { headers }), 201), first);
    assert.equal((await list(U)).length, before + 1);
});
