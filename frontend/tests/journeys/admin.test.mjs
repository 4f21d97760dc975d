/** Settings and administration. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

test('settings are kept, units and places are added, faults stand at their fields', async () => {
    const admin = await site.person('admin');
    await admin.go('/settings');
    await admin.at('setting-counting.reason_percent').fill('zwei');
    await admin.at('save-counting.reason_percent').click();
    await admin.at('error-message').first().waitFor();
    await admin.at('setting-counting.reason_value').fill('123.4');
    await admin.at('setting-counting.reason_percent').fill('2');
    await admin.at('save-counting.reason_percent').click();
    await admin.at('toast-good').first().waitFor();
    assert.equal((await site.api('admin', 'GET', '/settings')).find(({ key }) => key === 'counting.reason_percent').value, '2');
    await admin.page.waitForFunction((hook) => document.querySelector(`[data-testid="${hook}"]`).disabled, 'save-counting.reason_percent');
    assert.equal(await admin.at('setting-counting.reason_value').inputValue(), '123.4', 'what is typed beside it stays');
    await admin.at('location-code').fill('COLD-1');
    await admin.at('location-nameZh').fill('冷库一');
    await admin.at('location-nameEn').fill('Cold store one');
    await admin.at('location-make').click();
    await admin.at('location-row').getByText('冷库一').waitFor();
    await admin.at('unit-code').fill('托');
    await admin.at('unit-nameZh').fill('托盘');
    await admin.at('unit-nameEn').fill('pallet');
    await admin.at('unit-make').click();
    await admin.at('unit-row').getByText('托盘').waitFor();
    // Its names and decimals can be changed, its code not.
    const row = admin.at('unit-row').filter({ hasText: '托盘' });
    await row.getByRole('button').click();
    assert.ok(await admin.at('unit-code').isDisabled());
    await admin.at('unit-nameZh').fill('托板');
    await admin.at('unit-decimals').selectOption('2');
    await admin.at('unit-make').click();
    await admin.at('unit-row').filter({ hasText: '托板' }).getByText('2', { exact: true }).waitFor();
    const changed = (await site.api('admin', 'GET', '/units')).find(({ code }) => code === '托');
    assert.deepEqual([changed.name_zh, changed.name_en, changed.decimals], ['托板', 'pallet', 2]);
    assert.equal((await site.api('admin', 'GET', '/locations')).find(({ code }) => code === 'COLD-1').name_en, 'Cold store one');
    // Documents use kg: fewer decimals are refused, at the field.
    await admin.at('unit-row').filter({ hasText: /^\s*kg/ }).getByRole('button').first().click();
    await admin.at('unit-decimals').selectOption('0');
    await admin.at('unit-make').click();
    await admin.page.getByText('已有单据使用该单位').first().waitFor();
    await admin.at('unit-leave').click();
    assert.equal(await admin.at('unit-code').inputValue(), '');
    await picture(admin, 'settings');
    await accessible(admin);
    calm(admin, /400/);
});

test('the database: what it is, its rows, and a copy of it', async () => {
    const admin = await site.person('admin');
    await admin.go('/admin');
    await admin.at('admin-info').getByText('SQLite').waitFor();
    await admin.at('admin-advice').waitFor();
    await admin.at('admin-measure').click();
    await admin.at('admin-machine').getByText(/16 个并发时每秒 \d+ 次/).waitFor();
    await admin.at('rights').getByText('审批出入库单').waitFor();
    await admin.at('chart-table-waits').click();
    assert.doesNotMatch(await admin.at('chart-rows-waits').locator('tr').first().innerText(), /[a-z]/, 'each queue has a name in words');
    await admin.at('chart-table-waits').click();
    await picture(admin, 'admin');
    await accessible(admin);
    const [file] = await Promise.all([admin.page.waitForEvent('download'), admin.at('admin-copy').click()]);
    assert.equal((await readFile(await file.path())).subarray(0, 15).toString(), 'SQLite format 3');
    // A fault of the service that fits no field: in words, with its number, which can be copied, also where the browser gives no clipboard.
    await admin.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await admin.page.route('**/api/admin/database/export', (route) => route.fulfill({ status: 500, json: { success: false, message: '服务器内部错误', code: 'internal', request_id: '0123456789abcdef' } }));
    for (const clipboard of [true, false]) {
        if (!clipboard) await admin.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
        await admin.at('admin-copy').click();
        await admin.at('error-request').getByText('0123456789abcdef', { exact: true }).waitFor();
        await admin.at('error-copy').getByText('复制', { exact: true }).click();
        await admin.at('error-copy').getByText('已复制').waitFor();
        assert.equal(await admin.page.evaluate((read) => (read ? navigator.clipboard.readText() : String(getSelection())), clipboard), '0123456789abcdef');
    }
    await accessible(admin);
    await admin.at('table-users').click();
    await admin.at('table-row').first().waitFor();
    assert.doesNotMatch(await admin.page.locator('table').innerText(), /argon2/);
    await accessible(admin);
    calm(admin, /500/);
});

test('backups: none is told in red, one that was proven in green', async () => {
    const admin = await site.person('admin');
    await admin.go('/admin');
    await admin.at('admin-backup-age').getByText('还没有经过验证的备份').waitFor();
    await admin.at('admin-continuous').getByText('连续备份正常，已保存到').waitFor();
    assert.match(await admin.at('admin-sealed').innerText(), /^未加密/);
    for (const more of [['--gzip'], ['--unproven']]) site.program('backup', ...more);
    await admin.page.reload();
    await admin.at('admin-backup-age').getByText('不到 1 小时前').waitFor();
    await admin.at('admin-backup').nth(1).getByText('已试恢复并验证').waitFor();
    assert.match(await admin.at('admin-backup').first().innerText(), /未验证/);
    await picture(admin, 'admin-backups');
    await accessible(admin);
    calm(admin);
});

test('on a phone, in the dark', async () => {
    const admin = await site.person('admin', { ...PHONE, colorScheme: 'dark' });
    for (const [where, hook] of [['/admin', 'admin-advice'], ['/settings', 'unit-row'], ['/admin/tables/materials', 'table-row']]) {
        await admin.go(where);
        await admin.at(hook).first().waitFor();
        await noSidewaysScroll(admin);
        await accessible(admin);
    }
    calm(admin);
});

test('who may not is told what permission it takes', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/admin');
    await keeper.at('not-permitted').getByText('查看和导出数据库').waitFor();
    await accessible(keeper);
    calm(keeper);
});
