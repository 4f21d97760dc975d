/** Days: typed in many ways and shown in one, in both languages; chosen from a calendar by mouse, by finger and by keys. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const query = (who) => Object.fromEntries(new URL(who.page.url()).searchParams);
const focused = (who) => who.page.evaluate(() => document.activeElement?.dataset.day ?? document.activeElement?.dataset.testid);
/** By the company's clock, which is the browser's here. */
const dayOf = (who, shift) => who.page.evaluate((days) => {
    const at = new Date(Date.now() + days * 86_400_000);
    return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, '0'), String(at.getDate()).padStart(2, '0')].join('-');
}, shift);
const press = async (who, ...keys) => { for (const key of keys) await who.page.keyboard.press(key); };

test('a day is typed as one likes, and shown as 2026-09-30 whatever the browser speaks', async () => {
    for (const [name, locale] of [['manager', 'zh-CN'], ['admin', 'en-US']]) {
        const manager = await site.person(name, { ...DESK, locale });
        if (locale === 'en-US') await manager.page.addInitScript(() => localStorage.setItem('mms.language', 'en'));
        await manager.go('/documents');
        await manager.at('filters-fold').click();
        const from = manager.at('document-from');
        const ways = [['２０２６０９３０', '2026-09-30'], ['2026/9/29', '2026-09-29'], ['２０２６年９月２８日', '2026-09-28'], ['-7', await dayOf(manager, -7)], ['今天', await dayOf(manager, 0)], ['yesterday', await dayOf(manager, -1)]];
        for (const [typed, day] of ways) {
            await from.fill(typed);
            await from.press('Enter');
            await manager.at('chip-startDate').getByText(day).waitFor();
            assert.deepEqual([await from.inputValue(), query(manager).startDate], [day, day]);
        }
        await from.fill('2026-02-30');
        await from.press('Tab');
        const fault = manager.at('field-fault');
        await fault.getByText(locale === 'zh-CN' ? '不是日期' : 'Not a day').waitFor();
        assert.deepEqual([await from.inputValue(), query(manager).startDate], ['2026-02-30', await dayOf(manager, -1)], 'what was typed stays, and nothing is asked for');
        assert.equal(await from.getAttribute('aria-describedby'), await fault.getAttribute('id'));
        await accessible(manager);
        await picture(manager, `days-stray-${locale}`);
        await from.fill('');
        await from.press('Enter');
        await manager.at('chip-startDate').waitFor({ state: 'detached' });
        await fault.waitFor({ state: 'detached' });
        calm(manager);
    }
});

test('the calendar by keys alone: from Monday on, by days, weeks, months and years', async () => {
    const manager = await site.person('manager');
    await manager.go('/reports/stock?at=2024-01-31');
    await manager.at('report-at').focus();
    await press(manager, 'Alt+ArrowDown');
    await manager.at('calendar').waitFor();
    const heads = await manager.at('calendar').getByRole('columnheader').allInnerTexts();
    assert.deepEqual(heads, ['一', '二', '三', '四', '五', '六', '日']);
    for (const [keys, day] of [
        [[], '2024-01-31'], [['PageDown'], '2024-02-29'], [['ArrowRight'], '2024-03-01'], [['Home'], '2024-02-26'], [['End'], '2024-03-03'], [['ArrowUp'], '2024-02-25'],
        [['ArrowDown', 'ArrowLeft'], '2024-03-02'], [['Shift+PageUp', 'PageUp'], '2023-02-02'],
    ]) {
        await press(manager, ...keys);
        await manager.page.waitForFunction((wanted) => document.activeElement?.dataset.day === wanted, day);
    }
    await manager.at('calendar').getByText('2023年2月').waitFor();
    await accessible(manager);
    await picture(manager, 'days-calendar');
    await press(manager, 'Escape');
    await manager.at('calendar').waitFor({ state: 'detached' });
    assert.equal(query(manager).at, '2024-01-31', 'nothing was chosen');
    assert.equal(await focused(manager), 'report-at');
    await press(manager, 'Alt+ArrowDown');
    await manager.page.waitForFunction(() => document.activeElement?.dataset.day === '2024-01-31');
    await press(manager, 'ArrowLeft', 'Enter');
    await manager.page.waitForURL(/at=2024-01-30/);
    assert.deepEqual([await focused(manager), await manager.at('report-at').inputValue()], ['report-at', '2024-01-30']);
    // The keys of the list under it are not the calendar's.
    assert.equal(await manager.page.locator('tr.cursor').count(), 0);
    calm(manager);
});

