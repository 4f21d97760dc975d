// Files in object storage: put there, fetched from there, and what happens when it is slow, wrong, damaged or away.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server, accepted, makeMaterial, makeUsers, refused, sleep } from '../api/harness.mjs';
import { checked, csv, ended, step, upload } from '../api/import-steps.mjs';
import { form, png, pngSize } from '../api/picture.mjs';
import { startEmulator } from './emulator/server.mjs';
import { keyOf } from './site.mjs';

const BUCKET = 'mms-uploads', ID = 'LTAI-emulator', SECRET = 'emulator-secret';
const UNREACHABLE = ['files_unreachable', '文件存储暂时无法访问，请稍后重试'];
const REFUSED = ['files_refused', '文件存储拒绝了访问，请联系管理员'];

const cloud = await startEmulator({ buckets: { [BUCKET]: {} }, strict: false });
const ENV = { UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'oss-cn-hangzhou', OSS_ENDPOINT: cloud.url, OSS_ACCESS_KEY_ID: ID, OSS_ACCESS_KEY_SECRET: SECRET };
const server = new Server({ env: ENV });
server.secrets.push(SECRET);
await server.begin();
after(async () => {
    await server.stop();
    await cloud.close();
});
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
await makeMaterial(M);

const send = (who, bytes) => who.request('POST', '/api/profile/avatar', form(['avatar', bytes]));
const put = async (bytes = png(8, 8)) => accepted(await send(U, bytes), 200, '头像上传成功').avatar;
const failed = (what = () => true) => server.logs.filter((entry) => entry.event === 'oss.failed' && what(entry));
async function until(condition, what) {
    for (const end = Date.now() + 60_000; !await condition(); await sleep(20))
        assert.ok(Date.now() < end, what);
}
/** Orders faults, does it, and takes them away. */
async function during(faults, action) {
    const undo = faults.map((fault) => cloud.fault({ service: 'oss', ...fault }));
    try {
        return await action();
    } finally {
        undo.forEach((take) => take());
    }
}

test('a picture lies in the bucket under a name that nobody can guess, and nowhere else', async () => {
    const avatar = await put(png(30, 20));
    assert.match(keyOf(avatar), /^avatars\/[0-9a-f]{32}\.png$/);
    const object = cloud.get(BUCKET, keyOf(avatar));
    assert.equal(object.headers['content-type'], 'image/png');
    assert.deepEqual(pngSize(object.body), [30, 20]);
    const { status, bytes, headers } = await server.client().get(avatar);
    assert.deepEqual([status, headers['content-type'], headers['cache-control']], [200, 'image/png', 'public, max-age=31536000, immutable']);
    assert.deepEqual(bytes, object.body);
    const before = cloud.log.length;
    assert.equal((await server.client().get(avatar, { headers: { 'if-none-match': headers.etag } })).status, 304);
    assert.equal(cloud.log.length, before, 'a picture that the browser has is not asked for');
    assert.ok(!existsSync(path.join(server.dir, 'uploads', 'avatars')));
    assert.equal((await server.client().get(`/uploads/avatars/${'0'.repeat(32)}.png`)).status, 404);
    const sent = cloud.log.find(({ method, object: key }) => method === 'PUT' && key === keyOf(avatar));
    assert.match(sent.headers.authorization, /^OSS4-HMAC-SHA256 Credential=LTAI-emulator\/\d{8}\/cn-hangzhou\/oss\/aliyun_v4_request/);
    assert.ok(sent.headers['content-md5']);
});

test('what is replaced or removed goes from the bucket, behind the answer', async () => {
    const first = keyOf(await put()), second = keyOf(await put(png(9, 9)));
    assert.notEqual(first, second);
    await until(() => !cloud.keys(BUCKET).includes(first), 'the old picture goes');
    assert.ok(cloud.keys(BUCKET).includes(second));
    accepted(await U.del('/api/profile/avatar'), 200, '头像删除成功');
    await until(() => !cloud.keys(BUCKET).includes(second), 'the removed picture goes');
});

