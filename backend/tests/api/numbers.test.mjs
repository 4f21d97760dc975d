// Document numbers without gaps, and requests that may be sent twice (Idempotency-Key).
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PASSWORD, accepted, approve, faulty, getDocument, getMaterial, issueOf, makeDocument, makeMaterial, makeUsers, materialBody, receiptOf, refused, start, stockUp, unique, withoutGaps } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U, U2 } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user', U2: 'regular_user' });
const REUSED = [422, 'idempotency_key_reused', 'Idempotency-Key 已用于另一个请求'];
const documents = () => server.value('SELECT COUNT(*) FROM documents');
const keyed = (key = unique('key')) => ({ headers: { 'idempotency-key': key } });

/** The company's day (Asia/Shanghai, +8 for ever) as yyyymmdd. */
const companyDay = (ms) => new Date(ms + 8 * 3600_000).toISOString().slice(0, 10).replaceAll('-', '');

test('numbers tell kind and company day, and have no gaps, whatever is refused in between', async () => {
    const material = await makeMaterial(M);
    await stockUp(U, M, material.id, 50);
    const began = companyDay(Date.now());
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => {
        if (i % 4 === 0)
            return U.post('/api/inventory', receiptOf(material.id, 1));
        if (i % 4 === 1)
            return U.post('/api/inventory', issueOf(material.id, 1));
        return U.post('/api/inventory', i % 4 === 2 ? issueOf(material.id, 1000) : receiptOf(material.id, -1));
    }));
    const made = answers.filter((answer) => answer.status === 201).map((answer) => answer.body.data.transactionCode);
    assert.equal(made.length, 60);
    assert.equal(new Set(made).size, 60);
    const days = withoutGaps((await server.sql('SELECT number FROM documents ORDER BY id')).map((row) => row.number));
    const wanted = [began, companyDay(Date.now())].flatMap((day) => [`IN${day}`, `OUT${day}`]); // two days when midnight was in between
    assert.deepEqual([...days].sort(), [...new Set(wanted)].filter((day) => days.includes(day)).sort());
    assert.ok(days.some((day) => day.startsWith('IN')) && days.some((day) => day.startsWith('OUT')), days.join());
});

test('a number is never used again', async () => {
    const material = await makeMaterial(M);
    const first = await makeDocument(U, receiptOf(material.id, 1));
    accepted(await U.put(`/api/inventory/${first.id}/cancel`), 200);
    const second = await makeDocument(U, receiptOf(material.id, 1));
    assert.notEqual(second.transactionCode, first.transactionCode);
});

test('the same key and request gives the first answer again', async () => {
    const material = await makeMaterial(M);
    const options = keyed(), body = receiptOf(material.id, 3);
    const first = await U.post('/api/inventory', body, options);
    accepted(first, 201);
    assert.equal(first.headers['idempotent-replayed'], undefined);
    const before = await documents();
    for (let i = 0; i < 3; i++) {
        const again = await U.post('/api/inventory', body, options);
        assert.equal(again.status, 201);
        assert.equal(again.headers['idempotent-replayed'], 'true');
        assert.equal(again.text, first.text);
    }
    assert.equal(await documents(), before);
});

test('the same key with another request gets 422', async () => {
    const material = await makeMaterial(M);
    const options = keyed();
    accepted(await U.post('/api/inventory', receiptOf(material.id, 3), options), 201);
    const before = await documents();
    refused(await U.post('/api/inventory', receiptOf(material.id, 4), options), ...REUSED);
    assert.equal(await documents(), before);
    const manager = keyed();
    accepted(await M.post('/api/materials', materialBody(), manager), 201);
    refused(await M.post('/api/units', { code: 'never', decimals: 1 }, manager), ...REUSED);
});

test('keys belong to their user', async () => {
    const material = await makeMaterial(M);
    const options = keyed(), body = receiptOf(material.id, 3);
    const a = accepted(await U.post('/api/inventory', body, options), 201), b = accepted(await U2.post('/api/inventory', body, options), 201);
    assert.notEqual(a.id, b.id);
    assert.equal((await getDocument(M, b.id)).applicant_id, U2.user.id);
});

