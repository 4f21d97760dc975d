// mms files migrate: 200 files into object storage and back, with kill -9 in between, each verified; what must not happen to any of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BINARY, runProgram, sleep } from '../api/harness.mjs';
import { startEmulator } from './emulator/server.mjs';

const BUCKET = 'mms-uploads', SECRET = 'emulator-secret', MIB = 1 << 20;
const SCRIPTS = fileURLToPath(new URL('../../../scripts/', import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
const cloud = await startEmulator({ buckets: { [BUCKET]: {} } });
after(async () => {
    await cloud.close();
    rmSync(dir, { recursive: true, force: true });
});

let number = 0;
/** A place of its own on the disk; the bucket is emptied. */
function fresh(count = 0) {
    for (const key of cloud.keys(BUCKET))
        cloud.remove(BUCKET, key);
    cloud.state.buckets.get(BUCKET).uploads.clear(); // what kill -9 has left in parts: a rule of the bucket ends it
    cloud.faults.clear();
    const uploads = path.join(dir, `uploads-${++number}`), files = new Map();
    for (let i = 0; i < count; i++) {
        const folder = ['avatars', 'imports', 'exports'][i % 3];
        const size = i === 0 ? 0 : i === 1 ? 20 * MIB + 7 : i === 2 ? 8 * MIB : i < 6 ? 100_000 * i : 1 + (i * 977) % 5000;
        files.set(`${folder}/${randomBytes(16).toString('hex')}${i % 2 ? '.png' : ''}`, randomBytes(size));
    }
    for (const [key, bytes] of files) {
        mkdirSync(path.dirname(path.join(uploads, key)), { recursive: true });
        writeFileSync(path.join(uploads, key), bytes);
    }
    const env = { PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', UPLOAD_DIR: uploads, DB_PATH: path.join(dir, 'mms.db'), OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou',
        OSS_ENDPOINT: cloud.url, OSS_ACCESS_KEY_ID: 'LTAI-emulator', OSS_ACCESS_KEY_SECRET: SECRET };
    return { uploads, files, env };
}
const migrate = async (env, to, ...more) => {
    const done = await runProgram(['files', 'migrate', '--to', to, ...more], { env, cwd: dir });
    assert.ok(!done.output.includes(SECRET));
    return done;
};
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const onDisk = (uploads) => new Map(['avatars', 'imports', 'exports'].flatMap((folder) => {
    try {
        return readdirSync(path.join(uploads, folder)).map((name) => [`${folder}/${name}`, readFileSync(path.join(uploads, folder, name))]);
    } catch {
        return [];
    }
}));
const inBucket = () => new Map(cloud.keys(BUCKET).map((key) => [key, cloud.get(BUCKET, key).body]));
const sums = (files) => Object.fromEntries([...files].map(([key, bytes]) => [key, hash(bytes)]).sort());
const same = (one, other, what) => assert.deepEqual(sums(one), sums(other), what);

/** Runs it, and kills it with SIGKILL as soon as `when` says so; gives whether it was still running. */
async function killed(env, to, when, ...more) {
    const child = spawn(BINARY, ['files', 'migrate', '--to', to, '--parallel', '2', ...more], { env, cwd: dir, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal)));
    while (child.exitCode === null && !when())
        await sleep(1);
    child.kill('SIGKILL');
    return await ended === 'SIGKILL';
}

test('200 files there and back, killed in between at any moment, all the same', async () => {
    const { uploads, files, env } = fresh(200);
    let kills = 0;
    for (const at of [1, 20, 60, 110, 160]) {
        kills += await killed(env, 'oss', () => cloud.keys(BUCKET).length >= at);
        for (const [key, bytes] of inBucket())
            assert.equal(hash(bytes), hash(files.get(key)), `whole or not there: ${key}`);
    }
    assert.ok(kills >= 3, `it was killed ${kills} times while it ran`);
    const before = cloud.keys(BUCKET).length;
    const report = path.join(dir, 'report.json');
    const { code, output } = await migrate(env, 'oss', '--report', report);
    assert.equal(code, 0, output);
    same(inBucket(), files);
    same(onDisk(uploads), files, 'the source stays');
    const told = JSON.parse(readFileSync(report));
    // What had arrived whole when it was killed may be put a little later: one for each of its two threads.
    assert.ok(told.there >= before && told.there <= before + 2, `${told.there} were there, ${before} at the least`);
    assert.deepEqual([told.files, told.copied, told.failed, told.deleted, told.items.length], [200, 200 - told.there, 0, 0, 200]);

    const puts = cloud.log.length;
    assert.equal((await migrate(env, 'oss')).code, 0);
    assert.equal(cloud.log.slice(puts).filter(({ method }) => method === 'PUT' || method === 'POST').length, 0, 'once more: nothing is sent');

    const back = { ...env, UPLOAD_DIR: path.join(dir, 'back') };
    kills = 0;
    for (const at of [1, 50, 120])
        kills += await killed(back, 'local', () => [...onDisk(back.UPLOAD_DIR).keys()].filter((key) => !key.endsWith('.part')).length >= at);
    assert.ok(kills >= 1);
    const last = await migrate(back, 'local');
    assert.equal(last.code, 0, last.output);
    same(onDisk(back.UPLOAD_DIR), files);
});

test('--delete-source: only when the service uses the target, and everything was read back', async () => {
    const { uploads, files, env } = fresh(30);
    const early = await migrate(env, 'oss', '--delete-source');
    assert.equal(early.code, 78, early.output);
    assert.match(early.output, /UPLOAD_BACKEND=oss/);
    same(onDisk(uploads), files);
    const switched = { ...env, UPLOAD_BACKEND: 'oss' };
    // One object that the storage cannot give back whole: nothing but this stays.
    const bad = [...files.keys()][9];
    cloud.fault({ kind: 'corrupt', service: 'oss', method: 'GET', path: `^/${bad}$`, times: 'always' });
    const damaged = await migrate(switched, 'oss', '--delete-source');
    assert.equal(damaged.code, 1, damaged.output);
    assert.deepEqual([...onDisk(uploads).keys()], [bad]);
    cloud.faults.clear();
    const { code, output } = await migrate(switched, 'oss', '--delete-source');
    assert.equal(code, 0, output);
    assert.deepEqual([...onDisk(uploads).keys()], []);
    same(inBucket(), files);
    const home = await migrate(env, 'local', '--delete-source');
    assert.equal(home.code, 0, home.output);
    same(onDisk(uploads), files);
    assert.deepEqual(cloud.keys(BUCKET), []);
});

test('--delete-source deletes nothing when anything is missing', async () => {
    const { uploads, files, env } = fresh(20);
    const bad = [...files.keys()][4];
    cloud.fault({ kind: 'error', status: 403, code: 'AccessDenied', service: 'oss', method: 'PUT', path: `^/${bad}`, times: 'always' });
    const { code, output } = await migrate({ ...env, UPLOAD_BACKEND: 'oss' }, 'oss', '--delete-source');
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`${bad}.*AccessDenied.*request id [0-9A-F]{24}`));
    same(onDisk(uploads), files);
});

