// Where the secret of access tokens comes from, against the emulator: each source, each fault, and another secret in its place under load.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server, accepted } from '../api/harness.mjs';
import { certificate } from './certificate.mjs';
import { startEmulator } from './emulator/server.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'mms-secrets-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const made = () => randomBytes(36).toString('base64url');
const NAME = 'mms-jwt-secret';
const KEY = { ALIYUN_ACCESS_KEY_ID: 'LTAI-emulator', ALIYUN_ACCESS_KEY_SECRET: 'emulator-secret' };

async function cloudWith(options, use) {
    const cloud = await startEmulator(options);
    try {
        await use(cloud);
    } finally {
        await cloud.close();
    }
}
const fromKms = (cloud, more = {}) => ({ NODE_ENV: 'production', JWT_SECRET: null, SECRET_SOURCE: 'kms', KMS_ENDPOINT: cloud.url, ALIYUN_METADATA_URL: cloud.url, SECRET_REFRESH_SECONDS: 1, METRICS_TOKEN: 'a-token-for-metrics', ...more });
const fromFile = (file, more = {}) => ({ NODE_ENV: 'production', JWT_SECRET: null, SECRET_SOURCE: 'file', JWT_SECRET_FILE: file, ...more });

const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;
const events = (server, name) => server.logs.filter(({ event }) => event === name);
const within = (server, condition, what) => server.until(condition, 60_000, what);

/** A program that serves, with secrets that must never be in its output. */
async function served(env, secrets, use, args = []) {
    const server = new Server({ env, args });
    server.secrets.push(...secrets);
    try {
        await server.begin();
        await use(server);
        await server.stop();
    } finally {
        server.child?.kill('SIGKILL');
    }
}

/** `mms serve` to its end; it is not expected to get as far as serving. */
async function refused(env, secrets = []) {
    const server = new Server({ env });
    const { code, output } = await server.run(['serve']);
    server.removeFolder();
    for (const secret of secrets)
        assert.ok(!output.includes(secret), 'a secret is in the output');
    return { code, output };
}

test('KMS, with an access key: a token names its secret, and no secret is in the log', async () => {
    const secret = made();
    await cloudWith({ secrets: { [NAME]: secret } }, async (cloud) => {
        await served(fromKms(cloud, KEY), [secret, KEY.ALIYUN_ACCESS_KEY_SECRET], async (server) => {
            const admin = await server.admin();
            assert.match(kidOf(admin.token), /^[0-9a-f]{16}$/);
            const [{ source, kid }] = events(server, 'secret.read');
            assert.deepEqual([source, kid], ['kms', kidOf(admin.token)]);
            accepted(await admin.get('/api/auth/me'), 200);
        });
        assert.ok(cloud.log.every(({ service }) => service === 'api'), 'the metadata service is not asked where there is a key');
    });
});

test("KMS, by the machine's role: a token of the metadata service comes first", async () => {
    const secret = made();
    await cloudWith({ secrets: { [NAME]: `{"jwt": "${secret}"}` } }, async (cloud) => {
        // what stands in the environment is not looked at where that is no source
        await served(fromKms(cloud, { KMS_SECRET_FIELD: 'jwt', JWT_SECRET: 'unused' }), [secret], async (server) => {
            accepted(await (await server.admin()).get('/api/auth/me'), 200);
        });
        const asked = cloud.log.filter(({ service }) => service === 'metadata').map(({ method, path: place }) => `${method} ${place}`);
        assert.deepEqual(asked.slice(0, 3), ['PUT /latest/api/token', 'GET /latest/meta-data/ram/security-credentials/', 'GET /latest/meta-data/ram/security-credentials/mms-ecs-role']);
        assert.ok(cloud.log.some(({ service, key }) => service === 'api' && key?.startsWith('STS.')));
    });
});

test('user data: one line of a script, and a word of warning', async () => {
    const secret = made();
    await cloudWith({ metadata: { userData: `#!/bin/sh\necho x\n# MMS_JWT_SECRET=not-this\n  MMS_JWT_SECRET=${secret}\r\n` } }, async (cloud) => {
        await served(fromKms(cloud, { SECRET_SOURCE: 'user-data', KMS_ENDPOINT: null }), [secret], async (server) => {
            await server.admin();
            assert.equal(events(server, 'secret.in_user_data').length, 1);
        });
    });
});

