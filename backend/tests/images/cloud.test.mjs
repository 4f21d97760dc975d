// The system in containers whose secret is in KMS and whose files and backups are in object storage, all of them reached over TLS through the
// containers' own network, as on a server: a rotation, the storage's absence, and a new machine after the old one was lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import { form, png } from '../api/picture.mjs';
import { certificate } from '../cloud/certificate.mjs';
import { Folder, SECRET, TAG, TOP, docker, inspect, logsOf, until } from './docker.mjs';
import { Site } from './site.mjs';

const BUCKET = 'mms-uploads', NAME = 'mms-jwt-secret', KEY = 'not-a-real-access-key-secret', NEXT = `${SECRET}-and-the-next-one`;
const folder = new Folder(), site = new Site(folder, { project: 'mms-test-cloud', subnet: '172.31.249.0/24' });
// By the names that they have within their region; who knows them there is the machine's name server, and here a second file of compose.
const GATEWAY = '172.31.249.1', OSS = 'oss-cn-hangzhou-internal.aliyuncs.com', KMS = 'kms-vpc.cn-hangzhou.aliyuncs.com', NAMES = 'names.yml';
const own = certificate(folder.path, 'cloud', `DNS:${BUCKET}.${OSS},DNS:${KMS}`);
let cloud;

function done({ status, output }) {
    assert.equal(status, 0, output);
    return output;
}
const compose = (...args) => site.composeOf('docker-compose.prod.yml', ['-f', NAMES, ...args]), prod = (...args) => done(compose(...args));
const ask = (...args) => site.ask(...args);
const untilThere = () => until(async () => (await ask('GET', '/api/health').catch(() => ({}))).status === 200, 'the service behind nginx', 120_000);

/** A process of its own, for what waits for the engine here does not answer meanwhile. */
async function begin() {
    const child = spawn(path.join(TOP, 'backend/tests/cloud/emulator/emulator'), ['--host', GATEWAY, '--strict', '--bucket', BUCKET, '--key', `LTAI-test:${KEY}`, '--secret', `${NAME}=${SECRET}`,
        '--tls-key', own.file.replace(/crt$/, 'key'), '--tls-cert', own.file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const url = (await lines.next()).value, { port } = new URL((await lines.next()).value);
    const order = async (method, where, body) => (await fetch(url + where, { method, body: body && JSON.stringify(body) })).json();
    return {
        port, order,
        keys: async () => (await order('GET', `/__objects?bucket=${BUCKET}`)).map(({ key }) => key),
        async end() {
            if (child.exitCode === null && child.signalCode === null) {
                child.kill('SIGTERM');
                await once(child, 'exit');
            }
        },
    };
}
const picture = (token) => {
    const { body, headers } = form(['avatar', png(30, 20)]);
    return ask('POST', '/api/profile/avatar', { token, body, headers: { ...headers, 'content-length': body.length } });
};

before(async () => {
    await site.layOut({ MMS_VERSION: TAG });
    const knows = { extra_hosts: [`${BUCKET}.${OSS}:${GATEWAY}`, `${KMS}:${GATEWAY}`] };
    writeFileSync(path.join(site.path, NAMES), JSON.stringify({ services: { backend: knows, 'backend-b': knows } }));
    prod('up', '--no-start'); // the network, so that there is a gateway to listen at
    cloud = await begin();
    const secrets = folder.make('secrets');
    for (const name of ['kms-ca.pem', 'oss-ca.pem'])
        copyFileSync(own.file, path.join(secrets, name));
    Object.assign(site.settings, {
        JWT_SECRET: 'unused', SECRET_SOURCE: 'kms', SECRET_REFRESH_SECONDS: '1', KMS_ENDPOINT: `${KMS}:${cloud.port}`, KMS_CA_FILE: '/run/secrets/kms-ca.pem', MMS_SECRETS: secrets,
        UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: `https://${OSS}:${cloud.port}`, OSS_CA_FILE: '/run/secrets/oss-ca.pem',
        ALIYUN_ACCESS_KEY_ID: 'LTAI-test', ALIYUN_ACCESS_KEY_SECRET: KEY,
    });
    site.writeSettings();
});
after(async () => {
    compose('down', '-v', '--remove-orphans');
    await cloud?.end();
    folder.remove();
});

let token, avatar;

test('its secret comes from KMS, a picture goes into the bucket and comes back through the service', async () => {
    prod('up', '-d');
    await untilThere();
    token = await site.firstLogin();
    await site.material(token, 'CLOUD-1');
    const { status, text, body } = await picture(token);
    assert.equal(status, 200, text);
    ({ avatar } = body.data);
    assert.ok((await cloud.keys()).some((key) => key.endsWith(path.basename(avatar))), `${avatar} of ${await cloud.keys()}`);
    assert.equal((await ask('GET', avatar)).status, 200);
});

test('another secret in KMS: tokens of it, and those before go on; the container was not begun anew', async () => {
    const { RestartCount: restarts, State: { StartedAt: started } } = inspect('mms-backend-prod');
    await cloud.order('POST', '/__secret', { name: NAME, data: NEXT });
    const header = (one) => one.split('.')[0];
    const next = await until(async () => {
        const one = await site.login();
        return header(one) !== header(token) && one;
    }, 'tokens of the new secret');
    for (const one of [token, next])
        assert.equal((await ask('GET', '/api/auth/me', { token: one })).status, 200);
    assert.deepEqual([restarts, started], [inspect('mms-backend-prod').RestartCount, inspect('mms-backend-prod').State.StartedAt]);
});

test('a machine of its own after the first was lost: the backup in the bucket brings back what was there, pictures too', async () => {
    docker('exec', 'mms-backend-prod', 'mms', 'backup', '--gzip', '--second', 'oss:');
    assert.ok((await cloud.keys()).some((key) => /^backup\/.*\.json$/.test(key)), `${await cloud.keys()}`);
    prod('rm', '-sf'); // and not `down`: the network is where the cloud is
    for (const name of ['data/db', 'data/uploads', 'backup']) {
        rmSync(path.join(folder.path, name), { recursive: true });
        folder.make(name);
    }
    prod('run', '--rm', '--no-deps', '-T', 'backend', 'restore', 'oss:');
    prod('up', '-d');
    await untilThere();
    const { body } = await ask('GET', '/api/materials?keyword=CLOUD-1', { token });
    assert.deepEqual(body.data.list.map((one) => one.material_code), ['CLOUD-1']);
    assert.equal((await ask('GET', avatar)).status, 200);
});

test('object storage and KMS are away: an upload is refused in words, all else goes on, also after a start that has its secret elsewhere', async () => {
    await cloud.end();
    const refused = await picture(token);
    assert.deepEqual([refused.status, refused.body.success], [503, false], refused.text);
    assert.match(refused.body.message, /存储/);
    assert.equal((await ask('GET', '/api/materials', { token })).status, 200);
    assert.equal((await ask('GET', '/api/health')).status, 200);
    site.writeSettings({ ...site.settings, SECRET_SOURCE: 'kms,environment', JWT_SECRET: NEXT });
    prod('up', '-d', '--force-recreate', '--no-deps', 'backend');
    await untilThere();
    assert.equal((await ask('GET', '/api/auth/me', { token: await site.login() })).status, 200);
    const logs = logsOf('mms-backend-prod');
    assert.match(logs, /"secret\.source_failed".*"kms"/);
    for (const secret of [SECRET, NEXT, KEY])
        assert.ok(!logs.includes(secret));
});
