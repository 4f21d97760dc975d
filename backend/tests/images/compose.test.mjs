// docker-compose.prod.yml and docker-compose.dev.yml in a real engine: the whole system behind TLS, as on a server.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, test } from 'node:test';

import { chromium } from '../../../frontend/node_modules/playwright-core/index.mjs';
import { form } from '../api/picture.mjs';
import { Authority } from './authority.mjs';
import { FIRST_PASSWORD, Folder, NO_AGE, PASSWORD, SECRET, TAG, TOP, docker, freePort, inspect, logsOf, makeAgeKey, ran, sleep, tried, until } from './docker.mjs';
import { NAMES, Site } from './site.mjs';

const folder = new Folder();
const site = new Site(folder, { project: 'mms-test-prod', subnet: '172.31.251.0/24', files: ['docker-compose.dev.yml'] });
const project = site.path;
const MIB = 1024 * 1024;
let settings;

const prod = (...args) => site.compose(...args);
const dev = (args, more) => site.composeOf('docker-compose.dev.yml', args, { COMPOSE_PROJECT_NAME: 'mms-test-dev', ...more });
function done({ status, output }) {
    assert.equal(status, 0, output);
    return output;
}

before(async () => {
    await site.layOut({ MMS_VERSION: TAG, LOG_LEVEL: 'debug' });
    ({ settings } = site);
    for (const name of ['backend', 'frontend']) // a build asks for the folder to be there
        mkdirSync(path.join(project, name));
});
after(() => {
    prod('down', '-v', '--remove-orphans');
    dev(['down', '-v', '--remove-orphans']);
    folder.remove();
});

const ask = (...args) => site.ask(...args), login = (...args) => site.login(...args);
const plainly = (where, headers = {}) => new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port: settings.MMS_HTTP_PORT, path: where, headers }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer));
    }).on('error', reject);
});
const untilThere = () => until(async () => (await ask('GET', '/api/health').catch(() => ({}))).status === 200, 'the service behind nginx');

test('without a secret, or without a version, nothing starts', () => {
    for (const [name, words] of [['JWT_SECRET', /at least 32 random bytes/], ['MMS_VERSION', /the version to run/]]) {
        const without = { ...settings };
        delete without[name];
        for (const some of [{ ...settings, [name]: '' }, without]) {
            site.writeSettings(some);
            const { status, output } = prod('up', '-d');
            assert.notEqual(status, 0);
            assert.match(output, words);
        }
    }
    site.writeSettings();
    assert.equal(docker('ps', '-aq', '--filter', 'name=mms-.*-prod'), '');
});

