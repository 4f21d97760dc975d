// Objects of a bucket and their versions.
import { createHash, randomBytes } from 'node:crypto';

import { Crc64 } from './encode.mjs';

/** Of all the chunks. */
export function digest(chunks) {
    const md5 = createHash('md5'), crc = new Crc64();
    let size = 0;
    for (const chunk of chunks) {
        md5.update(chunk);
        crc.update(chunk);
        size += chunk.length;
    }
    return { size, md5: md5.digest(), crc: crc.value() };
}

const newId = () => `CAEQ${randomBytes(24).toString('base64url')}`;
const keepsVersions = (bucket) => bucket.versioning === 'Enabled';

function push(bucket, key, version) {
    const others = bucket.objects.get(key) ?? [];
    version.id = keepsVersions(bucket) ? newId() : 'null';
    bucket.objects.set(key, [...others.filter((other) => other.id !== version.id), version]);
    return version;
}

/** {chunks, size, md5, crc, headers, type, etag, modified} */
export const putObject = (bucket, key, object) => push(bucket, key, { type: 'Normal', ...object });

/** The latest that is no delete marker, or that version. */
export function getObject(bucket, key, id) {
    const versions = bucket.objects.get(key) ?? [];
    const found = id === undefined ? versions.at(-1) : versions.find((v) => v.id === id);
    return found && !found.marker ? found : undefined;
}

/** The version that went, or the marker that came; undefined when there is nothing to tell. */
export function removeObject(bucket, key, id, now) {
    const versions = bucket.objects.get(key) ?? [];
    if (id === undefined && bucket.versioning !== '')
        return push(bucket, key, { marker: true, modified: now, chunks: [], size: 0 });
    const gone = id === undefined ? versions.at(-1) : versions.find((v) => v.id === id);
    const left = versions.filter((v) => v !== gone);
    if (left.length)
        bucket.objects.set(key, left);
    else
        bucket.objects.delete(key);
    return id === undefined ? undefined : gone;
}

/** Keys with an object, in the order of their bytes. */
export const sortedKeys = (bucket) => [...bucket.objects.keys()].filter((key) => getObject(bucket, key))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
