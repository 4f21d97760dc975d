// The vendor's own SDKs take the emulator for the real thing; and what they may not do, it refuses them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, beforeEach, test } from 'node:test';

import Credentials from '@alicloud/credentials';
import Kms from '@alicloud/kms20160120';
import OpenApi from '@alicloud/openapi-client';
import OpenApiUtil from '@alicloud/openapi-util';
import TeaUtil from '@alicloud/tea-util';
import OSS from 'ali-oss';

import { Crc64, joinedCrc } from './encode.mjs';
import { startEmulator } from './server.mjs';

const ID = 'LTAI-emulator', SECRET = 'emulator-secret', BUCKET = 'mms-uploads';
const ODD_KEY = '报表/2026年/氢气 库存(1)+~\'!*@=&%.csv';
const SECRET_VALUE = 'a secret of the tests, 32 bytes and more';

let cloud, toLocal;

before(async () => {
    cloud = await startEmulator({
        buckets: { [BUCKET]: {}, versions: { versioning: 'Enabled' }, elsewhere: { region: 'cn-shanghai' } },
        secrets: { 'mms-jwt-secret': SECRET_VALUE, 'odd/na_me+=.@-1': { data: 'AAEC', type: 'binary' } },
        metadata: { userData: 'MMS_JWT_SECRET=from-user-data\n' },
        policies: { 'mms-ecs-role': { Version: '1', Statement: [
            { Effect: 'Allow', Action: ['oss:GetObject', 'oss:PutObject'], Resource: [`acs:oss:*:*:${BUCKET}/avatars/*`] },
            { Effect: 'Allow', Action: 'oss:*', Resource: `acs:oss:*:*:${BUCKET}/open/*` },
            { Effect: 'Deny', Action: 'oss:Delete*', Resource: '*' }] } },
    });
    toLocal = new http.Agent({ lookup: (name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
});
after(async () => {
    toLocal.destroy();
    await cloud.close();
});
beforeEach(() => {
    cloud.faults.clear();
    cloud.state.skewMs = 0;
});

const oss = (options = {}) => new OSS({ region: 'oss-cn-hangzhou', bucket: BUCKET, endpoint: cloud.url, secure: false, authorizationV4: true, accessKeyId: ID, accessKeySecret: SECRET, ...options });
const crcOf = (bytes) => new Crc64().update(bytes).value();
const refusedWith = (code, status) => (error) => {
    assert.equal(error.code, code, error.stack);
    if (status)
        assert.equal(error.status, status);
    assert.match(error.requestId, /^[0-9A-F]{24}$/);
    return true;
};

test('the checksum is that of ECMA-182', () => {
    assert.equal(crcOf(Buffer.from('123456789')), '11051210869376104954');
    assert.equal(new Crc64().update(Buffer.from('12345')).update(Buffer.from('')).update(Buffer.from('6789')).value(), '11051210869376104954');
    assert.equal(joinedCrc(crcOf(Buffer.from('12345')), crcOf(Buffer.from('6789')), 4), '11051210869376104954');
    assert.equal(crcOf(Buffer.alloc(0)), '0');
});

const FORMS = {
    'bucket in the host name': () => oss(),
    'bucket in the host name, found by name': () => oss({ endpoint: `http://oss-cn-hangzhou.aliyuncs.com:${cloud.port}`, agent: toLocal }),
    'internal host name': () => oss({ endpoint: `http://oss-cn-hangzhou-internal.aliyuncs.com:${cloud.port}`, agent: toLocal }),
    'bucket in the path': () => oss({ endpoint: `http://localhost:${cloud.port}`, sldEnable: true }),
    'a name of one\'s own': () => oss({ endpoint: `http://files.example.com:${cloud.port}`, cname: true, agent: toLocal }),
};
for (const [form, client] of Object.entries(FORMS))
    test(`ali-oss, ${form}: put, head, get, list, delete`, async () => {
        const c = client(), body = randomBytes(5000), key = `${form}/${ODD_KEY}`;
        const put = await c.put(key, body, { mime: 'text/csv', headers: { 'Cache-Control': 'no-cache' }, meta: { who: 'tester' } });
        assert.equal(put.res.headers['x-oss-hash-crc64ecma'], crcOf(body));
        assert.match(put.res.headers.etag, /^"[0-9A-F]{32}"$/);
        assert.deepEqual(cloud.get(BUCKET, key).body, body);
        const head = await c.head(key);
        assert.equal(head.res.headers['content-length'], '5000');
        assert.equal(head.res.headers['content-type'], 'text/csv');
        assert.equal(head.res.headers['cache-control'], 'no-cache');
        assert.equal(head.meta.who, 'tester');
        assert.deepEqual((await c.get(key)).content, body);
        assert.deepEqual((await c.listV2({ prefix: `${form}/`, 'max-keys': 10 })).objects.map((o) => [o.name, o.size]), [[key, 5000]]);
        assert.equal((await c.delete(key)).res.status, 204);
        assert.equal((await c.delete(key)).res.status, 204);
        await assert.rejects(c.get(key), refusedWith('NoSuchKey', 404));
        await assert.rejects(c.head(key), (error) => error.status === 404 && error.code === 'NoSuchKey');
    });

test('ali-oss: strict refuses the bucket in the path, and bucket in both is no one\'s', async (t) => {
    const strict = await startEmulator({ strict: true });
    t.after(() => strict.close());
    await assert.rejects(oss({ endpoint: `http://localhost:${strict.port}`, sldEnable: true }).put('a', Buffer.from('x')), refusedWith('SecondLevelDomainForbidden', 403));
    await oss({ endpoint: strict.url }).put('a', Buffer.from('x'));
    await assert.rejects(oss({ sldEnable: true }).put('a', Buffer.from('x')), refusedWith('SignatureDoesNotMatch', 403));
});

test('ali-oss: V1 is refused, in the header and in the address', async () => {
    const v1 = oss({ authorizationV4: undefined });
    await assert.rejects(v1.put('a', Buffer.from('x')), (error) => refusedWith('AccessDenied', 403)(error) && error.ecCode === '0002-00000080');
    const { pathname, search } = new URL(oss({ authorizationV4: undefined, endpoint: 'http://oss-cn-hangzhou.aliyuncs.com' }).signatureUrl('a'));
    assert.match(search, /OSSAccessKeyId=/);
    const res = await bare('GET', pathname + search);
    assert.equal(res.status, 403);
    assert.match(res.body, /0002-00000080/);
});

const bare = (method, path, headers = {}, body = undefined) => new Promise((resolve, reject) => {
    http.request({ host: '127.0.0.1', port: cloud.port, method, path, headers: { Host: `${BUCKET}.oss-cn-hangzhou.aliyuncs.com`, ...headers } }, (res) => {
        const chunks = [];
        res.on('data', (chunk) => chunks.push(chunk)).on('error', reject).on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks).toString() }));
    }).on('error', reject).end(body);
});

