// mms backup and mms restore: what a backup holds, what makes it count, and the way back.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

import { ADMIN_PASSWORD, BINARY, POSTGRES, SQLITE_ONLY, Server, accepted, forbidden, makeMaterial, makeUser, post, receiptOf, sleep, sqlite, start, unique } from './harness.mjs';
import { form, png } from './picture.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const manager = await makeUser(admin, 'inventory_manager'), user = await makeUser(admin, 'regular_user');
const material = await makeMaterial(manager, { materialName: '质子交换膜' });
const { avatar } = accepted(await user.request('POST', '/api/profile/avatar', form(['avatar', png(30, 20)])), 200);

const SETTINGS = { DATABASE_URL: null };
const place = (name) => path.join(server.dir, name);
const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
// The lock of a database's name stays where it is, and says nothing.
const namesIn = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'mms.db.lock').sort() : []);
const manifests = (folder) => namesIn(folder).filter((name) => name.endsWith('.json'));
const manifestOf = (folder) => JSON.parse(readFileSync(path.join(folder, manifests(folder).at(-1)), 'utf8'));
const backUp = (folder, ...more) => server.run(['backup', '--to', folder, ...more]);
async function backedUp(name, ...more) {
    const folder = place(name);
    const { code, output } = await backUp(folder, ...more);
    assert.equal(code, 0, output);
    return folder;
}
/** A site of its own, with nothing in it but what is restored there. */
class Site {
    constructor(name) {
        this.dir = place(name);
        mkdirSync(this.dir);
        this.db = path.join(this.dir, 'mms.db');
        this.env = { ...SETTINGS, DB_PATH: this.db, UPLOAD_DIR: path.join(this.dir, 'uploads') };
    }
    run(...args) {
        return server.run(args, { env: this.env });
    }
    async restored(from, ...more) {
        const { code, output } = await this.run('restore', from, ...more);
        assert.equal(code, 0, output);
        return output;
    }
    async refused(from, wanted, ...more) {
        const before = namesIn(this.dir), { code, output } = await this.run('restore', from, ...more);
        assert.ok(code > 0, output);
        assert.match(output, wanted);
        assert.deepEqual(namesIn(this.dir), before, 'nothing is left behind');
    }
    /** Served as a site is; `work` gets the server. */
    async serving(work) {
        const there = new Server({ dir: this.dir, engine: 'sqlite', env: { UPLOAD_DIR: this.env.UPLOAD_DIR, JWT_SECRET: server.secret } });
        there.adminIsNew = false;
        await there.begin();
        try {
            await work(there);
        } finally {
            await there.halt();
        }
        await there.verifyClean();
    }
}

test('made while others write, proven, restored elsewhere: all that was answered before is there', async () => {
    const first = await post(user, manager, receiptOf(material.id, 5, { unitPrice: 2 }));
    let on = true;
    const writing = (async () => {
        while (on)
            await post(user, manager, receiptOf(material.id, 1, { unitPrice: 2 }));
    })();
    const folder = await backedUp('made', '--gzip');
    on = false;
    await writing;
    const m = manifestOf(folder), gz = path.join(folder, m.database.file), zip = path.join(folder, m.files.file);
    assert.match(m.name, /^mms_backup_\d{8}_\d{6}$/);
    assert.deepEqual(namesIn(folder), [`${m.name}.db.gz`, `${m.name}.files.zip`, `${m.name}.json`]);
    assert.deepEqual([m.engine, m.database.stored, m.files.count, m.files.stored], [POSTGRES ? 'PostgreSQL' : 'SQLite', statSync(gz).size, 1, statSync(zip).size]);
    assert.deepEqual([m.database.stored_sha256, m.files.stored_sha256], [sha256(gz), sha256(zip)]);
    const plain = gunzipSync(readFileSync(gz));
    assert.deepEqual([m.database.bytes, m.database.sha256], [plain.length, createHash('sha256').update(plain).digest('hex')]);
    assert.ok(Date.parse(m.proven_at) >= Date.parse(m.made_at));
    for (const name of namesIn(folder))
        assert.equal(statSync(path.join(folder, name)).mode & 0o077, 0, 'nobody else reads it');
    assert.ok(Number(m.rows.moves) >= 1 && m.totals['moves in the ledger'] === m.rows.moves, JSON.stringify(m.totals));
    assert.match(m.totals['head of the operation log'], /^\d+:[0-9a-f]{64}$/);

    const site = new Site('elsewhere');
    assert.match(await site.restored(folder), /restored and proven/);
    assert.deepEqual(await sqlite(site.db, 'SELECT COUNT(*) AS n FROM moves'), [{ n: Number(m.rows.moves) }]);
    await site.serving(async (there) => {
        const again = await there.client().login(user.user.username, user.password);
        assert.equal(accepted(await again.get(`/api/inventory/${first.id}`), 200).status, 'approved');
        assert.equal((await there.client().get(avatar)).status, 200);
        assert.equal(accepted(await again.get('/api/search?q=zzjhm&type=materials'), 200)[0].id, material.id, 'the search finds');
        const log = accepted(await (await there.admin()).get('/api/operation-logs?action=restore'), 200).list;
        assert.deepEqual(log.map(({ description }) => description), [`从备份恢复: ${m.name}`]);
        const { code, output } = await there.run(['audit', 'verify']);
        assert.equal(code, 0, output);
    });
});

