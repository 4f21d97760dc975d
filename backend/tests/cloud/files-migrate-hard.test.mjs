// mms files migrate where the disk or the source is in the way: what cannot be read, what another run writes at the same time, what goes meanwhile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { BINARY } from '../api/harness.mjs';
import { startEmulator } from './emulator/server.mjs';

const BUCKET = 'mms-uploads', MIB = 1 << 20, NOBODY = 65534;
const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
const cloud = await startEmulator({ buckets: { [BUCKET]: {} } });
after(async () => {
    await cloud.close();
    rmSync(dir, { recursive: true, force: true });
});

// To read what one may not read is the superuser's right: the program runs as somebody else then.
const as = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const program = path.join(dir, 'mms');
copyFileSync(BINARY, program);
chmodSync(program, 0o755);
chmodSync(dir, 0o755);

let number = 0;
function fresh(sizes) {
    for (const key of cloud.keys(BUCKET))
        cloud.remove(BUCKET, key);
    const uploads = path.join(dir, `uploads-${++number}`), avatars = path.join(uploads, 'avatars'), files = new Map();
    mkdirSync(avatars, { recursive: true });
    for (const size of sizes)
        files.set(`avatars/${randomBytes(16).toString('hex')}.png`, randomBytes(size));
    for (const [key, bytes] of files)
        writeFileSync(path.join(uploads, key), bytes);
    for (const name of [uploads, avatars, ...[...files.keys()].map((key) => path.join(uploads, key))])
        if (as.uid)
            chownSync(name, NOBODY, NOBODY);
    const env = { PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', UPLOAD_DIR: uploads, DB_PATH: path.join(uploads, 'mms.db'), OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou',
        OSS_ENDPOINT: cloud.url, OSS_ACCESS_KEY_ID: 'LTAI-emulator', OSS_ACCESS_KEY_SECRET: 'emulator-secret' };
    return { uploads, files, env };
}
const migrate = (env, to, ...more) => new Promise((resolve) => {
    const child = spawn(program, ['files', 'migrate', '--to', to, ...more], { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], ...as });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    child.on('close', (code) => resolve({ code, output }));
});

test('a file that may not be read is a failure, not one that has gone: nothing is called verified, nothing is deleted', async () => {
    const { uploads, files, env } = fresh([100, 200, 300]);
    const [closed] = files.keys();
    chmodSync(path.join(uploads, closed), 0);
    const { code, output } = await migrate({ ...env, UPLOAD_BACKEND: 'oss' }, 'oss', '--delete-source');
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`${closed}: 文件无法读取.*${closed}: Permission denied`));
    assert.match(output, /失败 \/ failed: 1/);
    assert.doesNotMatch(output, /verified\n/);
    assert.equal(readdirSync(path.join(uploads, 'avatars')).length, 3, 'the source stays, all of it');
    chmodSync(path.join(uploads, closed), 0o600);
    const again = await migrate(env, 'oss');
    assert.equal(again.code, 0, again.output);
    assert.match(again.output, /3 files, all of them verified/);
});

test('a folder that may not be read is told', async () => {
    const { uploads, env } = fresh([100]);
    chmodSync(path.join(uploads, 'avatars'), 0);
    const { code, output } = await migrate(env, 'oss');
    chmodSync(path.join(uploads, 'avatars'), 0o755);
    assert.equal(code, 74, output);
    assert.match(output, /文件无法读取.*avatars: Permission denied/);
});

test('two runs at once, there and back: both succeed, every file is whole', async () => {
    const { uploads, files, env } = fresh([0, 1, 9 * MIB, 3 * MIB, 5000, 70_000, 700_000]);
    for (const { code, output } of await Promise.all([migrate(env, 'oss'), migrate(env, 'oss'), migrate(env, 'oss')]))
        assert.equal(code, 0, output);
    for (let i = 0; i < 5; i++) {
        for (const name of readdirSync(path.join(uploads, 'avatars')))
            rmSync(path.join(uploads, 'avatars', name));
        for (const { code, output } of await Promise.all([1, 2, 3].map(() => migrate(env, 'local'))))
            assert.equal(code, 0, output);
        assert.deepEqual(readdirSync(path.join(uploads, 'avatars')).sort(), [...files.keys()].map((key) => path.basename(key)).sort(), 'nothing unfinished is left');
        for (const [key, bytes] of files)
            assert.ok(readFileSync(path.join(uploads, key)).equals(bytes), key);
    }
});
