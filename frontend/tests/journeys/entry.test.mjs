/** A receipt by the keyboard alone, lines from a spreadsheet, drafts that nothing loses, and what is minded while typing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { accessible, calm, chooseMaterial, DESK, noSidewaysScroll, PASSWORD, PHONE, picture, scanned, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const material = (code, more = {}) => site.api('admin', 'POST', '/materials', { materialCode: code, materialName: `录入试验 ${code}`, category: 'chemical', unit: 'kg', ...more });
const stockUp = async (materialId, quantity, more = {}) => {
    const { id } = await site.api('keeper', 'POST', '/inventory', { transactionType: 'in', lines: [{ materialId, quantity, ...more }] });
    await site.api('admin', 'PUT', `/inventory/${id}/approve`, { action: 'approve' });
};
const soon = async (condition, what) => {
    for (const end = Date.now() + 60_000; !condition(); await sleep(5))
        assert.ok(Date.now() < end, `not within a minute: ${what}`);
};
const drafts = (name) => site.api(name, 'GET', '/drafts');
const saved = (who) => who.at('draft-state-saved').waitFor();
const focused = (who) => who.page.evaluate(() => document.activeElement?.dataset?.testid ?? '');
const paste = (who, text) => who.page.evaluate((rows) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', rows);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}, text);

test('sign-in, a receipt of three lines and its approval, by the keyboard alone', async () => {
    for (const code of ['KEY-01', 'KEY-02', 'KEY-03']) await material(code);
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    const who = { page, at: (hook) => page.getByTestId(hook) };
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    // As hands do: what comes faster is taken for a scanner.
    const type = (text) => page.keyboard.type(text, { delay: 70 });
    const signIn = async (name) => {
        await page.goto(`${site.base}/login?next=/documents/new/in`);
        await who.at('login-username').waitFor();
        await press('Tab');
        while (await focused(who) !== 'login-username') await press('Tab');
        await type(name);
        await press('Tab');
        await type(PASSWORD);
        await press('Enter');
    };
    await signIn('keeper');
    await who.at('line-material-0').waitFor();
    for (let i = 0; i < 60 && await focused(who) !== 'line-material-0'; i += 1) await press('Tab');
    for (const [i, code, quantity, price] of [[0, 'KEY-01', '3*2.5', '4'], [1, 'KEY-02', '１２', '0.5'], [2, 'KEY-03', '1,000', '']]) {
        assert.equal(await focused(who), `line-material-${i}`);
        await type(code);
        await press('Enter');
        await page.waitForFunction((hook) => document.activeElement?.dataset?.testid === hook, `line-quantity-${i}`);
        await type(quantity);
        await press('Enter');
        await type(price);
        // Lot, expiry, remark, and from the last cell on to a new line.
        await press('Enter', 'Enter', 'Enter');
        assert.equal(await focused(who), `line-remark-${i}`);
        if (i < 2) await press('Enter');
    }
    assert.equal(await who.at('line-quantity-0').inputValue(), '7.5');
    assert.equal(await who.at('document-total').innerText(), '¥ 36.00');
    assert.equal(await who.at('document-capital').innerText(), '叁拾陆元整');
    assert.match(await who.at('document-deciders').innerText(), /系统管理员.*库存管理员|库存管理员.*系统管理员/);
    // A line too many, taken away and brought back.
    await press('Alt+n');
    await page.waitForFunction(() => document.activeElement?.dataset?.testid === 'line-material-3');
    await press('ArrowUp', 'Escape');
    await who.at('line-remark-2').focus();
    await press('Control+Delete');
    await who.at('line-removed').waitFor();
    await press('Alt+z');
    assert.equal(await who.at('line-quantity-2').inputValue(), '1000');
    await press('F1');
    await who.at('keys-sheet').waitFor();
    await press('Escape');
    await who.at('keys-sheet').waitFor({ state: 'detached' });
    await press('Control+Enter');
    await who.at('submit-done').waitFor();
    assert.equal(await focused(who), 'submit-next');
    const code = /IN-\d+-\d+|IN[\w-]+/.exec(await who.at('submit-done').innerText())[0];
    await context.close();

    const manager = await site.person('manager');
    await manager.go('/approval');
    const row = manager.page.locator('[data-testid^="approval-row-"]', { hasText: 'KEY-01' });
    await row.waitFor();
    const wanted = (await row.getAttribute('data-testid')).replace('approval-row-', '');
    const shown = () => new URL(manager.page.url()).searchParams.get('id');
    await manager.page.waitForURL(/id=\d+/);
    for (let last = null; shown() !== wanted && shown() !== last;) {
        last = shown();
        await manager.page.keyboard.press('j');
        await manager.page.waitForURL((url) => url.searchParams.get('id') !== last);
    }
    await manager.at('approval-document').getByText(code).waitFor();
    await manager.at('approval-document').getByText('KEY-03').waitFor();
    await manager.page.keyboard.press('a');
    await row.waitFor({ state: 'detached' });
    const { list } = await site.api('admin', 'GET', '/materials?keyword=KEY-0&sort=material_code');
    assert.deepEqual(list.map(({ current_stock }) => current_stock), [7.5, 12, 1000]);
    calm(manager);
});

test('a hundred lines from Excel come at once, with faults by row and column; equal lines are merged', async () => {
    const keeper = await site.person('keeper');
    const { list } = await site.api('admin', 'GET', '/materials?pageSize=98&sort=material_code');
    assert.equal(list.length, 98);
    await keeper.go('/documents/new/in');
    await keeper.at('line-material-0').focus();
    const rows = list.map(({ material_code }, i) => `${material_code}\t${i + 1}\t1.5\tL-${i}`);
    const asked = [];
    keeper.page.on('request', (one) => /\/api\/materials\?.*keyword=/.test(one.url()) && asked.push(one.url()));
    await paste(keeper, ['物料编码\t数量\t单价\t批号', ...rows, 'NO-SUCH\t1\t2\t', `${list[0].material_code}\tabc9\t2\tL-0`, `${list[1].material_code}\t0.1234567\t2\tL-1`].join('\r\n'));
    await keeper.at('paste-report').waitFor();
    assert.deepEqual([asked.length, new Set(asked).size], [99, 99], 'each code is asked for once');
    assert.deepEqual(await keeper.at('paste-report').locator('li').allInnerTexts(), [
        '已粘贴 101 行', '第 100 行：没有编码为 NO-SUCH 的在用物料', `第 102 行第 2 列：数量 0.1234567 的小数过多，${list[1].unit} 最多 ${list[1].unit_decimals} 位`,
        '第 101 行第 2 列：数量“abc9”不是数字',
    ]);
    await keeper.at('line-remove-100').click();
    assert.equal(await keeper.at('line-quantity-97').inputValue(), '98');
    assert.equal(await keeper.at('line-lot-97').inputValue(), 'L-97');
    assert.equal(await keeper.at('document-total').innerText(), '¥ 7,278.50');
    await picture(keeper, 'entry-pasted');
    // The row with a fault says the same as the first; once right, they are offered as one.
    await keeper.at('line-quantity-99').fill('4');
    await keeper.at('line-price-99').fill('1.5');
    await keeper.at('line-merge').click();
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '5');
    await keeper.at('line-equal').waitFor({ state: 'detached' });
    await keeper.at('line-remove-98').click();
    await keeper.at('document-submit').click();
    await keeper.at('submit-done').waitFor();
    assert.equal(await keeper.at('submit-print').getAttribute('target'), '_blank');
    assert.deepEqual(await drafts('keeper'), []);
    calm(keeper);
});

test('a scanner that types adds lines wherever the cursor is; the same code again is one more', async () => {
    await material('SCAN-01');
    await material('SCAN-02', { unit: '个' });
    const keeper = await site.person('keeper');
    const scan = (code) => scanned(keeper, code);
    const report = (pattern) => keeper.at('scan-report').getByText(pattern).waitFor();
    await keeper.go('/documents/new/out');
    await keeper.at('line-material-0').waitFor();
    await keeper.at('document-remark').fill('领用');
    await scan('SCAN-01');
    await report(/SCAN-01.*第 1 行.*数量 1$/);
    assert.equal(await keeper.at('document-remark').inputValue(), '领用', 'nothing of the code stays in the field');
    assert.equal(await focused(keeper), 'line-quantity-0');
    await scan(']Q1scan-01');
    await report(/数量 2$/);
    await scan('SCAN-02');
    await report(/SCAN-02.*第 2 行/);
    await scan('SCAN-01');
    await report(/第 1 行.*数量 3$/);
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '3');
    assert.equal(await keeper.at('line-quantity-1').inputValue(), '1');
    await scan('NOBODY-99');
    await report(/没有编码为 NOBODY-99/);
    await keeper.at('scan-counts').uncheck();
    await scan('SCAN-02');
    await report(/SCAN-02.*数量 1$/);
    assert.equal(await focused(keeper), 'line-quantity-1');
    await keeper.page.keyboard.type('25', { delay: 70 });
    assert.equal(await keeper.at('line-quantity-1').inputValue(), '25');
    await accessible(keeper);
    await picture(keeper, 'entry-scan');
    await keeper.at('draft-discard').click();
    await keeper.at('question-yes').click();
    await keeper.at('scan-counts').check();
    calm(keeper);
});

test('who types before the first offers have come, and presses Enter as they come, never takes one of them', async () => {
    await material('LATE-01', { materialName: '迟来材料' });
    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/out');
    // The answers about materials come when the test lets them; one that nobody wants any more is over as well.
    const held = [];
    let over = 0;
    const lists = (url) => url.pathname === '/api/materials';
    await keeper.page.route(lists, (route) => new Promise((go) => held.push(go)).then(() => route.continue()).catch(() => {}));
    for (const end of ['requestfinished', 'requestfailed'])
        keeper.page.on(end, (request) => lists(new URL(request.url())) && over++);
    const answered = async (n) => {
        await soon(() => held.length >= n, `${n} questions about materials`);
        held[n - 1]();
        await soon(() => over >= n, `${n} answers`);
        await sleep(50); // the page has it, too
    };
    await keeper.at('line-material-0').click();
    await keeper.at('line-material-0').fill('late-01');
    await answered(1);
    await keeper.page.keyboard.press('Enter');
    await answered(2);
    await keeper.at('line-stock-0').waitFor();
    assert.match(await keeper.at('line-material-0').inputValue(), /^LATE-01/);
    await saved(keeper);
    await keeper.page.close();
    const [draft, ...more] = await drafts('keeper');
    assert.deepEqual(more, []);
    await site.api('keeper', 'DELETE', `/drafts/${draft.id}`);
});

test('what is minded while typing: decimals of the unit, stock over all lines, limits, lots, hazards', async () => {
    await material('SOUND-01', { materialName: '验检材料' });
    const { id } = await material('MIND-01', { minStock: 5, maxStock: 30, controlFlags: '危化品;易制爆', storageClass: '易燃液体' });
    await stockUp(id, 12, { lotNo: 'OLD', expiresOn: '2027-03-01' });
    await stockUp(id, 8, { lotNo: 'NEW', expiresOn: '2029-03-01' });
    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/out');
    // Without a material there is no lot to choose: Enter passes over it.
    await keeper.at('line-price-0').focus();
    await keeper.page.keyboard.press('Enter');
    assert.equal(await focused(keeper), 'line-remark-0');
    // By its pinyin; what only sounds like it is taken when it was seen, not before.
    let pressed;
    const enter = new Promise((go) => (pressed = go));
    await keeper.page.route('**/api/search?*', (route) => enter.then(() => route.continue()).catch(() => {}));
    await keeper.at('line-material-0').click();
    await keeper.at('line-material-0').fill('yanjiancailiao');
    await keeper.page.keyboard.press('Enter');
    pressed();
    await keeper.page.locator('[data-testid^="material-option-"]', { hasText: 'SOUND-01' }).waitFor();
    assert.equal(await keeper.at('line-stock-0').count(), 0);
    await keeper.page.keyboard.press('Enter');
    await keeper.at('line-stock-0').waitFor();
    assert.match(await keeper.at('line-material-0').inputValue(), /SOUND-01/);
    await chooseMaterial(keeper, 0, 'MIND-01');
    assert.match(await keeper.at('line-hazards-0').innerText(), /危化品\s*易制爆\s*易燃液体/);
    await keeper.page.keyboard.type('1,2.3.4');
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '1,234');
    await keeper.at('line-quantity-0').fill('');
    await keeper.page.keyboard.type('1.5.2');
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '1.52');
    assert.match(await keeper.at('line-fault-0').innerText(), /只能有一个小数点/);
    await keeper.at('line-quantity-0').fill('');
    await keeper.page.keyboard.type('1.2345');
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '1.234');
    assert.match(await keeper.at('line-fault-0').innerText(), /kg 最多 3 位小数/);
    await keeper.at('line-quantity-0').fill('10');
    assert.match(await keeper.at('line-stock-0').innerText(), /^20\.000$/);
    await keeper.at('line-add').click();
    await chooseMaterial(keeper, 1, 'MIND-01');
    await keeper.at('line-quantity-1').fill('6');
    assert.match(await keeper.at('line-after-1').innerText(), /4\.000/);
    assert.match(await keeper.at('line-warning-1').innerText(), /低于最低库存 5\.000 kg/);
    await keeper.at('line-lot-1').focus();
    await keeper.at('line-lot-1').locator('option', { hasText: 'OLD · 12.000 · 2027-03-01' }).waitFor({ state: 'attached' });
    await keeper.at('line-lot-1').selectOption('NEW');
    await keeper.at('line-quantity-1').fill('9');
    assert.match(await keeper.at('line-after-1').innerText(), /−1\.000\s*! 不足/);
    await accessible(keeper);
    await picture(keeper, 'entry-issue');
    // What others do meanwhile shows when one looks again.
    await stockUp(id, 100, { lotNo: 'MORE' });
    await keeper.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await keeper.at('line-stock-0').getByText('120.000').waitFor();
    await keeper.at('line-quantity-1').fill('8');
    await keeper.at('document-submit').click();
    await keeper.at('submit-done').waitFor();
    const { list: [made] } = await site.api('keeper', 'GET', '/inventory/mine?pageSize=1');
    const { lines } = await site.api('keeper', 'GET', `/inventory/${made.id}`);
    assert.deepEqual(lines.map(({ quantity, lot_no }) => [quantity, lot_no]), [[10, null], [8, 'NEW']]);
    calm(keeper);
});

