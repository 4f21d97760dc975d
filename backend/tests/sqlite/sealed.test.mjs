// Continuous backup that is sealed with age: nothing lies open, and whoever has the key brings all of it back.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';

import { ADMIN_PASSWORD, accepted, makeUser, materialBody } from '../api/harness.mjs';
import { expectLine } from '../api/doctor.mjs';
import { form, png } from '../api/picture.mjs';
import { Load, PROMISE_MS, Site, WAIT_MS, arrived, chains, dir, events, namesIn, newestChain, place, shipping, stateOf, untilState } from './shipping.mjs';

const HEADER = 192, HASH_AT = 128, AGE = 'age-encryption.org/v1\n';
const MARKER = 'PLAIN-a7c1f3-明文';

/** A key of age, and the file that it lies in. */
function makeKey() {
    const file = place('key');
    assert.equal(spawnSync('age-keygen', ['-o', file]).status, 0, 'age is installed by ./test');
    return { file, recipient: /age1\w+/.exec(readFileSync(file, 'utf8'))[0] };
}
const mine = makeKey(), second = makeKey(), other = makeKey();
const SEALED = { AGE_RECIPIENT: mine.recipient };

const filesIn = (folder) => readdirSync(folder, { recursive: true }).map((name) => path.join(folder, name)).filter((name) => statSync(name).isFile());
const sha256 = (...parts) => parts.reduce((hash, one) => hash.update(one), createHash('sha256')).digest('hex');
const begins = (bytes, text, at = 0) => bytes.subarray(at, at + text.length).toString('latin1') === text;

/** What anybody can read of the folder: pages as they lie, or packed. */
function openThingsIn(folder) {
    const found = [];
    for (const file of filesIn(folder)) {
        const bytes = readFileSync(file);
        let inside = bytes;
        if (file.endsWith('.seg')) {
            try {
                inside = inflateSync(bytes.subarray(HEADER));
            } catch {
                assert.ok(begins(bytes, AGE, HEADER), `${file}: neither packed nor sealed`);
            }
        }
        if (inside.includes(MARKER) || inside.includes('SQLite format 3') || inside.includes('CREATE TABLE') || begins(bytes, '\x89PNG') || inside !== bytes)
            found.push(path.relative(folder, file));
    }
    return found;
}

const write = async (admin) => accepted(await admin.post('/api/materials', materialBody({ description: MARKER })), 201);
const pictureOf = async (admin) => {
    const user = await makeUser(admin, 'regular_user');
    return accepted(await user.request('POST', '/api/profile/avatar', form(['avatar', png(30, 20)])), 200).avatar;
};

test('killed with -9 under load: with the key all that was acknowledged is back; without it nothing can be read', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin(), avatar = await pictureOf(admin);
        await write(admin);
        await arrived(server, folder, admin);
        const load = new Load(admin);
        await server.until(() => load.acknowledged.size > 300, WAIT_MS, 'to write');
        await arrived(server, folder, admin);
        const { sealed, open_bases, failures } = await stateOf(admin);
        assert.deepEqual([sealed, open_bases, failures], [true, 0, 0]);
        const killed = Date.now();
        await server.kill9();
        await load.stop();
        for (const name of readdirSync(server.dir))
            rmSync(path.join(server.dir, name), { recursive: true });
        assert.deepEqual(openThingsIn(folder), []);
        const [uploads] = readdirSync(folder).filter((name) => name.startsWith('uploads'));
        assert.match(uploads, /^uploads_age_[0-9a-f]{16}$/);
        const pictures = filesIn(path.join(folder, uploads));
        assert.ok(pictures.length > 0 && pictures.every((file) => begins(readFileSync(file), AGE)), 'uploaded files are sealed, too');
        const chain = newestChain(folder);
        assert.ok(begins(readFileSync(path.join(chain, namesIn(chain, '.db.age')[0])), AGE));
        assert.deepEqual(namesIn(chain, '.db'), []);
        assert.ok(namesIn(chain, '.seg').every((name) => begins(readFileSync(path.join(chain, name)), 'mms-segment-v2\n\0')));
        for (const key of [mine, second]) {
            const site = new Site(server), { asOf } = await site.restored(folder, '--age-key', key.file);
            assert.ok(killed - asOf < PROMISE_MS, `as of ${killed - asOf} ms before the end`);
            load.check(await site.codes(), asOf);
        }
        const { code, output } = await server.run(['restore', '--continuous', '--age-key', mine.file]);
        assert.equal(code, 0, output);
        await server.begin();
        assert.equal((await server.client().get(avatar)).status, 200, 'the picture has come as well');
        await server.client().login('admin', ADMIN_PASSWORD);
    }, { AGE_RECIPIENT: `${mine.recipient}, ${second.recipient}` });
});

