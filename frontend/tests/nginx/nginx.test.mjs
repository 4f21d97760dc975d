/** frontend/nginx.conf in a real nginx, in front of a real service: what the page and its users need of it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { calm, DESK, PASSWORD, Site } from '../journeys/steps.mjs';

const FRONTEND = fileURLToPath(new URL('../..', import.meta.url));
const NGINX = process.env.NGINX ?? '/usr/sbin/nginx';
const MIB = 1024 * 1024;
let site, nginx, base, folder, told = '';

const freePort = () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

/** nginx.conf as the environment says, in a folder of the test. */
function configured(environment, name = 'default.conf') {
    const file = path.join(folder, name);
    copyFileSync(path.join(FRONTEND, 'nginx.conf'), file);
    const ran = spawnSync('sh', [path.join(FRONTEND, 'nginx-env.sh'), file], { env: { PATH: process.env.PATH, ...environment }, encoding: 'utf8' });
    return { ...ran, file, text: readFileSync(file, 'utf8') };
}

/** What stands around it on a machine of its own. */
function around(file) {
    const main = path.join(folder, 'nginx.conf');
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${folder}/${one};`).join(' ');
    // Root's nginx would give its files to another user, who may not look into this folder.
    const user = process.getuid() === 0 ? 'user root; ' : '';
    writeFileSync(main, `${user}daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr notice;\nevents {}\nhttp { include /etc/nginx/mime.types; default_type application/octet-stream; access_log off; sendfile on; ${places} include ${file}; }\n`);
    return main;
}

before(async () => {
    site = await Site.open();
    await site.stop();
    site.settings = { TRUSTED_PROXIES: '127.0.0.1' };
    await site.start();
    folder = path.join(site.folder, 'nginx');
    mkdirSync(folder);
    const port = await freePort();
    const { status, stderr, file } = configured({ MMS_UPSTREAM: `127.0.0.1:${site.port}`, MMS_LISTEN: `127.0.0.1:${port}`, MMS_ROOT: process.env.WEB_DIR });
    assert.equal(status, 0, stderr);
    nginx = spawn(NGINX, ['-p', folder, '-c', around(file)], { stdio: ['ignore', 'inherit', 'pipe'] });
    nginx.stderr.on('data', (bytes) => (told += bytes));
    base = `http://127.0.0.1:${port}`;
    for (let i = 0; ; i++) {
        assert.ok(nginx.exitCode === null && i < 100, told);
        if (await fetch(base).then(() => true, () => false)) break;
        await sleep(100);
    }
});
after(async () => {
    if (nginx && nginx.exitCode === null) {
        const ended = new Promise((resolve) => nginx.once('exit', resolve));
        nginx.kill('SIGTERM');
        await ended;
    }
    await site?.close();
});

const ask = (where, options) => fetch(base + where, options);
const bearer = async (name, more = {}) => ({ Authorization: `Bearer ${(await site.login(name)).accessToken}`, ...more });
const asset = (pattern) => `/assets/${readdirSync(path.join(process.env.WEB_DIR, 'assets')).find((name) => pattern.test(name))}`;

/** As it comes over the wire. */
const rawly = (where, headers = {}) => new Promise((resolve, reject) => {
    http.get(base + where, { headers }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    }).on('error', reject);
});

test('as it is in the repository, with the names of the containers, it is what nginx takes for well-formed', () => {
    // The name of the service is not known here: everything but that.
    const { file, status } = configured({ MMS_UPSTREAM: '127.0.0.1:3000' }, 'plain.conf');
    assert.equal(status, 0);
    const { text } = configured({}, 'untouched.conf');
    assert.equal(text, readFileSync(path.join(FRONTEND, 'nginx.conf'), 'utf8'), 'without an environment nothing is changed');
    assert.match(text, /^ {4}set \$mms_service backend:3000;$/m);
    assert.match(text, /^ {4}listen 80;$/m);
    assert.match(text, /^ {4}root \/usr\/share\/nginx\/html;$/m);
    const main = path.join(folder, 'check.conf');
    writeFileSync(main, readFileSync(path.join(folder, 'nginx.conf'), 'utf8').replace(/include [^;]*default\.conf;/, `include ${file};`).replace('/pid;', '/pid2;'));
    const checked = spawnSync(NGINX, ['-p', folder, '-t', '-c', main], { encoding: 'utf8' });
    assert.match(checked.stderr, /syntax is ok/, checked.stderr);
});

