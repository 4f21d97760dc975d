// The three signatures, worked out from what has been decoded: object storage V4, OpenAPI ACS3, and the older RPC 1.0.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { canonicalQuery, encode, encodePath } from './encode.mjs';

export const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

/** As texts, byte by byte: another spelling of the same number is another signature. */
export function same(a, b) {
    const x = Buffer.from(a), y = Buffer.from(b);
    return x.length === y.length && timingSafeEqual(x, y);
}

const ALWAYS = /^(x-oss-.*|content-type|content-md5)$/;

/** uri: decoded, "/BUCKET/KEY"; query: decoded pairs, without x-oss-signature; headers: by lower-case name; additional: lower-case names. */
export function ossV4({ method, uri, query, headers, additional, date, scope, secret }) {
    const names = Object.keys(headers).filter((name) => ALWAYS.test(name) || additional.includes(name)).sort();
    const canonicalRequest = [method, encodePath(uri), canonicalQuery(query, true), names.map((name) => `${name}:${headers[name].trim()}\n`).join(''),
        [...additional].sort().join(';'), headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD'].join('\n');
    const stringToSign = ['OSS4-HMAC-SHA256', date, scope, sha256(canonicalRequest)].join('\n');
    const key = scope.split('/').reduce((k, part) => hmac(k, part), `aliyun_v4${secret}`);
    return { canonicalRequest, stringToSign, signature: hmac(key, stringToSign).toString('hex') };
}

/** signed: lower-case names in order. */
export function acs3({ method, path, query, headers, signed, secret }) {
    const canonicalRequest = [method, path, canonicalQuery(query, false), signed.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join(''),
        signed.join(';'), headers['x-acs-content-sha256']].join('\n');
    const stringToSign = `ACS3-HMAC-SHA256\n${sha256(canonicalRequest)}`;
    return { canonicalRequest, stringToSign, signature: hmac(secret, stringToSign).toString('hex') };
}

/** query: decoded pairs, without Signature. */
export function rpc({ method, query, secret }) {
    const stringToSign = `${method}&%2F&${encode(canonicalQuery(query, false))}`;
    return { stringToSign, signature: createHmac('sha1', `${secret}&`).update(stringToSign).digest('base64') };
}
