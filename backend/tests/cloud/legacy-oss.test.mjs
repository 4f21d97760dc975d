// mms import-legacy with its pictures in object storage: nobody is held up while it is waited for, and what fails leaves nothing, here or there.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';

import { POSTGRES, Server } from '../api/harness.mjs';
import { LEGACY_PASSWORD, everything, makeOld } from '../api/legacy.mjs';
import { png, pngSize } from '../api/picture.mjs';
import { BUCKET, SECRET, bucketCloud, inBucket, keyOf } from './site.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'mms-old-')), old = path.join(folder, 'old.db'), uploads = path.join(folder, 'uploads');
const cloud = await bucketCloud();
makeOld(old, ...everything());
mkdirSync(path.join(uploads, 'avatars'), { recursive: true });
writeFileSync(path.join(uploads, 'avatars', 'photo.png'), png(800, 400));
writeFileSync(path.join(uploads, 'avatars', 'broken.png'), 'no picture');
after(async () => {
    await cloud.close();
    rmSync(folder, { recursive: true });
});
beforeEach(() => cloud.faults.clear());

/** An empty place, migrated, so that its database can be looked at. */
async function place(t) {
    const server = new Server({ env: inBucket(cloud) });
    server.secrets.push(SECRET);
    t.after(() => (server.child ? server.stop() : server.removeFolder()));
    const { code, output } = await server.run(['migrate']);
    assert.equal(code, 0, output);
    return server;
}
const bring = (server, ...args) => server.run(['import-legacy', old, '--uploads', uploads, ...args]);
const pictures = () => cloud.keys(BUCKET).filter((key) => key.startsWith('avatars/'));

const sent = (since) => cloud.log.slice(since).filter(({ method, object }) => method === 'PUT' && object?.startsWith('avatars/')).length;
const isWriterFree = async ({ database }) => (POSTGRES ? (await database.sql('SELECT pg_try_advisory_xact_lock(5066067) AS free'))[0].free
    : database.sql('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK;').then(() => true, ({ message }) => message));

async function shown(server) {
    await server.begin();
    const { body } = await server.client().post('/api/auth/login', { username: 'keeper', password: LEGACY_PASSWORD });
    assert.deepEqual(pictures(), [keyOf(body.data.user.avatar)]);
    const picture = await server.client().get(body.data.user.avatar);
    assert.deepEqual([picture.status, pngSize(picture.bytes)], [200, [512, 256]]);
    await server.stop();
    for (const key of pictures())
        cloud.remove(BUCKET, key);
}

test('while the storage does not answer, others can write; then all of it is there', async (t) => {
    const server = await place(t);
    const back = cloud.fault({ kind: 'hang', service: 'oss', method: 'PUT', times: 'always' });
    const run = bring(server);
    await server.until(() => cloud.log.some(({ method, fault }) => method === 'PUT' && fault === 'hang'), 60_000, 'to send the picture');
    assert.equal(await isWriterFree(server), true);
    back();
    for (const socket of cloud.sockets)
        socket.destroy();
    const { code, output } = await run;
    assert.equal(code, 0, output);
    await shown(server);
});

test('a storage that refuses: in words, nothing is imported, nothing is left there, and it can be run again', async (t) => {
    const server = await place(t);
    const back = cloud.fault({ kind: 'error', status: 403, code: 'AccessDenied', service: 'oss', method: 'PUT', times: 'always' });
    const refused = await bring(server);
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /文件存储拒绝了访问.*，未导入任何数据：PUT avatars.*AccessDenied.*request id [0-9A-F]{24}/);
    assert.match(refused.output, /storage.*nothing was imported: PUT avatars/);
    assert.deepEqual(await server.database.sql('SELECT id FROM users'), []);
    back();
    assert.deepEqual(pictures(), []);
    const { code, output } = await bring(server);
    assert.equal(code, 0, output);
    await shown(server);
});

test('an import that is not kept takes its pictures along', async (t) => {
    const server = await place(t);
    let since = cloud.log.length;
    const dry = await bring(server, '--dry-run');
    assert.equal(dry.code, 0, dry.output);
    assert.equal(sent(since), 0, 'to be looked at, none is sent');
    const damaged = path.join(folder, 'damaged.db');
    makeOld(damaged, ...everything(), "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 4000) INSERT INTO operation_logs (user_id, module, action, description) SELECT 1, 'inventory', 'create', 'row ' || i FROM s;");
    truncateSync(damaged, Math.floor(statSync(damaged).size * 0.6 / 4096) * 4096 + 100);
    since = cloud.log.length;
    const { code, output } = await server.run(['import-legacy', damaged, '--uploads', uploads]);
    assert.notEqual(code, 0);
    assert.match(output, /旧文件已损坏，未导入任何数据/);
    assert.ok(sent(since) > 0, 'it was there');
    assert.deepEqual(pictures(), []);
});
