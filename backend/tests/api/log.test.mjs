// The log of the running service: what a line of a request holds, how files are put aside, and that none of it is lost.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { accepted, makeMaterial, sleep, start } from './harness.mjs';

const server = await start({ env: { LOG_LEVEL: 'debug', LOG_MAX_SIZE: 65536, LOG_KEEP: 500 } });
after(() => server.stop());
const folder = path.join(server.dir, 'logs');
await server.restart({ LOG_DIR: folder });
const admin = await server.admin();
const lines = (name) => readFileSync(path.join(folder, name), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
const older = () => readdirSync(folder).filter((name) => name !== 'mms.log');
const requests = () => ['mms.log', ...older()].flatMap(lines).filter(({ event }) => event === 'http.request');

test('a line of a request: who, from where, how long it took and waited, how much was answered', async () => {
    const { id } = await makeMaterial(admin);
    const { bytes } = await admin.get(`/api/materials/${id}`);
    const of = (method, where) => requests().findLast((one) => one.method === method && one.path === where);
    const read = of('GET', `/api/materials/${id}`), write = of('POST', '/api/materials');
    assert.deepEqual([read.status, read.user_id, read.address, read.bytes], [200, admin.user.id, '127.0.0.1', bytes.length]);
    assert.ok(read.took_us >= read.waited_us && read.waited_us >= 0);
    assert.ok(write.took_us >= write.waited_us && write.waited_us > 0, 'a write waits for the writer, if only for a moment');
    assert.match(read.request_id, /^[0-9a-f-]{8,}$/);
});

test('files are put aside at their size, numbered from the newest, and every request is in one of them', async () => {
    const before = requests().length;
    const asked = 600;
    for (let i = 0; i < asked; i += 20)
        await Promise.all(Array.from({ length: 20 }, () => admin.get('/api/materials?pageSize=1')));
    assert.ok(older().length >= 2, older().join());
    assert.deepEqual(older().sort(), Array.from({ length: older().length }, (_, i) => `mms.log.${i + 1}`).sort());
    await server.until(() => requests().length >= before + asked, 20_000, 'to log all requests');
    assert.equal(requests().length, before + asked);
});

test('SIGHUP: whoever puts the file aside himself has a new one', async () => {
    const aside = path.join(server.dir, 'aside.log');
    renameSync(path.join(folder, 'mms.log'), aside);
    accepted(await admin.get('/api/materials?pageSize=1'), 200);
    server.child.kill('SIGHUP');
    await server.until(() => readdirSync(folder).includes('mms.log') && lines('mms.log').some(({ event }) => event === 'log.opened'), 20_000, 'to open the file anew');
    assert.ok(readFileSync(aside, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).some(({ path: where }) => where === '/api/materials'));
    await sleep(20);
    assert.equal(server.child.exitCode, null, 'it goes on');
    accepted(await admin.get('/api/materials?pageSize=1'), 200);
});
