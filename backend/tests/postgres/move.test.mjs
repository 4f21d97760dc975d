// The move between the engines: mms migrate-to-postgres and mms migrate-to-sqlite, there and back, interrupted, refused.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BINARY, PASSWORD, Server, accepted, makeMaterial, makeUser, receiptOf, refused, sleep, sqlite, stockUp } from '../api/harness.mjs';
import { readAll } from '../fixtures/read.mjs';
import { proxy } from './proxy.mjs';

const SCRIPT = fileURLToPath(new URL('../../../scripts/migrate-to-postgresql.sh', import.meta.url));
const fixtures = new URL('../fixtures/', import.meta.url);
const saves = readdirSync(fixtures).filter((name) => /^schema-\d{4}\.sql$/.test(name)).sort().reverse();
const ODD = 'tab\t newline\n return\r backslash \\ null \\N quote \' " 氢 🜁 \u0001\u007f';

/** A place with this saved database in it. */
function restored(name) {
    const place = new Server({ engine: 'sqlite' });
    place.adminIsNew = false;
    execFileSync('sqlite3', ['-bail', place.db], { input: readFileSync(new URL(name, fixtures)) });
    return place;
}

/** A place with a SQLite file in it that holds a bit of everything, of the present schema: the newest that this program takes (a saved
 *  database has to be made again when a migration that no release has had yet is changed). */
async function saved() {
    for (const name of saves) {
        const place = restored(name);
        if ((await place.run(['migrate'])).code === 0)
            return place;
        place.removeFolder();
    }
    throw new Error('no saved database can be used');
}

function target() {
    const place = new Server();
    place.adminIsNew = false;
    return place;
}

const sum = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const secretless = (place, output) => assert.ok(!output.includes(place.database.password), output);

async function move(from, to, ...more) {
    const result = await from.run(['migrate-to-postgres', '--to', to.database.url, ...more]);
    secretless(to, result.output);
    return result;
}
async function moveBack(from, file, ...more) {
    const result = await from.run(['migrate-to-sqlite', '--to', file, ...more]);
    secretless(from, result.output);
    return result;
}
function done({ code, output }) {
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /FAIL/);
    return output;
}
function refusedWith({ code, output }, wanted, sentence) {
    assert.equal(code, wanted, output);
    assert.match(output, sentence);
    assert.match(output, /[一-龥]/, 'in Chinese, too');
}

/** Everything that clients can read, before the server is halted again. */
async function answersOf(place) {
    await place.begin();
    const answers = await readAll(await place.admin());
    await place.halt();
    return answers;
}

async function work(place) {
    const admin = await place.admin();
    const manager = await place.client().login('manager', PASSWORD);
    const user = await place.client().login('user', PASSWORD);
    const material = await makeMaterial(manager, { description: ODD });
    await stockUp(user, manager, material.id, 7.25);
    await makeUser(admin, 'regular_user');
    for (const { id } of accepted(await manager.get('/api/inventory/pending'), 200).list)
        accepted(await admin.put(`/api/inventory/${id}/approve`, { action: 'approve' }), 200);
    return material.id;
}

const tablesOf = async (place) => (await place.sql("SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = 'public'")).map(({ name }) => name);
const schemaOf = (database) => execFileSync('pg_dump', ['-s', '-h', database.folder, '-U', 'mms', database.name], database.options()).toString()
    .replace(/^\\.*$/gm, '');

async function withPlaces(work) {
    const places = [];
    const keep = (place) => (places.push(place), place);
    try {
        await work(keep);
    } finally {
        for (const place of places) {
            if (place.child && !place.end)
                await place.kill9();
            place.agent.destroy();
            place.removeFolder();
        }
    }
}

/** work(between, url): a way to this database through a connection that can be cut. */
async function through(place, work) {
    const folder = mkdtempSync(path.join(tmpdir(), 'mms-proxy-'));
    const between = await proxy(folder, place.database.folder);
    try {
        await work(between, place.database.url.replace(place.database.folder, folder));
    } finally {
        between.close();
        rmSync(folder, { recursive: true, force: true });
    }
}