test('user data that change: the secret before stays valid, and the new one signs, without a restart', async () => {
    const [first, second] = [made(), made()];
    await cloudWith({ metadata: { userData: `MMS_JWT_SECRET=${first}\n` } }, async (cloud) => {
        await served(fromKms(cloud, { SECRET_SOURCE: 'user-data', KMS_ENDPOINT: null }), [first, second], async (server) => {
            const old = await server.admin();
            cloud.state.machine.userData = `MMS_JWT_SECRET=${second}\nMMS_JWT_SECRET_PREVIOUS=${first}\n`;
            await within(server, () => events(server, 'secret.changed').length === 1, 'to take the new secret');
            assert.notEqual(kidOf((await server.admin()).token), kidOf(old.token));
            await server.restart(); // it knows the first one from the user data alone
            accepted(await old.get('/api/auth/me'), 200);
            cloud.state.machine.userData = `MMS_JWT_SECRET=${second}\n`;
            await server.restart();
            assert.equal((await old.get('/api/auth/me')).status, 401);
        });
    });
});

test('a source that has none is passed over, and the log says why', async () => {
    const secret = made(), file = path.join(folder, 'in-order');
    writeFileSync(file, `\n ${secret} \n`, { mode: 0o400 });
    await cloudWith({}, async (cloud) => {
        await served(fromKms(cloud, { ...KEY, SECRET_SOURCE: 'environment, kms,file', JWT_SECRET_FILE: file }), [secret], async (server) => {
            const passed = events(server, 'secret.source_failed');
            assert.deepEqual(passed.map(({ source }) => source), ['environment', 'kms']);
            assert.match(passed[1].error, /has no secret mms-jwt-secret/);
            assert.equal(events(server, 'secret.read')[0].source, 'file');
        });
    });
});

test('what a file, the environment or user data have wrong is said in one line', async () => {
    const file = path.join(folder, 'wrong');
    for (const [text, words] of [['', /是空的.*\n.*is empty/s], ['short\n', /at least 32 bytes/], [`${made()}\nshort`, /the previous secret needs at least 32 bytes/], [Buffer.from([0xff, 0xfe]), /UTF-8/], [`${made()}\0${made()}`, /wrong: Invalid or incomplete multibyte/]]) {
        writeFileSync(file, text);
        const { code, output } = await refused(fromFile(file));
        assert.equal(code, 78, output);
        assert.match(output, words);
        assert.equal(output.split('\n').filter((line) => line.startsWith('mms serve: No secret to sign tokens with: file: ')).length, 1, output);
    }
    const { code, output } = await refused(fromFile(path.join(folder, 'absent')));
    assert.equal(code, 78);
    assert.match(output, /absent: No such file/);
    await cloudWith({ metadata: { userData: 'MMS_JWT_SECRET=\n' } }, async (cloud) => {
        const none = await refused(fromKms(cloud, { SECRET_SOURCE: 'environment,user-data', KMS_ENDPOINT: null }));
        assert.equal(none.code, 69);
        assert.match(none.output, /environment: JWT_SECRET is not set; user-data: the user data have no line MMS_JWT_SECRET=/);
    });
});

test('outside of production a secret is made for the run only when no other source is named', async () => {
    await served({ NODE_ENV: 'test', JWT_SECRET: null }, [], async (server) => {
        assert.equal(events(server, 'server.temporary_secret').length, 1);
    });
    const { code, output } = await refused(fromFile(path.join(folder, 'absent'), { NODE_ENV: 'test' }));
    assert.equal(code, 78, output);
});

