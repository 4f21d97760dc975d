/** The overview: its pictures agree with the service and lead to what is behind them; it stands as one has arranged it, everywhere. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { csvOf, drawn, money, openByKey, openByMouse, plotOf, pngOf, tableOf } from './pictures.mjs';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

const PICTURES = ['flow', 'cover', 'times'];
let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const firstIs = (who, name) => who.page.locator('.module').first().and(who.at(`overview-${name}`)).waitFor();

/** Until the server has it: what stands first, or that nothing is kept. */
async function keptAt(name, first) {
    for (let i = 0; i < 100; i++) {
        const kept = (await site.api(name, 'GET', '/profile/preferences')).find(({ key }) => key === 'overview');
        if (first === undefined ? !kept : kept && JSON.parse(kept.value).order[0] === first) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail(`the server does not keep ${first}`);
}

const modules = (who) => who.page.locator('.module').evaluateAll((all) => all.map((one) => one.dataset.testid.slice('overview-'.length)));

test('value in and out by day: the table is what the service says, and each day leads to its documents', async () => {
    const manager = await site.person('manager'), flow = await site.api('manager', 'GET', '/analysis/flow');
    await manager.go('/overview');
    await drawn(manager, 'flow');
    const [head, ...rows] = await tableOf(manager, 'flow');
    assert.equal(head.length, 6);
    assert.deepEqual(rows, flow.map((day) => [day.date, String(day.receipts), money(day.received_value), String(day.issues), money(day.issued_value), money(day.closing_value)]));
    const csv = await csvOf(manager, 'flow');
    assert.equal(csv.length, flow.length + 1);
    assert.ok(csv.at(-1).startsWith(flow.at(-1).date));
    await pngOf(manager, 'flow');
    await accessible(manager);

    const at = flow.findIndex((day) => day.receipts > 0);
    await openByKey(manager, 'flow', at, flow[at].date);
    await manager.page.waitForURL(new RegExp(`/reports/analysis/posted\\?date=${flow[at].date}`));
    await manager.at('list-total').getByText(String(flow[at].receipts + flow[at].issues)).waitFor();
    await accessible(manager);
    await manager.at('choice-type').selectOption('in');
    await manager.page.waitForURL(/type=in/);
    await manager.page.waitForFunction((n) => document.querySelectorAll('[data-testid^="timed-row-"]').length === n, flow[at].receipts);
    await picture(manager, 'analysis-posted');
    await manager.at('analysis-back').click();
    await drawn(manager, 'flow');
    await openByMouse(manager, 'flow', 0.5, 0.6);
    await manager.page.waitForURL(/\/reports\/analysis\/posted\?date=\d{4}-\d\d-\d\d/);
    assert.ok(flow.some(({ date }) => manager.page.url().includes(date)));
    calm(manager);
});

test('what runs out first leads to its stock card, and to the whole list', async () => {
    const manager = await site.person('manager'), { list, total } = await site.api('manager', 'GET', '/analysis/days-of-cover?pageSize=8');
    await manager.go('/overview');
    await drawn(manager, 'cover');
    const [, ...rows] = await tableOf(manager, 'cover');
    assert.deepEqual(rows.map(([name, days]) => [name, days]), list.map((row) => [row.material_name, `${row.days.toLocaleString('en')} 天`]));
    await pngOf(manager, 'cover');
    await openByMouse(manager, 'cover', 0.5, 0.5);
    await manager.page.waitForURL(/\/materials\/\d+\/moves/);
    assert.ok(list.some(({ id }) => manager.page.url().includes(`/${id}/`)));
    await manager.go('/overview');
    await manager.at('chart-all-cover').click();
    await manager.at(`cover-row-${list[0].id}`).waitFor();
    await manager.at('list-total').getByText(String(total)).waitFor();
    await manager.at('choice-category').selectOption('metal');
    await manager.page.waitForURL(/category=metal/);
    const metals = await site.api('manager', 'GET', '/analysis/days-of-cover?category=metal');
    await manager.at('list-total').getByText(String(metals.total)).waitFor();
    await accessible(manager);
    calm(manager);
});

test('how long approval takes, and what has waited longest', async () => {
    const manager = await site.person('manager'), times = await site.api('manager', 'GET', '/analysis/approval-times');
    await manager.go('/overview');
    await drawn(manager, 'times');
    const [, ...rows] = await tableOf(manager, 'times');
    assert.deepEqual(rows.map((row) => row.slice(1)), times.map((row) => [row.approved, row.rejected, row.pending].map(String)));
    const [oldest] = await site.api('manager', 'GET', '/dashboard/pending-transactions');
    await manager.at('chart-times').getByText(oldest.transaction_code).waitFor();
    await pngOf(manager, 'times');
    const at = times.findIndex((row) => row.pending > 0);
    await openByKey(manager, 'times', at, `待审批 ${times[at].pending}`);
    await manager.page.waitForURL(new RegExp(`/reports/analysis/decisions\\?took=${times[at].name}`));
    await manager.at('list-total').getByText(String(times[at].approved + times[at].rejected + times[at].pending)).waitFor();
    await picture(manager, 'analysis-decisions');
    await accessible(manager);
    calm(manager);
});

test('modules are hidden and moved by keyboard and by dragging, the same in another browser, and as they were again', async () => {
    const manager = await site.person('manager');
    await manager.go('/overview');
    await manager.at('tile-materials').waitFor();
    const usual = await modules(manager);
    assert.deepEqual(usual.slice(0, 4), ['tiles', 'flow', 'cover', 'times']);
    await manager.at('arrange-open').click();
    await manager.at('arrange').waitFor();
    await accessible(manager);
    await picture(manager, 'overview-arrange');
    await manager.at('module-show-trend').uncheck();
    await manager.at('module-up-slow').focus();
    for (let i = 0; i < 3; i++) await manager.page.keyboard.press('Enter');
    await manager.at('module-flow').dragTo(manager.at('module-tiles'));
    await firstIs(manager, 'flow');
    await manager.page.keyboard.press('Escape');
    const wanted = ['flow', 'tiles', 'cover', 'times', 'categories', 'slow', 'low', 'pending', 'most'];
    assert.deepEqual(await modules(manager), wanted);
    await manager.page.waitForFunction(() => !document.querySelector('dialog[open]'));

    await keptAt('manager', wanted[0]);
    const phone = await site.person('manager', PHONE);
    await phone.go('/overview');
    await firstIs(phone, 'flow');
    assert.deepEqual(await modules(phone), wanted);
    const keeper = await site.person('keeper');
    await keeper.go('/overview');
    await keeper.at('tile-materials').waitFor();
    assert.deepEqual(await modules(keeper), usual, 'each has his own');

    await phone.at('arrange-open').click();
    await phone.at('arrange').waitFor();
    await noSidewaysScroll(phone);
    await accessible(phone);
    await picture(phone, 'overview-arrange-phone');
    await phone.at('arrange-reset').click();
    await firstIs(phone, 'tiles');
    await phone.at('arrange-close').click();
    await keptAt('manager', undefined);
    await manager.page.reload();
    await firstIs(manager, 'tiles');
    assert.deepEqual(await modules(manager), usual);
    for (const who of [manager, phone, keeper]) calm(who);
});

test('in both themes, at both widths, and without movement', async () => {
    for (const [name, screen] of [['desk-dark', { colorScheme: 'dark' }], ['phone', PHONE], ['phone-dark', { ...PHONE, colorScheme: 'dark', reducedMotion: 'reduce' }]]) {
        const manager = await site.person('manager', { viewport: { width: 1440, height: 900 }, ...screen });
        await manager.go('/overview');
        for (const one of PICTURES) await drawn(manager, one);
        await plotOf(manager, 'flow').focus();
        await manager.page.keyboard.press('End');
        await noSidewaysScroll(manager);
        await accessible(manager);
        await picture(manager, `overview-${name}`);
        for (const one of PICTURES) await manager.at(`chart-table-${one}`).click();
        await accessible(manager);
        await noSidewaysScroll(manager);
        calm(manager);
    }
});
