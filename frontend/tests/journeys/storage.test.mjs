/** Files in object storage, as somebody at a browser has them: given out by the storage itself (OSS_DELIVERY=signed), and while it is away. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startEmulator } from '../../../backend/tests/cloud/emulator/server.mjs';
import { calm, Site } from './steps.mjs';

const BUCKET = 'mms-uploads';
let site, cloud;
before(async () => {
    cloud = await startEmulator({ buckets: { [BUCKET]: {} } });
    site = await Site.open();
    await site.stop();
    site.settings = { UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.url, OSS_ACCESS_KEY_ID: 'LTAI-emulator', OSS_ACCESS_KEY_SECRET: 'emulator-secret', OSS_DELIVERY: 'signed' };
    await site.start();
});
after(async () => {
    await site?.close();
    await cloud?.close();
});

test('a list as a file comes from the storage itself, and the page stays where it is; while it is away, that is said', async () => {
    const manager = await site.person('manager');
    await manager.go('/jobs');
    const { jobId } = await site.api('manager', 'POST', '/export-jobs/materials?format=csv&category=metal');
    await manager.at(`job-file-${jobId}`).waitFor();
    const [file] = await Promise.all([manager.page.waitForEvent('download'), manager.at(`job-file-${jobId}`).click()]);
    const { origin, pathname, searchParams } = new URL(file.url());
    assert.deepEqual([origin, pathname.split('/').slice(0, 3).join('/'), searchParams.get('x-oss-expires')], [`http://localhost:${cloud.port}`, `/${BUCKET}/exports`, '300']);
    assert.deepEqual(await readFile(await file.path()), cloud.get(BUCKET, pathname.slice(BUCKET.length + 2)).body);
    assert.match(file.suggestedFilename(), /^物料列表-\d{8}\.csv$/);
    assert.equal(new URL(manager.page.url()).pathname, '/jobs');
    calm(manager);

    cloud.fault({ kind: 'reset-before', service: 'oss', times: 'always' });
    await manager.at(`job-file-${jobId}`).click();
    await manager.page.getByText('文件存储暂时无法访问，请稍后重试').first().waitFor();
    await manager.at(`job-row-${jobId}`).waitFor();
    cloud.faults.clear();
    calm(manager, /503/);
});
