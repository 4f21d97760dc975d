/** What is around all pages: menu, header, help, roles, about, pages that are not there, and a server that is away. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const menuOf = async (who) => {
    await who.at('menu-materials').waitFor();
    return who.page.locator('nav [data-testid^="menu-"]').evaluateAll((items) => items.map((item) => item.dataset.testid.replace('menu-', '')));
};

test('the menu has what the role may, and each entry opens a page', async () => {
    const has = {};
    for (const name of ['admin', 'manager', 'keeper']) {
        const who = await site.person(name);
        await who.go('/materials');
        has[name] = await menuOf(who);
        for (const item of has[name]) {
            await who.at(`menu-${item}`).click();
            await who.page.waitForFunction((hook) => document.querySelector(`[data-testid="${hook}"]`)?.getAttribute('aria-current') === 'page', `menu-${item}`);
            assert.equal(await who.at('not-permitted').count() + await who.at('not-found').count(), 0, `${name}: ${item}`);
        }
        calm(who);
    }
    assert.deepEqual(has.admin.filter((item) => !has.manager.includes(item)).sort(), ['admin', 'logs', 'roles', 'users']);
    assert.deepEqual(has.manager.filter((item) => !has.keeper.includes(item)).sort(), ['approval', 'settings']);
});

test('code is asked for once: what is opened again, and what is gone to from there, paints from what the browser has', async () => {
    const who = await site.person('manager');
    const places = ['materials', 'documents', 'approval', 'counting', 'overview'];
    /** Code of this document by where it came from: `sent` over the network. */
    const loaded = () => who.page.evaluate(() => {
        const code = performance.getEntriesByType('resource').filter(({ name }) => /\/assets\/.*\.(?:js|css)$/.test(name));
        return { all: code.length, sent: code.filter(({ transferSize }) => transferSize > 0).map(({ name }) => name) };
    });
    const through = async () => {
        for (const place of places) {
            await who.at(`menu-${place}`).click();
            await who.page.waitForFunction((hook) => document.querySelector(`[data-testid="${hook}"]`)?.getAttribute('aria-current') === 'page'
                && !document.querySelector('[aria-busy="true"], .skeleton'), `menu-${place}`);
        }
        for (let last = -1, now = await loaded(); ; last = now.all, now = await loaded()) {
            if (now.all === last) return now;
            await who.page.waitForTimeout(1000);
        }
    };
    await who.go('/overview');
    const first = await through();
    assert.ok(first.sent.length > 20, `${first.sent.length} of ${first.all}`);
    assert.equal((await through()).all, first.all, 'in the same document nothing is loaded a second time');
    await who.page.reload();
    const again = await through();
    assert.ok(again.all > 20, `${again.all}`);
    assert.deepEqual(again.sent, []);
    calm(who);
});

test('language and theme: the whole page follows, and stays so', async () => {
    const who = await site.person('keeper');
    await who.go('/documents');
    await who.at('menu-documents').getByText('出入库单').waitFor();
    await who.at('language-switch').selectOption('en');
    await who.at('menu-documents').getByText('Receipts & issues').waitFor();
    assert.equal(await who.page.locator('html').getAttribute('lang'), 'en');
    assert.match(await who.page.title(), /Receipts & issues · Qinglü/);
    await who.at('theme-switch').selectOption('dark');
    assert.ok(await who.page.evaluate(() => document.documentElement.classList.contains('dark')));
    await who.at('list-total').waitFor();
    assert.doesNotMatch(await who.page.locator('nav').first().innerText(), /[\u4e00-\u9fff]/, 'no word of the menu is left behind');
    await accessible(who);
    await who.page.reload();
    await who.at('menu-documents').getByText('Receipts & issues').waitFor();
    assert.ok(await who.page.evaluate(() => document.documentElement.classList.contains('dark')));
    await who.at('language-switch').selectOption('zh-CN');
    await who.at('menu-documents').getByText('出入库单').waitFor();
    calm(who);
});

test('new things are begun from the header, as far as one may', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/overview');
    await keeper.at('new-menu').click();
    await keeper.at('new-receipt').waitFor();
    assert.equal(await keeper.at('new-material').count(), 0);
    await keeper.at('new-issue').click();
    await keeper.at('document-form-out').waitFor();
    calm(keeper);

    const manager = await site.person('manager', PHONE);
    await manager.go('/overview');
    await manager.at('new-menu').click();
    await manager.at('new-material').click();
    await manager.at('material-form').waitFor();
    assert.equal(new URL(manager.page.url()).search, '', 'the address is that of the list again');
    calm(manager);
});

