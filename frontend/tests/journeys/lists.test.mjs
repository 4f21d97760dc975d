/** Lists: what is asked for stands as chips and in the address, columns follow their person, views go from hand to hand, keys do it all. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => {
    site = await Site.open();
    const admin = await site.login('admin');
    for (let i = 0; i < 30; i++) await site.api(admin, 'POST', '/materials', { materialCode: `BULK-${String(i).padStart(2, '0')}`, materialName: `批量物料 ${i}`, category: 'metal', unit: 'kg' });
});
after(() => site?.close());

const total = (who) => who.at('list-total').innerText();
const rows = (who, name = 'material-row') => who.page.locator(`[data-testid^="${name}-"]`);
const query = (who) => Object.fromEntries(new URL(who.page.url()).searchParams);
/** Until the list says so many, or another number than before. */
const until = (who, wanted) => who.at('list-total').getByText(wanted).waitFor();

test('what is asked for stands as chips, each of which goes by itself, and in the address', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/materials');
    await rows(keeper).first().waitFor();
    const all = await total(keeper);
    await keeper.at('material-category').click();
    await keeper.page.keyboard.press('ArrowDown');
    await keeper.page.keyboard.press('ArrowDown');
    await keeper.page.keyboard.press('Enter');
    await keeper.at('chip-category').waitFor();
    assert.equal(await keeper.at('material-unit').isVisible(), false, 'folded');
    await keeper.at('filters-fold').click();
    await keeper.at('material-unit').fill('kg');
    await keeper.at('material-search').click();
    await keeper.at('chip-unit').getByText('kg').waitFor();
    const { category, unit } = query(keeper);
    assert.deepEqual([['chemical', 'metal'].includes(category), unit], [true, 'kg']);
    await picture(keeper, 'lists-chips');

    const other = await site.person('manager');
    await other.page.goto(keeper.page.url());
    await other.at('chip-unit').waitFor();
    assert.equal(await total(other), await total(keeper), 'a link shows the same list');

    await keeper.at('chip-unit').getByRole('button').click();
    await keeper.at('chip-unit').waitFor({ state: 'detached' });
    assert.deepEqual(query(keeper), { category });
    await keeper.at('chips-clear').click();
    await until(keeper, all);
    assert.deepEqual(query(keeper), {});
    await keeper.page.goBack();
    await keeper.at('chip-category').waitFor();
    await keeper.page.reload();
    await keeper.at('material-unit').waitFor();
    await keeper.at('columns-open').waitFor();
    await accessible(keeper);
    calm(keeper);
    calm(other);
});

const heads = async (who) => (await who.page.locator('thead th').allInnerTexts()).filter((text) => text.trim());
const widthOf = async (who, key) => (await who.page.locator('th', { has: who.at(`column-grip-${key}`) }).boundingBox()).width;

test('columns are hidden, moved and sized by hand and by keys, and are the same where one signs in next', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/materials');
    await rows(keeper).first().waitFor();
    await keeper.at('columns-open').click();
    await keeper.at('column-show-unit').uncheck();
    await keeper.at('column-show-cas').check();
    await keeper.at('column-up-level').focus();
    for (let i = 0; i < 20 && !(await keeper.at('column-up-level').isDisabled()); i++) await keeper.page.keyboard.press('Enter');
    assert.equal(await keeper.at('column-down-level').evaluate((button) => button === document.activeElement), true, 'the focus stays with the column');
    await keeper.at('density-compact').check();
    await accessible(keeper);
    await picture(keeper, 'lists-columns');
    await keeper.at('columns-done').click();
    const shown = await heads(keeper);
    assert.match(shown[0], /库存状态/);
    assert.equal(shown.some((text) => /CAS/.test(text)), true);
    assert.equal(shown.some((text) => text.trim() === '单位'), false);

    const before = await widthOf(keeper, 'code');
    await keeper.at('column-grip-code').focus();
    await keeper.page.keyboard.press('ArrowRight');
    await keeper.page.keyboard.press('ArrowRight');
    assert.equal(Math.round(await widthOf(keeper, 'code') - before), 32);
    const grip = await keeper.at('column-grip-category').boundingBox();
    const category = await widthOf(keeper, 'category');
    await keeper.page.mouse.move(grip.x + 5, grip.y + 10);
    await keeper.page.mouse.down();
    await keeper.page.mouse.move(grip.x + 65, grip.y + 10, { steps: 4 });
    const kept = keeper.page.waitForResponse((answer) => answer.url().includes('/profile/preferences/list.materials') && answer.ok());
    await keeper.page.mouse.up();
    assert.equal(Math.round(await widthOf(keeper, 'category') - category), 60);
    await kept;

    const elsewhere = await site.person('keeper');
    await elsewhere.go('/materials');
    await elsewhere.at('column-grip-cas').waitFor();
    assert.deepEqual(await heads(elsewhere), shown);
    assert.equal(Math.round(await widthOf(elsewhere, 'code') - before), 32);
    await elsewhere.at('columns-open').click();
    await elsewhere.at('columns-reset').click();
    await elsewhere.at('columns-done').click();
    await elsewhere.at('column-grip-cas').waitFor({ state: 'detached' });
    calm(keeper);
    calm(elsewhere);
});

