/**
 * The gallery docs/screens: every page of a site with the demo data, on a desk in light and dark and on a phone, the most used ones in English
 * too, and an index of them.
 * scripts/gallery runs it. MMS_BINARY, WEB_DIR, CHROMIUM as the journeys have them; GALLERY: the folder. PNG here; the script packs them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { chooseMaterial, DESK, PHONE, Site } from './journeys/steps.mjs';

const folder = process.env.GALLERY;
const SCREENS = { desk: DESK, dark: { ...DESK, colorScheme: 'dark' }, phone: PHONE };
/** Of these also an English picture, on a desk and on a phone. */
const ENGLISH = ['overview', 'materials', 'document', 'receipt', 'approval', 'count-phone', 'analysis'];
const site = await Site.open();
site.program('backup', '--gzip');
const seen = await prepare();

/** What the demo has nothing of: a count, an import with faults, a document with several lines that waits. */
async function prepare() {
    const [materials, keeper, manager] = await Promise.all([
        site.api('manager', 'GET', '/materials?pageSize=50&sort=material_code'), site.login('keeper'), site.login('manager'),
    ]);
    const stocked = materials.list.filter((one) => Number(one.current_stock) > 5 && one.status === 'active');
    const { id: waiting } = await site.api(keeper, 'POST', '/inventory', {
        transactionType: 'out', purpose: 'production', remark: '电堆装配线 11 月第 4 周领用',
        lines: stocked.slice(0, 4).map((one, i) => ({ materialId: one.id, quantity: i + 1 })),
    });
    const { id: count } = await site.api(manager, 'POST', '/stocktaking', { taskName: '十一月底金属库盘点', scope: 'selection', materialIds: stocked.slice(0, 12).map(({ id }) => id), reasonPercent: 5 });
    await site.api(manager, 'PUT', `/stocktaking/${count}/start`);
    const { items } = await site.api(manager, 'GET', `/stocktaking/${count}`);
    for (const [i, item] of items.slice(0, 8).entries()) {
        const actualStock = i === 2 ? Number(item.book_stock) - 1 : i === 5 ? Number(item.book_stock) + 2 : item.book_stock;
        await site.api(manager, 'PUT', `/stocktaking/${count}/items/${item.id}`, { actualStock, version: item.version });
    }
    const byPlace = await prepareByPlace(manager, keeper, stocked.slice(12, 20));
    const form = new FormData();
    form.append('file', new Blob(['物料编码,物料名称,类别,单位,最低库存\r\nNEW-001,不锈钢双卡套接头,金属,个,20\r\nNEW-002,质子交换膜,化学,张,五\r\nNEW-003,,金属,个,10\r\nNEW-004,密封垫片,金属,片,100\r\n'], { type: 'text/csv' }), '新物料.csv');
    const sent = await fetch(`${site.base}/api/imports?kind=materials`, { method: 'POST', headers: { Authorization: `Bearer ${manager.accessToken}` }, body: form });
    const { data: { id: imported } } = await sent.json();
    await site.api(manager, 'POST', `/imports/${imported}/check`, {});
    return { stocked, waiting, count, byPlace, imported };
}

/** A count of several shelves, one of them done. */
async function prepareByPlace(manager, keeper, materials) {
    const shelves = [];
    for (const [code, nameZh] of [['A-01', '一号架'], ['A-02', '二号架'], ['C-01', '冷库']]) shelves.push(await site.api(manager, 'POST', '/locations', { code, nameZh }));
    const lines = materials.map((one, i) => ({ materialId: one.id, quantity: 10 + i, locationId: shelves[i % 3].id }));
    const { id: receipt } = await site.api(keeper, 'POST', '/inventory', { transactionType: 'in', lines });
    await site.api(manager, 'PUT', `/inventory/${receipt}/approve`, { action: 'approve' });
    const { id } = await site.api(manager, 'POST', '/stocktaking', { taskName: '十一月底货架盘点', scope: 'selection', materialIds: materials.map((one) => one.id), isBlind: true, byPlace: true });
    await site.api(manager, 'PUT', `/stocktaking/${id}/start`);
    const { items } = await site.api(manager, 'GET', `/stocktaking/${id}`);
    for (const item of items.filter((one) => one.location_code === 'A-01')) await site.api(manager, 'PUT', `/stocktaking/${id}/items/${item.id}`, { actualStock: 10 });
    return id;
}