test('killed with -9, its folder gone: the last backup is served again, and goes on', SQLITE_ONLY, async () => {
    const lost = await start();
    try {
        const boss = await lost.admin(), thing = await makeMaterial(boss, { materialName: '铂' });
        const { code, output } = await lost.run(['backup', '--to', place('drill'), '--gzip']);
        assert.equal(code, 0, output);
        await lost.kill9();
        for (const name of readdirSync(lost.dir))
            rmSync(path.join(lost.dir, name), { recursive: true });
        const restored = await lost.run(['restore', place('drill')]);
        assert.equal(restored.code, 0, restored.output);
        await lost.begin();
        const again = await lost.client().login('admin', ADMIN_PASSWORD);
        assert.equal(accepted(await again.get(`/api/materials/${thing.id}`), 200).material_name, '铂');
        accepted(await again.put(`/api/materials/${thing.id}`, { materialName: '铂黑' }), 200);
        await lost.halt();
        await lost.verifyClean();
    } finally {
        await lost.stop();
    }
});

test('what is there is not overwritten; with --force it is kept; while it is in use, never', async () => {
    const folder = await backedUp('over'), m = manifestOf(folder), site = new Site('over-site');
    assert.equal(m.database.file, `${m.name}.db`, 'without --gzip it is the file itself');
    await site.restored(path.join(folder, `${m.name}.json`));
    await site.refused(folder, /--force/);
    await site.serving(async (there) => {
        accepted(await (await there.admin()).put(`/api/materials/${material.id}`, { materialName: '后来的名称' }), 200);
        await site.refused(folder, /in use by another program/, '--force');
    });
    writeFileSync(path.join(site.dir, 'uploads', 'avatars', '0123456789abcdef0123456789abcdef.png'), png(2, 2));
    assert.match(await site.restored(folder, '--force'), /kept as/);
    const kept = namesIn(site.dir).filter((name) => name.startsWith('mms.db.replaced-'));
    assert.deepEqual(kept.map((name) => name.replace(/\d{8}_\d{6}/, 'T')), ['mms.db.replaced-T', 'mms.db.replaced-T.files.zip']);
    const name = async (db) => (await sqlite(db, `SELECT material_name AS n FROM materials WHERE id = ${material.id}`))[0].n;
    assert.deepEqual([await name(site.db), await name(path.join(site.dir, kept[0]))], ['质子交换膜', '后来的名称']);
    const listed = spawnSync('python3', ['-m', 'zipfile', '-l', path.join(site.dir, kept[1])], { encoding: 'utf8' });
    assert.match(listed.stdout, /avatars\/0123456789abcdef/);

    // One that is damaged is put aside as well, with the log beside it.
    const broken = new Site('broken-site');
    writeFileSync(broken.db, 'this was a database');
    writeFileSync(`${broken.db}-wal`, 'and this its log');
    await broken.refused(folder, /--force/);
    await broken.restored(folder, '--force');
    assert.equal(await name(broken.db), '质子交换膜');
    assert.deepEqual(namesIn(broken.dir).filter((one) => one.includes('replaced')).map((one) => readFileSync(path.join(broken.dir, one), 'utf8')),
        ['this was a database', 'and this its log']);
});

