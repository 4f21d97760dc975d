// Object storage: what a request wants, may it, and the answer.
import { decodePath, escapeXml, unescapeXml, xmlTexts } from './encode.mjs';
import { OssError, bad, malformed, ossAuthenticate, ossAuthorize } from './oss-auth.mjs';
import { BUCKET_CALLS, SERVICE_CALLS } from './oss-bucket.mjs';
import { checkBody, checkOverwrite, isoMs, kept, newRequestId, quoted, versionHeader, xml } from './oss-common.mjs';
import { MULTIPART_CALLS } from './oss-multipart.mjs';
import { getObject, putObject, removeObject } from './store.mjs';

const OVERRIDES = ['content-type', 'content-disposition', 'content-encoding', 'content-language', 'cache-control', 'expires'];
const MAX_KEY = 1023;

const httpDate = (ms) => new Date(ms).toUTCString();
const noKey = (key) => new OssError(404, 'NoSuchKey', 'The specified key does not exist.', { ec: '0026-00000001', Key: key });

function find(bucket, request) {
    const id = request.one('versionId');
    const object = getObject(bucket, request.key, id);
    if (object)
        return object;
    throw id === undefined ? noKey(request.key) : new OssError(404, 'NoSuchVersion', 'The specified version does not exist.', { ec: '0026-00000002', Key: request.key, VersionId: id });
}

function put(bucket, request) {
    checkBody(request);
    checkOverwrite(bucket, request);
    const { chunks, size, md5, crc, now } = request;
    const object = putObject(bucket, request.key, { chunks, size, md5, crc, etag: quoted(md5), headers: { 'content-type': 'application/octet-stream', ...kept(request.headers) }, modified: now });
    return { status: 200, headers: { ETag: object.etag, 'x-oss-hash-crc64ecma': crc, 'Content-MD5': md5.toString('base64'), ...versionHeader(bucket, object) } };
}

function copySource(state, request) {
    let source;
    try {
        source = decodePath(request.headers['x-oss-copy-source'].split('?')[0]);
    } catch {
        source = '';
    }
    const m = /^\/([^/]+)\/(.+)$/s.exec(source);
    if (!m)
        throw bad('The copy source is invalid.', '0017-00000601');
    const from = state.buckets.get(m[1]);
    if (!from)
        throw new OssError(404, 'NoSuchBucket', 'The specified bucket does not exist.', { ec: '0015-00000101', BucketName: m[1] });
    ossAuthorize(state, request.who, 'oss:GetObject', from, m[2], request.secure);
    const object = getObject(from, m[2]);
    if (!object)
        throw noKey(m[2]);
    return object;
}

function copy(bucket, request, state) {
    const source = copySource(state, request);
    checkOverwrite(bucket, request);
    const headers = request.headers['x-oss-metadata-directive'] === 'REPLACE' ? kept(request.headers) : source.headers;
    const object = putObject(bucket, request.key, { ...source, headers, modified: request.now });
    return xml(200, `<CopyObjectResult><LastModified>${isoMs(request.now)}</LastModified><ETag>${escapeXml(object.etag)}</ETag></CopyObjectResult>`, { 'x-oss-hash-crc64ecma': object.crc, ...versionHeader(bucket, object) });
}

/** [first, last], or undefined for all of it: what cannot be met is not looked at, unless the client asks for the standard. */
function range(request, size) {
    const m = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
    if (!m || (m[1] === '' && m[2] === ''))
        return undefined;
    const first = m[1] === '' ? Math.max(0, size - Number(m[2])) : Number(m[1]);
    const last = m[1] === '' || m[2] === '' ? size - 1 : Math.min(Number(m[2]), size - 1);
    if (first <= last && first < size)
        return [first, last];
    if (request.headers['x-oss-range-behavior'] === 'standard')
        throw new OssError(416, 'InvalidRange', 'The requested range cannot be satisfied.', { ec: '0017-00000207', headers: { 'Content-Range': `bytes */${size}` } });
    return undefined;
}

function part(chunks, [first, last]) {
    const out = [];
    let at = 0;
    for (const chunk of chunks) {
        const from = Math.max(first - at, 0), to = Math.min(last + 1 - at, chunk.length);
        if (from < to)
            out.push(chunk.subarray(from, to));
        at += chunk.length;
    }
    return out;
}

