// What the calls on objects, buckets and uploads share.
import { randomBytes } from 'node:crypto';

import { OssError, bad } from './oss-auth.mjs';
import { getObject } from './store.mjs';

const KEPT = /^(content-type|content-disposition|content-encoding|content-language|cache-control|expires|x-oss-meta-.+|x-oss-server-side-encryption|x-oss-storage-class)$/;

export const quoted = (md5) => `"${md5.toString('hex').toUpperCase()}"`;
export const isoMs = (ms) => new Date(ms).toISOString();
export const newRequestId = () => randomBytes(12).toString('hex').toUpperCase();

/** An answer with a document. */
export const xml = (status, inner, headers = {}) => ({ status, headers: { 'Content-Type': 'application/xml', ...headers }, chunks: [Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${inner}`)] });

/** Headers of a request that stay with the object. */
export const kept = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT.test(name)));

export const versionHeader = (bucket, object) => (bucket.versioning === '' ? {} : { 'x-oss-version-id': object.id });

/** 409 when the key is taken and must not be. With versions kept the service does not look. */
export function checkOverwrite(bucket, request) {
    const word = request.headers['x-oss-forbid-overwrite'];
    if (word !== undefined && word !== 'true' && word !== 'false')
        throw bad('x-oss-forbid-overwrite must be true or false.', '0017-00000279');
    if (word === 'true' && bucket.versioning === '' && getObject(bucket, request.key))
        throw new OssError(409, 'FileAlreadyExists', 'The object you specified already exists and can not be overwritten.', { ec: '0026-00000121' });
}

/** Looks at the body's length and checksum. */
export function checkBody(request) {
    const wanted = request.headers['content-md5'];
    if (request.headers['content-length'] === undefined)
        throw new OssError(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.', { ec: '0017-00000804' });
    if (wanted !== undefined && wanted !== request.md5.toString('base64'))
        throw new OssError(400, 'InvalidDigest', 'The Content-MD5 you specified is not valid.', { ec: '0017-00000005', 'Content-MD5': wanted });
}
