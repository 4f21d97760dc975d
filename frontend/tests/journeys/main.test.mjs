/**
 * The main job in a real browser: an administrator makes a material and a receipt, a manager approves it, the stock card shows
 * it, and an issue of more than there is is refused with the right words.
 * MMS_BINARY: the program; WEB_DIR: the built page; CHROMIUM: the browser (default /usr/bin/chromium).
 * SCREENSHOTS=FOLDER: also takes the pictures of the documentation there.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';

const PASSWORD = 'First-pass1';
const NEW_PASSWORD = 'Second-pass2';
const folder = mkdtempSync(path.join(os.tmpdir(), 'mms-journey-'));
let server, base, browser;

function environment(mode) {
    return {
        PATH: process.env.PATH,
        PORT: '0',
        HOST: '127.0.0.1',
        NODE_ENV: mode,
        DB_PATH: path.join(folder, 'mms.db'),
        UPLOAD_DIR: folder,
        WEB_DIR: process.env.WEB_DIR,
        JWT_SECRET: 'journey-0123456789-abcdefghij-KLMNOP',
        ADMIN_INITIAL_PASSWORD: PASSWORD,
    };
}

before(async () => {
    const demo = spawnSync(process.env.MMS_BINARY, ['demo'], { env: environment('test'), encoding: 'utf8' });
    assert.equal(demo.status, 0, demo.stderr);
    server = spawn(process.env.MMS_BINARY, ['serve'], { env: environment('test') });
    const port = await new Promise((resolve, reject) => {
        let text = '';
        server.on('exit', (code) => reject(new Error(`the program ended with ${code}\n${text}`)));
        server.stderr.on('data', (bytes) => (text += bytes));
        server.stdout.on('data', (bytes) => {
            text += bytes;
            const found = /"event":"server.started","port":(\d+)/.exec(text);
            if (found) resolve(found[1]);
        });
    });
    base = `http://127.0.0.1:${port}`;
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
});

after(async () => {
    await browser?.close();
    if (server && server.exitCode === null) {
        const ended = new Promise((resolve) => server.once('exit', resolve));
        server.kill('SIGTERM');
        assert.equal(await ended, 0, 'a graceful end');
    }
    rmSync(folder, { recursive: true, force: true });
});

/** A person at a browser of his own; every breach of the content policy and every script error is a failure. */
async function person(name, size = { width: 1440, height: 900 }) {
    const context = await browser.newContext({ viewport: size, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => /Content Security Policy/i.test(message.text()) && faults.push(message.text()));
    const at = (hook) => page.getByTestId(hook);
    await page.goto(base);
    await at('login-username').fill(name);
    await at('login-password').fill(PASSWORD);
    await at('login-submit').click();
    await at('current-password').fill(PASSWORD);
    await at('new-password').fill(NEW_PASSWORD);
    await at('new-password-repeat').fill(NEW_PASSWORD);
    await at('new-password-submit').click();
    await at('menu-materials').waitFor({ state: 'attached' });
    return { page, at, faults };
}

/** The administrator once more, when he has chosen his password. */
async function administrator(screen) {
    const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...screen });
    const page = await context.newPage();
    const at = (hook) => page.getByTestId(hook);
    page.setDefaultTimeout(20_000);
    await page.goto(base);
    await at('login-username').fill('admin');
    await at('login-password').fill(NEW_PASSWORD);
    await at('login-submit').click();
    await at('list-total').first().waitFor();
    return { page, at };
}

async function picture(who, name) {
    if (!process.env.SCREENSHOTS) return;
    await who.page.waitForTimeout(600);
    await who.page.screenshot({ path: path.join(process.env.SCREENSHOTS, `${name}.png`) });
}

async function chooseMaterial(who, line, code) {
    await who.at(`line-material-${line}`).click();
    await who.at(`line-material-${line}`).fill(code);
    await who.page.locator('[data-testid^="material-option-"]', { hasText: code }).first().click();
}

