/**
 * The longest texts that the service takes, everywhere that a person can write: unbroken letters and characters, from right to left, emoji,
 * markup. Every page is visited with them, at both widths: nothing scrolls sideways, no text leaves its box, what is cut is told in full
 * somewhere, and markup is text. Paper has a size of its own: printing.test.mjs looks at it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESK, PHONE, picture, Site } from './steps.mjs';

/** `n` characters as the service counts them: code points. */
const repeated = (text) => (n) => [...text.repeat(n)].slice(0, n).join('');
const KINDS = {
    letters: repeated('W'), characters: repeated('氢'), arabic: repeated('هيدروجين'), emoji: repeated('👩‍🔬'),
    markup: (n) => [...`<img/src=x/onerror=window.hurt=1><b>${'M'.repeat(n)}`].slice(0, n).join(''),
};
/** For whom there is nothing here: who is signed in is led on. */
const SIGNED_OUT = ['login'];
let site, made, params;

/** One of everything, with the longest texts of a kind. */
async function make(who, kind, long, i) {
    const material = await site.api(who.admin, 'POST', '/materials', {
        materialCode: `LONG-${i}-${'Y'.repeat(43)}`, materialName: long(100), nameEn: long(200), subcategory: long(50), unit: long(20), category: i % 2 ? 'metal' : 'chemical',
        location: long(200), description: long(500), storageClass: long(50), controlFlags: long(100), metalGrade: long(100), standard: long(100),
        storageCondition: long(300), certRequired: long(200), note: long(500), minStock: 999999999, maxStock: 9999999999,
    });
    const line = { materialId: material.id, quantity: 9999999.999, unitPrice: 9999.999999, lotNo: long(50), expiresOn: '2030-01-01', remark: long(500) };
    const hand = (transactionType, more) => site.api(who.keeper, 'POST', '/inventory', { transactionType, remark: long(500), lines: [{ ...line, ...more }] });
    const taken = await hand('in'), refused = await hand('in'), waiting = await hand('in');
    await site.api(who.admin, 'PUT', `/inventory/${taken.id}/approve`, { action: 'approve', remark: long(500) });
    await site.api(who.admin, 'PUT', `/inventory/${refused.id}/approve`, { action: 'reject', remark: long(500) });
    await site.api(who.admin, 'POST', '/users', { username: `${'u'.repeat(48)}-${i}`, password: 'Long-pass1', role: 'regular_user', realName: long(50), email: `${'e'.repeat(58)}@${'d'.repeat(30)}-${i}.example` });
    await site.api(who.admin, 'POST', '/notifications', { type: 'announcement', title: long(100), content: long(1000) });
    await site.api(who.admin, 'POST', '/profile/tokens', { name: long(100), scopes: 'material.read', expiresInDays: 7 });
    await site.api(who.admin, 'POST', '/locations', { code: `PLACE-${i}-${'Z'.repeat(42)}`, nameZh: long(100), nameEn: long(100) });
    await site.api(who.admin, 'POST', '/views', { list: 'materials', name: long(60), state: '{}', sharedWith: 'nobody' });
    await site.api(who.admin, 'POST', '/drafts', { kind: 'in', title: long(100), content: JSON.stringify({ purpose: 'purchase', remark: long(500), lines: [{ materialId: material.id, code: '', name: long(100), unit: long(20), quantity: '1', price: '', lotNo: long(50), expiresOn: '', remark: long(500) }], submitKey: '' }) });
    const count = await site.api(who.admin, 'POST', '/stocktaking', { taskName: long(100), scope: 'category', category: i % 2 ? 'metal' : 'chemical', isBlind: false, remark: long(500) });
    if (i < 2) {
        await site.api(who.admin, 'PUT', `/stocktaking/${count.id}/start`);
        const { items } = await site.api(who.admin, 'GET', `/stocktaking/${count.id}`);
        for (const one of [items[0], items.find(({ material_id: of }) => of === material.id)])
            await site.api(who.admin, 'PUT', `/stocktaking/${count.id}/items/${one.id}`, { actualStock: 1, reason: long(200), remark: long(500) });
    }
    const form = new FormData();
    form.append('file', new Blob([`编码,名称,单位,类别,描述\nX-${i},${long(90)},kg,chemical,${long(400)}\nX-${i},${long(300)},${long(60)},${long(80)},\n`], { type: 'text/csv' }), `${long(120).replace(/[<>/]/g, '_')}.csv`);
    const sent = await fetch(`${site.base}/api/imports?kind=materials`, { method: 'POST', body: form, headers: { Authorization: `Bearer ${who.admin.accessToken}` } });
    const { data: imported, message } = await sent.json();
    assert.ok(sent.ok, message);
    await site.api(who.admin, 'POST', `/imports/${imported.id}/check`).catch(() => undefined);
    return { kind, material: material.id, document: taken.id, waiting: waiting.id, count: count.id, imported: imported.id };
}

before(async () => {
    site = await Site.open();
    const who = { admin: await site.login('admin'), keeper: await site.login('keeper') };
    made = [];
    for (const [i, [kind, long]] of Object.entries(KINDS).entries()) made.push(await make(who, kind, long, i));
    await site.api(who.admin, 'PUT', '/profile/me', { realName: KINDS.letters(50), email: '' });
    const [{ material, document, count, imported }] = made;
    params = {
        'material': { id: material }, 'stock-card': { id: material }, 'document': { id: document }, 'print-document': { id: document },
        'count-task': { id: count }, 'count-phone': { id: count }, 'print-count': { id: count, query: '?kind=book' }, 'import': { id: imported },
        'print-labels': { query: `?ids=${made.map((one) => one.material).join()}` }, 'approval': { query: `?id=${made[0].waiting}` },
        'admin-table': { name: 'materials' }, 'not-permitted': { query: '?permission=database.read' }, 'not-found': { path: `${'no'.repeat(200)}` },
    };
});
after(() => site?.close());

