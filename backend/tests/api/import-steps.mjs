// The steps of an import, as a page takes them: upload, choose, check, commit, undo; and waiting for a job.
import assert from 'node:assert/strict';

import { POSTGRES, accepted, sleep } from './harness.mjs';
import { form } from './picture.mjs';

/** Where a row takes much longer: another machine's database, or the sanitizers. */
export const SLOW = POSTGRES || 'ASAN_OPTIONS' in process.env || 'TSAN_OPTIONS' in process.env;

const CSV = 'text/csv';

/** The answer to an upload. `content`: the file's bytes or text. */
export function upload(client, kind, content, name = '物料.csv') {
    return client.request('POST', `/api/imports?kind=${kind}`, form(['file', content, name, CSV]));
}

export async function jobOf(client, id) {
    return accepted(await client.get(`/api/jobs/${id}`), 200);
}

/** The job when it has ended. */
export async function ended(client, id, ms = 180_000) {
    for (const end = Date.now() + ms; ; await sleep(20)) {
        const job = await jobOf(client, id);
        if (job.ended_at)
            return job;
        assert.ok(Date.now() < end, `job ${id} goes on: ${JSON.stringify(job)}`);
    }
}

/** Runs a step (check, commit, undo) to its end, which must be this status. */
export async function step(client, id, what, body = {}, status = 'done') {
    const { jobId } = accepted(await client.post(`/api/imports/${id}/${what}`, body), 202);
    const job = await ended(client, jobId);
    assert.equal(job.status, status, JSON.stringify(job));
    return job;
}

/** Upload, check; gives the import as it stands then. */
export async function checked(client, kind, content, choices) {
    const { id } = accepted(await upload(client, kind, content), 201);
    if (choices)
        accepted(await client.put(`/api/imports/${id}`, choices), 200);
    await step(client, id, 'check');
    return accepted(await client.get(`/api/imports/${id}`), 200);
}

export async function rowsOf(client, id, outcome) {
    return accepted(await client.get(`/api/imports/${id}/rows?pageSize=1000${outcome ? `&outcome=${outcome}` : ''}`), 200).list;
}

/** Lines of a .csv. */
export const csv = (...rows) => rows.map((row) => row.map((cell) => (/[",\r\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell)).join(',')).join('\r\n');