const ready = (hook) => async (who) => { await who.at(hook).first().waitFor(); };
const drawn = async (who) => {
    await who.page.locator('[data-drawn="true"]').first().waitFor();
    await who.page.waitForTimeout(600);
};
/** Name, what it is, whose page it is, where, and what is done there before the picture. */
const PAGES = [
    ['overview', '概览', 'manager', '/overview', drawn],
    ['materials', '物料列表', 'manager', '/materials', ready('list-total')],
    ['material', '物料详情', 'manager', `/materials/${seen.stocked[0].id}`, ready('material-drawer')],
    ['stock-card', '物料流水', 'manager', `/materials/${seen.stocked[0].id}/moves`, ready('stock-card-row')],
    ['documents', '出入库单', 'manager', '/documents', ready('list-total')],
    ['document', '单据详情', 'manager', `/documents/${seen.waiting}`, ready('document-drawer')],
    ['receipt', '填写入库单', 'keeper', '/documents/new/in', async (who) => {
        await who.at('line-material-0').waitFor();
        for (const [line, one] of seen.stocked.slice(0, 3).entries()) {
            if (line) await who.at('line-add').click();
            await chooseMaterial(who, line, one.material_code);
            await who.at(`line-quantity-${line}`).fill(String(5 * (line + 1)));
            await who.at(`line-price-${line}`).fill('12.5');
        }
        await who.at('line-price-2').press('Tab');
    }],
    ['approval', '审批台', 'manager', '/approval', async (who) => {
        const row = who.at(`approval-row-${seen.waiting}`);
        await row.waitFor();
        await row.click();
        await who.at('approval-document').waitFor();
    }],
    ['counting', '盘点任务', 'manager', '/counting', ready(`count-row-${seen.count}`)],
    ['count', '盘点录入', 'manager', `/counting/${seen.count}`, ready('count-progress')],
    ['count-places', '手机盘点：选库位', 'manager', `/counting/${seen.byPlace}/count`, ready('count-places')],
    ['count-phone', '手机盘点', 'manager', `/counting/${seen.byPlace}/count`, async (who) => {
        await who.at('place-A-02').click();
        await who.at('count-keep').waitFor();
    }],
    ['analysis', '分析图', 'manager', '/reports/analysis', drawn],
    ['stock-ledger', '收发存', 'manager', '/reports/stock-ledger', ready('list-total')],
    ['stock-report', '库存快照', 'manager', '/reports/stock', ready('list-total')],
    ['most-moved', '出入频次', 'manager', '/reports/most-moved', async () => {}],
    ['slow-moving', '呆滞库存', 'manager', '/reports/slow-moving', async () => {}],
    ['notifications', '通知', 'manager', '/notifications', ready('notification-type')],
    ['announcement', '发布公告', 'admin', '/notifications', async (who) => {
        await who.at('announcement-new').click();
        await who.at('announcement-title').fill('周五下午盘点金属库');
        await who.at('announcement-content').fill('14:00 开始，期间照常出入库。请各班组带上手机。');
        await who.at('announcement-link').fill(`/counting/${seen.count}`);
    }],
    ['columns', '列设置', 'manager', '/materials', async (who) => {
        await who.at('list-total').waitFor();
        await who.at('columns-open').click();
        await who.at('columns-dialog').waitFor();
    }, ['desk', 'dark']],
    ['palette', '搜索', 'manager', '/materials', async (who) => {
        await who.at('list-total').waitFor();
        await who.page.keyboard.press('Control+k');
        await who.at('palette-input').fill('qq');
        await who.at('palette-entry-material').first().waitFor();
    }],
    ['imports', '导入', 'manager', '/imports', ready('import-drop')],
    ['import', '导入的检查', 'manager', `/imports/${seen.imported}`, ready('import-step-check')],
    ['jobs', '任务', 'manager', '/jobs', async () => {}],
    ['users', '用户', 'admin', '/users', ready('list-total')],
    ['roles', '角色与权限', 'admin', '/roles', ready('rights')],
    ['logs', '操作日志', 'admin', '/logs', ready('list-total')],
    ['log-statistics', '日志统计', 'admin', '/logs/statistics', ready('statistics-days')],
    ['profile', '个人中心', 'manager', '/profile', ready('profile-save')],
    ['settings', '设置', 'admin', '/settings', ready('unit-row')],
    ['admin', '系统管理', 'admin', '/admin', ready('admin-info')],
    ['help', '帮助', 'manager', '/help', ready('help-find')],
    ['about', '关于', 'admin', '/about', ready('about-facts')],
    ['not-permitted', '没有权限', 'keeper', '/users', ready('not-permitted')],
    ['not-found', '找不到页面', 'manager', '/nowhere', ready('not-found')],
    ['print-document', '打印单据', 'manager', `/print/document/${seen.waiting}`, ready('print-sheet')],
    ['print-labels', '打印标签', 'manager', `/print/labels?ids=${seen.stocked.slice(0, 6).map(({ id }) => id).join(',')}&size=60x40`, ready('print-label')],
];

