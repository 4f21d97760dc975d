// Backups in object storage: as the second place of mms backup, and back from there when the machine is gone.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server, accepted, makeMaterial, start } from '../api/harness.mjs';
import { form, png } from '../api/picture.mjs';
import { startEmulator } from './emulator/server.mjs';

const BUCKET = 'mms-uploads', SECRET = 'emulator-secret';
const cloud = await startEmulator({ buckets: { [BUCKET]: {} } });
const OSS = { OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.url, OSS_ACCESS_KEY_ID: 'LTAI-emulator', OSS_ACCESS_KEY_SECRET: SECRET };
const server = await start({ env: { ...OSS, UPLOAD_BACKEND: 'oss' } });
server.secrets.push(SECRET);
after(async () => {
    await server.stop();
    await cloud.close();
});
const admin = await server.admin();
for (let i = 0; i < 5; i++)
    await makeMaterial(admin);
const { avatar } = accepted(await admin.request('POST', '/api/profile/avatar', form(['avatar', png(12, 10)])), 200);
const picture = `avatars/${path.basename(avatar)}`;
const first = path.join(server.dir, 'backup');
const backup = (...more) => server.run(['backup', '--to', first, '--gzip', ...more]);
const there = () => cloud.keys(BUCKET).filter((key) => key.startsWith('backup/')).map((key) => key.slice('backup/'.length));
const put = (key, body) => cloud.put(BUCKET, key, body);

/** A machine with nothing on it but the program. */
function machine(name, env = {}) {
    const dir = path.join(server.dir, name);
    mkdirSync(path.join(dir, 'backup'), { recursive: true });
    const all = { DATABASE_URL: null, DB_PATH: path.join(dir, 'mms.db'), UPLOAD_DIR: path.join(dir, 'uploads'), BACKUP_DIR: path.join(dir, 'backup'), UPLOAD_BACKEND: 'local', ...env };
    return { dir, env: all, run: (...args) => server.run(args, { env: all }) };
}

test('the second place: the same files, the manifest last, and none of it deleted there', async () => {
    const calls = cloud.log.length;
    const { code, output } = await backup('--second', 'oss:', '--keep', '1,1,1');
    assert.equal(code, 0, output);
    assert.match(output, /copied to oss: mms-uploads/);
    const names = readdirSync(first).filter((name) => !name.startsWith('.')).sort();
    assert.deepEqual(there().sort(), names);
    assert.equal(names.length, 3, 'database, files (the picture in the bucket is one of them) and manifest');
    for (const name of names)
        assert.deepEqual(cloud.get(BUCKET, `backup/${name}`).body, readFileSync(path.join(first, name)));
    const sent = cloud.log.slice(calls).filter(({ method, object }) => method === 'PUT' && object.startsWith('backup/'));
    assert.match(sent.at(-1).object, /\.json$/);
    assert.equal(cloud.log.slice(calls).filter(({ method }) => method === 'DELETE').length, 0);
});

test('the machine is gone: the newest proven one is brought and restored', async () => {
    const { dir, env, run } = machine('new');
    put('backup/mms_backup_20990101_000000.json.part', 'no manifest');
    const { code, output } = await run('restore', 'oss:');
    assert.equal(code, 0, output);
    assert.equal((await run('verify')).code, 0);
    assert.deepEqual(readFileSync(path.join(dir, 'uploads', picture)), cloud.get(BUCKET, picture).body);
    assert.deepEqual(readdirSync(env.BACKUP_DIR).filter((name) => !name.startsWith('.')).sort(), there().filter((name) => !name.endsWith('.part')).sort());
    const again = new Server({ dir, engine: 'sqlite', env: { JWT_SECRET: server.secret } });
    again.adminIsNew = false;
    await again.begin();
    try {
        assert.equal(accepted(await (await again.admin()).get('/api/materials'), 200).list.length, 5);
        assert.equal((await again.client().get(avatar)).status, 200);
    } finally {
        await again.halt();
    }
});

test('by its name; a drill; names that are none, and what is not there', async () => {
    const { run, env } = machine('named');
    const name = there().find((file) => /^mms_backup_2026.*\.json$|^mms_backup_\d{8}_\d{6}\.json$/.test(file)).replace('.json', '');
    const drill = await run('restore', `oss:${name}`, '--check');
    assert.equal(drill.code, 0, drill.output);
    assert.equal((await run('restore', 'oss:../../etc/passwd')).code, 64);
    const none = await run('restore', 'oss:mms_backup_20200101_000000');
    assert.equal(none.code, 74, none.output);
    assert.ok(!readdirSync(env.BACKUP_DIR).includes('mms_backup_20200101_000000.json'));
    const homeless = await server.run(['restore', 'oss:'], { env: { ...env, BACKUP_DIR: null } });
    assert.equal(homeless.code, 78, homeless.output);
});

test('damaged there: found before anything is replaced, and nothing is restored', async () => {
    const { run } = machine('damaged');
    const database = there().find((file) => file.endsWith('.db.gz')), key = `backup/${database}`, whole = cloud.get(BUCKET, key).body;
    const spoiled = Buffer.from(whole);
    spoiled[spoiled.length >> 1] ^= 1;
    put(key, spoiled);
    const { code, output } = await run('restore', 'oss:');
    assert.ok(code > 0, output);
    assert.match(output, /损坏/);
    put(key, whole);
    rmSync(path.join(server.dir, 'damaged'), { recursive: true });
});

test('the storage is away or says no: told, with its words; the backup in the first place stands', async () => {
    for (const [fault, words] of [[{ kind: 'error', status: 403, code: 'AccessDenied', times: 'always' }, /AccessDenied.*request id [0-9A-F]{24}/], [{ kind: '503', times: 'always' }, /503/]]) {
        const before = readdirSync(first).filter((name) => name.endsWith('.json')).length, manifests = there().filter((name) => name.endsWith('.json')).length;
        const undo = cloud.fault({ service: 'oss', method: 'PUT', ...fault });
        const { code, output } = await backup('--second', 'oss:');
        undo();
        assert.equal(code, 74, output);
        assert.match(output, words);
        assert.equal(readdirSync(first).filter((name) => name.endsWith('.json')).length, before + 1);
        assert.equal(there().filter((name) => name.endsWith('.json')).length, manifests, 'half of one is none');
    }
    const away = cloud.fault({ service: 'oss', kind: 'truncate', method: 'GET', path: '^/backup/.*gz', times: 2 });
    const { run } = machine('cut');
    const { code, output } = await run('restore', 'oss:', '--check');
    away();
    assert.equal(code, 0, output);
    const unset = await server.run(['backup', '--to', first, '--second', 'oss:'], { env: { UPLOAD_BACKEND: 'local', OSS_BUCKET: null } });
    assert.equal(unset.code, 78, unset.output);
});

test('what has no proof is not taken by itself', async () => {
    const { run } = machine('unproven');
    for (const key of cloud.keys(BUCKET).filter((name) => name.startsWith('backup/')))
        cloud.remove(BUCKET, key);
    const { code, output } = await backup('--second', 'oss:', '--unproven');
    assert.equal(code, 0, output);
    const refused = await run('restore', 'oss:');
    assert.equal(refused.code, 74, refused.output);
    assert.match(refused.output, /没有经过验证的备份/);
    writeFileSync(path.join(server.dir, 'unproven', 'mark'), '');
});
