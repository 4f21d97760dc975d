// One instance at a time on a SQLite file, and how one takes over from another without a request that fails.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';

import { Client, Server, accepted, makeMaterial, makeUser, raw, receiptOf, runProgram, sleep, sqlite, start } from '../api/harness.mjs';

const HELD = /另一个 mms 正在使用（mms serve [^）]*pid \d+[^）]*）[^]*another mms serves it \(mms serve /;
const WITHIN_MS = 60_000;

async function until(condition, what) {
    for (const end = Date.now() + WITHIN_MS; ; await sleep(10)) {
        if (await condition())
            return;
        assert.ok(Date.now() < end, `not within ${WITHIN_MS} ms: ${what}`);
    }
}
const freePort = () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

/** A second instance on the same file, with the same secret: {server, up}; `up` settles when it serves, or has ended. */
async function second(one, env = {}) {
    const server = new Server({ dir: one.dir, env: { JWT_SECRET: one.env.JWT_SECRET, PORT: await freePort(), DB_TAKEOVER_WAIT: 600, ...env } });
    server.adminIsNew = false;
    const up = server.begin();
    up.catch(() => {});
    return { server, up };
}
/** The same, once it waits; `place` is where its requests go already. */
async function waiting(one, env) {
    const two = await second(one, env);
    const told = () => two.server.logs.find(({ event }) => event === 'server.waiting');
    await until(() => told() || two.server.end, 'an instance that waits');
    assert.ok(told(), two.server.stderr);
    return { ...two, place: { url: `http://127.0.0.1:${told().port}`, agent: new http.Agent({ keepAlive: true }) } };
}
const ended = (server) => Promise.race([server.ended, sleep(WITHIN_MS, 'late', { ref: false })]);

test('a second instance on one file is refused with one clear sentence, whatever name the file has; the first goes on', async () => {
    const one = await start();
    const admin = await one.admin();
    const link = path.join(one.dir, 'other-name.db');
    symlinkSync(one.db, link);
    for (const env of [{}, { DB_PATH: link }, { DB_PATH: path.join(one.dir, '..', path.basename(one.dir), 'mms.db') }]) {
        const { code, output, stdout } = await new Server({ dir: one.dir, env }).run(['serve']);
        assert.equal(code, 74, output);
        assert.match(output, HELD);
        assert.ok(output.includes(`pid ${one.child.pid},`), output);
        assert.match(output, /DB_TAKEOVER_WAIT/);
        assert.equal(stdout, '', 'it has not begun');
    }
    accepted(await admin.get('/api/materials'), 200);
    await makeMaterial(admin);
    await one.verifyClean();
    await one.stop();
});

test('the lock ends with the process, however it ends, and what is left of it keeps nobody out', async () => {
    const one = await start();
    await one.kill9();
    assert.ok(existsSync(`${one.db}.lock`));
    assert.match(readFileSync(`${one.db}.lock`, 'utf8'), /^mms serve .*, pid \d+, since 2\d{3}-/);
    await one.restart();
    await one.halt();
    await one.restart();
    await one.stop();
});

test('commands work beside the service, but none changes the schema under it', async () => {
    const one = await start();
    for (const args of [['migrate'], ['verify'], ['user', 'list'], ['backup', '--to', path.join(one.dir, 'backups')]]) {
        const { code, output } = await one.run(args);
        assert.equal(code, 0, `${args.join(' ')}: ${output}`);
    }
    // As a newer program finds it: one migration is still to come.
    await sqlite(one.db, 'DELETE FROM schema_migrations WHERE number = (SELECT MAX(number) FROM schema_migrations)');
    const { code, output } = await one.run(['migrate']);
    assert.equal(code, 74, output);
    assert.match(output, HELD);
    assert.equal((await one.run(['user', 'list'])).code, 74);
    const restore = await one.run(['restore', path.join(one.dir, 'backups'), '--force']);
    assert.equal(restore.code, 74, restore.output);
    await one.stop();
});

test('who may not wait any longer, and a third that would wait as well, are told; a signal ends the waiting', async () => {
    const one = await start();
    const two = await waiting(one);
    const third = await new Server({ dir: one.dir, env: { DB_TAKEOVER_WAIT: 600 } }).run(['serve']);
    assert.equal(third.code, 74, third.output);
    assert.match(third.output, /在等待接管（mms serve [^]*waits for it already/);
    assert.ok(third.output.includes(`pid ${two.server.child.pid},`));
    two.server.child.kill('SIGTERM');
    assert.deepEqual(await ended(two.server), { code: 0, signal: null }, two.server.stderr);
    two.server.checkOutput();

    const brief = await new Server({ dir: one.dir, env: { DB_TAKEOVER_WAIT: 1 } }).run(['serve']);
    assert.equal(brief.code, 74, brief.output);
    assert.match(brief.output, HELD);
    accepted(await (await one.admin()).get('/api/materials'), 200);
    await one.stop();
});

test('`mms health` tells an instance that waits from one that is not well', async () => {
    const one = await start({ env: { PORT: await freePort() } });
    assert.equal((await one.run(['health'])).code, 0);
    const two = await waiting(one);
    const { code, output } = await two.server.run(['health']);
    assert.equal(code, 75, output);
    assert.match(output, /等待接管/);
    await one.halt();
    await two.up;
    assert.equal((await two.server.run(['health'])).code, 0);
    await two.server.kill9();
    const dead = await two.server.run(['health']);
    assert.equal(dead.code, 1, dead.output);
    await two.server.stop();
});

test('a port that is taken is told at once, before anything is waited for', async () => {
    const one = await start({ env: { PORT: await freePort() } });
    const { code, output } = await new Server({ dir: one.dir, env: { DB_TAKEOVER_WAIT: 600, PORT: one.env.PORT } }).run(['serve']);
    assert.equal(code, 1, output);
    assert.match(output, /PORT/);
    await one.stop();
});

for (const [how, end] of [['SIGTERM', (one) => one.halt()], ['kill -9', (one) => one.kill9()]])
    test(`${how} of the first: the one that waits takes over, and answers those who came to it before`, async () => {
        const one = await start();
        const admin = await one.admin();
        const material = await makeMaterial(admin);
        const two = await waiting(one);
        const there = new Client(two.place, admin.token);
        const early = Array.from({ length: 40 }, (_, i) => (i % 2 ? there.get(`/api/materials/${material.id}`) : there.post('/api/inventory', receiptOf(material.id, 1))));
        await sleep(200);
        assert.equal(two.server.url, undefined, 'it waits');
        await end(one);
        await two.up;
        for (const [i, answer] of (await Promise.all(early)).entries())
            assert.equal(answer.status, i % 2 ? 200 : 201, answer.text);
        assert.equal(await two.server.value('SELECT COUNT(*) AS n FROM documents'), 20);
        await two.server.verifyClean();
        await two.server.stop();
    });

test('clients that are sent to the next instance while it waits see no failure, and lose nothing, over several takeovers', async () => {
    let one = await start();
    const admin = await one.admin();
    const M = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(M);
    const place = { url: one.url, agent: new http.Agent({ keepAlive: true }) }; // where requests go: one assignment switches all
    const client = new Client(place, M.token);
    const codes = [];
    let over = false, reads = 0;
    const load = Array.from({ length: 12 }, async (_, i) => {
        while (!over) {
            if (i % 3) {
                const answer = await client.post('/api/inventory', receiptOf(material.id, 1));
                assert.equal(answer.status, 201, answer.text);
                codes.push(answer.body.data.transactionCode);
            } else {
                assert.equal((await client.get('/api/inventory?limit=5')).status, 200);
                reads++;
            }
        }
    });
    const failed = Promise.all(load); // a failure ends the test at once
    const goOn = (n) => Promise.race([failed, until(() => codes.length >= n, `${n} documents`)]);
    for (let round = 0; round < 4; round++) {
        await goOn(codes.length + 100);
        const two = await waiting(one);
        Object.assign(place, two.place);
        await Promise.race([failed, one.halt()]);
        await Promise.race([failed, two.up]);
        one = two.server;
    }
    await goOn(codes.length + 100);
    over = true;
    await failed;
    assert.ok(reads > 50, `${reads} lists`);
    const stored = (await one.sql('SELECT number FROM documents ORDER BY id')).map((row) => row.number);
    assert.deepEqual(stored, [...stored].sort(), 'numbers without a break');
    assert.deepEqual([...stored].sort(), codes.sort(), 'what was acknowledged, and nothing else');
    await one.verifyClean();
    place.agent.destroy();
    await one.stop();
});

test('who stands before the door when it is shut is let in', async () => {
    const one = await start();
    await one.admin();
    // Stopped, the program takes nobody in: the kernel keeps them. Then it goes on with the signal to end.
    one.child.kill('SIGSTOP');
    const answers = Array.from({ length: 30 }, () => raw(one, 'GET /api/materials HTTP/1.1\r\nHost: mms\r\nConnection: close\r\n\r\n', { timeout: WITHIN_MS }));
    await sleep(200);
    one.child.kill('SIGTERM');
    one.child.kill('SIGCONT');
    for (const { answers: [answer], text } of await Promise.all(answers))
        assert.equal(answer?.status, 401, `no answer: ${text}`);
    assert.deepEqual(await ended(one), { code: 0, signal: null });
    one.removeFolder();
});

test('a failing takeover (a database that is newer than the program) ends with its sentence, and the file stays as it was', async () => {
    const one = await start();
    const two = await waiting(one);
    await sqlite(one.db, "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (9999, 'later', 'x', 1)");
    await one.halt();
    const size = statSync(one.db).size;
    assert.deepEqual(await ended(two.server), { code: 74, signal: null });
    assert.match(two.server.stderr, /newer/);
    assert.equal(statSync(one.db).size, size);
    one.removeFolder();
});

test('how long to wait has a limit, which is told', async () => {
    const { code, output } = await runProgram(['check-config'], { env: { PATH: process.env.PATH, NODE_ENV: 'test', DB_TAKEOVER_WAIT: '3601' }, cwd: '/' });
    assert.equal(code, 78, output);
    assert.match(output, /DB_TAKEOVER_WAIT.*3600/);
});