test('both files are well-formed, hold no secret, and .env.example names all that they ask for', () => {
    const example = readFileSync(path.join(TOP, '.env.example'), 'utf8');
    const defaults = { BASE_IMAGE: 'backend', NODE_IMAGE: 'frontend', NGINX_IMAGE: 'frontend' };
    for (const file of ['docker-compose.prod.yml', 'docker-compose.dev.yml']) {
        for (const side of [{}, { MMS_SIDE_A: '0', MMS_SIDE_B: '1', MMS_NAME_A: 'spare', MMS_NAME_B: 'prod' }]) {
            const names = done(site.composeOf(file, ['config'], side)).match(/(?<=^ +container_name: ).+$/gm);
            assert.equal(new Set(names).size, names.length, `newer versions of docker compose start nothing when two services have one name: ${names}`);
        }
        const text = readFileSync(path.join(TOP, file), 'utf8');
        for (const [, name, fallback] of text.matchAll(/\$\{([A-Z_]+)(?::-([^}]*))?/g)) {
            assert.match(example, new RegExp(`^#?${name}=`, 'm'), name);
            if (defaults[name])
                assert.ok(readFileSync(path.join(TOP, defaults[name], 'Dockerfile'), 'utf8').includes(`ARG ${name}=${fallback}\n`), `${name} is not what the Dockerfile has`);
            if (fallback && /^#?MMS_/.test(name))
                assert.match(example, new RegExp(`^#${name}=${fallback.replaceAll('.', '\\.')}$`, 'm'));
        }
        assert.doesNotMatch(text, /:latest/);
    }
    assert.doesNotMatch(readFileSync(path.join(TOP, 'docker-compose.prod.yml'), 'utf8'), /(SECRET|PASSWORD|TOKEN): (?!\$\{)/);
});

test('a certificate that is missing or damaged, or a key that may not be read: nginx says which, and does not start', () => {
    const place = folder.make('tls', 0), key = path.join(project, 'nginx/ssl/key.pem');
    const tryIt = () => site.composeOf('docker-compose.prod.yml', ['run', '--rm', '--no-deps', '-T', 'nginx', '-e', 'stderr', '-t'], { MMS_TLS: place });
    const refused = (words) => {
        const { status, output } = tryIt();
        assert.notEqual(status, 0);
        assert.match(output, words);
    };
    refused(/cannot load certificate "\/etc\/nginx\/ssl\/cert\.pem".*No such file/);
    writeFileSync(path.join(place, 'cert.pem'), '-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n');
    refused(/cannot load certificate "\/etc\/nginx\/ssl\/cert\.pem"/);
    cpSync(path.join(project, 'nginx/ssl/cert.pem'), path.join(place, 'cert.pem'));
    writeFileSync(path.join(place, 'key.pem'), readFileSync(key), { mode: 0o600 });
    refused(/cannot load certificate key "\/etc\/nginx\/ssl\/key\.pem".*Permission denied/);
    ran('chown', ['101', path.join(place, 'key.pem')]);
    done(tryIt());
});

test('up: all three are healthy, by their names, within their limits', async () => {
    done(prod('up', '-d'));
    for (const name of NAMES)
        await until(() => inspect(name).State.Health.Status === 'healthy', `${name} healthy`);
    for (const name of NAMES) {
        const { HostConfig: host, Config: config } = inspect(name);
        assert.equal(host.ReadonlyRootfs, true, name);
        assert.deepEqual(host.CapDrop, ['ALL'], name);
        assert.deepEqual(host.SecurityOpt, ['no-new-privileges:true'], name);
        assert.deepEqual([host.LogConfig.Type, host.LogConfig.Config['max-size'], host.LogConfig.Config['max-file']], ['json-file', '10m', '3'], name);
        assert.ok(host.Memory > 0 && host.PidsLimit > 0 && host.NanoCpus > 0, name);
        assert.equal(host.RestartPolicy.Name, 'always', name);
        assert.match(config.User, /^(1001:1001|101:101)$/, name);
        assert.equal(config.Labels.service, name.split('-')[1]);
    }
    for (const name of NAMES.slice(0, 2))
        assert.deepEqual(Object.values(inspect(name).NetworkSettings.Ports).flat().filter(Boolean), [], 'reached through nginx alone');
});

test('port 80 sends everybody to https, path and question kept', async () => {
    for (const where of ['/', '/materials?keyword=%E8%86%9C&page=2', '/api/health']) {
        const { statusCode, headers } = await plainly(where, { host: 'mms.test' });
        assert.deepEqual([statusCode, headers.location], [301, `https://mms.test${where}`]);
    }
    mkdirSync(path.join(project, 'nginx/ssl/acme'));
    writeFileSync(path.join(project, 'nginx/ssl/acme/proof'), 'proof');
    assert.equal((await plainly('/.well-known/acme-challenge/proof')).statusCode, 200);
    assert.equal((await plainly('/.well-known/acme-challenge/key.pem')).statusCode, 404);
    assert.equal((await plainly('/.well-known/acme-challenge/../key.pem')).statusCode, 301);
});

test('TLS 1.2 and 1.3 with HTTP/2, and nothing older', async () => {
    const speak = (version, more = {}) => new Promise((resolve, reject) => {
        const socket = tls.connect({ host: '127.0.0.1', port: settings.MMS_HTTPS_PORT, ca: site.certificate, minVersion: version, maxVersion: version, ALPNProtocols: ['h2'], ...more }, () => {
            resolve([socket.getProtocol(), socket.alpnProtocol]);
            socket.destroy();
        });
        socket.on('error', reject);
    });
    assert.deepEqual(await speak('TLSv1.2'), ['TLSv1.2', 'h2']);
    assert.deepEqual(await speak('TLSv1.3'), ['TLSv1.3', 'h2']);
    await assert.rejects(speak('TLSv1.1', { ciphers: 'DEFAULT@SECLEVEL=0' }));
    await assert.rejects(speak('TLSv1.2', { ciphers: 'AES128-SHA256' }), 'without forward secrecy');
    const session = http2.connect(`https://127.0.0.1:${settings.MMS_HTTPS_PORT}`, { ca: site.certificate });
    const status = await new Promise((resolve, reject) => {
        session.on('error', reject);
        session.request({ ':path': '/api/health' }).on('response', (headers) => resolve(headers[':status'])).end();
    });
    session.destroy();
    assert.equal(status, 200);
});

test('headers: those of the service and of the page, once each, and HSTS with every answer', async () => {
    const page = await ask('GET', '/'), call = await ask('GET', '/api/health'), missing = await ask('GET', '/api/unknown');
    const policy = /default +"(default-src [^"]*)"/.exec(readFileSync(path.join(TOP, 'frontend/nginx.conf'), 'utf8'))[1];
    assert.equal(page.headers['content-security-policy'], policy);
    assert.deepEqual(['x-frame-options', 'x-content-type-options', 'referrer-policy', 'cross-origin-opener-policy', 'cache-control'].map((name) => page.headers[name]),
        ['DENY', 'nosniff', 'same-origin', 'same-origin', 'no-cache']);
    assert.equal(call.headers['cache-control'], 'no-store');
    for (const { headers, raw } of [page, call, missing]) {
        assert.equal(headers['strict-transport-security'], 'max-age=31536000');
        const names = raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
        assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), [], 'none twice');
        assert.doesNotMatch(headers.server ?? '', /\d/, 'no version');
    }
    assert.equal(missing.body.code, 'not_found');
});

