// Who asks object storage, and is it he: V4 in the header or in the address, in the order in which the service looks.
import { decide } from './ram.mjs';
import { ossV4, same } from './sign.mjs';
import { ACCOUNT } from './state.mjs';

const SKEW_MS = 900_000;
const LONGEST_S = 604_800;

export class OssError extends Error {
    /** more: further elements of the document, {Name: text}. */
    constructor(status, code, message, { ec = '', headers = {}, ...more } = {}) {
        super(message);
        Object.assign(this, { status, code, ec, headers, more });
    }
}

const denied = (message, ec) => new OssError(403, 'AccessDenied', message, { ec });
export const bad = (message, ec) => new OssError(400, 'InvalidArgument', message, { ec });
export const malformed = (ec) => new OssError(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema.', { ec });

/** YYYYMMDDTHHMMSSZ as ms, or NaN. */
export function basicTime(text) {
    const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
    return m ? Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}Z`) : NaN;
}

function readScope(credential) {
    const parts = credential.split('/');
    if (parts.length < 5 || parts.at(-1) !== 'aliyun_v4_request')
        throw bad('Invalid Credential in Authorization header.', '0002-00000225');
    const [day, region, product] = parts.slice(-4);
    return { id: parts.slice(0, -4).join('/'), day, region, product, scope: parts.slice(-4).join('/') };
}

function readHeader(request) {
    const text = request.headers.authorization;
    if (/^OSS2? /.test(text))
        throw denied('The V1 signature is not allowed; please use the V4 signature.', '0002-00000080');
    const m = /^OSS4-HMAC-SHA256 +Credential=([^,\s]+), *(?:AdditionalHeaders=([^,\s]*), *)?Signature=([^,\s]+)$/.exec(text);
    if (!m)
        throw bad('The Authorization header is invalid.', '0002-00000211');
    const hash = request.headers['x-oss-content-sha256'];
    if (hash !== undefined && hash !== 'UNSIGNED-PAYLOAD')
        throw bad('Invalid x-oss-content-sha256, must be UNSIGNED-PAYLOAD.', '0002-00000214');
    if (hash === undefined)
        throw bad('x-oss-content-sha256 is required.', '0002-00000213');
    return { ...readScope(m[1]), additional: split(m[2]), signature: m[3], date: request.headers['x-oss-date'], token: request.headers['x-oss-security-token'], query: request.query };
}

const split = (names) => (names ?? '').toLowerCase().split(';').filter(Boolean);

function readAddress(request) {
    const one = (name) => {
        const found = request.query.filter(([key]) => key === name);
        if (found.length > 1)
            throw bad(`${name} is given twice.`, '0002-00000231');
        return found[0]?.[1];
    };
    const expires = Number(one('x-oss-expires'));
    if (!/^\d+$/.test(one('x-oss-expires') ?? '') || expires < 1 || expires > LONGEST_S)
        throw denied(`Query-string authentication version 4 requires x-oss-expires between 1 and ${LONGEST_S} seconds.`, '0002-00000232');
    return { ...readScope(one('x-oss-credential') ?? ''), additional: split(one('x-oss-additional-headers')), signature: one('x-oss-signature') ?? '', date: one('x-oss-date'),
        token: one('x-oss-security-token'), query: request.query.filter(([key]) => key !== 'x-oss-signature'), expires };
}

function readClaim(request) {
    const has = (name) => request.query.some(([key]) => key === name);
    if (request.headers.authorization !== undefined)
        return readHeader(request);
    if (request.query.some(([key, value]) => key === 'x-oss-signature-version' && value === 'OSS4-HMAC-SHA256'))
        return readAddress(request);
    if (has('Signature') && has('OSSAccessKeyId'))
        throw denied('The V1 signature is not allowed; please use the V4 signature.', '0002-00000080');
    return undefined;
}

const iso = (ms) => new Date(ms).toISOString();

function checkTime(claim, now) {
    const at = basicTime(claim.date);
    if (Number.isNaN(at))
        throw bad('x-oss-date must be YYYYMMDDTHHMMSSZ.', '0002-00000220');
    const off = at - now;
    if (claim.expires !== undefined) {
        if (now > at + claim.expires * 1000)
            throw new OssError(403, 'AccessDenied', 'Request has expired.', { ec: '0002-00000069', Expires: iso(at + claim.expires * 1000), ServerTime: iso(now) });
        if (off > SKEW_MS)
            throw denied('The request is not yet valid.', '0002-00000235');
    } else if (Math.abs(off) > SKEW_MS) {
        throw new OssError(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.',
            { ec: '0002-00000504', MaxAllowedSkewMilliseconds: SKEW_MS, RequestTime: iso(at), ServerTime: iso(now) });
    }
    if (claim.day !== claim.date.slice(0, 8))
        throw bad('Invalid date in Credential, it is not the day of x-oss-date.', '0002-00000226');
}

function checkToken(claim, key, request) {
    if (key.token !== undefined && claim.token === undefined)
        throw new OssError(403, 'InvalidAccessKeyId', 'The OSS Access Key Id you provided does not exist in our records.', { ec: '0002-00000902', OSSAccessKeyId: claim.id });
    if (claim.token !== undefined && claim.token !== key.token)
        throw new OssError(403, 'InvalidSecurityToken', 'The security token you provided is invalid.', { ec: '0002-00000228' });
    if (key.expires <= request.now || (request.tokenExpired && key.token !== undefined))
        throw new OssError(403, 'SecurityTokenExpired', 'The security token you provided has expired.', { ec: '0002-00000229' });
}

/** The key of him who asks, {id, …}; undefined for nobody. request: {method, uri, query, headers, now}. Throws OssError. */
export function ossAuthenticate(state, request, bucket) {
    const claim = readClaim(request);
    if (!claim)
        return undefined;
    const key = state.keys.get(claim.id);
    if (!key || key.disabled)
        throw new OssError(403, 'InvalidAccessKeyId', 'The OSS Access Key Id you provided does not exist in our records.', { ec: '0002-00000902', OSSAccessKeyId: claim.id });
    checkTime(claim, request.now);
    checkToken(claim, key, request);
    const region = bucket?.region ?? state.region;
    if (claim.region !== region || claim.product !== (bucket?.product ?? 'oss'))
        throw bad(`Invalid signing region in Authorization header. Expected ${region}.`, '0002-00000222');
    const made = ossV4({ method: request.method, uri: request.uri, query: claim.query, headers: request.headers, additional: claim.additional, date: claim.date, scope: claim.scope, secret: key.secret });
    if (!same(made.signature, claim.signature))
        throw new OssError(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
            { ec: '0002-00000040', OSSAccessKeyId: claim.id, SignatureProvided: claim.signature, StringToSign: made.stringToSign, CanonicalRequest: made.canonicalRequest });
    return { id: claim.id, ...key };
}

/** Throws OssError when the key's owner may not. key: undefined is nobody, who may read what is public. */
export function ossAuthorize(state, key, action, bucket, object, secure = false) {
    const resource = `acs:oss:oss-${bucket?.region ?? state.region}:${ACCOUNT}:${bucket ? bucket.name : '*'}${object === undefined ? '' : `/${object}`}`;
    if (bucket?.policy && decide(bucket.policy, action, resource, { 'acs:SecureTransport': secure }) === 'Deny')
        throw new OssError(403, 'AccessDenied', 'Access denied by bucket policy.', { ec: '0003-00000003', AuthAction: action });
    const open = ['public-read', 'public-read-write'].includes(bucket?.acl) && action === 'oss:GetObject';
    if (!key) {
        if (open)
            return;
        throw denied('You have no right to access this object because of bucket acl.', '0003-00000001');
    }
    if (!state.allows(key, action, resource, secure))
        throw new OssError(403, 'AccessDenied', 'You have no right to access this object.', { ec: '0003-00000002', AuthAction: action });
}