test('columns stay on the device when the server does not take them, and reach it later', async () => {
    const manager = await site.person('manager');
    const refusing = (route) => (route.request().method() === 'PUT' ? route.fulfill({ status: 409, json: { success: false, code: 'preference_limit', message: '已满' } }) : route.continue());
    await manager.page.route('**/api/profile/preferences/**', refusing);
    await manager.go('/materials');
    await rows(manager).first().waitFor();
    await manager.at('columns-open').click();
    const refused = manager.page.waitForResponse((answer) => answer.status() === 409);
    await manager.at('column-show-unit').uncheck();
    await manager.at('columns-done').click();
    await refused;
    await manager.page.reload();
    await rows(manager).first().waitFor();
    assert.equal((await heads(manager)).some((text) => text.trim() === '单位'), false);
    await manager.page.unroute('**/api/profile/preferences/**', refusing);
    const kept = manager.page.waitForResponse((answer) => answer.url().includes('/preferences/list.materials') && answer.ok());
    await manager.page.reload();
    await kept;
    calm(manager, /409/);
});

test('a view keeps filters, order and columns, goes by its role to others, and its link shows the same', async () => {
    const manager = await site.person('manager');
    await manager.go('/materials?category=metal&sort=material_code&page=2');
    await rows(manager).first().waitFor();
    // As he has left them: they come from the server to a device that is new to him.
    await manager.page.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith('mms.preferences.')));
    await manager.at('columns-open').click();
    await manager.at('column-show-unit').uncheck();
    await manager.at('columns-done').click();
    await manager.at('views-open').click();
    await manager.at('view-new').click();
    await manager.at('view-save').click();
    await manager.page.getByText('请填写名称').waitFor();
    await manager.at('view-name').fill('金属按编码');
    await manager.at('view-audience').selectOption('regular_user');
    await accessible(manager);
    await manager.at('view-save').click();
    await manager.at('views-open').getByText('金属按编码').waitFor();
    const { view, ...asked } = query(manager);
    assert.deepEqual(asked, { category: 'metal', sort: 'material_code' });
    const shown = await heads(manager);
    const first = await rows(manager).first().innerText();

    const keeper = await site.person('keeper');
    await keeper.go('/materials');
    await rows(keeper).first().waitFor();
    await keeper.at('views-open').click();
    await keeper.at(`view-row-${view}`).getByText('金属按编码').waitFor();
    assert.equal(await keeper.at(`view-drop-${view}`).count(), 0, 'only its owner changes it');
    await accessible(keeper);
    await picture(keeper, 'lists-views');
    await keeper.at(`view-row-${view}`).getByRole('button').click();
    await keeper.at('views-open').getByText('金属按编码').waitFor();
    await rows(keeper).filter({ hasText: first.split(/\s/)[0] }).first().waitFor();
    assert.deepEqual(await heads(keeper), shown);
    await keeper.at('view-none').waitFor({ state: 'detached' });
    await keeper.at('views-open').click();
    await keeper.at('view-none').click();
    await keeper.at('column-grip-unit').waitFor();
    assert.deepEqual(query(keeper), {});
    await keeper.go(`/materials?view=${view}`);
    await keeper.at('chip-category').waitFor();
    await keeper.at('column-grip-unit').waitFor({ state: 'detached' });

    await manager.at('material-keyword').fill('钛');
    await manager.at('material-search').click();
    await manager.at('view-changed').waitFor();
    await manager.at('views-open').click();
    await manager.at('view-update').click();
    await manager.at('view-changed').waitFor({ state: 'detached' });
    await manager.at(`view-edit-${view}`).click();
    await manager.at('view-name').fill('钛按编码');
    await manager.at('view-audience').selectOption('nobody');
    await manager.at('view-save').click();
    await manager.at(`view-row-${view}`).getByText('钛按编码').waitFor();
    await manager.at(`view-row-${view}`).getByText('只给自己').waitFor();
    await manager.at(`view-drop-${view}`).click();
    await manager.at('view-restore').click();
    await manager.page.locator('[data-testid^="view-row-"]', { hasText: '钛按编码' }).waitFor();
    await manager.at('views-close').click();
    await manager.at('chip-keyword').getByText('钛').waitFor();

    await keeper.page.reload();
    await rows(keeper).first().waitFor();
    await keeper.at('views-open').click();
    await keeper.page.getByText('没有人共享视图').waitFor();
    calm(manager);
    calm(keeper);
});