test('somebody signs in, makes a material and a receipt, and sees it on the page', async () => {
    const token = await site.firstLogin();
    const material = await site.material(token, 'TLS-1');
    const { body: receipt } = await ask('POST', '/api/inventory', { token, body: { transactionType: 'in', materialId: material, quantity: '12.5' } });
    assert.equal(receipt.success, true);
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell', args: ['--no-sandbox', '--disable-gpu'] });
    try {
        const page = await (await browser.newContext({ locale: 'zh-CN', ignoreHTTPSErrors: true })).newPage();
        const faults = [];
        page.on('pageerror', (error) => faults.push(String(error)));
        page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
        await page.goto(`https://127.0.0.1:${settings.MMS_HTTPS_PORT}/documents`);
        await page.getByTestId('login-username').fill('admin');
        await page.getByTestId('login-password').fill(PASSWORD);
        await page.getByTestId('login-submit').click();
        await page.getByTestId(`document-row-${receipt.data.id}`).waitFor();
        // A service worker wants a certificate that the browser knows; containers that come and go meanwhile change the machine's network,
        // which ends a style sheet on its way: the page asks again.
        const known = faults.some((text) => text.includes('ERR_NETWORK_CHANGED')) ? /ERR_NETWORK_CHANGED|Unable to preload CSS/ : /^$/;
        assert.deepEqual(faults.filter((text) => !/SSL certificate error/.test(text) && !known.test(text)), []);
    } finally {
        await browser.close();
    }
});