test('the clock is the company’s, wherever one sits', async () => {
    const far = await site.person('keeper', { viewport: { width: 1440, height: 900 }, timezoneId: 'America/New_York' });
    await far.go('/overview');
    const shown = far.at('company-clock');
    await shown.waitFor();
    const there = () => new Intl.DateTimeFormat('en', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date());
    const before = there(), text = await shown.innerText();
    assert.ok([before, there()].some((time) => text.includes(time)), `${text} is not ${before}`);
    assert.match(await shown.getAttribute('title'), /Asia\/Shanghai/);
});

/** What is cut off or runs into what is beside it: labels of the frame, heads of tables, states and buttons in cells. */
const cutOff = (who) => who.page.evaluate(() => {
    const told = [], seen = (one) => one.getBoundingClientRect().width > 0, say = (what, one) => told.push(`${what}: ${one.textContent.trim().slice(0, 40)}`);
    for (const title of document.querySelectorAll('h1')) if (title.scrollWidth > title.clientWidth || title.scrollHeight > title.clientHeight + 2) say('title', title);
    for (const name of document.querySelectorAll('nav a span')) if (name.getBoundingClientRect().height > 26) say('menu', name);
    for (const head of document.querySelectorAll('.list th')) if (head.scrollWidth > head.clientWidth + 1 || head.scrollHeight > head.clientHeight + 1) say('head', head);
    for (const part of document.querySelectorAll('.list td .tag, .list td button, .list td .mark'))
        if (seen(part) && part.getBoundingClientRect().right > part.closest('td').getBoundingClientRect().right) say('cell', part);
    for (const cell of document.querySelectorAll('[data-testid="stock-card-row"] td')) if (cell.scrollWidth > cell.clientWidth + 1) say('cell', cell);
    for (const line of document.querySelectorAll('[data-testid="applicant-history"] li')) {
        const ends = [...line.children].filter(seen).map((one) => [one.getBoundingClientRect(), one.scrollWidth]);
        for (const [i, [box, wants]] of ends.entries()) if (ends[i + 1] && box.top === ends[i + 1][0].top && box.left + wants > ends[i + 1][0].left + 1) say('beside', line.children[i]);
    }
    return [...new Set(told)];
});

test('in English nothing is cut off, at the desk and on the phone', async () => {
    const manager = await site.login('manager'), { list: [{ id: material }] } = await site.api(manager, 'GET', '/materials');
    const { id: count } = await site.api(manager, 'POST', '/stocktaking', { taskName: 'Widths', scope: 'selection', materialIds: [material], reasonPercent: 1 });
    await site.api(manager, 'PUT', `/stocktaking/${count}/start`);
    const { items: [item] } = await site.api(manager, 'GET', `/stocktaking/${count}`);
    await site.api(manager, 'PUT', `/stocktaking/${count}/items/${item.id}`, { actualStock: 1, version: item.version });
    const told = [];
    for (const screen of [DESK, PHONE]) {
        const who = await site.person('admin', screen), open = new Set();
        who.page.on('request', (one) => !one.url().endsWith('/stream') && open.add(one));
        for (const event of ['requestfinished', 'requestfailed']) who.page.on(event, (one) => open.delete(one));
        await who.page.addInitScript(() => localStorage.setItem('mms.language', 'en'));
        await who.go('/overview');
        await who.at('menu-toggle').waitFor();
        for (const where of ['/overview', '/materials', `/materials/${material}/moves`, '/documents', '/documents/new/in', '/approval', '/counting', `/counting/${count}`, '/reports/stock-ledger',
            '/reports/analysis/days-of-cover', '/reports/analysis/decisions', '/notifications', '/imports', '/jobs', '/users', '/roles', '/logs', '/settings', '/admin', '/profile']) {
            await who.page.evaluate((to) => document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(to), where);
            await who.page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .skeleton'));
            for (let quiet = 0; quiet < 3; quiet = open.size ? 0 : quiet + 1) await who.page.waitForTimeout(100);
            await noSidewaysScroll(who).catch(({ message }) => told.push(message));
            for (const what of await cutOff(who)) told.push(`${where} at ${screen.viewport.width}: ${what}`);
            await picture(who, `english-${screen.viewport.width}-${where.replace(/\W+/g, '-')}`);
        }
        calm(who);
    }
    assert.equal(told.length, 0, told.join('\n'));
});

