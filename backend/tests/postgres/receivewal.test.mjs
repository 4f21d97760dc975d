// Continuous backup on PostgreSQL: the server is killed and its data are gone; base backup and received log bring everything back.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Server, accepted, materialBody, sleep } from '../api/harness.mjs';

const CLUSTER = fileURLToPath(new URL('cluster', import.meta.url)), RESTORE = fileURLToPath(new URL('../../../scripts/restore-postgresql.sh', import.meta.url));
const WAIT_MS = 120_000;
const place = path.join(tmpdir(), `mms-receivewal-${process.pid}`);
const bin = readdirSync('/usr/lib/postgresql').sort((a, b) => a - b).map((version) => `/usr/lib/postgresql/${version}/bin`).at(-1);
const as = process.getuid() === 0 ? ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'] : [];
const was = process.env.MMS_POSTGRES;
after(() => {
    process.env.MMS_POSTGRES = was;
    try {
        execFileSync(CLUSTER, ['stop', place]);
    } finally {
        rmSync(place, { recursive: true, force: true });
    }
});

/** A program of PostgreSQL as the cluster's user. */
const asOwner = (...command) => execFileSync([...as, ...command][0], [...as, ...command].slice(1), { env: environment(), stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
const environment = () => ({ ...process.env, PGPASSWORD: readFileSync(path.join(place, 'password'), 'utf8').trim(), PGHOST: place, PGUSER: 'postgres' });

test('killed, its data gone: base backup and received log hold all that was acknowledged', async () => {
    execFileSync(CLUSTER, ['start', place, 'wal_level=replica', 'max_wal_senders=4', 'max_replication_slots=4']);
    process.env.MMS_POSTGRES = place;
    const data = path.join(place, 'data'), base = path.join(place, 'base'), wal = path.join(place, 'wal');
    const server = new Server({ engine: 'postgres' });
    await server.begin();
    const admin = await server.admin(), promised = [];
    const make = async (times) => {
        for (let i = 0; i < times; i++)
            promised.push(accepted(await admin.post('/api/materials', materialBody()), 201).id);
    };
    await make(20);
    execFileSync([...as, 'mkdir', wal][0], [...as, 'mkdir', wal].slice(1));
    asOwner(`${bin}/pg_receivewal`, '--slot=mms', '--create-slot');
    const receiving = [...as, `${bin}/pg_receivewal`, `--directory=${wal}`, '--slot=mms', '--synchronous', '--no-password'];
    const receiver = spawn(receiving[0], receiving.slice(1), { env: environment(), stdio: 'ignore' });
    const ended = new Promise((resolve) => receiver.on('close', resolve));
    try {
        asOwner(`${bin}/pg_basebackup`, '-D', base, '--checkpoint=fast', '--wal-method=none', '--no-sync');
        await make(40);
        const sql = (text) => execFileSync('psql', ['-qAtX', '-d', 'postgres', '-c', text], { env: environment(), encoding: 'utf8' }).trim();
        const end = sql('SELECT pg_current_wal_flush_lsn()');
        await server.until(() => sql(`SELECT COUNT(*) FROM pg_stat_replication WHERE flush_lsn >= '${end}'`) === '1', WAIT_MS, 'to have its log received');
        // Without the proof that it has arrived: more, which may be lost.
        await admin.post('/api/materials', materialBody());
        process.kill(Number(execFileSync(CLUSTER, ['pid', place], { encoding: 'utf8' })), 'SIGQUIT');
        await server.until(() => !readdirSync(data).includes('postmaster.pid'), WAIT_MS, 'to lose its database');
        rmSync(data, { recursive: true });
    } finally {
        receiver.kill('SIGTERM');
        await ended;
        await server.kill9();
    }
    assert.ok(readdirSync(wal).some((name) => name.endsWith('.partial')), 'the last file is not whole');
    assert.throws(() => asOwner(RESTORE, base, wal, base), 'what is there is not overwritten');
    assert.throws(() => asOwner(RESTORE, wal, wal, data), 'this is no base backup');
    asOwner(RESTORE, base, wal, data);
    execFileSync(CLUSTER, ['again', place]);
    for (const end = Date.now() + WAIT_MS; execFileSync('psql', ['-qAtX', '-d', 'postgres', '-c', 'SELECT pg_is_in_recovery()'], { env: environment(), encoding: 'utf8' }).trim() !== 'f'; await sleep(50))
        assert.ok(Date.now() < end, 'the log was played');
    const there = new Set((await server.sql('SELECT id FROM materials')).map(({ id }) => id));
    assert.deepEqual(promised.filter((id) => !there.has(id)), []);
    await server.verifyClean();
    await server.begin();
    const again = await server.admin();
    accepted(await again.post('/api/materials', materialBody()), 201);
    await server.stop();
});