test('a draft survives reload, the end of the browser, and is there on another device', async () => {
    await material('DRAFT-01');
    const first = await site.person('keeper');
    await first.go('/documents/new/in');
    await first.at('document-remark').fill('供应商 A');
    await chooseMaterial(first, 0, 'DRAFT-01');
    await first.at('line-quantity-0').fill('7');
    await saved(first);
    await first.page.reload();
    await first.at('line-quantity-0').waitFor();
    await first.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '7');
    // Typed and closed at once: the server has not got it yet.
    await first.at('line-quantity-0').fill('8');
    const [{ id }] = await drafts('keeper');
    const state = await first.context.storageState();
    await first.page.close({ runBeforeUnload: false });
    await first.context.close();
    calm(first);

    const again = await site.person('keeper', { ...DESK, storageState: state });
    await again.go('/documents/new/in');
    await again.at(`draft-open-${id}`).waitFor();
    await accessible(again);
    await picture(again, 'entry-drafts');
    await again.at(`draft-open-${id}`).click();
    await again.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '8');
    assert.equal(await again.at('document-remark').inputValue(), '供应商 A');
    await saved(again);
    calm(again);

    const phone = await site.person('keeper', PHONE);
    await phone.go('/documents/new/in');
    await phone.at(`draft-open-${id}`).click();
    await phone.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '8');
    await noSidewaysScroll(phone);
    await accessible(phone);
    await picture(phone, 'phone-entry');
    await phone.at('draft-discard').click();
    await phone.at('question-yes').click();
    await phone.at('document-capital').waitFor({ state: 'detached' });
    await phone.page.waitForFunction(() => !location.search.includes('draft'));
    assert.deepEqual(await drafts('keeper'), []);
    calm(phone);
});

