/**
 * Late answers: nothing that is typed or set off meanwhile is lost, nothing is done twice, and no old answer covers a newer one.
 * An answer is held back until the journey lets it go; the service has done its work by then.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { calm, chooseMaterial, PHONE, Site } from './steps.mjs';

let site, last = 0;
before(async () => {
    site = await Site.open();
    const { list } = await site.api('admin', 'GET', '/inventory/pending?pageSize=200');
    if (list.length) await site.api('admin', 'POST', '/inventory/decide', { ids: list.map(({ id }) => id), action: 'reject', remark: '清理' });
});
after(() => site?.close());

const material = (more = {}) => site.api('admin', 'POST', '/materials', { materialCode: `RACE-${++last}`, materialName: `竞争 ${last}`, category: 'chemical', unit: 'kg', ...more });
const hand = (who, transactionType, ...lines) => site.api(who, 'POST', '/inventory', { transactionType, lines });
const statusOf = async ({ id }) => (await site.api('admin', 'GET', `/inventory/${id}`)).status;

/** Holds back the answers to these calls; `come()` waits for the first of them to be asked, `release()` lets all of them go. */
async function held(who, pattern, method = 'GET') {
    let release, asked = false;
    const gate = new Promise((go) => (release = go));
    await who.page.route(pattern, async (route) => {
        if (route.request().method() !== method) return route.fallback();
        const response = await route.fetch();
        asked = true;
        await gate;
        // Whoever asked may have gone.
        await route.fulfill({ response }).catch(() => undefined);
    });
    return { come: () => until(() => asked, `${method} ${pattern}`), release };
}

async function until(holds, what) {
    for (let i = 0; !(await holds()); i += 1) {
        assert.ok(i < 200, what);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
/** Cannot be changed at the moment. */
const locked = (who, hook) => who.page.locator(`[inert] [data-testid="${hook}"]`).waitFor({ state: 'attached' });
const open = (who, hook) => who.page.locator(`[inert] [data-testid="${hook}"]`).waitFor({ state: 'detached' });
/** What has arrived shows. */
const painted = (who) => who.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)))));
const focused = (who) => who.page.evaluate(() => document.activeElement?.dataset.testid);
const pasteRows = (who, text) => who.page.evaluate((rows) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', rows);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}, text);
/** As a scanner does: faster than hands. */
async function scan(who, code) {
    await who.page.evaluate((text) => {
        for (const key of [...text, 'Enter']) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }, code);
}

test('what is typed before the first answer, and while one’s own is kept, stays', async () => {
    const keeper = await site.person('keeper');
    const before = await site.api('keeper', 'GET', '/profile/me');
    const reading = await held(keeper, '**/api/profile/me');
    await keeper.go('/profile');
    await keeper.at('profile-realName').fill('早到的名字');
    assert.ok(await keeper.at('profile-save').isDisabled(), 'what is not known yet is not overwritten');
    reading.release();
    await keeper.page.locator('[data-testid="profile-save"]:enabled').waitFor();
    assert.deepEqual([await keeper.at('profile-realName').inputValue(), await keeper.at('profile-email').inputValue()], ['早到的名字', before.email ?? '']);
    await keeper.page.unroute('**/api/profile/me');
    const keeping = await held(keeper, '**/api/profile/me', 'PUT');
    await keeper.at('profile-save').click();
    await keeping.come();
    await keeper.at('profile-realName').fill('还在改的名字');
    keeping.release();
    await keeper.at('user-menu').getByText('早到的名字').waitFor();
    await keeper.at('toast-good').waitFor();
    await keeper.page.locator('[data-testid="profile-save"]:enabled').waitFor();
    assert.equal(await keeper.at('profile-realName').inputValue(), '还在改的名字');
    calm(keeper);

    const admin = await site.person('admin');
    const settings = await held(admin, '**/api/settings');
    await admin.go('/settings');
    await admin.at('setting-counting.reason_percent').fill('7');
    settings.release();
    await admin.page.waitForFunction(() => document.querySelector('[data-testid="setting-company.timezone"]')?.value);
    assert.equal(await admin.at('setting-counting.reason_percent').inputValue(), '7');
    await admin.at('save-counting.reason_percent').click();
    await admin.at('toast-good').waitFor();
    calm(admin);
});

test('words that are typed and not searched for yet stay when another filter is chosen', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/materials');
    await keeper.at('material-keyword').fill('氢');
    await keeper.at('material-low-stock').click();
    await keeper.page.waitForURL(/lowStock=true/);
    await keeper.at('chip-lowStock').waitFor();
    assert.equal(await keeper.at('material-keyword').inputValue(), '氢');
    await keeper.at('material-search').click();
    await keeper.at('chip-keyword').getByText('氢').waitFor();
    await keeper.go('/documents');
    await keeper.at('document-keyword').fill('IN');
    await keeper.at('document-status').click();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await keeper.page.keyboard.press(key);
    await keeper.at('chip-status').waitFor();
    assert.equal(await keeper.at('document-keyword').inputValue(), 'IN');
    // What is taken away as a chip goes from its field, too.
    await keeper.at('document-search').click();
    await keeper.at('chip-keyword').getByRole('button').click();
    await keeper.at('chip-keyword').waitFor({ state: 'detached' });
    assert.equal(await keeper.at('document-keyword').inputValue(), '');
    calm(keeper);
});

