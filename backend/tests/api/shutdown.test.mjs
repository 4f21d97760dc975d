// SIGTERM and SIGINT: what was accepted is finished, then the program ends by itself.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';

import { accepted, makeMaterial, makeUser, raw, receiptOf, sleep, start, stockUp } from './harness.mjs';

for (const signal of ['SIGTERM', 'SIGINT'])
    test(`${signal} under load: every accepted request is answered, exit 0 within 10 s`, async () => {
        const server = await start();
        const admin = await server.admin();
        const M = await makeUser(admin, 'inventory_manager');
        const material = await makeMaterial(M);
        const codes = [];
        let stopping = false, refused = 0;
        const load = Array.from({ length: 16 }, async () => {
            for (;;) {
                try {
                    const answer = await M.post('/api/inventory', receiptOf(material.id, 1));
                    if (answer.status === 201)
                        codes.push(answer.body.data.transactionCode);
                    else if (answer.status === 503)
                        refused++;
                    else
                        assert.fail(answer.text);
                } catch (error) {
                    assert.ok(stopping, `before the signal: ${error}`);
                    assert.match(error.code, /^(ECONNREFUSED|ECONNRESET|EPIPE)$/, String(error)); // the door is closed
                    return;
                }
                if (stopping && refused)
                    return;
            }
        });
        while (codes.length <= 50) // a failure ends the load, and with it the waiting
            assert.ok(await Promise.race([sleep(10, true), Promise.all(load).then(() => false)]), 'the load has ended');
        const began = Date.now();
        stopping = true;
        server.child.kill(signal);
        const end = await Promise.race([server.ended, sleep(30_000, 'late', { ref: false })]);
        const took = Date.now() - began;
        await Promise.all(load);
        assert.deepEqual(end, { code: 0, signal: null }, server.stderr);
        assert.ok(took < 10_000, `${took} ms`);
        server.checkOutput();

        const stored = (await server.sql('SELECT number FROM documents ORDER BY id')).map((row) => row.number);
        for (const code of codes)
            assert.ok(stored.includes(code), `${code} was acknowledged`);
        assert.deepEqual(stored.filter((code) => !codes.includes(code)), [], 'done, but its client was not told');
        await server.verifyClean();
        server.removeFolder();
    });

test('requests that are waiting when the signal comes are answered', async () => {
    const server = await start();
    const admin = await server.admin();
    // Hashing takes its time: these are in the program when the signal comes.
    const answers = Array.from({ length: 12 }, (_, i) => server.client().post('/api/auth/login', { username: `ghost-${i}`, password: 'Wrong-Password-1' }));
    await sleep(60);
    server.child.kill('SIGTERM');
    for (const answer of await Promise.all(answers.map((promise) => promise.catch((error) => error)))) {
        if (answer instanceof Error)
            assert.equal(answer.code, 'ECONNREFUSED', `${answer}`); // came after the door was closed
        else
            assert.ok([401, 503].includes(answer.status), answer.text);
    }
    assert.deepEqual(await server.ended, { code: 0, signal: null });
    assert.ok(admin);
    server.checkOutput();
    server.removeFolder();
});

test('idle connections and half requests do not hold it up', async () => {
    const server = await start();
    await server.admin(); // leaves a keep-alive connection
    const half = Array.from({ length: 5 }, () => raw(server, 'POST /api/auth/login HTTP/1.1\r\nHost: mms\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"user', { timeout: 60_000 }));
    await sleep(200);
    const began = Date.now();
    await server.halt();
    assert.ok(Date.now() - began < 5_000, `${Date.now() - began} ms`);
    for (const { closed } of await Promise.all(half))
        assert.ok(closed);
    server.removeFolder();
});

test('after a stop everything is there and nothing but the database file is needed', async () => {
    const server = await start();
    const admin = await server.admin();
    const M = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(M);
    await stockUp(M, admin, material.id, 12.5);
    await server.halt();
    for (const suffix of ['-wal', '-shm'])
        rmSync(server.db + suffix, { force: true }); // checkpointed: nothing is lost
    await server.begin();
    assert.equal(accepted(await admin.get(`/api/materials/${material.id}`), 200).current_stock, 12.5);
    await server.verifyClean();
    await server.stop();
});