test('what is selected stays from page to page; a change of many is looked at, made and taken back', async () => {
    const manager = await site.person('manager');
    const { list: [stocked] } = await site.api('admin', 'GET', '/materials?sort=-current_stock&pageSize=1');
    await manager.go('/materials?keyword=BULK-');
    await until(manager, '共 30 条');
    await manager.at('select-all').check();
    await manager.at('bulk-bar').getByText('已选 20 种').waitFor();
    await manager.at('page-next').click();
    await manager.page.getByText('BULK-09').waitFor();
    assert.equal(await manager.at('select-all').isChecked(), false, 'another page');
    await rows(manager).first().getByRole('checkbox').check();
    await manager.at('bulk-bar').getByText('已选 21 种').waitFor();
    await manager.at('page-previous').click();
    await manager.page.getByText('BULK-29').waitFor();
    assert.equal(await manager.at('select-all').isChecked(), true);
    await picture(manager, 'lists-selected');

    await manager.at('bulk-set_location').click();
    await manager.at('bulk-value').fill('Z-09');
    await manager.page.keyboard.press('Enter');
    await manager.at('bulk-preview').getByText('21 种会改变').waitFor();
    await accessible(manager);
    await manager.at('bulk-go').click();
    await manager.at('toast-good').getByText('已完成 21 种').waitFor();
    await manager.at('bulk-bar').waitFor({ state: 'detached' });
    const placed = async () => (await site.api('admin', 'GET', '/materials?keyword=BULK-&pageSize=50')).list.filter(({ location }) => location === 'Z-09').length;
    assert.equal(await placed(), 21);
    await manager.at('toast-act').click();
    await manager.at('toast-good').getByText('21 种恢复原样').waitFor();
    assert.equal(await placed(), 0);

    await manager.go(`/materials?status=all&keyword=${encodeURIComponent('BULK-')}`);
    await rows(manager).first().waitFor();
    await manager.at('select-all').check();
    await manager.at('bulk-every').click();
    await manager.at('bulk-bar').getByText('已选全部 30 种结果').waitFor();
    await manager.at('bulk-retire').click();
    await manager.at('bulk-preview').getByText('30 种会改变').waitFor();
    await manager.at('bulk-cancel').click();
    await manager.at('material-keyword').fill(stocked.material_code);
    await manager.at('material-search').click();
    await manager.at('bulk-bar').waitFor({ state: 'detached' });
    await manager.at(`select-${stocked.id}`).check();
    await manager.at('bulk-retire').click();
    await manager.at('bulk-refused').getByText('物料仍有库存').waitFor();
    assert.equal(await manager.at('bulk-go').isDisabled(), true);
    await picture(manager, 'lists-bulk-refused');
    await accessible(manager);
    await manager.page.keyboard.press('Escape');
    await manager.at('bulk-dialog').waitFor({ state: 'detached' });
    calm(manager);
});

