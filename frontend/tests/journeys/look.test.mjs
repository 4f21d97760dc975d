/** How the page looks to its reader: kept for the person, the same on every device, and right from the first paint. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PASSWORD, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const ground = (who) => who.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const LIGHT = 'rgb(243, 246, 246)', DARK = 'rgb(16, 24, 26)';

test('theme, accent, language, page size and how dense lists are: the same in another browser', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/profile');
    await keeper.at('look').waitFor();
    assert.equal(await ground(keeper), LIGHT);
    const kept = () => keeper.page.waitForResponse((answer) => answer.url().endsWith('/profile/preferences/look') && answer.request().method() === 'PUT');
    const saved = kept();
    await keeper.at('look-theme-dark').check();
    await keeper.at('look-accent-plum').check();
    await keeper.at('look-pageSize').selectOption('50');
    await keeper.at('look-density').selectOption('compact');
    await keeper.at('look-language').selectOption('en');
    await keeper.page.getByRole('heading', { name: 'Appearance' }).waitFor();
    assert.equal((await saved).status(), 200);
    const look = async () => JSON.parse((await site.api('keeper', 'GET', '/profile/preferences')).find(({ key }) => key === 'look').value);
    for (let i = 0; i < 50 && (await look()).language !== 'en'; i++) await keeper.page.waitForTimeout(100);
    assert.deepEqual(await look(), { theme: 'dark', accent: 'plum', language: 'en', pageSize: '50', density: 'compact' });
    assert.equal(await ground(keeper), DARK);
    await picture(keeper, 'look-dark');
    await accessible(keeper);
    calm(keeper);

    // Somewhere else: as the device has it before the sign-in, as the person has it after.
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    const there = { page, at: (hook) => page.getByTestId(hook) };
    await page.goto(`${site.base}/materials`);
    await there.at('login-username').fill('keeper');
    assert.equal(await ground(there), LIGHT);
    assert.equal(await there.at('login-submit').innerText(), '登录');
    await there.at('login-password').fill(PASSWORD);
    const listed = page.waitForRequest((request) => /\/api\/materials\?/.test(request.url()));
    await there.at('login-submit').click();
    assert.match((await listed).url(), /pageSize=50/, 'already the first list');
    await there.at('list-total').getByText('in total').or(there.at('list-total')).first().waitFor();
    assert.equal(await ground(there), DARK);
    assert.equal(await page.locator('html').getAttribute('data-accent'), 'plum');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    await there.at('menu-materials').getByText('Materials').waitFor();
    await page.locator('[data-testid^="material-row-"]').first().waitFor();
    assert.equal((await page.locator('[data-testid^="material-row-"]').first().boundingBox()).height, 32, 'rows as dense as chosen');
    // A list of its own mind: it stays so when what holds for all lists is another.
    await there.at('columns-open').click();
    assert.ok(await there.at('density-compact').isChecked());
    await there.at('density-comfortable').check();
    await there.at('columns-done').click();
    const rowIs = (height) => page.waitForFunction((wanted) => document.querySelector('[data-testid^="material-row-"]')?.getBoundingClientRect().height === wanted, height);
    await rowIs(40);
    await there.at('columns-open').click();
    await there.at('columns-reset').click();
    await there.at('columns-done').click();
    await rowIs(32);
    // What the header's choice changes is kept too.
    await there.at('theme-switch').selectOption('light');
    for (let i = 0; i < 50 && (await look()).theme !== 'light'; i++) await page.waitForTimeout(100);
    assert.equal((await look()).theme, 'light');
    // And here it comes with the next load, without a sign-in.
    await keeper.page.reload();
    await keeper.page.waitForFunction(() => !document.documentElement.classList.contains('dark'));
    assert.equal(await ground(keeper), LIGHT);
    calm(keeper);
});

test('the first paint has the right ground, whatever the system wants', async () => {
    for (const [theme, system, wanted] of [['dark', 'light', DARK], ['light', 'dark', LIGHT], ['auto', 'dark', DARK], ['auto', 'light', LIGHT]]) {
        const context = await site.browser.newContext({ ...DESK, colorScheme: system });
        await context.addInitScript((kept) => localStorage.setItem('mms.theme', kept), theme);
        const page = await context.newPage();
        // The program of the page does not come: what is painted now is painted without it.
        await page.route(/\/assets\/(?!first-)[^/]*\.js$/, () => undefined);
        await page.goto(`${site.base}/login`, { waitUntil: 'commit' });
        await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name, responseEnd }) => name.endsWith('.css') && responseEnd > 0) && document.body);
        await page.waitForFunction(() => getComputedStyle(document.documentElement).getPropertyValue('--mms-page') !== '');
        assert.equal(await ground({ page }), wanted, `${theme} on a ${system} system`);
        assert.equal(await page.locator('#app').innerHTML(), '', 'nothing of the program has run');
        await context.close();
    }
});

test('what is kept there and makes no sense does no harm', async () => {
    await site.api('manager', 'PUT', '/profile/preferences/look', { value: '{"theme":"neon","accent":7,"pageSize":"9999"}' });
    const manager = await site.person('manager', PHONE);
    await manager.go('/profile');
    await manager.at('look').waitFor();
    assert.ok(await manager.at('look-theme-auto').isChecked());
    assert.ok(await manager.at('look-accent-teal').isChecked());
    assert.equal(await manager.at('look-pageSize').inputValue(), '20');
    await noSidewaysScroll(manager);
    await accessible(manager);
    await picture(manager, 'look-phone');
    await site.api('manager', 'PUT', '/profile/preferences/look', { value: 'no look at all' });
    await manager.page.reload();
    await manager.at('look').waitFor();
    calm(manager);
});

test('every accent passes in both themes', async () => {
    const admin = await site.person('admin');
    await admin.go('/profile');
    for (const theme of ['light', 'dark']) {
        await admin.at(`look-theme-${theme}`).check();
        for (const accent of ['teal', 'blue', 'violet', 'plum', 'graphite']) {
            await admin.at(`look-accent-${accent}`).check();
            await accessible(admin);
            await picture(admin, `look-${theme}-${accent}`);
        }
    }
    calm(admin);
});
