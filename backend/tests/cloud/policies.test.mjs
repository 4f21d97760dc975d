// deploy/terraform/policies against what the program asks for: all that it does in the cloud, with the policies enforced. Each grant (an action on
// a resource) is taken away once, and then something must fail for want of it; what nothing asks for is not granted.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Server, accepted, sleep } from '../api/harness.mjs';
import { csv, ended, step, upload } from '../api/import-steps.mjs';
import { form, png } from '../api/picture.mjs';
import { certificate } from './certificate.mjs';
import { decide, matches } from './emulator/ram.mjs';
import { startEmulator } from './emulator/server.mjs';
import { ACCOUNT } from './emulator/state.mjs';
import { keyOf } from './site.mjs';

const BUCKET = 'mms-uploads-4f2a', SECRET_NAME = 'mms-jwt-secret', KMS_KEY = 'key-hzz0123456789abcdef', ROLE = 'mms-ecs-role', MIB = 1 << 20;
const PLACE = fileURLToPath(new URL('../../../deploy/terraform/policies/', import.meta.url));
const NAMES = { bucket: BUCKET, region: 'cn-hangzhou', account: ACCOUNT, secret: SECRET_NAME, key: KMS_KEY };
/** A policy as Terraform fills it in. */
function policy(name) {
    return JSON.parse(readFileSync(path.join(PLACE, `${name}.json`), 'utf8').replace(/\$\{(\w+)\}/g, (_, word) => NAMES[word] ?? assert.fail(`${name}: ${word}`)));
}

const dir = mkdtempSync(path.join(tmpdir(), 'mms-policies-'));
const own = certificate(dir, 'cloud', 'IP:127.0.0.1');
const made = () => randomBytes(36).toString('base64url');
const secrets = [made()];
const cloud = await startEmulator({ tls: own, hides: true, buckets: { [BUCKET]: { versioning: 'Enabled', policy: policy('bucket-https') } }, secrets: { [SECRET_NAME]: { data: secrets[0], key: KMS_KEY } },
    policies: { [ROLE]: [policy('ecs-oss'), policy('ecs-kms')] }, keys: { mover: { secret: 'secret-of-the-mover', policy: policy('migrate') }, bringer: { secret: 'secret-of-the-bringer', policy: policy('restore') } } });
const places = { OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.secureUrl, OSS_CA_FILE: own.file, ALIYUN_METADATA_URL: cloud.url };
const server = new Server({ engine: 'sqlite', env: { ...places, UPLOAD_BACKEND: 'oss', JWT_SECRET: null, SECRET_SOURCE: 'kms', KMS_ENDPOINT: cloud.secureUrl, KMS_CA_FILE: own.file, KMS_SECRET_NAME: SECRET_NAME, SECRET_REFRESH_SECONDS: 1 } });
server.secrets.push(secrets[0], 'secret-of-the-mover', 'secret-of-the-bringer');
let admin;
before(async () => {
    await server.begin();
    admin = await server.admin();
});
after(async () => {
    await server.stop();
    await cloud.close();
    rmSync(dir, { recursive: true, force: true });
});

const bucket = () => cloud.state.buckets.get(BUCKET);
const has = (key) => cloud.keys(BUCKET).includes(key);
const hex = () => randomBytes(16).toString('hex');
let number = 0;
const fresh = (name) => {
    const place = path.join(dir, `${name}-${++number}`);
    mkdirSync(place);
    return place;
};
async function until(condition, what) {
    for (const end = Date.now() + 60_000; !await condition(); await sleep(20))
        assert.ok(Date.now() < end, what);
}
/** The program runs (without its secret it has not come up again), and has its role's first key. */
async function ready() {
    if (server.end) {
        await server.begin();
        admin = await server.admin();
    }
    await until(async () => (await server.client().get(`/uploads/avatars/${'0'.repeat(32)}.png`)).status === 404, 'the storage answers');
}
const send = (bytes = png(8, 8)) => admin.request('POST', '/api/profile/avatar', form(['avatar', bytes]));
/** A command that ends well. */
async function run(words, env = {}) {
    const { code, output } = await server.run(words, { env });
    assert.equal(code, 0, output);
    return output;
}
/** A folder with a file of each kind, and a larger one, which goes in parts. */
function uploads(kinds) {
    const place = fresh('uploads'), keys = [];
    for (const kind of kinds) {
        mkdirSync(path.join(place, kind));
        for (const size of [3000, 8 * MIB + 1]) {
            keys.push(`${kind}/${hex()}`);
            writeFileSync(path.join(place, keys.at(-1)), randomBytes(size));
        }
    }
    return { place, keys };
}
/** While the second part of everything is refused. Nothing that is unfinished may be left. */
async function cutShort(prefix, action) {
    bucket().uploads.clear();
    const undo = cloud.fault({ kind: 'error', status: 400, code: 'InvalidArgument', service: 'oss', method: 'PUT', path: `^/${prefix}.*partNumber=2`, times: 'always' });
    try {
        const { code, output } = await action();
        assert.notEqual(code, 0, output);
    } finally {
        undo();
    }
    assert.deepEqual(cloud.uploads(BUCKET), [], 'what is unfinished is taken away');
}