test('what the environment says goes in; what would be more than a value is refused', () => {
    const { text } = configured({ MMS_API_ORIGIN: 'https://api.example.com:8443', MMS_RESOLVER: '[fd00::53]', MMS_UPSTREAM: 'mms.internal:3001' }, 'other.conf');
    assert.match(text, /^ {4}resolver \[fd00::53\] valid=5s;$/m);
    assert.match(text, /^ {4}set \$mms_service mms\.internal:3001;$/m);
    assert.match(text, /img-src 'self' data: blob: https:\/\/api\.example\.com:8443; connect-src 'self' https:\/\/api\.example\.com:8443; object-src/);
    for (const [name, value] of [['MMS_UPSTREAM', 'a;b'], ['MMS_RESOLVER', '10.0.0.1 valid=1h'], ['MMS_LISTEN', '80 default'], ['MMS_ROOT', '/srv#x'], ['MMS_API_ORIGIN', 'https://a\nb'], ['MMS_API_ORIGIN', "https://a'"]]) {
        const { status, stderr, text: left } = configured({ [name]: value }, 'refused.conf');
        assert.equal(status, 64, `${name}=${value}`);
        assert.match(stderr, new RegExp(name));
        assert.equal(left, readFileSync(path.join(FRONTEND, 'nginx.conf'), 'utf8'));
    }
});

test('headers: what holds for ever, what is asked for each time, and the policies', async () => {
    for (const where of ['/', '/index.html', '/sw.js', '/icon.svg', '/materials/7/moves']) {
        const { status, headers } = await ask(where);
        assert.equal(status, 200, where);
        assert.equal(headers.get('cache-control'), 'no-cache', where);
    }
    for (const pattern of [/^app-.*\.js$/, /^app-.*\.css$/, /^first-.*\.js$/, /\.worker\.js$/, /\.wasm$/]) {
        const where = asset(pattern), { status, headers } = await ask(where);
        assert.equal(status, 200, where);
        assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable', where);
    }
    // As the service has them, word for word: the page is the same behind both.
    const same = ['content-security-policy', 'x-content-type-options', 'referrer-policy', 'x-frame-options', 'permissions-policy', 'cross-origin-opener-policy', 'content-type', 'cache-control'];
    for (const where of ['/', '/materials', asset(/\.worker\.js$/)]) {
        const here = await ask(where), there = await fetch(site.base + where);
        for (const name of same) {
            if (there.headers.get(name) === null) continue;
            assert.equal(here.headers.get(name)?.replace('application/javascript', 'text/javascript'), there.headers.get(name), `${name} of ${where}`);
        }
    }
    assert.match((await ask(asset(/\.worker\.js$/))).headers.get('content-security-policy'), /'wasm-unsafe-eval'/);
    assert.doesNotMatch((await ask('/')).headers.get('content-security-policy'), /unsafe/);
    assert.equal((await ask('/')).headers.get('server'), 'nginx');
});

test('files come compressed, and only once', async () => {
    const where = asset(/^app-.*\.js$/), packed = await rawly(where, { 'Accept-Encoding': 'gzip' });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.deepEqual(packed.body, readFileSync(path.join(process.env.WEB_DIR, `${where}.gz`)), 'the one that the build made');
    assert.match(packed.headers.vary, /Accept-Encoding/);
    assert.equal((await rawly(where)).headers['content-encoding'], undefined);
    const list = await rawly('/api/materials?pageSize=50', await bearer('admin', { 'Accept-Encoding': 'gzip' }));
    assert.equal(list.headers['content-encoding'], 'gzip');
    assert.deepEqual([list.body[0], list.body[1]], [0x1f, 0x8b]);
});

test('what is not there: paths of the page, files, and calls of the service', async () => {
    const page = await (await ask('/')).text();
    assert.equal(await (await ask('/no/such/place?x=1')).text(), page);
    assert.equal((await ask('/assets/gone-00000000.js')).status, 404);
    assert.equal((await ask('/assets/gone-00000000.js')).headers.get('cache-control'), null, 'a missing file is not missing for ever');
    assert.equal((await ask('/robots.txt')).status, 404);
    assert.equal((await ask('/metrics')).headers.get('content-type'), 'text/html; charset=utf-8', 'figures are for inside');
    for (const where of ['/api/unknown', '/api', '/uploads/avatars/none.png']) {
        const answer = await ask(where);
        assert.equal(answer.status, 404, where);
        assert.equal((await answer.json()).success, false, where);
        assert.equal(answer.headers.get('cache-control'), 'no-store', where);
    }
});

