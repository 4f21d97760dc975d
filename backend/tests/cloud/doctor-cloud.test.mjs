// mms doctor --cloud: every line passes against a good account, and fails for its own reason against a bad one.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { runProgram } from '../api/harness.mjs';
import { certificate } from './certificate.mjs';
import { startEmulator } from './emulator/server.mjs';

const BUCKET = 'mms-uploads', KMS_SECRET = 'doctor-reads-this-secret-0123456789';
const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
const own = certificate(dir, 'oss', 'IP:127.0.0.1');
const cloud = await startEmulator({ tls: own, buckets: { [BUCKET]: { versioning: 'Enabled' } }, secrets: { 'mms-jwt-secret': KMS_SECRET }, policies: {} });
after(async () => {
    await cloud.close();
    rmSync(dir, { recursive: true, force: true });
});
const good = { PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', DB_PATH: path.join(dir, 'mms.db'), UPLOAD_DIR: dir, JWT_SECRET: 'kD83hfQx9_2LpRvT7wZmB5nYcS4jG6aE1uHqXo', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.url,
    ALIYUN_METADATA_URL: cloud.url, KMS_ENDPOINT: cloud.url };
const site = certificate(dir, 'site', 'DNS:api.example.com', 40);
const SITE = ['--certificate', site.file, '--ca', site.file, '--domain', 'api.example.com'];
const IDS = ['role', 'metadata', 'endpoint', 'clock', 'bucket', 'oss_write', 'oss_parts', 'oss_list', 'oss_delete', 'oss_private', 'oss_signed', 'kms', 'certificate'].map((id) => `cloud.${id}`);

async function look(env = {}, args = []) {
    const done = await runProgram(['doctor', '--cloud', '--json', ...args], { env: { ...good, ...env }, cwd: dir });
    assert.ok(!done.output.includes(KMS_SECRET) && !done.output.includes('emulator-secret') && !/CAIS[A-Za-z0-9+/]{20}/.test(done.output), 'nothing secret is shown');
    const told = JSON.parse(done.stdout);
    assert.equal(told.ok, done.code === 0);
    return Object.fromEntries(told.checks.map((check) => [check.id, check]));
}
/** This line has that result and says that; `faults` are ordered meanwhile. */
async function line(id, result, said, { env = {}, faults = [] } = {}) {
    const undo = faults.map((fault) => cloud.fault({ times: 'always', ...fault }));
    try {
        const { [id]: check } = await look(env, ['--only', id]);
        assert.equal(check.result, result, JSON.stringify(check));
        assert.match(check.seen, said);
        if (result === 'fail')
            assert.ok(check.mend, 'it says how to mend it');
    } finally {
        undo.forEach((take) => take());
    }
}

test('a good account: all lines, and no probe is left', async () => {
    const checks = await look({ OSS_DELIVERY: 'signed' }, SITE);
    assert.deepEqual(Object.keys(checks), IDS);
    for (const id of IDS)
        assert.equal(checks[id].result, 'ok', JSON.stringify(checks[id]));
    assert.match(checks['cloud.role'].seen, /role mms-ecs-role.*until \d{4}-/);
    assert.deepEqual(cloud.keys(BUCKET), []);
    const { code, stdout } = await runProgram(['doctor', '--cloud'], { env: good, cwd: dir });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /11 通过 \/ ok, 0 失败/, 'no signed address is used, and no site was named');
});

test('nothing is set: nothing was looked at, and that is not fine', async () => {
    const { code, stdout } = await runProgram(['doctor', '--cloud', '--only', 'cloud.oss', '--only', 'cloud.kms'], { env: { ...good, OSS_BUCKET: '', KMS_ENDPOINT: '' }, cwd: dir });
    assert.equal(code, 1, stdout);
    assert.match(stdout, /0 通过/);
});

test('role and metadata', async () => {
    await line('cloud.role', 'not_applicable', /固定的 AccessKey/, { env: { OSS_ACCESS_KEY_ID: 'LTAI-emulator', OSS_ACCESS_KEY_SECRET: 'emulator-secret' } });
    await line('cloud.role', 'not_applicable', /固定的 AccessKey/, { env: { ALIYUN_ACCESS_KEY_ID: 'LTAI-emulator', ALIYUN_ACCESS_KEY_SECRET: 'emulator-secret' } });
    cloud.state.machine.role = null;
    await line('cloud.role', 'fail', /没有绑定 RAM 角色/);
    cloud.state.machine.role = 'mms-ecs-role';
    cloud.state.machine.hardened = false;
    await line('cloud.metadata', 'fail', /without a token, too/);
    cloud.state.machine.hardened = true;
    await line('cloud.metadata', 'not_applicable', /./, { env: { ALIYUN_METADATA_URL: 'http://127.0.0.1:1' } });
});

test('endpoint and clock', async () => {
    await line('cloud.endpoint', 'fail', /127\.0\.0\.1/, { env: { OSS_ENDPOINT: 'http://127.0.0.1:1' } });
    await line('cloud.endpoint', 'fail', /不是对象存储/, { faults: [{ kind: 'html-error', service: 'oss' }] });
    cloud.state.skewMs = 20 * 60_000;
    try {
        await line('cloud.clock', 'fail', /-1[12]\d\d s/);
    } finally {
        cloud.state.skewMs = 0;
    }
});