test('keys alone: searched, walked over the pages, opened, edited, selected, made', async () => {
    const manager = await site.person('manager'), { page } = manager;
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? '');
    const at = async (code) => page.locator('tr.cursor', { hasText: code }).waitFor();
    await manager.go('/materials?sort=material_code');
    await rows(manager).first().waitFor();
    await press('?');
    await manager.at('keys-sheet').getByText('选择，或取消选择').waitFor();
    await accessible(manager);
    await picture(manager, 'lists-keys');
    await press('Escape');
    await manager.at('keys-sheet').waitFor({ state: 'detached' });

    await press('/');
    await page.keyboard.type('jkenx');
    assert.equal(await manager.at('material-keyword').inputValue(), 'jkenx', 'typing is typing');
    await manager.at('material-keyword').fill('BULK-');
    await press('Enter', 'Escape');
    await until(manager, '共 30 条');
    await page.getByText('BULK-00').waitFor();
    await press('j', 'ArrowDown', 'j', 'k');
    await at('BULK-01');
    assert.match(await focused(), /^material-row-/);
    await press('x');
    await manager.at('bulk-bar').getByText('已选 1 种').waitFor();
    await press('x');
    await manager.at('bulk-bar').waitFor({ state: 'detached' });
    await press('Enter');
    await manager.at('material-drawer').waitFor();
    await press('Escape');
    await manager.at('material-drawer').waitFor({ state: 'detached' });
    await press('e');
    await manager.at('material-form').waitFor();
    assert.equal(await manager.at('material-form-materialCode').inputValue(), 'BULK-01');
    await press('Escape');
    await manager.at('material-form').waitFor({ state: 'detached' });
    for (let i = 1; i < 20; i++) await press('j');
    await at('BULK-20');
    assert.equal(query(manager).page, '2');
    await press('k');
    await at('BULK-19');
    await press('n');
    await manager.at('material-form').waitFor();
    assert.equal(await manager.at('material-form-materialCode').inputValue(), '');
    calm(manager);
});

test('a page of two hundred draws what is in sight, and all of it is there', async () => {
    const manager = await site.person('manager'), { page } = manager;
    await manager.go('/materials?sort=material_code');
    await rows(manager).first().waitFor();
    await manager.at('page-size').selectOption('200');
    await page.waitForURL(/pageSize=200/);
    const { list } = await site.api('manager', 'GET', '/materials?sort=material_code&pageSize=200');
    assert.equal(list.length, 200);
    const row = (i) => manager.at(`material-row-${list[i].id}`);
    await row(24).waitFor();
    assert.ok(await rows(manager).count() < 80, `${await rows(manager).count()} rows drawn`);
    assert.equal(await page.getByRole('table').getAttribute('aria-rowcount'), '201');
    const height = () => page.locator('.list').evaluate((list) => list.scrollHeight);
    const before = await height();
    for (const part of [0.25, 0.5, 1]) {
        await page.locator('.list').evaluate((list, to) => list.scrollTo(0, to * list.scrollHeight), part);
        await row(Math.min(199, 200 * part + 8)).waitFor();
    }
    assert.equal(await height(), before, 'nothing jumps');
    assert.equal(await row(199).getAttribute('aria-rowindex'), '201');
    await manager.at('select-all').check();
    await manager.at('bulk-bar').getByText('已选 200 种').waitFor();
    await page.keyboard.press('j');
    await row(0).waitFor();
    assert.equal(await row(0).evaluate((found) => found === document.activeElement), true);
    await accessible(manager);
    calm(manager);
});

test('documents of some days, of one purpose, of one person', async () => {
    const manager = await site.person('manager');
    await manager.go('/documents');
    await rows(manager, 'document-row').first().waitFor();
    const { list: [newest] } = await site.api('manager', 'GET', '/inventory?status=approved&pageSize=1');
    const { list: before } = await site.api('manager', 'GET', '/inventory?sort=created_at&pageSize=1');
    const day = before[0].created_at.slice(0, 10);
    await manager.at('filters-fold').click();
    await manager.at('document-to').fill(day);
    await manager.at('document-to').blur();
    await manager.at('chip-endDate').getByText(day).waitFor();
    const count = async (asked) => (await site.api('manager', 'GET', `/inventory/sums?${new URLSearchParams(asked)}`)).count;
    await until(manager, `共 ${await count({ endDate: day })} 条`);
    await manager.at('chips-clear').click();
    await manager.at('document-person').fill(newest.approver_name);
    await manager.at('document-search').click();
    await manager.at('chip-person').waitFor();
    await until(manager, `共 ${await count({ person: newest.approver_name })} 条`);
    await manager.go(`/documents?purpose=${newest.purpose}`);
    await manager.at('chip-purpose').waitFor();
    await until(manager, `共 ${await count({ purpose: newest.purpose })} 条`);
    await picture(manager, 'lists-documents');
    await accessible(manager);
    calm(manager);
});

