/** The pictures of the stock: their tables are what the service says, and each part leads to the rows that make it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { drawn, money, openByKey, openByMouse, pngOf, tableOf } from './pictures.mjs';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

const PICTURES = ['cover', 'expiry', 'age', 'pareto', 'matrix', 'turnover', 'places'];
let site, shelves;

/** Some stock at further places, and a material that was bought at several prices. */
before(async () => {
    site = await Site.open();
    const manager = await site.login('manager');
    shelves = [];
    for (const [code, nameZh] of [['A-01', '酸碱柜'], ['A-02', '易燃品柜'], ['B-01', '金属货架'], ['B-02', '气瓶间'], ['C-01', '冷藏柜']])
        shelves.push(await site.api(manager, 'POST', '/locations', { code, nameZh }));
    const { list } = await site.api(manager, 'GET', '/materials?pageSize=60');
    const admin = await site.login('admin');
    for (const [i, shelf] of shelves.entries()) {
        const lines = list.slice(i * 4, i * 4 + 2 + i).map(({ id }) => ({ materialId: id, quantity: 4 + i, unitPrice: 30 * (i + 1), locationId: shelf.id }));
        const { id } = await site.api(manager, 'POST', '/inventory', { transactionType: 'in', purpose: 'purchase', lines });
        await site.api(admin, 'PUT', `/inventory/${id}/approve`, { action: 'approve' });
    }
});
after(() => site?.close());

async function analysis(name, screen) {
    const who = await site.person(name, screen);
    await who.go('/reports/analysis');
    return who;
}

test('value by days left and by age: each class leads to its lots', async () => {
    const manager = await analysis('manager');
    for (const [name, where, row] of [['expiry', 'expiry', 4], ['age', 'ageing', 0]]) {
        const classes = await site.api('manager', 'GET', `/analysis/${where}`);
        await drawn(manager, name);
        const [, ...rows] = await tableOf(manager, name);
        assert.deepEqual(rows.map((cells) => cells.slice(1, 4)), classes.map((one) => [String(one.lots), String(one.materials), money(one.value)]));
        await pngOf(manager, name);
        await openByKey(manager, name, row, rows[row][0]);
        await manager.page.waitForURL(new RegExp(`/reports/analysis/lots\\?${name}=${classes[row].name}`));
        await manager.at('list-total').getByText(String(classes[row].lots)).waitFor();
        await manager.at('lot-row-0').waitFor();
        await picture(manager, `analysis-lots-${name}`);
        await accessible(manager);
        await manager.page.goBack();
    }
    await drawn(manager, 'expiry');
    await openByMouse(manager, 'expiry', 0.93, 0.5);
    await manager.page.waitForURL(/expiry=later/);
    await manager.at('choice-age').selectOption('90');
    await manager.page.waitForURL(/age=90/);
    const { total } = await site.api('manager', 'GET', '/analysis/lots?expiry=later&age=90');
    await manager.at('list-total').getByText(String(total)).waitFor();
    await manager.at('lot-row-0').getByRole('link').click();
    await manager.page.waitForURL(/\/materials\/\d+\/moves/);
    calm(manager);
});

test('what matters most and how steadily it is used', async () => {
    const manager = await analysis('manager');
    for (const period of ['quarter', 'year']) {
        if (period === 'year') await Promise.all([manager.page.waitForResponse(/consumption\?period=year/), manager.at('used-year').click()]);
        const found = await site.api('manager', 'GET', `/analysis/consumption?period=${period}&pageSize=20`);
        await drawn(manager, 'pareto');
        const [, ...rows] = await tableOf(manager, 'pareto');
        assert.deepEqual(rows, found.list.map((row) => [row.material_name, row.material_code, money(row.value), `${row.percent_up_to_here} %`, row.abc + row.xyz]));
        const [, ...cells] = await tableOf(manager, 'matrix');
        assert.deepEqual(cells.map((row) => row.slice(0, 3)), found.cells.map((cell) => [cell.abc + cell.xyz, String(cell.materials), money(cell.value)]));
    }
    await pngOf(manager, 'pareto');
    await pngOf(manager, 'matrix');
    const { cells } = await site.api('manager', 'GET', '/analysis/consumption?period=year');
    await openByMouse(manager, 'matrix', 0.85, 0.8); // C and Z
    await manager.page.waitForURL(/\/reports\/analysis\/consumption\?.*abc=C&xyz=Z/);
    assert.match(manager.page.url(), /period=year/);
    await manager.at('list-total').getByText(String(cells.find(({ abc, xyz }) => abc === 'C' && xyz === 'Z').materials)).waitFor();
    await picture(manager, 'analysis-consumption');
    await accessible(manager);
    await manager.at('analysis-back').click();
    await drawn(manager, 'pareto');
    await openByKey(manager, 'pareto', 2, 'A');
    await manager.page.waitForURL(/\/materials\/\d+\/moves/);
    calm(manager);
});