test('ali-oss: an address signed for reading and for writing; it ends, and nothing of it may change', async () => {
    await oss().put(ODD_KEY, Buffer.from('温度'));
    const signed = await oss().signatureUrlV4('GET', 60, { queries: { 'response-content-disposition': 'attachment; filename*=UTF-8\'\'%E6%B0%A2.csv', 'response-content-type': 'text/plain' } }, ODD_KEY);
    const { pathname, search } = new URL(signed);
    const got = await bare('GET', pathname + search);
    assert.equal(got.status, 200, got.body);
    assert.equal(got.body, '温度');
    assert.equal(got.headers['content-disposition'], 'attachment; filename*=UTF-8\'\'%E6%B0%A2.csv');
    assert.equal(got.headers['content-type'], 'text/plain');
    assert.equal((await bare('HEAD', pathname + search)).status, 403, 'signed for another method');
    assert.equal((await bare('GET', pathname + search.replace('60', '61'))).status, 403);
    cloud.state.skewMs = 61_000;
    const late = await bare('GET', pathname + search);
    assert.equal(late.status, 403);
    assert.match(late.body, /<Code>AccessDenied<\/Code>\s*<Message>Request has expired/);
    cloud.state.skewMs = 0;
    const long = new URL(await oss().signatureUrlV4('GET', 604_801, undefined, ODD_KEY));
    assert.match((await bare('GET', long.pathname + long.search)).body, /0002-00000232/);
    const putUrl = new URL(await oss().signatureUrlV4('PUT', 60, { headers: { 'Content-Type': 'text/csv' } }, 'signed.csv'));
    assert.equal((await bare('PUT', putUrl.pathname + putUrl.search, { 'Content-Type': 'text/html', 'Content-Length': 1 }, 'x')).status, 403);
    assert.equal((await bare('PUT', putUrl.pathname + putUrl.search, { 'Content-Type': 'text/csv', 'Content-Length': 1 }, 'x')).status, 200);
});

