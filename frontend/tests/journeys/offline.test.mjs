/** The counting page without a network: closed and opened again on the device, a newer build, and where nothing has been visited. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, calm, PHONE, picture, Site } from './steps.mjs';

const AWAY = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|Failed to fetch/;
let site, materials;
before(async () => {
    site = await Site.open();
    ({ list: materials } = await site.api('admin', 'GET', '/materials?pageSize=3&sort=material_code&category=chemical'));
});
after(() => site?.close());

async function task(name) {
    const { id } = await site.api('manager', 'POST', '/stocktaking', { taskName: name, scope: 'selection', materialIds: materials.map(({ id: one }) => one), isBlind: true });
    await site.api('manager', 'PUT', `/stocktaking/${id}/start`, {});
    return id;
}

async function typed(page, digits) {
    for (const digit of digits) await page.getByTestId(`key-${digit}`).click();
    await page.getByTestId('count-keep').click();
}
const waiting = (page, n) => page.locator(`[data-testid="count-waiting"][data-waiting="${n}"]`).waitFor();
/** What is kept on the device, by the name of its build. */
const kept = (page) => page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('mms-page-')));

/** At the counting page of a task, and everything that it needs is on the device. */
async function counter(id, screen = PHONE) {
    const who = await site.person('manager', screen);
    await who.go(`/counting/${id}/count`);
    await who.at('count-now').waitFor();
    await who.page.evaluate(() => navigator.serviceWorker.ready);
    return who;
}

test('closed and opened again without a network, and the server anew: each count arrives once', async () => {
    const id = await task('冷库断网盘点');
    const manager = await counter(id);
    const { context } = manager;
    await site.stop(); // nobody answers, whatever the browser thinks of its network
    await context.setOffline(true);
    await typed(manager.page, '12');
    await typed(manager.page, ['3', '.', '5']);
    await waiting(manager.page, 2);
    await manager.page.close();

    const again = await context.newPage();
    const faults = [];
    again.on('pageerror', (fault) => faults.push(String(fault)));
    again.on('console', (said) => ['error', 'warning'].includes(said.type()) && faults.push(said.text()));
    await again.goto(`${site.base}/counting/${id}/count`);
    await waiting(again, 2);
    await again.getByTestId('count-tab-counted').getByText('2').waitFor();
    await typed(again, '7');
    await waiting(again, 3);
    await again.getByTestId('count-all-done').waitFor();
    await accessible({ page: again });
    await picture({ page: again }, 'counting-offline-again');
    await again.reload();
    await waiting(again, 3);

    await site.start();
    await context.setOffline(false);
    await waiting(again, 0);
    const { items } = await site.api('admin', 'GET', `/stocktaking/${id}`);
    const entries = await Promise.all(items.map(({ id: item }) => site.api('admin', 'GET', `/stocktaking/${id}/items/${item}/entries`)));
    assert.deepEqual(entries.flat().map(({ actual_stock: one }) => one).sort((a, b) => a - b), [3.5, 7, 12]);
    calm({ faults }, AWAY);
});

test('two tabs of one phone send each count once', async () => {
    const id = await task('双页盘点');
    const manager = await counter(id);
    const second = await manager.context.newPage();
    await second.goto(`${site.base}/counting/${id}/count`);
    await second.getByTestId('count-now').waitFor();
    await manager.context.setOffline(true);
    await typed(manager.page, '5');
    await typed(manager.page, '6');
    await waiting(manager.page, 2);
    await manager.context.setOffline(false);
    await waiting(manager.page, 0);
    await waiting(second, 0);
    const { items } = await site.api('admin', 'GET', `/stocktaking/${id}`);
    const entries = await Promise.all(items.map(({ id: item }) => site.api('admin', 'GET', `/stocktaking/${id}/items/${item}/entries`)));
    assert.deepEqual(entries.flat().map(({ actual_stock: one }) => one), [5, 6]);
});

