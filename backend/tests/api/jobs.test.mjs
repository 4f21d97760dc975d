// Jobs: how far they are, on the stream too; cancelled; interrupted when their instance goes, whatever the moment.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { Events } from './events.mjs';
import { ADMIN_PASSWORD, POSTGRES, Server, accepted, makeMaterial, makeUsers, refused, sleep } from './harness.mjs';
import { SLOW, checked, csv, ended, jobOf, rowsOf, step, upload } from './import-steps.mjs';

const server = new Server();
await server.begin();
after(() => server.stop());
const admin = await server.admin();
const { M, M2 } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager' });
await makeMaterial(M);
/** Rows enough to be caught in the middle. */
const LONG = SLOW ? 2500 : 20_000, MIDDLE = SLOW ? 1500 : 8000;
const HEAD = ['编码', '名称', '类别', '单位'];
const many = (prefix, count) => csv(HEAD, ...Array.from({ length: count }, (_, i) => [`${prefix}-${i}`, `物料${i}`, '化学', 'kg']));
const countOf = (prefix) => server.value(`SELECT COUNT(*) FROM materials WHERE material_code LIKE '${prefix}-%'`).then(Number);

/** Rows that are as they are already take no memory that stays until the end. */
async function looksAgain(file) {
    const peak = () => Number(readFileSync(`/proc/${server.child.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1024;
    const { id } = accepted(await upload(M, 'materials', file), 201);
    writeFileSync(`/proc/${server.child.pid}/clear_refs`, '5'); // from here on
    const before = peak();
    assert.equal((await step(M, id, 'check')).result.same, LONG);
    if (!process.env.ASAN_OPTIONS && !process.env.TSAN_OPTIONS)
        assert.ok(peak() - before < 12, `${before} MiB before, ${peak()} MiB then`);
}

/** Waits until the job runs and has come a bit of its way. */
async function underWay(client, id) {
    for (const end = Date.now() + 30_000; ; await sleep(5)) {
        const job = await jobOf(client, id);
        if (job.done > 0 || job.ended_at)
            return job;
        assert.ok(Date.now() < end, JSON.stringify(job));
    }
}

test('how far a job is: asked for, and told on the stream to whom it belongs', async () => {
    const mine = await Events.open(M), other = await Events.open(M2);
    const { id } = accepted(await upload(M, 'materials', many('TOLD', 3000)), 201);
    const job = await step(M, id, 'check');
    assert.deepEqual([job.done, job.total, job.kind, job.title, job.subject_id, job.created_by], [3000, 3000, 'import.check', '检查导入文件', id, M.user.id]);
    assert.ok(job.created_at <= job.started_at && job.started_at <= job.ended_at && job.error === null && job.cancel_asked === false);
    await mine.until(() => mine.events.some(({ event, data }) => event === 'job' && data.status === 'done'));
    const told = mine.events.filter(({ event }) => event === 'job').map(({ data }) => data);
    assert.ok(told.every((data) => data.id === job.id && data.kind === 'import.check'), JSON.stringify(told));
    assert.deepEqual(told.at(-1), { id: job.id, kind: 'import.check', status: 'done', done: 3000, total: 3000 });
    assert.ok(told.every(({ done }, i) => i === 0 || done >= told[i - 1].done), JSON.stringify(told));
    assert.ok(mine.events.every(({ id: eventId, event }) => event !== 'job' || eventId === undefined));
    assert.ok(!other.events.some(({ event }) => event === 'job'));
    mine.close();
    other.close();
    refused(await M2.get(`/api/jobs/${job.id}`), 404, 'job_not_found', '没有此任务');
    refused(await M2.post(`/api/jobs/${job.id}/cancel`), 404, 'job_not_found', '没有此任务');
    assert.equal((await jobOf(admin, job.id)).creator_name, M.realName);
    assert.equal((await M.get(`/api/jobs/${job.id}`, { headers: { 'accept-language': 'en' } })).body.data.title, 'Check of an import');
    assert.equal(accepted(await M.get('/api/jobs'), 200)[0].id, job.id);
    assert.ok(!accepted(await M2.get('/api/jobs'), 200).some((row) => row.id === job.id));
    refused(await M.post(`/api/jobs/${job.id}/cancel`), 409, 'job_over', '该任务已结束');
});

test('plans made while a table is small are not kept while it grows', { skip: !POSTGRES && 'about PostgreSQL' }, async () => {
    const read = () => server.value('SELECT SUM(seq_tup_read) AS n FROM pg_stat_user_tables').then(Number);
    const stored = () => server.value("SELECT n_tup_ins AS n FROM pg_stat_user_tables WHERE relname = 'materials'").then(Number);
    await server.sql('VACUUM ANALYZE');
    const im = await checked(M, 'materials', many('GROW', 3000)), before = await read();
    await step(M, im.id, 'commit');
    await server.until(async () => (await stored()) >= 3000, 20_000, 'to count what was stored');
    const rows = (await read()) - before;
    assert.ok(rows < 500_000, `${rows} rows were read one after the other`);
    await step(M, im.id, 'undo');
});

test('one job of an import at a time', async () => {
    const { id } = accepted(await upload(M, 'materials', many('ONE', 3000)), 201);
    const { jobId } = accepted(await M.post(`/api/imports/${id}/check`), 202);
    for (const [method, what] of [['post', '/check'], ['put', ''], ['del', '']])
        refused(await M[method](`/api/imports/${id}${what}`), 409, 'job_open', '上一项任务尚未结束，请等待其完成或先取消');
    assert.equal((await ended(M, jobId)).status, 'done');
});

test('cancelled in the middle of a check, and of a commit: nothing is half there', async () => {
    const { id } = accepted(await upload(M, 'materials', many('STOP', LONG)), 201);
    const check = accepted(await M.post(`/api/imports/${id}/check`), 202).jobId;
    await underWay(M, check);
    accepted(await M.post(`/api/jobs/${check}/cancel`), 200);
    const job = await ended(M, check);
    assert.deepEqual([job.status, job.error.code], ['cancelled', 'job_cancelled']);
    assert.equal(accepted(await M.get(`/api/imports/${id}`), 200).status, 'new');
    refused(await M.post(`/api/imports/${id}/commit`), 409, 'import_state', '导入当前的状态不允许此操作');

    await step(M, id, 'check');
    const commit = accepted(await M.post(`/api/imports/${id}/commit`), 202).jobId;
    assert.equal((await underWay(M, commit)).status, 'running');
    await M.post(`/api/jobs/${commit}/cancel`);
    assert.equal((await ended(M, commit)).status, 'cancelled');
    assert.equal(await countOf('STOP'), 0);
    assert.equal(accepted(await M.get(`/api/imports/${id}`), 200).status, 'checked');
    await step(M, id, 'commit');
    assert.equal(await countOf('STOP'), LONG);
    await looksAgain(many('STOP', LONG));
    await server.verifyClean();
});

test('while an import is stored, others read and are told the old or the new, never half', async () => {
    const im = await checked(M, 'materials', many('HALF', MIDDLE));
    const commit = accepted(await M.post(`/api/imports/${im.id}/commit`), 202).jobId;
    const seen = new Set();
    while (!(await jobOf(M, commit)).ended_at)
        seen.add(accepted(await M2.get('/api/materials?keyword=HALF-&pageSize=1'), 200).total);
    assert.ok([...seen].every((n) => n === 0 || n === MIDDLE), String([...seen]));
    await step(M, im.id, 'undo');
    assert.equal(await countOf('HALF'), 0);
});

for (const [what, signal] of [['check', 'SIGKILL'], ['commit', 'SIGKILL'], ['undo', 'SIGKILL'], ['commit', 'SIGTERM']])
    test(`${signal} in the middle of a ${what}: interrupted, nothing half there, and it can be begun again`, async () => {
        const prefix = `K${what}${signal}`, size = MIDDLE;
        const { id } = accepted(await upload(M, 'materials', many(prefix, size)), 201);
        if (what !== 'check')
            await step(M, id, 'check');
        if (what === 'undo')
            await step(M, id, 'commit');
        const { jobId } = accepted(await M.post(`/api/imports/${id}/${what}`), 202);
        assert.equal((await underWay(M, jobId)).status, 'running');
        server.child.kill(signal);
        await server.ended;
        await server.begin();
        const job = await ended(M, jobId, 5000);
        assert.equal(job.status, 'interrupted', JSON.stringify(job));
        assert.equal(job.error.code, 'job_interrupted');
        assert.equal(await countOf(prefix), what === 'undo' ? size : 0);
        await step(M, id, what);
        if (what === 'check') {
            assert.equal((await rowsOf(M, id)).length, 1000);
            assert.equal(accepted(await M.get(`/api/imports/${id}`), 200).summary.create, size);
        } else {
            assert.equal(await countOf(prefix), what === 'undo' ? 0 : size);
        }
        await server.verifyClean();
    });

test('a job that waits when the service stops is run when it is there again', async () => {
    const first = accepted(await upload(M, 'materials', many('FIRST', 5000)), 201), second = accepted(await upload(M, 'materials', many('SECOND', 10)), 201);
    accepted(await M.post(`/api/imports/${first.id}/check`), 202);
    const { jobId } = accepted(await M.post(`/api/imports/${second.id}/check`), 202);
    server.child.kill('SIGKILL');
    await server.ended;
    await server.begin();
    assert.equal((await ended(M, jobId)).status, 'done');
});

test('nothing is told behind a job\'s end', async () => {
    const mine = await Events.open(M), { id } = accepted(await upload(M, 'materials', many('LAST', 700)), 201);
    for (let i = 0; i < 20; i++)
        await step(M, id, 'check');
    await sleep(300);
    const last = new Map();
    for (const { data } of mine.events.filter(({ event }) => event === 'job')) {
        assert.notEqual(last.get(data.id), 'done', JSON.stringify(data));
        last.set(data.id, data.status);
    }
    assert.deepEqual(new Set(last.values()), new Set(['done']));
    mine.close();
});

test('the database takes nothing for long: the job fails, and does not run for ever', { timeout: 120_000 }, async () => {
    const { id } = accepted(await upload(M, 'materials', many('HELD', LONG)), 201);
    const { jobId } = accepted(await M.post(`/api/imports/${id}/check`), 202);
    await underWay(M, jobId);
    const release = await server.database.holdWriteLock();
    await sleep(23_000); // twice as long as the writer waits for the lock
    await release();
    const job = await ended(M, jobId);
    assert.equal(job.status, 'failed', JSON.stringify(job));
    assert.match(job.error.message, /[一-龥]/);
    await step(M, id, 'check');
});

test('a queued job is cancelled as one that runs is', async () => {
    const long = accepted(await upload(M, 'materials', many('BEFORE', LONG)), 201), next = accepted(await upload(M, 'materials', many('NEXT', 5)), 201);
    const first = accepted(await M.post(`/api/imports/${long.id}/check`), 202).jobId;
    const { jobId } = accepted(await M.post(`/api/imports/${next.id}/check`), 202);
    accepted(await M.post(`/api/jobs/${jobId}/cancel`), 200);
    const job = await jobOf(M, jobId);
    assert.deepEqual([job.status, job.error.code, job.started_at], ['cancelled', 'job_cancelled', null]);
    await M.post(`/api/jobs/${first}/cancel`);
    await ended(M, first);
});

test('a service token\'s job may do what the token may, as long as there is one', async () => {
    const token = async (scopes) => {
        const made = accepted(await admin.post('/api/profile/tokens', { name: '导入', scopes, password: admin.password ?? ADMIN_PASSWORD, days: 1 }), 201);
        return { id: made.id, script: server.client(made.token) };
    };
    const { id: tokenId, script } = await token('document.create document.read material.read');
    const material = await makeMaterial(M), rows = csv(['编码', '数量', '库位'], [material.material_code, '1', 'TOKEN-BIN']);
    const im = await checked(script, 'receipt', rows);
    assert.deepEqual(im.summary.unknown.map(({ canCreate }) => canCreate), [false], 'it may not add places, as its owner may');
    assert.deepEqual((await checked(admin, 'receipt', rows)).summary.unknown.map(({ canCreate }) => canCreate), [true]);
    const long = accepted(await upload(M, 'materials', many('AHEAD', LONG)), 201);
    const first = accepted(await M.post(`/api/imports/${long.id}/check`), 202).jobId;
    const { jobId } = accepted(await script.post(`/api/imports/${im.id}/check`), 202);
    accepted(await admin.del(`/api/profile/tokens/${tokenId}`), 200);
    const job = await ended(admin, jobId);
    assert.deepEqual([job.status, job.error.code], ['failed', 'token_invalid']);
    await ended(M, first);
});

test('who may no longer do it: his job is refused when it begins', async () => {
    const { id } = accepted(await upload(M2, 'materials', many('GONE', 10)), 201);
    const long = accepted(await upload(M, 'materials', many('LONG', LONG)), 201);
    const before = accepted(await M.post(`/api/imports/${long.id}/check`), 202).jobId;
    const { jobId } = accepted(await M2.post(`/api/imports/${id}/check`), 202);
    accepted(await admin.put(`/api/users/${M2.user.id}`, { status: 'disabled' }), 200);
    const job = await ended(admin, jobId);
    assert.deepEqual([job.status, job.error.code], ['failed', 'token_invalid']);
    assert.equal((await ended(M, before)).status, 'done');
});
