/** Reports, sums and files of lists: what is on the screen is what the service says. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

const REPORTS = ['stock-ledger', 'stock', 'most-moved', 'slow-moving'];
let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const grouped = (text) => `${text.split('.')[0].replace(/\B(?=(\d{3})+$)/g, ',')}.${text.split('.')[1]}`;

test('the stock ledger of a year leads to the stock card', async () => {
    const manager = await site.person('manager'), year = new Date().getFullYear();
    await manager.go('/reports');
    await manager.at('period-thisYear').click();
    await manager.page.waitForURL(/startDate=\d{4}-01-01/);
    const { list } = await site.api('manager', 'GET', `/reports/stock-ledger?startDate=${year}-01-01&endDate=${year}-12-31`);
    const row = manager.at(`ledger-row-${list[0].id}`);
    await row.waitFor();
    assert.match(await row.innerText(), new RegExp(list[0].material_code));
    await picture(manager, 'reports-ledger');
    await accessible(manager);
    await manager.at('export-menu').click();
    const [file] = await Promise.all([manager.page.waitForEvent('download'), manager.at('export-csv').click()]);
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
    assert.match(lines[0], /物料编码,物料名称,类别,单位,期初数量,/);
    assert.ok(lines.some((line) => line.startsWith(`${list[0].material_code},`)), file.suggestedFilename());
    await row.getByRole('link').click();
    await manager.at('stock-card-row').first().waitFor();
    calm(manager);
});

test('every report, in the dark and on the phone', async () => {
    const manager = await site.person('manager', { ...PHONE, colorScheme: 'dark' });
    for (const report of REPORTS) {
        await manager.go(`/reports/${report}`);
        await manager.page.locator('[data-testid^="ledger-row-"], [data-testid^="stock-row-"], [data-testid^="ranked-row-"], [data-testid="list-empty"]').first().waitFor();
        await noSidewaysScroll(manager);
        await accessible(manager);
        await picture(manager, `reports-${report}-phone`);
    }
    calm(manager);
});

test('a ranking has columns, views and keys; another time is another list, in the address', async () => {
    const manager = await site.person('manager'), { page } = manager;
    for (const [report, days, other] of [['most-moved', 90, 'received'], ['slow-moving', 30, 'value']]) {
        const found = await site.api('manager', 'GET', `/reports/${report}?days=${days}&limit=100`);
        await manager.go(`/reports/${report}`);
        await manager.at(`days-${days}`).click();
        await manager.at('chip-days').getByText(`近 ${days} 天`).waitFor();
        await manager.at('list-total').getByText(`共 ${found.length} 条`).waitFor();
        await manager.at('columns-open').click();
        await manager.at(`column-show-${other}`).uncheck();
        await manager.at('column-show-category').check();
        await manager.at('columns-done').click();
        await manager.at(`column-grip-${other}`).waitFor({ state: 'detached' });
        await manager.at('views-open').click();
        await manager.at('view-new').click();
        await manager.at('view-name').fill(`排行 ${report}`);
        await manager.at('view-save').click();
        await manager.at('views-open').getByText(`排行 ${report}`).waitFor();
        await manager.at('chips-clear').click();
        await manager.at('view-changed').waitFor();
        await page.goBack();
        await manager.at('view-changed').waitFor({ state: 'detached' });
        await accessible(manager);
        await picture(manager, `reports-${report}`);
        await page.keyboard.press('j');
        await page.keyboard.press('j');
        await page.keyboard.press('Enter');
        await page.waitForURL(new RegExp(`/materials/${found[1].id}/moves`));
    }
    calm(manager);
});

test('the sums under a list are those of all its rows, and its file has them', async () => {
    const manager = await site.person('manager');
    await manager.go('/materials?category=metal');
    const sums = await site.api('manager', 'GET', '/materials/sums?category=metal&status=active');
    const shown = manager.at('list-sums').getByText(grouped(Number(sums.stock_value).toFixed(2)));
    await shown.waitFor();
    await manager.at('export-menu').click();
    const [file] = await Promise.all([manager.page.waitForEvent('download'), manager.at('export-csv').click()]);
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
    assert.equal(lines.length, sums.count + 1, file.suggestedFilename());
    await manager.at('export-menu').click();
    const [book] = await Promise.all([manager.page.waitForEvent('download'), manager.at('export-xlsx').click()]);
    assert.match(book.suggestedFilename(), /\.xlsx$/);
    assert.equal((await readFile(await book.path())).subarray(0, 2).toString(), 'PK');
    const day = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
    for (const [where, asked, names] of [
        [`/reports/stock-ledger?category=metal&startDate=2026-01-01&endDate=${day}`, `stock-ledger/sums?category=metal&startDate=2026-01-01&endDate=${day}`, ['opening_value', 'received_value', 'issued_value', 'closing_value']],
        [`/reports/stock?at=${day}`, `stock/sums?at=${day}`, ['value']],
    ]) {
        const all = await site.api('manager', 'GET', `/reports/${asked}`);
        await manager.go(where);
        for (const name of names) await manager.at('list-sums').getByText(grouped(Number(all[name]).toFixed(2))).first().waitFor();
    }
    await manager.go('/documents');
    await manager.at('list-sums').getByText(/¥/).first().waitFor();
    await manager.at('export-menu').click();
    const [details] = await Promise.all([manager.page.waitForEvent('download'), manager.at('export-lines-csv').click()]);
    assert.match(await readFile(await details.path(), 'utf8'), /^\ufeff?单号,类型,用途,状态,行号,物料编码,/);
    await manager.at('export-lines-csv').waitFor({ state: 'hidden' });
    await picture(manager, 'documents-sums');
    await accessible(manager);
    calm(manager);
});
