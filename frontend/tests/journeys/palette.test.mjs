/** The search palette: by initials, pinyin, a typing error, two characters; by keyboard alone; outdated questions; the phone. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
let bottle;
before(async () => {
    site = await Site.open();
    bottle = await site.api('admin', 'POST', '/materials', { materialCode: 'PALETTE-01', materialName: '调拨周转瓶', category: 'metal', unit: '只', casNo: '7732-18-5' });
});
after(() => site?.close());

const entry = (who, group, text) => who.page.locator(`[data-testid="palette-entry-${group}"]`, text ? { hasText: text } : {}).first();
const focused = (who) => who.page.evaluate(() => document.activeElement?.getAttribute('data-testid'));

test('by initials, pinyin, typing error and two characters; what was found is marked', async () => {
    const keeper = await site.person('keeper');
    const { page } = keeper;
    await keeper.go('/materials');
    await keeper.at('palette-open').click();
    for (const [question, marked] of [['dbzz', '调拨周转'], ['diaobo', '调拨'], ['tiaobo', '调拨'], ['zhouzuan', null], ['PALETE', null], ['调拨', '调拨'], ['周转', '周转'], ['7732-18', '7732-18']]) {
        await keeper.at('palette-input').fill(question);
        await entry(keeper, 'material', 'PALETTE-01').waitFor();
        if (marked) await entry(keeper, 'material', 'PALETTE-01').locator('mark', { hasText: marked }).first().waitFor();
    }
    await keeper.at('palette-input').fill('氢气');
    await entry(keeper, 'material', '氢气').waitFor();
    await accessible(keeper);
    await picture(keeper, 'palette');
    // Markup is text, in the question and in the answer that there is none.
    await keeper.at('palette-input').fill('<img src=x>');
    await keeper.at('palette-word').getByText('<img src=x>').waitFor();
    assert.equal(await page.locator('[data-testid^="palette-entry-"]').count(), 0);
    await page.mouse.click(5, 5);
    await keeper.at('palette').waitFor({ state: 'detached' });
    calm(keeper);
});

test('by keyboard alone: open, choose, go; pages and actions; recent ones; the focus goes back', async () => {
    const manager = await site.person('manager', { ...DESK, colorScheme: 'dark' });
    const { page } = manager;
    const { keyboard } = page;
    await manager.go('/materials');
    await manager.at('palette-open').focus();
    await keyboard.press('Enter');
    await manager.at('palette').waitFor();
    assert.equal(await focused(manager), 'palette-input');
    await keyboard.press('Escape');
    await manager.at('palette').waitFor({ state: 'detached' });
    assert.equal(await focused(manager), 'palette-open');

    // Enter before the answer is there: it is meant for the answer.
    await keyboard.press('Control+k');
    await manager.at('palette').waitFor();
    await keyboard.type('dbzz');
    await keyboard.press('Enter');
    await page.waitForURL(`**/materials/${bottle.id}`);
    await manager.at('material-drawer').waitFor();

    await keyboard.press('Meta+k');
    await entry(manager, 'recent', 'PALETTE-01').waitFor();
    await accessible(manager);
    await picture(manager, 'palette-dark');
    await keyboard.type('入库单');
    await entry(manager, 'actions', '新建入库单').waitFor();
    await keyboard.press('Enter');
    await page.waitForURL('**/documents/new/in');

    await keyboard.press('Control+k');
    await manager.at('palette').waitFor();
    await keyboard.type('审批');
    await entry(manager, 'pages', '审批').waitFor();
    await keyboard.press('Enter');
    await page.waitForURL(/\/approval/);

    // Down and round: the last is above the first.
    await keyboard.press('Control+k');
    await manager.at('palette').waitFor();
    const options = page.locator('[role="option"]');
    await keyboard.press('ArrowUp');
    assert.equal(await options.last().getAttribute('aria-selected'), 'true');
    await keyboard.press('ArrowDown');
    assert.equal(await options.first().getAttribute('aria-selected'), 'true');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-activedescendant')), await options.first().getAttribute('id'));
    await keyboard.press('Control+k');
    await manager.at('palette').waitFor({ state: 'detached' });
    calm(manager);
});

test('a question that is outdated is cancelled, and its answer is never shown', async () => {
    const keeper = await site.person('keeper');
    const { page } = keeper;
    let cancelled = 0;
    page.on('requestfailed', (request) => request.url().includes('/api/search') && (cancelled += 1));
    await page.route('**/api/search?*q=qingqi*', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await route.continue().catch(() => undefined);
    });
    await keeper.go('/materials');
    await keeper.at('palette-open').click();
    const slow = page.waitForRequest(/\/api\/search\?.*q=qingqi/);
    await keeper.at('palette-input').fill('qingqi');
    await slow;
    await keeper.at('palette-input').fill('调拨');
    await entry(keeper, 'material', 'PALETTE-01').waitFor();
    assert.equal(cancelled, 1);
    await page.waitForTimeout(1800);
    assert.equal(await page.locator('[data-testid="palette-entry-material"]').count(), 1);
    calm(keeper, /ERR_FAILED|ERR_ABORTED/);
});

test('documents by number, people for who manages them; on the phone the whole screen', async () => {
    const made = await site.api('keeper', 'POST', '/inventory', { transactionType: 'in', lines: [{ materialId: bottle.id, quantity: 1 }] });
    const admin = await site.person('admin', PHONE);
    await admin.go('/materials');
    await admin.at('palette-open').click();
    await admin.at('palette-input').fill('keeper');
    await entry(admin, 'user', 'keeper').waitFor();
    await admin.at('palette-input').fill(made.transactionCode);
    await entry(admin, 'transaction', made.transactionCode).waitFor();
    await accessible(admin);
    await noSidewaysScroll(admin);
    const { width, height } = await admin.at('palette').boundingBox();
    assert.deepEqual([width, height], [390, 844]);
    await picture(admin, 'palette-phone');
    await entry(admin, 'transaction', made.transactionCode).click();
    await admin.page.waitForURL(`**/documents/${made.id}`);
    const keeper = await site.person('keeper', PHONE);
    await keeper.go('/materials');
    await keeper.at('palette-open').click();
    await keeper.at('palette-input').fill('manager');
    await keeper.at('palette-word').getByText('没有找到').waitFor();
    await keeper.at('palette-close').click();
    await keeper.at('palette').waitFor({ state: 'detached' });
    calm(admin);
    calm(keeper);
});
