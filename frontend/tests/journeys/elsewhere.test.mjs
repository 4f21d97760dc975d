/**
 * A page whose build was told where the service is (VITE_API_BASE_URL) and what the system is called (VITE_APP_TITLE), served from
 * another origin: everything is asked there, nothing here.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { calm, DESK, PASSWORD, Site } from './steps.mjs';

const TITLE = 'Acme & Söhne {物料} @ <2026>';
const FRONTEND = fileURLToPath(new URL('../..', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POINT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let site, server, origin, folder;

before(async () => {
    site = await Site.open();
    folder = path.join(site.folder, 'page');
    const built = spawnSync('npx', ['vite', 'build', '--logLevel', 'warn', '--outDir', folder, '--emptyOutDir'], {
        cwd: FRONTEND, encoding: 'utf8', env: { ...process.env, VITE_API_BASE_URL: `${site.base}/api/`, VITE_APP_TITLE: TITLE },
    });
    assert.equal(built.status, 0, built.stderr);
    server = createServer(async (request, response) => {
        const { pathname } = new URL(request.url, 'http://page');
        const name = path.extname(pathname) ? pathname : '/index.html';
        const headers = { 'Content-Type': TYPES[path.extname(name)] ?? 'application/octet-stream' };
        if (name === '/index.html') headers['Content-Security-Policy'] = `default-src 'self'; style-src 'self'; img-src 'self' data: blob: ${site.base}; connect-src 'self' ${site.base}; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'`;
        const file = await readFile(path.join(folder, name)).catch(() => null);
        response.writeHead(file ? 200 : 404, headers).end(file ?? '');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${server.address().port}`;
    await site.stop();
    site.settings = { CORS_ORIGIN: origin };
    await site.start();
});
after(async () => {
    server?.closeAllConnections();
    server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
    await site?.close();
});

test('sign-in, lists, the stream, downloads and portraits are asked of the service', async () => {
    assert.match(await (await fetch(origin)).text(), /<title>Acme &amp; Söhne {物料} @ &lt;2026&gt;<\/title>/, 'before any program has run');
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    const who = { page, faults: [], at: (hook) => page.getByTestId(hook) };
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && who.faults.push(message.text()));
    page.on('pageerror', (error) => who.faults.push(String(error)));
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${origin}/login`);
    await page.getByRole('heading', { name: TITLE }).waitFor();
    assert.equal(await page.title(), `登录 · ${TITLE}`);
    const stream = page.waitForResponse((answer) => answer.url() === `${site.base}/api/notifications/stream`);
    await who.at('login-username').fill('admin');
    await who.at('login-password').fill(PASSWORD);
    await who.at('login-submit').click();
    await who.at('list-total').waitFor();
    await page.getByText(TITLE).first().waitFor();
    assert.equal((await stream).status(), 200);
    const before = await who.at('bell-count').innerText().catch(() => '');
    await site.api('admin', 'POST', '/notifications', { type: 'announcement', title: '来自别处', content: '看得到' });
    await page.waitForFunction((text) => document.querySelector('[data-testid="bell-count"]')?.innerText !== text, before);

    await who.at('export-menu').click();
    const [file] = await Promise.all([page.waitForEvent('download'), who.at('export-csv').click()]);
    assert.match(file.suggestedFilename(), /\.csv$/, 'the name that the service gives');

    const { accessToken } = await site.login('admin');
    const form = new FormData();
    form.append('avatar', new Blob([POINT], { type: 'image/png' }), 'a.png');
    const sent = await fetch(`${site.base}/api/profile/avatar`, { method: 'POST', body: form, headers: { Authorization: `Bearer ${accessToken}` } });
    assert.equal(sent.status, 200, await sent.text());
    await page.goto(`${origin}/profile`);
    await who.at('avatar-shown').waitFor();
    await page.waitForFunction(() => document.querySelector('[data-testid="avatar-shown"]').naturalWidth > 0);
    assert.match(await who.at('avatar-shown').getAttribute('src'), new RegExp(`^${site.base}/uploads/`));

    const service = asked.filter((address) => /\/(?:api|uploads)\//.test(address));
    assert.ok(service.length > 8, service.join('\n'));
    assert.deepEqual(service.filter((address) => !address.startsWith(`${site.base}/`)), [], 'nothing of the service is asked of the page');
    calm(who);
});

test('a service that is away is looked for where it is', async () => {
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    await page.goto(`${origin}/login`);
    await page.getByTestId('login-username').fill('admin');
    await page.getByTestId('login-password').fill(PASSWORD);
    await site.stop();
    const probe = page.waitForRequest(`${site.base}/api/health`);
    await page.getByTestId('login-submit').click();
    await page.getByTestId('server-away').waitFor();
    await probe;
    await site.start();
    await page.getByTestId('server-away').waitFor({ state: 'detached' });
});
