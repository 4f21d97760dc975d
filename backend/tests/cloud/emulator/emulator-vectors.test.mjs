// The emulator against the signatures of the vendor's own code: each is taken at its date, and refused with any one byte changed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';

import { apiAuthenticate, ApiError } from './openapi.mjs';
import { ossAuthenticate, OssError } from './oss-auth.mjs';
import { describe, startEmulator, whose } from './server.mjs';
import { digest } from './store.mjs';

const file = process.env.VECTORS ?? new URL('../vectors.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8'));
const isOss = (v) => v.kind.startsWith('oss');
const bodyOf = (v) => (v.body === null || v.body === undefined ? Buffer.alloc(Number(v.headers['content-length'] ?? 0), 'a') : Buffer.from(v.body, isOss(v) ? 'base64' : 'utf8'));

/** What an emulator must know for this vector, with its clock at the vector's date. */
async function cloudFor(v) {
    const url = new URL(v.url);
    const cloud = await startEmulator({
        region: v.region,
        keys: { [v.access_key_id]: { secret: v.access_key_secret, ...(v.security_token && { token: v.security_token, expires: Date.parse(v.date) + 3_600_000 }) } },
        buckets: v.bucket ? { [v.bucket]: { region: v.region, hostRegion: /\.oss-([a-z0-9-]+)\./.exec(url.host)[1], product: v.product } } : {},
    });
    cloud.state.setClock(Date.parse(v.date));
    return cloud;
}

/** The wire form: {method, url (path and query), headers, body}. */
function wire(v) {
    const { host } = new URL(v.url);
    const headers = { host, ...v.headers };
    if (v.authorization)
        headers.authorization = v.authorization;
    return { method: v.method, url: v.url.slice(v.url.indexOf('/', 8)), headers, body: bodyOf(v) };
}

/** The code it is refused with; 'ok', or 'nobody' when it names no key at all. */
function verdict(state, v, { body, ...w }) {
    const request = describe(w);
    if (request.malformed)
        return 'malformed';
    const { place } = whose(state, describe(wire(v)));
    try {
        if (!isOss(v))
            return apiAuthenticate(state, Object.assign(request, { body, now: state.now() })) && 'ok';
        const at = whose(state, request).place ?? place;
        const uri = at.bucket === undefined ? '/' : `/${at.bucket}/${at.key ?? ''}`;
        return ossAuthenticate(state, Object.assign(request, { uri, ...digest([body]), now: state.now() }), state.buckets.get(at.bucket)) ? 'ok' : 'nobody';
    } catch (error) {
        if (error instanceof OssError || error instanceof ApiError)
            return error.code;
        throw error;
    } finally {
        state.nonces.clear();
    }
}

const flipped = (text, at) => text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);

function signedHeaders(v) {
    if (v.kind === 'acs3')
        return /SignedHeaders=([^,]+)/.exec(v.authorization)[1].split(';');
    if (!isOss(v))
        return [];
    return Object.keys(wire(v).headers).filter((name) => /^(x-oss-.*|content-type|content-md5)$/.test(name) || v.additional_headers.includes(name));
}

/** [what, the wire form with one byte changed], for every byte that is signed. */
function* changes(v) {
    const w = wire(v);
    for (let i = 1; i < w.url.length; i++)
        yield [`byte ${i} of ${w.url}`, { ...w, url: flipped(w.url, i) }];
    for (let i = 0; i < (w.headers.authorization ?? '').length; i++)
        yield [`byte ${i} of the authorization`, { ...w, headers: { ...w.headers, authorization: flipped(w.headers.authorization, i) } }];
    for (const name of signedHeaders(v)) {
        for (let i = 0; i < w.headers[name].length; i++)
            yield [`byte ${i} of ${name}`, { ...w, headers: { ...w.headers, [name]: flipped(w.headers[name], i) } }];
        const { [name]: value, ...others } = w.headers;
        yield [`no ${name}`, { ...w, headers: others }];
        yield [`${name} under another name`, { ...w, headers: { ...others, [flipped(name, name.length - 1)]: value } }];
    }
    if (v.kind === 'acs3')
        for (let i = 0; i < w.body.length; i++)
            yield [`byte ${i} of the body`, { ...w, body: Buffer.from(flipped(w.body.toString('latin1'), i), 'latin1') }];
    yield ['another method', { ...w, method: 'PATCH' }];
}

