/** Counting: a task at the desk, on a phone without a network, a recount, and the differences in the stock. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site, materials;
before(async () => {
    site = await Site.open();
    ({ list: materials } = await site.api('admin', 'GET', '/materials?pageSize=3&sort=material_code&category=chemical'));
});
after(() => site?.close());

const stockOf = async (id) => (await site.api('admin', 'GET', `/materials/${id}`)).current_stock;
const taskOf = (id) => site.api('admin', 'GET', `/stocktaking/${id}`);

/** A blind task of the three materials, being counted. */
async function task(name) {
    const { id } = await site.api('manager', 'POST', '/stocktaking', { taskName: name, scope: 'selection', materialIds: materials.map(({ id: one }) => one), isBlind: true });
    await site.api('manager', 'PUT', `/stocktaking/${id}/start`, {});
    return id;
}

async function typed(who, digits) {
    for (const digit of digits) await who.at(`key-${digit}`).click();
    await who.at('count-keep').click();
}

test('at the desk: made, begun, counted by keyboard, reviewed, posted', async () => {
    const manager = await site.person('manager');
    await manager.go('/counting');
    await manager.at('count-new').click();
    await manager.at('count-form-taskName').fill('台账盘点');
    await manager.at('count-form-scope').selectOption('selection');
    for (const { material_code: code } of materials) {
        await manager.at('count-form-material').fill(code);
        await manager.page.locator('[data-testid^="material-option-"]', { hasText: code }).first().click();
    }
    await manager.at('count-form-reasonPercent').fill('5,5');
    await accessible(manager);
    await manager.at('count-save').click();
    await manager.at('count-form').getByTestId('field-fault').waitFor();
    await manager.at('count-form-reasonPercent').fill('3');
    await manager.at('count-form-reasonValue').fill('200.50');
    await manager.at('count-save').click();
    await manager.at('count-start').click();
    await manager.at('count-go').waitFor();
    const id = Number(/counting\/(\d+)/.exec(manager.page.url())[1]);
    const { items, reason_percent: percent, reason_value: value } = await taskOf(id);
    assert.deepEqual([percent, value], [3, 200.5]);
    const before = await Promise.all(items.map(({ material_id: one }) => stockOf(one)));
    await manager.at(`count-actual-${items[0].id}`).focus();
    for (let i = 0; i < items.length; i++) {
        await manager.page.keyboard.type(String(i + 1));
        await manager.page.keyboard.press('Enter');
    }
    await manager.at('count-progress').getByText('3 / 3').waitFor();
    await accessible(manager);
    await manager.at('count-review').click();
    await manager.at('count-sums').waitFor();
    for (const [i, { id: item }] of items.entries()) {
        await manager.at(`count-reason-${item}`).click();
        await manager.at('question-reason').fill('称量误差'.repeat(i ? 1 : 30));
        await manager.at('question-yes').click();
        await manager.at(`count-reason-${item}`).getByText('称量误差').waitFor();
    }
    // A long reason leaves room for what is beside it.
    const recount = manager.at(`count-recount-${items[0].id}`);
    const [right, edge] = await recount.evaluate((button) => [button.getBoundingClientRect().right, button.closest('td').getBoundingClientRect().right]);
    assert.ok(right <= edge, `the recount ends at ${right}, its cell at ${edge}`);
    for (const kind of ['blind', 'book', 'differences']) assert.match(await manager.at(`count-print-${kind}`).getAttribute('href'), new RegExp(`/print/count/${id}\\?kind=${kind}`));
    await picture(manager, 'counting-review');
    await accessible(manager);
    await manager.at('count-complete').first().click();
    await manager.at('question-yes').click();
    await manager.page.getByText('已完成').first().waitFor();
    for (const [i, item] of items.entries()) {
        assert.notEqual(before[i], i + 1);
        assert.equal(Number(await stockOf(item.material_id)), i + 1);
    }
    calm(manager, /status of 400/);
});

test('on a phone without a network: kept when the page is closed, sent once when it is back', async () => {
    const id = await task('冷库盘点');
    const admin = await site.person('admin', PHONE);
    await admin.go(`/counting/${id}/count`);
    await admin.at('count-now').waitFor();
    await noSidewaysScroll(admin);
    await accessible(admin);
    await picture(admin, 'counting-phone');
    await admin.context.setOffline(true);
    await typed(admin, '12');
    await typed(admin, ['3', '.', '5']);
    await admin.page.locator('[data-testid="count-waiting"][data-waiting="2"]').waitFor();
    await picture(admin, 'counting-phone-offline');
    assert.equal((await taskOf(id)).completed_count, 0, 'nothing has got through');
    await admin.page.close();
    await admin.context.setOffline(false);

    const again = await admin.context.newPage();
    await again.goto(`${site.base}/counting/${id}/count`);
    await again.locator('[data-testid="count-waiting"][data-waiting="0"]').waitFor();
    const { items } = await taskOf(id);
    assert.deepEqual(items.map(({ actual_stock: one }) => one).sort(), [12, 3.5, null].sort());
    for (const { id: item, actual_stock: actual } of items.filter(({ actual_stock: one }) => one !== null)) {
        const entries = await site.api('admin', 'GET', `/stocktaking/${id}/items/${item}/entries`);
        assert.deepEqual(entries.map(({ actual_stock: one }) => one), [actual], 'counted once');
    }
});

test('what somebody else has counted meanwhile is not overwritten, and said', async () => {
    const id = await task('两人同盘');
    const admin = await site.person('admin', PHONE);
    await admin.go(`/counting/${id}/count`);
    await admin.at('count-now').waitFor();
    await admin.context.setOffline(true);
    await typed(admin, '7');
    const { items: [first] } = await taskOf(id);
    await site.api('manager', 'PUT', `/stocktaking/${id}/items/${first.id}`, { actualStock: 8, version: first.version });
    await admin.context.setOffline(false);
    await admin.at('count-refused').waitFor();
    assert.equal((await taskOf(id)).items[0].actual_stock, 8);
    await accessible(admin);
    calm(admin, /ERR_INTERNET_DISCONNECTED/, /409/);
});