test('an import: uploaded, checked and committed from the bucket', async () => {
    const rows = csv(['物料编码', '物料名称', '类别', '单位'], ['OSS-1', '云端甲', 'chemical', 'kg'], ['OSS-2', '云端乙', 'metal', 'kg']);
    const { id, summary } = await checked(M, 'materials', rows);
    assert.equal(cloud.keys(BUCKET).filter((key) => /^imports\/[0-9a-f]{32}$/.test(key)).length, 1);
    assert.equal(summary.create, 2);
    await step(M, id, 'commit');
    assert.equal(accepted(await M.get('/api/materials?keyword=OSS-1'), 200).list.length, 1);
    const broken = accepted(await upload(M, 'materials', rows), 201).id;
    await during([{ kind: '503', method: 'GET', path: '^/imports/', times: 'always' }], async () => {
        const job = await step(M, broken, 'check', {}, 'failed');
        assert.equal(job.error.message, UNREACHABLE[1]);
    });
});

test('an export made by a job: kept there, given out through the service, the same bytes', async () => {
    const job = await ended(M, accepted(await M.post('/api/export-jobs/materials?format=csv'), 202).jobId);
    assert.equal(job.status, 'done', JSON.stringify(job));
    const [key] = cloud.keys(BUCKET).filter((name) => name.startsWith('exports/'));
    assert.match(key, new RegExp(`^exports/job-${job.id}-[0-9a-f]{32}\\.csv$`));
    const got = await M.get(job.result.url);
    assert.equal(got.status, 200);
    assert.deepEqual(got.bytes, cloud.get(BUCKET, key).body);
    assert.deepEqual(readdirSync(path.join(server.dir, 'uploads')), [], 'no file with a name is left here');
    cloud.remove(BUCKET, key);
    refused(await M.get(job.result.url), 404, 'not_found', '文件已过期，请重新导出');
});

test('OSS_DELIVERY: through the service, or at an address that is good for minutes and for this file alone', async () => {
    const queue = async (list) => ended(M, accepted(await M.post(`/api/export-jobs/${list}?format=csv`), 202).jobId);
    const job = await queue('materials');
    assert.equal(accepted(await M.get(`/api/jobs/${job.id}/file-address`), 200).address, null);
    await server.restart({ OSS_DELIVERY: 'signed' });
    try {
        const { address } = accepted(await M.get(`/api/jobs/${job.id}/file-address`), 200);
        const { protocol, hostname, pathname, searchParams } = new URL(address);
        assert.deepEqual([protocol, hostname, pathname], ['http:', 'localhost', `/${BUCKET}/exports/${job.result.file}`]);
        assert.equal(searchParams.get('x-oss-expires'), '300');
        assert.ok(!address.includes(SECRET));
        const wanted = await M.get(job.result.url);
        const got = await fetch(address);
        assert.deepEqual([got.status, got.headers.get('content-type'), got.headers.get('content-disposition')], [200, wanted.headers['content-type'], wanted.headers['content-disposition']]);
        assert.deepEqual(Buffer.from(await got.arrayBuffer()), wanted.bytes);
        assert.equal((await fetch(address.replace(/exports\/job-\d+-\w/, 'exports/job-1-x'))).status, 403, 'of another file: the signature is not its');
        assert.equal((await fetch(address.split('?')[0])).status, 403, 'without a signature');
        assert.equal((await fetch(address.replace('x-oss-expires=300', 'x-oss-expires=3000'))).status, 403);
        cloud.state.skewMs = 301_000;
        assert.equal((await fetch(address)).status, 403, 'out of time');
        cloud.state.skewMs = 0;
        refused(await U.get(`/api/jobs/${job.id}/file-address`), 404, 'job_not_found', '没有此任务');
        cloud.remove(BUCKET, `exports/${job.result.file}`);
        refused(await M.get(`/api/jobs/${job.id}/file-address`), 404, 'not_found', '文件已过期，请重新导出');
    } finally {
        cloud.state.skewMs = 0;
        await server.restart({ OSS_DELIVERY: null });
    }
});