test('what the authority says of its certificate is sent along (OCSP stapling), where it says anything', async () => {
    const authority = new Authority(folder.make('authority', 0), settings.MMS_SUBNET.replace('.0/24', '.1'));
    await authority.begin();
    try {
        const { certificate, key } = authority.issue('mms.test', 'DNS:mms.test,DNS:localhost,IP:127.0.0.1');
        writeFileSync(path.join(project, 'nginx/ssl/cert.pem'), certificate);
        writeFileSync(path.join(project, 'nginx/ssl/key.pem'), key);
        docker('exec', 'mms-nginx-prod', 'nginx', '-e', 'stderr', '-s', 'reload');
        site.trust();
        const stapled = () => new Promise((resolve, reject) => {
            const socket = tls.connect({ host: '127.0.0.1', port: settings.MMS_HTTPS_PORT, ca: site.certificate, requestOCSP: true });
            let answer = null;
            socket.on('OCSPResponse', (bytes) => (answer = bytes));
            socket.on('secureConnect', () => {
                resolve(answer);
                socket.destroy();
            });
            socket.on('error', reject);
        });
        // The first who come are not kept waiting for it.
        const answer = await until(async () => (await stapled().catch(() => null)) ?? false, 'an answer of the authority');
        assert.equal(authority.said(answer), 'good');
        const { asked } = authority;
        for (let i = 0; i < 10; i++)
            assert.ok(await stapled());
        assert.ok(authority.asked - asked <= 2, 'kept by each of its processes, not asked for anew');
    } finally {
        authority.end();
    }
});

test('a new certificate is put in place by scripts/certificates.sh, which finds the container by itself', async () => {
    const place = path.join(project, 'nginx/ssl'), file = path.join(place, 'cert.pem');
    const env = { ...process.env, MMS_TLS: place, MMS_TLS_CONNECT: `127.0.0.1:${settings.MMS_HTTPS_PORT}` };
    const script = (args, more) => done(tried(path.join(TOP, 'scripts/certificates.sh'), args, { env: { ...env, ...more } }));
    assert.match(script(['self-signed', 'mms.test', 'localhost', '127.0.0.1']), /presents the new certificate/);
    site.trust();
    assert.equal((await ask('GET', '/api/health')).status, 200);
    assert.match(script(['check'], { MMS_TLS_CA: file }), /正常/);
});

test('who asks is known by the address that he comes from; what he claims counts only from a proxy that is trusted', async () => {
    const forged = { 'x-forwarded-for': '203.0.113.7' };
    const addressOf = async (token) => (await ask('GET', '/api/profile/sessions', { token })).body.data.find(({ is_current: current }) => current).ip_address;
    const direct = await addressOf(await login('admin', PASSWORD, forged));
    assert.notEqual(direct, '203.0.113.7');
    assert.notEqual(direct, inspect('mms-nginx-prod').NetworkSettings.Networks['mms-test-prod_mms'].IPAddress, 'nor is it that of nginx');
    writeFileSync(path.join(project, 'nginx/trusted-proxies.conf'), `set_real_ip_from ${direct};\n`);
    docker('exec', 'mms-nginx-prod', 'nginx', '-e', 'stderr', '-s', 'reload');
    await until(async () => (await addressOf(await login('admin', PASSWORD, forged))) === '203.0.113.7', 'the trusted proxy', 20_000);
});

test('bodies up to what the service takes go through; beyond, nginx refuses in the words of the service', async () => {
    const token = await login();
    const upload = (bytes) => {
        const { body, headers } = form(['file', Buffer.alloc(bytes, 'a'), 'big.csv', 'text/csv']);
        return ask('POST', '/api/imports?kind=materials', { token, body, headers: { ...headers, 'content-length': body.length } });
    };
    const full = await upload(32 * MIB);
    assert.notEqual(full.status, 413, 'as much as the service takes');
    assert.equal(full.body.success, false);
    const beyond = await upload(34 * MIB);
    assert.deepEqual([beyond.status, beyond.body.success, beyond.body.code], [413, false, 'body_too_large']);
    assert.match(beyond.body.request_id, /^[0-9a-f]{32}$/);
    assert.equal(beyond.headers['strict-transport-security'], 'max-age=31536000');
    const long = await ask('GET', `/api/materials?keyword=${'x'.repeat(40_000)}`);
    assert.deepEqual([long.status, long.body.code], [414, 'uri_too_long']);
    const heavy = await ask('GET', '/api/health', { headers: { 'x-much': 'x'.repeat(40_000) } });
    assert.deepEqual([heavy.status, heavy.body.code], [400, 'bad_request']);
    const plain = await fetch(`http://127.0.0.1:${settings.MMS_HTTPS_PORT}/api/health`);
    assert.deepEqual([plain.status, (await plain.json()).code], [400, 'bad_request'], 'http where https is spoken');
});