test('who types and goes elsewhere at once leaves nothing behind, and is there', async () => {
    await material('LEAVE-01');
    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/in');
    await chooseMaterial(keeper, 0, 'LEAVE-01');
    await keeper.at('line-quantity-0').fill('3');
    await keeper.at('menu-materials').click();
    await keeper.page.waitForURL(/\/materials$/);
    const [{ id, line_count }] = await drafts('keeper');
    assert.equal(line_count, 1);
    await keeper.go(`/documents/new/in?draft=${id}`);
    await keeper.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '3');
    // From a receipt to an issue nothing is carried over.
    await keeper.go('/documents');
    await keeper.at('document-new-out').click();
    await keeper.at('document-form-out').waitFor();
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '');
    await site.api('keeper', 'DELETE', `/drafts/${id}`);
    calm(keeper);
});

test('one draft becomes one document, also when the answer was never heard and another device goes on', async () => {
    await material('ONCE-01');
    const made = async () => (await site.api('keeper', 'GET', '/inventory/mine?keyword=ONCE-01')).list;
    const first = await site.person('keeper');
    await first.go('/documents/new/in');
    await chooseMaterial(first, 0, 'ONCE-01');
    await first.at('line-quantity-0').fill('3');
    await saved(first);
    // The request arrives, its answer does not.
    await first.page.route('**/api/inventory', async (route) => { await route.fetch(); });
    await first.at('document-submit').click();
    while ((await made()).length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    await first.context.close();
    const [{ id }] = await drafts('keeper');
    const second = await site.person('keeper', PHONE);
    const third = await site.person('keeper');
    for (const who of [second, third]) {
        await who.go(`/documents/new/in?draft=${id}`);
        await who.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '3');
    }
    await second.at('document-submit').click();
    await second.at('submit-done').getByText((await made())[0].transaction_code).waitFor();
    assert.equal((await made()).length, 1);
    // Changed since, it is another document: that is said before it is made.
    await third.at('line-quantity-0').fill('4');
    await third.at('document-submit').click();
    await third.at('sent-before').waitFor();
    assert.equal((await made()).length, 1);
    await third.at('draft-discard').click();
    await third.at('question-yes').click();
    await third.page.waitForFunction(() => !location.search.includes('draft'));
    assert.deepEqual(await drafts('keeper'), []);
    calm(second);
    calm(third, /422|404/);
});

