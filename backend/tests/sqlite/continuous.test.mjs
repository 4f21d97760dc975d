// Continuous backup: what was acknowledged is elsewhere within seconds, and comes back from there, whatever ends the service.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ADMIN_PASSWORD, Server, accepted, makeUser, materialBody, post, receiptOf, sleep, sqlite } from '../api/harness.mjs';
import { form, png } from '../api/picture.mjs';
import { FAKETIME, withClock } from './clock.mjs';
import { Load, PROMISE_MS, Site, WAIT_MS, arrived, chains, dir, events, logsBegun, namesIn, newestChain, place, shipping, stateOf, untilState } from './shipping.mjs';

test('killed with -9 under load and its folder gone: no more than a minute is lost, through logs that began anew', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin(), user = await makeUser(admin, 'regular_user'), manager = await makeUser(admin, 'inventory_manager');
        const { avatar } = accepted(await user.request('POST', '/api/profile/avatar', form(['avatar', png(30, 20)])), 200);
        const thing = accepted(await admin.post('/api/materials', materialBody()), 201);
        const document = await post(user, manager, receiptOf(thing.id, 5, { unitPrice: 2 }));
        await arrived(server, folder, admin);
        const load = new Load(admin), before = logsBegun(server);
        await server.until(() => logsBegun(server) >= before + 3, WAIT_MS, 'to let the log begin anew');
        await arrived(server, folder, admin);
        const killed = Date.now();
        await server.kill9();
        await load.stop();
        for (const name of readdirSync(server.dir))
            rmSync(path.join(server.dir, name), { recursive: true });
        assert.equal(chains(folder).length, 1, 'without a gap');
        assert.deepEqual(events(server, 'ship.gap'), []);
        const { code, output } = await server.run(['restore', '--continuous']);
        assert.equal(code, 0, output);
        const asOf = Date.parse(/as of (\S+Z)/.exec(output)[1]);
        assert.ok(killed - asOf < PROMISE_MS, `as of ${killed - asOf} ms before the end`);
        load.check(new Set((await server.sql('SELECT material_code AS c FROM materials')).map(({ c }) => c)), asOf);
        await server.verifyClean();
        await server.begin();
        const again = await server.client().login(user.user.username, user.password);
        assert.equal(accepted(await again.get(`/api/inventory/${document.id}`), 200).status, 'approved');
        assert.equal((await server.client().get(avatar)).status, 200, 'the picture has come as well');
        const boss = await server.client().login('admin', ADMIN_PASSWORD);
        accepted(await boss.post('/api/materials', materialBody()), 201);
        const audit = await server.run(['audit', 'verify']);
        assert.equal(audit.code, 0, audit.output);
        await server.halt();
        assert.equal(chains(folder).length, 2, 'each start begins a chain');
        await new Site(server).restored(folder);
    });
});

test('a picture that cannot be read is told of, and left out: all else is shipped', { skip: process.getuid() !== 0 && 'needs root, to make one' }, async (t) => {
    await shipping(async (server, folder) => {
        const admin = await server.admin(), users = [await makeUser(admin, 'regular_user'), await makeUser(admin, 'regular_user')];
        const put = async (user, width) => accepted(await user.request('POST', '/api/profile/avatar', form(['avatar', png(width, 20)])), 200).avatar;
        const file = path.join(server.dir, (await put(users[0], 30)).slice(1));
        await arrived(server, folder, admin);
        // Another lies over it, which gives nothing but an error: what a bad block does.
        const bad = file.replace(/[0-9a-f]{32}/, 'f'.repeat(32));
        process.kill(server.child.pid, 'SIGSTOP'); // lest it sees the file below
        writeFileSync(bad, '');
        const mounted = spawnSync('mount', ['--bind', `/proc/${process.pid}/mem`, bad]).status === 0;
        process.kill(server.child.pid, 'SIGCONT');
        if (!mounted)
            return t.skip('nothing may be mounted here');
        try {
            const avatar = await put(users[1], 40);
            await arrived(server, folder, admin);
            await server.until(() => events(server, 'ship.file_unreadable').length > 0, WAIT_MS, 'to tell of it');
            assert.equal(events(server, 'ship.file_unreadable')[0].key, `avatars/${path.basename(bad)}`);
            assert.equal(events(server, 'ship.failed').length, 0, 'the log goes on');
            const shipped = readdirSync(folder, { recursive: true }).map(String);
            assert.ok(shipped.some((name) => name.endsWith(path.basename(avatar))), 'and the others, too');
        } finally {
            spawnSync('umount', [bad]);
        }
    });
});