for (const [what, faults] of Object.entries({
    'two 503': [{ kind: '503', times: 2, method: 'PUT' }],
    'a 500': [{ kind: '500', method: 'PUT' }],
    'a 429 with Retry-After': [{ kind: '429', method: 'PUT', retryAfter: 1 }],
    'a proxy\'s page with 502': [{ kind: 'html-error', method: 'PUT' }],
    'a connection that is reset before': [{ kind: 'reset-before', method: 'PUT' }],
    'a connection that is reset behind': [{ kind: 'reset-after', method: 'PUT' }],
    'an answer that is lost': [{ kind: 'lost-ack', method: 'PUT' }],
    'a bit that is flipped on the way': [{ kind: 'corrupt', method: 'PUT' }],
}))
    test(`putting gets over ${what}`, async () => {
        const before = cloud.log.length, bytes = png(20, 20);
        const avatar = await during(faults, () => put(bytes));
        assert.deepEqual(pngSize(cloud.get(BUCKET, keyOf(avatar)).body), [20, 20]);
        const tries = cloud.log.slice(before).filter(({ method }) => method === 'PUT');
        assert.equal(tries.length, faults.reduce((sum, { times = 1 }) => sum + times, 1));
        assert.equal(new Set(tries.map(({ object }) => object)).size, 1, 'the same key each time: a second one does no harm');
        if (faults[0].retryAfter)
            assert.ok(tries[1].at - tries[0].at >= 1000, 'it waited as long as it was told to');
    });

for (const [what, fault] of Object.entries({
    'a 503': { kind: '503' },
    'an answer that breaks off': { kind: 'truncate' },
    'a bit that is flipped on the way': { kind: 'corrupt' },
    'a connection that is reset': { kind: 'reset-after' },
}))
    test(`getting gets over ${what}`, async () => {
        const avatar = await put(png(60, 60));
        const { status, bytes } = await during([{ method: 'GET', ...fault }], () => server.client().get(avatar));
        assert.equal(status, 200);
        assert.deepEqual(bytes, cloud.get(BUCKET, keyOf(avatar)).body);
    });

test('a clock that is off: told once, loudly, with both clocks, and got over', async () => {
    cloud.state.skewMs = 20 * 60_000;
    try {
        const before = server.logs.length;
        await put();
        const warnings = server.logs.slice(before).filter(({ event }) => event === 'oss.clock_wrong');
        assert.equal(warnings.length, 1);
        assert.equal(warnings[0].level, 'warn');
        assert.ok(Math.abs(warnings[0].behind_s - 1200) < 60);
        assert.ok(Math.abs(new Date(warnings[0].their_clock) - new Date(warnings[0].our_clock) - 1_200_000) < 60_000);
        assert.match(warnings[0].vendor_request_id, /^[0-9A-F]{24}$/);
        const calls = cloud.log.length;
        await put();
        assert.equal(cloud.log.slice(calls).filter(({ code }) => code === 'RequestTimeTooSkewed').length, 0, 'from then on their clock counts');
    } finally {
        cloud.state.skewMs = 0;
    }
    await put(); // and back again
});