const KINDS = ['avatars', 'imports', 'exports'];
const local = (place, id) => ({ UPLOAD_BACKEND: 'local', UPLOAD_DIR: place, ...(id && { OSS_ACCESS_KEY_ID: id, OSS_ACCESS_KEY_SECRET: `secret-of-the-${id}` }) });
const toOss = (kind, id) => async () => {
    const { place, keys } = uploads([kind]);
    await run(['files', 'migrate', '--to', 'oss'], local(place, id));
    for (const key of keys)
        assert.deepEqual(cloud.get(BUCKET, key).body, readFileSync(path.join(place, key)));
    keys.forEach((key) => cloud.remove(BUCKET, key));
};
const cutOnTheWay = (kind, id) => async () => {
    const { place, keys } = uploads([kind]);
    await cutShort(kind, () => server.run(['files', 'migrate', '--to', 'oss'], { env: local(place, id) }));
    keys.forEach((key) => cloud.remove(BUCKET, key));
};
async function restored(id) {
    const place = fresh('machine');
    mkdirSync(path.join(place, 'backup'));
    await run(['restore', 'oss:'], { ...local(path.join(place, 'uploads'), id), DB_PATH: path.join(place, 'mms.db'), BACKUP_DIR: path.join(place, 'backup') });
    await run(['verify'], { DB_PATH: path.join(place, 'mms.db') });
}
const backup = (place, ...more) => ['backup', '--to', place, '--gzip', '--second', 'oss:', ...more];
const backups = () => cloud.keys(BUCKET).filter((key) => key.startsWith('backup/'));