test('the log: by action and person; its statistics lead to the entries', async () => {
    const admin = await site.person('admin');
    await admin.go('/logs');
    await rows(admin, 'log-row').first().waitFor();
    await admin.at('log-user').click();
    await admin.page.keyboard.type('keeper');
    await admin.page.getByRole('option', { name: /keeper/ }).click();
    await admin.at('chip-userId').waitFor();
    const { userId } = query(admin);
    const session = await site.login('admin');
    const count = async (asked) => (await site.api(session, 'GET', `/operation-logs?${new URLSearchParams(asked)}`)).total;
    await admin.go(`/logs?userId=${userId}&action=login`);
    await until(admin, `共 ${await count({ userId, action: 'login' })} 条`);
    await admin.at('chip-action').getByText('登录').waitFor();
    await admin.at('log-user').getByText('keeper').waitFor();
    await rows(admin, 'log-row').first().click();
    await admin.at('log-entry').waitFor();
    await accessible(admin);
    await admin.page.keyboard.press('Escape');
    await admin.at('log-entry').waitFor({ state: 'detached' });

    await admin.at('log-statistics').click();
    const day = admin.at('statistics-days').getByRole('row').nth(1);
    await day.waitFor();
    await admin.at('statistics-users').getByRole('link', { name: '系统管理员' }).waitFor();
    await accessible(admin);
    await picture(admin, 'lists-statistics');
    const name = await day.getByRole('rowheader').innerText();
    await day.getByRole('link').click();
    await admin.at('chip-startDate').getByText(name).waitFor();
    await until(admin, `共 ${await count({ startDate: name, endDate: name })} 条`);
    calm(admin);
});

test('on the phone, in both themes: folded, in cards, no sideways scroll', async () => {
    for (const colorScheme of ['light', 'dark']) {
        const phone = await site.person('admin', { ...PHONE, colorScheme });
        for (const [where, row] of [['materials?status=all&keyword=BULK-', 'material-row'], ['documents?status=approved', 'document-row'], ['users', 'user-row'], ['logs?module=materials', 'log-row'], ['logs/statistics', 'statistics'], ['reports/stock', 'stock-row'], ['counting', '']]) {
            await phone.go(`/${where}`);
            await (row ? rows(phone, row).first() : phone.at('views-open')).waitFor();
            if (row !== 'statistics') await phone.at('views-open').waitFor();
            await noSidewaysScroll(phone);
            await accessible(phone);
            await picture(phone, `phone-${colorScheme}-${row || where}`);
        }
        await phone.go('/materials?keyword=BULK-');
        await rows(phone).first().getByText('BULK-29').waitFor();
        await phone.at('list-order').selectOption('material_code');
        await rows(phone).first().getByText('BULK-00').waitFor();
        assert.equal(query(phone).sort, 'material_code');
        await rows(phone).first().getByRole('checkbox').check();
        await phone.at('bulk-bar').waitFor();
        await phone.at('bulk-retire').click();
        await phone.at('bulk-preview').waitFor();
        await noSidewaysScroll(phone);
        await accessible(phone);
        await picture(phone, `phone-${colorScheme}-bulk`);
        await phone.at('bulk-cancel').click();
        await phone.at('views-open').click();
        await accessible(phone);
        calm(phone);
    }
});

test('in the dark at the desk, and in English', async () => {
    const keeper = await site.person('keeper', { ...DESK, colorScheme: 'dark' });
    await keeper.page.addInitScript(() => localStorage.setItem('mms.language', 'en'));
    await keeper.go('/materials?category=metal');
    await keeper.at('chip-category').waitFor();
    await keeper.at('columns-open').click();
    await keeper.at('columns-dialog').waitFor();
    await accessible(keeper);
    await keeper.at('columns-done').click();
    await keeper.page.keyboard.press('j');
    await accessible(keeper);
    await picture(keeper, 'lists-dark');
    calm(keeper);
});
