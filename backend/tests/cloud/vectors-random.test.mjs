// Requests that nobody has thought of, signed by the vendor's own code and by the program: odd keys, parameters, headers.
// VECTORS_SEED: which ones; printed when they fail.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const vendor = createRequire(import.meta.url);
const oss = vendor('ali-oss/lib/common/signUtils.js'), { default: openapi } = vendor('@alicloud/openapi-util');
const folder = mkdtempSync(path.join(tmpdir(), 'vectors-'));
after(() => rmSync(folder, { recursive: true }));
const SEED = Number(process.env.VECTORS_SEED ?? Date.now() % 1e9), COUNT = 400;

let state = SEED;
const random = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
};
const one = (list) => list[random(list.length)];
const CHARACTERS = [...'abcXYZ019-_.~/ +%&=?#:;,@!*\'()[]{}<>|\\^`"$', '氢', '阀', '报', '🔧', 'é', '\u0301', '\u3000'];
const text = (longest, without = '') => Array.from({ length: 1 + random(longest) }, () => one(CHARACTERS)).filter((c) => !without.includes(c)).join('') || 'x';
const some = (names, make) => Object.fromEntries(names.filter(() => random(3) === 0).map((name) => [name, make(name)]));
const header = () => text(12, '/').replace(/[^ -~]/g, '').trim() || 'x';
const PARAMETERS = ['acl', 'continuation-token', 'delimiter', 'encoding-type', 'list-type', 'marker', 'max-keys', 'partNumber', 'prefix', 'response-cache-control', 'response-content-disposition',
    'response-content-type', 'start-after', 'tagging', 'uploadId', 'uploads', 'versionId', 'versioning', 'x-oss-process'];

const DATE = '2026-03-04T05:06:07.000Z', COMPACT = '20260304T050607Z';
const query = (parameters) => Object.entries(parameters).map(([name, value]) => (value === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)).join('&');
const whose = () => ({ access_key_id: one(['LTAI_EXAMPLE', 'STS.EXAMPLE']), access_key_secret: header(), security_token: random(2) ? `${header()}/+=` : null });

function ossVector(presigned) {
    const who = whose(), region = one(['cn-hangzhou', 'cn-shanghai-finance-1', 'eu-central-1']), method = one(['GET', 'PUT', 'HEAD', 'DELETE', 'POST']), bucket = 'mms-uploads';
    const key = random(8) ? text(30).replace(/^[/\\]+/, '') || 'k' : '';
    const headers = { ...some(['content-type', 'content-md5', 'x-oss-meta-a', 'X-Oss-Meta-B', 'x-oss-forbid-overwrite', 'content-disposition', 'range', 'content-length'], header) };
    const additional = ['content-disposition', 'range', 'content-length'].filter((name) => name in headers && random(2)).sort();
    const parameters = some(PARAMETERS, () => (random(4) ? text(15) : null));
    if (presigned) {
        Object.assign(parameters, { 'x-oss-signature-version': 'OSS4-HMAC-SHA256', 'x-oss-date': COMPACT, 'x-oss-expires': String(1 + random(600000)), 'x-oss-credential': oss.getCredential('20260304', region, who.access_key_id) });
        if (who.security_token)
            parameters['x-oss-security-token'] = who.security_token;
        if (additional.length)
            parameters['x-oss-additional-headers'] = additional.join(';');
    } else {
        Object.assign(headers, { 'x-oss-date': COMPACT, 'x-oss-content-sha256': 'UNSIGNED-PAYLOAD' }, who.security_token && { 'x-oss-security-token': who.security_token });
    }
    const request = { headers, queries: parameters };
    const canonical_request = oss.getCanonicalRequest(method, request, bucket, key, additional);
    const string_to_sign = oss.getStringToSign(region, COMPACT, canonical_request), signature = oss.getSignatureV4(who.access_key_secret, '20260304', region, string_to_sign);
    if (presigned)
        parameters['x-oss-signature'] = signature;
    const place = key.split('/').map(encodeURIComponent).join('/'), asked = query(parameters);
    return { kind: presigned ? 'oss-v4-presign' : 'oss-v4-header', date: DATE, method, url: `https://${bucket}.oss-${region}.aliyuncs.com/${place}${asked && `?${asked}`}`, bucket, region, ...who,
        additional_headers: additional, headers, body: null, ...(presigned && { expires: Number(parameters['x-oss-expires']) }), canonical_request, string_to_sign, signature,
        ...(!presigned && { authorization: oss.authorizationV4(who.access_key_id, who.access_key_secret, region, method, request, bucket, key, additional) }) };
}

function acsVector() {
    const who = whose(), parameters = some(['SecretName', 'VersionStage', 'VersionId', 'Filter.1.Key', 'Filter.10.Key', 'DryRun'], () => (random(5) ? text(15) : ''));
    const body = random(2) ? `A=${encodeURIComponent(text(40))}` : '';
    const host = 'kms.cn-hangzhou.aliyuncs.com', hash = createHash('sha256').update(body).digest('hex');
    const headers = { host, 'x-acs-version': '2016-01-20', 'x-acs-action': 'GetSecretValue', 'x-acs-date': '2026-03-04T05:06:07Z', 'x-acs-signature-nonce': header(), 'x-acs-content-sha256': hash,
        ...(body && { 'content-type': 'application/x-www-form-urlencoded' }), ...(who.security_token && { 'x-acs-security-token': who.security_token }), accept: 'application/json' };
    const authorization = openapi.getAuthorization({ method: 'POST', pathname: '/', query: parameters, headers }, 'ACS3-HMAC-SHA256', hash, who.access_key_id, who.access_key_secret);
    const asked = query(parameters);
    return { kind: 'acs3', date: DATE, method: 'POST', url: `https://${host}/${asked && `?${asked}`}`, ...who, headers, body, authorization, signature: authorization.match(/Signature=(\w+)/)[1] };
}

test(`${COUNT} random requests, as the vendor's own code signs them`, (t) => {
    const vectors = Array.from({ length: COUNT }, (_, i) => ({ name: `random-${i}`, ...[() => ossVector(false), () => ossVector(true), acsVector][i % 3]() }));
    const file = path.join(folder, 'random.json');
    writeFileSync(file, JSON.stringify({ vectors }));
    const { status, stdout, stderr } = spawnSync(path.join(import.meta.dirname, '../../../tests/cloud/vectors'), [file], { encoding: 'utf8', maxBuffer: 64 << 20 });
    t.diagnostic(`VECTORS_SEED=${SEED}`);
    assert.equal(stdout.trimEnd().split('\n').at(-1), `${COUNT} of ${COUNT}`, `VECTORS_SEED=${SEED}\n${stdout.split('\n').filter((line) => !line.includes('→ ok')).slice(0, 12).join('\n')}${stderr}`);
    assert.equal(status, 0);
});