test('another person on the device sends nothing of the first, whose counts stay', async () => {
    const id = await task('换人盘点');
    const manager = await counter(id);
    await manager.context.setOffline(true);
    await typed(manager.page, '5');
    await waiting(manager.page, 1);
    await manager.page.close();
    await manager.context.setOffline(false);
    const sessionOf = async (name) => JSON.stringify(await site.login(name));
    const page = await manager.context.newPage();
    const as = async (name) => {
        await page.goto(`${site.base}/icon.svg`); // the page's storage without the page
        await page.evaluate(([session]) => {
            sessionStorage.setItem('journey', 'signed in');
            localStorage.setItem('mms.session', session);
        }, [await sessionOf(name)]);
        await page.goto(`${site.base}/counting/${id}/count`);
        await page.getByTestId('count-now').or(page.getByTestId('count-all-done')).waitFor();
    };
    await as('admin');
    await page.waitForTimeout(1500);
    assert.equal((await site.api('admin', 'GET', `/stocktaking/${id}`)).completed_count, 0);
    await waiting(page, 0);
    await as('manager');
    await page.getByTestId('count-tab-counted').getByText('1').waitFor();
    await waiting(page, 0);
    const { items } = await site.api('admin', 'GET', `/stocktaking/${id}`);
    const { id: manager_id } = (await site.login('manager')).user;
    assert.deepEqual(items.filter(({ counted_by: by }) => by !== null).map(({ counted_by: by, actual_stock: one }) => [by, one]), [[manager_id, 5]]);
});

test('a scanner that types chooses the line; what is not in the task is said', async () => {
    const id = await task('扫码盘点');
    const manager = await counter(id, { ...PHONE, colorScheme: 'dark' });
    const scan = (code) => manager.page.evaluate((text) => {
        for (const key of [...text, 'Enter']) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }, code);
    const [, , third] = materials;
    await manager.at('count-shown').focus();
    await scan(third.material_code);
    await manager.at('count-now').getByText(third.material_name).waitFor();
    assert.equal(await manager.at('count-shown').inputValue(), '', 'the code is no quantity');
    await scan('NOT-IN-TASK-1');
    await manager.at('count-stranger').waitFor();
    await accessible(manager);
    await picture(manager, 'counting-stranger');
    await typed(manager.page, '9');
    await waiting(manager.page, 0);
    const { items } = await site.api('admin', 'GET', `/stocktaking/${id}`);
    assert.deepEqual(items.filter(({ actual_stock: one }) => one !== null).map(({ material_id: one, actual_stock: n }) => [one, n]), [[third.id, 9]]);
    calm(manager);
});

test('a newer build is there with the next visit, and is the one that is kept', async () => {
    const id = await task('升级盘点');
    const web = path.join(site.folder, 'web');
    cpSync(process.env.WEB_DIR, web, { recursive: true });
    const manager = await counter(id);
    const [before] = await kept(manager.page);

    // The same files under another title: what a build makes of a changed text.
    const html = readFileSync(path.join(web, 'index.html'), 'utf8').replace('</title>', '·新版</title>').replace('<title>', '<meta name="build" content="newer" /><title>');
    const worker = readFileSync(path.join(web, 'sw.js'), 'utf8')
        .replace(/"version":"\w+"/, '"version":"fedcba9876543210"').replace(/"sha256":"\w+"/, `"sha256":"${createHash('sha256').update(html).digest('hex')}"`);
    for (const [name, text] of [['index.html', html], ['sw.js', worker]]) {
        writeFileSync(path.join(web, name), text);
        for (const form of ['br', 'gz']) rmSync(path.join(web, `${name}.${form}`), { force: true });
    }
    await site.stop();
    site.settings = { WEB_DIR: web };
    await site.start();
    await manager.page.reload();
    await manager.at('count-now').waitFor();
    const build = () => manager.page.evaluate(() => document.querySelector('meta[name="build"]')?.content);
    assert.equal(await build(), 'newer', 'at once, not with the visit after');
    // The newer one has all of its files, and has taken over.
    const isIn = () => manager.page.evaluate(async () => {
        const { installing, waiting, active } = await navigator.serviceWorker.getRegistration();
        return !installing && !waiting && active.state === 'activated' && Boolean(await caches.match('/index.html', { cacheName: 'mms-page-fedcba9876543210' }));
    });
    const end = Date.now() + 20_000;
    while (!(await isIn())) {
        assert.ok(Date.now() < end, 'the newer build is kept');
        await manager.page.waitForTimeout(100);
    }
    assert.deepEqual(await kept(manager.page), [before, 'mms-page-fedcba9876543210'], 'the one before stays for pages that are open');
    await manager.context.setOffline(true);
    await manager.page.reload();
    await manager.at('count-now').waitFor();
    assert.equal(await build(), 'newer', 'without a network, too');
});

test('what nobody has visited is not kept', async () => {
    const manager = await site.person('manager', PHONE);
    await manager.go('/materials');
    await manager.at('list-total').waitFor();
    assert.equal(await manager.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
    calm(manager);
});