test('what happens is heard as it happens', async () => {
    const token = await login();
    const heard = new Promise((resolve, reject) => {
        const request = https.get({ host: '127.0.0.1', port: settings.MMS_HTTPS_PORT, path: '/api/notifications/stream', headers: { authorization: `Bearer ${token}` }, ca: site.certificate, agent: false }, (answer) => {
            let text = '';
            answer.on('data', (part) => {
                text += part;
                if (text.includes('经过 TLS')) {
                    request.destroy();
                    resolve(text);
                }
            });
        });
        request.on('error', reject);
    });
    await sleep(500);
    const sent = await ask('POST', '/api/notifications', { token, body: { type: 'announcement', title: '经过 TLS', content: '立即到达' } });
    assert.ok(sent.status < 300, sent.text);
    const late = sleep(20_000, undefined, { ref: false }).then(() => assert.fail('not within 20 s'));
    await Promise.race([heard, late]);
});

test('mms doctor: what runs here is well, line by line; and each line that looks at the engine can fail', async () => {
    const PORTS = `${settings.MMS_HTTP_PORT},${settings.MMS_HTTPS_PORT}`;
    const doctor = (stage, id, args = []) => {
        const { status, stdout, output } = tried(path.join(TOP, 'build/mms'), ['doctor', '--stage', stage, '--json', '--only', id, '--url', `https://localhost:${settings.MMS_HTTPS_PORT}`,
            '--ca', path.join(project, 'nginx/ssl/cert.pem'), '--ports', PORTS, '--domain', 'localhost', '--public-address', '127.0.0.1', '--public-address', '::1', '--project', TOP, '--require', 'docker', ...args], {
            env: { PATH: process.env.PATH, HOME: project, DOCKER_HOST: process.env.DOCKER_HOST, JWT_SECRET: SECRET, MMS_VERSION: TAG, DB_PATH: path.join(folder.path, 'data/db/mms.db'),
                UPLOAD_DIR: path.join(folder.path, 'data/uploads'), MMS_DOCTOR_USER: 'admin', MMS_DOCTOR_PASSWORD: PASSWORD },
        });
        assert.ok(status <= 1, output);
        return JSON.parse(stdout).checks;
    };
    const expect = (result, id, seen = /./, args = []) => {
        const [check, ...more] = doctor(id.split('.')[0], id, args);
        assert.deepEqual([check.id, more.length, check.result], [id, 0, result], check.seen);
        assert.match(check.seen, seen);
    };
    for (const id of ['pre.p0.signed_in', 'pre.p0.injection', 'pre.p0.upload', 'pre.p0.headers', 'pre.p0.secret', 'pre.indexes', 'mid.image_backend', 'mid.image_frontend', 'mid.ports', 'mid.dns',
        'mid.certificate', 'mid.redirect', 'post.containers', 'post.health', 'post.functions', 'post.speed', 'post.log_rotation', 'post.logs'])
        expect('ok', id);
    expect('ok', 'post.writes', /已新建并取消/, ['--write-probe']);
    expect('ok', 'mid.certificate', /剩余 36[45] 天/, ['--certificate', path.join(project, 'nginx/ssl/cert.pem')]);

    docker('stop', 'mms-frontend-prod');
    expect('fail', 'post.containers', /mms-frontend-prod: exited/);
    docker('start', 'mms-frontend-prod');
    await until(() => inspect('mms-frontend-prod').State.Health.Status === 'healthy', 'healthy');
    expect('ok', 'post.containers');

    // Another container in the place of nginx's: no check, no restart, and a log that grows without end.
    docker('rename', 'mms-nginx-prod', 'mms-nginx-aside');
    try {
        expect('fail', 'post.containers', /没有容器.*mms-nginx-prod/);
        const other = ['run', '-d', '--name', 'mms-nginx-prod', '-e', 'NODE_ENV=development', '--tmpfs', '/data:uid=1001'];
        docker(...other, '--no-healthcheck', `mms-backend:${TAG}`);
        expect('fail', 'post.containers', /mms-nginx-prod: running, 没有健康检查/);
        expect('fail', 'post.log_rotation', /mms-nginx-prod: json-file 没有轮换/);
        docker('rm', '-f', 'mms-nginx-prod');
        docker(...other, '--log-driver', 'none', '--health-interval', '1s', `mms-backend:${TAG}`);
        expect('fail', 'post.log_rotation', /none/);
        await until(() => inspect('mms-nginx-prod').State.Health.Status === 'healthy', 'healthy');
        expect('fail', 'post.containers', /不会自动重启/);
    } finally {
        tried('docker', ['rm', '-f', 'mms-nginx-prod']);
        docker('rename', 'mms-nginx-aside', 'mms-nginx-prod');
    }
    expect('ok', 'post.containers');
});

