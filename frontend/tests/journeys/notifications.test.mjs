/** What happens elsewhere is seen without reload: the bell, the lists, one stream for a browser; the page of the notifications. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

const STREAM = '/api/notifications/stream';
let site;
let acid;
before(async () => {
    site = await Site.open();
    const { list } = await site.api('admin', 'GET', '/inventory/pending?pageSize=200');
    if (list.length) await site.api('admin', 'POST', '/inventory/decide', { ids: list.map(({ id }) => id), action: 'reject', remark: '清理' });
    for (const name of ['admin', 'keeper', 'manager']) await site.api(name, 'PUT', '/notifications/read-all', {});
    acid = await site.api('admin', 'POST', '/materials', { materialCode: 'BELL-01', materialName: '通知试验', category: 'chemical', unit: 'kg' });
});
after(() => site?.close());

const receipt = (who) => site.api(who, 'POST', '/inventory', { transactionType: 'in', lines: [{ materialId: acid.id, quantity: 3 }] });
const unread = (page, n) => page.getByTestId('bell-count').getByText(String(n), { exact: true }).waitFor();

/** The streams that are open, and what each was asked with. */
function streams(context) {
    const open = new Set();
    const asked = [];
    context.on('request', (request) => {
        if (!request.url().includes(STREAM)) return;
        open.add(request);
        asked.push(request);
        // Of a page that is closed no end is told.
        request.frame().page().once('close', () => open.delete(request));
    });
    for (const over of ['requestfinished', 'requestfailed']) context.on(over, (request) => open.delete(request));
    return { open, asked };
}