test('ended in order: all of it is there', async () => {
    await shipping(async (server, folder) => {
        const load = new Load(await server.admin());
        await server.until(() => load.acknowledged.size > 40, WAIT_MS, 'to write');
        await load.stop();
        await server.halt();
        const site = new Site(server);
        await site.restored(folder);
        load.check(await site.codes(), Infinity);
        const again = await site.run('restore', '--continuous', folder);
        assert.match(again.output, /--force/);
        await site.restored(folder, '--force');
        assert.equal(readdirSync(site.dir).filter((name) => name.startsWith('mms.db.replaced-')).length, 1, 'what was there is kept');
    });
});

/** A small disk of its own, or null where none can be mounted. */
function smallDisk(size) {
    const disk = place('disk');
    mkdirSync(disk);
    return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'mms-test', disk]).status === 0 ? disk : null;
}
const resize = (disk, size) => assert.equal(spawnSync('mount', ['-o', `remount,size=${size}`, disk]).status, 0);

test('ended by kill -9 at any moment: what is there can be restored, and holds what it says', async () => {
    await shipping(async (server, folder) => {
        let tried = 0;
        const load = new Map();
        for (let i = 0; i < 8; i++) {
            if (i > 0)
                await server.begin();
            const round = new Load(await server.admin(), 4);
            await sleep(50 + i * 130);
            await server.kill9();
            await round.stop();
            for (const [code, at] of round.acknowledged)
                load.set(code, at);
            if (!chains(folder).some((name) => namesIn(path.join(folder, name), '.json').length > 0))
                continue;
            const site = new Site(server), { asOf } = await site.restored(folder);
            round.acknowledged = load;
            round.check(await site.codes(), asOf);
            tried++;
        }
        assert.ok(tried >= 4, `${tried} of 8 were restored`);
    });
});

test('to a moment in the past; the books of that moment agree', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin(), load = new Load(admin, 2);
        await server.until(() => load.acknowledged.size > 20, WAIT_MS, 'to write');
        await load.stop();
        await arrived(server, folder, admin);
        const then = Date.now();
        await arrived(server, folder, admin);
        const later = accepted(await admin.post('/api/materials', materialBody()), 201);
        await server.halt();
        const until = new Date(then).toISOString(), site = new Site(server), { asOf } = await site.restored(folder, '--until', until);
        assert.ok(asOf <= then);
        load.check(await site.codes(), then);
        assert.deepEqual(await sqlite(site.db, `SELECT id FROM materials WHERE id = ${later.id}`), []);
        await new Site(server).refused(folder, /nothing as old as/, '--until', '2020-01-01T00:00:00Z');
        for (const args of [['--until', 'yesterday'], ['--until'], ['--age-key'], ['--check', '--force'], ['--check', '--check-sums'], ['--check-sums', '--force']])
            assert.equal((await server.run(['restore', '--continuous', folder, ...args])).code, 64, args.join(' '));
        for (const args of [['--until', until], ['--check-sums']])
            assert.equal((await server.run(['restore', ...args])).code, 64, args.join(' '));
    });
});

test('a damaged or missing segment or base is named, with what can be restored instead', async () => {
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        for (let i = 0; i < 4; i++)
            await arrived(server, folder, admin);
        await server.halt();
        const chain = newestChain(folder), segments = namesIn(chain, '.seg'), site = new Site(server);
        const base = path.join(chain, namesIn(chain, '.db')[0]), { whole } = JSON.parse(readFileSync(base.replace('.db', '.json'), 'utf8'));
        const spoil = async (file, how, wanted) => {
            const bytes = readFileSync(file);
            how(file, bytes);
            const output = await site.refused(folder, wanted);
            const until = /give --until (\S+Z)/.exec(output)?.[1];
            if (until) {
                const { asOf } = await new Site(server).restored(folder, '--until', until);
                assert.equal(asOf, Date.parse(until), 'all that is before it');
            }
            writeFileSync(file, bytes);
            return until;
        };
        const flip = (at) => (file, bytes) => {
            const spoilt = Buffer.from(bytes);
            spoilt[at < 0 ? bytes.length + at : at] ^= 1;
            writeFileSync(file, spoilt);
        };
        const middle = path.join(chain, segments[Math.floor((whole + segments.length) / 2)]);
        const named = new RegExp(`${path.basename(middle)} is damaged or missing.*--until`);
        for (const how of [flip(0), flip(30), flip(100), flip(150), flip(-1), (file, bytes) => truncateSync(file, bytes.length - 3), (file) => truncateSync(file, 0),
            (file) => appendFileSync(file, 'x'), (file) => rmSync(file), (file) => writeFileSync(file, readFileSync(path.join(chain, segments.at(-1))))])
            assert.ok(await spoil(middle, how, named), 'what is before it can be restored');
        assert.equal(await spoil(base, flip(5000), /base_\d+\.db is damaged or missing, and there is nothing before it/), undefined);
        assert.equal(await spoil(base, (file) => rmSync(file), /is damaged or missing/), undefined);
        // A later one of the same chain that is damaged costs nothing.
        const later = path.join(chain, 'base_00000002');
        writeFileSync(`${later}.db`, 'no base');
        writeFileSync(`${later}.json`, JSON.stringify({ ...JSON.parse(readFileSync(base.replace('.db', '.json'), 'utf8')), number: 2 }));
        assert.match((await new Site(server).restored(folder)).output, /base_00000002\.db is damaged: an earlier one of the same chain is used, nothing is lost/);
        rmSync(`${later}.json`);
        await spoil(base.replace('.db', '.json'), (file) => writeFileSync(file, '{'), /holds no continuous backup/);
        await spoil(path.join(chain, segments[0]), (file) => rmSync(file), /00000001\.seg is damaged or missing, and there is nothing before it/);
        await new Site(server).refused(path.join(dir, 'nowhere'), /holds no continuous backup/);
        await site.restored(folder);
    });
});