test('too many attempts to sign in: 429 in the envelope, with Retry-After', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => ask('POST', '/api/auth/login', { body: { username: `nobody${i}`, password: 'x' } })));
    const refused = answers.filter(({ body }) => body.code === 'too_many_requests');
    assert.ok(refused.length >= 20, `${refused.length} of 60`);
    for (const { status, headers, body } of refused)
        assert.deepEqual([status, body.success, headers['retry-after'], headers['strict-transport-security']], [429, false, '2', 'max-age=31536000']);
    assert.equal((await ask('GET', '/api/health')).status, 200, 'all else goes on');
});

test('while the service is away nginx says so; it is found again, wherever it is, and the page was there all the time', async () => {
    docker('stop', '-t', '15', 'mms-backend-prod');
    const away = await ask('GET', '/api/health');
    assert.ok([502, 504].includes(away.status), 'refused, or no way to it');
    assert.deepEqual([away.body.code, away.headers['retry-after']], ['service_away', '5']);
    assert.equal((await ask('GET', '/')).status, 200);
    done(prod('up', '-d', '--force-recreate', '--no-deps', 'backend'));
    await untilThere();
});

test('the log of a container is put aside at 10 MB, and no more than three are kept', async () => {
    const { LogPath: file, NetworkSettings: { Networks: networks } } = inspect('mms-backend-prod');
    const base = `http://${networks['mms-test-prod_mms'].IPAddress}:3000/api/unknown/`, long = 'x'.repeat(2000);
    const files = () => readdirSync(path.dirname(file)).filter((name) => name.startsWith(path.basename(file))).map((name) => path.join(path.dirname(file), name));
    const stamp = (name) => /"time":"[^"]+"/.exec(readFileSync(name, 'utf8'))?.[0]; // of its first line: a file that is removed gives its number to the next one
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    const request = (where) => new Promise((resolve, reject) => {
        http.get(base + where, { agent }, (answer) => answer.resume().on('end', resolve)).on('error', reject);
    });
    // 10 MB five times: two of them are more than what is kept.
    for (let seen = new Set(), n = 0; seen.size < 5; n++) {
        assert.ok(n < 60, `not rotated: ${files()}`);
        await Promise.all(Array.from({ length: 1000 }, (_, i) => request(`${long}${n}-${i}`)));
        assert.ok(files().length <= 3, `${files()}`);
        files().map(stamp).filter(Boolean).forEach((first) => seen.add(first));
    }
    agent.destroy();
    await request('the-last-one');
    assert.equal(files().length, 3);
    for (const name of files())
        assert.ok(statSync(name).size < 10 * 1_000_000 + 20_000, `${name}: ${statSync(name).size}`);
    await until(() => /the-last-one/.test(docker('logs', '--tail', '50', 'mms-backend-prod')), 'what happened last is in it');
});

test('nginx tells what happened as JSON lines, without questions, and warns of nothing', () => {
    const lines = logsOf('mms-nginx-prod').split('\n').filter(Boolean);
    const requests = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    assert.ok(requests.length > 5);
    for (const { event, path: of, status } of requests) {
        assert.equal(event, 'nginx.request');
        assert.doesNotMatch(of, /\?/);
        assert.equal(typeof status, 'number');
    }
    // A certificate of one's own has no authority that could say anything about it; a newer nginx would have http2 said otherwise.
    const rest = lines.filter((line) => /\[(warn|emerg|crit|alert)\]/.test(line) && !/ssl_stapling|"listen \.\.\. http2"|is buffered to a temporary file/.test(line));
    assert.deepEqual(rest, []);
});