test('a backup that is damaged, cut, incomplete or changed is refused, and nothing is replaced', async () => {
    const folder = await backedUp('damage', '--gzip'), m = manifestOf(folder), site = new Site('damage-site');
    const gz = path.join(folder, m.database.file), zip = path.join(folder, m.files.file), json = path.join(folder, `${m.name}.json`);
    const spoil = async (file, how, wanted, ...more) => {
        const whole = readFileSync(file);
        how(file, whole);
        await site.refused(folder, wanted, ...more);
        writeFileSync(file, whole);
    };
    const flip = (at) => (file, whole) => {
        const spoilt = Buffer.from(whole);
        spoilt[at(whole.length)] ^= 0x10;
        writeFileSync(file, spoilt);
    };
    for (const at of [(n) => Math.floor(n / 2), (n) => n - 3, () => 0])
        await spoil(gz, flip(at), /damaged or not whole/);
    await spoil(gz, (file, whole) => truncateSync(file, whole.length - 100), /damaged or not whole/);
    await spoil(gz, (file) => appendFileSync(file, 'more'), /damaged or not whole/);
    await spoil(gz, (file) => rmSync(file), /not whole: .*is missing/);
    await spoil(zip, flip((n) => Math.floor(n / 2)), /not be restored/);
    await spoil(zip, (file) => rmSync(file), /is missing/);
    const change = (edit) => (file, whole) => {
        const one = JSON.parse(whole);
        edit(one);
        writeFileSync(file, JSON.stringify(one));
    };
    await spoil(json, change((one) => (one.rows.materials = String(Number(one.rows.materials) + 1))), /FAIL {2}materials: expected (\d+), found (\d+)/);
    await spoil(json, change((one) => (one.totals['moves in the ledger'] = '999999')), /FAIL {2}moves in the ledger/);
    await spoil(json, change((one) => (one.schema = 9999)), /restored|newer|version|FAIL/i, '--check', '--force');
    await spoil(json, change((one) => (one.database.file = '../../etc/passwd')), /no proven backup/);
    await spoil(json, change((one) => (one.version = 2)), /no proven backup/);
    await spoil(json, (file) => writeFileSync(file, '{'), /no proven backup/);
    await site.refused(json.replace('.json', '-other.json'), /is no backup/);
    await site.refused(place('nowhere'), /no backup|no manifest/);
    await site.restored(folder);
});

test('only tried: --check restores beside, proves, and leaves no trace', async () => {
    const folder = await backedUp('check'), site = new Site('check-site');
    assert.match(await site.restored(folder, '--check'), /can be restored/);
    assert.deepEqual(namesIn(site.dir), []);
});

