// What goes wrong around the service: each with a clear line, and nothing that was acknowledged is lost.
// Elsewhere: a full disk (full-disk), a database that is none or damaged (storage), a backup that is killed or damaged (api/backup), and
// the folder of the continuous backup (continuous).
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { ADMIN_PASSWORD, BINARY, Server, accepted, makeUser, materialBody, receiptOf, post, sleep, sqlite, start } from '../api/harness.mjs';
import { form, png } from '../api/picture.mjs';
import { FAKETIME, withClock } from './clock.mjs';

const NOBODY = 65534;
const IS_ROOT = process.getuid?.() === 0;
const SANITIZED = /lib(a|t)san/.test(spawnSync('ldd', [BINARY], { encoding: 'utf8' }).stdout) && 'a sanitizer takes all of the address space';
const WAIT_MS = 120_000;
const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** Materials whose creation was acknowledged. */
class Promised {
    constructor(client) {
        this.client = client;
        this.ids = [];
    }
    async make(times = 1) {
        for (let i = 0; i < times; i++)
            this.ids.push(accepted(await this.client.post('/api/materials', materialBody()), 201).id);
    }
    async check(db) {
        const there = new Set((await sqlite(db, 'SELECT id FROM materials')).map(({ id }) => id));
        assert.deepEqual(this.ids.filter((id) => !there.has(id)), [], 'acknowledged, and not there');
    }
}

/** A line for people in both languages, and nothing of the program's inside. */
function clear(output, ...wanted) {
    for (const one of wanted)
        assert.match(output, one);
    assert.doesNotMatch(output, /SELECT|\.c:\d+|Sanitizer/);
}

test('a read-only volume: said, nothing is touched, and all is well when it can be written again', async (t) => {
    const disk = path.join(dir, 'disk');
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'mms-test', disk]).status !== 0)
        return t.skip('no disk of its own can be mounted here');
    const server = await start({ env: { DB_PATH: path.join(disk, 'mms.db'), UPLOAD_DIR: path.join(disk, 'uploads') } });
    try {
        const promised = new Promised(await server.admin());
        await promised.make(5);
        await server.halt();
        assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk]).status, 0);
        const before = readFileSync(path.join(disk, 'mms.db'));
        for (const command of ['serve', 'migrate']) {
            const { code, output } = await server.run([command]);
            assert.equal(code, 74, output);
            clear(output, /不可写.*只读/, /read-only/);
        }
        assert.ok(readFileSync(path.join(disk, 'mms.db')).equals(before));
        assert.equal(spawnSync('mount', ['-o', 'remount,rw', disk]).status, 0);
        await server.begin();
        promised.client = await server.client().login('admin', ADMIN_PASSWORD);
        await promised.make(5);
        await server.halt();
        await promised.check(path.join(disk, 'mms.db'));
        await server.verifyClean();
    } finally {
        await server.stop().catch(() => server.kill9());
        spawnSync('umount', [disk]);
    }
});

test('the wrong owner of the volume: said, with the path, for the database, its folder and the folder of uploads', { skip: !IS_ROOT && 'needs root, to be somebody else' }, async () => {
    const program = path.join(dir, 'mms'), place = path.join(dir, 'owned');
    copyFileSync(BINARY, program);
    chmodSync(program, 0o755);
    chmodSync(dir, 0o755);
    mkdirSync(place);
    const server = new Server({ dir: place, engine: 'sqlite' });
    assert.equal((await server.run(['migrate'])).code, 0);
    const as = (args) => spawnSync(program, args, { uid: NOBODY, gid: NOBODY, env: server.childEnv(), cwd: '/', encoding: 'utf8', timeout: WAIT_MS });
    const refusedAs = (what, wanted) => {
        const { status, stdout, stderr } = as(['serve']);
        assert.equal(status, 74, `${what}: ${stdout}${stderr}`);
        clear(stdout + stderr, /权限/, wanted, /check the permissions/);
    };
    const before = readFileSync(server.db);
    refusedAs('the file', /mms\.db/);
    chownSync(server.db, NOBODY, NOBODY);
    refusedAs('its folder', /mms\.db/);
    chmodSync(place, 0o700);
    refusedAs('a folder that he may not enter', /mms\.db/);
    assert.ok(readFileSync(server.db).equals(before));
    chmodSync(place, 0o755);
    chownSync(place, NOBODY, NOBODY);
    const { status, stderr } = as(['verify']);
    assert.equal(status, 0, stderr);
});

test('a folder of uploads that cannot be written: refused with a sentence; the rest goes on', async () => {
    const place = path.join(dir, 'uploads-spoilt'), uploads = path.join(place, 'uploads');
    mkdirSync(place);
    mkdirSync(uploads);
    // So that root cannot write there either.
    writeFileSync(path.join(uploads, 'avatars'), 'somebody put a file here');
    const server = await start({ env: { UPLOAD_DIR: uploads } });
    try {
        const admin = await server.admin(), user = await makeUser(admin, 'regular_user');
        const answer = await user.request('POST', '/api/profile/avatar', form(['avatar', png(30, 20)]));
        assert.ok(answer.status >= 500 && /[一-龥]/.test(answer.body.message), answer.text);
        assert.doesNotMatch(answer.text, /uploads|errno/);
        accepted(await admin.post('/api/materials', materialBody()), 201);
    } finally {
        await server.stop();
    }
});

