// A start in production whose secret does not come: not started, and one line says which source failed, why, and under which id the vendor
// knows of it. What goes over is waited for. No secret is ever shown.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { Server } from '../api/harness.mjs';
import { certificate } from './certificate.mjs';
import { startEmulator } from './emulator/server.mjs';

const KEY = 'LTAI-of-the-tests', SECRET = 'a-secret-that-nobody-may-see-1', VALUE = 'a secret that signs tokens, of 32 bytes and more';
const NAME = 'mms-jwt-secret';

const folder = mkdtempSync(path.join(tmpdir(), 'mms-cloud-'));
after(() => rmSync(folder, { recursive: true }));

async function place(t, options = {}, env = {}) {
    const cloud = await startEmulator({ keys: { [KEY]: { secret: SECRET } }, secrets: { [NAME]: VALUE }, ...options });
    t.after(() => cloud.close());
    const server = new Server({ env: { NODE_ENV: 'production', JWT_SECRET: null, SECRET_SOURCE: 'kms', KMS_ENDPOINT: cloud.url, KMS_SECRET_NAME: NAME, ALIYUN_ACCESS_KEY_ID: KEY, ALIYUN_ACCESS_KEY_SECRET: SECRET,
        ALIYUN_METADATA_URL: cloud.url, ...env } });
    server.secrets.push(SECRET, VALUE);
    return { cloud, server };
}

async function closedPort() {
    const cloud = await startEmulator();
    await cloud.close();
    return cloud.port;
}

/** A port that never accepts: its queue is full, so that who connects hears nothing, as where packets are dropped. */
const HOLE = `
import socket, sys
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
held = []
while True:
    client = socket.socket()
    client.settimeout(0.5)
    try:
        client.connect(server.getsockname())
        held.append(client)
    except OSError:
        break
print(server.getsockname()[1], flush=True)
sys.stdin.read()`;

async function blackHole(t) {
    const child = spawn('python3', ['-c', HOLE], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.kill());
    const [port] = await once(child.stdout, 'data');
    return String(port).trim();
}

/** It does not start; lines: what it says to people, one in each language. */
async function failsToStart(t, server) {
    t.after(() => server.removeFolder());
    const began = Date.now(), { code, signal, stdout, stderr, output } = await server.run(['serve']);
    assert.equal(signal, null, output);
    assert.notEqual(code, 0, output);
    for (const secret of server.secrets)
        assert.ok(!output.includes(secret), `a secret is shown\n${output}`);
    const lines = stderr.trim().split('\n');
    return { code, lines, stdout, stderr, tookMs: Date.now() - began };
}

const asked = (cloud, service = 'api') => cloud.log.filter((entry) => entry.service === service);