test('data outlive down and up', async () => {
    done(prod('down'));
    assert.equal(docker('ps', '-aq', '--filter', 'name=mms-.*-prod'), '');
    done(prod('up', '-d'));
    await untilThere();
    await until(async () => (await ask('POST', '/api/auth/login', { body: { username: 'admin', password: PASSWORD } })).status === 200, 'a sign-in that is let through');
    const { body } = await ask('GET', '/api/materials?keyword=TLS-1', { token: await login() });
    assert.deepEqual(body.data.list.map((one) => one.material_name), ['质子交换膜']);
});

test('killed, it is there again by itself', async () => {
    const pid = inspect('mms-backend-prod').State.Pid;
    process.kill(pid, 'SIGKILL');
    await until(() => inspect('mms-backend-prod').RestartCount >= 1, 'started again');
    await untilThere();
});

test('the machine\'s disk is gone: the last backup brings everything back', async () => {
    docker('exec', 'mms-backend-prod', 'mms', 'backup', '--gzip');
    const { body } = await ask('GET', '/api/admin/backups', { token: await login() });
    assert.ok(body.data.newest_proven && body.data.list[0].proven_at, JSON.stringify(body.data));
    done(prod('kill', '-s', 'SIGKILL', 'backend'));
    for (const name of ['db', 'uploads']) {
        rmSync(path.join(folder.path, 'data', name), { recursive: true });
        folder.make(`data/${name}`);
    }
    done(prod('run', '--rm', '--no-deps', '-T', 'backend', 'restore', '/backup'));
    done(prod('up', '-d', '--force-recreate', '--no-deps', 'backend'));
    await untilThere();
    const { body: found } = await ask('GET', '/api/materials?keyword=TLS-1', { token: await login() });
    assert.deepEqual(found.data.list.map((one) => one.material_name), ['质子交换膜']);
});

test('sealed with the age of the host: the key, and nobody else, brings back what the disk had', { skip: NO_AGE }, async () => {
    const place = folder.make('secrets'), recipient = makeAgeKey(path.join(place, 'age.key'));
    folder.make('backup/continuous');
    const sealed = { ...settings, AGE_RECIPIENT: recipient, BACKUP_CONTINUOUS_DIR: '/backup/continuous', BACKUP_CONTINUOUS_SECONDS: '1' };
    const bring = () => done(prod('up', '-d', '--force-recreate', '--no-deps', 'backend'));
    const restore = (...args) => prod('run', '--rm', '--no-deps', '-T', 'backend', 'restore', '--continuous', ...args);
    const token = await login();
    try {
        site.writeSettings(sealed); // without MMS_AGE
        bring();
        await untilThere();
        const shipped = async () => (await ask('GET', '/api/admin/backups', { token })).body.data.continuous;
        await until(async () => /age is not installed/.test((await shipped()).reason), 'the reason why nothing is shipped');
        site.writeSettings({ ...sealed, MMS_AGE: '/usr/bin/age', MMS_SECRETS: place });
        bring();
        await untilThere();
        await site.material(token, 'SEALED-1');
        const now = new Date().toISOString();
        await until(async () => (await shipped()).safe_until > now, 'all that was written, shipped', 120_000);
        done(prod('kill', '-s', 'SIGKILL', 'backend'));
        rmSync(path.join(folder.path, 'data/db'), { recursive: true });
        folder.make('data/db');
        assert.match(restore().output, /--age-key/);
        done(restore('--age-key', '/run/secrets/age.key'));
        bring();
        await untilThere();
        const { body } = await ask('GET', '/api/materials?keyword=SEALED-1', { token });
        assert.deepEqual(body.data.list.map((one) => one.material_code), ['SEALED-1']);
    } finally {
        site.writeSettings();
    }
});

