// GET /metrics: off unless a token is set, and then for who has it; what it counts is what happened.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Events } from './events.mjs';
import { POSTGRES, accepted, makeMaterial, start } from './harness.mjs';

const TOKEN = 'metrics-token-of-the-tests';
const server = await start({ env: { METRICS_TOKEN: TOKEN } });
after(() => server.stop());
server.secrets.push(TOKEN);
const admin = await server.admin();
const scrape = async (token = TOKEN, of = server) => of.client().get('/metrics', { headers: token ? { authorization: `Bearer ${token}` } : {} });

/** {name{labels}: value}; every line is one of the format's. */
function parse(text) {
    const samples = {}, types = {};
    for (const line of text.trimEnd().split('\n')) {
        const told = line.match(/^# (HELP|TYPE) (\w+) (.+)$/);
        const sample = line.match(/^(\w+(?:\{(?:\w+="[^"\\\n]*",?)+\})?) (-?\d+(?:\.\d+)?)$/);
        assert.ok(told || sample, `no line of the format: ${line}`);
        if (told?.[1] === 'TYPE') {
            assert.ok(!types[told[2]], `${told[2]} is told twice`);
            types[told[2]] = told[3];
        } else if (sample) {
            assert.ok(!(sample[1] in samples), `${sample[1]} stands twice`);
            samples[sample[1]] = Number(sample[2]);
            const family = sample[1].replace(/\{.*/, '');
            assert.ok(types[family] || types[family.replace(/_(bucket|sum|count)$/, '')] === 'histogram', `${family} has no type`);
        }
    }
    return samples;
}
const metrics = async () => parse((await scrape()).text);

test('off unless set; never without the token', async () => {
    const answer = await scrape();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    for (const [token, code] of [[null, 'token_missing'], ['wrong', 'token_invalid'], [`${TOKEN}x`, 'token_invalid'], [TOKEN.slice(0, -1), 'token_invalid'], [admin.token, 'token_invalid']]) {
        const refusal = await scrape(token);
        assert.deepEqual([refusal.status, refusal.body.code], [401, code]);
    }
    const plain = await start();
    try {
        for (const token of [null, TOKEN, (await plain.admin()).token])
            assert.deepEqual([(await scrape(token, plain)).status, (await scrape(token, plain)).body.code], [404, 'not_found']);
    } finally {
        await plain.stop();
    }
});

test('requests by route and status', async () => {
    const name = (status) => `mms_http_requests_total{method="GET",route="/api/materials/:id",status="${status}"}`;
    const { id } = await makeMaterial(admin);
    const before = await metrics();
    for (let i = 0; i < 5; i++)
        accepted(await admin.get(`/api/materials/${id}`), 200);
    for (let i = 0; i < 3; i++)
        await admin.get('/api/materials/987654');
    await server.client().get(`/api/materials/${id}`);
    const after = await metrics();
    assert.deepEqual([200, 404, 401].map((status) => (after[name(status)] ?? 0) - (before[name(status)] ?? 0)), [5, 3, 1]);
    assert.ok(!Object.keys(after).some((key) => key.includes(String(id))  && key.includes('route="/api/materials/' + id)), 'by route, not by path');
    const lane = 'mms_http_request_duration_seconds_count{lane="read"}';
    assert.ok(after[lane] - before[lane] >= 9);
});

test('the writer: jobs, commits, groups, waits', async () => {
    const before = await metrics();
    await Promise.all(Array.from({ length: 40 }, () => makeMaterial(admin)));
    const after = await metrics();
    assert.ok(!Object.keys(after).some((name) => name.startsWith('mms_object_storage')), 'only where there is one');
    const grown = (key) => after[key] - before[key];
    assert.ok(grown('mms_writer_jobs_total') >= 40);
    const commits = grown('mms_writer_commits_total');
    assert.ok(commits >= 1 && commits <= grown('mms_writer_jobs_total'));
    assert.equal(grown('mms_writer_commit_seconds_count'), commits);
    assert.equal(grown('mms_writer_group_size_sum'), grown('mms_queue_wait_seconds_count{queue="writer"}'));
    assert.ok(grown('mms_writer_commit_seconds_sum') > 0);
    for (const queue of ['writer', 'slow', 'probe', 'files', ...(POSTGRES ? ['worker'] : [])])
        assert.ok(after[`mms_queue_length{queue="${queue}"}`] >= 0, queue);
    assert.equal('mms_database_log_bytes' in after, !POSTGRES);
    assert.ok(POSTGRES || after.mms_database_log_bytes > 0);
});

test('histograms add up', async () => {
    const all = await metrics();
    const rows = new Map();
    for (const [key, value] of Object.entries(all)) {
        const bucket = key.match(/^(\w+)_bucket\{(.*?),?le="([^"]+)"\}$/);
        if (bucket)
            rows.set(`${bucket[1]}|${bucket[2]}`, [...(rows.get(`${bucket[1]}|${bucket[2]}`) ?? []), [bucket[3], value]]);
    }
    assert.ok(rows.size >= 9, [...rows.keys()].join('\n'));
    for (const [key, buckets] of rows) {
        const [name, labels] = key.split('|');
        assert.equal(buckets.at(-1)[0], '+Inf', key);
        assert.ok(buckets.every(([, n], i) => i === 0 || n >= buckets[i - 1][1]), key);
        assert.ok(buckets.slice(0, -1).every(([le], i) => i === 0 || Number(le) > Number(buckets[i - 1][0])), key);
        assert.equal(all[`${name}_count${labels ? `{${labels}}` : ''}`], buckets.at(-1)[1], key);
    }
});

test('streams and the process', async () => {
    const events = await Events.open(admin);
    const all = await metrics();
    assert.equal(all.mms_open_streams, 1);
    assert.ok(all.mms_open_connections >= 2);
    assert.ok(all.process_resident_memory_bytes > 1 << 20 && all.process_cpu_seconds_total > 0);
    assert.ok(Math.abs(all.process_start_time_seconds - Date.now() / 1000) < 600);
    assert.equal(Object.keys(all).filter((key) => /^mms_build_info\{version="\d+\.\d+\.\d+"\}$/.test(key)).length, 1);
    events.close();
});
