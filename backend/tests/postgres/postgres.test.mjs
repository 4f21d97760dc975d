// What PostgreSQL alone makes possible: a connection that is lost, a server that is away, several instances on one database.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Events } from '../api/events.mjs';
import { Server, accepted, getMaterial, issueOf, makeMaterial, makeUser, post, receiptOf, refused, sleep, start, stockUp, withoutGaps } from '../api/harness.mjs';
import { proxy } from './proxy.mjs';

const CLUSTER = fileURLToPath(new URL('cluster', import.meta.url));

/** Receipts from `n` clients at once until told to stop: what was acknowledged, and how the others were refused. */
function load(client, material, n) {
    const codes = [], refusals = new Map();
    let stopping = false;
    const all = Array.from({ length: n }, async () => {
        while (!stopping) {
            const answer = await client.post('/api/inventory', receiptOf(material.id, 1));
            if (answer.status === 201)
                codes.push(answer.body.data.transactionCode);
            else
                refusals.set(`${answer.status} ${answer.body.code}`, (refusals.get(`${answer.status} ${answer.body.code}`) ?? 0) + 1);
        }
    });
    return { codes, refusals, stop: () => { stopping = true; return Promise.all(all); } };
}

async function assertKept(server, codes) {
    const numbers = (await server.sql('SELECT number FROM documents ORDER BY id')).map((row) => row.number);
    const there = new Set(numbers);
    assert.deepEqual(codes.filter((code) => !there.has(code)), [], 'acknowledged, but not there');
    withoutGaps(numbers);
    await server.verifyClean();
}

test('the database itself refuses what the ledger forbids, also to the role of the program', async () => {
    const server = await start();
    try {
        const admin = await server.admin();
        const M = await makeUser(admin, 'inventory_manager');
        await stockUp(M, admin, (await makeMaterial(M)).id, 5);
        for (const table of ['moves', 'operation_log', 'documents', 'document_lines'])
            for (const deed of [`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`, `UPDATE ${table} SET id = id + 1000`])
                await assert.rejects(server.sql(deed), /append-only|never deleted|final/, deed);
        await assert.rejects(server.sql('UPDATE balances SET quantity = -1 WHERE is_real = 1'), /check constraint/);
        await assert.rejects(server.sql('UPDATE balances SET is_real = 0'), /foreign key/);
        await server.verifyClean();
    } finally {
        await server.stop();
    }
});

test('connections that are cut under load: every acknowledged document is there, and work goes on', async () => {
    const server = await start();
    try {
        const admin = await server.admin();
        const M = await makeUser(admin, 'inventory_manager');
        const material = await makeMaterial(M);
        const running = load(M, material, 12);
        for (let i = 0; i < 15; i++) {
            await sleep(100);
            await server.sql("SELECT COUNT(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name = 'mms' AND datname = current_database()");
        }
        const before = running.codes.length;
        await server.until(() => running.codes.length > before, 20_000, 'to go on after the last cut');
        await running.stop();
        for (const refusal of running.refusals.keys())
            assert.match(refusal, /^503 (uncertain|storage_lost|busy)$/, JSON.stringify([...running.refusals]));
        await assertKept(server, running.codes);
    } finally {
        await server.stop();
    }
});

const METRICS_TOKEN = 'metrics-token-of-the-tests';

test('a server that goes away and comes back: 503 meanwhile, healthy again by itself', async () => {
    const folder = path.join(mkdtempSync(path.join(tmpdir(), 'mms-pg-')), 'cluster');
    const shared = process.env.MMS_POSTGRES;
    execFileSync('chmod', ['755', path.dirname(folder)]);
    execFileSync(CLUSTER, ['start', folder, 'fsync=off']);
    process.env.MMS_POSTGRES = folder; // this one may be stopped
    try {
        const server = await start({ env: { METRICS_TOKEN } });
        const admin = await server.admin();
        const M = await makeUser(admin, 'inventory_manager');
        const material = await makeMaterial(M);
        const running = load(M, material, 4);
        await sleep(300);
        execFileSync(CLUSTER, ['halt', folder]);
        await sleep(300);
        for (let i = 0; i < 6; i++) // also when it is known to be away, on every thread that answers
            for (const token of [null, M.token]) {
                const health = await server.client(token).get('/api/health');
                assert.deepEqual([health.status, health.body.status, health.body.checks?.database], [503, 'degraded', 'error'], health.text);
            }
        for (let i = 0; i < 3; i++) {
            const metrics = await server.client(METRICS_TOKEN).get('/metrics');
            assert.equal(metrics.status, 200, metrics.text);
        }
        const refusal = await M.get(`/api/materials/${material.id}`);
        assert.deepEqual([refusal.status, refusal.body.code], [503, 'storage_lost'], refusal.text);
        assert.ok(Number(refusal.headers['retry-after']) > 0);
        execFileSync(CLUSTER, ['again', folder]);
        await server.until(async () => (await server.client().get('/api/health')).status === 200, 20_000, 'to be healthy again');
        const before = running.codes.length;
        await sleep(500);
        await running.stop();
        assert.ok(running.codes.length > before, 'work goes on');
        await assertKept(server, running.codes);
        await server.stop();
    } finally {
        process.env.MMS_POSTGRES = shared;
        execFileSync(CLUSTER, ['stop', folder]);
        rmSync(path.dirname(folder), { recursive: true, force: true });
    }
});

