// GET /api/notifications/stream: to whom it matters, at once, without loss or repeat; and those who do not read.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, test } from 'node:test';

import { Events } from './events.mjs';
import { accepted, approve, faulty, issueOf, makeDocument, makeMaterial, makeUser, makeUsers, raw, receiptOf, refused, sleep, start, stockUp } from './harness.mjs';

const METRICS_TOKEN = 'metrics-token-of-the-tests', PER_PERSON = 512, AT_ALL = 768;
const server = await start({ env: { METRICS_TOKEN } });
after(() => server.stop());
const admin = await server.admin();
const { M, U, U2 } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user', U2: 'regular_user' });
const send = async (body) => accepted(await admin.post('/api/notifications', { type: 'announcement', title: '通知', ...body }), 200).id;

async function openStreams(of = server) {
    const { text } = await of.client().get('/metrics', { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
    return Number(text.match(/^mms_open_streams (\d+)$/m)[1]);
}
async function untilOpen(least, of = server, most = least) {
    const isSo = (open) => open >= least && open <= most;
    for (const end = Date.now() + 40_000; !isSo(await openStreams(of)); await sleep(100))
        assert.ok(Date.now() < end, `${await openStreams(of)} streams are open, not ${least} to ${most}`);
}

test('a stream: its headers, and its first line', async () => {
    const events = await Events.open(U);
    assert.equal(events.status, 200);
    assert.match(events.headers['content-type'], /^text\/event-stream/);
    assert.equal(events.headers['x-accel-buffering'], 'no');
    assert.equal(events.headers['content-encoding'], undefined);
    await events.until(() => events.events.length === 0 && events.text === '');
    events.close();
});

test('HEAD: the headers of a stream, no stream, and nothing before the next answer', async () => {
    await untilOpen(0);
    const ask = (method, path) => `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${U.token}\r\n\r\n`;
    const { answers, text } = await raw(server, ask('HEAD', '/api/notifications/stream') + ask('GET', '/api/notifications/unread-count'), { answers: 2, timeout: 3000 });
    assert.deepEqual(answers.map(({ status }) => status), [200, 200], text);
    assert.match(answers[0].headers['content-type'], /^text\/event-stream/);
    assert.doesNotMatch(text, /\r\n\r\n0\r\n/, 'the end of a body');
    assert.match(answers[1].body, /"count"/);
    await untilOpen(0);
});

test('an older protocol, and a connection that is not kept', async () => {
    for (const [protocol, more] of [['1.0', ''], ['1.1', 'Connection: close\r\n'], ['1.1', 'Accept-Encoding: gzip\r\n']]) {
        const { hostname, port } = new URL(server.url);
        const socket = net.connect(Number(port), hostname);
        let text = '';
        socket.setEncoding('utf8').on('data', (part) => (text += part));
        socket.write(`GET /api/notifications/stream HTTP/${protocol}\r\nHost: x\r\n${more}Authorization: Bearer ${U.token}\r\n\r\n`);
        await server.until(() => text.includes('retry: 3000'), 10_000, 'to begin');
        await send({ title: `协议 ${protocol} ${more.length}` });
        await server.until(() => text.includes(`协议 ${protocol} ${more.length}`), 10_000, 'to deliver');
        assert.equal(/^Transfer-Encoding: chunked/m.test(text), protocol === '1.1');
        assert.doesNotMatch(text, /^Content-Encoding/m);
        socket.destroy();
    }
    await untilOpen(0);
});

test('submitting reaches who approves, deciding reaches the applicant; the data is the row of the list', async () => {
    const material = await makeMaterial(M);
    const [m, u, u2] = await Promise.all([M, U, U2].map((client) => Events.open(client)));
    const { id } = await makeDocument(U, receiptOf(material.id, 2));
    await m.until(() => m.titles.length);
    assert.deepEqual(m.titles, ['待审批入库单']);
    assert.deepEqual(m.events[0].data, accepted(await M.get('/api/notifications'), 200).list[0]);
    assert.equal(m.events[0].id, String(m.events[0].data.id));
    accepted(await approve(M, id), 200);
    await u.until(() => u.titles.length);
    assert.deepEqual(u.titles, ['入库单已批准']);
    await send({ title: '给大家' });
    for (const events of [m, u, u2])
        await events.until(() => events.titles.includes('给大家'));
    assert.deepEqual([m.titles, u2.titles], [['待审批入库单', '给大家'], ['给大家']]);
    for (const events of [m, u, u2])
        events.close();
});

test('whatever changes, everybody who listens is told that what he has seen is old, and no more often than is useful', async () => {
    const listening = await Events.open(U);
    const topics = () => listening.events.filter(({ event }) => event === 'changed').map(({ id, data }) => [id, ...data.topics]);
    const told = async (count) => {
        for (const end = Date.now() + 10_000; topics().length < count && Date.now() < end; await sleep(20));
        return topics();
    };
    await sleep(100);
    const material = await makeMaterial(M);
    assert.deepEqual(await told(1), [[undefined, 'materials']]);
    const { id } = await makeDocument(U, receiptOf(material.id, 3));
    accepted(await approve(M, id), 200);
    for (let i = 0; i < 20; i++)
        accepted(await M.put(`/api/materials/${material.id}`, { description: `x${i}` }), 200);
    assert.deepEqual((await told(2)).slice(1), [[undefined, 'materials', 'documents']]);
    await makeUser(admin, 'regular_user');
    assert.deepEqual((await told(3)).slice(2), [[undefined, 'users']]);
    accepted(await M.post('/api/stocktaking', { taskName: '盘点', materialIds: [material.id] }), 201);
    assert.deepEqual((await told(4)).slice(3), [[undefined, 'counting']]);
    await sleep(2500);
    assert.equal(topics().length, 4, 'nothing changes, nothing is told');
    listening.close();
});

test('low stock: once per crossing', async () => {
    const material = await makeMaterial(M, { minStock: 5 });
    await stockUp(U, M, material.id, 10);
    const events = await Events.open(M);
    for (const quantity of [6, 1, 1])
        accepted(await approve(M, (await makeDocument(U, issueOf(material.id, quantity))).id), 200);
    const last = await send({ title: '最后一条' });
    await events.until(() => events.lastId === String(last));
    assert.deepEqual(events.titles.filter((title) => title === '库存不足预警').length, 1);
    events.close();
});

test('broken off and taken up again and again: nothing is lost, nothing comes twice', async () => {
    const person = await makeUser(admin, 'regular_user');
    const before = await send({ title: '之前' });
    const first = await Events.open(person);
    const sent = [], got = [];
    const sending = (async () => {
        for (let i = 0; i < 150; i++)
            sent.push(String(await send({ title: `第 ${i} 条`, userId: i % 3 ? undefined : person.user.id })));
    })();
    let events = first;
    for (let lastId = String(before); got.length < 150; ) {
        await sleep(5 + Math.random() * 40);
        got.push(...events.events.splice(0).map(({ id }) => id));
        lastId = got.at(-1) ?? lastId;
        events.close();
        const byQuery = got.length % 2;
        events = await Events.open(person, byQuery ? { path: `/api/notifications/stream?lastEventId=${lastId}` } : { headers: { 'last-event-id': lastId } });
        if (got.length < 150 && sent.length === 150)
            await events.until(() => got.length + events.events.length >= 150);
    }
    await sending;
    assert.deepEqual(got.filter((id) => sent.includes(id)), sent);
    assert.equal(new Set(got).size, got.length);
    events.close();
});

test('a long absence: all of it comes, in order, more than a stream holds at once', async () => {
    const person = await makeUser(admin, 'regular_user');
    const before = await send({ title: '之前' });
    const sent = [];
    for (let i = 0; i < 120; i++)
        sent.push(String(await send({ title: `长 ${i}`, content: '氢'.repeat(900), userId: person.user.id })));
    const events = await Events.open(person, { headers: { 'last-event-id': String(before) } });
    await events.until(() => events.events.length === 120);
    assert.deepEqual(events.events.map(({ id }) => id), sent);
    assert.equal(events.events[119].data.content, '氢'.repeat(900));
    events.close();
});

test('what a client says it has seen', async () => {
    for (const id of ['x', '-1', '1.5', '99999999999999999999'])
        faulty(await U.get(`/api/notifications/stream?lastEventId=${id}`), { lastEventId: null });
    const events = await Events.open(U, { headers: { 'last-event-id': '987654321' } }); // of another database
    const id = await send({ title: '仍会收到' });
    await events.until(() => events.lastId === String(id));
    events.close();
    refused(await server.client().get('/api/notifications/stream'), 401, 'token_missing', '访问令牌缺失，请先登录');
});

test('switched off: neither shown, nor counted, nor delivered; switched on, all of it is there', async () => {
    const person = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(M);
    const switches = async () => accepted(await person.get('/api/notifications/switches'), 200);
    assert.deepEqual(await switches(), { submitted: 1, decided: 1, low_stock: 1 });
    accepted(await person.put('/api/notifications/switches', { submitted: false, lowStock: false }), 200, '通知开关更新成功');
    assert.deepEqual(await switches(), { submitted: 0, decided: 1, low_stock: 0 });
    const [mine, theirs] = await Promise.all([person, M].map((client) => Events.open(client)));
    const unread = async () => accepted(await person.get('/api/notifications/unread-count'), 200).count;
    const before = await unread();
    await makeDocument(U, receiptOf(material.id, 1));
    await theirs.until(() => theirs.titles.includes('待审批入库单'));
    const last = await send({ title: '说到底' });
    await mine.until(() => mine.lastId === String(last));
    assert.deepEqual(mine.titles, ['说到底']);
    assert.equal(await unread(), before + 1);
    accepted(await person.put('/api/notifications/switches', { submitted: true }), 200);
    assert.equal((await switches()).submitted, 1);
    assert.ok((await unread()) > before + 1);
    refused(await person.put('/api/notifications/switches', {}), 400, 'nothing_to_update', '没有要更新的字段');
    faulty(await person.put('/api/notifications/switches', { decided: 'maybe' }), { decided: null });
    const [entry] = accepted(await admin.get('/api/operation-logs?module=notifications&action=update'), 200).list;
    assert.equal(entry.user_id, person.user.id);
    for (const events of [mine, theirs])
        events.close();
});

test('a session that has ended hears nothing more, and its stream ends', async () => {
    const leaving = await makeUser(admin, 'regular_user'), disabled = await makeUser(admin, 'regular_user');
    const [a, b, other] = await Promise.all([leaving, disabled, U].map((client) => Events.open(client)));
    accepted(await leaving.post('/api/auth/logout'), 200);
    accepted(await admin.put(`/api/users/${disabled.user.id}`, { status: 'disabled' }), 200);
    await send({ title: '他们不该知道' });
    await other.until(() => other.titles.length);
    for (const events of [a, b]) {
        await events.until(() => events.isOver, 'the end');
        assert.deepEqual(events.events, [{ event: 'end', data: { code: 'token_invalid' } }]);
    }
    other.close();
});

test('a role that is taken away takes its notifications with it', async () => {
    const person = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(M);
    const events = await Events.open(person);
    accepted(await admin.put(`/api/users/${person.user.id}`, { role: 'regular_user' }), 200);
    const session = await Events.open(M);
    await makeDocument(U, receiptOf(material.id, 1));
    await session.until(() => session.titles.includes('待审批入库单'));
    await send({ title: '给大家' });
    await events.until(() => events.titles.length || events.isOver);
    assert.ok(!events.titles.includes('待审批入库单'));
    events.close();
    session.close();
});

test('what another program writes into the database is heard as well', async () => {
    const events = await Events.open(U);
    await server.database.sql("INSERT INTO notifications (audience, type, title, created_at) VALUES ('everybody', 'system', '来自别处', 1)");
    await events.until(() => events.titles.includes('来自别处'));
    events.close();
});

/** A client that asks for the stream and never reads. */
function deafClient(client, more = '') {
    const { hostname, port } = new URL(client.place.url);
    return new Promise((resolve, reject) => {
        const socket = net.connect({ host: hostname, port }, () => {
            socket.pause();
            socket.write(`GET /api/notifications/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n${more}\r\n`);
            resolve(socket);
        });
        socket.on('error', reject);
    });
}

test('who does not read is dropped, and memory does not grow with what he is not sent', async () => {
    await untilOpen(0);
    const deaf = await Promise.all(Array.from({ length: 20 }, (_, i) => deafClient(i % 2 ? U : M)));
    for (const socket of deaf)
        socket.on('error', () => {}); // it is cut off
    const reader = await Events.open(U2);
    await untilOpen(21);
    const resident = async () => (await server.client().get('/api/health')).body.checks.memory.rss;
    const before = await resident();
    let last;
    for (let i = 0; i < 600; i++) // more than the sockets of both ends hold
        last = await send({ title: `大 ${i}`, content: '氢'.repeat(1000) });
    await reader.until(() => reader.lastId === String(last));
    assert.equal(reader.events.length, 600, 'others get everything');
    await reader.until(() => reader.comments, 'a heartbeat');
    const after = await resident();
    if (!process.env.ASAN_OPTIONS) // which keeps what was freed
        assert.ok(after - before < 24, `${before} MiB, then ${after} MiB`);
    await untilOpen(1);
    reader.close();
    for (const socket of deaf)
        socket.destroy();
});

test('the streams end at a stop, which does not wait for them', async () => {
    const own = await start({ env: { METRICS_TOKEN } });
    try {
        const client = await own.admin();
        const people = [client, await makeUser(client, 'regular_user')];
        const all = await Promise.all(Array.from({ length: 30 }, (_, i) => Events.open(people[i % 2])));
        await untilOpen(30, own);
        const began = Date.now();
        own.child.kill('SIGTERM');
        assert.equal((await own.ended).code, 0);
        assert.ok(Date.now() - began < 6000, 'a stop waits 8 s for what has to be answered');
        for (const events of all)
            await events.until(() => events.isOver);
    } finally {
        await own.stop();
    }
});

test('a stop waits for none that does not read, however much of what was sent to it is on its way', async () => {
    const own = await start({ env: { METRICS_TOKEN } });
    const deaf = [];
    try {
        const client = await own.admin();
        const people = await Promise.all(Array.from({ length: 4 }, () => makeUser(client, 'regular_user')));
        await own.sql(`INSERT INTO notifications (audience, type, title, content, created_at)
            WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 500) SELECT 'everybody', 'system', '通知', '${'x'.repeat(600)}', i FROM c`);
        for (let i = 0; i < 256; i++) { // 70 KiB, 71, 72 … 350: some fill the sockets of both ends just so
            const socket = await deafClient(people[i % people.length], `Last-Event-ID: ${Math.round(400 - i * 1.57)}\r\n`);
            deaf.push(socket.on('error', () => {}));
        }
        await sleep(5000);
        const began = Date.now();
        await own.halt();
        assert.ok(Date.now() - began < 6000, `${Date.now() - began} ms`);
    } finally {
        await own.stop();
        for (const socket of deaf)
            socket.destroy();
    }
});


test('one person has so many streams; with one more his oldest ends, and is told why', async () => {
    await untilOpen(0);
    const person = await makeUser(admin, 'regular_user');
    const script = server.client(accepted(await person.post('/api/profile/tokens', { name: '脚本', scopes: 'notification.read' }), 201).token);
    const all = [], theirs = await Events.open(U);
    for (let i = 0; i < PER_PERSON; i++)
        all.push(await Events.open(i % 2 ? person : script));
    const hear = async (title, streams) => {
        await send({ title });
        for (const events of [...streams, theirs])
            await events.until(() => events.titles.includes(title), title);
    };
    await hear('全部', all);
    for (const client of [person, script]) {
        all.push(await Events.open(client));
        const oldest = all.shift();
        await oldest.until(() => oldest.isOver, 'the end');
        assert.deepEqual(oldest.events.slice(1), [{ event: 'end', data: { code: 'stream_replaced' } }]);
        await untilOpen(PER_PERSON + 1);
    }
    await hear('其余', all);
    // A page that is loaded anew puts nobody out: what its client has left does not count.
    for (let i = 0; i < 5; i++) {
        all.pop().close();
        await sleep(50);
        all.push(await Events.open(person));
    }
    await hear('重新加载', all);
    assert.ok(all.every(({ isOver }) => !isOver));
    for (const events of [...all, theirs])
        events.close();
});

test('who opens streams and does not read keeps no more than his own', async () => {
    await untilOpen(0);
    const person = await makeUser(admin, 'regular_user');
    for (let i = 0; i < 60; i++) // to be caught up with
        await send({ title: `很多 ${i}`, content: '氢'.repeat(1000), userId: person.user.id });
    const deaf = [];
    for (let i = 0; i < PER_PERSON + 60; i++) {
        const socket = await deafClient(person, 'Last-Event-ID: 0\r\n');
        deaf.push(socket.on('error', () => {}));
    }
    await sleep(1000); // all of them have been heard
    await untilOpen(0, server, PER_PERSON);
    for (const socket of deaf)
        socket.destroy();
    await untilOpen(0);
});

test('who has been away for long is caught up with, while others hear what is new', async () => {
    const [away, other] = await Promise.all([1, 2].map(() => makeUser(admin, 'regular_user')));
    const first = await send({ title: '第一条', userId: away.user.id });
    await server.sql(`INSERT INTO notifications (audience, user_id, type, topic, title, content, created_at)
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 400000)
        SELECT 'user', ${M.user.id}, 'system', 'decided', '入库单已批准', 'IN20261123-0001 已批准', i FROM c`);
    const reader = await Events.open(other);
    const all = await Promise.all(Array.from({ length: 16 }, () => Events.open(away, { headers: { 'last-event-id': String(first) } })));
    const id = await send({ title: '给他', userId: other.user.id });
    await reader.until(() => reader.lastId === String(id));
    const last = await send({ title: '最后一条', userId: away.user.id });
    for (const events of all) {
        await events.until(() => events.lastId === String(last));
        assert.deepEqual(events.titles, ['最后一条']);
    }
    for (const events of [...all, reader])
        events.close();
});

test('as many streams as are allowed, and the others are told so; all hear of a document', async () => {
    const own = await start({ env: { METRICS_TOKEN } });
    try {
        const client = await own.admin();
        const people = await Promise.all(Array.from({ length: 2 }, () => makeUser(client, 'inventory_manager')));
        const material = await makeMaterial(client);
        const all = [];
        for (const [i, person] of people.entries())
            all.push(...await Promise.all(Array.from({ length: i ? AT_ALL - PER_PERSON : PER_PERSON }, () => Events.open(person))));
        assert.ok(all.every(({ status }) => status === 200));
        own.agent.destroy();
        own.agent = new http.Agent({ keepAlive: false }); // where it is crowded, an idle connection is closed after 5 s: perhaps in this moment
        assert.equal((await client.get('/api/notifications/stream')).status, 503);
        await makeDocument(client, receiptOf(material.id, 1));
        for (const events of all)
            await events.until(() => events.titles.length === 1);
        for (const events of all.splice(0, 100))
            events.close();
        accepted(await client.post('/api/notifications', { type: 'system', title: '腾出位置' }), 200);
        await untilOpen(AT_ALL - 100, own);
        const again = await Events.open(client);
        assert.equal(again.status, 200);
        for (const events of [...all, again])
            events.close();
    } finally {
        await own.stop();
    }
});