test('the port is in use: the second one says so and ends, the first one goes on', async () => {
    const first = await start();
    try {
        const second = new Server({ engine: 'sqlite', env: { PORT: new URL(first.url).port } });
        const { code, output } = await second.run(['serve']);
        assert.equal(code, 1, output);
        clear(output, /端口（PORT）已被其他程序占用/, /PORT\) is in use/, new RegExp(`PORT=${new URL(first.url).port}`));
        second.removeFolder();
        assert.equal((await first.client().get('/api/health')).status, 200);
    } finally {
        await first.stop();
    }
});

test('a clock that is a day behind, and a day ahead: said at the start, and the books agree', { skip: FAKETIME ? false : 'faketime is not installed, or cannot be used with this build' }, async () => {
    const clock = withClock(dir);
    const server = await start({ env: { ...clock.env, JWT_EXPIRES_IN: '30d' } });
    try {
        const admin = await server.admin(), user = await makeUser(admin, 'regular_user'), manager = await makeUser(admin, 'inventory_manager');
        const promised = new Promised(admin);
        await promised.make();
        const documents = [];
        const work = async () => documents.push((await post(user, manager, receiptOf(promised.ids[0], 2, { unitPrice: 3 }))).id);
        await work();
        assert.doesNotMatch(server.stderr, /clock/);
        for (const offset of ['+24h', '-24h']) {
            clock.set(offset); // while it runs …
            await work();
            await server.restart(); // … and at its start
            const behind = server.logs.filter(({ event }) => event === 'clock.behind');
            assert.equal(behind.length > 0, offset === '-24h', `${offset}: ${JSON.stringify(behind)}`);
            for (const one of [admin, user, manager])
                await one.login(one.user.username, one.password ?? ADMIN_PASSWORD);
            await work();
        }
        clear(server.stderr, /系统时钟（.*）早于最近一次操作/, /The clock \(.*\) is behind the last deed/);
        assert.equal((await sqlite(server.db, "SELECT COUNT(*) AS n FROM documents WHERE status = 'approved'"))[0].n, documents.length);
        await server.halt();
        await server.verifyClean();
        const audit = await server.run(['audit', 'verify']);
        assert.equal(audit.code, 0, audit.output);
    } finally {
        await server.stop();
    }
});

test('killed in a migration, at any moment: the next one finishes it, with all that was there', async (t) => {
    const fixtures = new URL('../fixtures/', import.meta.url), name = readdirSync(fixtures).filter((one) => /^schema-\d{4}\.sql$/.test(one)).sort()[0];
    const good = path.join(dir, 'old.db');
    execFileSync('sqlite3', ['-bail', good], { input: readFileSync(new URL(name, fixtures)) });
    const counts = async (db) => (await sqlite(db, 'SELECT (SELECT COUNT(*) FROM materials) AS m, (SELECT COUNT(*) FROM documents) AS d, (SELECT COUNT(*) FROM moves) AS v, (SELECT COUNT(*) FROM operation_log) AS l, (SELECT COUNT(*) FROM users) AS u'))[0];
    const before = await counts(good);
    let killed = 0, between = 0; // … two migrations
    for (let i = 0; i < 16; i++) {
        const place = new Server({ engine: 'sqlite' });
        copyFileSync(good, place.db);
        const child = spawn(BINARY, ['migrate'], { env: place.childEnv(), cwd: place.dir, stdio: 'ignore' });
        const over = new Promise((resolve) => child.on('close', resolve));
        await Promise.race([over, sleep(3 + i * 8)]);
        killed += child.kill('SIGKILL');
        await over;
        const [{ n }] = await sqlite(place.db, 'SELECT MAX(number) AS n FROM schema_migrations');
        const { code, output } = await place.run(['migrate']);
        assert.equal(code, 0, output);
        const [{ n: newest }] = await sqlite(place.db, 'SELECT MAX(number) AS n FROM schema_migrations');
        between += n > 1 && n < newest;
        assert.deepEqual(await counts(place.db), before);
        await place.verifyClean();
        place.removeFolder();
    }
    assert.ok(killed > 0, 'some were killed');
    t.diagnostic(`${killed} of 16 were killed, ${between} between two migrations`);
});

test('out of memory: it ends with a line, and what was acknowledged is there', { skip: SANITIZED }, async () => {
    const server = await start();
    try {
        const promised = new Promised(await server.admin());
        await promised.make(10);
        const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
        const bytes = Number(/VmData:\s+(\d+) kB/.exec(status)[1]) * 1024;
        if (spawnSync('prlimit', ['--pid', String(server.child.pid), `--data=${bytes}`]).status !== 0)
            throw new Error('prlimit (util-linux) is needed');
        const table = form(['file', Buffer.alloc(16 << 20, 'a,b\n'), 'materials.csv', 'text/csv']);
        for (let i = 0; i < 20 && !server.end; i++)
            await promised.client.request('POST', '/api/imports?kind=materials', table).catch(() => null);
        await Promise.race([server.ended, sleep(10_000, null, { ref: false })]);
        assert.equal(server.end?.signal, 'SIGABRT', JSON.stringify(server.end));
        clear(server.stderr, /内存不足/, /out of memory/);
        server.forgetConnections();
        server.stderr = '';
        await server.begin();
        await promised.check(server.db);
        await server.halt();
        await server.verifyClean();
    } finally {
        await server.stop();
    }
});
