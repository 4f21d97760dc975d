// What the program remembers between requests (pages, totals, checked tokens) is never older than the last change:
// each thread of it is asked before the change, so that it remembers, and after it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PASSWORD, accepted, approve, issueOf, makeDocument, makeMaterial, makeUser, makeUsers, receiptOf, refused, start, stockUp, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });

/** The same request over connections of their own: new ones go round the program's threads. */
const everywhere = (client, path) => Promise.all(Array.from({ length: 8 }, () => client.get(path, { localAddress: '127.0.0.1' })));

/** What `pick` makes of the answer, the same on every thread. */
async function seen(client, path, pick) {
    const all = (await everywhere(client, path)).map((answer) => JSON.stringify(pick(accepted(answer, 200))));
    assert.equal(new Set(all).size, 1, `${path}: ${[...new Set(all)].join(' and ')}`);
    return JSON.parse(all[0]);
}

/** Before the change `path` shows one thing, right after it another. */
async function changes(client, path, pick, before, change, afterwards) {
    for (let i = 0; i < 3; i++) // remembered by now, if at all
        assert.deepEqual(await seen(client, path, pick), before, path);
    const answer = await change();
    assert.ok(answer.status < 300, answer.text);
    assert.deepEqual(await seen(client, path, pick), afterwards, `${path} after the change`);
}

const rename = (person, realName) => admin.put(`/api/users/${person.user.id}`, { realName });
const first = (name) => (data) => data.list[0][name];

test('a renamed person, wherever the name is shown', async () => {
    const author = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(author);
    accepted(await author.put(`/api/materials/${material.id}`, { materialCode: unique('NEW') }), 200);
    const code = (await makeDocument(author, receiptOf(material.id, 5))).id;
    accepted(await approve(M, code), 200);
    const other = await makeDocument(U, receiptOf(material.id, 5));
    accepted(await approve(author, other.id), 200);
    let name = author.realName;
    for (const [client, path, member] of [
        [U, `/api/materials?keyword=${material.material_name}`, 'creator_name'], [U, `/api/materials/${material.id}/code-history`, 'changed_by_name'],
        [U, `/api/materials/${material.id}/moves`, 'operator_name'], [U, `/api/inventory?materialId=${material.id}`, 'approver_name'],
        [author, `/api/inventory/mine?materialId=${material.id}`, 'applicant_name'], [admin, `/api/users?keyword=${author.user.username}`, 'real_name'],
    ]) {
        const next = unique('新名');
        await changes(client, encodeURI(path), first(member), name, () => rename(author, next), next);
        name = next;
    }
    const details = unique('新名');
    await changes(U, `/api/materials/${material.id}`, (row) => row.creator_name, name, () => rename(author, details), details);
});

test('a renamed material, wherever it is shown', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 5));
    let name = material.material_name;
    for (const [path, pick] of [
        [`/api/inventory?materialId=${material.id}`, first('material_name')], ['/api/inventory/mine', first('material_name')], [`/api/inventory/${id}`, (doc) => doc.lines[0].material_name],
        [`/api/materials?keyword=${material.material_code}`, first('material_name')], [`/api/materials/${material.id}`, (row) => row.material_name],
    ]) {
        const next = unique('新料');
        await changes(U, path, pick, name, () => M.put(`/api/materials/${material.id}`, { materialName: next }), next);
        name = next;
    }
    const found = (data) => data.total;
    const next = unique('又一');
    await changes(M, `/api/inventory?keyword=${encodeURIComponent(name)}`, found, 1, () => M.put(`/api/materials/${material.id}`, { materialName: next }), 0);
});

test('the stock, wherever it is shown', async () => {
    const material = await makeMaterial(M);
    let stock = 0;
    const receive = (quantity) => async () => approve(M, (await makeDocument(U, receiptOf(material.id, quantity))).id);
    for (const [path, pick] of [
        [`/api/materials?keyword=${material.material_code}`, first('current_stock')], [`/api/materials/${material.id}`, (row) => row.current_stock],
        [`/api/materials?totals=true&keyword=${material.material_code}`, (data) => data.totals.stock[0].quantity],
        [`/api/materials/${material.id}/balances`, (list) => list.reduce((sum, row) => sum + row.quantity, 0)],
        ['/api/materials?sort=-current_stock', first('current_stock')],
    ]) {
        await changes(U, path, pick, stock, receive(1_000_000), stock + 1_000_000);
        stock += 1_000_000;
    }
    const { id } = await makeDocument(U, issueOf(material.id, 1));
    await changes(M, `/api/inventory/${id}`, (doc) => doc.lines[0].current_stock, stock, receive(1), stock + 1);
    const moves = accepted(await U.get(`/api/materials/${material.id}/moves`), 200).total;
    await changes(U, `/api/materials/${material.id}/moves`, (data) => [data.total, data.list.length], [moves, moves], receive(1), [moves + 1, moves + 1]);
});