test('there, at work, and back again: every answer is the same', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), bare = keep(target());
    await old.begin();
    const odd = await makeMaterial(await old.client().login('manager', PASSWORD), { description: ODD });
    await old.halt();
    await old.sql("DELETE FROM refresh_tokens; DELETE FROM notifications WHERE id = (SELECT MAX(id) FROM notifications)"); // counters are ahead of rows
    const before = await answersOf(old);
    await old.begin();
    const { token } = await old.admin();
    await old.halt();
    there.setEnv({ JWT_SECRET: old.secret });
    const file = sum(old.db);
    const output = done(await move(old, there));
    assert.match(output, /writes were stopped for \d+\.\d{3} s/);
    for (const told of ['materials', 'moves', 'operation_log', 'stock of category chemical', 'documents pending', 'moves in the ledger', 'head of the operation log'])
        assert.match(output, new RegExp(`^ok +${told}`, 'm'));
    assert.equal(sum(old.db), file, 'the source is untouched');
    done(await move(old, there, '--verify-only'));
    await there.verifyClean();
    done(await there.run(['audit', 'verify']));

    done(await bare.run(['migrate']));
    assert.equal(schemaOf(there.database), schemaOf(bare.database), 'the schema is what mms migrate makes');

    assert.deepEqual(await answersOf(there), before);
    await there.begin();
    accepted(await there.client(token).get('/api/auth/me'), 200); // with the same secret everybody stays signed in
    const next = await work(there);
    assert.ok(next > odd.id, 'ids go on');
    const worked = await readAll(await there.admin());
    await there.halt();
    for (const table of ['documents', 'materials']) // as what was rolled back leaves it: ids that no row has
        await there.sql(`SELECT nextval(pg_get_serial_sequence('${table}', 'id')) AS n`);
    await there.verifyClean();

    const back = keep(new Server({ engine: 'sqlite' }));
    back.adminIsNew = false;
    done(await moveBack(there, back.db));
    assert.deepEqual(readdirSync(back.dir).filter((name) => name.includes('moving')), []);
    done(await moveBack(there, back.db, '--verify-only'));
    await back.verifyClean();
    done(await back.run(['audit', 'verify']));
    const ddl = (db) => sqlite(db, "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name");
    assert.deepEqual(await ddl(back.db), await ddl(old.db));
    assert.deepEqual(await answersOf(back), worked);
    await back.begin();
    assert.ok((await work(back)) > next);
    await back.halt();
    await back.verifyClean();
}));

test('a copy that the service on PostgreSQL has made is a way back: into an empty database, with every answer', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), again = keep(target());
    done(await move(old, there));
    await there.begin();
    await work(there);
    const admin = await there.admin(), { downloadUrl } = accepted(await admin.post('/api/admin/database/export'), 200);
    const { bytes } = await admin.get(downloadUrl), later = await makeMaterial(await there.client().login('manager', PASSWORD)); // not in the copy
    await there.halt();

    const copy = keep(new Server({ engine: 'sqlite' }));
    copy.adminIsNew = false;
    writeFileSync(copy.db, bytes);
    done(await move(copy, again));
    done(await move(copy, again, '--verify-only'));
    await again.verifyClean();
    done(await again.run(['audit', 'verify']));
    assert.equal(schemaOf(again.database), schemaOf(there.database));
    assert.deepEqual(await answersOf(again), await answersOf(copy));
    await again.begin();
    assert.equal((await again.admin().then((who) => who.get(`/api/materials/${later.id}`))).status, 404);
    assert.equal((await makeMaterial(await again.client().login('manager', PASSWORD))).id, later.id, 'ids go on where the copy was made');
    await work(again);
    await again.halt();
    await again.verifyClean();
}));