test('help: by key for the page one is on, by menu, searched; by role', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/materials');
    await keeper.at('list-total').waitFor();
    await keeper.page.locator('#content').focus();
    await keeper.page.keyboard.press('F1');
    await keeper.at('help-find').waitFor();
    assert.equal(new URL(keeper.page.url()).search, '?for=materials');
    await keeper.page.getByRole('heading', { name: '与刚才的页面有关' }).waitFor();
    assert.equal(await keeper.at('help-topic-materials').getAttribute('open'), '', 'what is about the page is open');
    assert.equal(await keeper.at('help-topic-users').count(), 0, 'only what one may do');
    await accessible(keeper);
    await picture(keeper, 'help');
    await keeper.at('help-find').fill('excel');
    await keeper.at('help-topic-paste').waitFor();
    assert.equal(await keeper.at('help-topic-look').count(), 0);
    await keeper.at('help-find').fill('没有这样的事情');
    await keeper.at('help-empty').waitFor();
    await accessible(keeper);
    await keeper.at('help-find').fill('');
    await keeper.at('help-keys').getByText('Ctrl + Enter').waitFor();
    // The help speaks the language of the page at once.
    await keeper.at('language-switch').selectOption('en');
    await keeper.at('help-topic-receive').getByText('Enter a receipt').waitFor();
    await keeper.at('language-switch').selectOption('zh-CN');
    // In a field, ? is a character; on the entry, F1 has its own sheet.
    await keeper.go('/materials');
    await keeper.at('material-keyword').click();
    await keeper.page.keyboard.type('?');
    assert.equal(await keeper.at('material-keyword').inputValue(), '?');
    await keeper.go('/documents/new/in');
    await keeper.at('line-material-0').click();
    await keeper.page.keyboard.press('F1');
    await keeper.at('keys-sheet').waitFor();
    calm(keeper);

    const admin = await site.person('admin', PHONE);
    await admin.go('/users');
    await admin.at('user-menu').click();
    await admin.at('help-link').click();
    await admin.at('help-topic-users').waitFor();
    await noSidewaysScroll(admin);
    await accessible(admin);
    await picture(admin, 'help-phone');
    calm(admin);
});

test('about: which build, which database, whose software', async () => {
    const admin = await site.person('admin');
    await admin.go('/materials');
    await admin.at('user-menu').click();
    await admin.at('about-link').click();
    await admin.at('about-engine').getByText('SQLite').waitFor();
    await admin.at('about-package').filter({ hasText: /^vue \d/ }).getByText('MIT').first().waitFor();
    const names = await admin.at('about-package').locator('b').allInnerTexts();
    for (const wanted of ['vue', 'element-plus', 'big.js', 'zxing-wasm', 'qrcode']) assert.ok(names.includes(wanted), `${wanted} in ${names}`);
    assert.ok(!names.includes('vitest'), 'what only builds is not in it');
    await admin.at('about-package').first().getByText('全文').click();
    await accessible(admin);
    await picture(admin, 'about');
    calm(admin);
    const keeper = await site.person('keeper', PHONE);
    await keeper.go('/about');
    await keeper.at('about-package').first().waitFor();
    assert.equal(await keeper.at('about-engine').count(), 0);
    await noSidewaysScroll(keeper);
    await accessible(keeper);
    calm(keeper);
});

test('roles: in words, one’s own marked; not permitted says who may', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/logs');
    await keeper.at('not-permitted').getByText('查看操作日志').waitFor();
    await keeper.at('not-permitted-roles').getByText('系统管理员').waitFor();
    await keeper.page.reload();
    await keeper.at('not-permitted').getByText('查看操作日志').waitFor();
    await accessible(keeper);
    await picture(keeper, 'not-permitted');
    await keeper.at('not-permitted').getByRole('link', { name: '查看角色与权限' }).click();
    await keeper.at('role-regular_user').getByText('您的角色').waitFor();
    await keeper.at('role-inventory_manager').getByText('审批出入库单').waitFor();
    assert.equal(await keeper.at('role-regular_user').getByText('审批出入库单').count(), 0);
    await keeper.at('rights').getByText('审批出入库单').waitFor();
    await accessible(keeper);
    await picture(keeper, 'roles');
    calm(keeper);
});

test('an address that leads nowhere says so and leads back', async () => {
    const keeper = await site.person('keeper', PHONE);
    await keeper.go('/no/such/page');
    await keeper.at('not-found').getByText('/no/such/page').waitFor();
    await noSidewaysScroll(keeper);
    await accessible(keeper);
    await keeper.at('not-found').getByRole('link').click();
    await keeper.at('list-total').waitFor();
    calm(keeper);
});

test('the server goes away and comes back: nothing typed is lost, and what was sent is done once', async () => {
    const manager = await site.person('manager');
    await manager.go('/materials');
    await manager.at('material-new').click();
    await manager.at('material-form-materialCode').fill('AWAY-01');
    await manager.at('material-form-materialName').fill('断线时填写');
    await manager.at('material-form-unit').click();
    await manager.page.keyboard.type('kg');
    await manager.page.keyboard.press('Enter');
    await site.stop();
    await manager.at('material-save').click();
    await manager.at('server-away').waitFor();
    await accessible(manager);
    assert.equal(await manager.at('material-form-materialName').inputValue(), '断线时填写');
    await site.start();
    await manager.at('server-away').waitFor({ state: 'detached' });
    await manager.at('material-stock').waitFor();
    const found = await site.api('manager', 'GET', '/materials?keyword=AWAY-01');
    assert.equal(found.total, 1);
    calm(manager, /ERR_|502|503|Failed to load/);
});