test('the same search does find what lies open', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        await pictureOf(admin);
        await write(admin);
        await arrived(server, folder, admin);
        const { sealed, open_bases } = await stateOf(admin);
        assert.deepEqual([sealed, open_bases], [false, 1]);
        const found = openThingsIn(folder);
        for (const kind of [/\.db$/, /\.seg$/])
            assert.ok(found.some((name) => kind.test(name)), `${kind} in ${found}`);
    });
});

test('no key, another key, no age: said clearly; order and checksums need none of them', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        await arrived(server, folder, admin);
        await server.halt();
        const site = new Site(server);
        await site.refused(folder, /encrypted: name the file with its key with --age-key.*--check-sums/);
        await site.refused(folder, /is encrypted: name the file with its key/, '--check');
        await site.refused(folder, /base_\d+\.db\.age is encrypted, and could not be opened with .*: no identity matched/, '--age-key', other.file);
        await site.refused(folder, /could not be opened with .*nowhere: .*no such file/, '--age-key', path.join(dir, 'nowhere'));
        const without = { ...site.env, PATH: path.join(dir, 'no-programs') }, empty = place('no-program');
        mkdirSync(empty);
        writeFileSync(path.join(empty, 'age'), ''); // as where nothing stands for it, such as in a container
        for (const env of [without, { ...without, PATH: empty }]) {
            const none = await server.run(['restore', '--continuous', folder, '--age-key', mine.file], { env });
            assert.equal(none.code, 74, none.output);
            assert.match(none.output, /age is not installed \(Debian: apt-get install age\)/);
        }
        assert.deepEqual(readdirSync(site.dir), []);
        const sums = await server.run(['restore', '--continuous', folder, '--check-sums'], { env: without });
        assert.equal(sums.code, 0, sums.output);
        assert.match(sums.output, /are in order and stand their checksums, as of \S+Z \(encrypted\)\. No more than that/);
        assert.deepEqual(namesIn(newestChain(folder), '.proven'), [], 'that is no proof');
        const checked = await site.run('restore', '--continuous', folder, '--check', '--age-key', mine.file);
        assert.equal(checked.code, 0, checked.output);
        assert.deepEqual(namesIn(newestChain(folder), '.proven').length, 1);
        await site.restored(folder, '--age-key', mine.file);
    }, SEALED);
});

test('a damaged segment or base is named; sums that were made right do not help', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        for (let i = 0; i < 4; i++)
            await arrived(server, folder, admin);
        await server.halt();
        const chain = newestChain(folder), segments = namesIn(chain, '.seg'), base = path.join(chain, namesIn(chain, '.db.age')[0]), manifest = base.replace('.db.age', '.json');
        const { whole } = JSON.parse(readFileSync(manifest, 'utf8')), site = new Site(server);
        const middle = path.join(chain, segments[Math.floor((whole + segments.length) / 2)]), last = path.join(chain, segments.at(-1));
        const spoil = async (file, how, wanted, ...more) => {
            const bytes = readFileSync(file);
            how(file, bytes);
            const output = await site.refused(folder, wanted, ...more);
            const until = /give --until (\S+Z)/.exec(output)?.[1];
            if (until) {
                const { asOf } = await new Site(server).restored(folder, '--until', until, '--age-key', mine.file);
                assert.equal(asOf, Date.parse(until), 'all that is before it');
            }
            writeFileSync(file, bytes);
        };
        const flip = (at) => (file, bytes) => {
            const spoilt = Buffer.from(bytes);
            spoilt[at < 0 ? bytes.length + at : at] ^= 1;
            writeFileSync(file, spoilt);
        };
        const cut = (n) => (file, bytes) => truncateSync(file, bytes.length - n);
        // Of the header: magic, number, moment, page size, pages, size as it lies, size as it is, the hash before, its own; then age's version, recipient, MAC and payload.
        const places = [3, 14, 20, 28, 34, 38, 42, 46, 50, 70, 150, HEADER + 20, HEADER + 40, HEADER + 140, HEADER + 190, -1];
        for (const how of [...places.map(flip), cut(1), cut(30), (file) => truncateSync(file, HEADER), (file) => truncateSync(file, 0), (file) => appendFileSync(file, 'x'), (file) => rmSync(file),
            (file) => writeFileSync(file, readFileSync(last))])
            await spoil(middle, how, new RegExp(`${path.basename(middle)} is damaged or missing.*--until`), '--check-sums');
        await spoil(middle, flip(-1), /is damaged or missing.*--until/, '--age-key', mine.file);
        await spoil(last, cut(5), new RegExp(`${path.basename(last)} is damaged or missing.*--until`));
        for (const how of [flip(5), flip(60), flip(5000), flip(-1), cut(1), (file) => appendFileSync(file, 'x'), (file) => rmSync(file)])
            await spoil(base, how, /base_\d+\.db\.age is damaged or missing, and there is nothing before it/, '--age-key', mine.file);
        await spoil(base, flip(5000), /base_\d+\.db\.age is damaged or missing/, '--check-sums');
        const told = JSON.parse(readFileSync(manifest, 'utf8'));
        for (const change of [{ version: 3 }, { sealed: 'rot13' }, { sealed_for: '../../etc' }, { sealed_for: 'g'.repeat(16) }, { stored: 0 }, { version: 1 }])
            await spoil(manifest, (file) => writeFileSync(file, JSON.stringify({ ...told, ...change })), change.version === 1 ? /is damaged or missing/ : /holds no continuous backup/, '--age-key', mine.file);
        // Whoever can write there can make every sum right, but not what age authenticates.
        const resum = (change) => (file, bytes) => {
            const spoilt = Buffer.from(bytes);
            change(spoilt);
            spoilt.write(sha256(spoilt.subarray(0, HASH_AT), spoilt.subarray(HEADER)), HASH_AT, 'latin1');
            writeFileSync(file, spoilt);
        };
        await spoil(last, resum((bytes) => (bytes[bytes.length - 1] ^= 1)), new RegExp(`${path.basename(last)} is encrypted, and could not be opened with .*: failed to decrypt`), '--age-key', mine.file);
        await spoil(last, resum((bytes) => bytes.write('mms-segment-v1')), /is damaged or missing/, '--age-key', mine.file); // an open one in a sealed chain
        const bytes = readFileSync(base);
        bytes[bytes.length - 1] ^= 1;
        writeFileSync(base, bytes);
        writeFileSync(manifest, JSON.stringify({ ...told, sha256: sha256(bytes) }));
        await site.refused(folder, /base_\d+\.db\.age is encrypted, and could not be opened with .*: failed to decrypt/, '--age-key', mine.file);
        bytes[bytes.length - 1] ^= 1;
        writeFileSync(base, bytes);
        writeFileSync(manifest, JSON.stringify(told));
        await site.restored(folder, '--age-key', mine.file);
    }, SEALED);
});