test('encrypted: only who has the key can restore it, and nothing open is left behind', async () => {
    const key = place('age.key'), other = place('other.key');
    for (const file of [key, other])
        assert.equal(spawnSync('age-keygen', ['-o', file]).status, 0, 'age is installed by ./test');
    const recipient = /age1\w+/.exec(readFileSync(key, 'utf8'))[0];
    const folder = await backedUp('sealed', '--gzip', '--age', recipient, '--second', place('sealed-too')), m = manifestOf(folder), site = new Site('sealed-site');
    assert.deepEqual(namesIn(folder), [`${m.name}.db.gz.age`, `${m.name}.files.zip.age`, `${m.name}.json`]);
    assert.deepEqual(namesIn(place('sealed-too')), namesIn(folder));
    assert.match(readFileSync(path.join(folder, m.database.file)).subarray(0, 21).toString(), /^age-encryption.org\/v1/);
    await site.refused(folder, /is encrypted/);
    await site.refused(folder, /age could not do it/, '--age-key', other);
    await site.refused(folder, /age could not do it/, '--age-key', place('no-key'));
    await site.restored(folder, '--age-key', key, '--check');
    assert.deepEqual(namesIn(site.dir), []);
    await site.restored(place('sealed-too'), '--age-key', key);
    assert.deepEqual(namesIn(site.dir), ['mms.db', 'uploads']);
    const wrong = await backUp(place('sealed-wrong'), '--age', 'age1nonsense');
    assert.equal(wrong.code, 74, wrong.output);
    assert.deepEqual(namesIn(place('sealed-wrong')), []);
    const unlike = await backUp(place('sealed-wrong'), '--age', 'nonsense');
    assert.equal(unlike.code, 74, unlike.output);
    assert.match(unlike.output, /must be public keys of age/);
    // As the setting says, for two: each of them can open it.
    const both = `${recipient}, ${/age1\w+/.exec(readFileSync(other, 'utf8'))[0]}`, made = await server.run(['backup', '--to', place('sealed-set')], { env: { AGE_RECIPIENT: both } });
    assert.equal(made.code, 0, made.output);
    for (const one of [key, other])
        await site.restored(place('sealed-set'), '--age-key', one, '--check');
    const none = await server.run(['backup', '--to', place('sealed-wrong'), '--age', recipient], { env: { PATH: place('no-programs') } });
    assert.match(none.output, /age is not installed/);
});

test('a database whose books do not agree makes no backup that counts', SQLITE_ONLY, async () => {
    const site = new Site('false-site');
    await site.restored(await backedUp('true'));
    await sqlite(site.db, "UPDATE materials SET stock_value = stock_value + 1 WHERE id = (SELECT MIN(id) FROM materials WHERE current_stock > 0)");
    const { code, output } = await site.run('backup', '--to', place('false'));
    assert.equal(code, 1, output);
    assert.match(output, /FAIL .*\n?[^]*did not stand its proof/);
    assert.deepEqual(namesIn(place('false')), []);
    const unproven = await site.run('backup', '--to', place('false'), '--unproven');
    assert.equal(unproven.code, 0, unproven.output);
    assert.equal(manifestOf(place('false')).proven_at, null);
    await new Site('false-way-back').refused(place('false'), /no proven backup/);
});

test('ended by kill -9 at any moment: what has a manifest can be restored, the rest goes with the next run', async () => {
    const folder = place('killed'), site = new Site('killed-site');
    let ended = 0;
    for (let i = 0; i < 12; i++) {
        const child = spawn(BINARY, ['backup', '--to', folder, '--gzip'], { env: server.childEnv(), cwd: server.dir, stdio: 'ignore' });
        const over = new Promise((resolve) => child.on('close', resolve));
        await Promise.race([over, sleep(10 + i * 25)]);
        ended += child.kill('SIGKILL');
        await over;
        for (const name of manifests(folder))
            await site.restored(path.join(folder, name), '--check');
    }
    assert.ok(ended > 0, 'some were ended');
    await backedUp('killed', '--gzip');
    assert.ok(namesIn(folder).every((name) => manifests(folder).includes(`${name.split('.')[0]}.json`)), namesIn(folder).join());
});

test('two at once: the second is refused', async () => {
    const folder = place('twice'), results = await Promise.all([backUp(folder), backUp(folder), backUp(folder)]);
    const done = results.filter(({ code }) => code === 0);
    assert.ok(done.length >= 1, results.map(({ output }) => output).join('\n'));
    for (const { code, output } of results.filter((one) => one.code !== 0))
        assert.match(output, /Another mms backup/, code);
    assert.equal(manifests(folder).length, done.length);
});

test('the second place is another one: where it is the same, nothing is touched', async () => {
    const folder = await backedUp('same'), before = namesIn(folder);
    const { code, output } = await backUp(folder, '--second', path.join(folder, '.'));
    assert.equal(code, 74, output);
    assert.deepEqual(namesIn(folder), before);
});