test('ali-oss: a key that is taken', async () => {
    const options = { headers: { 'x-oss-forbid-overwrite': 'true' } };
    await oss().put('once', Buffer.from('1'), options);
    await assert.rejects(oss().put('once', Buffer.from('2'), options), refusedWith('FileAlreadyExists', 409));
    assert.equal((await oss().get('once')).content.toString(), '1');
    await assert.rejects(oss().put('once', Buffer.from('2'), { headers: { 'x-oss-forbid-overwrite': 'yes' } }), refusedWith('InvalidArgument', 400));
});

test('ali-oss: with versions, nothing is refused and nothing is lost', async () => {
    const c = oss({ bucket: 'versions' }), options = { headers: { 'x-oss-forbid-overwrite': 'true' } };
    const first = (await c.put('a', Buffer.from('1'), options)).res.headers['x-oss-version-id'];
    const second = (await c.put('a', Buffer.from('2'), options)).res.headers['x-oss-version-id'];
    assert.notEqual(first, second);
    assert.equal((await c.get('a')).content.toString(), '2');
    assert.equal((await c.get('a', { versionId: first })).content.toString(), '1');
    const gone = await c.delete('a');
    assert.equal(gone.res.headers['x-oss-delete-marker'], 'true');
    await assert.rejects(c.get('a'), refusedWith('NoSuchKey', 404));
    assert.deepEqual((await c.listV2({})).objects ?? [], []);
    await c.delete('a', { versionId: gone.res.headers['x-oss-version-id'] });
    assert.equal((await c.get('a')).content.toString(), '2');
    assert.equal((await c.getBucketVersioning('versions')).versionStatus, 'Enabled');
    await assert.rejects(c.get('a', { versionId: 'none' }), refusedWith('NoSuchVersion', 404));
});

test('ali-oss: uploads in parts, finished, listed and given up', async () => {
    const c = oss(), body = randomBytes(450_000);
    const done = await c.multipartUpload('parts/whole', body, { partSize: 102_400, parallel: 3 });
    assert.match(done.etag, /^"[0-9A-F]{32}-5"$/);
    assert.deepEqual(cloud.get(BUCKET, 'parts/whole').body, body);
    assert.equal((await c.head('parts/whole')).res.headers['x-oss-hash-crc64ecma'], crcOf(body));
    assert.equal((await c.head('parts/whole')).res.headers['x-oss-object-type'], 'Multipart');
    const { uploadId } = await c.initMultipartUpload('parts/left');
    const part = await c.uploadPart('parts/left', uploadId, 1, body, 0, 102_400);
    assert.deepEqual([(await c.listParts('parts/left', uploadId)).parts].flat().map((p) => p.PartNumber), ['1']);
    assert.deepEqual((await c.listUploads({ 'max-uploads': 10 })).uploads.map((u) => u.uploadId), [uploadId]);
    await assert.rejects(c.completeMultipartUpload('parts/left', uploadId, [{ number: 1, etag: part.etag }, { number: 2, etag: part.etag }]), refusedWith('InvalidPart', 400));
    await c.abortMultipartUpload('parts/left', uploadId);
    assert.deepEqual(cloud.uploads(BUCKET), []);
    await assert.rejects(c.uploadPart('parts/left', uploadId, 1, body, 0, 102_400), refusedWith('NoSuchUpload', 404));
    const small = (await c.initMultipartUpload('parts/small')).uploadId;
    const parts = [];
    for (const number of [1, 2])
        parts.push({ number, etag: (await c.uploadPart('parts/small', small, number, body, 0, 1000)).etag });
    await assert.rejects(c.completeMultipartUpload('parts/small', small, parts), refusedWith('EntityTooSmall', 400));
    await c.abortMultipartUpload('parts/small', small);
});