/** What the program does under the role of its machine. Each can be done again. */
const SERVER = {
    'a picture: put, fetched, replaced': async () => {
        const { avatar } = accepted(await send(), 200);
        assert.equal((await server.client().get(avatar)).status, 200);
        const { avatar: next } = accepted(await send(), 200);
        await until(() => cloud.log.some(({ method, object, status }) => method === 'DELETE' && object === keyOf(avatar) && status), 'the picture before is removed');
        assert.ok(!has(keyOf(avatar)) && has(keyOf(next)));
    },
    'an import: uploaded and checked': async () => {
        const { id } = accepted(await upload(admin, 'materials', csv(['物料编码', '物料名称', '类别', '单位'], ['P-1', '甲', 'chemical', 'kg'])), 201);
        await step(admin, id, 'check');
    },
    'an export: made by a job, fetched': async () => {
        const job = await ended(admin, accepted(await admin.post('/api/export-jobs/materials?format=csv'), 202).jobId);
        assert.equal(job.status, 'done', JSON.stringify(job));
        assert.equal((await admin.get(job.result.url)).status, 200);
    },
    'what is left over is swept at the start': async () => {
        const old = [`avatars/${hex()}.png`, `imports/${hex()}`, `exports/job-1-${hex()}.csv`];
        old.forEach((key) => cloud.put(BUCKET, key, 'old'));
        await server.sql(`INSERT INTO loose_files (key, due_at) VALUES ${old.map((key) => `('${key}', 1)`).join(', ')}`);
        // One that comes before the role's first key is tried again.
        const from = cloud.log.length;
        await server.restart();
        await until(() => !old.some(has) || cloud.log.slice(from).some(({ code }) => code === 'AccessDenied'), 'the sweep ends');
        admin = await server.admin();
        const left = old.filter(has);
        old.forEach((key) => cloud.remove(BUCKET, key));
        assert.deepEqual(left, []);
    },
    ...Object.fromEntries(KINDS.flatMap((kind) => [[`${kind} moved there`, toOss(kind)], [`${kind} moved there, cut short`, cutOnTheWay(kind)]])),
    'files moved back': async () => {
        const keys = KINDS.map((kind) => `${kind}/${hex()}`), place = fresh('back');
        keys.forEach((key) => cloud.put(BUCKET, key, key));
        await run(['files', 'migrate', '--to', 'local', '--delete-source'], local(place));
        for (const key of keys)
            assert.deepEqual([readFileSync(path.join(place, key), 'utf8'), has(key)], [key, false]);
    },
    'a backup, and the ones before pruned': async () => {
        const place = fresh('backup'), before = backups().length;
        cloud.put(BUCKET, `avatars/${hex()}.png`, randomBytes(9 * MIB)); // so that it goes in parts
        for (let i = 0; i < 2; i++)
            await run(backup(place, '--keep', '1,1,1'));
        assert.equal(readdirSync(place).filter((name) => name.endsWith('.json')).length, 1);
        assert.equal(backups().length, before + 6, 'there all of them stay');
    },
    'a backup, cut short': async () => {
        cloud.put(BUCKET, `avatars/${hex()}.png`, randomBytes(9 * MIB));
        await cutShort('backup/', () => server.run(backup(fresh('backup'))));
    },
    'a backup brought back to a new machine': () => restored(),
    'the doctor': async () => {
        const told = JSON.parse((await server.run(['doctor', '--cloud', '--json'])).stdout);
        assert.deepEqual(told.checks.filter(({ result }) => result === 'fail'), []);
        assert.deepEqual(told.checks.filter(({ result }) => result !== 'ok').map(({ id }) => id), ['cloud.oss_signed', 'cloud.certificate'], 'what is not asked for');
        assert.ok(told.checks.length >= 13);
    },
    'the doctor, cut short': () => cutShort('_doctor/', () => server.run(['doctor', '--cloud', '--only', 'cloud.oss_parts'])),
    'another secret in its place': async () => {
        secrets.push(made());
        server.secrets.push(secrets.at(-1));
        const logged = server.logs.length, said = (name) => server.logs.slice(logged).some(({ event }) => event === name);
        cloud.state.putSecret(SECRET_NAME, secrets.at(-1));
        await server.until(() => said('secret.changed') || said('secret.not_read'), 90_000, 'to sign with the new secret');
        assert.ok(said('secret.changed'));
        accepted(await admin.get('/api/auth/me'), 200);
    },
};
const MOVER = Object.fromEntries(KINDS.flatMap((kind) => [[`${kind} moved`, toOss(kind, 'mover')], [`${kind} moved, cut short`, cutOnTheWay(kind, 'mover')]]));
const BRINGER = { 'a backup brought back': () => restored('bringer') };

/** Every action on every resource that policies allow. */
const grants = (policies) => policies.flatMap(({ Statement }) => Statement).filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((resource) => ({ action, resource }))));
const document = (list) => ({ Version: '1', Statement: list.map(({ action, resource }) => ({ Effect: 'Allow', Action: [action], Resource: [resource] })) });
const fits = (grant) => (asked) => asked.action === grant.action && matches(grant.resource, asked.resource);
const told = ({ action, resource }) => `${action} on ${resource}`;