test('the second place, and which are kept: of days, weeks and months the newest', async () => {
    const second = place('second'), folder = await backedUp('first', '--second', second);
    assert.deepEqual(namesIn(second), namesIn(folder));
    const made = manifestOf(folder);
    const asOf = (day, proven = true) => {
        const name = `mms_backup_${day.replaceAll('-', '')}_010000`;
        for (const one of namesIn(folder).filter((file) => file.startsWith(made.name) && !file.endsWith('.json')))
            copyFileSync(path.join(folder, one), path.join(folder, one.replace(made.name, name)));
        const manifest = { ...made, name, made_at: `${day}T01:00:00.000Z`, proven_at: proven ? made.proven_at : null };
        manifest.database = { ...made.database, file: made.database.file.replace(made.name, name) };
        manifest.files = { ...made.files, file: made.files.file.replace(made.name, name) };
        writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(manifest));
    };
    // 2020-03-02 was a Monday.
    for (const day of ['2020-01-10', '2020-01-20', '2020-02-10', '2020-02-27', '2020-03-01', '2020-03-02', '2020-03-03', '2020-03-05'])
        asOf(day);
    asOf('2020-03-06', false);
    writeFileSync(path.join(folder, 'somebody-elses.txt'), '');
    assert.equal((await backUp(folder, '--keep', '4,3,4')).code, 0);
    const days = manifests(folder).map((name) => name.slice(11, 19)).filter((day) => day.startsWith('2020'));
    // Days: today, 5th, 3rd, 2nd; weeks: today's, the 5th's, the 1st's; months: today's, March (the 5th), February (the 27th), January (the 20th).
    assert.deepEqual(days, ['20200120', '20200227', '20200301', '20200302', '20200303', '20200305']);
    assert.ok(namesIn(folder).includes('somebody-elses.txt'));
    assert.ok(namesIn(folder).every((name) => name === 'somebody-elses.txt' || manifests(folder).includes(`${name.split('.')[0]}.json`)), 'whole or gone');
});