async function take(who, screen, name) {
    await who.page.waitForTimeout(900); // what moves has come to rest
    await who.page.screenshot({ path: path.join(folder, `${name}-${screen}.png`) });
}

const screensOf = ([, , , , , screens]) => screens ?? Object.keys(SCREENS);

/** What was typed for the picture before is not there in the next. */
async function forgetDrafts(person) {
    const session = await site.login(person);
    for (const { id } of await site.api(session, 'GET', '/drafts')) await site.api(session, 'DELETE', `/drafts/${id}`);
}

async function takeAll(screen, pages, language) {
    const people = {};
    for (const page of pages.filter((one) => screensOf(one).includes(screen))) {
        const [name, title, person, where, act] = page;
        if (name === 'receipt') await forgetDrafts(person);
        const who = people[person] ??= await site.person(person, SCREENS[screen]);
        if (language) await who.context.addInitScript((wanted) => localStorage.setItem('mms.language', wanted), language);
        await who.go(where);
        await act(who).catch((why) => { throw new Error(`${title} (${name}, ${screen}): ${why.message}`); });
        await take(who, language ? `${screen}-${language}` : screen, name);
    }
    for (const { context } of Object.values(people)) await context.close();
}

const shown = (page, screens, language = '') => screens.map((screen) => (screensOf(page).includes(screen) ? `![${page[1]}](${page[0]}-${screen}${language}.webp)` : '')).join(' | ');
const index = () => ['# 画面 / Screens', '', '由 `scripts/gallery` 从演示数据生成；常用页面另有英文画面，见文末。Made by `scripts/gallery` from the demo data; the most used pages [in English](#in-english) at the end.', '',
    '| 页面 | 浅色 | 深色 | 手机 |', '|---|---|---|---|',
    ...[['login', '登录'], ...PAGES].map((page) => `| ${page[1]} | ${shown(page, Object.keys(SCREENS))} |`), '',
    '## In English', '', '| | Desk | Phone |', '|---|---|---|',
    ...PAGES.filter(([name]) => ENGLISH.includes(name)).map((page) => `| ${page[0]} | ${shown(page, ['desk', 'phone'], '-en')} |`), ''].join('\n');

try {
    mkdirSync(folder, { recursive: true });
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK }), page = await context.newPage();
    for (const [screen, options] of Object.entries(SCREENS)) {
        await page.setViewportSize(options.viewport);
        await page.emulateMedia({ colorScheme: options.colorScheme ?? 'light' });
        await page.goto(`${site.base}/login`);
        await page.getByTestId('login-username').waitFor();
        await take({ page }, screen, 'login');
    }
    for (const screen of Object.keys(SCREENS)) await takeAll(screen, PAGES);
    for (const screen of ['desk', 'phone']) await takeAll(screen, PAGES.filter(([name]) => ENGLISH.includes(name)), 'en');
    writeFileSync(path.join(folder, 'README.md'), index());
} finally {
    await site.close();
}
