// What the vendor's own client has put, the program reads; what the program has put, the vendor's own client reads.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import OSS from 'ali-oss';

import { accepted, makeMaterial } from '../api/harness.mjs';
import { ended } from '../api/import-steps.mjs';
import { form, png } from '../api/picture.mjs';
import { Crc64 } from './emulator/encode.mjs';
import { BUCKET, KEY, SECRET, keyOf, startSite } from './site.mjs';

const FOREIGN = ['avatars/氢气 库存(1)+~\'!*@=&<>.png', 'avatars/报表/2026年.csv', 'avatars/.hidden', 'exports/温度 & 压力.xlsx', '氢气.txt', 'avatars/', 'avatars/UPPER.png', 'avatars/%2e%2e'];

const { cloud, server, admin, U } = await startSite();
const oss = new OSS({ region: 'oss-cn-hangzhou', bucket: BUCKET, endpoint: cloud.url, secure: false, authorizationV4: true, accessKeyId: KEY, accessKeySecret: SECRET });

const upload = async (bytes) => accepted(await U.request('POST', '/api/profile/avatar', form(['avatar', bytes])), 200).avatar;

test('what the program has put, the vendor\'s client reads: bytes, kind, checksum', async () => {
    const avatar = await upload(png(40, 30)), key = keyOf(avatar);
    assert.match(key, /^avatars\/[0-9a-f]{32}\.png$/);
    const { content, res } = await oss.get(key);
    assert.equal(res.headers['content-type'], 'image/png');
    assert.equal(res.headers['x-oss-hash-crc64ecma'], new Crc64().update(content).value());
    assert.deepEqual((await server.client().get(avatar)).bytes, content);
    const { objects } = await oss.listV2({ prefix: 'avatars/' });
    assert.ok(objects.some(({ name, size }) => name === key && size === content.length));
});

test('what the vendor\'s client has put, the program reads', async () => {
    const avatar = await upload(png(41, 30)), bytes = png(41, 31);
    await oss.put(keyOf(avatar), bytes, { mime: 'image/png' });
    assert.deepEqual((await server.client().get(avatar)).bytes, bytes);
    const parts = Buffer.alloc(300_000, png(9, 9));
    await oss.multipartUpload(keyOf(avatar), parts, { partSize: 102_400 });
    assert.deepEqual((await server.client().get(avatar)).bytes, parts, 'put in parts');
});

test('a table with a Chinese name: kept under a key of the program\'s own, given out under its name', async () => {
    for (let i = 0; i < 3; i++)
        await makeMaterial(admin, { materialName: `氢气 ${i}` });
    const before = new Set(cloud.keys(BUCKET));
    const { jobId } = accepted(await admin.post('/api/export-jobs/materials?format=csv'), 202);
    const job = await ended(admin, jobId);
    assert.equal(job.status, 'done', JSON.stringify(job));
    const [key] = cloud.keys(BUCKET).filter((one) => !before.has(one));
    assert.match(key, /^exports\/[a-z0-9._-]+$/);
    const got = await admin.get(`/api/jobs/${jobId}/file`);
    assert.equal(got.status, 200, got.text);
    assert.match(got.headers['content-disposition'], /filename\*=UTF-8''%E7/);
    assert.deepEqual(got.bytes, (await oss.get(key)).content);
    assert.match(got.text, /氢气 2/);
});

test('foreign keys in the bucket, Chinese and odd ones: left alone, and nobody stumbles', async () => {
    for (const key of FOREIGN)
        await oss.put(key, Buffer.from(key));
    const forgotten = `avatars/${'0'.repeat(32)}.png`;
    await oss.put(forgotten, png(3, 3));
    for (const key of [...FOREIGN, forgotten])
        cloud.state.buckets.get(BUCKET).objects.get(key).at(-1).modified -= 30 * 86_400_000;
    await server.sql(`INSERT INTO loose_files (key, due_at) VALUES ('${forgotten}', 1)`);
    await server.restart();
    await server.until(() => !cloud.keys(BUCKET).includes(forgotten), 60_000, 'to sweep what is left');
    const avatar = await upload(png(42, 30));
    assert.equal((await server.client().get(avatar)).status, 200);
    for (const key of FOREIGN)
        assert.equal((await oss.get(key)).content.toString(), key);
});

/** What no client of the vendor's would make, and a bucket may hold all the same. */
const CLIMBING = ['avatars/../../evil.png', 'avatars/..', '../evil', '/evil', 'avatars//evil.png', 'avatars/evil\u0000.png', 'avatars/evil\n.png', 'imports/../../../evil', `avatars/${'e'.repeat(900)}`];

test('from there to the disk: the program\'s own files come, byte by byte; foreign ones do not, and none leaves its folder', async () => {
    const avatar = await upload(png(43, 30));
    for (const key of CLIMBING)
        cloud.put(BUCKET, key, 'evil');
    const { code, output } = await server.run(['files', 'migrate', '--to', 'local']);
    assert.ok(code === 0 || /evil/.test(output), output);
    assert.deepEqual(readFileSync(`${server.dir}/uploads/${keyOf(avatar)}`), cloud.get(BUCKET, keyOf(avatar)).body);
    const written = readdirSync(server.dir, { recursive: true }).map(String);
    assert.deepEqual(written.filter((name) => /evil|eeee|\.\./.test(name)), []);
    assert.ok(!existsSync(`${server.dir}/../evil`) && !existsSync(`${server.dir}/../evil.png`) && !existsSync('/evil'));
    for (const key of CLIMBING)
        cloud.remove(BUCKET, key);
});

const LAUGHS = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a0 "ha">${Array.from({ length: 30 }, (_, i) => `<!ENTITY a${i + 1} "&a${i};&a${i};">`).join('')}]><ListBucketResult><Contents><Key>&a30;</Key></Contents></ListBucketResult>`;
const LISTS = {
    'entities that grow': { body: LAUGHS },
    'an external entity': { body: '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/passwd">]><ListBucketResult><Name>&e;</Name><Contents><Key>avatars/&e;</Key></Contents></ListBucketResult>' },
    'the same page for ever': { times: 'always', body: '<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>' },
    'no end of it': { body: `<?xml version="1.0"?><ListBucketResult>${'<Contents><Key>avatars/x</Key></Contents>'.repeat(200_000)}</ListBucketResult>` },
    'something else': { body: '{"ok": true}' },
    'nothing': { body: '' },
    'a page that is cut, without a word of where to go on': { times: 'always', body: '<?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>' },
};
for (const [what, fault] of Object.entries(LISTS))
    test(`a list that lies, ${what}: told in words, nothing is done`, async () => {
        cloud.faults.clear();
        cloud.fault({ kind: 'answer', method: 'GET', path: 'list-type', times: 'always', ...fault });
        const { code, output } = await server.run(['files', 'migrate', '--to', 'local']);
        cloud.faults.clear();
        assert.ok(code !== null && code !== 0, `it ends, and does not say that all is well: ${code}\n${output}`);
        assert.doesNotMatch(output, /root:/);
        assert.match(output, /[一-鿿]/);
    });