test('two instances on one database, started at the same moment: a stock is shared exactly', async () => {
    const one = new Server(), two = new Server();
    two.database.remove();
    two.database = one.database;
    two.setEnv({ DATABASE_URL: one.database.url, JWT_SECRET: one.secret });
    try {
        await Promise.all([one.begin(), two.begin()]);
        two.adminIsNew = one.adminIsNew;
        const admin = await one.admin();
        const M = await makeUser(admin, 'inventory_manager');
        const material = await makeMaterial(M);
        await stockUp(M, admin, material.id, 100);
        const there = two.client(M.token), root = two.client(admin.token);
        accepted(await there.get('/api/auth/me'), 200);
        let done = 0, short = 0;
        await Promise.all(Array.from({ length: 16 }, async (_, i) => {
            for (let k = 0; k < 20; k++) {
                const [creator, approver] = i % 2 ? [M, root] : [there, admin];
                const made = await creator.post('/api/inventory', issueOf(material.id, 1));
                if (made.status === 400) {
                    short++;
                    continue;
                }
                const decided = await approver.put(`/api/inventory/${accepted(made, 201).id}/approve`, { action: 'approve' });
                assert.ok([200, 400].includes(decided.status), decided.text);
                done += decided.status === 200;
                short += decided.status === 400;
            }
        }));
        assert.deepEqual([done, short], [100, 220]);
        assert.equal((await getMaterial(there, material.id)).current_stock, 0);
        assert.equal((await getMaterial(M, material.id)).current_stock, 0);
        await assertKept(one, []);
        // What one has remembered is not served once the other has changed it.
        const list = (client) => client.get('/api/materials?pageSize=100');
        accepted(await list(M), 200);
        accepted(await list(there), 200);
        const added = await makeMaterial(there);
        assert.ok(accepted(await list(M), 200).list.some((row) => row.id === added.id));
    } finally {
        await two.halt();
        two.agent.destroy();
        rmSync(two.dir, { recursive: true, force: true });
        await one.stop();
    }
});

test('two instances that write at once: each stream of each hears everything, once and in order', async () => {
    const one = new Server(), two = new Server();
    two.database.remove();
    two.database = one.database;
    two.setEnv({ DATABASE_URL: one.database.url, JWT_SECRET: one.secret });
    try {
        await one.begin();
        await two.begin();
        const admin = await one.admin();
        const both = [admin, two.client(admin.token)];
        const streams = await Promise.all([...both, ...both].map((client) => Events.open(client)));
        const sent = [];
        await Promise.all(Array.from({ length: 12 }, async (_, i) => {
            for (let k = 0; k < 25; k++)
                sent.push(accepted(await both[i % 2].post('/api/notifications', { type: 'system', title: `${i} ${k}` }), 200).id);
        }));
        const wanted = sent.sort((a, b) => a - b).map(String);
        for (const events of streams) {
            await events.until(() => events.events.length >= wanted.length);
            assert.deepEqual(events.events.map(({ id }) => id), wanted);
            events.close();
        }
    } finally {
        await two.halt();
        two.agent.destroy();
        rmSync(two.dir, { recursive: true, force: true });
        await one.stop();
    }
});

test('connections that went while nobody used them cost no request', async () => {
    const server = await start();
    try {
        const admin = await server.admin();
        const send = () => admin.post('/api/notifications', { type: 'system', title: '通知' });
        await Promise.all(Array.from({ length: 64 }, send)); // each worker has a connection now
        await server.sql("SELECT COUNT(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name = 'mms' AND datname = current_database()");
        await sleep(300);
        const health = await server.client().get('/api/health');
        assert.equal(health.status, 200, health.text);
        for (const answer of await Promise.all(Array.from({ length: 64 }, send)))
            accepted(answer, 200);
    } finally {
        await server.stop();
    }
});

test('a commit whose answer is lost is told as uncertain, and the same Idempotency-Key settles it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mms-proxy-'));
    const server = new Server();
    const between = await proxy(folder, server.database.folder);
    server.setEnv({ DATABASE_URL: server.database.url.replace(server.database.folder, folder) });
    try {
        await server.begin();
        const admin = await server.admin();
        const M = await makeUser(admin, 'inventory_manager');
        const material = await makeMaterial(M);
        const keyed = { headers: { 'idempotency-key': 'settle-1' } };
        between.state.cut = true;
        const lost = await M.post('/api/inventory', receiptOf(material.id, 3), keyed);
        refused(lost, 503, 'uncertain', '提交结果未知：请用相同的 Idempotency-Key 重试，或刷新后核对');
        assert.ok(Number(lost.headers['retry-after']) > 0);
        const settled = await M.post('/api/inventory', receiptOf(material.id, 3), keyed);
        accepted(settled, 201);
        assert.equal(settled.headers['idempotent-replayed'], 'true');
        assert.equal(Number(await server.value('SELECT COUNT(*) AS n FROM documents')), 1);
        await post(M, admin, receiptOf(material.id, 1));
        await server.verifyClean();
    } finally {
        await server.stop();
        between.close();
        rmSync(folder, { recursive: true, force: true });
    }
});