test('one draft in two tabs: both are shown side by side, and none is lost', async () => {
    await material('TWO-01');
    const one = await site.person('manager');
    await one.go('/documents/new/in');
    await chooseMaterial(one, 0, 'TWO-01');
    await one.at('line-quantity-0').fill('1');
    await saved(one);
    await one.page.waitForURL(/draft=\d+/);
    const two = await one.context.newPage();
    await two.goto(one.page.url());
    await two.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '1');
    await two.getByTestId('line-quantity-0').fill('22');
    await two.waitForFunction(() => document.querySelector('[data-testid="draft-state-saved"]'));
    await one.at('line-quantity-0').fill('333');
    await one.at('draft-conflict').waitFor();
    assert.match(await one.at('draft-mine-0').innerText(), /333 kg/);
    assert.match(await one.at('draft-theirs-0').innerText(), /22 kg/);
    await accessible(one);
    await picture(one, 'entry-conflict');
    await one.at('draft-keep-both').click();
    await saved(one);
    const contents = await Promise.all((await drafts('manager')).map(({ id }) => site.api('manager', 'GET', `/drafts/${id}`)));
    assert.deepEqual(contents.map(({ content }) => JSON.parse(content).lines[0].quantity).sort(), ['22', '333']);
    calm(one, /409/);
});