describe('starts in production', { concurrency: 3 }, () => {
    /** [what is arranged, what the line says besides the source and the name; asked again: how often at most (Infinity: for 30 s)] */
    const REFUSALS = {
        'a wrong secret of the key': [({ cloud }) => (cloud.state.keys.get(KEY).secret = 'another'), /SignatureDoesNotMatch/],
        'a key that is no more': [({ cloud }) => (cloud.state.keys.get(KEY).disabled = true), /InvalidAccessKeyId\.NotFound/],
        'no permission': [({ cloud }) => (cloud.state.keys.get(KEY).policy = { Version: '1', Statement: [] }), /kms:GetSecretValue.*Forbidden\.NoPermission/],
        'no such secret': [({ cloud }) => cloud.state.secrets.delete(NAME), new RegExp(NAME), 'no id'],
        'a secret that is too short': [({ cloud }) => cloud.state.putSecret(NAME, 'short'), /32/, 'no id'],
        'a secret that is binary': [({ cloud }) => cloud.state.putSecret(NAME, { data: 'AAEC', type: 'binary' }), /binary|二进制/, 'no id'],
        'an answer that is too long': [({ cloud }) => cloud.fault({ kind: 'answer', service: 'api', body: 'x'.repeat(300_000), times: 'always' }), /too long/, 'no id'],
        'a refusal with more than words': [({ cloud }) => cloud.fault({ kind: 'answer', service: 'api', status: 400, body: JSON.stringify({ Code: 'Rejected.\x1b[31m\nAll is well', RequestId: '\x07' }), times: 'always' }), /Rejected\.\?\[31m\?All is well; RequestId \?/, 'no id'],
    };
    for (const [what, [arrange, says, noId]] of Object.entries(REFUSALS))
        test(`KMS, ${what}: at once, in one line of either language`, async (t) => {
            const p = await place(t);
            arrange(p);
            const { lines, stderr } = await failsToStart(t, p.server);
            assert.equal(lines.length, 2, stderr);
            assert.match(lines[0], /[一-鿿]/);
            for (const line of lines)
                assert.match(line, says);
            assert.match(lines[0], /kms.*http:.*mms-jwt-secret|kms：密钥/);
            assert.ok(asked(p.cloud).length <= 2, 'what will not change is not asked again');
            if (!noId)
                assert.ok(asked(p.cloud).some(({ requestId }) => lines.every((line) => line.includes(requestId))), lines[0]);
        });

    for (const faults of [['throttle', '503', 'bad-xml'], ['429', 'reset-before', 'html-error'], ['truncate', 'skew']])
        test(`KMS, what goes over is waited for: ${faults.join(', ')}`, async (t) => {
            const { cloud, server } = await place(t);
            for (const kind of faults)
                cloud.fault({ kind, service: 'api', seconds: 1200 });
            await server.begin();
            t.after(() => server.stop());
            assert.equal(cloud.faults.waiting.length, 0);
            await server.admin();
        });

    test('KMS, what does not go over: given up after half a minute, with the last reason; both clocks when they differ', async (t) => {
        const cases = {
            throttled: [(p) => p.cloud.fault({ kind: 'throttle', times: 'always' }), /Throttling\.User.*RequestId/],
            'clock ahead': [(p) => (p.cloud.state.skewMs = 1_200_000), undefined],
            'clock behind': [(p) => (p.cloud.state.skewMs = -1_200_000), undefined],
            'a proxy\'s page': [(p) => p.cloud.fault({ kind: 'html-error', times: 'always' }), /HTTP 502/],
            'never an answer': [(p) => p.cloud.fault({ kind: 'hang', times: 'always' }), /没有应答|no answer/],
        };
        await Promise.all(Object.entries(cases).map(async ([what, [arrange, says]]) => {
            const p = await place(t);
            arrange(p);
            const { lines, tookMs } = await failsToStart(t, p.server);
            assert.ok(asked(p.cloud).length > 2, `${what}: it was asked again`);
            assert.ok(tookMs > 15_000 && tookMs < 90_000, `${what}: ${tookMs} ms`); // half a minute, the last call, and the machine's own slowness
            if (says)
                assert.match(lines.at(-1), says, what);
            else {
                const clocks = lines.at(-1).match(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g) ?? [];
                assert.ok(clocks.length >= 2, lines.at(-1));
                const off = Math.abs(Date.parse(`${clocks[0]}Z`) - Date.parse(`${clocks[1]}Z`)) / 1000;
                assert.ok(Math.abs(off - 1200) < 60, lines.at(-1));
            }
        }));
    });

    const NONSENSE = {
        'no JSON': 'SecretData', 'a heap of brackets': '['.repeat(100_000), 'a secret that is a number': '{"SecretData": 12345678901234567890123456789012}', 'no secret': '{"SecretName": "mms-jwt-secret"}',
        'too much': `{"SecretData": "${'x'.repeat(300_000)}"}`, 'a null within': `{"SecretData": "${'x'.repeat(40)}\\u0000${'y'.repeat(40)}"}`, 'nothing': '',
    };
    test('KMS, answers that are none are not taken for a secret', async (t) => {
        await Promise.all(Object.entries(NONSENSE).map(async ([what, body]) => {
            const { cloud, server } = await place(t);
            cloud.fault({ kind: 'answer', service: 'api', body, times: 'always' });
            const { lines } = await failsToStart(t, server);
            assert.match(lines[0], /kms/, what);
        }));
    });

    test('KMS, a certificate of nobody\'s is not spoken to; one that is named is; one of another name is not', async (t) => {
        const own = certificate(folder, 'kms', 'IP:127.0.0.1'), elsewhere = certificate(folder, 'kms-elsewhere', 'DNS:kms.example.com');
        const unknown = await place(t, { tls: own });
        unknown.server.setEnv({ KMS_ENDPOINT: unknown.cloud.secureUrl });
        const { lines } = await failsToStart(t, unknown.server);
        assert.match(lines.at(-1), /certificate/i);
        assert.deepEqual(asked(unknown.cloud), [], 'nothing was shown to it');
        const known = await place(t, { tls: own });
        known.server.setEnv({ KMS_ENDPOINT: known.cloud.secureUrl, KMS_CA_FILE: own.file });
        await known.server.begin();
        await known.server.stop();
        const other = await place(t, { tls: elsewhere });
        other.server.setEnv({ KMS_ENDPOINT: other.cloud.secureUrl, KMS_CA_FILE: elsewhere.file });
        await failsToStart(t, other.server);
        assert.deepEqual(asked(other.cloud), []);
    });

    test('KMS under a name that nobody knows', async (t) => {
        const { server } = await place(t, {}, { KMS_ENDPOINT: 'kms.no-such-name.invalid' });
        const { lines } = await failsToStart(t, server);
        assert.match(lines.at(-1), /kms\.no-such-name\.invalid/);
    });

    test('KMS by the machine\'s role: a token that has expired is fetched anew; one that always is, is told', async (t) => {
        const byRole = { ALIYUN_ACCESS_KEY_ID: null, ALIYUN_ACCESS_KEY_SECRET: null };
        const good = await place(t, {}, byRole);
        good.cloud.fault({ kind: 'expired-token', service: 'api' });
        await good.server.begin();
        assert.ok(asked(good.cloud).some(({ code }) => code === 'InvalidSecurityToken.Expired'));
        good.server.secrets.push(...[...good.cloud.state.keys.values()].flatMap((key) => (key.token ? [key.secret, key.token] : [])));
        await good.server.stop();
        const bad = await place(t, {}, byRole);
        bad.cloud.fault({ kind: 'expired-token', service: 'api', times: 'always' });
        const { lines } = await failsToStart(t, bad.server);
        assert.match(lines.at(-1), /role mms-ecs-role.*InvalidSecurityToken\.Expired.*RequestId/);
    });

    for (const [what, away] of [['nobody listens', closedPort], ['everything is swallowed', blackHole]])
        test(`no metadata service, ${what}: told within two seconds, and the next source is asked`, async (t) => {
            const ALIYUN_METADATA_URL = `http://127.0.0.1:${await away(t)}`;
            const { server } = await place(t, {}, { SECRET_SOURCE: 'user-data', ALIYUN_METADATA_URL });
            const plain = new Server({ env: { NODE_ENV: 'production', JWT_SECRET: null } });
            let waitedMs = Infinity;
            for (let i = 0; i < 5 && waitedMs >= 2000; i++) { // others may be at work on this machine
                const bare = await failsToStart(t, plain), { lines, tookMs } = await failsToStart(t, server);
                assert.match(lines.at(-1), new RegExp(`user-data.*${ALIYUN_METADATA_URL}`));
                waitedMs = tookMs - bare.tookMs;
            }
            assert.ok(waitedMs < 2000, `${waitedMs} ms longer than without`);
            const next = await place(t, {}, { SECRET_SOURCE: 'user-data,environment', JWT_SECRET: VALUE, ALIYUN_METADATA_URL });
            await next.server.begin();
            await next.server.stop();
        });

    const USER_DATA = {
        'none': [null, /没有用户数据|no user data/],
        'without the line': ['#!/bin/sh\necho hello\n', /MMS_JWT_SECRET=/],
        'with a short secret': ['MMS_JWT_SECRET=short\n', /32/],
    };
    for (const [what, [userData, says]] of Object.entries(USER_DATA))
        test(`user data, ${what}: not started, in one line of either language`, async (t) => {
            const { server } = await place(t, { metadata: { userData } }, { SECRET_SOURCE: 'user-data' });
            const { lines, stderr } = await failsToStart(t, server);
            assert.equal(lines.length, 2, stderr);
            assert.match(lines[0], /[一-鿿]/);
            assert.match(lines[0], says);
        });

    test('user data with the line: started, with a warning', async (t) => {
        const { server, cloud } = await place(t, { metadata: { userData: `#!/bin/sh\nMMS_JWT_SECRET=${VALUE.replaceAll(' ', '-')}\n` } }, { SECRET_SOURCE: 'user-data' });
        server.secrets.push(VALUE.replaceAll(' ', '-'));
        await server.begin();
        assert.ok(server.logs.some(({ event }) => event === 'secret.in_user_data'));
        assert.equal(asked(cloud, 'metadata').filter(({ status }) => status === 403).length, 0, 'a token first');
        await server.stop();
    });
});
