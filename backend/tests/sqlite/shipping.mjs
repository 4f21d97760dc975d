// What the tests of the continuous backup share: a service with its folder, clients that write, a place to restore to.
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';

import { Server, accepted, materialBody, sqlite } from '../api/harness.mjs';

export const PROMISE_MS = 60_000;
export const WAIT_MS = 120_000;
export const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
let places = 0;
/** A name in the tests' folder that nothing has yet. */
export const place = (name) => path.join(dir, `${name}-${++places}`);

/** A service with a folder for its continuous backup; `work` gets both. Afterwards all is gone. */
export async function shipping(work, env = {}) {
    const folder = place('ship');
    mkdirSync(folder);
    const server = new Server({ engine: 'sqlite', env: { BACKUP_CONTINUOUS_DIR: folder, BACKUP_CONTINUOUS_SECONDS: 1, ...env } });
    await server.begin();
    try {
        await work(server, folder);
    } finally {
        if (!server.end)
            await server.kill9();
        server.agent.destroy();
        server.removeFolder();
    }
}

export const chains = (folder) => readdirSync(folder).filter((name) => name.startsWith('mms_chain_')).sort();
export const namesIn = (chain, ending) => readdirSync(chain).filter((name) => name.endsWith(ending)).sort();
export const events = (server, name) => server.logs.filter(({ event }) => event === name);
export const newestChain = (folder) => path.join(folder, chains(folder).at(-1));

/** How often the log has begun anew, as its header tells (bytes 12 to 15). */
export function logsBegun(server) {
    const header = Buffer.alloc(16), fd = openSync(`${server.db}-wal`, 'r');
    const n = readSync(fd, header, 0, 16, 0);
    closeSync(fd);
    return n === 16 ? header.readUInt32BE(12) : 0;
}

/** The moment of the last segment, of its header. */
export function shippedUntil(folder) {
    const chain = newestChain(folder), last = namesIn(chain, '.seg').at(-1);
    return last ? Number(readFileSync(path.join(chain, last)).readBigInt64BE(24)) : 0;
}

/** Until a base is whole, and all that was acknowledged before now has arrived. */
export async function arrived(server, folder, admin) {
    const at = Date.now();
    accepted(await admin.post('/api/materials', materialBody()), 201);
    await server.until(() => chains(folder).length > 0 && namesIn(newestChain(folder), '.json').length > 0 && shippedUntil(folder) > at, WAIT_MS, 'to have shipped');
}

/** A place of its own to restore to. */
export class Site {
    constructor(server) {
        this.dir = place('site');
        mkdirSync(this.dir);
        this.server = server;
        this.db = path.join(this.dir, 'mms.db');
        this.env = { DB_PATH: this.db, UPLOAD_DIR: path.join(this.dir, 'uploads') };
    }
    run(...args) {
        return this.server.run(args, { env: this.env });
    }
    async restored(folder, ...more) {
        const { code, output } = await this.run('restore', '--continuous', folder, ...more);
        assert.equal(code, 0, output);
        const verified = await this.run('verify');
        assert.equal(verified.code, 0, verified.output);
        return { output, asOf: Date.parse(/as of (\S+Z)/.exec(output)[1]) };
    }
    async checked(folder) {
        const { code, output } = await this.run('restore', '--continuous', folder, '--check');
        assert.equal(code, 0, output);
        assert.match(output, /can be restored/);
        assert.deepEqual(readdirSync(this.dir), [], 'it leaves no trace');
    }
    async refused(folder, wanted, ...more) {
        const { code, output } = await this.run('restore', '--continuous', folder, ...more);
        assert.ok(code > 0, output);
        assert.match(output, wanted);
        assert.deepEqual(readdirSync(this.dir), [], 'nothing is left behind');
        return output;
    }
    /** 1 when it has this material, 0 when not. */
    async count(id) {
        return (await sqlite(this.db, `SELECT COUNT(*) AS n FROM materials WHERE id = ${id}`))[0].n;
    }
    async codes() {
        return new Set((await sqlite(this.db, 'SELECT material_code AS c FROM materials')).map(({ c }) => c));
    }
}

/** Clients that write until they are told to stop or the service is gone; what was acknowledged, and when. */
export class Load {
    constructor(admin, clients = 6) {
        this.admin = admin;
        this.acknowledged = new Map();
        this.on = true;
        this.ended = Promise.all(Array.from({ length: clients }, () => this.write()));
    }
    async write() {
        while (this.on) {
            const body = materialBody({ description: 'x'.repeat(500) });
            const answer = await this.admin.post('/api/materials', body).catch(() => null);
            if (!answer)
                return; // the service is gone
            accepted(answer, 201);
            this.acknowledged.set(body.materialCode, Date.now());
        }
    }
    /** Rejects when a client was refused, so that nobody waits for what will not come. */
    stop() {
        this.on = false;
        return this.ended;
    }
    /** All that was acknowledged before that moment is there. */
    check(codes, asOf) {
        const missing = [...this.acknowledged].filter(([code, at]) => at < asOf && !codes.has(code));
        assert.deepEqual(missing, [], `acknowledged before ${asOf}, and not there`);
    }
}

export const stateOf = async (admin) => accepted(await admin.get('/api/admin/backups'), 200).continuous;
export const untilState = (server, admin, wanted, what) => server.until(async () => wanted(await stateOf(admin)), WAIT_MS, what);