test('rows of the list before are not selected for the one that is on its way', async () => {
    const admin = await site.person('admin');
    await admin.go('/materials?category=chemical');
    await admin.page.locator('[data-testid="select-all"]:enabled').waitFor();
    const reading = await held(admin, /\/api\/materials\?.*category=metal/);
    await admin.page.evaluate(() => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push('/materials?category=metal'));
    await reading.come();
    await admin.page.locator('[data-testid="select-all"]:checked').waitFor({ state: 'detached' });
    assert.equal(await admin.page.locator('tbody input[type="checkbox"]:enabled').count(), 0);
    reading.release();
    await admin.page.locator('tbody input[type="checkbox"]:enabled').first().waitFor();
    await admin.at('select-all').check();
    await admin.at('bulk-bar').waitFor();
    calm(admin);
});

test('counting at the desk: counts, a second count of the same line and a reason, all while the first is on its way', async () => {
    const materials = [await material(), await material()];
    const { id } = await site.api('manager', 'POST', '/stocktaking', { taskName: '慢网盘点', scope: 'selection', materialIds: materials.map((one) => one.id), isBlind: false });
    await site.api('manager', 'PUT', `/stocktaking/${id}/start`, {});
    const { items } = await site.api('manager', 'GET', `/stocktaking/${id}`);
    const manager = await site.person('manager');
    await manager.go(`/counting/${id}`);
    const first = await held(manager, `**/api/stocktaking/${id}/items/${items[0].id}`, 'PUT');
    const cell = (i) => manager.at(`count-actual-${items[i].id}`);
    await cell(0).focus();
    await manager.page.keyboard.type('1');
    await manager.page.keyboard.press('Enter');
    await first.come();
    await manager.page.keyboard.type('2');
    await manager.page.keyboard.press('ArrowUp');
    await manager.page.keyboard.type('7');
    await manager.at(`count-reason-${items[0].id}`).click();
    await manager.at('question-reason').fill('称重误差');
    await manager.at('question-yes').click();
    first.release();
    const now = async () => (await site.api('manager', 'GET', `/stocktaking/${id}`)).items.map(({ actual_stock: counted, reason }) => [counted, reason ?? '']);
    await until(async () => JSON.stringify(await now()) === JSON.stringify([[7, '称重误差'], [2, '']]), 'all of it has arrived');
    await manager.at('count-progress').getByText('2 / 2').waitFor();
    await manager.at(`count-reason-${items[0].id}`).getByText('称重误差').waitFor();
    assert.deepEqual([await cell(0).inputValue(), await cell(1).inputValue()], ['7', '2']);
    assert.equal(await manager.at('error-message').count(), 0);
    // Typed anew while the answer to what was typed before comes.
    await manager.page.unroute(`**/api/stocktaking/${id}/items/${items[0].id}`);
    const reading = await held(manager, `**/api/stocktaking/${id}`);
    await cell(0).fill('8');
    await manager.page.keyboard.press('Enter');
    await reading.come();
    await cell(0).fill('9');
    const answered = manager.page.waitForResponse(`**/api/stocktaking/${id}`);
    reading.release();
    await (await answered).finished();
    await painted(manager);
    assert.equal(await cell(0).inputValue(), '9');
    await manager.page.keyboard.press('Enter');
    await until(async () => (await now())[0][0] === 9, 'and the second');
    calm(manager);
});