for (const [who, files, steps, put] of [
    ['the server\'s role', ['ecs-oss', 'ecs-kms'], SERVER, (value) => (cloud.state.policies[ROLE] = value)],
    ['who moves files', ['migrate'], MOVER, (value) => (cloud.state.keys.get('mover').policy = value)],
    ['who brings a backup back', ['restore'], BRINGER, (value) => (cloud.state.keys.get('bringer').policy = value)],
]) {
    const all = files.map(policy), asked = {};

    test(`${who}: ${files.join(' and ')} suffice for all that it does`, async () => {
        put(all);
        for (const [name, action] of Object.entries(steps)) {
            await ready();
            cloud.state.asked = [];
            await action().catch((error) => assert.fail(`${name}: ${error.message}`));
            asked[name] = cloud.state.asked;
            assert.deepEqual(asked[name].filter(({ allowed }) => !allowed), [], name);
            assert.ok(asked[name].length > 0, `${name}: nothing was asked for`);
        }
    });

    test(`${who}: with any one grant of ${files.join(' and ')} less, something fails`, async () => {
        const list = grants(all), idle = [];
        assert.ok(list.length >= 2);
        try {
            for (const grant of list) {
                let failed = false;
                for (const name of Object.keys(steps).filter((one) => asked[one]?.some(fits(grant)))) {
                    put(all);
                    await ready();
                    put(document(list.filter((one) => one !== grant)));
                    cloud.state.asked = [];
                    failed = await steps[name]().then(() => false, () => true);
                    failed &&= cloud.state.asked.some((one) => !one.allowed && fits(grant)(one));
                    if (failed)
                        break;
                }
                if (!failed)
                    idle.push(told(grant));
            }
        } finally {
            put(all);
        }
        assert.deepEqual(idle, [], 'granted, and nothing fails without it');
        await ready();
        const [name, action] = Object.entries(steps)[0];
        await action().catch((error) => assert.fail(`afterwards, ${name}: ${error.message}`));
    });
}

test('over http nothing is done for anybody', async () => {
    const { code, stdout } = await server.run(['doctor', '--cloud', '--json', '--only', 'cloud.oss', '--only', 'cloud.bucket'], { env: { OSS_ENDPOINT: cloud.url, OSS_DELIVERY: 'signed' } });
    const checks = JSON.parse(stdout).checks.filter(({ id }) => id !== 'cloud.oss_private');
    assert.equal(code, 1);
    assert.ok(checks.length >= 4);
    for (const { id, result, seen } of checks)
        assert.ok(result === 'fail' && seen.includes('AccessDenied'), `${id}: ${seen}`);
});

test('the judge itself: Deny wins, nothing said is no, conditions count, and what it does not know is an error', () => {
    const allow = { Effect: 'Allow', Action: ['oss:Get*'], Resource: ['acs:oss:*:*:b/a?/*'] }, one = (...Statement) => ({ Version: '1', Statement });
    const asks = (policies, action = 'oss:GetObject', resource = 'acs:oss:oss-cn-hangzhou:1:b/ab/c/d', context = { 'acs:SecureTransport': false }) => decide(policies, action, resource, context);
    assert.equal(asks(one(allow)), 'Allow');
    assert.equal(asks(one(allow), 'oss:PutObject'), undefined);
    assert.equal(asks(one(allow), 'oss:getobject'), 'Allow', 'actions have no case');
    for (const resource of ['acs:oss:oss-cn-hangzhou:1:b/abc/d', 'acs:oss:oss-cn-hangzhou:1:bb/ab/c', 'acs:kms:x:1:b/ab/c', 'acs:oss:oss-cn-hangzhou:1:B/ab/c'])
        assert.equal(asks(one(allow), 'oss:GetObject', resource), undefined, resource);
    const http = { Effect: 'Deny', Action: 'oss:*', Resource: '*', Condition: { Bool: { 'acs:SecureTransport': ['false'] } } };
    assert.equal(asks([one(http), one(allow)]), 'Deny');
    assert.equal(asks([one(allow), one(http)], undefined, undefined, { 'acs:SecureTransport': true }), 'Allow');
    assert.equal(asks([]), undefined);
    assert.throws(() => asks(one({ ...http, Condition: { IpAddress: { 'acs:SourceIp': '10.0.0.0/8' } } })), /not known here: IpAddress/);
    assert.throws(() => asks(one({ ...http, Condition: { Bool: { 'acs:MFAPresent': 'true' } } })), /not known here: acs:MFAPresent/);
    assert.throws(() => asks({ Version: '2', Statement: [allow] }), /version/);
});