/** Starts the command and ends it with SIGKILL after so many ms; true: it was still at work. */
async function killed(place, args, ms) {
    const child = spawn(BINARY, args, { env: place.childEnv(), cwd: place.dir, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal)));
    await sleep(ms);
    child.kill('SIGKILL');
    return (await ended) === 'SIGKILL';
}

async function killedOften(place, args, lasted, check) {
    let hits = 0;
    for (let i = 0; i < 12; i++)
        if (await killed(place, args, lasted * (0.03 + i * 0.08))) {
            hits++;
            await check();
        } else {
            break; // it was done
        }
    assert.ok(hits >= 4, `killed at work ${hits} times`);
}

test('kill -9 at any moment: nothing is there, or all of it; run again, it ends well', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), trial = keep(target());
    await old.sql("INSERT INTO notifications (audience, type, title, content, created_at) SELECT 'everybody', 'system', '通知 ' || value, hex(randomblob(60)), value FROM generate_series(1, 40000)");
    const took = async (work, began = Date.now()) => (done(await work), Date.now() - began);
    const lasted = await took(move(old, trial));
    let complete = false;
    await killedOften(old, ['migrate-to-postgres', '--to', there.database.url], lasted, async () => {
        complete = (await tablesOf(there)).length > 0; // it may have been after the commit
        if (complete)
            done(await move(old, there, '--verify-only'));
    });
    if (!complete && (await tablesOf(there)).length === 0)
        done(await move(old, there));
    done(await move(old, there, '--verify-only'));

    const file = path.join(old.dir, 'back.db');
    const backLasted = await took(moveBack(there, file, '--dry-run'));
    await killedOften(there, ['migrate-to-sqlite', '--to', file], backLasted, async () => {
        if (existsSync(file))
            done(await moveBack(there, file, '--verify-only'));
    });
    if (!existsSync(file))
        done(await moveBack(there, file));
    done(await moveBack(there, file, '--verify-only'));
    await there.verifyClean();
}));

test('a connection that is lost on the way: said, and nothing is there', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), back = path.join(old.dir, 'back.db');
    await old.sql("INSERT INTO notifications (audience, type, title, content, created_at) SELECT 'everybody', 'system', 'x', hex(randomblob(60)), value FROM generate_series(1, 20000)");
    await through(there, async (between, url) => {
        const cutIn = async (going) => {
            between.state.cutAfter = 1_000_000; // of some three million bytes of rows
            const ended = await going();
            assert.equal(between.state.cutAfter, 0, ended.output);
            return ended;
        };
        refusedWith(await cutIn(() => old.run(['migrate-to-postgres', '--to', url])), 74, /as it was/);
        assert.deepEqual(await tablesOf(there), []);
        done(await move(old, there));
        const { code, output } = await cutIn(() => there.run(['migrate-to-sqlite', '--to', back], { env: { DATABASE_URL: url } }));
        assert.equal(code, 74, output);
        assert.ok(!existsSync(back));
        done(await moveBack(there, back));
    });
}));

test('a commit whose answer is lost: told as unknown, and --verify-only finds out', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target());
    await through(there, async (between, url) => {
        between.state.cut = true;
        refusedWith(await old.run(['migrate-to-postgres', '--to', url]), 74, /find out with --verify-only/);
    });
    done(await move(old, there, '--verify-only'));
}));