test('somebody else who writes, and brings the log home: all of it is shipped', async (t) => {
    await shipping(async (server, folder) => {
        const admin = await server.admin();
        await arrived(server, folder, admin);
        const disturb = async (times) => {
            for (let i = 0; i < times; i++) {
                await sqlite(server.db, `UPDATE heartbeat SET beat_at = ${i}`);
                for (const mode of ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE']) // what waits for readers gives up: one of them is ours
                    spawnSync('sqlite3', ['-cmd', '.timeout 20', server.db, `PRAGMA wal_checkpoint(${mode})`]);
            }
        };
        await disturb(20);
        await sqlite(server.db, 'UPDATE heartbeat SET beat_at = 4711');
        await arrived(server, folder, admin);
        assert.deepEqual(events(server, 'ship.gap'), []);
        assert.equal(chains(folder).length, 1);
        const quiet = new Site(server);
        await quiet.restored(folder);
        assert.deepEqual(await sqlite(quiet.db, 'SELECT beat_at FROM heartbeat'), [{ beat_at: 4711 }]);
        // While our own log begins anew, somebody else's checkpoint may come in between: that is noticed, and another chain begins.
        const load = new Load(admin, 3);
        await disturb(30);
        await load.stop();
        await sqlite(server.db, 'UPDATE heartbeat SET beat_at = 4712');
        await arrived(server, folder, admin);
        const gaps = () => events(server, 'ship.gap').length;
        await server.until(() => events(server, 'ship.began').length === 1 + gaps(), WAIT_MS, 'to begin a chain after each gap'); // older ones are removed
        await server.kill9();
        t.diagnostic(`${gaps()} gaps`);
        const site = new Site(server), { asOf } = await site.restored(folder);
        load.check(await site.codes(), asOf);
        assert.deepEqual(await sqlite(site.db, 'SELECT beat_at FROM heartbeat'), [{ beat_at: 4712 }]);
    });
});

test('somebody else alone writes: the log stays bounded all the same', async () => {
    await shipping(async (server, folder) => {
        await server.until(() => chains(folder).length > 0 && namesIn(newestChain(folder), '.json').length > 0, WAIT_MS, 'to begin');
        const before = logsBegun(server);
        for (let i = 0; i < 12; i++)
            await sqlite(server.db, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
                INSERT INTO idempotency (user_id, key, fingerprint, status, body, created_at) SELECT 1, '${i}-' || i, 'f', 200, hex(randomblob(400)), 0 FROM n`);
        await server.until(() => logsBegun(server) > before, WAIT_MS, 'to let the log begin anew');
        await server.kill9();
        assert.deepEqual(events(server, 'ship.gap'), []);
        await new Site(server).restored(folder);
    });
});

test('a full folder: the service goes on, says so, and catches up without a gap when there is room', async (t) => {
    const disk = smallDisk('3m');
    if (!disk)
        return t.skip('no small disk can be mounted here');
    try {
        await shipping(async (server) => {
            const admin = await server.admin(), folder = disk;
            await arrived(server, folder, admin);
            resize(disk, '1m'); // less than it holds already is taken as what it holds
            writeFileSync(path.join(disk, 'filler'), Buffer.alloc(0));
            for (let i = 0; i < 64; i++)
                try {
                    appendFileSync(path.join(disk, 'filler'), Buffer.alloc(65536));
                } catch (error) {
                    assert.equal(error.code, 'ENOSPC');
                    break;
                }
            const load = new Load(admin, 3);
            await untilState(server, admin, (s) => s.failing_since !== null, 'to say that it is full');
            const ill = await stateOf(admin);
            assert.match(ill.reason, /No space left/);
            assert.ok(ill.failures > 0);
            assert.equal((await admin.get('/api/health')).status, 200, 'the service itself is well');
            await load.stop();
            rmSync(path.join(disk, 'filler'));
            resize(disk, '64m');
            await untilState(server, admin, (s) => s.failing_since === null, 'to catch up');
            await arrived(server, folder, admin);
            assert.equal((await stateOf(admin)).gaps, 0);
            assert.equal(events(server, 'ship.failed').length, 1, 'told once');
            assert.equal(events(server, 'ship.recovered').length, 1);
            await server.halt();
            const site = new Site(server);
            await site.restored(folder);
            load.check(await site.codes(), Infinity);
        }, { BACKUP_CONTINUOUS_DIR: disk });
    } finally {
        spawnSync('umount', [disk]);
    }
});

test('read-only, and away for long: the log stays bounded, and a new chain begins when it is back', async (t) => {
    const disk = smallDisk('200m');
    if (!disk)
        return t.skip('no disk of its own can be mounted here');
    try {
        await shipping(async (server) => {
            const admin = await server.admin(), folder = disk;
            await arrived(server, folder, admin);
            // Refused while something there is being written.
            await server.until(() => spawnSync('mount', ['-o', 'remount,ro', disk]).status === 0, WAIT_MS, 'to let its folder become read-only');
            const load = new Load(admin, 8);
            await untilState(server, admin, (s) => /Read-only file system/.test(s.reason ?? ''), 'to say that it is read-only');
            await server.until(() => events(server, 'ship.let_go').length === 1, WAIT_MS, 'to let the log go, as nobody takes it');
            const before = logsBegun(server);
            await server.until(() => logsBegun(server) > before, WAIT_MS, 'to let it begin anew');
            await load.stop();
            const bytes = statSync(`${server.db}-wal`).size;
            assert.ok(bytes < 100 << 20, `a log of ${bytes} bytes`);
            assert.equal(spawnSync('mount', ['-o', 'remount,rw', disk]).status, 0);
            await server.until(() => chains(folder).length === 2, WAIT_MS, 'to begin a new chain');
            await arrived(server, folder, admin);
            const { gaps, failing_since } = await stateOf(admin);
            assert.deepEqual([gaps, failing_since], [1, null]);
            await server.kill9();
            const site = new Site(server), { asOf } = await site.restored(folder);
            load.check(await site.codes(), asOf);
            assert.ok(load.acknowledged.size > 0);
        }, { BACKUP_CONTINUOUS_DIR: disk });
    } finally {
        spawnSync('umount', [disk]);
    }
});

test('its folder is not there, or another service has it; it is taken up when it can be', async () => {
    const late = path.join(dir, 'late');
    await shipping(async (server) => {
        const admin = await server.admin();
        assert.match((await stateOf(admin)).reason, /No such file/);
        mkdirSync(late);
        await untilState(server, admin, (s) => s.failing_since === null && s.base_at !== null, 'to begin');
        const refusedTo = async (reason) => {
            const other = new Server({ engine: 'sqlite', env: { BACKUP_CONTINUOUS_DIR: late, BACKUP_CONTINUOUS_SECONDS: 1 } });
            await other.begin();
            try {
                const there = await other.admin();
                await untilState(other, there, (s) => reason.test(s.reason ?? ''), 'to be refused');
            } finally {
                await other.stop();
            }
            assert.equal(chains(late).length, 1, 'nothing of the other one');
        };
        await refusedTo(/resource busy/);
        await server.halt();
        await refusedTo(/holds the backups of another database/); // such as an empty one, after the disk was lost
        rmSync(newestChain(late), { recursive: true });
        await server.begin();
        await admin.login('admin', ADMIN_PASSWORD);
        await arrived(server, late, admin);
        rmSync(newestChain(late), { recursive: true });
        accepted(await admin.post('/api/materials', materialBody()), 201);
        await server.until(() => chains(late).length === 1, WAIT_MS, 'to begin anew after its chain was removed');
        await arrived(server, late, admin);
        assert.equal((await stateOf(admin)).gaps, 1);
    }, { BACKUP_CONTINUOUS_DIR: late });
    const { code, output } = await new Server({ engine: 'sqlite', env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', BACKUP_CONTINUOUS_DIR: late } }).run(['serve']);
    assert.equal(code, 78, output);
    assert.match(output, /BACKUP_CONTINUOUS_DIR.*pg_receivewal/s);
});

test('proven by --check, and what is kept: the two newest, the newest proven one, of each of seven days the last one', async () => {
    await shipping(async (server, folder) => {
        await arrived(server, folder, await server.admin());
        await server.halt();
        await new Site(server).checked(folder);
        assert.equal(namesIn(newestChain(folder), '.proven').length, 1);
        // Older ones as they would lie there: the proven one among them is of the ninth day before.
        const made = newestChain(folder), name = path.basename(made);
        const asOf = (day, hour, proven) => {
            const chain = path.join(folder, `mms_chain_${day.replaceAll('-', '')}_${hour}0000`);
            mkdirSync(chain);
            for (const file of readdirSync(made).filter((one) => !one.endsWith('.proven')))
                writeFileSync(path.join(chain, file), readFileSync(path.join(made, file)));
            const json = path.join(chain, 'base_00000001.json');
            writeFileSync(json, JSON.stringify({ ...JSON.parse(readFileSync(json, 'utf8')), made_at: `${day}T${hour}:00:00.000Z`, whole_at: `${day}T${hour}:00:01.000Z` }));
            if (proven)
                writeFileSync(path.join(chain, 'base_00000001.proven'), `${day}T${hour}:30:00.000Z\n`);
        };
        rmSync(path.join(made, 'base_00000001.proven'));
        for (const [day, hour, proven] of [['2020-01-01', '08', true], ['2020-01-02', '08', true], ['2020-01-03', '08'], ['2020-01-04', '08'], ['2020-01-04', '20'], ['2020-01-05', '08'], ['2020-01-06', '08'],
            ['2020-01-07', '08'], ['2020-01-08', '08'], ['2020-01-09', '07'], ['2020-01-09', '08']])
            asOf(day, hour, proven);
        mkdirSync(path.join(folder, 'mms_chain_20200110_080000')); // one that was never whole
        writeFileSync(path.join(folder, 'somebody-elses.txt'), '');
        await server.begin();
        await arrived(server, folder, await server.admin());
        await server.until(() => !existsSync(path.join(folder, 'mms_chain_20200110_080000')), WAIT_MS, 'to remove what is not kept');
        const kept = chains(folder).map((one) => one.slice(10)).filter((one) => one.startsWith('2020'));
        // Today is one of the seven days, then the 9th to the 4th; the proven one is of the 2nd.
        assert.deepEqual(kept, ['20200102_080000', '20200104_200000', '20200105_080000', '20200106_080000', '20200107_080000', '20200108_080000', '20200109_080000']);
        assert.ok(chains(folder).includes(name), 'the last one before');
        assert.ok(existsSync(path.join(folder, 'somebody-elses.txt')));
    });
});

test('a day later a new base begins in the same chain; a clock that jumps back a day loses nothing', { skip: FAKETIME ? false : 'faketime is not installed, or cannot be used with this build' }, async () => {
    const clock = withClock(dir);
    await shipping(async (server, folder) => {
        const admin = await server.admin(), first = new Load(admin, 2);
        await server.until(() => first.acknowledged.size > 20, WAIT_MS, 'to write');
        await first.stop();
        clock.set('+25h');
        const load = new Load(admin, 2);
        await server.until(() => namesIn(newestChain(folder), '.json').length === 2, WAIT_MS, 'to begin a second base');
        clock.set('-1h');
        await server.until(() => load.acknowledged.size > 100, WAIT_MS, 'to write');
        await load.stop();
        await server.halt();
        assert.equal(chains(folder).length, 1);
        assert.equal(namesIn(newestChain(folder), '.json').length, 2);
        const site = new Site(server);
        await site.restored(folder);
        const codes = await site.codes();
        first.check(codes, Infinity);
        load.check(codes, Infinity);
        // The second base alone is enough from there on; without it, the first one with all that followed.
        const second = path.join(newestChain(folder), namesIn(newestChain(folder), '.json')[1]);
        rmSync(second);
        const other = new Site(server);
        await other.restored(folder);
        assert.deepEqual(await other.codes(), codes);
        // Started again a day earlier: its chain is the newest all the same.
        clock.set('-24h');
        await server.begin();
        const again = await server.admin(), { id } = accepted(await again.post('/api/materials', materialBody()), 201);
        await server.halt();
        assert.equal(chains(folder).length, 2);
        const last = new Site(server);
        await last.restored(folder);
        assert.deepEqual(await sqlite(last.db, `SELECT id FROM materials WHERE id = ${id}`), [{ id }]);
    }, { ...clock.env, JWT_EXPIRES_IN: '30d' });
});