test('counting on the phone: what has been counted is not offered again while the task is read anew', async () => {
    const materials = [await material(), await material()];
    const { id } = await site.api('manager', 'POST', '/stocktaking', { taskName: '慢网手机', scope: 'selection', materialIds: materials.map((one) => one.id), isBlind: true });
    await site.api('manager', 'PUT', `/stocktaking/${id}/start`, {});
    const manager = await site.person('manager', PHONE);
    await manager.go(`/counting/${id}/count`);
    await manager.at('count-now').waitFor();
    const reading = await held(manager, `**/api/stocktaking/${id}`);
    for (const digit of ['3', '4']) {
        await manager.at(`key-${digit}`).click();
        await manager.at('count-keep').click();
        const n = digit - 2;
        await until(async () => (await site.api('manager', 'GET', `/stocktaking/${id}`)).completed_count === n, 'it is sent');
        await reading.come();
    }
    await manager.at('count-all-done').waitFor();
    await manager.at('count-tab-left').getByText('0').waitFor();
    await manager.page.locator('[data-testid="count-waiting"][data-waiting="0"]').waitFor();
    await painted(manager);
    await manager.at('count-all-done').waitFor();
    reading.release();
    await manager.at('count-tab-counted').getByText('2').waitFor();
    assert.deepEqual((await site.api('manager', 'GET', `/stocktaking/${id}`)).items.map(({ actual_stock: counted }) => counted), [3, 4]);
    calm(manager);
});

test('the approval desk: who has gone on stays there, a refusal stays with its document, and a second press decides nothing', async () => {
    const acid = await material();
    const approved = async (made) => site.api('admin', 'PUT', `/inventory/${made.id}/approve`, { action: 'approve' });
    await approved(await hand('keeper', 'in', { materialId: acid.id, quantity: 600 }));
    const first = await hand('keeper', 'in', { materialId: acid.id, quantity: 5 });
    const short = await hand('keeper', 'out', { materialId: acid.id, quantity: 500 });
    await approved(await hand('keeper', 'out', { materialId: acid.id, quantity: 400 }));
    const third = await hand('keeper', 'in', { materialId: acid.id, quantity: 7 });
    const fourth = await hand('keeper', 'in', { materialId: acid.id, quantity: 8 });
    const manager = await site.person('manager');
    const shows = ({ transactionCode }) => manager.at('approval-document').getByRole('heading', { name: transactionCode }).waitFor();
    await manager.go(`/approval?id=${short.id}`);
    await shows(short);
    const refusal = await held(manager, `**/api/inventory/${short.id}/approve`, 'PUT');
    await manager.page.keyboard.press('a');
    await refusal.come();
    await manager.page.keyboard.press('j');
    await shows(third);
    refusal.release();
    await manager.at('toast-bad').getByText(short.transactionCode).waitFor();
    assert.equal(await manager.at('approval-document').getByTestId('error-message').count(), 0, 'it is not said of another document');
    await site.api('keeper', 'PUT', `/inventory/${short.id}/cancel`, {});

    await manager.at(`approval-row-${first.id}`).click();
    await shows(first);
    const approval = await held(manager, `**/api/inventory/${first.id}/approve`, 'PUT');
    await manager.page.keyboard.press('a');
    await approval.come();
    await manager.at(`approval-row-${fourth.id}`).click();
    await shows(fourth);
    approval.release();
    await manager.at('toast-good').waitFor();
    await manager.at(`approval-row-${first.id}`).waitFor({ state: 'detached' });
    assert.equal(new URL(manager.page.url()).searchParams.get('id'), String(fourth.id));

    await manager.at(`approval-row-${third.id}`).click();
    await shows(third);
    // The same moment in which the next one comes up, once more: by the button and by the key.
    await manager.page.evaluate((code) => {
        const again = () => {
            const shown = document.querySelector('[data-testid="approval-document"] h2')?.textContent.trim() === code;
            const button = document.querySelector('[data-testid="approval-approve"]');
            if (!shown || !button) return requestAnimationFrame(again);
            button.click();
            document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true }));
            document.body.dataset.pressed = 'twice';
        };
        again();
    }, fourth.transactionCode);
    await manager.at('approval-approve').click();
    await manager.page.locator('body[data-pressed]').waitFor({ state: 'attached' });
    await manager.page.locator('[data-testid="approval-approve"]:enabled').waitFor();
    assert.deepEqual([await statusOf(third), await statusOf(fourth)], ['approved', 'pending']);
    await manager.page.keyboard.press('a');
    await manager.at('list-empty').waitFor();
    assert.equal(await statusOf(fourth), 'approved');
    calm(manager, /400/);
});