for (const v of vectors)
    test(`${v.kind} ${v.name}: taken, and no byte of it may change`, async (t) => {
        const cloud = await cloudFor(v);
        t.after(() => cloud.close());
        assert.equal(verdict(cloud.state, v, wire(v)), 'ok');
        let count = 0;
        for (const [what, changed] of changes(v)) {
            assert.notEqual(verdict(cloud.state, v, changed), 'ok', what);
            count++;
        }
        assert.ok(count > 40, `only ${count} changes`);
        const key = cloud.state.keys.get(v.access_key_id);
        key.secret = flipped(key.secret, 0);
        assert.equal(verdict(cloud.state, v, wire(v)), 'SignatureDoesNotMatch');
    });

const ask = (cloud, { method, url, headers, body }) => new Promise((resolve, reject) => {
    const req = http.request({ host: '127.0.0.1', port: cloud.port, method, path: url, headers: { ...headers, ...(body.length && { 'content-length': body.length }) } }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode));
    });
    req.on('error', reject).end(body);
});

const REFUSALS = /^(AccessDenied|Invalid.*|SignatureDoesNotMatch|IncompleteSignature|RequestTimeTooSkewed|Missing.*|SecurityToken.*)$/;

for (const v of vectors)
    test(`${v.kind} ${v.name}: the same over the wire`, async (t) => {
        const cloud = await cloudFor(v);
        t.after(() => cloud.close());
        const w = wire(v);
        await ask(cloud, w);
        assert.equal(cloud.log.at(-1).auth, 'ok', JSON.stringify(cloud.log.at(-1)));
        const last = w.url.length - 1;
        const some = [['the address', { ...w, url: flipped(w.url, w.url.includes('?') ? last : Math.max(last, 1)) }]];
        if (w.url.length > 2)
            some.push(['the first byte of the address', { ...w, url: flipped(w.url, 1) }]);
        if (w.headers.authorization)
            some.push(['the signature', { ...w, headers: { ...w.headers, authorization: flipped(w.headers.authorization, w.headers.authorization.length - 1) } }]);
        for (const name of signedHeaders(v).filter((n) => n !== 'content-length' && n !== 'host'))
            some.push([name, { ...w, headers: { ...w.headers, [name]: flipped(w.headers[name], w.headers[name].length - 1) } }]);
        for (const [what, changed] of some) {
            if (/[ \u0000-\u001f]/.test(changed.url) || changed.url === w.url)
                continue;
            cloud.state.nonces.clear();
            assert.ok(await ask(cloud, changed) >= 400, what);
            assert.match(cloud.log.at(-1).code, REFUSALS, what);
            assert.notEqual(cloud.log.at(-1).auth, 'ok', what);
        }
    });

test('a vector is refused a quarter of an hour away from its date', async (t) => {
    for (const v of vectors) {
        const cloud = await cloudFor(v);
        t.after(() => cloud.close());
        const away = v.kind === 'oss-v4-presign' ? v.expires + 1 : 901;
        cloud.state.setClock(Date.parse(v.date) + away * 1000);
        assert.match(verdict(cloud.state, v, wire(v)), /^(RequestTimeTooSkewed|AccessDenied|InvalidTimeStamp.Expired)$/, v.name);
        cloud.state.setClock(Date.parse(v.date) - 902_000);
        assert.match(verdict(cloud.state, v, wire(v)), /^(RequestTimeTooSkewed|AccessDenied|InvalidTimeStamp.Expired)$/, v.name);
    }
});

test('the same nonce is not taken twice', async (t) => {
    for (const v of vectors.filter((one) => !isOss(one))) {
        const cloud = await cloudFor(v);
        t.after(() => cloud.close());
        await ask(cloud, wire(v));
        assert.equal(cloud.log.at(-1).auth, 'ok', v.name);
        await ask(cloud, wire(v));
        assert.equal(cloud.log.at(-1).code, 'SignatureNonceUsed', v.name);
    }
});