test('a setting that changes begins another chain, and what was before stays readable', async () => {
    await shipping(async (server, folder) => {
        const ids = [], moments = [];
        const uploads = () => readdirSync(folder).filter((name) => name.startsWith('uploads')).sort();
        const run = async (recipient) => {
            server.setEnv({ AGE_RECIPIENT: recipient });
            if (server.end)
                await server.begin();
            const admin = await server.admin();
            await pictureOf(admin);
            ids.push((await write(admin)).id);
            await arrived(server, folder, admin);
            assert.equal((await stateOf(admin)).sealed, recipient !== null);
            await server.halt();
            moments.push(new Date().toISOString());
        };
        await run(null);
        assert.deepEqual(uploads(), ['uploads']);
        await run(mine.recipient);
        assert.equal(chains(folder).length, 2);
        assert.equal(uploads().length, 2, 'the open ones are of the open chain, which is still there');
        const has = async (site, id, wanted) => assert.equal(await site.count(id), wanted);
        const site = new Site(server);
        await site.refused(folder, /encrypted/);
        await site.restored(folder, '--age-key', mine.file);
        await has(site, ids[1], 1);
        const before = new Site(server);
        await before.restored(folder, '--until', moments[0]); // of the open chain: without any key
        await has(before, ids[0], 1);
        await has(before, ids[1], 0);
        assert.ok(existsSync(before.env.UPLOAD_DIR), 'with its pictures');
        const given = new Site(server);
        await given.restored(folder, '--until', moments[0], '--age-key', mine.file);
        await run(other.recipient);
        const newest = new Site(server);
        await newest.refused(folder, /no identity matched/, '--age-key', mine.file);
        await newest.restored(folder, '--age-key', other.file);
        await has(newest, ids[2], 1);
        await new Site(server).restored(folder, '--until', moments[1], '--age-key', mine.file);
        assert.deepEqual(openThingsIn(folder), [], 'the open chain is none of the two newest any more, and its files went with it');
        assert.equal(uploads().length, 2);
        await run(null);
        await new Site(server).restored(folder);
        assert.ok(uploads().includes('uploads'));
    });
});