for (const [what, { env = {}, fault, code, anonymous }] of Object.entries({
    'a wrong secret': { env: { OSS_ACCESS_KEY_SECRET: 'another-secret' }, code: 'SignatureDoesNotMatch' },
    'an unknown key': { env: { OSS_ACCESS_KEY_ID: 'LTAI-nobody' }, code: 'InvalidAccessKeyId' },
    'no such bucket': { env: { OSS_BUCKET: 'mms-elsewhere' }, code: 'NoSuchBucket' },
    'no permission': { fault: { kind: 'error', status: 403, code: 'AccessDenied', times: 'always' }, code: 'AccessDenied' },
    'another endpoint': { fault: { kind: 'redirect', to: 'http://127.0.0.1:1/', times: 'always' }, code: '', anonymous: true },
}))
    test(`${what}: asked once, 503 with words, the vendor's request id in the log`, async () => {
        const other = { ...server.env };
        if (Object.keys(env).length)
            await server.restart(env);
        try {
            const calls = cloud.log.length, logged = server.logs.length;
            await during(fault ? [{ ...fault, method: 'PUT' }] : [], async () => refused(await send(U, png(4, 4)), 503, ...REFUSED));
            assert.equal(cloud.log.slice(calls).filter(({ method }) => method === 'PUT').length, 1, 'asking again would not help');
            const entry = server.logs.slice(logged).find(({ event }) => event === 'oss.failed');
            assert.equal(entry.code, code);
            assert.match(entry.vendor_request_id, anonymous ? /^$/ : /^[0-9A-F]{24}$/);
            accepted(await M.get('/api/materials'), 200);
        } finally {
            if (Object.keys(env).length)
                await server.restart(other);
        }
    });

test('a refusal that breaks off is a refusal', async () => {
    await during([{ kind: 'bad-xml', status: 403, method: 'PUT', times: 'always' }], async () => refused(await send(U, png(4, 4)), 503, ...REFUSED));
    accepted(await M.get('/api/materials'), 200);
});

test('away: an upload gets 503 with words, soon without waiting; all the rest works; and it comes back by itself', async () => {
    const avatar = await put();
    const away = cloud.fault({ kind: 'reset-before', service: 'oss', times: 'always' });
    for (let i = 0; i < 3; i++)
        refused(await send(U, png(4, 4)), 503, ...UNREACHABLE);
    assert.ok(server.logs.some(({ event }) => event === 'oss.away'), 'told once');
    const calls = cloud.log.length;
    refused(await send(U, png(4, 4)), 503, ...UNREACHABLE);
    refused(await server.client().get(avatar), 503, ...UNREACHABLE);
    assert.ok(cloud.log.length - calls <= 2, 'nobody is asked but for a trial now and then');
    accepted(await M.get('/api/materials'), 200);
    await makeMaterial(M);
    accepted(await admin.put(`/api/users/${U.user.id}`, { realName: '云外' }), 200);
    const { status, body } = await server.client().get('/api/health');
    assert.deepEqual([status, body.data?.status ?? body.status], [200, (body.data?.status ?? body.status)]);
    assert.ok(failed().length > 0);
    away();
    await until(async () => (await send(U, png(4, 4))).status === 200, 'it comes back');
    assert.ok(server.logs.some(({ event }) => event === 'oss.back'));
    await until(async () => (await server.client().get(avatar)).status === 404, 'the one that was replaced goes');
});

test('it starts while the storage is away, says so, and ends at once', async () => {
    const away = cloud.fault({ kind: 'hang', service: 'oss', times: 'always' });
    try {
        await server.restart();
        accepted(await M.get('/api/materials'), 200);
        const began = Date.now();
        await server.halt(); // while the sweep waits for an answer
        assert.ok(Date.now() - began < 20_000);
    } finally {
        away();
        await server.begin();
    }
});

test('it ends properly while a file comes slowly, and in the middle of an upload that nobody answers', async () => {
    const job = await ended(M, accepted(await M.post('/api/export-jobs/materials?format=csv'), 202).jobId);
    cloud.put(BUCKET, `exports/${job.result.file}`, Buffer.alloc(20 << 20));
    const calls = cloud.log.length;
    const undo = [cloud.fault({ kind: 'slow', service: 'oss', method: 'GET', times: 'always' }), cloud.fault({ kind: 'hang', service: 'oss', method: 'PUT', times: 'always' })];
    try {
        const waiting = [M.get(job.result.url), send(U, png(4, 4))];
        await until(() => ['GET', 'PUT'].every((wanted) => cloud.log.slice(calls).some(({ method }) => method === wanted)), 'both are under way');
        await server.halt(); // with 0: nothing was left running
        for (const { status } of await Promise.all(waiting))
            assert.equal(status, 503);
    } finally {
        undo.forEach((take) => take());
        await server.begin();
    }
});

