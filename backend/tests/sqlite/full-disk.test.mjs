/** A disk that is full: changes are refused and lose nothing, health says degraded, and all is well when there is room again. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { accepted, refused } from '../api/client.mjs';
import { materialBody } from '../api/data.mjs';
import { start } from '../api/harness.mjs';

const disk = mkdtempSync(path.join(os.tmpdir(), 'mms-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'mms-test', disk]).status === 0;

test('a full disk', { skip: mounted ? false : 'no small disk can be mounted here' }, async () => {
    const server = await start({ env: { DB_PATH: path.join(disk, 'mms.db'), NODE_ENV: 'development' } });
    try {
        const admin = await server.client().login('admin', server.env.ADMIN_INITIAL_PASSWORD);
        const filler = path.join(disk, 'filler');
        for (let size = 1 << 20; size >= 1024; size /= 2) {
            for (let i = 0; i < 8; i++) {
                try {
                    writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
                } catch (error) {
                    assert.equal(error.code, 'ENOSPC');
                    break;
                }
            }
        }
        const answers = [];
        for (let i = 0; i < 40; i++) answers.push(await admin.post('/api/materials', materialBody()));
        const created = answers.filter((answer) => answer.status === 201);
        const refusals = answers.filter((answer) => answer.status !== 201);
        assert.ok(refusals.length > 0, 'the disk was not full');
        for (const answer of refusals) refused(answer, 503, 'storage_full', '存储空间不足');
        const ill = await admin.get('/api/health');
        assert.deepEqual([ill.status, ill.body.status, ill.body.checks.database], [503, 'degraded', 'error']);
        assert.equal((await admin.get('/api/materials')).body.data.total, created.length);
        rmSync(filler);
        assert.equal((await admin.get('/api/health')).body.status, 'ok');
        accepted(await admin.post('/api/materials', materialBody()), 201);
        assert.equal((await admin.get('/api/materials')).body.data.total, created.length + 1);
    } finally {
        await server.stop();
        spawnSync('umount', [disk]);
        rmSync(disk, { recursive: true, force: true });
    }
});