test('--verify-only finds what was tampered with', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target());
    done(await move(old, there));
    const finds = async (tamper, mend, ...lines) => {
        await there.database.vandalize(tamper);
        const { code, output } = await move(old, there, '--verify-only');
        assert.equal(code, 1, output);
        assert.deepEqual(output.match(/^FAIL +.*?(?=\s{2,}|:|$)/gm).map((line) => line.replace(/^FAIL +/, '')).sort(), lines.sort(), output);
        await there.database.vandalize(mend);
        done(await move(old, there, '--verify-only'));
    };
    await finds("UPDATE materials SET current_stock = current_stock + 1 WHERE id = 1", "UPDATE materials SET current_stock = current_stock - 1 WHERE id = 1",
        'materials', 'stock of category chemical');
    await finds("UPDATE users SET real_name = NULL WHERE real_name = '王芳'", "UPDATE users SET real_name = '王芳' WHERE username = 'manager'", 'users');
    await finds("UPDATE documents SET remark = '' WHERE remark IS NULL AND id = 1", "UPDATE documents SET remark = NULL WHERE id = 1", 'documents');
    await finds("UPDATE log_head SET hash = reverse(hash)", "UPDATE log_head SET hash = reverse(hash)", 'log_head', 'head of the operation log');
    await finds("INSERT INTO heartbeat (id, beat_at) SELECT 1, 0 WHERE false; ALTER TABLE materials ALTER COLUMN id RESTART WITH 1",
        "SELECT setval(pg_get_serial_sequence('materials', 'id'), 100)", 'materials');
    await finds("DELETE FROM settings WHERE key = 'company.timezone'",
        "INSERT INTO settings (key, value, updated_at) VALUES ('company.timezone', 'Asia/Shanghai', 0)", 'settings');
    await there.sql('CREATE TABLE stray (id BIGINT)');
    refusedWith(await move(old, there, '--verify-only'), 74, /has a table stray/);
}));

test('a dry run does it all and leaves nothing', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), file = path.join(old.dir, 'back.db');
    const whole = sum(old.db);
    assert.match(done(await move(old, there, '--dry-run')), /nothing is left behind/);
    assert.deepEqual(await tablesOf(there), []);
    assert.equal(sum(old.db), whole);
    refusedWith(await move(old, there, '--verify-only'), 74, /is empty/);
    done(await there.run(['migrate'])); // the schema without data will do as well
    done(await move(old, there, '--dry-run'));
    assert.equal(Number(await there.value('SELECT COUNT(*) AS n FROM users')), 0);
    assert.equal(Number(await there.value('SELECT COUNT(*) AS n FROM locations')), 5);
    done(await move(old, there));
    done(await moveBack(there, file, '--dry-run'));
    assert.deepEqual(readdirSync(old.dir).filter((name) => name.startsWith('back')), []);
}));

test('the script goes the six steps', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target());
    const script = (...args) => {
        const { status, stdout, stderr } = spawnSync(SCRIPT, args, { env: old.childEnv({ MMS: BINARY, TARGET_URL: there.database.url }), cwd: old.dir, encoding: 'utf8' });
        secretless(there, stdout + stderr);
        return { code: status, output: stdout + stderr };
    };
    assert.match(done(script('--dry-run')), /^== 1\/6 .*postgresql:\/\/\/test_\w+$/m);
    const output = done(script());
    for (let step = 1; step <= 6; step++)
        assert.ok(output.includes(`${step}/6`), output);
    assert.match(output, /^head +\d+:[0-9a-f]{64}$/m);
    done(script('--verify-only'));
    assert.equal(script().code, 74);
    assert.equal(script('--nonsense').code, 64);
}));

test('a target that is not empty is left alone', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), strange = keep(target()), file = path.join(old.dir, 'back.db');
    done(await move(old, there));
    const users = await there.value('SELECT COUNT(*) AS n FROM users');
    refusedWith(await move(old, there), 74, /is not empty, .*: give a database that was newly made/);
    assert.equal(await there.value('SELECT COUNT(*) AS n FROM users'), users);
    await strange.sql('CREATE TABLE theirs (n BIGINT)');
    refusedWith(await move(old, strange), 74, /tables of another program/);
    assert.deepEqual(await tablesOf(strange), ['theirs']);
    await sqlite(file, 'CREATE TABLE theirs (n INTEGER)');
    refusedWith(await moveBack(there, file), 74, /exists already/);
}));

