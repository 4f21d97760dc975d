// Uploads in parts.
import { createHash, randomBytes } from 'node:crypto';

import { escapeXml, joinedCrc, xmlTexts } from './encode.mjs';
import { OssError, bad, malformed } from './oss-auth.mjs';
import { checkBody, checkOverwrite, isoMs, kept, quoted, versionHeader, xml } from './oss-common.mjs';
import { putObject } from './store.mjs';

const SMALLEST = 102_400; // of all parts but the last
const MOST = 10_000;

function find(bucket, request) {
    const upload = bucket.uploads.get(request.one('uploadId'));
    if (!upload || upload.key !== request.key)
        throw new OssError(404, 'NoSuchUpload', 'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.', { ec: '0042-00000002', UploadId: request.one('uploadId') });
    return upload;
}

function begin(bucket, request) {
    checkOverwrite(bucket, request);
    const id = randomBytes(16).toString('hex').toUpperCase();
    bucket.uploads.set(id, { id, key: request.key, headers: { 'content-type': 'application/octet-stream', ...kept(request.headers) }, parts: new Map(), begun: request.now });
    return xml(200, `<InitiateMultipartUploadResult><Bucket>${bucket.name}</Bucket><Key>${escapeXml(request.key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
}

function putPart(bucket, request) {
    const upload = find(bucket, request);
    const number = Number(request.one('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > MOST)
        throw bad(`partNumber must be between 1 and ${MOST}.`, '0017-00000401');
    checkBody(request);
    const { chunks, size, md5, crc, now } = request;
    upload.parts.set(number, { chunks, size, md5, crc, etag: quoted(md5), modified: now });
    return { status: 200, headers: { ETag: quoted(md5), 'x-oss-hash-crc64ecma': crc, 'Content-MD5': md5.toString('base64') } };
}

function chosenParts(upload, text) {
    const numbers = xmlTexts(text, 'PartNumber').map(Number), tags = xmlTexts(text, 'ETag');
    if (numbers.length === 0 || numbers.length !== tags.length)
        throw malformed('0042-00000203');
    if (numbers.some((n, i) => i > 0 && n <= numbers[i - 1]))
        throw new OssError(400, 'InvalidPartOrder', 'The list of parts was not in ascending order. Parts list must specified in order by part number.', { ec: '0042-00000205' });
    return numbers.map((number, i) => {
        const part = upload.parts.get(number);
        if (!part || part.etag.replaceAll('"', '') !== tags[i].replaceAll('"', '').toUpperCase())
            throw new OssError(400, 'InvalidPart', 'One or more of the specified parts could not be found or the specified entity tag might not have matched the part\'s entity tag.', { ec: '0042-00000206', PartNumber: number });
        if (part.size < SMALLEST && i < numbers.length - 1)
            throw new OssError(400, 'EntityTooSmall', 'Your proposed upload smaller than the minimum allowed size.', { ec: '0042-00000207', PartNumber: number, MinSizeAllowed: SMALLEST });
        return part;
    });
}

function complete(bucket, request) {
    const upload = find(bucket, request);
    checkOverwrite(bucket, request);
    const parts = chosenParts(upload, Buffer.concat(request.chunks).toString());
    const chunks = parts.flatMap((part) => part.chunks);
    const whole = createHash('md5');
    let size = 0, crc = '0';
    for (const part of parts) {
        whole.update(part.md5);
        crc = joinedCrc(crc, part.crc, part.size);
        size += part.size;
    }
    const tag = `"${whole.digest('hex').toUpperCase()}-${parts.length}"`;
    const object = putObject(bucket, request.key, { chunks, size, crc, etag: tag, headers: upload.headers, modified: request.now, type: 'Multipart' });
    bucket.uploads.delete(upload.id);
    return xml(200, `<CompleteMultipartUploadResult><Location>http://${request.headers.host}/${encodeURI(request.key)}</Location><Bucket>${bucket.name}</Bucket><Key>${escapeXml(request.key)}</Key><ETag>${escapeXml(tag)}</ETag></CompleteMultipartUploadResult>`,
        { ETag: tag, 'x-oss-hash-crc64ecma': crc, ...versionHeader(bucket, object) });
}

function abort(bucket, request) {
    bucket.uploads.delete(find(bucket, request).id);
    return { status: 204, headers: {} };
}

function listParts(bucket, request) {
    const upload = find(bucket, request);
    const parts = [...upload.parts].sort(([a], [b]) => a - b);
    return xml(200, `<ListPartsResult><Bucket>${bucket.name}</Bucket><Key>${escapeXml(upload.key)}</Key><UploadId>${upload.id}</UploadId><NextPartNumberMarker>${parts.at(-1)?.[0] ?? 0}</NextPartNumberMarker>`
        + `<MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated>${parts.map(([number, p]) => `<Part><PartNumber>${number}</PartNumber><LastModified>${isoMs(p.modified)}</LastModified><ETag>${escapeXml(p.etag)}</ETag><Size>${p.size}</Size></Part>`).join('')}</ListPartsResult>`);
}

export const listUploads = (bucket) => xml(200, `<ListMultipartUploadsResult><Bucket>${bucket.name}</Bucket><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>${[...bucket.uploads.values()]
    .map((u) => `<Upload><Key>${escapeXml(u.key)}</Key><UploadId>${u.id}</UploadId><Initiated>${isoMs(u.begun)}</Initiated></Upload>`).join('')}</ListMultipartUploadsResult>`);

export const MULTIPART_CALLS = [
    ['POST', 'uploads', 'oss:PutObject', begin],
    ['PUT', 'partNumber', 'oss:PutObject', putPart],
    ['PUT', 'uploadId', 'oss:PutObject', putPart],
    ['POST', 'uploadId', 'oss:PutObject', complete],
    ['DELETE', 'uploadId', 'oss:AbortMultipartUpload', abort],
    ['GET', 'uploadId', 'oss:ListParts', listParts],
];