test('age is not there, or refuses the recipient: nothing goes out open, and it is said; it is taken up when it can be', async () => {
    const programs = place('programs');
    mkdirSync(programs);
    const age = spawnSync('sh', ['-c', 'command -v age'], { encoding: 'utf8' }).stdout.trim(), install = () => symlinkSync(age, path.join(programs, 'age'));
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        await untilState(server, admin, (s) => s.failing_since !== null, 'to say so');
        const ill = await stateOf(admin);
        assert.match(ill.reason, /^age: the program age is not installed$/);
        assert.equal(ill.sealed, true);
        await write(admin);
        assert.deepEqual(filesIn(folder).filter((name) => !name.endsWith('.lock')), []);
        install();
        await untilState(server, admin, (s) => s.failing_since === null && s.base_at !== null, 'to begin');
        await arrived(server, folder, admin);
        // It goes away while the chain is under way: what was committed meanwhile is not lost.
        rmSync(path.join(programs, 'age'));
        const { id } = await write(admin);
        await untilState(server, admin, (s) => s.failing_since !== null, 'to say so again');
        install();
        await untilState(server, admin, (s) => s.failing_since === null, 'to go on');
        assert.deepEqual(events(server, 'ship.gap'), []);
        await server.halt();
        assert.deepEqual(openThingsIn(folder), []);
        const site = new Site(server);
        await site.restored(folder, '--age-key', mine.file);
        assert.equal(await site.count(id), 1);
    }, { ...SEALED, PATH: programs });
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        await untilState(server, admin, (s) => /^age: .*malformed recipient/.test(s.reason ?? ''), 'to tell what age says');
        assert.deepEqual(filesIn(folder).filter((name) => !name.endsWith('.lock')), []);
        for (const wrong of ['nonsense', 'age1x,', ',', 'AGE-SECRET-KEY-1ABC', `${mine.recipient} ${second.recipient}`, Array(9).fill(mine.recipient).join(',')]) {
            const { code, output } = await server.run(['check-config'], { env: { AGE_RECIPIENT: wrong } });
            assert.equal(code, 78, `${wrong}: ${output}`);
            assert.match(output, /AGE_RECIPIENT/);
        }
        const eight = await server.run(['check-config'], { env: { AGE_RECIPIENT: Array(8).fill(mine.recipient).join(' , ') } });
        assert.doesNotMatch(eight.output, /AGE_RECIPIENT.*(must|必须)/);
    }, { AGE_RECIPIENT: 'age1nonsense' });
});

test('mms doctor: sealed, open, for others, behind, not there', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin(), line = (...args) => expectLine(server, 'post.continuous', ...args);
        await arrived(server, folder, admin);
        await line('ok', /^已加密 \/ sealed，已保存到 .*Z；尚未试恢复/);
        assert.equal((await new Site(server).run('restore', '--continuous', folder, '--check', '--age-key', mine.file)).code, 0);
        await line('ok', /已试恢复并验证/);
        await line('fail', /已加密 \/ sealed，与 AGE_RECIPIENT 不符/, [], { AGE_RECIPIENT: other.recipient });
        await line('fail', /与 AGE_RECIPIENT 不符/, [], { AGE_RECIPIENT: null });
        await line('fail', /malformed recipient/, [], { AGE_RECIPIENT: 'age1nonsense' });
        await line('fail', /age is not installed/, [], { PATH: path.join(dir, 'no-programs') });
        await line('fail', /没有完整的副本/, [], { BACKUP_CONTINUOUS_DIR: dir });
        await line('not_applicable', /BACKUP_CONTINUOUS_DIR 未设置/, [], { BACKUP_CONTINUOUS_DIR: null });
        const later = Date.now() / 1000 + 600;
        await server.kill9(); // so that nobody writes to the log any more
        utimesSync(`${server.db}-wal`, later, later);
        await line('fail', /其后的变更尚未写入/);
    }, SEALED);
    await shipping(async (server, folder) => {
        await arrived(server, folder, await server.admin());
        await expectLine(server, 'post.continuous', 'ok', /^未加密（AGE_RECIPIENT 未设置）/);
    });
});

test('a folder that somebody has put above UPLOAD_DIR: the uploaded files that are served stay, whatever is cleared away', async () => {
    await shipping(async (server, folder) => {
        let avatar;
        for (const recipient of [null, mine.recipient, mine.recipient, mine.recipient]) {
            server.setEnv({ AGE_RECIPIENT: recipient, UPLOAD_DIR: path.join(folder, 'uploads') });
            await server[server.end ? 'begin' : 'restart']();
            const admin = await server.admin();
            avatar ??= await pictureOf(admin);
            await arrived(server, folder, admin);
            await server.halt();
        }
        assert.deepEqual(chains(folder).map((name) => namesIn(path.join(folder, name), '.db').length), [0, 0], 'the open chain is gone');
        await server.begin();
        assert.equal((await server.client().get(avatar)).status, 200);
    });
});
