/** Counting on the spot: place by place, what is found, what is taken back, two who count, and a network that goes in the middle. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

const AWAY = /ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_CONNECTION|Failed to fetch/;
let site, chemicals, shelves;
before(async () => {
    site = await Site.open();
    ({ list: chemicals } = await site.api('admin', 'GET', '/materials?pageSize=200&sort=material_code&category=chemical'));
    chemicals = chemicals.filter(({ status, unit_decimals: decimals }) => status === 'active' && decimals >= 2).slice(0, 6);
    shelves = [];
    for (const [code, nameZh] of [['A-01', '一号架'], ['A-02', '二号架'], ['B-09', '防爆柜']]) shelves.push(await site.api('manager', 'POST', '/locations', { code, nameZh }));
    const [one, two] = shelves;
    const lines = [[0, one], [1, one], [2, two]].map(([i, { id }]) => ({ materialId: chemicals[i].id, quantity: 20 + i, locationId: id }));
    const { id } = await site.api('keeper', 'POST', '/inventory', { transactionType: 'in', lines });
    await site.api('manager', 'PUT', `/inventory/${id}/approve`, { action: 'approve' });
});
after(() => site?.close());

const taskOf = (id) => site.api('admin', 'GET', `/stocktaking/${id}`);
const entriesOf = (id, item) => site.api('admin', 'GET', `/stocktaking/${id}/items/${item}/entries`);

/** A blind task by place of the first three chemicals, which also lie in the main store; `only`: no more than these places. */
async function task(taskName, materials = chemicals.slice(0, 3)) {
    const { id } = await site.api('manager', 'POST', '/stocktaking', { taskName, scope: 'selection', materialIds: materials.map(({ id: one }) => one), isBlind: true, byPlace: true });
    await site.api('manager', 'PUT', `/stocktaking/${id}/start`, {});
    return id;
}

async function counter(id, { name = 'manager', screen = PHONE, place = '' } = {}) {
    const who = await site.person(name, screen);
    await who.go(`/counting/${id}/count`);
    await who.at('count-places').waitFor();
    if (place) await who.at(`place-${place}`).click();
    return who;
}
const scan = (who, code) => who.page.evaluate((text) => {
    for (const key of [...text, 'Enter']) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}, code);
const waiting = (who, n) => who.page.locator(`[data-testid="count-waiting"][data-waiting="${n}"]`).waitFor();
const shows = (who, name) => who.at('count-now').getByText(name, { exact: true }).waitFor();
const progress = (who, text) => who.at('place-progress').getByText(text, { exact: true }).waitFor();

async function typed(who, digits) {
    for (const digit of digits) await who.at(`key-${digit}`).click();
    await who.at('count-keep').click();
}

test('one place at a time: scanned or chosen, next by itself, the finished one offers the next; without a network as well', async () => {
    const [a, b, c] = chemicals;
    const id = await task('按库位盘点');
    const manager = await counter(id);
    await accessible(manager);
    await noSidewaysScroll(manager);
    await picture(manager, 'count-places');
    await scan(manager, 'a-01');
    await progress(manager, '0 / 2');
    await shows(manager, a.material_name);
    await manager.page.evaluate(() => navigator.serviceWorker.ready);
    await noSidewaysScroll(manager);
    await accessible(manager);
    await picture(manager, 'count-place');
    await typed(manager, '20');
    await progress(manager, '1 / 2');
    await shows(manager, b.material_name);
    await waiting(manager, 0); // the first has arrived; else it would be the third that waits
    await manager.context.setOffline(true);
    await typed(manager, '21');
    await manager.at('count-all-done').waitFor();
    await progress(manager, '2 / 2');
    await accessible(manager);
    await picture(manager, 'count-place-done');
    await manager.at('place-next').click();
    await progress(manager, '0 / 1');
    await shows(manager, c.material_name);
    await manager.page.close();

    const again = { context: manager.context, page: await manager.context.newPage() };
    again.at = (hook) => again.page.getByTestId(hook);
    await again.page.goto(`${site.base}/counting/${id}/count`);
    await again.at('place-A-01').getByText('2 / 2').waitFor();
    await again.at('place-find').fill('二号架');
    await again.at('place-find').press('Enter');
    await typed(again, '22');
    await waiting(again, 2);
    await manager.context.setOffline(false);
    await waiting(again, 0);
    const { items } = await taskOf(id);
    assert.deepEqual(items.filter(({ actual_stock: one }) => one !== null).map((item) => [item.location_code, item.material_id, item.actual_stock]), [['A-01', a.id, 20], ['A-01', b.id, 21], ['A-02', c.id, 22]]);
    calm(manager, AWAY);
});

