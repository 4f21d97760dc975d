// Whether to move to PostgreSQL: mms assess, and GET /api/admin/assessment.
import assert from 'node:assert/strict';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { POSTGRES, accepted, forbidden, makeMaterial, makeUser, refused, start } from './harness.mjs';
import { ended } from './import-steps.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager');
const indicators = ({ indicators }) => Object.fromEntries(indicators.map((one) => [one.name, one]));
const asked = async () => accepted(await admin.get('/api/admin/assessment'), 200);
const told = (texts) => texts.map(({ en }) => en).join('\n');
const command = async (...args) => {
    const result = await server.run(['assess', ...args]);
    assert.equal(result.code, 0, result.output);
    assert.equal(result.stderr, '');
    return result.stdout;
};

/** Entries of the log that were written some seconds ago, by so many people, as if it had been so. */
const busy = (writes, people, secondsAgo) => server.database.vandalize(`
    INSERT INTO users (username, username_fold, password_hash, role, created_at, updated_at)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${people})
        SELECT 'crowd-' || i || '-${writes}', 'crowd-' || i || '-${writes}', '-', 'regular_user', 0, 0 FROM n;
    INSERT INTO operation_log (id, user_id, module, action, description, created_at)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${writes})
        SELECT (SELECT MAX(id) FROM operation_log) + i, (SELECT MAX(id) FROM users) - i % ${people}, 'x', 'x', 'x', ${Math.floor(Date.now() / 900_000) * 900_000 - secondsAgo * 1000} FROM n`);

test('little of everything: stay', async () => {
    await makeMaterial(M);
    const as = await asked();
    const { rows, people, writesPerSecond } = indicators(as);
    assert.deepEqual(Object.keys(indicators(as)), ['rows', 'people', 'writesPerSecond']);
    const tables = accepted(await admin.get('/api/admin/database/tables'), 200);
    assert.ok(Math.abs(rows.value - tables.reduce((sum, { name, rowCount }) => sum + (name.startsWith('search_') ? 0 : rowCount), 0)) < 5);
    assert.deepEqual([rows.threshold, people.threshold, writesPerSecond.threshold], [1_000_000, 50, 100]);
    assert.deepEqual([rows.state, people.state, writesPerSecond.state], ['low', 'low', 'low']);
    assert.ok(people.value >= 1 && people.value <= 2 && as.people.signedIn === 2);
    assert.equal(as.writes.total, Number(await server.value('SELECT COUNT(*) AS n FROM operation_log')));
    assert.ok(as.writes.inBusiestQuarter <= as.writes.total && as.writes.inBusiestSecond <= as.writes.inBusiestQuarter);
    assert.ok(as.queue.writes >= as.writes.total && as.queue.waited <= as.queue.writes && as.queue.longestUs > 0);
    assert.deepEqual([as.engine, as.machine, as.advice, as.days], [POSTGRES ? 'PostgreSQL' : 'SQLite', undefined, 'stay', 30]);
    assert.match(told(as.reasons), POSTGRES ? /on PostgreSQL already/ : /below half/);
    assert.ok(as.size > 100_000);
});

test('administrators only', async () => {
    forbidden(await M.get('/api/admin/assessment'), 'database.read');
});

test('the command measures this machine, beside the service, and leaves nothing', async () => {
    const text = await command();
    for (const part of [/^rows +\d+ +1000000 +low/m, /^people at once/m, /^writes a second +\d+(\.\d\d)? +100/m, /结论 \/ advice: 暂不迁移 \/ stay/])
        assert.match(text, part);
    const as = JSON.parse(await command('--json')), served = await asked();
    const common = (members) => Object.keys(members).filter((name) => !['queue', 'machine'].includes(name));
    assert.deepEqual(common(as), common(served));
    if (POSTGRES)
        assert.equal(as.machine, undefined);
    else
        assert.ok(as.machine.aloneWritesPerSecond > 0 && as.machine.writesPerSecond > 0 && as.machine.clients === 16);
    assert.deepEqual(readdirSync(server.dir).filter((name) => name.includes('assess')), []);
    assert.equal((await server.run(['assess', '--nonsense'])).code, 64);
});