test('ali-oss: lists of many, by page, by folder, with odd names', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `many/${i % 3}/文件 & <${i}>.txt`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names)
        cloud.put(BUCKET, name, name);
    const c = oss();
    for (const encoding of [undefined, 'url']) {
        const found = [];
        let token;
        do {
            const page = await c.listV2({ prefix: 'many/', 'max-keys': 7, ...(token && { 'continuation-token': token }), ...(encoding && { 'encoding-type': encoding }) });
            found.push(...page.objects.map((o) => (encoding ? decodeURIComponent(o.name) : o.name)));
            token = page.nextContinuationToken;
        } while (token);
        assert.deepEqual(found, names);
    }
    assert.deepEqual((await c.listV2({ prefix: 'many/', delimiter: '/' })).prefixes, ['many/0/', 'many/1/', 'many/2/']);
    const v1 = await c.list({ prefix: 'many/', 'max-keys': 20 });
    assert.equal(v1.objects.length, 20);
    assert.equal((await c.list({ prefix: 'many/', marker: v1.nextMarker })).objects.length, 5);
    await assert.rejects(c.listV2({ 'max-keys': 1001 }), refusedWith('InvalidArgument', 400));
    const gone = await c.deleteMulti(names);
    assert.equal(gone.deleted.length, 25);
    assert.deepEqual((await c.listV2({ prefix: 'many/' })).objects ?? [], []);
});

test('ali-oss: parts of an object, conditions, copies, tags, what a bucket is', async () => {
    const c = oss();
    await c.put('ten', Buffer.from('0123456789'));
    const part = await c.get('ten', { headers: { Range: 'bytes=2-4' } });
    assert.equal(part.res.status, 206);
    assert.equal(part.content.toString(), '234');
    assert.equal(part.res.headers['content-range'], 'bytes 2-4/10');
    assert.equal((await c.get('ten', { headers: { Range: 'bytes=-3' } })).content.toString(), '789');
    assert.equal((await c.get('ten', { headers: { Range: 'bytes=20-' } })).content.toString(), '0123456789', 'a range that cannot be met is not looked at');
    const { etag } = part.res.headers;
    assert.equal((await c.get('ten', { headers: { 'If-None-Match': etag } })).res.status, 304);
    await assert.rejects(c.get('ten', { headers: { 'If-Match': '"0"' } }), refusedWith('PreconditionFailed', 412));
    await c.copy(ODD_KEY, 'ten');
    assert.equal((await c.get(ODD_KEY)).content.toString(), '0123456789');
    await c.copy('copied', ODD_KEY);
    assert.equal((await c.get('copied')).content.toString(), '0123456789');
    await c.putObjectTagging('ten', { kind: 'test' });
    assert.deepEqual((await c.getObjectTagging('ten')).tag, { kind: 'test' });
    assert.equal((await c.getBucketInfo(BUCKET)).bucket.AccessControlList.Grant, 'private');
    assert.equal((await c.getBucketACL(BUCKET)).acl, 'private');
    assert.deepEqual((await oss({ bucket: undefined, endpoint: `http://oss-cn-hangzhou.aliyuncs.com:${cloud.port}`, agent: toLocal }).listBuckets({ 'max-keys': 10 })).buckets.map((b) => b.name), [BUCKET, 'versions', 'elsewhere']);
    await assert.rejects(oss({ bucket: 'none' }).put('a', Buffer.from('x')), refusedWith('NoSuchBucket', 404));
    await assert.rejects(oss({ bucket: 'elsewhere' }).put('a', Buffer.from('x')), (error) => error.status >= 400);
});