const noted = /RequestId [0-9A-F-]{36}/;
const refusals = {
    'a key that is not known': [{}, { ...KEY, ALIYUN_ACCESS_KEY_ID: 'LTAI-nobody' }, /access key does not exist or is disabled; InvalidAccessKeyId\.NotFound; RequestId/, noted],
    "a key with another's secret": [{}, { ...KEY, ALIYUN_ACCESS_KEY_SECRET: 'not-the-secret' }, /the access key's secret is wrong; SignatureDoesNotMatch/, noted],
    'no permission': [{ policies: { 'mms-ecs-role': { Statement: [{ Effect: 'Allow', Action: 'oss:*', Resource: '*' }] } } }, {}, /key of role mms-ecs-role: it may not be read: grant kms:GetSecretValue; Forbidden\.NoPermission/, noted],
    'no such secret': [{ secrets: {} }, KEY, /kms: KMS http:\S+ has no secret mms-jwt-secret/],
    'a secret that is too short': [{ secrets: { [NAME]: 'short' } }, KEY, /the current secret needs at least 32 bytes in production/],
    'a secret that is binary': [{ secrets: { [NAME]: { data: 'AAAA', type: 'binary' } } }, KEY, /must be text, not binary/],
    'no member of that name': [{ secrets: { [NAME]: '{"a": 1}' } }, { ...KEY, KMS_SECRET_FIELD: 'jwt' }, /has no text member jwt/],
    'no role': [{ metadata: { role: null } }, {}, /the instance has no RAM role/],
};
for (const [what, [options, env, ...words]] of Object.entries(refusals))
    test(`KMS, ${what}: the start ends at once, with a clear line`, async () => {
        const secret = made();
        await cloudWith({ secrets: { [NAME]: secret }, ...options }, async (cloud) => {
            const { code, output } = await refused(fromKms(cloud, env), [secret, KEY.ALIYUN_ACCESS_KEY_SECRET]);
            assert.equal(code, 69, output);
            for (const word of words)
                assert.match(output, word);
            assert.ok(!output.includes('secret.waiting'), output);
            assert.match(output, /取不到令牌签名密钥：kms：/);
        });
    });

test('KMS with a certificate that nobody vouches for is refused; with its authority it is asked', async () => {
    const secret = made(), own = certificate(folder, 'kms', 'IP:127.0.0.1');
    await cloudWith({ secrets: { [NAME]: secret }, tls: own }, async (cloud) => {
        const env = fromKms(cloud, { ...KEY, KMS_ENDPOINT: cloud.secureUrl });
        const { code, output } = await refused(env, [secret]);
        assert.equal(code, 69, output);
        assert.match(output, /certificate/i);
        assert.equal(cloud.log.length, 0, 'nothing was sent to it');
        await served({ ...env, KMS_CA_FILE: own.file }, [secret], (server) => server.admin());
    });
});

test('no metadata service: the start ends without waiting', async () => {
    const silent = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address();
    await new Promise((resolve) => silent.close(resolve)); // nobody listens there now
    for (const env of [{ SECRET_SOURCE: 'user-data' }, { SECRET_SOURCE: 'kms', KMS_ENDPOINT: `http://127.0.0.1:${port}` }]) {
        const { code, output } = await refused({ NODE_ENV: 'production', JWT_SECRET: null, ALIYUN_METADATA_URL: `http://127.0.0.1:${port}`, ...env });
        assert.equal(code, 69, output);
        assert.match(output, /无法连接实例元数据服务.*\n.*the metadata service http:\S+ cannot be reached \(is this an ECS instance\?\)/);
        assert.ok(!output.includes('secret.waiting'), output);
    }
});

/** Starts it with a fault in the way; the fault goes when the log has told of it. */
async function servedAfter(cloud, env, secrets, words, mend) {
    const server = new Server({ env });
    server.secrets.push(...secrets);
    const begun = server.begin();
    begun.catch(() => {});
    try {
        await within(server, () => events(server, 'secret.waiting').length > 0, 'to say that it waits');
        assert.match(events(server, 'secret.waiting')[0].error, words);
        mend();
        await begun;
        await server.stop();
    } finally {
        server.child?.kill('SIGKILL');
    }
}

const passing = {
    'too many requests': [{ kind: 'throttle', service: 'api' }, /too many requests; Throttling\.User; RequestId/],
    'a failure inside': [{ kind: '503', service: 'api' }, /HTTP 503; ServiceUnavailableTemporary/],
    'the page of a proxy': [{ kind: 'html-error', service: 'api' }, /HTTP 502/],
    'an answer that breaks off': [{ kind: 'truncate', service: 'api' }, /no answer: /],
    'an answer that is no JSON': [{ kind: 'bad-xml', service: 'api' }, /the answer is not complete/],
    'a connection that is reset': [{ kind: 'reset-after', service: 'api' }, /no answer: /],
    'a metadata service that fails': [{ kind: '503', service: 'metadata' }, /the metadata service \S+ refused api\/token \(HTTP 503\)/],
    'a metadata service that is silent': [{ kind: 'hang', service: 'metadata' }, /the metadata service \S+ did not answer/],
};
for (const [what, [fault, words]] of Object.entries(passing))
    test(`at the start, ${what} is waited for`, async () => {
        const secret = made();
        await cloudWith({ secrets: { [NAME]: secret } }, async (cloud) => {
            cloud.fault({ times: 'always', ...fault });
            await servedAfter(cloud, fromKms(cloud), [secret], words, () => cloud.faults.clear());
        });
    });

test('a clock that is twenty minutes off: both clocks are told', async () => {
    const secret = made();
    await cloudWith({ secrets: { [NAME]: secret }, skew: 1200 }, async (cloud) => {
        const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
        await servedAfter(cloud, fromKms(cloud, KEY), [secret], new RegExp(`this machine's clock says ${time}, that of KMS ${time}, more than 15 minutes apart`), () => {
            cloud.state.skewMs = 0;
        });
    });
});

test('a role key that has expired is fetched anew', async () => {
    const secret = made();
    await cloudWith({ secrets: { [NAME]: secret } }, async (cloud) => {
        cloud.fault({ kind: 'expired-token', service: 'api', times: 1 });
        await served(fromKms(cloud), [secret], (server) => assert.equal(events(server, 'secret.waiting').length, 0));
    });
});

// That it is given up after half a minute, faults-start.test.mjs shows.
test('a signal ends the waiting at once', async () => {
    const server = new Server({ env: fromKms({ url: 'no-such-host.invalid' }, { ...KEY, ALIYUN_METADATA_URL: null }) });
    server.begin().catch(() => {});
    await within(server, () => events(server, 'secret.waiting').length > 0, 'to say that it waits');
    assert.match(events(server, 'secret.waiting')[0].error, /resolve/i);
    server.child.kill('SIGTERM');
    assert.deepEqual(await server.ended, { code: 0, signal: null });
    server.removeFolder();
});

// ---------------------------------------------------------------- another secret in its place

/** People who ask all the time until `stop`; their answers by status. New ones sign in all the while. */
function underLoad(server, token) {
    const seen = {}, kids = new Set();
    let goes = true;
    const count = ({ status, text }) => {
        seen[status] = (seen[status] ?? 0) + 1;
        if (status >= 400)
            seen.first ??= text;
    };
    const reader = async () => {
        const client = server.client(token);
        while (goes)
            count(await client.get('/api/auth/me'));
    };
    const writer = async () => {
        const client = server.client(token);
        for (let n = 0; goes; n++)
            count(await client.post('/api/materials', { materialCode: `ROT-${process.hrtime.bigint()}`, materialName: `管件 ${n}`, unit: '个', category: 'metal' }, { headers: { 'Idempotency-Key': `rot-${process.hrtime.bigint()}` } }));
    };
    const comer = async () => {
        while (goes) {
            const client = await server.admin();
            kids.add(kidOf(client.token));
            count(await client.get('/api/auth/me'));
        }
    };
    const all = [reader(), reader(), reader(), reader(), writer(), comer()];
    return { seen, kids, stop: async () => {
        goes = false;
        await Promise.all(all);
    } };
}

test('a new secret in KMS, under load: nobody is signed out, no request fails, and it survives a restart', async () => {
    const [first, second, third] = [made(), made(), made()];
    await cloudWith({ secrets: { [NAME]: first } }, async (cloud) => {
        await served(fromKms(cloud, { JWT_EXPIRES_IN: '1h' }), [first, second, third], async (server) => {
            const admin = await server.admin();
            const once = { materialCode: 'ROT-ONCE', materialName: '阀门', unit: '个', category: 'metal' }, headers = { 'Idempotency-Key': 'the-same-over-the-change' };
            const kept = accepted(await admin.post('/api/materials', once, { headers }), 201);
            const load = underLoad(server, admin.token);
            for (const secret of [second, third]) {
                const before = events(server, 'secret.changed').length;
                cloud.state.putSecret(NAME, secret);
                await within(server, () => events(server, 'secret.changed').length > before, 'to take the new secret');
                const { kid } = events(server, 'secret.changed').at(-1);
                await within(server, () => load.kids.has(kid), 'to sign with it');
            }
            await load.stop();
            assert.deepEqual(Object.keys(load.seen).filter((status) => status >= 400), [], JSON.stringify(load.seen));
            assert.ok(load.seen[200] > 50 && load.seen[201] > 0 && load.kids.size === 3, JSON.stringify([load.seen, [...load.kids]]));
            assert.deepEqual(accepted(await admin.post('/api/materials', once, { headers }), 201), kept, 'what was answered before the change');
            const late = await server.admin();
            await server.restart();
            accepted(await late.get('/api/auth/me'), 200);
            const metrics = await server.client('a-token-for-metrics').get('/metrics');
            assert.match(metrics.text, /^mms_secrets_valid 2$/m);
        });
    });
});

test('a source that fails while the service runs: what was read is used, and it is told', async () => {
    const [first, second] = [made(), made()];
    await cloudWith({ secrets: { [NAME]: first } }, async (cloud) => {
        await served(fromKms(cloud), [first, second], async (server) => {
            const admin = await server.admin();
            const end = cloud.fault({ kind: '503', service: 'api', times: 'always' });
            await within(server, () => events(server, 'secret.not_read').length > 0, 'to miss its source');
            accepted(await admin.get('/api/auth/me'), 200);
            const figure = async () => (await server.client('a-token-for-metrics').get('/metrics')).text.match(/^mms_secret_source_failing (\d)$/m)[1];
            assert.equal(await figure(), '1');
            end();
            cloud.state.putSecret(NAME, second);
            await within(server, () => events(server, 'secret.changed').length > 0, 'to find its source again');
            assert.equal(await figure(), '0');
            accepted(await admin.get('/api/auth/me'), 200);
            cloud.state.putSecret(NAME, 'too-short');
            await within(server, () => /at least 32 bytes/.test(events(server, 'secret.not_read').at(-1).error), 'to refuse a bad one');
            accepted(await (await server.admin()).get('/api/auth/me'), 200);
        });
    });
});

test('it ends while KMS does not answer: it does not wait for that', async () => {
    const secret = made();
    await cloudWith({ secrets: { [NAME]: secret } }, async (cloud) => {
        const server = new Server({ env: fromKms(cloud, KEY) });
        server.secrets.push(secret);
        try {
            await server.begin();
            cloud.fault({ kind: 'hang', service: 'api', times: 'always' });
            const asked = cloud.log.length;
            await within(server, () => cloud.log.length > asked, 'to ask again');
            const before = events(server, 'secret.not_read').length;
            await server.stop();
            for (const { error } of events(server, 'secret.not_read').slice(before))
                assert.doesNotMatch(error, /timed out/, 'the call was waited for until its time was up');
        } finally {
            server.child?.kill('SIGKILL');
        }
    });
});

test('a secret before it that is no good: KMS goes on naming it, so it is told of and left out', async () => {
    const secret = made();
    await cloudWith({ secrets: { [NAME]: 'too-short' } }, async (cloud) => {
        cloud.state.putSecret(NAME, secret);
        await served(fromKms(cloud, KEY), [secret], async (server) => {
            assert.match(events(server, 'secret.previous_refused')[0].error, /the previous secret needs at least 32 bytes/);
            assert.equal(events(server, 'secret.read')[0].valid, 1);
            const from = cloud.log.length;
            await within(server, () => cloud.log.length >= from + 6, 'to read it three times more');
            assert.equal(events(server, 'secret.previous_refused').length, 1, 'told once, and not every few minutes for ever');
        });
    });
});

test('role keys that end every few seconds, under load: the secret is read with each of them', async () => {
    const [first, second] = [made(), made()];
    await cloudWith({ secrets: { [NAME]: first }, metadata: { lifetime: 3 } }, async (cloud) => {
        await served(fromKms(cloud), [first, second], async (server) => {
            const load = underLoad(server, (await server.admin()).token);
            const keys = () => new Set(cloud.log.filter(({ service, status }) => service === 'api' && status === 200).map(({ key }) => key));
            await within(server, () => keys().size > 3, 'to use several keys');
            cloud.state.putSecret(NAME, second);
            await within(server, () => events(server, 'secret.changed').length > 0, 'to take the new secret');
            await load.stop();
            assert.deepEqual(Object.keys(load.seen).filter((status) => status >= 400), [], JSON.stringify(load.seen));
            assert.equal(events(server, 'secret.not_read').length, 0);
        });
    });
});

test('a file: SIGHUP has it read; the second line is valid, a secret that is taken away is not', async () => {
    const [first, second, third] = [made(), made(), made()], file = path.join(folder, 'rotated');
    writeFileSync(file, first);
    chmodSync(file, 0o604);
    await served(fromFile(file, { SECRET_REFRESH_SECONDS: 86400 }), [first, second, third], async (server) => {
        assert.equal(events(server, 'secret.file_open_to_all').length, 1);
        const old = await server.admin();
        chmodSync(file, 0o600);
        writeFileSync(file, `${second}\n${first}\n`);
        server.child.kill('SIGHUP');
        await within(server, () => events(server, 'secret.seen').length === 1, 'to see the new secret');
        assert.equal(kidOf((await server.admin()).token), kidOf(old.token), 'it signs from the next reading on');
        server.child.kill('SIGHUP');
        await within(server, () => events(server, 'secret.changed').length === 1, 'to take it');
        const fresh = await server.admin();
        assert.notEqual(kidOf(fresh.token), kidOf(old.token));
        accepted(await old.get('/api/auth/me'), 200);
        writeFileSync(file, `${third}\n${second}\n`);
        await server.restart();
        assert.equal((await old.get('/api/auth/me')).status, 401, 'the secret before the last is not valid any more');
        accepted(await fresh.get('/api/auth/me'), 200);
    });
});

test('the environment: the secret before is valid beside the new one', async () => {
    const [first, second] = [made(), made()];
    await served({ NODE_ENV: 'production', JWT_SECRET: first }, [first, second], async (server) => {
        const old = await server.admin();
        await server.restart({ JWT_SECRET: second, JWT_SECRET_PREVIOUS: first });
        accepted(await old.get('/api/auth/me'), 200);
        const fresh = await server.admin();
        await server.restart({ JWT_SECRET_PREVIOUS: null });
        assert.equal((await old.get('/api/auth/me')).status, 401);
        accepted(await fresh.get('/api/auth/me'), 200);
    });
});

test('an encrypted environment file: SIGHUP has it read, and what cannot be read changes nothing', async () => {
    const [first, second] = [made(), made()], identity = path.join(folder, 'age.key'), file = path.join(folder, 'secrets.env.age');
    execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
    const recipient = execFileSync('age-keygen', ['-y', identity], { encoding: 'utf8' }).trim();
    const write = (text) => execFileSync('age', ['--encrypt', '--recipient', recipient, '--output', file], { input: text });
    write(`JWT_SECRET=${first}\n`);
    const env = { NODE_ENV: 'production', JWT_SECRET: null, AGE_IDENTITY_FILE: identity, SECRET_REFRESH_SECONDS: 1 };
    await served(env, [first, second], async (server) => {
        const old = await server.admin();
        write(`JWT_SECRET=${second}\n`);
        server.child.kill('SIGHUP');
        await within(server, () => events(server, 'secret.changed').length === 1, 'to take the new secret after a while');
        const fresh = await server.admin();
        assert.notEqual(kidOf(fresh.token), kidOf(old.token));
        accepted(await old.get('/api/auth/me'), 200);
        for (const text of ['not encrypted, and no settings', `JWT_SECRET=short\n`, 'OTHER=1\n']) {
            const missed = events(server, 'secret.not_read').length;
            writeFileSync(file, text);
            server.child.kill('SIGHUP');
            await within(server, () => events(server, 'secret.not_read').length > missed, 'to say that it cannot be read');
            accepted(await fresh.get('/api/auth/me'), 200);
        }
    }, ['--env-file', file]);
});

test('another instance that has learned of the secret first: its token has this one look', async () => {
    const [first, second] = [made(), made()];
    await cloudWith({ secrets: { [NAME]: first } }, async (cloud) => {
        await served(fromKms(cloud, { SECRET_REFRESH_SECONDS: 86400 }), [first, second], async (server) => {
            cloud.state.putSecret(NAME, second);
            const admin = await server.admin();
            const [header, payload] = admin.token.split('.');
            const foreign = `${Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url')), kid: '0123456789abcdef' })).toString('base64url')}.${payload}.AAAA`;
            await within(server, async () => {
                assert.equal((await server.client(foreign).get('/api/auth/me')).status, 401);
                return events(server, 'secret.seen').length > 0;
            }, 'to look at its source');
            assert.equal(events(server, 'secret.seen').length, 1);
        });
    });
});
