// A site whose object storage cannot be found, is not who it says it is, or whose machine has no keys: the program runs all the same, says in
// words what it cannot do, and nothing leaves the machine that should not.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BINARY, accepted, makeMaterial, refused, sleep, start } from '../api/harness.mjs';
import { csv, ended, step, upload as uploadTable } from '../api/import-steps.mjs';
import { form, png } from '../api/picture.mjs';
import { certificate } from './certificate.mjs';
import { startEmulator } from './emulator/server.mjs';
import { AWAY, BUCKET, KEY, REFUSED, SECRET, bucketCloud, inBucket, keyOf } from './site.mjs';

/** A policy that is handed out, for the bucket of the tests. */
const policy = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../../deploy/terraform/policies/${name}.json`, import.meta.url)), 'utf8').replaceAll('${bucket}', BUCKET));

const byRole = { OSS_ACCESS_KEY_ID: null, OSS_ACCESS_KEY_SECRET: null };

const folder = mkdtempSync(path.join(tmpdir(), 'mms-cloud-'));
after(() => rmSync(folder, { recursive: true }));

/** A server with its files in a bucket of `cloud`; ends with the test. */
async function site(t, cloud, env = {}) {
    const server = await start({ env: inBucket(cloud, env) });
    server.secrets.push(SECRET);
    t.after(() => server.stop());
    const admin = await server.admin();
    return { server, admin, send: () => admin.request('POST', '/api/profile/avatar', form(['avatar', png(20, 20)])), failed: () => server.logs.findLast((entry) => entry.event === 'oss.failed') };
}

async function emulator(t, options = {}) {
    const cloud = await bucketCloud(options);
    t.after(() => cloud.close());
    return cloud;
}

test('a name that nobody knows: in words, in the log, and the rest goes on', async (t) => {
    const { admin, send, failed } = await site(t, undefined, { OSS_ENDPOINT: 'https://oss.no-such-name.invalid' });
    refused(await send(), ...AWAY);
    assert.match(failed().error, /oss\.no-such-name\.invalid/);
    await makeMaterial(admin);
});

// Its own view of /etc/resolv.conf, where a name server is named that takes every question and answers none.
const SILENT = '127.0.0.77', hole = path.join(folder, 'resolv.conf');
writeFileSync(hole, `nameserver ${SILENT}\noptions timeout:30 attempts:1\n`);
const inHole = (...words) => ['-m', 'sh', '-c', `mount --bind '${hole}' /etc/resolv.conf && exec "$@"`, 'sh', ...words];
const overOf = (child) => new Promise((resolve) => child.on('close', resolve));

test('a name server that says nothing: the time that a call may take is kept, whatever the system\'s resolver does', async (t) => {
    const silent = createSocket('udp4').on('error', () => {});
    const bound = await new Promise((resolve) => silent.once('error', () => resolve(false)).bind(53, SILENT, () => resolve(true)));
    if (!bound || spawnSync('unshare', inHole('true')).status !== 0)
        return t.skip('a name server, and a view of files of one\'s own, may not be made here');
    t.after(() => silent.close());
    const resolver = spawn('unshare', inHole('getent', 'ahosts', 'oss.no-such-name.invalid'), { stdio: 'ignore' });
    t.after(() => resolver.kill('SIGKILL'));
    const env = { ...inBucket(undefined, { OSS_ENDPOINT: 'https://oss.no-such-name.invalid' }), PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', UPLOAD_DIR: path.join(folder, 'up'), DB_PATH: path.join(folder, 'mms.db') };
    const program = spawn('unshare', inHole(BINARY, 'files', 'migrate', '--to', 'local'), { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    program.stderr.on('data', (text) => (told += text));
    const first = await Promise.race([overOf(program).then((code) => ({ code })), overOf(resolver).then(() => 'the resolver')]);
    assert.deepEqual(first, { code: 74 }, 'the program gives up before the resolver does');
    assert.match(told, /文件存储暂时无法访问.*[Rr]esolv/);
});

test('a port where nobody listens', async (t) => {
    const cloud = await startEmulator();
    await cloud.close();
    const { admin, send, failed } = await site(t, cloud);
    refused(await send(), ...AWAY);
    assert.match(failed().error, /127\.0\.0\.1/);
    await makeMaterial(admin);
});

test('a certificate of nobody\'s: not spoken to at all', async (t) => {
    const cloud = await emulator(t, { tls: certificate(folder, 'oss', 'IP:127.0.0.1') });
    const { send, failed } = await site(t, cloud, { OSS_ENDPOINT: cloud.secureUrl });
    refused(await send(), ...REFUSED);
    assert.match(failed().error, /certificate/i);
    assert.deepEqual(cloud.log, [], 'no request has been made, so no key and no file was shown');
});

test('a certificate of one\'s own authority, OSS_CA_FILE: all of it over TLS; another authority, or a file that is none, is refused', async (t) => {
    const own = certificate(folder, 'oss-own', 'IP:127.0.0.1'), cloud = await emulator(t, { tls: own });
    const over = { OSS_ENDPOINT: cloud.secureUrl, OSS_CA_FILE: own.file };
    const { server, admin, send } = await site(t, cloud, over);
    const { avatar } = accepted(await send(), 200);
    assert.deepEqual((await server.client().get(avatar)).bytes, cloud.get(BUCKET, keyOf(avatar)).body);
    const large = `${csv(['物料编码', '物料名称', '类别', '单位', '备注'], ...Array.from({ length: 9000 }, (_, i) => [`TLS-${i}`, '氢气', '化学', 'kg', 'x'.repeat(1000)]))}\r\n`;
    accepted(await uploadTable(admin, 'materials', large), 201);
    assert.ok(cloud.log.some(({ query }) => query.partNumber === '2'), 'in parts, too');
    for (const file of [certificate(folder, 'oss-else', 'IP:127.0.0.1').file, '/nowhere/ca.pem']) {
        const asked = cloud.log.length, other = await site(t, cloud, { ...over, OSS_CA_FILE: file });
        refused(await other.send(), ...REFUSED);
        assert.match(other.failed().error, /certificate/i);
        assert.equal(cloud.log.length, asked, 'no key and no file was shown');
    }
});

test('ALIYUN_ACCESS_KEY_… stands in for OSS_ACCESS_KEY_…, which comes first', async (t) => {
    const cloud = await emulator(t, { keys: { [KEY]: { secret: SECRET }, 'LTAI-general': { secret: 'another-secret-that-nobody-sees' } } });
    const general = { ALIYUN_ACCESS_KEY_ID: 'LTAI-general', ALIYUN_ACCESS_KEY_SECRET: 'another-secret-that-nobody-sees', ALIYUN_METADATA_URL: cloud.url };
    for (const [env, id] of [[general, KEY], [{ ...general, ...byRole }, 'LTAI-general']]) {
        const { server, send } = await site(t, cloud, env);
        server.secrets.push('another-secret-that-nobody-sees');
        accepted(await send(), 200);
        assert.match(cloud.log.at(-1).headers.authorization, new RegExp(`Credential=${id}/`));
    }
    assert.ok(!cloud.log.some(({ service }) => service === 'metadata'), 'the machine is not asked for a role');
});

test('http in the open is for this machine alone', async (t) => {
    const cloud = await emulator(t);
    await assert.rejects(site(t, cloud, { OSS_ENDPOINT: 'http://oss-cn-hangzhou.aliyuncs.com' }), /OSS_ENDPOINT/);
    assert.deepEqual(cloud.log, []);
});

/** Once the role's keys are there. */
async function sent(send) {
    for (let i = 0; ; i++, await sleep(50)) {
        const answer = await send();
        if (answer.status === 200 || i > 400)
            return answer;
    }
}

function watchKeys(server, cloud) {
    for (const [id, key] of cloud.state.keys)
        if (id.startsWith('STS.'))
            server.secrets.push(key.secret, key.token);
}

test('the policy that is handed out suffices for all that the program does, and for nothing else', async (t) => {
    const cloud = await emulator(t, { policies: { 'mms-ecs-role': policy('ecs-oss') } });
    const { server, admin, send } = await site(t, cloud, { ...byRole, ALIYUN_METADATA_URL: cloud.url });
    const first = accepted(await sent(send), 200).avatar;
    assert.equal((await server.client().get(first)).status, 200);
    accepted(await send(), 200);
    await server.until(() => !cloud.keys(BUCKET).includes(keyOf(first)), 60_000, 'to remove the picture before');
    const { id } = accepted(await uploadTable(admin, 'materials', csv(['物料编码', '物料名称', '类别', '单位'], ['OSS-1', '甲', '化学', 'kg'])), 201);
    await step(admin, id, 'check');
    const { jobId } = accepted(await admin.post('/api/export-jobs/materials?format=csv'), 202);
    assert.equal((await ended(admin, jobId)).status, 'done');
    assert.equal((await admin.get(`/api/jobs/${jobId}/file`)).status, 200);
    const { code, output } = await server.run(['backup', '--to', path.join(server.dir, 'backup'), '--second', 'oss:']);
    assert.equal(code, 0, output);
    await server.restart(); // what nobody names is swept at the start
    accepted(await sent((await againOf(server)).send), 200);
    assert.ok(cloud.log.filter(({ auth, key }) => auth === 'ok' && key.startsWith('STS.')).length > 8, 'it was asked under the role');
    assert.deepEqual(denied(cloud), []);
    watchKeys(server, cloud);
});

const denied = (cloud) => cloud.log.filter(({ code }) => code === 'AccessDenied').map(({ method, object, action }) => [method, object, action]);

test('the policies for moving files, and for bringing a backup back, suffice; neither may do the other', async (t) => {
    const cloud = await emulator(t, { keys: { [KEY]: { secret: SECRET }, mover: { secret: SECRET, policy: policy('migrate') }, bringer: { secret: SECRET, policy: policy('restore') } } });
    const { server, send } = await site(t, cloud, { UPLOAD_BACKEND: 'local' });
    const { avatar } = accepted(await send(), 200);
    const run = (id, ...args) => {
        const place = path.join(server.dir, id);
        mkdirSync(path.join(place, 'backup'), { recursive: true });
        return server.run(args, { env: { OSS_ACCESS_KEY_ID: id, OSS_ACCESS_KEY_SECRET: SECRET, DB_PATH: path.join(place, 'mms.db'), DATABASE_URL: null, BACKUP_DIR: path.join(place, 'backup'),
            ...(id === 'bringer' && { UPLOAD_DIR: path.join(place, 'uploads') }) } });
    };
    const backup = await server.run(['backup', '--to', path.join(server.dir, 'backup'), '--second', 'oss:']);
    assert.equal(backup.code, 0, backup.output);
    const moved = await run('mover', 'files', 'migrate', '--to', 'oss');
    assert.equal(moved.code, 0, moved.output);
    assert.ok(cloud.get(BUCKET, keyOf(avatar)));
    const brought = await run('bringer', 'restore', 'oss:');
    assert.equal(brought.code, 0, brought.output);
    assert.deepEqual(denied(cloud), []);
    const thief = await run('mover', 'restore', 'oss:');
    assert.notEqual(thief.code, 0, thief.output);
    assert.match(thief.output, /AccessDenied.*[0-9A-F]{24}/);
});

async function againOf(server) {
    const admin = await server.admin();
    return { admin, send: () => admin.request('POST', '/api/profile/avatar', form(['avatar', png(21, 20)])) };
}

test('keys that have expired before their time, or are not known: others are fetched, nobody notices', async (t) => {
    const cloud = await emulator(t);
    const { server, send } = await site(t, cloud, { ...byRole, ALIYUN_METADATA_URL: cloud.url });
    accepted(await sent(send), 200);
    cloud.state.current.expires = Date.now() - 1;
    cloud.state.keys.get(cloud.state.current.id).expires = Date.now() - 1;
    cloud.state.rotateRole();
    accepted(await send(), 200);
    assert.ok(cloud.log.some(({ code }) => code === 'SecurityTokenExpired'));
    assert.ok(cloud.log.filter(({ path: asked }) => asked.endsWith('/mms-ecs-role')).length >= 2);
    watchKeys(server, cloud);
});

test('keys that the storage goes on refusing: in words, and no flood of questions', async (t) => {
    const cloud = await emulator(t);
    const { server, send, failed } = await site(t, cloud, { ...byRole, ALIYUN_METADATA_URL: cloud.url });
    accepted(await sent(send), 200);
    cloud.fault({ kind: 'expired-token', times: 'always', service: 'oss' });
    const at = cloud.log.length;
    for (let i = 0; i < 3; i++)
        refused(await send(), ...REFUSED);
    assert.equal(failed().code, 'SecurityTokenExpired');
    const asked = cloud.log.slice(at);
    assert.ok(asked.filter(({ service }) => service === 'metadata').length <= 12, 'the metadata service has a limit');
    cloud.faults.clear();
    accepted(await sent(send), 200);
    watchKeys(server, cloud);
});

const lie = (cloud, path_, body) => void cloud.fault({ kind: 'answer', service: 'metadata', path: path_, body, times: 'always' });

const NO_KEYS = {
    'no metadata service': (cloud) => ({ ALIYUN_METADATA_URL: `http://127.0.0.1:${cloud.closedPort}` }),
    'a machine without a role': (cloud) => void (cloud.state.machine.role = null),
    'a metadata service that fails': (cloud) => void cloud.fault({ kind: '500', service: 'metadata', times: 'always' }),
    'a metadata service that sends us elsewhere': (cloud) => void cloud.fault({ kind: 'redirect', to: cloud.url, service: 'metadata', times: 'always' }),
    'a metadata service that talks nonsense': (cloud) => void cloud.fault({ kind: 'bad-xml', service: 'metadata', times: 'always' }),
    'a role of a strange name': (cloud) => lie(cloud, 'security-credentials/\\?', '../../api/token'),
    'a role of two lines': (cloud) => lie(cloud, 'security-credentials/\\?', 'a\r\nX-Injected: b'),
    'a role without an end': (cloud) => lie(cloud, 'security-credentials/\\?', 'r'.repeat(200_000)),
    'keys that would break a header': (cloud) => lie(cloud, 'mms-ecs-role', JSON.stringify({ Code: 'Success', AccessKeyId: 'STS.a\r\nX-Injected: b', AccessKeySecret: 's', SecurityToken: 't\nu', Expiration: '2099-01-01T00:00:00Z' })),
    'keys that ended long ago': (cloud) => lie(cloud, 'mms-ecs-role', JSON.stringify({ Code: 'Success', AccessKeyId: 'STS.a', AccessKeySecret: 's', SecurityToken: 't', Expiration: '2020-01-01T00:00:00Z' })),
    'keys that are half': (cloud) => lie(cloud, 'mms-ecs-role', JSON.stringify({ Code: 'Success', AccessKeyId: 'STS.a', AccessKeySecret: 's', Expiration: '2099-01-01T00:00:00Z' })),
    'keys that are none': (cloud) => lie(cloud, 'mms-ecs-role', JSON.stringify({ Code: 'Failed' })),
    'keys in a heap of brackets': (cloud) => lie(cloud, 'mms-ecs-role', '['.repeat(60_000)),
    'a token without an end': (cloud) => lie(cloud, 'api/token', 'x'.repeat(100_000)),
    'a metadata service that says nothing': (cloud) => void cloud.fault({ kind: 'hang', service: 'metadata', times: 'always' }),
};
for (const [what, arrange] of Object.entries(NO_KEYS))
    test(`${what}: the program starts and runs, files are refused in words`, async (t) => {
        const cloud = await emulator(t), closed = await startEmulator();
        cloud.closedPort = closed.port;
        await closed.close();
        const { admin, send, failed } = await site(t, cloud, { ...byRole, ALIYUN_METADATA_URL: cloud.url, ...arrange(cloud) });
        refused(await send(), ...REFUSED);
        assert.match(failed().error, /[一-鿿].* \/ /, 'what is missing, in both languages');
        await makeMaterial(admin);
        assert.deepEqual(cloud.log.filter(({ service }) => service === 'oss'), [], 'nothing goes unsigned');
    });