test('a document takes with it what was scanned and pasted before, and nothing is written into one that is on its way', async () => {
    const [one, two, three] = [await material(), await material(), await material()];
    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/in');
    await keeper.at('document-purpose').click();
    for (const key of ['ArrowDown', 'Enter']) await keeper.page.keyboard.press(key);
    await keeper.at('line-material-0').click();
    const looking = await held(keeper, '**/api/materials?*keyword=RACE*');
    await pasteRows(keeper, `${one.materialCode}\t5`);
    await pasteRows(keeper, `${two.materialCode}\t6`);
    await keeper.at('document-remark').click();
    await scan(keeper, three.materialCode);
    await keeper.page.keyboard.press('Control+Enter');
    const sending = await held(keeper, '**/api/inventory', 'POST');
    looking.release();
    await sending.come();
    await locked(keeper, 'line-quantity-0');
    await locked(keeper, 'document-remark');
    sending.release();
    await keeper.at('submit-done').waitFor();
    const { list: [{ id }] } = await site.api('keeper', 'GET', '/inventory/mine?pageSize=1&sort=-created_at');
    const made = await site.api('keeper', 'GET', `/inventory/${id}`);
    assert.deepEqual(made.lines.map(({ material_id: material, quantity }) => [material, quantity]), [[one.id, 5], [two.id, 6], [three.id, 1]]);
    assert.deepEqual((await site.api('keeper', 'GET', '/drafts')), [], 'nothing is left behind');

    // Refused: the lines are open again, and the cursor is where it was.
    await keeper.page.unroute('**/api/inventory');
    await keeper.go('/documents/new/out');
    await chooseMaterial(keeper, 0, one.materialCode);
    await keeper.at('line-quantity-0').fill('900');
    await keeper.at('line-remark-0').click();
    const refusing = await held(keeper, '**/api/inventory', 'POST');
    await keeper.page.keyboard.press('Control+Enter');
    await refusing.come();
    await locked(keeper, 'line-quantity-0');
    refusing.release();
    await keeper.at('line-fault-0').waitFor();
    await open(keeper, 'line-quantity-0');
    await keeper.page.waitForFunction(() => document.activeElement?.dataset.testid === 'line-quantity-0');
    calm(keeper, /400/);
});

test('of two drafts that are opened the one asked for last is there, however late the other comes', async () => {
    const acid = await material();
    const content = (quantity) => JSON.stringify({ purpose: 'purchase', remark: '', lines: [{ materialId: acid.id, code: acid.materialCode, name: '', unit: 'kg', quantity, price: '', lotNo: '', expiresOn: '', remark: '' }] });
    const draft = (quantity) => site.api('manager', 'POST', '/drafts', { kind: 'in', title: `草稿 ${quantity}`, lineCount: 1, content: content(quantity) });
    const [slow, quick] = [await draft('11'), await draft('22')];
    const manager = await site.person('manager');
    await manager.go('/documents/new/in');
    const reading = await held(manager, `**/api/drafts/${slow.id}`);
    await manager.at(`draft-open-${slow.id}`).click();
    await reading.come();
    await manager.at(`draft-open-${quick.id}`).click();
    await manager.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '22');
    reading.release();
    await manager.page.waitForURL((url) => url.searchParams.get('draft') === String(quick.id));
    await open(manager, 'line-quantity-0');
    assert.equal(await manager.at('line-quantity-0').inputValue(), '22');
    await manager.at('line-quantity-0').fill('23');
    await until(async () => (await site.api('manager', 'GET', `/drafts/${quick.id}`)).content.includes('"23"'), 'written into the right one');
    assert.ok((await site.api('manager', 'GET', `/drafts/${slow.id}`)).content.includes('"11"'));
    calm(manager);
});