test('ali-oss: damage is seen, length is wanted', async () => {
    await assert.rejects(oss().put('a', Buffer.from('x'), { headers: { 'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA==' } }), refusedWith('InvalidDigest', 400));
    const { Readable } = await import('node:stream');
    await assert.rejects(oss().putStream('a', Readable.from([Buffer.from('x')])), refusedWith('MissingContentLength', 411));
});

test('ali-oss: keys of a role: token wrong, missing, out of date; the policy', async () => {
    const keys = cloud.state.issue('mms-ecs-role', 3600);
    const options = { accessKeyId: keys.id, accessKeySecret: keys.secret, stsToken: keys.token, refreshSTSToken: async () => ({ accessKeyId: keys.id, accessKeySecret: keys.secret, stsToken: keys.token }), refreshSTSTokenInterval: 1e6 };
    await oss(options).put('avatars/u/7/a.png', Buffer.from('x'));
    await assert.rejects(oss(options).put('secrets/jwt', Buffer.from('x')), refusedWith('AccessDenied', 403));
    await oss(options).put('open/a', Buffer.from('x'));
    await assert.rejects(oss(options).delete('open/a'), refusedWith('AccessDenied', 403), 'what is denied is not allowed again');
    await assert.rejects(oss({ ...options, stsToken: 'wrong' }).get('avatars/u/7/a.png'), refusedWith('InvalidSecurityToken', 403));
    await assert.rejects(oss({ ...options, stsToken: undefined, refreshSTSToken: undefined }).get('avatars/u/7/a.png'), refusedWith('InvalidAccessKeyId', 403));
    await assert.rejects(oss({ ...options, accessKeyId: ID, accessKeySecret: SECRET }).get('avatars/u/7/a.png'), refusedWith('InvalidSecurityToken', 403));
    await assert.rejects(oss({ accessKeyId: 'nobody' }).get('a'), refusedWith('InvalidAccessKeyId', 403));
    await assert.rejects(oss({ accessKeySecret: 'wrong' }).get('a'), refusedWith('SignatureDoesNotMatch', 403));
    cloud.state.keys.get(keys.id).expires = Date.now() - 1;
    await assert.rejects(oss(options).get('avatars/u/7/a.png'), refusedWith('SecurityTokenExpired', 403));
});

test('ali-oss: a clock that is off gets both clocks', async () => {
    cloud.state.skewMs = -1_200_000;
    const refused = await oss().get('a').catch((error) => error);
    refusedWith('RequestTimeTooSkewed', 403)(refused);
    cloud.state.skewMs = 0;
    cloud.fault({ kind: 'skew', seconds: 1200 });
    await assert.rejects(oss().get('ten'), refusedWith('RequestTimeTooSkewed', 403));
    await oss().put('ten', Buffer.from('0123456789'));
});