test('killed while it deletes: what is gone from the source is whole in the bucket, and the next run ends it', async () => {
    const { uploads, files, env } = fresh(120), switched = { ...env, UPLOAD_BACKEND: 'oss' };
    assert.equal((await migrate(env, 'oss')).code, 0);
    let kills = 0;
    for (const left of [110, 70, 30]) {
        kills += await killed(switched, 'oss', () => onDisk(uploads).size <= left, '--delete-source');
        const there = onDisk(uploads);
        for (const [key, bytes] of there)
            assert.equal(hash(bytes), hash(files.get(key)), key);
        same(inBucket(), files, `all of them, with ${there.size} at the source`);
    }
    assert.ok(kills >= 2, `it was killed ${kills} times while it ran`);
    const before = onDisk(uploads).size, { code, output } = await migrate(switched, 'oss', '--delete-source');
    assert.equal(code, 0, output);
    assert.ok(before > 0 && onDisk(uploads).size === 0, `${before} were left`);
    same(inBucket(), files);
});

test('--parallel: so many at a time, and no more; its progress is shown', async () => {
    for (const parallel of [1, 3]) {
        const { files, env } = fresh(12);
        const held = cloud.fault({ kind: 'hang', service: 'oss', method: 'PUT', times: 'always' }), from = cloud.log.length, { connections } = cloud;
        const child = spawn('script', ['-qec', `'${BINARY}' files migrate --to oss --parallel ${parallel}`, '/dev/null'], { env: { ...env, SHELL: '/bin/sh' }, cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
        let shown = '';
        child.stdout.on('data', (text) => (shown += text));
        const ended = new Promise((resolve) => child.on('close', resolve));
        // Nobody is answered: each of them has one on its way.
        const putting = () => new Set(cloud.log.slice(from).filter(({ method }) => method === 'PUT').map(({ object }) => object)).size;
        const isShown = () => /copying: 0 \/ 12/.test(shown); // on a terminal it is told while it goes on
        for (const until = Date.now() + 60_000; putting() < parallel || !isShown(); await sleep(20))
            assert.ok(Date.now() < until && child.exitCode === null, shown);
        assert.equal(putting(), parallel);
        held();
        for (const socket of cloud.sockets)
            socket.destroy();
        assert.equal(await ended, 0, shown);
        same(inBucket(), files);
        assert.equal(Math.max(...[...shown.matchAll(/copying: (\d+) \/ 12, \d+ MiB/g)].map(([, done]) => Number(done))), 12, shown);
        assert.ok(cloud.connections - connections <= 2 * parallel + 1, `${cloud.connections - connections} connections`);
    }
});

test('another file of the same name is never written over', async () => {
    const { uploads, files, env } = fresh(10);
    const [key] = files.keys();
    cloud.put(BUCKET, key, 'somebody else\'s');
    const { code, output } = await migrate({ ...env, UPLOAD_BACKEND: 'oss' }, 'oss', '--delete-source');
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`${key}.*内容不同`));
    assert.equal(String(cloud.get(BUCKET, key).body), 'somebody else\'s');
    same(onDisk(uploads), files);
});