test('twenty at once with one key make one document', async () => {
    const material = await makeMaterial(M);
    const before = await documents(), options = keyed();
    const answers = await Promise.all(Array.from({ length: 20 }, () => U.post('/api/inventory', receiptOf(material.id, 3), options)));
    const ids = new Set(answers.map((answer) => accepted(answer, 201).id));
    assert.equal(ids.size, 1);
    assert.equal(answers.filter((answer) => answer.headers['idempotent-replayed'] === 'true').length, 19);
    assert.equal(await documents(), before + 1);
});

test('every POST minds the key', async () => {
    const twice = async (client, path, body) => {
        const options = keyed();
        const first = await client.post(path, body, options), again = await client.post(path, body, options);
        assert.ok(first.status < 300, first.text);
        assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [first.status, first.text, 'true'], path);
        return first.body.data;
    };
    await twice(admin, '/api/users', { username: unique('person'), password: PASSWORD, role: 'regular_user' });
    await twice(admin, '/api/auth/register', { username: unique('person'), password: PASSWORD, role: 'regular_user' });
    const { id } = await twice(M, '/api/materials', materialBody());
    await twice(M, '/api/units', { code: unique('K').slice(0, 20), decimals: 1 });
    await twice(M, '/api/locations', { code: unique('K'), nameZh: '位' });
    await twice(M, `/api/materials/${id}/retire`, {});
    await twice(M, `/api/materials/${id}/restore`, {});
    const { id: document } = await twice(U, '/api/inventory', receiptOf(id, 5));
    const decided = await twice(M, '/api/inventory/decide', { ids: [document], action: 'approve' });
    assert.deepEqual([decided.done, decided.failed], [1, 0]);
    assert.equal((await getMaterial(M, id)).current_stock, 5);
    await twice(M, `/api/inventory/${document}/reverse`, { reason: '错' });
});

test('eight at once with one key make one user, through the slow lane too', async () => {
    const body = { username: unique('person'), password: PASSWORD, role: 'regular_user' }, options = keyed();
    const answers = await Promise.all(Array.from({ length: 8 }, () => admin.post('/api/users', body, options)));
    assert.equal(new Set(answers.map((answer) => accepted(answer, 201).id)).size, 1);
});

test('the kept answer holds no password', async () => {
    const options = keyed(), password = 'Hidden-Password-77';
    accepted(await admin.post('/api/users', { username: unique('person'), password, role: 'regular_user' }, options), 201);
    const rows = await server.sql('SELECT * FROM idempotency');
    assert.ok(rows.length > 0 && !JSON.stringify(rows).includes(password));
});

test('signing in keeps no answer', async () => {
    const options = keyed();
    const body = { username: U.user.username, password: PASSWORD };
    const one = await U.post('/api/auth/login', body, options), two = await U.post('/api/auth/login', body, options);
    assert.notEqual(accepted(one, 200).refreshToken, accepted(two, 200).refreshToken);
    assert.equal(two.headers['idempotent-replayed'], undefined);
    assert.equal(await server.value(`SELECT COUNT(*) FROM idempotency WHERE key = '${options.headers['idempotency-key']}'`), 0);
});

test('keys that are none get 400', async () => {
    const material = await makeMaterial(M);
    const before = await documents();
    for (const key of ['k'.repeat(101), 'clé', 'tab\there'])
        assert.equal((await U.post('/api/inventory', receiptOf(material.id, 3), keyed(Buffer.from(key).toString('latin1')))).status, 400, key);
    assert.equal(await documents(), before);
    accepted(await U.post('/api/inventory', receiptOf(material.id, 3), keyed('k'.repeat(60) + unique('').padEnd(40, '!').slice(0, 40))), 201);
});

test('a request that failed for its input may be mended under a new key, and nothing of it is kept', async () => {
    const material = await makeMaterial(M);
    faulty(await U.post('/api/inventory', receiptOf(material.id, 0), keyed()), { quantity: '数量必须大于0' });
    accepted(await U.post('/api/inventory', receiptOf(material.id, 1), keyed()), 201);
});

test('a key is remembered over a restart', async () => {
    const material = await makeMaterial(M);
    const options = keyed(), body = receiptOf(material.id, 3);
    const first = await U.post('/api/inventory', body, options);
    accepted(first, 201);
    await server.restart();
    const again = await U.post('/api/inventory', body, options);
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [201, first.text, 'true']);
    refused(await U.post('/api/inventory', receiptOf(material.id, 4), options), ...REUSED);
    accepted(await approve(M, first.body.data.id), 200);
});
