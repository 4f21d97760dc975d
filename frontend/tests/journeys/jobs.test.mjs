/** Long work is seen while it runs, and its file is fetched from there. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

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

    // A list like the others: what is asked for stands in the address, columns and views are one's own.
    const csv = await site.api('manager', 'POST', '/export-jobs/users?format=csv').catch(() => null);
    assert.equal(csv, null, 'what one may not export is no job');
    const { jobId: other } = await site.api('manager', 'POST', '/export-jobs/inventory?format=csv');
    await manager.at(`job-file-${other}`).waitFor();
    const told = `${(await site.api('manager', 'GET', `/jobs/${other}`)).result.rows} 条`;
    await manager.at('job-keyword').fill(told);
    await manager.at('job-search').click();
    await manager.at(`job-row-${jobId}`).waitFor({ state: 'detached' });
    await manager.at('list-total').getByText('共 1 条').waitFor();
    await manager.at('job-status').selectOption('failed');
    await manager.at('list-empty').getByText('没有符合条件的任务').waitFor();
    await manager.at('chip-status').getByRole('button').click();
    await manager.at(`job-row-${other}`).waitFor();
    await manager.at('columns-open').click();
    await manager.at('column-show-ended').check();
    await manager.at('column-show-progress').uncheck();
    await manager.at('columns-done').click();
    await manager.at('views-open').click();
    await manager.at('view-new').click();
    await manager.at('view-name').fill('出入库单导出');
    await manager.at('view-save').click();
    await manager.at('views-open').getByText('出入库单导出').waitFor();
    const { view } = Object.fromEntries(new URL(manager.page.url()).searchParams);
    await manager.go('/jobs');
    await manager.at(`job-row-${jobId}`).waitFor();
    await manager.at('columns-open').click();
    await manager.at('columns-reset').click();
    await manager.at('columns-done').click();
    await manager.at('column-grip-progress').waitFor();
    await manager.go(`/jobs?view=${view}`);
    await manager.at('column-grip-ended').waitFor();
    await manager.at('chip-keyword').getByText(told).waitFor();
    assert.equal(await manager.at('column-grip-progress').count(), 0);
    await picture(manager, 'jobs');
    await accessible(manager);
    calm(manager, /403/);

    const phone = await site.person('manager', { ...PHONE, colorScheme: 'dark' });
    await phone.go('/jobs');
    await phone.at(`job-row-${jobId}`).waitFor();
    await noSidewaysScroll(phone);
    await accessible(phone);
    calm(phone);
});
