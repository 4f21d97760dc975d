// Calls on the service and on a bucket: lists, what it is, its versioning.
import { escapeXml, xmlTexts } from './encode.mjs';
import { OssError, bad, malformed } from './oss-auth.mjs';
import { isoMs, xml } from './oss-common.mjs';
import { listUploads } from './oss-multipart.mjs';
import { getObject, sortedKeys } from './store.mjs';

const MOST = 1000;
const OWNER = '<Owner><ID>1</ID><DisplayName>1</DisplayName></Owner>';

function maxKeys(request) {
    const text = request.one('max-keys') ?? '100';
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > MOST)
        throw bad(`max-keys must be between 1 and ${MOST}.`, '0017-00000503');
    return Number(text);
}

/** Keys and common prefixes from after `after` on, at most n of both; `last` is set when there is more. */
function page(bucket, { prefix, delimiter, after, n }) {
    const found = [];
    let group, last;
    for (const key of sortedKeys(bucket)) {
        if (!key.startsWith(prefix))
            continue;
        const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
        const name = cut < 0 ? key : key.slice(0, cut + delimiter.length);
        if (name === group || Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0)
            continue;
        if (found.length === n)
            return { found, last };
        group = cut < 0 ? undefined : name;
        found.push({ name, isGroup: cut >= 0 });
        last = name;
    }
    return { found, last: undefined };
}

function list(bucket, request) {
    const v2 = request.one('list-type') === '2';
    const text = (name) => request.one(name) ?? '';
    const n = maxKeys(request);
    const token = text('continuation-token');
    let after = v2 ? text('start-after') : text('marker');
    if (v2 && token !== '') {
        after = Buffer.from(token, 'base64').toString();
        if (Buffer.from(after).toString('base64') !== token)
            throw bad('The specified continuation-token is invalid.', '0017-00000506');
    }
    const { found, last } = page(bucket, { prefix: text('prefix'), delimiter: text('delimiter'), after, n });
    const url = text('encoding-type') === 'url';
    const name = (key) => (url ? encodeURIComponent(key) : escapeXml(key));
    const next = last === undefined ? '' : v2 ? `<NextContinuationToken>${Buffer.from(last).toString('base64')}</NextContinuationToken>` : `<NextMarker>${name(last)}</NextMarker>`;
    const entry = (key) => {
        const o = getObject(bucket, key);
        return `<Contents><Key>${name(key)}</Key><LastModified>${isoMs(o.modified)}</LastModified><ETag>${escapeXml(o.etag)}</ETag><Type>${o.type}</Type><Size>${o.size}</Size><StorageClass>Standard</StorageClass>${v2 && text('fetch-owner') !== 'true' ? '' : OWNER}</Contents>`;
    };
    return xml(200, `<ListBucketResult><Name>${bucket.name}</Name><Prefix>${name(text('prefix'))}</Prefix>${v2 ? `<StartAfter>${name(text('start-after'))}</StartAfter><KeyCount>${found.length}</KeyCount>` : `<Marker>${name(after)}</Marker>`}`
        + `<MaxKeys>${n}</MaxKeys><Delimiter>${name(text('delimiter'))}</Delimiter>${url ? '<EncodingType>url</EncodingType>' : ''}<IsTruncated>${last !== undefined}</IsTruncated>${next}`
        + `${found.filter((f) => !f.isGroup).map((f) => entry(f.name)).join('')}${found.filter((f) => f.isGroup).map((f) => `<CommonPrefixes><Prefix>${name(f.name)}</Prefix></CommonPrefixes>`).join('')}</ListBucketResult>`);
}

/** What it says of itself, and the list of buckets of each. */
const facts = (b) => `<CreationDate>${isoMs(b.created)}</CreationDate><ExtranetEndpoint>oss-${b.hostRegion}.aliyuncs.com</ExtranetEndpoint>`
    + `<IntranetEndpoint>oss-${b.hostRegion}-internal.aliyuncs.com</IntranetEndpoint><Location>oss-${b.hostRegion}</Location><Name>${b.name}</Name><StorageClass>Standard</StorageClass>`;

const info = (bucket) => xml(200, `<BucketInfo><Bucket>${facts(bucket)}${bucket.versioning && `<Versioning>${bucket.versioning}</Versioning>`}`
    + `<AccessControlList><Grant>${bucket.acl}</Grant></AccessControlList></Bucket></BucketInfo>`);

const getAcl = (bucket) => xml(200, `<AccessControlPolicy>${OWNER}<AccessControlList><Grant>${bucket.acl}</Grant></AccessControlList></AccessControlPolicy>`);

const getVersioning = (bucket) => xml(200, `<VersioningConfiguration>${bucket.versioning && `<Status>${bucket.versioning}</Status>`}</VersioningConfiguration>`);

function putVersioning(bucket, request) {
    const [status] = xmlTexts(Buffer.concat(request.chunks).toString(), 'Status');
    if (status !== 'Enabled' && status !== 'Suspended')
        throw malformed('0016-00000303');
    bucket.versioning = status;
    return { status: 200, headers: {} };
}

function noLifecycle(bucket) {
    throw new OssError(404, 'NoSuchLifecycle', 'No Row found in Lifecycle Table.', { ec: '0015-00000202', BucketName: bucket.name });
}

function putBucket(bucket, request, state) {
    if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(request.place.bucket))
        throw new OssError(400, 'InvalidBucketName', 'The specified bucket is not valid.', { ec: '0015-00000001' });
    if (!bucket)
        state.addBucket(request.place.bucket, { acl: request.headers['x-oss-acl'] });
    return { status: 200, headers: {} };
}

const listBuckets = (bucket, request, state) => xml(200, `<ListAllMyBucketsResult>${OWNER}<Buckets>${[...state.buckets.values()].map((b) => `<Bucket>${facts(b)}</Bucket>`).join('')}</Buckets></ListAllMyBucketsResult>`);

export const SERVICE_CALLS = [['GET', '', 'oss:ListBuckets', listBuckets]];
export const BUCKET_CALLS = [
    ['GET', '', 'oss:ListObjects', list],
    ['HEAD', '', 'oss:GetBucketInfo', info],
    ['PUT', '', 'oss:PutBucket', putBucket],
    ['GET', 'bucketInfo', 'oss:GetBucketInfo', info],
    ['GET', 'acl', 'oss:GetBucketAcl', getAcl],
    ['GET', 'versioning', 'oss:GetBucketVersioning', getVersioning],
    ['PUT', 'versioning', 'oss:PutBucketVersioning', putVersioning],
    ['GET', 'uploads', 'oss:ListMultipartUploads', listUploads],
    ['GET', 'lifecycle', 'oss:GetLifecycle', noLifecycle],
];
