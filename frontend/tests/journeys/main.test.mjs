/**
 * The main job in a real browser: an administrator makes a material and a receipt, a manager approves it, the stock card shows
 * it, and an issue of more than there is is refused with the right words.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, chooseMaterial, FIRST_PASSWORD, noSidewaysScroll, PASSWORD, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

test('who signs in for the first time chooses a password of his own', async () => {
    await site.api('admin', 'POST', '/users', { username: 'newcomer', password: FIRST_PASSWORD, role: 'regular_user', mustChangePassword: true });
    const context = await site.browser.newContext({ locale: 'zh-CN' });
    const page = await context.newPage();
    const at = (hook) => page.getByTestId(hook);
    await page.goto(site.base);
    await at('login-username').fill('newcomer');
    await at('login-password').fill(FIRST_PASSWORD);
    await at('login-submit').click();
    await at('current-password').fill(FIRST_PASSWORD);
    await at('new-password').fill(PASSWORD);
    await at('new-password-repeat').fill(PASSWORD);
    await at('new-password-submit').click();
    await at('menu-materials').waitFor({ state: 'attached' });
});

test('a material is made, received, approved by another person, shown on its card, and cannot be overdrawn', async () => {
    const admin = await site.person('admin');
    await admin.go('/materials');
    await admin.at('material-new').click();
    await admin.at('material-form-materialCode').fill('JOURNEY-01');
    await admin.at('material-form-materialName').fill('旅程催化剂');
    await admin.at('material-form-unit').click();
    await admin.page.keyboard.type('kg');
    await admin.page.keyboard.press('Enter');
    await admin.at('material-save').click();
    await admin.at('material-stock').waitFor();
    await admin.go('/materials');
    await admin.at('list-total').waitFor();
    await picture(admin, 'materials');

    await admin.go('/documents');
    await admin.at('document-new-in').click();
    await chooseMaterial(admin, 0, 'JOURNEY-01');
    await admin.at('line-quantity-0').fill('12.5');
    await admin.at('line-price-0').fill('3.2');
    await picture(admin, 'receipt');
    await admin.at('document-submit').click();
    await admin.at('toast-good').first().waitFor();

    const manager = await site.person('manager');
    await manager.go('/materials');
    await manager.at('menu-approval').click();
    const row = manager.page.locator('[data-testid^="approval-row-"]', { hasText: '旅程催化剂' });
    await row.click();
    await manager.at('approval-document').getByText('JOURNEY-01').first().waitFor();
    await picture(manager, 'approval');
    await manager.at('approval-approve').click();
    await row.waitFor({ state: 'detached' });

    await admin.go('/materials');
    await admin.at('material-keyword').fill('JOURNEY-01');
    await admin.at('material-search').click();
    await admin.page.locator('[data-testid^="material-row-"]', { hasText: 'JOURNEY-01' }).first().click();
    await admin.at('material-stock').getByText('12.5').waitFor();
    await picture(admin, 'material');
    await admin.at('stock-card-link').click();
    const card = admin.at('stock-card-row').first();
    await card.waitFor();
    assert.match(await card.innerText(), /\+\s*12\.5/);
    await picture(admin, 'stock-card');

    await admin.go('/documents');
    await admin.at('document-new-out').click();
    await chooseMaterial(admin, 0, 'JOURNEY-01');
    await admin.at('line-quantity-0').fill('12.501');
    await admin.at('document-submit').click();
    await admin.page.getByText('库存不足,当前库存:12.5').first().waitFor();
    calm(admin, /400/);
    calm(manager);
});

test('the overview counts, and the log says who changed what', async () => {
    const admin = await site.person('admin');
    await admin.go('/overview');
    await admin.at('tile-materials').getByText(/^\d+$/).waitFor();
    assert.match(await admin.at('tile-value').innerText(), /¥ [\d,]+\.\d\d/);
    for (const [row, text] of [['category', /化学物料\s*\d+ 种\s*¥ [\d,]+\.\d\d · \d+\.\d %/], ['most', /\d+ 次 · 入 [\d,.]+ · 出 [\d,.]+/], ['pending', /\d{4}-\d\d-\d\d/]]) {
        await admin.at(`overview-${row}`).first().waitFor();
        assert.match(await admin.at(`overview-${row}`).first().innerText(), text);
    }
    await picture(admin, 'overview');
    await admin.go('/logs?module=materials');
    const entry = admin.page.locator('[data-testid^="log-row-"]').first();
    await entry.waitFor();
    assert.match(await entry.innerText(), /创建物料|更新物料/);
    await picture(admin, 'logs');
});

test('on a phone nothing scrolls sideways', async () => {
    const who = await site.person('admin', PHONE), { page } = who;
    for (const where of ['materials', 'documents', 'approval', 'overview', 'logs']) {
        await who.go(`/${where}`);
        await page.locator('[data-testid="list-total"], [data-testid^="approval-row-"], [data-testid="tile-materials"]').first().waitFor();
        await noSidewaysScroll(who);
        await accessible(who);
        await picture(who, `phone-${where}`);
    }
});