test('an address of one\'s own authority', async () => {
    const over = { OSS_ENDPOINT: cloud.secureUrl };
    for (const id of ['cloud.endpoint', 'cloud.oss_write']) {
        await line(id, 'fail', /certificate/i, { env: over });
        await line(id, 'ok', /./, { env: { ...over, OSS_CA_FILE: own.file } });
    }
});

test('the bucket', async () => {
    const bucket = cloud.state.buckets.get(BUCKET);
    bucket.acl = 'public-read';
    await line('cloud.bucket', 'fail', /public-read/);
    await line('cloud.oss_private', 'fail', /anybody can read it/);
    bucket.acl = 'private';
    bucket.versioning = '';
    await line('cloud.bucket', 'fail', /versioning/);
    bucket.versioning = 'Enabled';
    await line('cloud.bucket', 'fail', /NoSuchBucket/, { env: { OSS_BUCKET: 'mms-elsewhere' } });
});

test('in parts: as it should be, and each of its calls refused', async () => {
    const parts = async () => (await line('cloud.oss_parts', 'ok', /2 段.*8388609/), cloud.log.filter(({ query }) => query?.uploadId));
    assert.deepEqual((await parts()).slice(-3).map(({ query }) => query.partNumber), ['1', '2', undefined]);
    for (const [method, path_] of [['POST', '\\?uploads'], ['PUT', 'partNumber=2'], ['POST', '\\?uploadId=']])
        await line('cloud.oss_parts', 'fail', /Multipart.*AccessDenied.*request id [0-9A-F]{24}/, { faults: [{ kind: 'error', status: 403, code: 'AccessDenied', service: 'oss', method, path: path_ }] });
    assert.deepEqual([cloud.keys(BUCKET), cloud.uploads(BUCKET)], [[], []]);
});

test('an address for a browser: at the public name; refused there, damaged, or of no use', async () => {
    const env = { OSS_DELIVERY: 'signed' }, public_ = { service: 'oss', method: 'GET', path: 'x-oss-signature' };
    await line('cloud.oss_signed', 'not_applicable', /through the service alone/);
    await line('cloud.oss_signed', 'ok', new RegExp(`^http://localhost:${cloud.port}/${BUCKET}/_doctor/[0-9a-f]{32}: 200$`), { env });
    await line('cloud.oss_signed', 'fail', /: HTTP 403, EC 0003-00000905$/, { env, faults: [{ ...public_, kind: 'error', status: 403, code: 'AccessDenied', ec: '0003-00000905' }] });
    await line('cloud.oss_signed', 'fail', /something else/, { env, faults: [{ ...public_, kind: 'corrupt' }] });
    await line('cloud.oss_signed', 'fail', /没有应答/, { env, faults: [{ ...public_, kind: 'reset-before' }] });
    assert.deepEqual(cloud.keys(BUCKET), []);
});

test('the site\'s certificate', async () => {
    const look_ = async (args, result, said) => {
        const { 'cloud.certificate': check } = await look({}, ['--only', 'cloud.certificate', '--only', 'cloud.endpoint', ...args]);
        assert.deepEqual([check.result, said.test(check.seen)], [result, true], JSON.stringify(check));
    };
    await look_(SITE, 'ok', /剩余 (39|40) 天/);
    await look_([], 'not_applicable', /./);
    const short = certificate(dir, 'short', 'DNS:api.example.com', 29);
    await look_(['--certificate', short.file, '--ca', short.file, '--domain', 'api.example.com'], 'fail', /剩余 (28|29) 天/);
    await look_([...SITE, '--domain', 'www.example.com'], 'fail', /www\.example\.com/);
});

test('what the role may not do is named, line by line', async () => {
    const all = ['oss:PutObject', 'oss:GetObject', 'oss:DeleteObject', 'oss:ListObjects', 'oss:GetBucketInfo', 'kms:GetSecretValue', 'kms:Decrypt'];
    for (const [lacking, id, what] of [['oss:PutObject', 'cloud.oss_write', /PutObject.*AccessDenied.*request id/], ['oss:GetObject', 'cloud.oss_write', /(Get|Head)Object/], ['oss:DeleteObject', 'cloud.oss_delete', /DeleteObject.*AccessDenied/],
        ['oss:ListObjects', 'cloud.oss_list', /ListObjectsV2.*AccessDenied/], ['oss:GetBucketInfo', 'cloud.bucket', /bucketInfo.*AccessDenied/], ['kms:GetSecretValue', 'cloud.kms', /./]]) {
        cloud.state.policies['mms-ecs-role'] = { Version: '1', Statement: [{ Effect: 'Allow', Action: all.filter((action) => action !== lacking), Resource: '*' }] };
        await line(id, 'fail', what);
    }
    delete cloud.state.policies['mms-ecs-role'];
});

test('damage on the way, and KMS', async () => {
    await line('cloud.oss_write', 'fail', /./, { faults: [{ kind: 'corrupt', service: 'oss', method: 'GET' }] });
    await line('cloud.oss_list', 'fail', /ListObjectsV2/, { faults: [{ kind: 'bad-xml', service: 'oss', method: 'GET' }] });
    await line('cloud.kms', 'fail', /mms-other/, { env: { KMS_SECRET_NAME: 'mms-other' } });
    await line('cloud.kms', 'not_applicable', /KMS/, { env: { KMS_ENDPOINT: '' } });
});