test('the key of a file instead of .env: a wrong owner is told, and it is changed without a restart and without signing anybody out', async () => {
    const place = folder.make('keys'), file = path.join(place, 'jwt-secret');
    const kid = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;
    const write = (...keys) => writeFileSync(file, keys.map((key) => `${key}\n`).join(''));
    const bring = () => done(prod('up', '-d', '--force-recreate', '--no-deps', 'backend'));
    const next = randomBytes(48).toString('base64');
    try {
        write(SECRET);
        ran('chown', ['root:root', file]);
        ran('chmod', ['400', file]);
        site.writeSettings({ ...settings, JWT_SECRET: 'unused', SECRET_SOURCE: 'file', SECRET_REFRESH_SECONDS: '1', MMS_SECRETS: place });
        bring();
        await until(() => /jwt-secret: Permission denied/.test(logsOf('mms-backend-prod')), 'the reason why it does not start', 120_000);
        ran('chown', ['1001', file]);
        await untilThere();
        const before = await login(), { RestartCount: restarts } = inspect('mms-backend-prod');
        write(next, SECRET);
        await until(async () => kid(await login()) !== kid(before), 'tokens of the new key');
        const after = await login();
        for (const token of [before, after])
            assert.equal((await ask('GET', '/api/auth/me', { token })).status, 200);
        assert.equal(inspect('mms-backend-prod').RestartCount, restarts);
        assert.doesNotMatch(logsOf('mms-backend-prod'), new RegExp(`${SECRET}|${next.replace(/[+/]/g, '\\$&')}`));
        // One that has leaked is left out, and the service begun anew.
        write(next);
        bring();
        await untilThere();
        for (const [token, status] of [[before, 401], [after, 200]])
            assert.equal((await ask('GET', '/api/auth/me', { token })).status, status);
    } finally {
        site.writeSettings();
        bring();
        await untilThere();
    }
});

test('development: built and started by one command, the page and the service by their ports, data kept', async () => {
    const [service, web] = [await freePort(), await freePort()];
    const env = {
        MMS_DEV_PORT: service, MMS_DEV_WEB_PORT: web, MMS_BUILD_NETWORK: 'host', BASE_IMAGE: process.env.BASE_IMAGE ?? 'localhost/mms-debian:bookworm',
        NODE_IMAGE: process.env.NODE_IMAGE ?? 'localhost/mms-node:local', NGINX_IMAGE: process.env.NGINX_IMAGE ?? 'localhost/mms-nginx:local', ADMIN_INITIAL_PASSWORD: FIRST_PASSWORD,
        DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0',
    };
    for (const name of ['backend', 'frontend'])
        cpSync(path.join(TOP, name), path.join(project, name), { recursive: true, filter: (one) => !/\/(node_modules|dist|tests|build-[^/]*)$/.test(one) });
    const bring = (...args) => done(dev(args, env));
    bring('up', '-d', '--build');
    for (const name of ['mms-backend-dev', 'mms-frontend-dev'])
        await until(() => inspect(name).State.Health.Status === 'healthy', `${name} healthy`);
    const signIn = async (port) => (await fetch(`http://127.0.0.1:${port}/api/auth/login`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'admin', password: FIRST_PASSWORD }),
    })).json();
    assert.equal((await signIn(service)).success, true);
    const { data } = await signIn(web);
    const made = await fetch(`http://127.0.0.1:${web}/api/materials`, {
        method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${data.accessToken}` },
        body: JSON.stringify({ material_code: 'DEV-1', material_name: '石墨双极板', category: 'chemical', unit: 'kg' }),
    });
    assert.equal(made.status, 201);
    assert.match(await (await fetch(`http://127.0.0.1:${web}/`)).text(), /<div id="app"/);
    bring('down');
    bring('up', '-d');
    await until(() => inspect('mms-frontend-dev').State.Health.Status === 'healthy', 'healthy again');
    const { data: again } = await signIn(web);
    const found = await fetch(`http://127.0.0.1:${web}/api/materials?keyword=DEV-1`, { headers: { authorization: `Bearer ${again.accessToken}` } });
    assert.equal((await found.json()).data.list.length, 1);
    bring('down', '-v');
});