test('language, columns and switches chosen before or while the server is asked stay chosen', async () => {
    const admin = await site.person('admin');
    await admin.go('/materials');
    await admin.at('list-total').waitFor();
    const reading = await held(admin, '**/api/profile/preferences');
    await admin.page.reload();
    await reading.come();
    await admin.at('language-switch').selectOption('en');
    await admin.at('columns-open').click();
    await admin.at('column-show-unit').uncheck();
    await admin.at('columns-done').click();
    const kept = async () => Object.fromEntries((await site.api('admin', 'GET', '/profile/preferences')).map(({ key, value }) => [key, value]));
    await until(async () => (await kept())['list.materials'], 'the columns are with the server');
    reading.release();
    await until(async () => /"language":"en"/.test((await kept()).look ?? ''), 'and so is the language');
    assert.equal(await admin.page.locator('html').getAttribute('lang'), 'en');
    assert.doesNotMatch((await admin.page.locator('thead').innerText()), /Unit/);
    await admin.at('language-switch').selectOption('zh-CN');
    await until(async () => /"language":"zh-CN"/.test((await kept()).look), 'back again');

    await admin.go('/notifications');
    await admin.at('notification-switches').click();
    await admin.at('switch-submitted').uncheck();
    await admin.at('switches-save').click();
    await admin.at('switches-form').waitFor({ state: 'detached' });
    const switches = await held(admin, '**/api/notifications/switches');
    await admin.at('notification-switches').click();
    await admin.at('switch-submitted').waitFor();
    assert.equal(await admin.at('switch-submitted').isChecked(), false, 'as it was just chosen');
    await admin.at('switch-submitted').check();
    switches.release();
    await admin.at('switches-save').click();
    await admin.at('switches-form').waitFor({ state: 'detached' });
    assert.equal((await site.api('admin', 'GET', '/notifications/switches')).submitted, 1);
    calm(admin);
});

test('several notifications marked as read one after the other are all read', async () => {
    for (const n of [1, 2, 3]) await site.api('admin', 'POST', '/notifications', { type: 'announcement', title: `通告 ${n}` });
    const keeper = await site.person('keeper');
    await keeper.go('/notifications?type=announcement');
    const row = (n) => keeper.page.locator('[data-testid^="notification-row-"]', { hasText: `通告 ${n}` });
    const reading = await held(keeper, '**/api/notifications/*/read', 'PUT');
    await row(1).getByTestId('notification-read').click();
    await reading.come();
    for (const n of [2, 3]) await row(n).getByTestId('notification-read').click();
    reading.release();
    for (const n of [1, 2, 3]) await row(n).getByTestId('notification-read').waitFor({ state: 'detached' });
    calm(keeper);
});

test('a form that is being kept is not written on; refused, it is open again with the cursor where it was', async () => {
    const taken = await material();
    const manager = await site.person('manager');
    await manager.go('/materials?new=1');
    await manager.at('material-form-materialCode').fill(taken.materialCode);
    await manager.at('material-form-materialName').fill('重号');
    await manager.at('material-form-unit').click();
    await manager.page.keyboard.type('kg');
    await manager.page.keyboard.press('Enter');
    await manager.at('material-form-description').click();
    const keeping = await held(manager, '**/api/materials', 'POST');
    await manager.at('material-save').click();
    await keeping.come();
    await locked(manager, 'material-form-description');
    keeping.release();
    await manager.at('field-fault').waitFor();
    await open(manager, 'material-form-description');
    await until(async () => (await focused(manager)) === 'material-form-materialCode', 'the faulty field has the cursor');
    await manager.at('material-form-materialCode').fill(`RACE-${++last}`);
    await manager.page.unroute('**/api/materials');
    await manager.at('material-save').click();
    await manager.at('material-drawer').waitFor();

    // A unit: what is changed next begins with what it is now.
    const { id } = await site.api('manager', 'POST', '/units', { code: 'racing', nameZh: '竞', nameEn: 'racing', decimals: 2 });
    await manager.go('/settings');
    await manager.at(`unit-change-${id}`).click();
    await manager.at('unit-decimals').selectOption('3');
    const saving = await held(manager, `**/api/units/${id}`, 'PUT');
    await manager.at('unit-make').click();
    await saving.come();
    await locked(manager, `unit-change-${id}`);
    saving.release();
    await manager.page.waitForFunction(() => document.activeElement?.dataset.testid === 'unit-code');
    await manager.at(`unit-change-${id}`).click();
    assert.equal(await manager.at('unit-decimals').inputValue(), '3');
    calm(manager, /40[09]/);
});