async function until(what, holds, most = 15_000) {
    const end = Date.now() + most;
    while (!(await holds())) {
        assert.ok(Date.now() < end, what);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

test('what is handed in at one browser is in the bell and on the desk of another; a second tab shares the stream and takes it over', async () => {
    const manager = await site.person('manager');
    const { open, asked } = streams(manager.context);
    await manager.go('/approval');
    await manager.at('list-empty').waitFor();
    await until('a stream', () => open.size === 1);
    const second = await manager.context.newPage();
    await second.goto(`${site.base}/materials`);
    await second.getByTestId('bell').waitFor();

    const keeper = await site.person('keeper');
    await keeper.go('/documents/new/in');
    await keeper.at('line-material-0').click();
    await keeper.at('line-material-0').fill('BELL-01');
    await keeper.page.locator('[data-testid^="material-option-"]', { hasText: 'BELL-01' }).first().click();
    await keeper.at('line-quantity-0').fill('2');
    await keeper.at('document-submit').click();
    await keeper.at('submit-done').waitFor();

    await manager.page.locator('[data-testid^="approval-row-"]').first().waitFor();
    await unread(manager.page, 1);
    await unread(second, 1);
    assert.equal(open.size, 1, 'one stream for two tabs');
    assert.ok(asked.every((request) => !request.url().includes('?')), 'no token in the address');

    // The applicant hears of the decision.
    await manager.at('approval-approve').waitFor();
    await manager.page.keyboard.press('a');
    await unread(keeper.page, 1);
    await keeper.at('bell').click();
    await keeper.at('bell-panel').waitFor();
    await accessible(keeper);
    await picture(keeper, 'bell-panel');
    await keeper.page.locator('[data-testid^="bell-row-"]', { hasText: '入库单已批准' }).first().click();
    await keeper.at('document-way').getByText('批准并入账').waitFor();
    await accessible(keeper);
    await keeper.at('bell-count').waitFor({ state: 'detached' });

    // The tab that reads goes: the other goes on from where it was.
    await manager.page.close();
    await until('the stream taken over', () => asked.length === 2);
    assert.match((await asked[1].allHeaders())['last-event-id'] ?? '', /^\d+$/);
    await receipt('keeper');
    await unread(second, 1);
    calm(manager);
    calm(keeper);

    // Sign-out ends it.
    await until('one stream', () => open.size === 1);
    await second.getByTestId('user-menu').click();
    await second.getByTestId('sign-out').click();
    await second.getByTestId('login-username').waitFor();
    await until('no stream', () => open.size === 0);
});

test('the service restarts: the stream comes back by itself, and nothing is missed', async () => {
    const manager = await site.person('manager');
    const { open, asked } = streams(manager.context);
    await site.api('manager', 'PUT', '/notifications/read-all', {});
    await manager.go('/materials');
    await until('a stream', () => open.size === 1);
    await receipt('keeper');
    await unread(manager.page, 1);
    await site.stop();
    await site.start();
    await receipt('keeper');
    await unread(manager.page, 2);
    const last = asked.at(-1);
    assert.match((await last.allHeaders())['last-event-id'] ?? '', /^\d+$/);
    calm(manager, /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY|50\d/);
});

test('without locks each tab reads for itself; a token that has run out is renewed; a session that is over is not asked again and again', async () => {
    const keeper = await site.person('keeper');
    const { page, context } = keeper;
    await context.addInitScript(() => {
        Object.defineProperty(navigator, 'locks', { value: undefined });
        const session = JSON.parse(localStorage.getItem('mms.session') ?? 'null');
        if (!session || sessionStorage.getItem('spoiled')) return;
        sessionStorage.setItem('spoiled', 'once');
        localStorage.setItem('mms.session', JSON.stringify({ ...session, accessToken: `${session.accessToken}x` }));
    });
    const { open, asked } = streams(context);
    await keeper.go('/materials');
    await until('a stream with a new token', async () => asked.length > 0 && open.size === 1 && !(await asked.at(-1).headerValue('authorization')).endsWith('x'));
    // As a link opens it: with the same session.
    const [second] = await Promise.all([context.waitForEvent('page'), page.evaluate(() => void window.open('/materials'))]);
    await until('one for each tab', () => open.size === 2);
    await second.close();
    await until('one again', () => open.size === 1);

    // Ended from elsewhere: one refresh is refused, and then it is quiet.
    const token = await page.evaluate(() => JSON.parse(localStorage.getItem('mms.session')).accessToken);
    await site.api({ accessToken: token }, 'POST', '/auth/logout', {});
    await until('the end, with the next word that the service would say', () => open.size === 0, 25_000);
    const before = asked.length;
    await page.waitForTimeout(4000);
    assert.ok(asked.length <= before + 1, `${asked.length - before} more streams`);
    assert.equal(open.size, 0);
    calm(keeper, /401/);
});

test('the bell by keyboard and the page: filters, reading, deleting, switches; an announcement for everybody', async () => {
    const admin = await site.person('admin');
    const keeper = await site.person('keeper', PHONE);
    await site.api('keeper', 'PUT', '/notifications/read-all', {});
    await keeper.go('/notifications');
    await admin.go('/notifications');
    await admin.at('announcement-new').click();
    await admin.at('announcement-save').click();
    await admin.at('field-fault').waitFor();
    await admin.at('announcement-title').fill('周六停电检修');
    await admin.at('announcement-content').fill('8:00–12:00 仓库停电。\n<b>请提前</b>领料。');
    await accessible(admin);
    await admin.at('announcement-save').click();
    await admin.at('toast-good').waitFor();

    await unread(keeper.page, 1);
    const row = keeper.page.locator('[data-testid^="notification-row-"]', { hasText: '周六停电检修' });
    await row.getByText('<b>请提前</b>领料。').waitFor();
    await accessible(keeper);
    await noSidewaysScroll(keeper);
    await picture(keeper, 'notifications-phone');
    await row.getByTestId('notification-read').click();
    await keeper.at('bell-count').waitFor({ state: 'detached' });
    await row.getByTestId('notification-delete').click();
    await keeper.at('question-yes').click();
    await row.waitFor({ state: 'detached' });
    await keeper.at('bell').click();
    await keeper.at('bell-panel').waitFor();
    await noSidewaysScroll(keeper);
    await picture(keeper, 'bell-phone');

    // To one person, with a link: only he gets it, and it leads there.
    await keeper.go('/notifications');
    const { list: [material] } = await site.api('admin', 'GET', '/materials?pageSize=1&sort=material_code');
    await admin.at('announcement-new').click();
    await admin.at('announcement-to').fill('nobody.here');
    await admin.at('announcement-title').fill('请复核此物料');
    await admin.at('announcement-link').fill('javascript:alert(1)');
    await admin.at('announcement-save').click();
    await admin.at('field-fault').getByText('应为 / 开头').waitFor();
    assert.equal(await admin.page.evaluate(() => document.activeElement.dataset.testid), 'announcement-link');
    await admin.at('announcement-link').fill(`/materials/${material.id}`);
    await admin.at('announcement-save').click();
    await admin.at('field-fault').getByText('nobody.here').waitFor();
    await admin.page.waitForFunction(() => document.activeElement.dataset.testid === 'announcement-to');
    await accessible(admin);
    await picture(admin, 'announcement-to-one');
    const { username } = await site.api('keeper', 'GET', '/auth/me');
    await admin.at('announcement-to').fill(username.toUpperCase());
    await admin.at('announcement-save').click();
    await admin.at('announcement-form').waitFor({ state: 'detached' });
    await unread(keeper.page, 1);
    assert.equal((await site.api('manager', 'GET', '/notifications?type=announcement')).list.filter(({ title }) => title === '请复核此物料').length, 0);
    await keeper.page.locator('[data-testid^="notification-row-"]', { hasText: '请复核此物料' }).getByTestId('notification-open').click();
    await keeper.page.waitForURL(new RegExp(`/materials/${material.id}$`));
    await keeper.at('bell-count').waitFor({ state: 'detached' });

    // Switched off is neither shown nor counted, switched on it is there again.
    const manager = await site.person('manager', { ...DESK, colorScheme: 'dark' });
    await manager.go('/notifications?isRead=true&type=todo');
    await manager.page.locator('[data-testid^="notification-row-"]', { hasText: '待审批入库单' }).first().waitFor();
    await manager.at('notification-switches').click();
    await manager.at('switch-submitted').click();
    await manager.at('switches-save').click();
    await manager.at('list-empty').waitFor();
    await manager.at('notification-switches').click();
    await manager.at('switch-submitted').click();
    await manager.at('switches-save').click();
    await manager.at('list-empty').waitFor({ state: 'detached' });
    await accessible(manager);
    await picture(manager, 'notifications-dark');
    assert.equal(await manager.at('announcement-new').count(), (await site.api('manager', 'GET', '/auth/me')).permissions.includes('notification.send') ? 1 : 0);

    await manager.at('bell').focus();
    await manager.page.keyboard.press('Enter');
    await manager.at('bell-panel').waitFor();
    await manager.page.keyboard.press('Escape');
    await manager.at('bell-panel').waitFor({ state: 'detached' });
    assert.equal(await manager.page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'bell');
    await manager.page.keyboard.press('Enter');
    await manager.at('bell-panel').waitFor();
    await manager.page.locator('[data-testid^="bell-row-"]', { hasText: '待审批' }).first().focus();
    await manager.page.keyboard.press('Enter');
    await manager.page.waitForURL(/\/approval\?id=\d+/);
    for (const who of [admin, keeper, manager]) calm(who);
});