test('streams with more to say while the server is away: they ask for it once a second, and go on when it is back', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mms-proxy-'));
    const server = new Server();
    const between = await proxy(folder, server.database.folder);
    server.setEnv({ DATABASE_URL: server.database.url.replace(server.database.folder, folder) });
    try {
        await server.begin();
        const admin = await server.admin();
        const send = (title) => admin.post('/api/notifications', { type: 'system', title, content: '氢'.repeat(1000) });
        for (let i = 0; i < 120; i++)
            accepted(await send(`第 ${i} 条`), 200);
        const slow = await Events.open(admin, { headers: { 'last-event-id': '0' } });
        slow.response.pause(); // there is always more for him
        const events = await Events.open(admin);
        await sleep(500);
        between.state.away = true;
        await server.sql("SELECT COUNT(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name = 'mms' AND datname = current_database()");
        await sleep(500);
        const before = between.state.tries;
        await sleep(3000);
        const tries = between.state.tries - before;
        assert.ok(tries >= 1 && tries <= 6, `${tries} tries in 3 s`);
        between.state.away = false;
        let last; // each worker finds out for itself that its connection has gone
        await server.until(async () => (last = (await send('又在了')).body.data?.id), 20_000, 'to work again');
        await events.until(() => events.lastId === String(last));
        slow.response.resume();
        await slow.until(() => slow.lastId === String(last));
        assert.equal(new Set(slow.events.map(({ id }) => id)).size, 121);
        assert.equal(slow.events.length, 121);
        for (const stream of [slow, events])
            stream.close();
    } finally {
        await server.stop();
        between.close();
        rmSync(folder, { recursive: true, force: true });
    }
});

test('away at the start: it waits, says so, and begins when the server is there; it can be told to stop meanwhile', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mms-proxy-'));
    const server = new Server(), stopped = new Server();
    for (const place of [server, stopped])
        place.setEnv({ DATABASE_URL: place.database.url.replace(place.database.folder, folder) });
    let between;
    try {
        const begun = server.begin(), never = stopped.begin().catch(() => {});
        await sleep(1200);
        assert.match(server.stdout, /"storage\.waiting"/);
        assert.ok(!server.stdout.includes(server.database.password));
        stopped.child.kill('SIGTERM');
        assert.equal((await stopped.ended).code, 0);
        await never;
        between = await proxy(folder, server.database.folder);
        await begun;
        accepted(await (await server.admin()).get('/api/materials'), 200);
    } finally {
        await server.stop();
        stopped.removeFolder();
        between?.close();
        rmSync(folder, { recursive: true, force: true });
    }
});

test('a database that cannot be used: one clear sentence, without the password', async () => {
    const place = new Server();
    try {
        const shut = place.database.url.replace(place.database.folder, '/nonexistent');
        for (const [url, sentence] of [[shut, /cannot connect: check DATABASE_URL/], [place.database.url.replace(place.database.name, 'no_such_database'), /does not exist/]])
            for (const command of ['serve', 'migrate', 'verify']) {
                const began = Date.now();
                const { code, output } = await place.run([command], { env: { DATABASE_URL: url } });
                assert.equal(code, 74, `${command}: ${output}`);
                assert.match(output, sentence);
                assert.ok(url === shut || Date.now() - began < 8000, 'a clear no is not waited for');
                assert.ok(!output.includes(place.database.password), output);
            }
        const { code, output } = await place.run(['check-config']);
        assert.equal(code, 0, output);
        assert.match(output, /DATABASE_URL +\(set\)/);
        assert.ok(!output.includes(place.database.password), output);
        for (const secret of ['s3cr/et', 's3cr?et', 's3cr#et', 'a/b?s3cr'])
            for (const command of ['migrate', 'check-config']) {
                const { code, output } = await place.run([command], { env: { DATABASE_URL: `postgresql://mms:${secret}@127.0.0.1:1/x` } });
                assert.equal(code, 78, output);
                assert.match(output, /must be written %2F/);
                assert.ok(!output.includes('s3cr'), output);
            }
        const wrong = await place.run(['check-config'], { env: { DATABASE_URL: 'mysql://user:geheimnis@host/db' } });
        assert.equal(wrong.code, 78, wrong.output);
        assert.ok(!wrong.output.includes('geheimnis'), wrong.output);
    } finally {
        place.removeFolder();
    }
});