test('made by place at the desk, with the place of each line; on the sheet, too', async () => {
    const [a] = chemicals;
    const manager = await site.person('manager', DESK);
    await manager.go('/counting');
    await manager.at('count-new').click();
    await manager.at('count-form-taskName').fill('台前按库位');
    await manager.at('count-form-scope').selectOption('location');
    assert.equal(await manager.at('count-form-byPlace').count(), 0, 'one place has one list');
    await manager.at('count-form-scope').selectOption('selection');
    assert.ok(await manager.at('count-form-byPlace').locator('input').isChecked());
    await manager.at('count-form-material').fill(a.material_code);
    await manager.page.locator('[data-testid^="material-option-"]', { hasText: a.material_code }).first().click();
    await accessible(manager);
    await manager.at('count-save').click();
    await manager.at('count-start').click();
    await manager.at('count-go').waitFor();
    const id = Number(/counting\/(\d+)/.exec(manager.page.url())[1]);
    const { items, by_place: byPlace } = await taskOf(id);
    assert.equal(byPlace, 1);
    assert.deepEqual(items.map((item) => item.location_code), ['A-01', 'MAIN']);
    for (const item of items) await manager.at(`count-item-${item.id}`).getByText(item.location_code).waitFor();
    await accessible(manager);
    await picture(manager, 'count-desk-places');
    await manager.go(`/print/count/${id}?kind=blind`);
    await manager.at('print-sheet').first().getByText('A-01').waitFor();
    await picture(manager, 'count-print-places');
    calm(manager);
});

test('where the ledger has one place, by what the materials say of where they are kept; a unit without decimals has no point', async () => {
    const { list } = await site.api('admin', 'GET', '/materials?pageSize=200&sort=material_code&category=metal');
    const pieces = list.filter(({ status, unit_decimals: decimals }) => status === 'active' && decimals === 0).slice(0, 3);
    for (const [i, one] of pieces.entries()) await site.api('manager', 'PUT', `/materials/${one.id}`, { location: i < 2 ? '金属架 3 层' : '金属架 12 层' });
    const { id } = await site.api('manager', 'POST', '/stocktaking', { taskName: '金属架盘点', scope: 'selection', materialIds: pieces.map((one) => one.id), isBlind: true });
    await site.api('manager', 'PUT', `/stocktaking/${id}/start`, {});
    const manager = await counter(id);
    assert.deepEqual(await manager.page.locator('[data-testid^="place-金属架"] b').allTextContents(), ['金属架 3 层', '金属架 12 层'], 'as one walks');
    await manager.at('place-金属架 3 层').click();
    await progress(manager, '0 / 2');
    assert.ok(await manager.at('key-.').isDisabled());
    await scan(manager, pieces[2].material_code);
    await progress(manager, '0 / 1');
    await shows(manager, pieces[2].material_name);
    await typed(manager, '4');
    await manager.at('place-next').click();
    await progress(manager, '0 / 2');
    await manager.at('count-none').click();
    await progress(manager, '1 / 2');
    await typed(manager, '6');
    await manager.at('place-next').waitFor({ state: 'detached' });
    await manager.at('count-all-done').getByText('全部盘完了').waitFor();
    await waiting(manager, 0);
    assert.deepEqual((await taskOf(id)).items.map(({ actual_stock: one }) => one).sort(), [0, 4, 6]);
    calm(manager);
});

test('the last count is taken back: before it was sent it is gone, after that both stay in the history', async () => {
    const [a] = chemicals;
    const id = await task('撤销盘点');
    const manager = await counter(id, { place: 'A-01' });
    await manager.context.setOffline(true);
    await typed(manager, '7');
    await waiting(manager, 1);
    await manager.at('count-undo').click();
    await waiting(manager, 0);
    await shows(manager, a.material_name);
    await manager.context.setOffline(false);
    await typed(manager, '8');
    await waiting(manager, 0);
    await progress(manager, '1 / 2');
    await picture(manager, 'count-undo');
    await manager.at('count-undo').click();
    await progress(manager, '0 / 2');
    await waiting(manager, 0);
    const line = async () => (await taskOf(id)).items.find((item) => item.location_code === 'A-01' && item.material_id === a.id);
    assert.equal((await line()).actual_stock, null);
    await shows(manager, a.material_name);
    await typed(manager, '9');
    await waiting(manager, 0);
    await progress(manager, '1 / 2');
    const entries = await entriesOf(id, (await line()).id);
    assert.deepEqual(entries.map((entry) => [entry.actual_stock, entry.withdrawn_at !== null]), [[8, true], [9, false]]);
    calm(manager, AWAY);
});