test('turnover by month leads to the ledger of that month', async () => {
    const manager = await analysis('manager'), months = await site.api('manager', 'GET', '/analysis/turnover');
    await drawn(manager, 'turnover');
    const [, ...rows] = await tableOf(manager, 'turnover');
    const of = (category) => months.filter((row) => row.category === category);
    const days = (row) => (row.turnover_days === null ? '—' : row.turnover_days.toLocaleString('en', { minimumFractionDigits: 1 }));
    assert.deepEqual(rows, of('chemical').map((row, i) => [row.month, days(row), days(of('metal')[i]), money(row.used_value), money(of('metal')[i].used_value)]));
    await pngOf(manager, 'turnover');
    await openByKey(manager, 'turnover', 10, rows[10][0]);
    await manager.page.waitForURL(new RegExp(`/reports/stock-ledger\\?startDate=${rows[10][0]}-01&endDate=${rows[10][0]}-(28|29|30|31)`));
    await manager.page.locator('[data-testid^="ledger-row-"]').first().waitFor();
    calm(manager);
});

test('the store map leads to what lies at a place', async () => {
    const manager = await analysis('manager'), places = await site.api('manager', 'GET', '/analysis/places');
    await drawn(manager, 'places');
    const [, ...rows] = await tableOf(manager, 'places');
    const sorted = places.sort((a, b) => a.code.localeCompare(b.code));
    assert.deepEqual(rows, sorted.map((place) => [place.code, place.name_zh, String(place.lots), String(place.materials), String(place.hazardous), money(place.value)]));
    const byValue = await pngOf(manager, 'places');
    await manager.at('places-measure').selectOption('hazardous');
    await manager.page.waitForTimeout(500);
    assert.notDeepEqual(await pngOf(manager, 'places'), byValue, 'drawn anew');
    await openByMouse(manager, 'places', 0.1, 0.25);
    await manager.page.waitForURL(new RegExp(`locationId=${sorted[0].id}`));
    await manager.at('list-total').getByText(String(sorted[0].lots)).waitFor();
    await accessible(manager);
    calm(manager);
});

test('what was paid stands on the stock card', async () => {
    const manager = await site.person('manager');
    const { list } = await site.api('manager', 'GET', '/materials?pageSize=1');
    const prices = await site.api('manager', 'GET', `/materials/${list[0].id}/prices`);
    assert.ok(prices.length > 0);
    await manager.go(`/materials/${list[0].id}/moves`);
    await manager.at('price-open').click();
    await drawn(manager, 'price');
    const [, ...rows] = await tableOf(manager, 'price');
    assert.deepEqual(rows.map((row) => [row[0], row[2]]), prices.reverse().map((price) => [price.transaction_code, money(price.unit_price)]));
    await pngOf(manager, 'price');
    await accessible(manager);
    await picture(manager, 'stock-card-prices');
    await openByKey(manager, 'price', 0, prices[0].transaction_code);
    await manager.page.waitForURL(new RegExp(`/documents/${prices[0].document_id}`));
    calm(manager);
});

test('how the program fares is shown to the administrator', async () => {
    const admin = await site.person('admin');
    await admin.go('/admin');
    for (const name of ['lanes', 'waits', 'groups', 'tables']) await drawn(admin, name);
    const tables = (await site.api('admin', 'GET', '/admin/database/tables')).sort((a, b) => b.rowCount - a.rowCount);
    const [, ...rows] = await tableOf(admin, 'tables');
    assert.equal(rows[0][0], tables[0].name);
    await pngOf(admin, 'lanes');
    await accessible(admin);
    await picture(admin, 'admin-metrics');
    await openByKey(admin, 'tables', 0, tables[0].name);
    await admin.page.waitForURL(new RegExp(`/admin/tables/${tables[0].name}`));
    calm(admin);
});

test('in both themes, at both widths, in English', async () => {
    for (const [name, screen] of [['desk', {}], ['desk-dark', { colorScheme: 'dark' }], ['phone', PHONE], ['phone-dark', { ...PHONE, colorScheme: 'dark' }]]) {
        const manager = await analysis('manager', { viewport: { width: 1440, height: 900 }, ...screen });
        if (name === 'desk-dark') await manager.at('language-switch').selectOption('en');
        for (const one of PICTURES) await drawn(manager, one);
        await noSidewaysScroll(manager);
        await accessible(manager);
        await picture(manager, `analysis-${name}`);
        for (const one of PICTURES) await manager.at(`chart-table-${one}`).click();
        await accessible(manager);
        await noSidewaysScroll(manager);
        for (const where of ['lots', 'consumption', 'days-of-cover', 'posted', 'decisions']) {
            await manager.go(`/reports/analysis/${where}`);
            await manager.page.locator('[data-testid*="-row-"], [data-testid="list-empty"]').first().waitFor();
            await noSidewaysScroll(manager);
            await accessible(manager);
            await picture(manager, `analysis-${where}-${name}`);
        }
        calm(manager);
    }
});

test('the keeper sees them too, and of documents his own; that nothing is in store is said in words', async () => {
    const keeper = await analysis('keeper');
    await drawn(keeper, 'expiry');
    await keeper.go('/reports/analysis/lots?expiry=30&age=older');
    await keeper.at('list-empty').waitFor();
    await accessible(keeper);
    await keeper.go('/reports/analysis/decisions');
    await keeper.page.getByText('只列出本人提交的单据').waitFor();
    await accessible(keeper);
    calm(keeper);
});
