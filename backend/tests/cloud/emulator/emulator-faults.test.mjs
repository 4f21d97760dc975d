// The emulator from outside: every fault that can be ordered, the metadata service, and the command.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Crc64 } from './encode.mjs';
import { KINDS } from './faults.mjs';
import { startEmulator } from './server.mjs';
import { ossV4 } from './sign.mjs';

const BUCKET = 'mms-uploads', BODY = randomBytes(300_000);
let cloud;
before(async () => {
    cloud = await startEmulator({ secrets: { jwt: 'a value' } });
    cloud.put(BUCKET, 'there', BODY);
});
after(() => cloud.close());
beforeEach(() => cloud.faults.clear());

/** A signed request; {status, headers, body, problem}: with a problem, what had come until then. */
function ask(method, key, { body = Buffer.alloc(0), headers = {}, sent = body } = {}) {
    const date = new Date(cloud.state.now()).toISOString().replace(/[-:]|\.\d+/g, ''), scope = `${date.slice(0, 8)}/cn-hangzhou/oss/aliyun_v4_request`;
    const all = { 'x-oss-date': date, 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD', 'content-length': String(body.length), ...headers };
    const { signature } = ossV4({ method, uri: `/${BUCKET}/${key}`, query: [], headers: all, additional: [], date, scope, secret: 'emulator-secret' });
    all.authorization = `OSS4-HMAC-SHA256 Credential=LTAI-emulator/${scope},Signature=${signature}`;
    return plain(method, `/${encodeURI(key)}`, { ...all, host: `${BUCKET}.oss-cn-hangzhou.aliyuncs.com` }, sent);
}

function plain(method, target, headers = {}, sent = undefined, port = cloud.port) {
    return new Promise((resolve) => {
        const answer = { chunks: [], get body() { return Buffer.concat(this.chunks); } };
        const end = (problem) => {
            answer.problem ??= problem;
            req.destroy();
            resolve(answer);
        };
        const req = http.request({ host: '127.0.0.1', port, method, path: target, headers, agent: false }, (res) => {
            Object.assign(answer, { status: res.statusCode, headers: res.headers });
            res.on('data', (chunk) => answer.chunks.push(chunk)).on('error', end).on('end', () => end());
        });
        req.on('error', end).on('continue', () => (answer.continued = true));
        answer.request = req;
        if (headers.expect === undefined)
            req.end(sent);
        else
            req.flushHeaders();
        req.sendRest = () => req.end(sent);
        answer.cut = () => end(new Error('given up'));
        plain.last = answer;
    });
}

const FAULTS = {
    error: async () => {
        cloud.fault({ kind: 'error', status: 418, code: 'Teapot', ec: '1' });
        const { status, body } = await ask('GET', 'there');
        assert.equal(status, 418);
        assert.match(body.toString(), /<Code>Teapot<\/Code>[^]*<RequestId>[0-9A-F]{24}<[^]*<EC>1</);
    },
    ...Object.fromEntries(Object.entries({ 500: 'InternalError', 502: 'BadGateway', 503: 'ServiceUnavailable', 429: 'QpsLimitExceeded' }).map(([kind, code]) => [kind, async () => {
        cloud.fault({ kind, retryAfter: 7 });
        const { status, headers, body } = await ask('PUT', 'new', { body: Buffer.from('x') });
        assert.equal(status, Number(kind));
        assert.equal(headers['retry-after'], '7');
        assert.match(body.toString(), new RegExp(`<Code>${code}<`));
        assert.equal(cloud.get(BUCKET, 'new'), undefined, 'nothing was carried out');
    }])),
    throttle: async () => {
        cloud.fault({ kind: 'throttle' });
        assert.match((await ask('GET', 'there')).body.toString(), /<Code>SlowDown</);
    },
    hang: async () => {
        cloud.fault({ kind: 'hang' });
        const asked = ask('PUT', 'hung', { body: Buffer.from('x') });
        while (!cloud.get(BUCKET, 'hung'))
            await new Promise((go) => setTimeout(go, 5));
        plain.last.cut();
        assert.equal((await asked).status, undefined);
    },
    slow: async () => {
        cloud.put(BUCKET, 'few', 'abc');
        cloud.fault({ kind: 'slow', ms: 40 });
        const { chunks } = await ask('GET', 'few');
        assert.deepEqual(chunks.map(String), ['a', 'b', 'c']);
    },
    'slow-read': async () => {
        cloud.fault({ kind: 'slow-read', ms: 30 });
        const begun = Date.now();
        assert.equal((await ask('PUT', 'taken', { body: BODY })).status, 200);
        assert.ok(Date.now() - begun >= 30);
        assert.deepEqual(cloud.get(BUCKET, 'taken').body, BODY);
    },
    truncate: async () => {
        cloud.fault({ kind: 'truncate', after: 1000 });
        const { status, headers, body, problem } = await ask('GET', 'there');
        assert.equal(status, 200);
        assert.equal(headers['content-length'], String(BODY.length));
        assert.deepEqual(body, BODY.subarray(0, 1000));
        assert.ok(problem);
    },
    ...Object.fromEntries(['reset-before', 'reset-mid', 'reset-after'].map((kind) => [kind, async () => {
        cloud.fault({ kind });
        const { status, problem } = await ask('PUT', 'new', { body: BODY });
        assert.equal(status, undefined);
        assert.match(problem.code, /ECONNRESET|EPIPE/);
        assert.equal(cloud.get(BUCKET, 'new'), undefined);
    }])),
    corrupt: async () => {
        cloud.fault({ kind: 'corrupt' });
        const got = await ask('GET', 'there');
        assert.equal(got.body.length, BODY.length);
        assert.notDeepEqual(got.body, BODY);
        assert.equal(got.headers['x-oss-hash-crc64ecma'], new Crc64().update(BODY).value());
        cloud.fault({ kind: 'corrupt' });
        const md5 = createHash('md5').update(BODY).digest('base64');
        const put = await ask('PUT', 'damaged', { body: BODY, headers: { 'content-md5': md5 } });
        assert.match(put.body.toString(), /<Code>InvalidDigest</);
        assert.equal(cloud.get(BUCKET, 'damaged'), undefined);
        cloud.fault({ kind: 'corrupt' });
        const unseen = await ask('PUT', 'damaged', { body: BODY });
        assert.equal(unseen.status, 200);
        assert.notEqual(unseen.headers['x-oss-hash-crc64ecma'], new Crc64().update(BODY).value());
    },
    'lost-ack': async () => {
        cloud.fault({ kind: 'lost-ack' });
        assert.match((await ask('PUT', 'lost', { body: Buffer.from('x') })).problem.code, /ECONNRESET/);
        assert.equal(cloud.get(BUCKET, 'lost').body.toString(), 'x');
    },
    skew: async () => {
        cloud.fault({ kind: 'skew', seconds: 1200 });
        const { status, body, headers } = await ask('GET', 'there');
        assert.equal(status, 403);
        const [, asked, answered] = /<Code>RequestTimeTooSkewed<[^]*<RequestTime>(.*)<\/RequestTime>\s*<ServerTime>(.*)<\/ServerTime>/.exec(body.toString());
        const off = Math.round((Date.parse(answered) - Date.parse(asked)) / 1000);
        assert.ok(off >= 1200 && off < 1300, String(off));
        assert.ok(Math.abs(Date.parse(headers.date) - Date.parse(answered)) <= 1000, 'its Date is of the same clock');
        assert.equal((await ask('GET', 'there')).status, 200);
    },
    'bad-xml': async () => {
        cloud.fault({ kind: 'bad-xml' });
        const { status, body } = await ask('GET', '');
        assert.equal(status, 200);
        assert.doesNotMatch(body.toString(), /<\/ListBucketResult>/);
    },
    answer: async () => {
        cloud.fault({ kind: 'answer', status: 202, body: '<a/>', headers: { ETag: '"x"' } });
        const { status, headers, body } = await ask('GET', 'there');
        assert.deepEqual([status, headers.etag, body.toString()], [202, '"x"', '<a/>']);
    },
    'html-error': async () => {
        cloud.fault({ kind: 'html-error' });
        const { status, headers } = await ask('GET', 'there');
        assert.deepEqual([status, headers['content-type'], headers['x-oss-request-id']], [502, 'text/html', undefined]);
    },
    redirect: async () => {
        cloud.fault({ kind: 'redirect', to: 'http://100.100.100.200/latest/' });
        const { status, headers } = await ask('GET', 'there');
        assert.deepEqual([status, headers.location], [307, 'http://100.100.100.200/latest/']);
    },
    'expired-token': async () => {
        cloud.fault({ kind: 'expired-token' });
        assert.equal((await ask('GET', 'there')).status, 200, 'a key for good has no token');
    },
    'no-continue': async () => {
        const headers = { expect: '100-continue' };
        const first = ask('PUT', 'continued', { body: Buffer.from('x'), headers });
        await once(plain.last.request, 'continue');
        plain.last.request.sendRest();
        assert.equal((await first).status, 200);
        cloud.fault({ kind: 'no-continue' });
        const second = ask('PUT', 'continued', { body: Buffer.from('y'), headers });
        while (cloud.log.at(-1).fault !== 'no-continue')
            await new Promise((go) => setTimeout(go, 5));
        plain.last.request.sendRest();
        const answer = await second;
        assert.deepEqual([answer.status, answer.continued], [200, undefined]);
    },
};

test('there is a test of each fault', () => assert.deepEqual(Object.keys(FAULTS).sort(), [...KINDS].sort()));
for (const [kind, act] of Object.entries(FAULTS))
    test(`fault ${kind}`, act);

test('a fault waits for its request, as often as was ordered', async () => {
    cloud.fault({ kind: '503', times: 2, skip: 1, method: 'GET', path: '^/there$' });
    const seen = [];
    for (const [method, key] of [['GET', 'there'], ['HEAD', 'there'], ['GET', 'other'], ['GET', 'there'], ['GET', 'there'], ['GET', 'there']])
        seen.push((await ask(method, key)).status);
    assert.deepEqual(seen, [200, 200, 404, 503, 503, 200]);
    const away = cloud.fault({ kind: '503', times: 'always' });
    assert.deepEqual([(await ask('GET', 'there')).status, (await ask('GET', 'there')).status], [503, 503]);
    away();
    assert.equal((await ask('GET', 'there')).status, 200);
    assert.throws(() => cloud.fault({ kind: 'unheard-of' }), /no such fault/);
});

test('early: the answer comes before the body', async () => {
    cloud.fault({ kind: '503', early: true });
    const { status } = await ask('PUT', 'new', { body: Buffer.alloc(10), headers: { expect: '100-continue' } });
    assert.equal(status, 503);
});

test('a body that the client breaks off leaves nothing', async () => {
    const asked = ask('PUT', 'broken', { body: BODY, headers: { expect: '100-continue' } });
    await once(plain.last.request, 'continue');
    plain.last.request.write(BODY.subarray(0, 1000), () => plain.last.cut());
    await asked;
    while (!cloud.log.at(-1).cut)
        await new Promise((go) => setTimeout(go, 5));
    assert.equal(cloud.get(BUCKET, 'broken'), undefined);
});

test('who is nobody, and what is no request', async () => {
    const host = { host: `${BUCKET}.oss-cn-hangzhou.aliyuncs.com` };
    assert.equal((await plain('GET', '/there', host)).status, 403);
    assert.equal((await plain('GET', '/%zz', host)).status, 400);
    assert.equal((await plain('GET', '/there', { ...host, authorization: 'OSS4-HMAC-SHA256 nonsense' })).status, 400);
    const head = await plain('HEAD', '/there', host);
    assert.match(Buffer.from(head.headers['x-oss-err'], 'base64').toString(), /<Code>AccessDenied</);
    cloud.state.buckets.get(BUCKET).acl = 'public-read';
    assert.equal((await plain('GET', '/there', host)).status, 200);
    assert.equal((await plain('PUT', '/there', host, 'x')).status, 403);
    cloud.state.buckets.get(BUCKET).acl = 'private';
});

const TTL = 'x-aliyun-ecs-metadata-token-ttl-seconds', TOKEN = 'x-aliyun-ecs-metadata-token', ROLES = '/latest/meta-data/ram/security-credentials/';

test('metadata: hardened, a token is wanted; it ends', async () => {
    for (const ttl of ['0', '21601', 'x', '']) // 1…21600
        assert.equal((await plain('PUT', '/latest/api/token', { [TTL]: ttl })).status, 400, ttl);
    const { status, body } = await plain('PUT', '/latest/api/token', { [TTL]: '60' });
    assert.equal(status, 200);
    const headers = { [TOKEN]: body.toString() };
    assert.equal((await plain('GET', ROLES)).status, 403);
    assert.equal((await plain('GET', ROLES, { [TOKEN]: 'wrong' })).status, 403);
    assert.equal((await plain('GET', ROLES, { ...headers, 'x-forwarded-for': '10.0.0.1' })).status, 403);
    assert.equal((await plain('GET', ROLES, headers)).body.toString(), 'mms-ecs-role');
    assert.equal((await plain('GET', '/latest/meta-data/region-id', headers)).body.toString(), 'cn-hangzhou');
    assert.equal((await plain('GET', '/latest/user-data', headers)).status, 404);
    cloud.state.machine.userData = 'MMS_JWT_SECRET=x\n';
    assert.equal((await plain('GET', '/latest/user-data', headers)).body.toString(), 'MMS_JWT_SECRET=x\n');
    cloud.state.skewMs = 61_000;
    assert.equal((await plain('GET', ROLES, headers)).status, 403);
    cloud.state.skewMs = 0;
    cloud.state.machine.hardened = false;
    assert.equal((await plain('GET', ROLES)).status, 200);
    cloud.state.machine.role = null;
    assert.equal((await plain('GET', ROLES)).status, 404);
    Object.assign(cloud.state.machine, { hardened: true, role: 'mms-ecs-role' });
});

test('metadata: the role\'s keys change before they end, and the old ones stay good', async () => {
    Object.assign(cloud.state.machine, { hardened: false, lifetime: 60 });
    const keys = async () => JSON.parse((await plain('GET', `${ROLES}mms-ecs-role`)).body);
    const first = await keys();
    assert.equal(first.Code, 'Success');
    assert.match(first.Expiration, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(await keys(), first);
    cloud.state.skewMs = 31_000;
    const second = await keys();
    assert.notEqual(second.AccessKeyId, first.AccessKeyId);
    assert.ok(cloud.state.keys.get(first.AccessKeyId).expires > cloud.state.now());
    cloud.state.rotateRole();
    assert.notEqual((await keys()).AccessKeyId, second.AccessKeyId);
    assert.equal((await plain('GET', `${ROLES}another`)).status, 404);
    cloud.state.skewMs = 0;
    Object.assign(cloud.state.machine, { hardened: true, lifetime: 21600 });
});

const COMMAND = fileURLToPath(new URL('emulator', import.meta.url));

async function startCommand(t, ...args) {
    const child = spawn(COMMAND, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const [line] = await once(child.stdout, 'data');
    return { child, ended, url: String(line).split('\n')[0] };
}

test('the command: prints its address, is steered over HTTP, ends by a signal', async (t) => {
    const { child, ended, url } = await startCommand(t, '--secret', 'jwt=one=1', '--bucket', 'other', '--key', 'AK:SK', '--skew', '1200');
    const post = (name, body) => fetch(url + name, { method: 'POST', body: JSON.stringify(body) });
    const late = await plain('GET', '/latest/meta-data/region-id', {}, undefined, new URL(url).port);
    assert.equal(late.status, 403);
    assert.ok(Date.parse(late.headers.date) - Date.now() > 1_100_000);
    assert.equal((await post('/__machine', { hardened: false })).status, 200);
    assert.equal((await post('/__clock', { skew: 0 })).status, 200);
    assert.equal((await post('/__faults', { kind: '503', service: 'metadata' })).status, 200);
    assert.equal((await post('/__faults', { kind: 'unheard-of' })).status, 400);
    assert.equal((await fetch(`${url}/latest/meta-data/region-id`)).status, 503);
    assert.equal((await (await fetch(`${url}/latest/meta-data/region-id`)).text()), 'cn-hangzhou');
    assert.deepEqual(await (await post('/__secret', { name: 'jwt', data: 'two' })).json(), { versionId: 'v2' });
    const log = await (await fetch(`${url}/__log`)).json();
    assert.deepEqual(log.map(({ service, status, fault }) => [service, status, fault]), [['metadata', 403, undefined], ['metadata', 503, '503'], ['metadata', 200, undefined]]);
    assert.deepEqual(await (await fetch(`${url}/__objects?bucket=other`)).json(), []);
    assert.equal((await fetch(`${url}/__unknown`)).status, 404);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
});

test('the command ends by itself, and says what is wrong with its options', async (t) => {
    const { ended } = await startCommand(t, '--idle', '1');
    assert.deepEqual(await ended, [0, null]);
    for (const args of [['--unheard-of'], ['--port', 'x']]) {
        const child = spawn(COMMAND, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        assert.deepEqual(await once(child, 'exit'), [64, null]);
    }
});
