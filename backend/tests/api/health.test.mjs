// GET /api/health
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, makeMaterial, sleep, start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const nobody = server.client();

test('health is open and tells what was checked', async () => {
    const { status, body, headers } = await nobody.get('/api/health');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^application\/json/);
    assert.deepEqual(Object.keys(body).sort(), ['checks', 'status', 'timestamp', 'uptime', 'version']);
    assert.equal(body.status, 'ok');
    assert.match(body.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(body.timestamp) - Date.now()) < 60_000);
    assert.equal(typeof body.uptime, 'number');
    assert.match(body.version, /^\d+\.\d+\.\d+/);
    assert.deepEqual(Object.keys(body.checks).sort(), ['database', 'memory']);
    assert.equal(body.checks.database, 'ok');
    assert.deepEqual(Object.keys(body.checks.memory).sort(), ['heapTotal', 'heapUsed', 'rss']);
    const { rss, heapTotal, heapUsed } = body.checks.memory;
    assert.ok(rss > 0 && rss < 10_000, 'MiB');
    assert.ok(Number.isInteger(rss) && Number.isInteger(heapTotal) && Number.isInteger(heapUsed) && heapUsed <= heapTotal);
});

test('uptime grows', async () => {
    const one = (await nobody.get('/api/health')).body;
    await sleep(1100);
    const two = (await nobody.get('/api/health')).body;
    assert.ok(two.uptime > one.uptime && two.uptime < one.uptime + 60);
});

test('the version is the program\'s', async () => {
    const { body } = await nobody.get('/api/health');
    const { code, stdout } = await server.run(['version']);
    assert.equal(code, 0);
    assert.ok(stdout.includes(body.version), stdout);
});

test('it really writes: 503 while the writer cannot, 200 again afterwards', async () => {
    const admin = await server.admin();
    const release = await server.database.holdWriteLock();
    try {
        const answer = await nobody.get('/api/health');
        assert.equal(answer.status, 503, answer.text);
        assert.equal(answer.body.status, 'degraded');
        assert.notEqual(answer.body.checks.database, 'ok');
        assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
        accepted(await admin.get('/api/materials'), 200); // reading goes on
    } finally {
        await release();
    }
    await server.until(async () => (await nobody.get('/api/health')).status === 200, 60_000, 'to be healthy again');
    await makeMaterial(admin);
});

test('it answers while passwords are being hashed', async () => {
    const logins = Array.from({ length: 40 }, (_, i) => nobody.post('/api/auth/login', { username: `nobody-${i}`, password: 'Wrong-Password-1' }));
    let finished = false;
    const all = Promise.all(logins).then((answers) => ((finished = true), answers));
    let during = 0;
    while (!finished) {
        assert.equal((await nobody.get('/api/health')).status, 200);
        during++;
    }
    assert.ok(during >= 3, `only ${during} answers while 40 sign-ins ran`);
    for (const answer of await all)
        assert.ok([401, 429, 503].includes(answer.status), answer.text);
});