test('ali-oss: faults as it sees them', async () => {
    const c = oss({ timeout: 1000 });
    await c.put('fault', Buffer.from('0123456789'));
    const seen = async (fault, act = () => c.get('fault')) => {
        cloud.fault(fault);
        return act().then(() => assert.fail(`${fault.kind}: nothing was wrong`), (error) => error);
    };
    refusedWith('ServiceUnavailable', 503)(await seen({ kind: '503' }));
    refusedWith('InternalError', 500)(await seen({ kind: '500' }));
    assert.match((await seen({ kind: 'reset-before' })).message, /socket hang up|ECONNRESET/);
    assert.match((await seen({ kind: 'hang' })).name, /ResponseTimeoutError|ConnectionTimeoutError/);
    assert.match((await seen({ kind: 'slow', ms: 500 })).name, /ResponseTimeoutError/);
    await seen({ kind: 'truncate' });
    assert.equal((await seen({ kind: 'html-error' })).status, 502);
    refusedWith('SecurityTokenExpired', 403)(await seen({ kind: 'expired-token' }, () => {
        const keys = cloud.state.issue('other-role', 3600);
        return oss({ accessKeyId: keys.id, accessKeySecret: keys.secret, stsToken: keys.token, refreshSTSToken: async () => keys, refreshSTSTokenInterval: 1e6 }).get('fault');
    }));
    assert.match((await seen({ kind: 'lost-ack' }, () => c.put('lost', Buffer.from('x')))).message, /socket hang up|ECONNRESET/);
    assert.equal(cloud.get(BUCKET, 'lost').body.toString(), 'x');
    assert.deepEqual((await c.get('fault')).content.toString(), '0123456789');
});

const kms = (options = {}) => new Kms.default({ accessKeyId: ID, accessKeySecret: SECRET, endpoint: `127.0.0.1:${cloud.port}`, protocol: 'HTTP', type: 'access_key', ...options });
const getSecret = (client, request) => client.getSecretValue(new Kms.GetSecretValueRequest(request));

test('the SDK of KMS, which signs RPC 1.0', async () => {
    const answer = await getSecret(kms(), { secretName: 'mms-jwt-secret' });
    assert.equal(answer.secretData, SECRET_VALUE);
    assert.equal(answer.secretDataType, 'text');
    assert.deepEqual(answer.versionStages.versionStage, ['ACSCurrent']);
    assert.equal((await getSecret(kms(), { secretName: 'odd/na_me+=.@-1' })).secretData, 'AAEC');
    const code = (expected) => (error) => assert.equal(error.code, `${expected}Error`, error.stack) ?? true; // it puts "Error" behind
    await assert.rejects(getSecret(kms(), { secretName: 'none' }), code('Forbidden.ResourceNotFound'));
    await assert.rejects(getSecret(kms({ accessKeySecret: 'wrong' }), { secretName: 'mms-jwt-secret' }), code('SignatureDoesNotMatch'));
    await assert.rejects(getSecret(kms({ accessKeyId: 'nobody' }), { secretName: 'mms-jwt-secret' }), code('InvalidAccessKeyId.NotFound'));
    cloud.state.skewMs = 1_200_000;
    await assert.rejects(getSecret(kms(), { secretName: 'mms-jwt-secret' }), code('InvalidTimeStamp.Expired'));
});