test('a session that ends in the middle takes nothing away', async () => {
    await material('EXPIRE-01');
    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/in');
    await chooseMaterial(keeper, 0, 'EXPIRE-01');
    await keeper.at('line-quantity-0').fill('5');
    await saved(keeper);
    await keeper.page.evaluate(() => {
        const session = JSON.parse(localStorage.getItem('mms.session'));
        localStorage.setItem('mms.session', JSON.stringify({ ...session, accessToken: 'gone', refreshToken: 'gone' }));
    });
    await keeper.page.reload();
    await keeper.at('sign-in-again').waitFor();
    await keeper.at('sign-in-again').getByTestId('login-password').fill(PASSWORD);
    await keeper.at('sign-in-again').getByTestId('login-submit').click();
    await keeper.page.waitForFunction(() => document.querySelector('[data-testid="line-quantity-0"]')?.value === '5');
    await keeper.at('document-submit').click();
    await keeper.at('submit-done').waitFor();
    calm(keeper, /401/);
});

test('the server goes away in the middle and comes back: what was typed is kept, and sent once', async () => {
    await material('AWAY-01');
    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/in');
    await chooseMaterial(keeper, 0, 'AWAY-01');
    await keeper.at('line-quantity-0').fill('1');
    await saved(keeper);
    await site.stop();
    await keeper.at('line-quantity-0').fill('2');
    await keeper.at('draft-state-local').waitFor();
    await keeper.at('line-add').click();
    await keeper.at('line-remark-1').fill('断网时写的');
    await site.start();
    await keeper.at('server-away').waitFor({ state: 'detached' });
    await saved(keeper);
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '2');
    const [{ id }] = await drafts('keeper');
    const { content } = await site.api('keeper', 'GET', `/drafts/${id}`);
    assert.deepEqual(JSON.parse(content).lines.map(({ quantity, remark }) => [quantity, remark]), [['2', ''], ['', '断网时写的']]);
    await keeper.at('line-remove-1').click();
    await keeper.at('document-submit').click();
    await keeper.at('submit-done').waitFor();
    calm(keeper, /Failed to load resource|ERR_CONNECTION|409/);
});

test('the entry is accessible in the dark, at both widths', async () => {
    for (const screen of [DESK, PHONE]) {
        const who = await site.person('keeper', { ...screen, colorScheme: 'dark' });
        await who.go('/documents/new/out');
        await chooseMaterial(who, 0, 'MIND-01');
        await who.at('line-quantity-0').fill('999');
        await who.at('line-hazards-0').waitFor();
        assert.match(await who.at('line-after-0').innerText(), /不足/);
        await accessible(who);
        await noSidewaysScroll(who);
        await picture(who, `entry-dark-${screen.viewport.width}`);
        await who.at('draft-discard').click();
        await who.at('question-yes').click();
        await who.at('line-hazards-0').waitFor({ state: 'detached' });
        calm(who);
    }
});
