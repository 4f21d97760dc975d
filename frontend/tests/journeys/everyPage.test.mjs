/**
 * Every page of the router, in both themes and at both widths: no violation of axe, no sideways scroll, a title of its own, nothing in the
 * console. The routes are asked of the running page: a new one is here without being named; one with a parameter has to say below what
 * to open.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

/** For whom there is nothing here: who is signed in is led on. */
const SIGNED_OUT = ['login'];
let site, params;

before(async () => {
    site = await Site.open();
    const first = async (where) => (await site.api('admin', 'GET', where)).list[0].id;
    const made = await site.api('admin', 'POST', '/stocktaking', { taskName: '全部页面', scope: 'category', category: 'metal', isBlind: false });
    await site.api('admin', 'PUT', `/stocktaking/${made.id}/start`);
    const form = new FormData();
    form.append('file', new Blob(['编码,名称,单位,类别\nEVERY-1,每一页,kg,chemical\n'], { type: 'text/csv' }), 'every.csv');
    const sent = await fetch(`${site.base}/api/imports?kind=materials`, { method: 'POST', body: form, headers: { Authorization: `Bearer ${(await site.login('admin')).accessToken}` } });
    const { data: imported } = await sent.json();
    const [material, document] = [await first('/materials'), await first('/inventory')];
    /** Name of the route → its parameters, and what its address needs besides. */
    params = {
        'material': { id: material }, 'stock-card': { id: material }, 'document': { id: document }, 'print-document': { id: document },
        'count-task': { id: made.id }, 'count-phone': { id: made.id }, 'print-count': { id: made.id, query: '?kind=book' },
        'import': { id: imported.id },
        'print-labels': { query: `?ids=${material}` },
        'admin-table': { name: 'materials' }, 'not-permitted': { query: '?permission=database.read' }, 'not-found': { path: 'no/such/page' },
    };
});
after(() => site?.close());

/** The routes as the page has them: name, pattern, and whether it is a page at all. */
async function routesOf(who) {
    await who.go('/overview');
    await who.at('menu-toggle').waitFor();
    return who.page.evaluate(() => document.querySelector('#app').__vue_app__.config.globalProperties.$router.getRoutes()
        .filter(({ name, redirect }) => name && !redirect).map(({ name, path, meta }) => ({ name, path, title: meta.title })));
}

function addressOf({ name, path }) {
    const { query = '', ...given } = params[name] ?? {};
    const filled = path.replace(/:(\w+)(\([^)]*\)+)?[*?+]?/g, (_, key) => {
        assert.ok(given[key] !== undefined, `everyPage.test.mjs has to say which ${key} to open for the route ${name}`);
        return given[key];
    });
    return filled + query;
}

/** What the page has asked and not heard; not the stream of events, which never ends. */
function underWay(page) {
    const open = new Set();
    page.on('request', (one) => !one.url().endsWith('/stream') && open.add(one));
    for (const event of ['requestfinished', 'requestfailed']) page.on(event, (one) => open.delete(one));
    return open;
}

/** Until nothing more is asked for a while, however slowly the answers come, and nothing shows that it is loading. */
async function settled(who, open) {
    await who.page.waitForLoadState('load');
    await who.page.waitForFunction(() => / · /.test(document.title) && !document.querySelector('[aria-busy="true"], .skeleton'));
    for (let quiet = 0, waits = 0; quiet < 4; quiet = open.size ? 0 : quiet + 1) {
        assert.ok((waits += 1) < 300, `no answer to ${[...open].map((one) => one.url()).join()}`);
        await who.page.waitForTimeout(100);
    }
}

/** What moves has arrived: half-way colours are no colours. */
const still = (who) => who.page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));

for (const [size, screen] of [['desk', DESK], ['phone', PHONE]])
    test(`every page, ${size}, light and dark`, async () => {
        const who = await site.person('admin', screen), open = underWay(who.page);
        const routes = (await routesOf(who)).filter(({ name }) => !SIGNED_OUT.includes(name));
        assert.ok(routes.length >= 25, `${routes.length} routes`);
        const told = [];
        for (const route of routes) {
            const where = addressOf(route);
            const check = async (what) => { try { await what(); } catch (fault) { told.push(`${route.name}: ${fault.message}`); } };
            who.faults.length = 0;
            await who.page.emulateMedia({ colorScheme: 'light' });
            await check(async () => {
                open.clear();
                await who.go(where);
                await settled(who, open);
                const title = await who.page.title();
                assert.match(title, /^\S.* · /, `${where} is titled “${title}”`);
            });
            await check(() => noSidewaysScroll(who));
            for (const colorScheme of ['light', 'dark']) {
                await who.page.emulateMedia({ colorScheme });
                await who.page.waitForFunction((dark) => document.documentElement.classList.contains('dark') === dark, colorScheme === 'dark');
                await still(who);
                await check(() => accessible(who, colorScheme === 'dark'));
                await picture(who, `every-${size}-${colorScheme}-${route.name}`);
            }
            await check(() => assert.equal(who.faults.length, 0, who.faults.join('\n')));
        }
        assert.equal(told.length, 0, told.join('\n\n'));
    });

test('the page before the sign-in, likewise', async () => {
    for (const screen of [DESK, PHONE])
        for (const colorScheme of ['light', 'dark']) {
            const context = await site.browser.newContext({ locale: 'zh-CN', ...screen, colorScheme });
            const page = await context.newPage();
            const faults = [];
            page.on('console', (message) => ['error', 'warning'].includes(message.type()) && faults.push(message.text()));
            page.on('pageerror', (error) => faults.push(String(error)));
            await page.goto(`${site.base}/login`);
            await page.getByTestId('login-username').waitFor();
            assert.match(await page.title(), /^登录 · /);
            await noSidewaysScroll({ page });
            await accessible({ page });
            assert.deepEqual(faults, []);
            await context.close();
        }
});