test('found and not on the list: scanned, recorded there, seen by who reviews; without a network from what is kept', async () => {
    const [, , elsewhere, stranger, other] = chemicals;
    const id = await task('清单外盘点');
    const manager = await counter(id, { place: 'A-01' });
    await manager.page.waitForFunction(() => new Promise((resolve) => {
        const asked = indexedDB.open('mms-catalogue');
        asked.onsuccess = () => {
            const has = asked.result.objectStoreNames.contains('catalogue');
            if (!has) return resolve(false);
            const count = asked.result.transaction('catalogue').objectStore('catalogue').count();
            count.onsuccess = () => resolve(count.result > 0);
        };
    }));
    await scan(manager, stranger.material_code);
    await manager.at('count-stranger').waitFor();
    await accessible(manager);
    await picture(manager, 'count-stranger');
    await manager.at('stranger-found').click();
    await manager.at('found-dialog').getByText(stranger.material_name).waitFor();
    await accessible(manager);
    await picture(manager, 'count-found');
    const dialog = manager.at('found-dialog');
    for (const key of ['3', '.', '5']) await dialog.getByTestId(`key-${key}`).click();
    await manager.at('found-remark').fill('批号 L-7');
    await dialog.getByTestId('count-keep').click();
    await dialog.waitFor({ state: 'detached' });
    await waiting(manager, 0);
    await progress(manager, '1 / 3');
    await scan(manager, elsewhere.material_code);
    await manager.at('stranger-go').waitFor();
    await manager.at('stranger-found').click();
    await dialog.getByTestId('key-1').click();
    await dialog.getByTestId('count-keep').click();
    await waiting(manager, 0);

    await manager.context.setOffline(true);
    await manager.at('count-found').click();
    await manager.at('found-find').fill(other.material_code);
    await manager.at(`found-option-${other.id}`).click();
    await dialog.getByTestId('key-2').click();
    await dialog.getByTestId('count-keep').click();
    await progress(manager, '3 / 5');
    await manager.at('count-undo').click();
    await progress(manager, '2 / 4');
    await manager.at('count-found').click();
    await manager.at('found-find').fill(other.material_code);
    await manager.at(`found-option-${other.id}`).click();
    await dialog.getByTestId('key-4').click();
    await dialog.getByTestId('count-keep').click();
    await progress(manager, '3 / 5');
    await manager.context.setOffline(false);
    await waiting(manager, 0);
    const { items } = await taskOf(id);
    const found = items.filter((item) => item.is_found);
    assert.deepEqual(found.map((item) => [item.location_code, item.material_id, item.actual_stock, item.remark, item.book_stock]).sort((x, y) => x[1] - y[1]),
        [[elsewhere.id, 1, null], [stranger.id, 3.5, '批号 L-7'], [other.id, 4, null]].sort((x, y) => x[0] - y[0]).map(([material, n, remark]) => ['A-01', material, n, remark, null]));

    for (const item of items.filter(({ actual_stock: one }) => one === null)) await site.api('manager', 'PUT', `/stocktaking/${id}/items/${item.id}`, { actualStock: 1 });
    await site.api('manager', 'PUT', `/stocktaking/${id}/review`, {});
    const admin = await site.person('admin', DESK);
    await admin.go(`/counting/${id}`);
    await admin.at('count-only-found').check();
    const row = admin.at(`count-item-${found.find((item) => item.material_id === stranger.id).id}`);
    await row.getByText('清单外').waitFor();
    await row.getByText('+3.5').waitFor();
    assert.equal(await admin.page.locator('[data-testid^="count-item-"]').count(), 3);
    await accessible(admin);
    await picture(admin, 'count-found-desk');
    await admin.at(`count-history-${found[0].id}`).click();
    await admin.at('count-entry').first().waitFor();
    await accessible(admin);
    await admin.go(`/print/count/${id}?kind=differences`);
    await admin.at('print-sheet').first().getByText('清单外').first().waitFor();
    await picture(admin, 'count-print-differences');
    calm(admin);
    calm(manager, AWAY);
});