test('an administrator has the service measure it, too: a job, whose result the assessment keeps', async () => {
    forbidden(await M.post('/api/admin/assessment/measure'), 'database.read');
    if (POSTGRES) {
        refused(await admin.post('/api/admin/assessment/measure'), 400, 'measure_elsewhere', '数据已在 PostgreSQL 上，本机的写入能力不再是瓶颈，无需测量');
        return;
    }
    assert.match(told((await asked()).unknown), /has not been measured/);
    const left = path.join(server.dir, 'mms.db.assess-killed'), old = new Date(Date.now() - 3_600_000);
    writeFileSync(left, '');
    utimesSync(left, old, old);
    const { jobId } = accepted(await admin.post('/api/admin/assessment/measure'), 202);
    refused(await admin.post('/api/admin/assessment/measure'), 409, 'job_open', '上一项任务尚未结束，请等待其完成或先取消');
    const job = await ended(admin, jobId);
    assert.deepEqual([job.status, job.kind, job.done, job.total], ['done', 'assessment.measure', 2, 2], JSON.stringify(job));
    const { machine, unknown, reasons } = await asked();
    assert.ok(machine.aloneWritesPerSecond > 0 && machine.writesPerSecond > 0 && machine.clients === 16, JSON.stringify(machine));
    assert.ok(Math.abs(Date.parse(`${machine.measuredAt}Z`) - Date.now()) < 120_000, machine.measuredAt);
    assert.doesNotMatch(told(unknown), /measured/);
    assert.match(told(reasons), /of what this machine can write/);
    assert.deepEqual(readdirSync(server.dir).filter((name) => name.includes('assess')), [], 'nothing stays, not even of one that was killed');
    const [row] = accepted(await admin.get('/api/operation-logs?module=admin_data_management'), 200).list;
    assert.deepEqual([row.action, row.description], ['measure', '测量本机写入能力']);
});

test('half of a threshold: prepare; above it: move; what is older than 30 days does not count', async () => {
    await busy(60_000, 60, 40 * 86_400);
    assert.equal(indicators(await asked()).people.state, 'low');
    await busy(1000, 25, 1800);
    let as = await asked();
    assert.deepEqual([indicators(as).people.value, indicators(as).people.state], [25, 'near']);
    assert.deepEqual([as.writes.inBusiestQuarter, as.writes.inBusiestSecond], [1000, 1000]);
    assert.equal(indicators(as).writesPerSecond.value, 1.111111);
    assert.equal(as.advice, POSTGRES ? 'stay' : 'prepare');
    await busy(91_000, 51, 3600);
    as = await asked();
    assert.deepEqual([indicators(as).people.state, indicators(as).writesPerSecond.state], ['above', 'above']);
    assert.equal(as.advice, POSTGRES ? 'stay' : 'move');
    if (!POSTGRES)
        assert.match(told(as.reasons), /people at once: above the threshold of 50\nwrites a second: above the threshold of 100/);
    assert.match(await command(), POSTGRES ? /on PostgreSQL already/ : /应当迁移 \/ move/);
});

test('the wait in the queue is noted for 30 days, whoever waited', async () => {
    const seen = async () => JSON.parse(await command('--json'));
    await server.halt(); // which notes the rest
    const first = (await seen()).queue;
    assert.ok(first.writes > 10 && first.longestUs > 0, JSON.stringify(first));
    const [{ quarter }] = await server.sql('SELECT MAX(quarter) AS quarter FROM writer_quarters');
    await server.sql(`INSERT INTO writer_quarters (quarter, writes, waited, longest_us) VALUES (${quarter - 96}, 100000, 1500, 2500000), (${quarter - 96 * 31}, 9, 9, 9000000)`);
    const then = await seen();
    assert.deepEqual([then.queue.writes, then.queue.waited, then.queue.longestUs], [first.writes + 100_000, first.waited + 1500, 2_500_000]);
    assert.ok(POSTGRES || told(then.reasons).includes('waited for more than 100 ms'));
    await server.begin();
    accepted(await M.put('/api/notifications/read-all'), 200);
    const served = await asked();
    assert.ok(served.queue.writes > then.queue.writes && served.queue.longestUs === 2_500_000, JSON.stringify(served.queue));
    await server.sql('DELETE FROM writer_quarters');
});