function get(bucket, request) {
    const object = find(bucket, request);
    const { headers } = request;
    if (headers['if-match'] !== undefined && headers['if-match'] !== object.etag)
        throw new OssError(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.', { ec: '0016-00000001', Condition: 'If-Match' });
    const common = { ETag: object.etag, 'Last-Modified': httpDate(object.modified), 'x-oss-object-type': object.type, 'x-oss-hash-crc64ecma': object.crc, 'x-oss-storage-class': 'Standard',
        'Accept-Ranges': 'bytes', ...(object.md5 && { 'Content-MD5': object.md5.toString('base64') }), ...versionHeader(bucket, object) };
    if (headers['if-none-match'] === object.etag)
        return { status: 304, headers: common };
    const told = { ...object.headers };
    for (const name of OVERRIDES) {
        const value = request.one(`response-${name}`);
        if (value !== undefined && !request.who)
            throw new OssError(400, 'InvalidRequest', 'Request specific response headers cannot be used for anonymous GET requests.', { ec: '0017-00000902' });
        if (value !== undefined)
            told[name] = value;
    }
    const wanted = range(request, object.size);
    if (!wanted)
        return { status: 200, headers: { ...told, ...common }, chunks: object.chunks };
    return { status: 206, headers: { ...told, ...common, 'Content-Range': `bytes ${wanted[0]}-${wanted[1]}/${object.size}` }, chunks: part(object.chunks, wanted) };
}

function remove(bucket, request) {
    const gone = removeObject(bucket, request.key, request.one('versionId'), request.now);
    return { status: 204, headers: gone ? { 'x-oss-version-id': gone.id, ...(gone.marker && { 'x-oss-delete-marker': 'true' }) } : {} };
}

function getTags(bucket, request) {
    const tags = find(bucket, request).tags ?? [];
    return xml(200, `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`).join('')}</TagSet></Tagging>`);
}

function putTags(bucket, request) {
    const text = Buffer.concat(request.chunks).toString();
    find(bucket, request).tags = [...text.matchAll(/<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>/g)].map((m) => [unescapeXml(m[1]), unescapeXml(m[2])]);
    return { status: 200, headers: {} };
}

const getAcl = (bucket, request) => {
    const { acl = 'default' } = find(bucket, request);
    return xml(200, `<AccessControlPolicy><Owner><ID>1</ID><DisplayName>1</DisplayName></Owner><AccessControlList><Grant>${acl}</Grant></AccessControlList></AccessControlPolicy>`);
};

function removeMany(bucket, request, state) {
    if (request.headers['content-md5'] === undefined)
        throw new OssError(400, 'InvalidRequest', 'Missing Some Required Arguments: Content-MD5.', { ec: '0016-00000502' });
    checkBody(request);
    const text = Buffer.concat(request.chunks).toString();
    const keys = xmlTexts(text, 'Key');
    if (keys.length === 0 || keys.length > 1000)
        throw malformed('0016-00000303');
    for (const key of keys)
        ossAuthorize(state, request.who, 'oss:DeleteObject', bucket, key, request.secure);
    for (const key of keys)
        removeObject(bucket, key, undefined, request.now);
    const quiet = xmlTexts(text, 'Quiet')[0] === 'true';
    const name = request.one('encoding-type') === 'url' ? encodeURIComponent : escapeXml;
    return xml(200, `<DeleteResult>${quiet ? '' : keys.map((key) => `<Deleted><Key>${name(key)}</Key></Deleted>`).join('')}</DeleteResult>`);
}

// [method, sub-resource ('' for none), action, handler]
const OBJECT_CALLS = [
    ...MULTIPART_CALLS,
    ['GET', 'tagging', 'oss:GetObjectTagging', getTags],
    ['PUT', 'tagging', 'oss:PutObjectTagging', putTags],
    ['GET', 'acl', 'oss:GetObjectAcl', getAcl],
    ['PUT', '', 'oss:PutObject', (bucket, request, state) => (request.headers['x-oss-copy-source'] === undefined ? put : copy)(bucket, request, state)],
    ['GET', '', 'oss:GetObject', get],
    ['HEAD', '', 'oss:GetObject', get],
    ['DELETE', '', 'oss:DeleteObject', remove],
];
const CALLS_OF_BUCKET = [...BUCKET_CALLS, ['POST', 'delete', '', removeMany]];
const SUBRESOURCES = new Set([...OBJECT_CALLS, ...CALLS_OF_BUCKET].map(([, name]) => name).filter(Boolean));

function call(calls, request) {
    const sub = request.query.map(([name]) => name).find((name) => SUBRESOURCES.has(name)) ?? '';
    const found = calls.find(([method, name]) => method === request.method && name === sub);
    if (!found)
        throw new OssError(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.', { ec: '0017-00000101' });
    return found;
}

function checkKey(key) {
    if (key !== undefined && (Buffer.byteLength(key) > MAX_KEY || /^[/\\]/.test(key)))
        throw new OssError(400, 'InvalidObjectName', 'The specified object is not valid.', { ec: '0016-00000005' });
}

/** request.place: {bucket: name or undefined, key: text or undefined, hostRegion, style}. Throws OssError. */
export function handleOss(state, request) {
    const { place } = request;
    if (place.style === 'path' && state.strict)
        throw new OssError(403, 'SecondLevelDomainForbidden', 'Please use virtual hosted style to access.', { ec: '0016-00000002' });
    const bucket = place.bucket === undefined ? undefined : state.buckets.get(place.bucket);
    request.key = place.key;
    request.uri = place.bucket === undefined ? '/' : `/${place.bucket}/${place.key ?? ''}`;
    request.one = (name) => request.query.find(([key]) => key === name)?.[1];
    const who = ossAuthenticate(state, request, bucket);
    request.who = who;
    request.entry.auth = who ? 'ok' : 'anonymous';
    request.entry.key = who?.id;
    const calls = place.bucket === undefined ? SERVICE_CALLS : place.key === undefined ? CALLS_OF_BUCKET : OBJECT_CALLS;
    const [, , action, handler] = call(calls, request);
    request.entry.action = action;
    if (place.bucket !== undefined && !bucket && action !== 'oss:PutBucket')
        throw new OssError(404, 'NoSuchBucket', 'The specified bucket does not exist.', { ec: '0015-00000101', BucketName: place.bucket });
    if (bucket && place.hostRegion && place.hostRegion !== bucket.hostRegion)
        throw new OssError(403, 'AccessDenied', 'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
            { ec: '0003-00001403', Bucket: bucket.name, Endpoint: `oss-${bucket.hostRegion}.aliyuncs.com` });
    checkKey(place.key);
    if (action)
        ossAuthorize(state, who, action, bucket ?? (place.bucket && { name: place.bucket }), place.key, request.secure);
    try {
        return handler(bucket, request, state);
    } catch (error) {
        if (state.hides && error.code === 'NoSuchKey')
            ossAuthorize(state, who, 'oss:ListObjects', bucket, undefined, request.secure);
        throw error;
    }
}

/** What every answer has. */
export function finishOss(response) {
    const id = newRequestId();
    return { ...response, requestId: id, headers: { Server: 'AliyunOSS', 'x-oss-request-id': id, 'x-oss-server-time': '3', ...response.headers } };
}

export function ossFailure(request, error) {
    const id = newRequestId();
    const fields = { Code: error.code, Message: error.message, RequestId: id, HostId: request.headers.host ?? '', ...error.more, EC: error.ec };
    const answer = xml(error.status, `<Error>${Object.entries(fields).map(([name, text]) => `\n  <${name}>${escapeXml(text)}</${name}>`).join('')}\n</Error>\n`,
        { ...error.headers, ...(error.ec && { 'x-oss-ec': error.ec }) });
    if (request.method === 'HEAD')
        answer.headers['x-oss-err'] = Buffer.concat(answer.chunks).toString('base64');
    answer.headers = { Server: 'AliyunOSS', 'x-oss-request-id': id, 'x-oss-server-time': '1', ...answer.headers };
    return { ...answer, code: error.code, requestId: id };
}