for (const [what, faults] of Object.entries({
    'throttled and reset': [{ kind: '503', times: 3 }, { kind: 'reset-after', method: 'PUT', times: 2 }, { kind: '429', times: 2 }],
    'an answer that is lost, of a put and of the end of one in parts': [{ kind: 'lost-ack', method: 'PUT' }, { kind: 'lost-ack', method: 'POST', path: '\\?uploadId=' }],
    'flipped bits': [{ kind: 'corrupt', method: 'PUT', times: 2 }],
}))
    test(`it gets over ${what}`, async () => {
        const { files, env } = fresh(12);
        for (const fault of faults)
            cloud.fault({ service: 'oss', ...fault });
        const { code, output } = await migrate(env, 'oss');
        assert.equal(code, 0, output);
        same(inBucket(), files);
        assert.deepEqual(cloud.uploads(BUCKET), [], 'nothing unfinished is left');
    });

test('large ones go in parts, and come back over a cut', async () => {
    const { uploads, files, env } = fresh(2);
    const [, large] = files.keys(), calls = cloud.log.length;
    assert.equal((await migrate(env, 'oss')).code, 0);
    const parts = cloud.log.slice(calls).filter(({ method, query, object }) => object === large && method === 'PUT' && query.partNumber);
    assert.deepEqual(parts.map(({ query, bytes }) => [query.partNumber, bytes]), [['1', 8 * MIB], ['2', 8 * MIB], ['3', 4 * MIB + 7]]);
    rmSync(uploads, { recursive: true });
    cloud.fault({ kind: 'truncate', service: 'oss', method: 'GET', path: `^/${large}$`, after: 5 * MIB, times: 3 });
    const from = cloud.log.length;
    const { code, output } = await migrate(env, 'local');
    assert.equal(code, 0, output);
    same(onDisk(uploads), files);
    const gets = cloud.log.slice(from).filter(({ method, object }) => method === 'GET' && object === large);
    assert.equal(gets.length, 4);
    assert.match(gets[1].headers.range, /^bytes=\d+-$/, 'it goes on where it was cut');
});