test('a document\'s way, wherever it is shown', async () => {
    const material = await makeMaterial(M);
    const list = `/api/inventory?materialId=${material.id}`;
    const counts = (status) => (data) => [data.total, data.list.filter((row) => row.status === status).length];
    await changes(M, list, counts('pending'), [0, 0], () => U.post('/api/inventory', receiptOf(material.id, 1)), [1, 1]);
    const { id } = accepted(await M.get(list), 200).list[0];
    await changes(M, `/api/inventory/pending?materialId=${material.id}`, (data) => data.total, 1, () => approve(M, id), 0);
    assert.deepEqual(await seen(M, `${list}&status=approved`, (data) => data.list.map((row) => [row.id, row.reversed_by_id])), [[id, null]]);
    await changes(M, list, (data) => data.list.find((row) => row.id === id).reversed_by_id !== null, false, () => M.post(`/api/inventory/${id}/reverse`, { reason: '错' }), true);
    const reversal = accepted(await M.get(list), 200).list[0].id;
    await changes(M, `${list}&status=cancelled`, (data) => data.list.map((row) => row.id), [], () => M.put(`/api/inventory/${reversal}/cancel`), [reversal]);
    assert.equal(await seen(M, list, (data) => data.list.find((row) => row.id === id).reversed_by_id), null);
});

test('a user\'s row in the list', async () => {
    const user = await makeUser(admin, 'regular_user', { mustChangePassword: true });
    const path = `/api/users?keyword=${user.user.username}`;
    const { id } = user.user;
    await changes(admin, path, first('must_change_password'), 1, () => user.post('/api/auth/change-password', { currentPassword: PASSWORD, newPassword: 'New-Password-1' }), 0);
    await changes(admin, path, first('must_change_password'), 0, () => admin.put(`/api/users/${id}`, { mustChangePassword: true }), 1);
    await changes(admin, path, first('role'), 'regular_user', () => admin.put(`/api/users/${id}`, { role: 'inventory_manager' }), 'inventory_manager');
    await changes(admin, path, first('status'), 'active', () => admin.put(`/api/users/${id}`, { status: 'disabled' }), 'disabled');
    await changes(admin, path, (data) => data.total, 1, () => admin.del(`/api/users/${id}`), 0);
});

test('a unit\'s decimals', async () => {
    const unit = unique('F').slice(0, 20);
    const material = await makeMaterial(M, { unit });
    const { id } = accepted(await U.get('/api/units'), 200).find((one) => one.code === unit);
    await changes(U, `/api/materials?keyword=${material.material_code}`, first('unit_decimals'), 3, () => M.put(`/api/units/${id}`, { decimals: 5 }), 5);
    await changes(U, `/api/materials?unit=${unit}`, (data) => data.list.length, 1, () => M.post('/api/materials', { materialCode: unique('M'), materialName: 'x', category: 'metal', unit }), 2);
});

test('what another program changed', async () => {
    const user = await makeUser(admin, 'regular_user');
    await changes(admin, `/api/users?keyword=${user.user.username}`, first('status'), 'active',
        async () => ({ status: (await server.run(['user', 'disable', user.user.username])).code === 0 ? 200 : 500 }), 'disabled');
    const other = await makeUser(admin, 'regular_user');
    await changes(admin, `/api/users?keyword=${other.user.username}`, first('must_change_password'), 0,
        async () => ({ status: (await server.run(['user', 'set-password', other.user.username], { input: 'Other-Password-1\n' })).code === 0 ? 200 : 500 }), 1);
});

test('whoever is cut off is cut off on every thread', async () => {
    const cut = {
        'signed out': (user) => user.post('/api/auth/logout'),
        'disabled': (user) => admin.put(`/api/users/${user.user.id}`, { status: 'disabled' }),
        'closed': (user) => admin.del(`/api/users/${user.user.id}`),
        'a new password': (user) => admin.put(`/api/users/${user.user.id}`, { password: 'Other-Password-1' }),
    };
    for (const [how, work] of Object.entries(cut)) {
        const user = await makeUser(admin, 'regular_user');
        for (const answer of await everywhere(user, '/api/materials'))
            accepted(answer, 200);
        const answer = await work(user);
        assert.equal(answer.status, 200, `${how}: ${answer.text}`);
        for (const refusal of await everywhere(user, '/api/materials'))
            refused(refusal, 401, 'token_invalid', '访问令牌无效或已过期');
    }
});

test('rights that were taken or given hold on every thread at once', async () => {
    const user = await makeUser(admin, 'regular_user');
    const role = (name) => admin.put(`/api/users/${user.user.id}`, { role: name });
    const may = async () => new Set((await everywhere(user, '/api/inventory/pending')).map((answer) => answer.status));
    assert.deepEqual(await may(), new Set([403]));
    accepted(await role('inventory_manager'), 200);
    assert.deepEqual(await may(), new Set([200]));
    accepted(await role('regular_user'), 200);
    assert.deepEqual(await may(), new Set([403]));
    const material = await makeMaterial(M);
    await stockUp(M, admin, material.id, 1);
    for (const answer of await everywhere(user, `/api/inventory?materialId=${material.id}`))
        assert.equal(accepted(answer, 200).total, 0, 'nobody else\'s page is shown to him');
});