test('the script of the checklist: names, retention, and its way back', SQLITE_ONLY, async () => {
    const env = { ...server.childEnv(), BACKUP_DIR: place('script'), DB_PATH: server.db, MMS: BINARY, KEEP: '1,0,0' };
    const script = fileURLToPath(new URL('../../../scripts/backup-sqlite.sh', import.meta.url));
    for (let i = 0; i < 2; i++) {
        const { status, stdout, stderr } = spawnSync(script, { env, encoding: 'utf8' });
        assert.equal(status, 0, stderr);
        assert.match(stdout, /备份完成 \/ done: .*\/mms_backup_\d{8}_\d{6}\.db\.gz/);
    }
    assert.equal(manifests(place('script')).length, 1);
    const m = manifestOf(place('script'));
    writeFileSync(place('by-hand.db'), gunzipSync(readFileSync(path.join(place('script'), m.database.file))));
    assert.deepEqual(await sqlite(place('by-hand.db'), 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
});

test('BACKUP_DIR, and what an administrator sees of it', async () => {
    assert.deepEqual(accepted(await admin.get('/api/admin/backups'), 200), { folder: null, list: [], newest_proven: null, continuous: null });
    forbidden(await manager.get('/api/admin/backups'), 'database.read');
    const folder = place('shown'), none = await server.run(['backup']);
    assert.equal(none.code, 74);
    assert.match(none.output, /BACKUP_DIR/);
    await server.restart({ BACKUP_DIR: folder });
    const boss = await server.client().login('admin', ADMIN_PASSWORD);
    assert.deepEqual(accepted(await boss.get('/api/admin/backups'), 200), { folder, list: [], newest_proven: null, continuous: null });
    for (const more of [['--gzip'], ['--unproven']]) {
        const { code, output } = await server.run(['backup', ...more]);
        assert.equal(code, 0, output);
    }
    const { list, newest_proven } = accepted(await boss.get('/api/admin/backups'), 200);
    assert.deepEqual(list.map(({ proven_at, files }) => [proven_at !== null, files]), [[false, 1], [true, 1]]);
    assert.equal(newest_proven, list[1].made_at);
    const m = JSON.parse(readFileSync(path.join(folder, `${list[1].name}.json`), 'utf8'));
    assert.deepEqual([list[1].size, list[1].rows, list[1].totals], [m.database.stored + m.files.stored, m.rows, m.totals]);
    writeFileSync(path.join(folder, 'mms_backup_20200101_000000.json'), 'rubbish');
    assert.equal(accepted(await boss.get('/api/admin/backups'), 200).list.length, 2);
});

test('a folder that cannot be written, that is a file, that is not there; a full disk', async (t) => {
    const failed = async (folder, wanted) => {
        const { code, output } = await backUp(folder);
        assert.equal(code, 74, output);
        assert.match(output, wanted);
    };
    writeFileSync(place('a-file'), '');
    await failed(place('a-file'), /Not a directory/);
    await failed(place('none/in/none'), /No such file/);
    mkdirSync(place('small'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'mms-test', place('small')]).status === 0;
    if (!mounted)
        return t.diagnostic('no disk of its own could be mounted: full and read-only disks were not tried');
    try {
        await failed(place('small'), /could not be copied|No space/);
        assert.deepEqual(namesIn(place('small')), []);
        spawnSync('mount', ['-o', 'remount,ro', place('small')]);
        await failed(place('small'), /Read-only file system/);
    } finally {
        spawnSync('umount', [place('small')]);
    }
});

test('the database cannot be reached, or is none', async () => {
    for (const [env, wanted] of [[{ DATABASE_URL: null, DB_PATH: place('nothing.db') }, /does not exist/],
        [{ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }, /127\.0\.0\.1/]]) {
        const { code, output } = await server.run(['backup', '--to', place('unreachable')], { env });
        assert.equal(code, 74, output);
        assert.match(output, wanted);
        assert.deepEqual(namesIn(place('unreachable')), []);
    }
    for (const args of [['--keep', '7,4'], ['--keep', 'a,b,c'], ['--keep', '7,4,12x'], ['--nonsense'], ['--to']])
        assert.equal((await server.run(['backup', ...args])).code, 64, args.join(' '));
    for (const args of [['--force', '--check'], ['a', 'b'], ['--nonsense']])
        assert.equal((await server.run(['restore', ...args])).code, 64, args.join(' '));
});

test('one that an older program has made is brought to this version', async () => {
    const folder = place('older'), site = new Site('older-site'), name = 'mms_backup_20260101_000000';
    mkdirSync(folder);
    const db = path.join(folder, `${name}.db`);
    const made = spawnSync('sqlite3', [db], { input: readFileSync(new URL('../fixtures/schema-0005.sql', import.meta.url)), encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    const plain = readFileSync(db), packed = gzipSync(plain);
    rmSync(db);
    writeFileSync(`${db}.gz`, packed);
    const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify({
        format: 'mms-backup', version: 1, name, made_at: '2026-01-01T00:00:00.000Z', proven_at: '2026-01-01T00:00:01.000Z', program: '0.0.9', engine: 'SQLite', schema: 5,
        took_ms: 1000, database: { file: `${name}.db.gz`, bytes: plain.length, sha256: hash(plain), stored: packed.length, stored_sha256: hash(packed), count: 0 },
        files: null, rows: { materials: '1' }, totals: {},
    }));
    await site.restored(folder);
    assert.deepEqual(namesIn(site.dir), ['mms.db']);
    const [{ n }] = await sqlite(site.db, 'SELECT MAX(number) AS n FROM schema_migrations');
    assert.ok(n > 5);
    const { code, output } = await site.run('verify');
    assert.equal(code, 0, output);
});

test('into PostgreSQL it goes by way of a file', async () => {
    const { code, output } = await server.run(['restore', await backedUp('to-server')], { env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' } });
    assert.equal(code, 78, output);
    assert.match(output, /migrate-to-postgres/);
});