const { Config, Params, OpenApiRequest } = OpenApi;
const acs3 = (action, query, { version = '2016-01-20', ...options } = {}) => new OpenApi.default(new Config({ endpoint: `127.0.0.1:${cloud.port}`, protocol: 'HTTP', accessKeyId: ID, accessKeySecret: SECRET, ...options }))
    .callApi(new Params({ action, version, protocol: 'HTTP', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json' }),
        new OpenApiRequest({ query: OpenApiUtil.default.query(query) }), new TeaUtil.RuntimeOptions({}));

test('the SDK of all services, which signs ACS3: with and without a token, a rotation, refusals', async () => {
    assert.equal((await acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' })).body.SecretData, SECRET_VALUE);
    const keys = cloud.state.issue('other-role', 3600);
    const withToken = { accessKeyId: keys.id, accessKeySecret: keys.secret, securityToken: keys.token };
    const before_ = (await acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }, withToken)).body;
    cloud.state.putSecret('mms-jwt-secret', 'the next one');
    const after_ = (await acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }, withToken)).body;
    assert.equal(after_.SecretData, 'the next one');
    assert.notEqual(after_.VersionId, before_.VersionId);
    const previous = (await acs3('GetSecretValue', { SecretName: 'mms-jwt-secret', VersionStage: 'ACSPrevious' })).body;
    assert.deepEqual([previous.SecretData, previous.VersionId], [SECRET_VALUE, before_.VersionId]);
    assert.equal((await acs3('GetSecretValue', { SecretName: 'mms-jwt-secret', VersionId: before_.VersionId })).body.SecretData, SECRET_VALUE);
    const code = (expected) => (error) => assert.match(error.code ?? '', new RegExp(`${expected}$`), error.stack) ?? true;
    await assert.rejects(acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }, { ...withToken, securityToken: 'wrong' }), code('InvalidSecurityToken.Malformed'));
    await assert.rejects(acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }, { accessKeySecret: 'wrong' }), code('SignatureDoesNotMatch'));
    await assert.rejects(acs3('GetSecretValue', { SecretName: 'mms-jwt-secret', DryRun: 'true' }), code('DryRunOperationError'));
    await assert.rejects(acs3('DeleteSecret', { SecretName: 'mms-jwt-secret' }), code('InvalidAction.NotFound'));
    const roleKeys = cloud.state.issue('mms-ecs-role', 3600);
    await assert.rejects(acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }, { accessKeyId: roleKeys.id, accessKeySecret: roleKeys.secret, securityToken: roleKeys.token }), code('Forbidden.NoPermission'));
    cloud.fault({ kind: 'throttle', service: 'api' });
    await assert.rejects(acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }), code('Throttling.User'));
    cloud.fault({ kind: '503', service: 'api' });
    await assert.rejects(acs3('GetSecretValue', { SecretName: 'mms-jwt-secret' }), code('ServiceUnavailableTemporary'));
});

test('the SDK of all services: a role is taken on, and says who it is', async () => {
    const { Credentials: keys } = (await acs3('AssumeRole', { RoleArn: 'acs:ram::1234567890123456:role/backup', RoleSessionName: 'tests', DurationSeconds: 900 }, { version: '2015-04-01' })).body;
    const me = (await acs3('GetCallerIdentity', {}, { version: '2015-04-01', accessKeyId: keys.AccessKeyId, accessKeySecret: keys.AccessKeySecret, securityToken: keys.SecurityToken })).body;
    assert.equal(me.IdentityType, 'AssumedRoleUser');
    assert.match(me.Arn, /assumed-role\/backup/);
});

test('the SDK of credentials, by the machine\'s metadata, whose address it has built in', async (t) => {
    const real = http.request;
    http.request = (options, ...rest) => real(options.host === '100.100.100.200' || options.hostname === '100.100.100.200'
        ? { ...options, host: '127.0.0.1', hostname: '127.0.0.1', port: cloud.port } : options, ...rest);
    t.after(() => {
        http.request = real;
    });
    const at = cloud.log.length;
    const client = new Credentials.default(new Credentials.Config({ type: 'ecs_ram_role', roleName: 'mms-ecs-role', disableIMDSv1: true, timeout: 60_000, connectTimeout: 60_000 }));
    const keys = await client.getCredential();
    assert.match(keys.accessKeyId, /^STS\./);
    assert.deepEqual(cloud.log.slice(at).map(({ service, method, path, status }) => [service, method, path, status]), [
        ['metadata', 'PUT', '/latest/api/token', 200],
        ['metadata', 'GET', '/latest/meta-data/ram/security-credentials/mms-ecs-role', 200]]);
    await oss({ accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret, stsToken: keys.securityToken, refreshSTSToken: async () => keys, refreshSTSTokenInterval: 1e6 }).put('avatars/u/1/b.png', Buffer.from('x'));
    const none = new Credentials.default(new Credentials.Config({ type: 'ecs_ram_role', roleName: 'no-such-role', disableIMDSv1: true }));
    await assert.rejects(none.getCredential());
});