test('the service hears who asks, and numbers the request as nginx does', async () => {
    const answer = await ask('/api/health', { headers: { 'X-Request-Id': 'from-outside-1' } });
    assert.equal(answer.headers.get('x-request-id'), 'from-outside-1');
    assert.match((await ask('/api/health')).headers.get('x-request-id'), /^[0-9a-f]{32}$/);
    assert.match((await ask('/', { headers: { 'X-Request-Id': '"><script>' } })).headers.get('x-request-id'), /^[0-9a-f]{32}$/);
    // Here nginx and who asks it have the same address, which the service trusts: so it believes the next one.
    const signedIn = await ask('/api/auth/login', {
        method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.7' }, body: JSON.stringify({ username: 'manager', password: PASSWORD }),
    });
    const { data } = await signedIn.json();
    const sessions = await site.api(data, 'GET', '/profile/sessions');
    assert.equal(sessions.find(({ is_current }) => is_current).ip_address, '203.0.113.7');
});

test('an upload goes through up to the limit of the service, which says its own words; beyond, nginx says them as JSON', async () => {
    const upload = async (where, field, bytes) => {
        const form = new FormData();
        form.append('kind', 'materials');
        form.append(field, new Blob([Buffer.alloc(bytes, 'a')]), 'big.csv');
        return ask(where, { method: 'POST', body: form, headers: await bearer('admin') });
    };
    const full = await upload('/api/imports', 'file', 32 * MIB);
    assert.notEqual(full.status, 413, 'as much as the service takes');
    assert.equal((await full.json()).success, false);
    const large = await upload('/api/profile/avatar', 'avatar', 3 * MIB);
    assert.equal(large.status, 413);
    assert.equal((await large.json()).code, 'body_too_large');
    const beyond = await upload('/api/imports', 'file', 34 * MIB);
    assert.equal(beyond.status, 413);
    assert.match(beyond.headers.get('content-type'), /^application\/json/);
    const { success, code, message, request_id: id } = await beyond.json();
    assert.deepEqual([success, code, message], [false, 'body_too_large', '请求内容过大']);
    assert.match(id, /^[0-9a-f]{32}$/);
});

test('somebody signs in through it, hears what happens as it happens, and the policy is never broken', async () => {
    await site.api('keeper', 'PUT', '/notifications/read-all');
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    const who = { page, faults: [] };
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && who.faults.push(message.text()));
    page.on('pageerror', (error) => who.faults.push(String(error)));
    const stream = page.waitForResponse((answer) => answer.url().endsWith('/api/notifications/stream'));
    await page.goto(`${base}/materials`);
    await page.getByTestId('login-username').fill('keeper');
    await page.getByTestId('login-password').fill(PASSWORD);
    await page.getByTestId('login-submit').click();
    await page.getByTestId('list-total').waitFor();
    assert.equal((await stream).status(), 200);
    const before = await page.getByTestId('bell-count').innerText().catch(() => '');
    await site.api('admin', 'POST', '/notifications', { type: 'announcement', title: '经过 nginx', content: '立即到达' });
    await page.waitForFunction((text) => document.querySelector('[data-testid="bell-count"]')?.innerText !== text, before, { timeout: 12_000 });
    await page.goto(`${base}/overview`);
    await page.getByTestId('tile-materials').waitFor();
    calm(who);
});

test('while the service is away the page says so, and goes on when it is back', async () => {
    const context = await site.browser.newContext({ locale: 'zh-CN', ...DESK });
    const page = await context.newPage();
    await page.goto(`${base}/login`);
    await page.getByTestId('login-username').fill('keeper');
    await page.getByTestId('login-password').fill(PASSWORD);
    await site.stop();
    const answer = await ask('/api/health');
    assert.equal(answer.status, 502);
    assert.equal(answer.headers.get('retry-after'), '5');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const { success, code, request_id: id } = await answer.json();
    assert.deepEqual([success, code, id], [false, 'service_away', answer.headers.get('x-request-id')]);
    assert.equal((await ask('/')).status, 200, 'the page is there');
    await page.getByTestId('login-submit').click();
    await page.getByTestId('server-away').waitFor();
    await site.start();
    await page.getByTestId('server-away').waitFor({ state: 'detached' });
    await page.getByTestId('login-password').fill(PASSWORD);
    await page.getByTestId('login-submit').click();
    await page.getByTestId('menu-materials').waitFor();
});

test('nginx has had nothing to warn of', () => {
    // An error is what the service being away was, and what was too large; large bodies are always written down first.
    const lines = told.split('\n').filter((line) => /\[(?:warn|emerg|crit|alert)\]/.test(line) && !line.includes('is buffered to a temporary file'));
    assert.deepEqual(lines, []);
});
