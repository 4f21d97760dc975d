/** Long work is seen while it runs, and its file is fetched from there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible, calm, noSidewaysScroll, PHONE, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

test('an export as a job appears by itself, and its file is that of the list', async () => {
    const manager = await site.person('manager');
    await manager.go('/jobs');
    await manager.at('list-empty').waitFor();
    const { jobId } = await site.api('manager', 'POST', '/export-jobs/materials?format=csv&category=metal');
    await manager.at(`job-row-${jobId}`).waitFor();
    await manager.at(`job-file-${jobId}`).waitFor();
    const [file] = await Promise.all([manager.page.waitForEvent('download'), manager.at(`job-file-${jobId}`).click()]);
    const { count } = await site.api('manager', 'GET', '/materials/sums?category=metal&status=active');
    assert.equal((await readFile(await file.path(), 'utf8')).trim().split('\r\n').length, count + 1);
    await accessible(manager);
    calm(manager);
    const phone = await site.person('manager', { ...PHONE, colorScheme: 'dark' });
    await phone.go('/jobs');
    await phone.at(`job-row-${jobId}`).waitFor();
    await noSidewaysScroll(phone);
    await accessible(phone);
    calm(phone);
});