test('an import: another row becomes the head while its remark is typed, and neither is lost', async () => {
    const acid = await material();
    const manager = await site.person('manager');
    await manager.go('/imports?kind=receipt');
    const rows = [['收料登记', '', ''], ['物料编码', '数量', '备注'], [acid.materialCode, '5', '']];
    await manager.at('import-file').setInputFiles({ name: '两行表头.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.map((row) => row.join(',')).join('\r\n')) });
    await manager.at('import-step-columns').waitFor();
    const id = Number(/imports\/(\d+)/.exec(manager.page.url())[1]);
    // Whatever row the service took for the head, it is another one at first.
    await manager.at('import-head').fill('1');
    await manager.at('import-head').press('Enter');
    await until(async () => (await site.api('manager', 'GET', `/imports/${id}`)).form.headRow === 1, 'the title is the head');
    const moving = await held(manager, `**/api/imports/${id}`, 'PUT');
    await manager.at('import-head').fill('2');
    await manager.at('import-head').press('Enter');
    await moving.come();
    assert.ok(await manager.at('import-column-0').isDisabled());
    await manager.at('import-remark').fill('十一月补登');
    moving.release();
    await manager.page.locator('[data-testid="import-column-0"]:enabled').waitFor();
    assert.deepEqual([await manager.at('import-remark').inputValue(), await focused(manager)], ['十一月补登', 'import-remark']);
    await manager.at('import-check').click();
    await manager.at('import-counts').waitFor();
    const found = await site.api('manager', 'GET', `/imports/${id}`);
    assert.deepEqual([found.remark, found.mapping.slice(0, 2)], ['十一月补登', ['material_code', 'quantity']]);
    calm(manager);
});

test('going back in the middle: a question goes with its page, and a form that is written in is not left without one', async () => {
    const acid = await material();
    const admin = await site.person('admin');
    await admin.go('/materials');
    await admin.at('list-total').waitFor();
    await admin.page.evaluate((path) => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(path), `/materials/${acid.id}`);
    await admin.at('material-delete').click();
    await admin.at('question-yes').waitFor();
    await admin.page.goBack();
    await admin.at('question-yes').waitFor({ state: 'detached' });
    await admin.at('material-drawer').waitFor({ state: 'detached' });
    assert.equal((await site.api('admin', 'GET', `/materials/${acid.id}`)).id, acid.id);

    await admin.at('menu-users').click();
    await admin.at('user-new').click();
    await admin.at('user-form-realName').fill('写了一半');
    await admin.page.keyboard.press('Escape');
    await admin.at('question-no').click();
    await admin.page.goBack();
    await admin.at('question-no').click();
    assert.equal(await admin.at('user-form-realName').inputValue(), '写了一半');
    await admin.page.keyboard.press('Escape');
    await admin.at('question-yes').click();
    await admin.at('user-form').waitFor({ state: 'detached' });
    // Where nothing was written nothing is asked.
    await admin.at('user-new').click();
    await admin.at('user-form').waitFor();
    await admin.page.keyboard.press('Escape');
    await admin.at('user-form').waitFor({ state: 'detached' });
    calm(admin);
});

test('a whole code that was typed and left by a click is taken when its material comes; anything else is not guessed', async () => {
    const keeper = await site.person('keeper'), one = await material(), other = await material();
    await keeper.go('/documents/new/in');
    const looking = await held(keeper, '**/api/materials?*');
    await keeper.at('line-material-0').fill(one.materialCode.toLowerCase());
    await keeper.at('document-remark').click();
    await looking.come();
    looking.release();
    await until(async () => (await keeper.at('line-material-0').inputValue()).includes(one.materialCode), 'the material of the code');
    assert.equal(await focused(keeper), 'document-remark', 'the focus stays where it was put');
    await keeper.at('document-remark').fill('在备注里');
    await keeper.at('line-material-0').fill(other.materialCode.slice(0, 4));
    await keeper.at('document-remark').click();
    await until(async () => (await keeper.at('line-material-0').inputValue()).includes(one.materialCode), 'half a code is no choice');
    calm(keeper);
});