test('what cannot be reached, read or understood: a clear sentence without the password', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), older = keep(restored('schema-0001.sql'));
    const to = (url, input = '') => old.run(['migrate-to-postgres', '--to', url], { input });
    const { url, folder, name, password } = there.database;
    for (const [bad, code, sentence] of [
        [url.replace(folder, '/nonexistent'), 74, /cannot connect/],
        [url.replace(name, 'no_such_database'), 74, /does not exist/],
        [url.replace(password, 'wrong-geheimnis'), 74, /password authentication failed/],
        [url.replace(password, 'geheimnis%zz'), 74, /cannot be read/],
        ['mysql://mms:geheimnis@host/db', 64, /must begin with postgresql/],
        ['postgresql://mms:geheim/nis@host/db', 64, /must be written %2F/],
        ['-', 64, /not acceptable/]]) {
        const result = await to(bad);
        refusedWith(result, code, sentence);
        assert.ok(!result.output.includes('geheim') && !result.output.includes(password), result.output);
    }
    refusedWith(await older.run(['migrate-to-postgres', '--to', url]), 74, /run mms migrate on it first/);
    refusedWith(await old.run(['migrate-to-postgres', '--to', url], { env: { DB_PATH: path.join(old.dir, 'none.db') } }), 74, /does not exist/);
    refusedWith(await old.run(['migrate-to-sqlite', '--to', path.join(old.dir, 'back.db')]), 78, /set DATABASE_URL/);
    for (const args of [[], ['--to'], ['--to', url, '--nonsense'], ['--to', url, '--dry-run', '--verify-only'], ['--to', url, '--to', url]])
        assert.equal((await old.run(['migrate-to-postgres', ...args])).code, 64, args.join(' '));
    assert.equal((await there.run(['migrate-to-sqlite', '--to', url])).code, 64);
    assert.deepEqual(await tablesOf(there), []);
    done(await to('-', `${url}\n`)); // from standard input
}));

/** The command while `place` serves: reading goes on, writing is refused; it ends when the service is stopped. */
async function whileServing(place, args) {
    await place.begin();
    const admin = await place.admin(), manager = await place.client().login('manager', PASSWORD);
    const { id } = await makeMaterial(manager);
    const refusal = await place.run(args);
    assert.equal(refusal.code, 74, refusal.output);
    assert.match(refusal.output, /is in use .*stop it first/);
    const child = spawn(BINARY, [...args, '--while-serving'], { env: place.childEnv(), cwd: place.dir, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const ended = new Promise((resolve) => child.on('close', resolve));
    await place.until(() => /Now stop the program/.test(output), 60_000, 'to be moved');
    accepted(await admin.get(`/api/materials/${id}`), 200);
    const write = await manager.post('/api/inventory', receiptOf(id, 1));
    refused(write, 503, 'busy', '系统繁忙，请稍后重试');
    assert.ok(Number(write.headers['retry-after']) > 0);
    await place.halt();
    assert.equal(await ended, 0, output);
    done(await place.run([...args, '--verify-only']));
}

test('a service that runs: refused, or read-only until it is stopped, so that nothing is missed', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target());
    await whileServing(old, ['migrate-to-postgres', '--to', there.database.url]);
    await whileServing(there, ['migrate-to-sqlite', '--to', path.join(old.dir, 'back.db')]);
}));

test('the index of the search is each engine’s own, and made anew', () => withPlaces(async (keep) => {
    const old = keep(await saved()), there = keep(target()), back = keep(new Server({ engine: 'sqlite' }));
    back.adminIsNew = false;
    const found = async (place) => {
        await place.begin();
        const admin = await place.admin();
        const codes = async () => accepted(await admin.get('/api/search?q=gaochunqing&type=materials'), 200).map(({ code }) => code);
        await place.until(async () => (await codes()).length > 0, 20_000, 'to find by pinyin');
        assert.deepEqual(await codes(), ['H2-001']);
        await place.halt();
    };
    await found(old);
    done(await there.run(['migrate'])); // where it is noted that all of the nothing there was is in the index
    assert.doesNotMatch(done(await move(old, there)), /search_/);
    await there.verifyClean();
    await found(there);
    done(await moveBack(there, back.db));
    await back.verifyClean();
    await found(back);
}));
