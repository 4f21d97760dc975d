// Lists as files, made by jobs: the same bytes as the export that a client waits for; cancelled, interrupted, out of date.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server, accepted, faulty, forbidden, makeMaterial, makeUsers, refused, sleep } from './harness.mjs';
import { SLOW, ended, jobOf } from './import-steps.mjs';

const server = new Server();
await server.begin();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
for (let i = 0; i < 12; i++)
    await makeMaterial(M, { category: i % 3 ? 'chemical' : 'metal', materialName: `导出${i}` });
const folder = path.join(server.dir, 'uploads', 'exports');
const ROWS = SLOW ? 15_000 : 30_000;
const queue = async (client, of, query) => accepted(await client.post(`/api/export-jobs${of}?${query}`), 202).jobId;

/** Very many materials, by SQL: as fast as the engine is, and none of them in any figure. */
const fill = (count) => server.sql(`INSERT INTO materials (material_code, code_fold, material_name, name_fold, category, unit_id, created_at, updated_at) SELECT 'F' || i, 'f' || i, `
    + `'填充' || i, '填充' || i, 'metal', 1, i, i FROM (WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${count}) SELECT i FROM s) AS filling`);

test('the file of a job is the file that one may wait for', async () => {
    for (const [of, query] of [['/materials', 'format=csv&category=metal&sort=material_code'], ['/materials', 'format=csv&lang=en&keyword=%E5%AF%BC%E5%87%BA'], ['/inventory', 'format=csv'],
        ['/materials/1/code-history', 'format=csv'], ['/inventory/lines', 'format=csv'], ['/reports/stock', 'format=csv&at=2026-01-31&category=metal']]) {
        const job = await ended(M, await queue(M, of, query));
        assert.equal(job.status, 'done', JSON.stringify(job));
        const file = await M.get(job.result.url), wanted = await M.get(`/api/export${of}?${query}`);
        assert.deepEqual([file.status, file.text], [200, wanted.text], of);
        assert.equal(file.headers['content-disposition'], wanted.headers['content-disposition']);
        assert.equal(file.headers['content-type'], wanted.headers['content-type']);
        assert.deepEqual([job.result.bytes, job.done, job.total ?? 0], [file.bytes.length, job.result.rows, job.result.rows]);
    }
    const log = accepted(await admin.get('/api/operation-logs?module=materials&action=export'), 200).list;
    assert.match(log.at(-1).description, /导出物料列表（csv）: 4 行；category=metal；sort=material_code/);
});

test('a workbook, too', async () => {
    const job = await ended(M, await queue(M, '/materials', 'format=xlsx'));
    const file = await M.get(job.result.url);
    assert.deepEqual([file.bytes.subarray(0, 2).toString(), job.result.rows, file.bytes.length], ['PK', 12, job.result.bytes]);
});

test('it says which list it makes a file of', async () => {
    const seen = async (of, language) => (await M.get(`/api/jobs/${(await ended(M, await queue(M, of, 'format=csv'))).id}`, { headers: { 'accept-language': language } })).body.data.title;
    assert.equal(await seen('/materials', 'zh'), '导出：物料列表');
    assert.equal(await seen('/inventory/lines', 'en'), 'Export: Lines of documents');
    const list = accepted(await M.get('/api/jobs'), 200);
    assert.deepEqual(list.slice(0, 2).map(({ title }) => title), ['导出：出入库单明细', '导出：物料列表']);
    await server.sql(`UPDATE jobs SET arguments = '{"path":"/api/of-another-version","query":{}}' WHERE id = ${list[0].id}`);
    assert.equal(accepted(await M.get(`/api/jobs/${list[0].id}`), 200).title, '导出', 'of another version');
});

test('who may what: faults and permissions at once, files of others not at all', async () => {
    forbidden(await U.post('/api/export-jobs/materials'), 'material.export');
    faulty(await M.post('/api/export-jobs/materials?format=pdf&category=x'), { format: '不是允许的值', category: '不是允许的值' });
    const own = await ended(U, await queue(U, '/inventory/mine', 'format=csv'));
    assert.equal(own.status, 'done');
    refused(await M.get(own.result.url), 404, 'job_not_found', '没有此任务');
    assert.equal((await admin.get(own.result.url)).status, 200);
    assert.equal((await server.client().get(own.result.url)).status, 401);
});

test('out of date: told so, and removed', async () => {
    const [job, younger] = [await ended(M, await queue(M, '/materials', 'format=csv')), await ended(M, await queue(M, '/materials', 'format=csv'))];
    const due = Number(await server.value(`SELECT due_at FROM loose_files WHERE key = 'exports/${job.result.file}'`));
    assert.ok(Math.abs(due - Date.now() - 24 * 3_600_000) < 60_000, 'kept for a day');
    await server.sql(`UPDATE loose_files SET due_at = ${Date.now()} WHERE key = 'exports/${job.result.file}'`);
    await server.restart();
    refused(await M.get(job.result.url), 404, 'not_found', '文件已过期，请重新导出');
    assert.equal((await M.get(younger.result.url)).status, 200);
    assert.ok(!readdirSync(folder).includes(job.result.file));
});

test('cancelled, and killed, in the middle: no file, and it can be begun again', async () => {
    await fill(ROWS);
    const underWay = async (id) => {
        for (const end = Date.now() + 20_000; ; await sleep(5)) {
            const job = await jobOf(M, id);
            if (job.done > 0 || job.ended_at)
                return job;
            assert.ok(Date.now() < end, JSON.stringify(job));
        }
    };
    const files = () => readdirSync(folder).filter((name) => !name.endsWith('.part')).length, before = files();
    const cancelled = await queue(M, '/materials', 'format=xlsx');
    const seen = await underWay(cancelled);
    assert.deepEqual([seen.status, seen.total], ['running', ROWS + 12]);
    accepted(await M.post(`/api/jobs/${cancelled}/cancel`), 200);
    const job = await ended(M, cancelled);
    assert.deepEqual([job.status, job.result], ['cancelled', null]);
    refused(await M.get(`/api/jobs/${cancelled}/file`), 404, 'not_found', '请求的资源不存在');

    const killed = await queue(M, '/materials', 'format=xlsx');
    assert.equal((await underWay(killed)).status, 'running');
    server.child.kill('SIGKILL');
    await server.ended;
    await server.begin();
    assert.equal((await ended(M, killed, 5000)).status, 'interrupted');
    assert.equal(files(), before);
    const again = await ended(M, await queue(M, '/materials', 'format=xlsx'));
    assert.deepEqual([again.status, again.result.rows], ['done', ROWS + 12]);
});