test('the calendar by mouse: a second press closes it; today, and nothing', async () => {
    const admin = await site.person('admin', { ...DESK, colorScheme: 'dark' });
    await admin.go('/logs');
    await admin.at('filters-fold').click();
    const button = admin.at('log-to-calendar'), calendar = admin.at('calendar');
    await button.click();
    await calendar.waitFor();
    await admin.at('calendar-previous').click();
    await admin.at('calendar-next').click();
    assert.equal(await focused(admin), 'calendar-next', 'who leafs goes on leafing');
    await accessible(admin);
    await picture(admin, 'days-calendar-dark');
    await button.click();
    await calendar.waitFor({ state: 'detached' });
    await button.click();
    await admin.at('calendar-today').click();
    await admin.at('chip-endDate').getByText(await dayOf(admin, 0)).waitFor();
    await button.click();
    await admin.page.mouse.click(700, 20);
    await calendar.waitFor({ state: 'detached' });
    await button.click();
    await admin.at('calendar-clear').click();
    await admin.at('chip-endDate').waitFor({ state: 'detached' });
    calm(admin);
});

test('a line of a receipt: its day of expiry is typed or chosen, and a stray one is said and not sent', async () => {
    const keeper = await site.person('keeper');
    const { list: [material] } = await site.api('keeper', 'GET', '/materials?pageSize=1&sort=material_code');
    await keeper.go('/documents/new/in');
    await keeper.at('line-material-0').fill(material.material_code);
    await keeper.page.locator('[data-testid^="material-option-"]', { hasText: material.material_code }).first().click();
    await keeper.at('line-quantity-0').fill('2');
    await keeper.at('line-lot-0').fill('L-1');
    await keeper.at('line-expires-0').fill('2030/13/1');
    await keeper.at('line-expires-0').press('Enter');
    await keeper.at('line-fault-0').getByText('不是日期').waitFor();
    assert.equal(await focused(keeper), 'line-remark-0', 'Enter goes on to the next cell');
    await keeper.at('document-submit').click();
    await keeper.at('line-fault-0').getByText('不是日期').waitFor();
    assert.equal(await keeper.at('line-expires-0').inputValue(), '2030/13/1');
    await keeper.page.mouse.move(5, 5);
    await keeper.page.waitForTimeout(400);
    await picture(keeper, 'days-line');
    await accessible(keeper);
    await keeper.at('line-expires-0').fill('２０３０.１.９');
    await keeper.at('line-expires-0').press('Enter');
    assert.equal(await keeper.at('line-expires-0').inputValue(), '2030-01-09');
    await keeper.at('line-fault-0').waitFor({ state: 'detached' });
    await keeper.at('line-expires-0-calendar').click();
    await keeper.page.locator('[data-day="2030-01-31"]').click();
    assert.equal(await keeper.at('line-expires-0').inputValue(), '2030-01-31');
    const sent = keeper.page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/inventory'));
    await keeper.at('document-submit').click();
    assert.equal((await sent).postDataJSON().lines[0].expiresOn, '2030-01-31');
    await keeper.at('submit-done').waitFor();
    calm(keeper);
});

test('on the phone, in both themes: for a finger, and within the screen', async () => {
    for (const [name, colorScheme] of [['manager', 'light'], ['keeper', 'dark']]) {
        const phone = await site.person(name, { ...PHONE, colorScheme });
        await phone.go('/reports/stock-ledger?startDate=2026-01-05&endDate=2026-01-20'); // neither of them today, whenever this runs
        await phone.at('filters-fold').click();
        await phone.at('report-to-calendar').click();
        await phone.at('calendar').waitFor();
        const [whole, day, button] = await Promise.all([phone.at('calendar'), phone.page.locator('[data-day]').first(), phone.at('report-to-calendar')].map((one) => one.boundingBox()));
        assert.ok(whole.x >= 0 && whole.x + whole.width <= 390 && whole.y >= 0 && whole.y + whole.height <= 844, JSON.stringify(whole));
        assert.ok(day.height >= 44 && day.width >= 44 && button.width >= 40, JSON.stringify([day, button]));
        await noSidewaysScroll(phone);
        await accessible(phone);
        await picture(phone, `phone-days-${colorScheme}`);
        await phone.at('calendar-today').click();
        await phone.page.waitForURL((url) => url.searchParams.get('endDate') !== '2026-01-20');
        calm(phone);
    }
});
