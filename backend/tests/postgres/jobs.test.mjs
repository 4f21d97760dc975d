// Jobs on PostgreSQL: connections that are lost, a commit whose answer is lost, several instances on one database.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { Server, accepted, makeMaterial, makeUser, sleep } from '../api/harness.mjs';
import { csv, ended, jobOf, step, upload } from '../api/import-steps.mjs';
import { proxy } from './proxy.mjs';

const ROWS = 3000;
const many = (prefix) => csv(['编码', '名称', '类别', '单位'], ...Array.from({ length: ROWS }, (_, i) => [`${prefix}-${i}`, `物料${i}`, '化学', 'kg']));
const countOf = (server, prefix) => server.value(`SELECT COUNT(*) AS n FROM materials WHERE material_code LIKE '${prefix}-%'`).then(Number);

async function begin(server) {
    await server.begin();
    const M = await makeUser(await server.admin(), 'inventory_manager');
    await makeMaterial(M); // kg is known
    return M;
}

/** Begins a check or a commit; resolves when it has come a bit of its way. */
async function underWay(client, id, what) {
    const { jobId } = accepted(await client.post(`/api/imports/${id}/${what}`), 202);
    for (const end = Date.now() + 30_000; ; await sleep(5)) {
        const job = await jobOf(client, jobId);
        if (job.done > 0)
            return jobId;
        assert.ok(!job.ended_at && Date.now() < end, JSON.stringify(job));
    }
}

test('the answer to a job\'s last commit is lost: what is done is told as done', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mms-proxy-'));
    const server = new Server(), between = await proxy(folder, server.database.folder);
    server.setEnv({ DATABASE_URL: server.database.url.replace(server.database.folder, folder) });
    try {
        const M = await begin(server), { id } = accepted(await upload(M, 'materials', many('LOST')), 201);
        await step(M, id, 'check');
        const jobId = await underWay(M, id, 'commit');
        between.state.cut = true;
        const job = await ended(M, jobId);
        assert.equal(between.state.cut, false);
        assert.deepEqual([job.status, job.error, job.result.created], ['done', null, ROWS]);
        assert.equal(await countOf(server, 'LOST'), ROWS);
        await step(M, id, 'undo');
        await server.verifyClean();
    } finally {
        await server.stop();
        between.close();
        rmSync(folder, { recursive: true, force: true });
    }
});

test('connections are lost in the middle of a job: it fails or is done, and never half', async () => {
    const server = new Server();
    try {
        const M = await begin(server), { id } = accepted(await upload(M, 'materials', many('CUT')), 201);
        for (const what of ['check', 'commit']) {
            const jobId = await underWay(M, id, what);
            server.database.administer('postgres', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${server.database.name}'`);
            await server.until(async () => (await M.get(`/api/jobs/${jobId}`)).body.data?.ended_at, 60_000, 'to end the job');
            const job = await jobOf(M, jobId);
            if (job.status !== 'done') {
                assert.equal(job.status, 'failed', JSON.stringify(job));
                assert.equal(await countOf(server, 'CUT'), 0);
                await step(M, id, what);
            }
        }
        assert.equal(await countOf(server, 'CUT'), ROWS);
        assert.equal(accepted(await M.get(`/api/imports/${id}`), 200).summary.create, ROWS);
        await server.verifyClean();
    } finally {
        await server.stop();
    }
});

test('two instances: what one has left behind, the other tells within seconds; what one runs, the other may cancel', async () => {
    const server = new Server(), other = new Server();
    try {
        const M = await begin(server);
        other.setEnv({ DATABASE_URL: server.database.url, UPLOAD_DIR: server.env.UPLOAD_DIR, JWT_SECRET: server.secret });
        await other.begin();
        const there = await other.client().login(M.user.username, M.password);
        const { id } = accepted(await upload(there, 'materials', many('TWO')), 201);
        for (const what of ['check', 'commit']) {
            const jobId = await underWay(there, id, what);
            await other.kill9();
            assert.equal((await ended(M, jobId, 10_000)).status, 'interrupted');
            assert.equal(await countOf(server, 'TWO'), 0);
            await other.begin();
            await step(M, id, 'check');
        }
        const jobId = await underWay(there, id, 'check');
        accepted(await M.post(`/api/jobs/${jobId}/cancel`), 200);
        assert.equal((await ended(M, jobId)).status, 'cancelled');
        await server.verifyClean();
        await other.halt();
        other.removeFolder();
    } finally {
        await server.stop();
    }
});