test('a material is made, received, approved by another person, shown on its card, and cannot be overdrawn', async () => {
    const admin = await person('admin');
    await admin.at('material-new').click();
    await admin.at('material-form-materialCode').fill('JOURNEY-01');
    await admin.at('material-form-materialName').fill('旅程催化剂');
    await admin.at('material-form-unit').click();
    await admin.page.keyboard.type('kg');
    await admin.page.keyboard.press('Enter');
    await admin.at('material-save').click();
    await admin.at('material-stock').waitFor();
    await admin.page.goto(`${base}/materials`);
    await admin.at('list-total').waitFor();
    await picture(admin, 'materials');

    await admin.page.goto(`${base}/documents`);
    await admin.at('document-new-in').click();
    await chooseMaterial(admin, 0, 'JOURNEY-01');
    await admin.at('line-quantity-0').fill('12.5');
    await admin.at('line-price-0').fill('3.2');
    await picture(admin, 'receipt');
    await admin.at('document-submit').click();
    await admin.at('toast-good').first().waitFor();

    const manager = await person('manager');
    await manager.at('menu-approval').click();
    const row = manager.page.locator('[data-testid^="approval-row-"]', { hasText: '旅程催化剂' });
    await row.click();
    await manager.at('approval-document').getByText('JOURNEY-01').first().waitFor();
    await picture(manager, 'approval');
    await manager.at('approval-approve').click();
    await row.waitFor({ state: 'detached' });

    await admin.page.goto(`${base}/materials`);
    await admin.at('material-keyword').fill('JOURNEY-01');
    await admin.at('material-search').click();
    await admin.page.locator('[data-testid^="material-row-"]', { hasText: 'JOURNEY-01' }).first().click();
    await admin.at('material-stock').getByText('12.5').waitFor();
    await picture(admin, 'material');
    await admin.at('stock-card-link').click();
    const card = admin.at('stock-card-row').first();
    await card.waitFor();
    assert.match(await card.innerText(), /\+\s*12\.5/);
    await picture(admin, 'stock-card');

    await admin.page.goto(`${base}/documents`);
    await admin.at('document-new-out').click();
    await chooseMaterial(admin, 0, 'JOURNEY-01');
    await admin.at('line-quantity-0').fill('12.501');
    await admin.at('document-submit').click();
    await admin.page.getByText('库存不足,当前库存:12.5').first().waitFor();
    assert.deepEqual([...admin.faults, ...manager.faults], []);
});

test('the overview counts, and the log says who changed what', async () => {
    const admin = await administrator({ viewport: { width: 1440, height: 900 } });
    await admin.page.goto(`${base}/overview`);
    await admin.at('tile-materials').getByText(/^\d+$/).waitFor();
    assert.match(await admin.at('tile-value').innerText(), /¥ [\d,]+\.\d\d/);
    for (const [row, text] of [['category', /化学物料\s*\d+ 种\s*¥ [\d,]+\.\d\d · \d+\.\d %/], ['most', /\d+ 次 · 入 [\d,.]+ · 出 [\d,.]+/], ['pending', /\d{4}-\d\d-\d\d/]]) {
        await admin.at(`overview-${row}`).first().waitFor();
        assert.match(await admin.at(`overview-${row}`).first().innerText(), text);
    }
    await picture(admin, 'overview');
    await admin.page.goto(`${base}/logs?module=materials`);
    const entry = admin.page.locator('[data-testid^="log-row-"]').first();
    await entry.waitFor();
    assert.match(await entry.innerText(), /创建物料|更新物料/);
    await picture(admin, 'logs');
});

test('on a phone nothing scrolls sideways', async () => {
    const { page } = await administrator({ viewport: { width: 390, height: 844 }, hasTouch: true });
    for (const where of ['materials', 'documents', 'approval', 'overview', 'logs']) {
        await page.goto(`${base}/${where}`);
        await page.locator('[data-testid="list-total"], [data-testid^="approval-row-"], [data-testid="tile-materials"]').first().waitFor();
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 390, `${where}: ${width} px wide`);
        await picture({ page }, `phone-${where}`);
    }
});