/** As if so many hours had gone by for the files that no row names. */
const later = (hours) => server.sql(`UPDATE loose_files SET due_at = due_at - ${hours * 3_600_000}`);
const has = (key) => cloud.keys(BUCKET).includes(key);
const rows = (...more) => csv(['物料编码', '物料名称', '类别', '单位'], ...more);

test('what a sudden end leaves goes an hour later, and only that', async () => {
    const avatar = keyOf(await put()), beside = [`avatars/${'a'.repeat(32)}.png`, `imports/${'b'.repeat(32)}`, 'avatars/不 & <是> 我们的.png'];
    beside.forEach((key) => cloud.put(BUCKET, key, 'of another site, or of a newer state of this one'));
    for (const key of beside)
        cloud.state.buckets.get(BUCKET).objects.get(key).at(-1).modified -= 30 * 86_400_000;
    const from = cloud.log.length, hang = cloud.fault({ kind: 'hang', service: 'oss', method: 'PUT', times: 'always' });
    const sent = () => [...new Set(cloud.log.slice(from).filter(({ method }) => method === 'PUT').map(({ object }) => object))];
    const answers = [send(U, png(5, 5)), upload(M, 'materials', rows(['X-1', '甲', 'chemical', 'kg']))].map((answer) => answer.catch(() => null));
    await until(() => sent().length === 2, 'both are on their way');
    await server.kill9();
    await Promise.all(answers);
    hang();
    const left = sent();
    left.forEach((key) => cloud.put(BUCKET, key, 'arrived all the same'));
    await later(0.9);
    await server.begin();
    accepted(await send(M, png(6, 6)), 200);
    assert.deepEqual(left.filter(has), left, 'they may still be on their way');
    await server.halt();
    await later(0.2);
    await server.begin();
    await until(() => !left.some(has), 'the leftovers go');
    assert.deepEqual([avatar, ...beside].filter(has), [avatar, ...beside]);
    await until(async () => Number(await server.value(`SELECT COUNT(*) AS n FROM loose_files WHERE key IN ('${left.join("', '")}')`)) === 0, 'and are forgotten');
    beside.forEach((key) => cloud.remove(BUCKET, key));
});

test('a second site, and an old copy of the database, on the same bucket leave the files of the first alone', async () => {
    const others = [new Server({ env: ENV }), new Server({ env: ENV })], before = keyOf(await put());
    await server.database.copyTo(others[0].database);
    const { id } = accepted(await upload(M, 'materials', rows(['LATER-1', '后来', 'chemical', 'kg'])), 201);
    const newer = keyOf(await put(png(11, 11)));
    await until(() => !has(before), 'the picture before goes');
    for (const versions of cloud.state.buckets.get(BUCKET).objects.values())
        versions.at(-1).modified -= 30 * 86_400_000;
    const mine = cloud.keys(BUCKET).sort();
    for (const other of others) {
        await other.begin();
        await sleep(1000);
        await other.stop();
    }
    assert.deepEqual(cloud.keys(BUCKET).sort(), mine);
    assert.ok(has(newer));
    await step(M, id, 'check');
});

test('a sweep that could not remove is tried again; one file that stays does not hold up the others', async () => {
    const left = ['c', 'd'].map((letter) => `avatars/${letter.repeat(32)}.png`);
    left.forEach((key) => cloud.put(BUCKET, key, 'old'));
    await server.halt();
    await server.sql(`INSERT INTO loose_files (key, due_at) VALUES ('${left[0]}', 1), ('${left[1]}', 2)`);
    const refused = cloud.fault({ kind: 'error', status: 403, code: 'AccessDenied', service: 'oss', method: 'DELETE', path: left[0], times: 'always' });
    const { length: before } = server.logs;
    await server.begin();
    await until(() => server.logs.slice(before).some(({ event }) => event === 'files.sweep_failed'), 'it is refused');
    assert.deepEqual(left.map(has), [true, false]);
    refused();
    await until(() => !has(left[0]), 'the leftover goes');
});