test('wrong from the beginning: told at once, with the vendor\'s words', async () => {
    const { env } = fresh(40);
    const wrong = await migrate({ ...env, OSS_ACCESS_KEY_SECRET: 'another' }, 'oss');
    assert.equal(wrong.code, 1, wrong.output);
    assert.match(wrong.output, /SignatureDoesNotMatch|403/);
    assert.match(wrong.output, /连续 10 次失败/);
    const nowhere = await migrate({ ...env, OSS_BUCKET: 'mms-elsewhere' }, 'local');
    assert.equal(nowhere.code, 74, nowhere.output);
    assert.match(nowhere.output, /NoSuchBucket.*request id [0-9A-F]{24}/);
    assert.equal((await migrate({ ...env, OSS_BUCKET: '' }, 'oss')).code, 78);
    for (const args of [['migrate'], ['migrate', '--to', 'elsewhere'], ['migrate', '--to', 'oss', '--parallel', '17'], ['move', '--to', 'oss']])
        assert.equal((await runProgram(['files', ...args], { env, cwd: dir })).code, 64);
});

test('a clock that cannot be got over: the error says so, with both clocks', async () => {
    const { env } = fresh(1);
    for (let i = 0; i < 40; i++)
        cloud.fault({ kind: 'skew', service: 'oss', seconds: i % 2 ? 4000 : -4000 });
    const { code, output } = await migrate(env, 'oss');
    assert.equal(code, 1, output);
    const [, ours, theirs] = /本机时钟 (\S+) 与对象存储的时钟 (\S+) 相差过大.*this clock \(\1\) is too far from the storage's \(\2\)/.exec(output) ?? assert.fail(output);
    assert.ok(Math.abs(Math.abs(Date.parse(theirs) - Date.parse(ours)) / 1000 - 4000) < 120, output);
});

test('a folder that is not there is no empty one; files of other names are left alone, and told', async () => {
    const { uploads, files, env } = fresh(3);
    const absent = await migrate({ ...env, UPLOAD_DIR: path.join(dir, 'no-such-folder') }, 'oss');
    assert.equal(absent.code, 74, absent.output);
    assert.match(absent.output, /UPLOAD_DIR.*no-such-folder/);
    mkdirSync(path.join(dir, 'empty'));
    const empty = await migrate({ ...env, UPLOAD_DIR: path.join(dir, 'empty') }, 'oss');
    assert.equal(empty.code, 0, empty.output);
    assert.doesNotMatch(empty.output, /verified\n/, 'nothing was');
    writeFileSync(path.join(uploads, 'avatars', '1699_张三 photo.PNG'), 'of the older system');
    const mixed = await migrate(env, 'oss');
    assert.equal(mixed.code, 0, mixed.output);
    assert.match(mixed.output, /1 files are not named .*张三 photo\.PNG/);
    same(inBucket(), files);
    const old = path.join(dir, 'old-uploads');
    mkdirSync(path.join(old, 'avatars'), { recursive: true });
    writeFileSync(path.join(old, 'avatars', 'a b.png'), 'x');
    const wrong = await migrate({ ...env, UPLOAD_DIR: old }, 'oss');
    assert.equal(wrong.code, 1, wrong.output);
    assert.match(wrong.output, /import-legacy --uploads/);
});

test('the scripts of the checklist', async () => {
    for (const name of ['migrate-files-to-oss.sh', 'migrate-files-to-oss.js']) {
        const { files, env } = fresh(9);
        const child = spawn(name.endsWith('.js') ? process.execPath : 'bash', [path.join(SCRIPTS, name)], { env: { ...env, MMS: BINARY }, cwd: dir });
        let output = '';
        child.stdout.on('data', (text) => (output += text));
        child.stderr.on('data', (text) => (output += text));
        assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0, output);
        same(inBucket(), files);
        const help = spawn(name.endsWith('.js') ? process.execPath : 'bash', [path.join(SCRIPTS, name), '--help'], { env, cwd: dir, stdio: 'ignore' });
        assert.equal(await new Promise((resolve) => help.on('close', resolve)), 0);
    }
});
