// What documents are asked for by: days of the company, purpose, and who had to do with them; the list, its sums and its file alike.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accepted, approve, faulty, issueOf, makeDocument, makeMaterial, makeUser, receiptOf, start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager', { realName: '王建国（仓储）' });
const U = await makeUser(admin, 'regular_user', { realName: 'Li%na' });
const made = {};
const names = (query, path = '/api/inventory', who = admin) =>
    who.get(`${path}?${query}`).then((answer) => accepted(answer, 200).list.map(({ id }) => Object.keys(made).find((name) => made[name] === id)));
const at = (text) => Date.parse(`${text}+08:00`);

before(async () => {
    const { id } = await makeMaterial(M);
    const add = async (name, who, body) => { made[name] = (await makeDocument(who, body)).id; };
    await add('bought', U, receiptOf(id, 20));
    accepted(await approve(M, made.bought), 200);
    await add('returned', U, { ...receiptOf(id, 3), purpose: 'return' });
    await add('used', M, issueOf(id, 1));
    await add('scrapped', U, { ...issueOf(id, 2), purpose: 'scrap' });
    for (const [name, moment] of [['returned', '2020-05-31T23:59:59.999'], ['used', '2020-06-01T00:00:00'], ['scrapped', '2020-06-02T00:00:00']])
        await server.sql(`UPDATE documents SET created_at = ${at(moment)} WHERE id = ${made[name]}`);
    await server.sql('UPDATE change_counters SET documents = documents + 1');
});

test('days are those of the company, both included', async () => {
    assert.deepEqual(await names('startDate=2020-06-01&endDate=2020-06-01'), ['used']);
    assert.deepEqual(await names('startDate=2020-06-01'), ['bought', 'scrapped', 'used']);
    assert.deepEqual(await names('endDate=2020-05-31'), ['returned']);
    assert.deepEqual(await names('startDate=2020-06-02&endDate=2020-06-01'), []);
    assert.deepEqual(await names('startDate=2020-05-31&endDate=2020-06-02', '/api/inventory/mine', U), ['scrapped', 'returned']);
});

test('purpose, and who handed it in or decided it, whatever the case', async () => {
    assert.deepEqual(await names('purpose=scrap'), ['scrapped']);
    assert.deepEqual(await names('purpose=all'), ['bought', 'scrapped', 'used', 'returned']);
    assert.deepEqual(await names(`person=${encodeURIComponent('建国')}`), ['bought', 'used'], 'decided the one, handed in the other');
    assert.deepEqual(await names(`person=${encodeURIComponent(M.realName)}`), ['bought', 'used'], 'the whole of it');
    assert.deepEqual(await names(`person=${encodeURIComponent('LI%')}`), ['bought', 'scrapped', 'returned'], 'a percent sign is one');
    assert.deepEqual(await names(`person=${M.user.username.toUpperCase()}&purpose=production`), ['used']);
    assert.deepEqual(await names(`person=${encodeURIComponent("' OR 1=1 --")}`), []);
});

test('a person who is renamed is found by the new name at once', async () => {
    const who = await makeUser(admin, 'inventory_manager', { realName: '旧名' });
    const { id } = await makeMaterial(M);
    made.renamed = (await makeDocument(who, receiptOf(id, 1))).id;
    assert.deepEqual(await names(`person=${encodeURIComponent('旧名')}`), ['renamed']);
    accepted(await admin.put(`/api/users/${who.user.id}`, { realName: '新名' }), 200);
    assert.deepEqual(await names(`person=${encodeURIComponent('旧名')}`), []);
    assert.deepEqual(await names(`person=${encodeURIComponent('新名')}`), ['renamed']);
});

test('the sums and the file are of the same rows', async () => {
    const query = 'startDate=2020-05-31&endDate=2020-06-01&person=li';
    assert.deepEqual(await names(query), ['returned']);
    assert.equal(accepted(await admin.get(`/api/inventory/sums?${query}`), 200).count, 1);
    const { text } = await admin.get(`/api/export/inventory?format=csv&${query}`);
    assert.equal(text.trim().split('\r\n').length, 2);
});

test('what is no day and no purpose is a fault', async () => {
    faulty(await admin.get('/api/inventory?startDate=2026-02-30&endDate=yesterday'),
        { startDate: '应为 YYYY-MM-DD 格式的日期', endDate: '应为 YYYY-MM-DD 格式的日期' });
    const { status, body } = await admin.get('/api/inventory?purpose=theft');
    assert.deepEqual([status, body.code, body.errors.map(({ field }) => field)], [400, 'invalid_input', ['purpose']]);
});