async function addressesOf(who) {
    await who.go('/overview');
    await who.at('menu-toggle').waitFor();
    const routes = await who.page.evaluate(() => document.querySelector('#app').__vue_app__.config.globalProperties.$router.getRoutes()
        .filter(({ name, redirect }) => name && !redirect).map(({ name, path }) => ({ name, path })));
    const pages = routes.filter(({ name }) => !SIGNED_OUT.includes(name)).map(({ name, path }) => {
        const { query = '', ...given } = params[name] ?? {};
        return path.replace(/:(\w+)(\([^)]*\)+)?[*?+]?/g, (_, key) => given[key] ?? assert.fail(`longTexts.test.mjs has to say which ${key} to open for ${name}`)) + query;
    });
    return [...pages, ...made.slice(1).flatMap(({ material, document, waiting }) => [`/materials/${material}`, `/documents/${document}`, `/approval?id=${waiting}`])];
}

/** Until nothing shows that it is loading. */
async function settled(who) {
    await who.page.waitForLoadState('load');
    await who.page.waitForFunction(() => document.querySelector('#app')?.childElementCount && !document.querySelector('[aria-busy="true"], .skeleton'));
    await who.page.waitForTimeout(350);
    await who.page.waitForFunction(() => !document.querySelector('[aria-busy="true"], .skeleton'));
}

/** What is wrong with the page as it stands, in words. */
const faultsOf = (who) => who.page.evaluate(() => {
    const told = new Set();
    const name = (element) => `${element.tagName.toLowerCase()}${element.className && typeof element.className === 'string' ? `.${element.className.trim().split(/\s+/).join('.')}` : ''}`;
    const way = (element) => [element.parentElement?.parentElement, element.parentElement, element].filter(Boolean).map(name).join(' > ');
    const [is, has] = [document.documentElement.scrollWidth, window.innerWidth];
    if (is > has) told.add(`${is} px wide on a screen of ${has}`);
    if (window.hurt || document.querySelector('img[src="x"]')) told.add('markup is no text here');
    const walker = document.createTreeWalker(document.querySelector('#app').parentElement, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const of = node.parentElement;
        if (!node.data.trim() || !of || of.closest('script, style, .visually-hidden, .print-sheet, option, [hidden], svg, textarea') || !of.checkVisibility({ visibilityProperty: true })) continue;
        // Heads of tables whose rows are cards here are for those who listen.
        if ((of.closest('thead')?.getBoundingClientRect().width ?? 99) <= 1) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        if (box.width === 0) continue;
        for (let one = of; one && one !== document.body; one = one.parentElement) {
            const style = getComputedStyle(one);
            const outer = one.getBoundingClientRect();
            const leaves = box.right > outer.right + 1.5 || box.left < outer.left - 1.5;
            if (style.overflowX !== 'visible') {
                if (!leaves || style.overflowX === 'auto' || style.overflowX === 'scroll') break;
                // Cut: told in full by its title, or by what opens from here.
                const text = node.data.trim().slice(0, 20);
                const titled = [...document.querySelectorAll('[title]')].some((found) => (found.contains(of) || of.contains(found)) && found.title.includes(text));
                if (!titled && !of.closest('a, button, [data-row], label, [role="combobox"], [role="option"], .el-select')) told.add(`cut and nowhere in full: ${way(of)} “${text}”`);
                break;
            }
            if (leaves && (/^(?:block|flex|grid|table-cell|list-item|flow-root)$/.test(style.display)) && one.matches('td, th, li, dd, .card, dialog, section, header, article')) {
                told.add(`leaves ${name(one)}: ${way(of)} “${node.data.trim().slice(0, 20)}”`);
                break;
            }
        }
    }
    return [...told];
});

for (const [size, screen] of [['desk', DESK], ['phone', PHONE]])
    test(`every page with the longest texts, ${size}`, async () => {
        const who = await site.person('admin', screen);
        const told = [];
        const look = async (what) => {
            await settled(who);
            told.push(...(await faultsOf(who)).map((fault) => `${what}: ${fault}`));
            told.push(...who.faults.splice(0).filter((fault) => !/404|net::ERR_ABORTED/.test(fault)).map((fault) => `${what}: ${fault}`));
            await picture(who, `long-${size}-${what.replace(/\W+/g, '-').slice(0, 60)}`);
        };
        for (const where of await addressesOf(who)) {
            await who.go(where);
            await look(where.slice(0, 60));
        }
        await who.go('/materials?keyword=LONG');
        await settled(who);
        await who.at('views-open').click();
        await look('the views of a list');
        await who.page.keyboard.press('Escape');
        await who.at('bell').click();
        await look('the bell');
        await who.page.keyboard.press('Escape');
        await who.at('palette-open').click();
        await who.at('palette-input').fill('LONG');
        await who.at('palette-word').or(who.page.locator('[data-testid^="palette-entry-material"]')).first().waitFor();
        await look('the palette');
        await who.page.keyboard.press('Escape');
        await who.go('/profile');
        await who.at('token-row').first().getByRole('button').click();
        await who.at('question').waitFor();
        await look('a question');
        assert.equal(told.length, 0, told.join('\n'));
    });