test('the keys hold to the unit, full-width digits are taken, what is far off is asked about; sounds can be silenced', async () => {
    const id = await task('键盘盘点');
    const manager = await site.person('manager', { ...PHONE, colorScheme: 'dark' });
    await manager.context.addInitScript(() => {
        window.heard = [];
        const make = AudioContext.prototype.createOscillator;
        AudioContext.prototype.createOscillator = function () {
            const tone = make.call(this), start = tone.start;
            tone.start = function (...when) {
                window.heard.push(tone.frequency.value);
                return start.apply(this, when);
            };
            return tone;
        };
    });
    await manager.go(`/counting/${id}/count`);
    await manager.at('place-A-01').click();
    const shown = manager.at('count-shown');
    await shown.focus();
    await shown.fill('１２．５');
    assert.equal(await shown.inputValue(), '12.5');
    await shown.fill('1,2.3');
    assert.equal(await shown.inputValue(), '12.5');
    await manager.at('count-fault').getByText('逗号').waitFor();
    const sizes = await manager.page.locator('[data-testid^="key-"], [data-testid="count-keep"], [data-testid="count-none"]').evaluateAll((keys) => keys.map((key) => Math.min(key.offsetHeight, key.offsetWidth)));
    assert.ok(Math.min(...sizes) >= 56, String(sizes));
    await manager.at('count-keep').click();
    await progress(manager, '1 / 2');
    await manager.page.waitForFunction(() => window.heard.length >= 2); // the tone comes when the device has it
    assert.deepEqual(await manager.page.evaluate(() => window.heard), [220, 1320], 'a fault is low, a count high');
    await manager.at('count-tab-counted').click();
    await manager.page.locator('[data-testid^="count-line-"]').first().click();
    await typed(manager, '125');
    await manager.at('count-doubt').waitFor();
    await accessible(manager);
    await picture(manager, 'count-doubt');
    await manager.at('doubt-change').click();
    assert.equal(await shown.inputValue(), '125');
    await manager.at('count-keep').click();
    await manager.at('doubt-keep').click();
    await waiting(manager, 0);
    const { items } = await taskOf(id);
    assert.deepEqual(items.filter(({ actual_stock: one }) => one !== null).map(({ actual_stock: one }) => one), [125]);

    await manager.at('count-sound').click();
    await manager.page.reload();
    await shown.waitFor();
    assert.equal(await manager.at('count-sound').getAttribute('aria-pressed'), 'false');
    await scan(manager, 'NOT-IN-TASK-1');
    await manager.at('count-stranger').waitFor();
    assert.deepEqual(await manager.page.evaluate(() => window.heard), []);
    calm(manager);
});

test('two who count: each sees what the other has counted, and contradictions stand side by side', async () => {
    const [a, b] = chemicals;
    const id = await task('两人按库位');
    const manager = await counter(id, { place: 'A-01' });
    const admin = await counter(id, { name: 'admin', place: 'A-01' });
    await admin.at('key-5').click();
    await typed(manager, '20');
    await progress(admin, '1 / 2');
    await admin.at('count-already').waitFor();
    await picture(admin, 'count-already');
    await admin.at('count-keep').click();
    await admin.at('count-refused').waitFor();
    await admin.at('count-mine').getByText('5').first().waitFor();
    await admin.at('count-theirs').getByText('20').first().waitFor();
    await accessible(admin);
    await noSidewaysScroll(admin);
    await picture(admin, 'count-conflict');
    await admin.at('conflict-mine').click();
    await admin.at('count-refused').waitFor({ state: 'detached' });
    await waiting(admin, 0);
    const line = async (material) => (await taskOf(id)).items.find((item) => item.location_code === 'A-01' && item.material_id === material.id);
    const first = await line(a);
    assert.equal(first.actual_stock, 5);
    assert.deepEqual((await entriesOf(id, first.id)).map(({ actual_stock: one }) => one), [20, 5]);

    await admin.context.setOffline(true);
    await shows(admin, b.material_name);
    await typed(admin, '6');
    await typed(manager, '7');
    await progress(manager, '2 / 2');
    await waiting(manager, 0);
    await admin.context.setOffline(false);
    await admin.at('conflict-theirs').click();
    await waiting(admin, 0);
    await admin.at('count-tab-counted').click();
    await admin.at(`count-line-${(await line(b)).id}`).getByText('7').waitFor();
    assert.equal((await line(b)).actual_stock, 7);
    calm(admin, AWAY, /409/);
    calm(manager);
});

test('the network goes while a count is being sent, the page is closed: the count has arrived once', async () => {
    const [a] = chemicals;
    const id = await task('中途断网');
    const manager = await counter(id, { place: 'A-01' });
    let arrived = 0;
    await manager.page.route(/stocktaking\/\d+\/items\/\d+$/, async (route) => {
        arrived += 1;
        await route.fetch(); // the server has it
        await manager.context.setOffline(true);
        await route.abort(); // and its answer is lost
    });
    await typed(manager, '20');
    await waiting(manager, 1);
    await manager.page.waitForFunction(() => !navigator.onLine);
    assert.equal(arrived, 1);
    await manager.page.close();
    const line = async () => (await taskOf(id)).items.find((item) => item.location_code === 'A-01' && item.material_id === a.id);
    assert.equal((await line()).actual_stock, 20);
    await site.api('admin', 'PUT', `/stocktaking/${id}/items/${(await line()).id}`, { actualStock: 21 });

    await manager.context.setOffline(false);
    const page = await manager.context.newPage();
    await page.goto(`${site.base}/counting/${id}/count`);
    await waiting({ page }, 0);
    assert.equal(await page.getByTestId('count-refused').count(), 0);
    assert.deepEqual((await entriesOf(id, (await line()).id)).map(({ actual_stock: one }) => one), [20, 21], 'not counted once more over what came after it');
});
