// scripts/certificates.sh with a real nginx, a real certbot and a real ACME server.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { post, receiptOf, start } from '../api/harness.mjs';
import { makeMaterial, makeUser } from '../api/data.mjs';
import { Authority, Folder, Nginx, Pebble, SlowPage, TOP, fingerprint, freePort, runScript, until } from './place.mjs';

const folder = new Folder();
let service, page, nginx, pebble, authority, bare;
const place = (...names) => path.join(nginx.tls, ...names);

before(async () => {
    service = await start();
    page = await new SlowPage().start();
    nginx = await Nginx.of(folder, { service: new URL(service.url).port, page: page.port });
    authority = new Authority(folder, 'house');
    pebble = await Pebble.of(folder, nginx);
});
after(async () => {
    await nginx?.stop();
    await pebble?.close();
    page?.close();
    await service?.stop();
    folder.remove();
});

/** The settings of an operator whose authority is the house's own. */
const house = (more = {}) => ({ MMS_TLS: nginx.tls, MMS_TLS_CA: authority.root, ACME_DIR: folder.at('acme'), NGINX: '/usr/sbin/nginx', NGINX_CONF: nginx.conf, MMS_TLS_CONNECT: `127.0.0.1:${nginx.https}`, ...more });
const acme = (more = {}) => house({ MMS_TLS_CA: pebble.roots, ACME_SERVER: pebble.url, REQUESTS_CA_BUNDLE: pebble.bundle, ...more });
const run = (args, env = house()) => runScript(args, env);
async function done(args, env) {
    const { code, output } = await run(args, env);
    assert.equal(code, 0, `${args.join(' ')}\n${output}`);
    return output;
}
/** It ends with 1, says why, and what was in place still is. */
async function refused(args, words, env) {
    const before = [readlinkSync(place('current')), await nginx.presented(), readdirSync(place('pairs')).sort().join()];
    const { code, output } = await run(args, env);
    assert.equal(code, 1, output);
    assert.match(output, words);
    await until(async () => (await nginx.presented()) === before[1], 'the certificate of before');
    assert.deepEqual([readlinkSync(place('current')), readdirSync(place('pairs')).sort().join()], [before[0], before[2]]);
    assert.equal(spawnSync('openssl', ['x509', '-in', place('cert.pem'), '-noout']).status, 0);
}

/** One request of a page that is kept; as browsers do, it is asked once more when a connection that was kept had just been closed. */
function ask(agent, where, headers = {}, again = true) {
    return new Promise((resolve, reject) => {
        const request = https.get({ host: '127.0.0.1', port: nginx.https, path: where, headers, agent, rejectUnauthorized: false }, (answer) => {
            let text = '';
            answer.on('data', (part) => (text += part));
            answer.on('end', () => resolve({ status: answer.statusCode, text }));
            answer.on('error', reject);
        });
        request.on('error', (error) => {
            if (again && request.reusedSocket)
                ask(agent, where, headers, false).then(resolve, reject);
            else
                reject(error);
        });
    });
}

/** What the page sends slowly, to a file: {ended: curl's exit code, file}. */
function download(version) {
    const file = folder.at(`download${version}`);
    const child = spawn('curl', [version, '--silent', '--insecure', '--fail', '--output', file, `https://127.0.0.1:${nginx.https}/slow`], { stdio: 'inherit' });
    return { file, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

/** Parts of an answer as they come. */
class Reading {
    static of(where, headers = {}) {
        return new Promise((resolve, reject) => {
            const self = new Reading();
            self.request = https.get({ host: '127.0.0.1', port: nginx.https, path: where, headers, agent: false, rejectUnauthorized: false }, (answer) => {
                Object.assign(self, { status: answer.statusCode, parts: [], bytes: 0, end: null });
                answer.on('data', (part) => {
                    self.parts.push(part);
                    self.bytes += part.length;
                });
                answer.on('end', () => (self.end = 'complete'));
                answer.on('error', () => (self.end ??= 'broken'));
                resolve(self);
            });
            self.request.on('error', reject);
        });
    }
    get text() {
        return Buffer.concat(this.parts).toString();
    }
}

test('wrong usage: 64 and what would be right', async () => {
    for (const args of [[], ['unknown'], ['issue'], ['install', 'one'], ['self-signed'], ['renew', 'x'], ['issue', '--email'], ['self-signed', 'a b'], ['self-signed', '-x'], ['self-signed', 'a;b'], ['check']])
        assert.equal((await run(args)).code, 64, args.join(' '));
    assert.equal((await run(['check', 'mms.test'], house({ MIN_DAYS: 'x' }))).code, 64);
    assert.equal((await run(['check', 'mms.test'], house({ MMS_NGINX: 'somewhere' }))).code, 64);
    assert.match(await done(['--help'], house()), /issue .*\n.*renew/);
    assert.deepEqual(readdirSync(nginx.tls).filter((name) => name !== '.lock'), [], 'nothing was made');
});

test('a missing certificate, folder, container or program: a clear line', async () => {
    for (const [args, words, env] of [
        [['check', 'mms.test'], /没有证书文件.*no certificate/, house()],
        [['check', 'mms.test'], /没有证书目录.*no folder/, house({ MMS_TLS: folder.at('nowhere') })],
        [['check', 'mms.test'], /MMS_TLS_CA.*no such file/, house({ MMS_TLS_CA: folder.at('nowhere') })],
        [['check', 'mms.test'], /does not run: mms-none/, house({ MMS_NGINX: 'container:mms-none' })],
        [['check', 'mms.test'], /no program .*none/, house({ MMS_NGINX: 'host', NGINX: folder.at('none') })],
        [['renew'], /no certificate was issued/, house()],
        [['install', folder.at('a.pem'), folder.at('b.pem'), 'mms.test'], /没有证书文件/, house()],
    ]) {
        const { code, output } = await run(args, env);
        assert.equal(code, 1, output);
        assert.match(output, words);
    }
    // A folder with all programs but certbot.
    bare = folder.make('bin');
    for (const name of ['bash', 'sed', 'openssl', 'mktemp', 'rm', 'flock', 'cat', 'head', 'dirname', 'readlink', 'date', 'cut', 'grep', 'sync', 'install', 'ln', 'mv', 'env'])
        spawnSync('ln', ['-s', spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim(), path.join(bare, name)]);
    const { code, output } = await run(['issue', 'mms.test'], house({ PATH: bare }));
    assert.deepEqual([code, /没有程序 certbot.*apt install certbot/.test(output)], [1, true], output);
});

test('self-signed lets nginx start; check says what it is; a key that lay there alone is kept', async () => {
    writeFileSync(place('key.pem'), 'a key of somebody\n');
    await done(['self-signed', 'mms.test', '127.0.0.1']);
    assert.equal(readFileSync(place('key.pem.before'), 'utf8'), 'a key of somebody\n');
    rmSync(place('key.pem.before'));
    assert.deepEqual(['cert.pem', 'key.pem'].map((name) => readlinkSync(place(name))), ['current/cert.pem', 'current/key.pem']);
    assert.equal(statSync(place('key.pem')).mode & 0o777, 0o600);
    await nginx.start();
    const { code, output } = await run(['check'], house({ MMS_TLS_CA: '' }));
    assert.equal(code, 1);
    assert.match(output, /self-signed: for trying only/);
    assert.match(output, /DNS:mms\.test, IP Address:127\.0\.0\.1/);
    assert.match(output, /nginx: +出示此证书/);
    assert.match(await done(['check'], house({ MMS_TLS_CA: place('cert.pem') })), /正常/, 'where it is trusted by name');
});

test('a bought certificate takes its place, and nginx presents it', async () => {
    const { cert, key } = authority.pair();
    await done(['install', cert, key, 'mms.test']);
    assert.equal(await nginx.presented(), fingerprint(cert));
    assert.match(await done(['check']), /正常/);
    assert.match(await done(['install', cert, key]), /in place already/);
    assert.equal(readFileSync(place('domains'), 'utf8'), 'mms.test\n');
    for (const [name, mode] of [['key.pem', 0o600], ['cert.pem', 0o644], ['', 0o755]])
        assert.equal(statSync(place('current', name)).mode & 0o777, mode, name);
    for (let i = 0; i < 4; i++) {
        const next = authority.pair({ names: ['mms.test', 'www.mms.test'] });
        await done(['install', next.cert, next.key]);
    }
    assert.equal(readdirSync(place('pairs')).length, 3, 'older ones go');
});

test('what may not be used: each fault by name, and what was there goes on', async () => {
    const good = authority.pair(), other = authority.pair();
    await refused(['install', good.cert, other.key], /密钥与证书不匹配/);
    await refused(['install', good.key, good.cert], /no PEM certificate/);
    await refused(['install', good.cert, good.cert], /no PEM key/);
    const damaged = folder.at('damaged.pem');
    copyFileSync(good.cert, damaged);
    const text = readFileSync(damaged, 'utf8');
    writeFileSync(damaged, text.slice(0, 100) + text.slice(140));
    await refused(['install', damaged, good.key], /damaged/);
    truncateSync(damaged, 0);
    await refused(['install', damaged, good.key], /damaged/);
    const locked = folder.at('locked.key');
    spawnSync('openssl', ['pkey', '-in', good.key, '-aes256', '-passout', 'pass:geheim', '-out', locked]);
    await refused(['install', good.cert, locked], /has a passphrase/);
    const expired = authority.pair({ days: -1 });
    await refused(['install', expired.cert, expired.key], /证书已过期/);
    const short = authority.pair({ days: 29 });
    await refused(['install', short.cert, short.key], /fewer than 30/);
    const wrong = authority.pair({ names: ['other.test', '*.deep.test'] });
    await refused(['install', wrong.cert, wrong.key], /mms\.test is not in the certificate/);
    await refused(['install', wrong.cert, wrong.key, '*.other.test'], /\*\.other\.test is not/);
    const alone = authority.pair({ alone: true });
    await refused(['install', alone.cert, alone.key], /the chain does not end at a trusted root/);
    await refused(['install', good.cert, good.key], /the chain does not end/, house({ MMS_TLS_CA: new Authority(folder, 'stranger').root }));
    await refused(['renew'], /it was not had by issue/, house({ MIN_DAYS: '85' }));
    await done(['install', wrong.cert, wrong.key, '*.deep.test', 'other.test']);
    await done(['install', good.cert, good.key, 'mms.test']);
    assert.match((await run(['install', short.cert, short.key], house({ MIN_DAYS: '20' }))).output, /证书已就位/, 'MIN_DAYS says otherwise');
    await done(['install', good.cert, good.key]);
});

test('check finds what has gone wrong since', async () => {
    const found = async (words, env) => {
        const { code, output } = await run(['check'], env);
        assert.equal(code, 1, output);
        assert.match(output, words);
    };
    chmodSync(place('current/key.pem'), 0o644);
    await found(/密钥可被他人读取（644）/);
    chmodSync(place('current/key.pem'), 0o600);
    await found(/fewer than 200/, house({ MIN_DAYS: '200' }));
    const { code, output } = await run(['check', 'mms.test', 'www.mms.test']);
    assert.equal(code, 1);
    assert.match(output, /www\.mms\.test is not in the certificate/);
    // Changed behind nginx's back: it still presents the other.
    const next = authority.pair(), kept = readFileSync(place('cert.pem')), key = readFileSync(place('key.pem'));
    copyFileSync(next.cert, place('current/cert.pem'));
    await found(/密钥与证书不匹配[^]*没有出示此证书/);
    copyFileSync(next.key, place('current/key.pem'));
    await found(/没有出示此证书/);
    await done(['renew']);
    assert.equal(await nginx.presented(), fingerprint(next.cert), 'renew tells nginx of it');
    writeFileSync(place('current/cert.pem'), kept);
    writeFileSync(place('current/key.pem'), key);
    await done(['renew']);
    assert.match((await run(['check'], house({ MMS_TLS_CONNECT: 'none' }))).output, /未核对[^]*正常/);
});

test('nginx refuses: what was there is back', async () => {
    const weak = folder.at('weak.key'), { cert, key } = authority.pair();
    const configuration = readFileSync(nginx.conf, 'utf8');
    appendFileSync(nginx.conf, 'no_such_directive;\n');
    await refused(['install', cert, key], /no_such_directive[^]*what was there before is back/);
    writeFileSync(nginx.conf, configuration);
    // A key of 1024 bits: well-formed, and nothing that OpenSSL would serve.
    spawnSync('openssl', ['genrsa', '-out', weak, '1024']);
    spawnSync('openssl', ['req', '-x509', '-key', weak, '-subj', '/CN=mms.test', '-addext', 'subjectAltName=DNS:mms.test', '-days', '90', '-out', folder.at('weak.pem')]);
    await refused(['install', folder.at('weak.pem'), weak], /key too small[^]*is back/, house({ MMS_TLS_CA: folder.at('weak.pem') }));
    // With nothing in place before, nothing is left.
    const empty = folder.make('empty');
    const { code } = await run(['install', folder.at('weak.pem'), weak, 'mms.test'], house({ MMS_TLS: empty, MMS_TLS_CA: folder.at('weak.pem'), MMS_NGINX: 'host', NGINX_CONF: folder.at('none.conf') }));
    assert.equal(code, 1);
    assert.deepEqual(readdirSync(empty).filter((name) => !['.lock', 'pairs'].includes(name)), []);
    // It took the reload, and yet presents something else: another server is asked here.
    const port = await freePort(), stranger = authority.pair();
    const other = https.createServer({ cert: readFileSync(stranger.cert), key: readFileSync(stranger.key) }).listen(port, '127.0.0.1');
    await refused(['install', cert, key], /presents another certificate[^]*is back/, house({ MMS_TLS_CONNECT: `127.0.0.1:${port}` }));
    other.close();
    assert.match(await done(['install', cert, key]), /证书已就位/);
});

test('files that an operator laid there become a pair, and a second run at the same time is refused', async () => {
    const { cert, key } = authority.pair();
    for (const [name, file] of [['cert.pem', cert], ['key.pem', key]]) {
        rmSync(place(name));
        copyFileSync(file, place(name));
    }
    rmSync(place('current'));
    const next = authority.pair();
    const holder = spawn('flock', [place('.lock'), '-c', 'echo held; read x'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const { code, output } = await run(['install', next.cert, next.key]);
    assert.deepEqual([code, /another certificates\.sh is at work/.test(output), lstatSync(place('cert.pem')).isFile()], [1, true, true], output);
    holder.stdin.end('\n');
    await new Promise((resolve) => holder.once('close', resolve));
    await done(['install', next.cert, next.key]);
    assert.equal(await nginx.presented(), fingerprint(next.cert));
    const kept = readdirSync(place('pairs')).map((name) => fingerprint(place('pairs', name, 'cert.pem')));
    assert.ok(kept.includes(fingerprint(cert)), 'what was there is kept');
});

test('no connection is dropped: a download, the event stream and a page that keeps asking go through seven changes', async () => {
    const admin = await service.admin(), manager = await makeUser(admin, 'inventory_manager'), keeper = await makeUser(admin, 'regular_user');
    const material = await makeMaterial(manager);
    const bearer = { authorization: `Bearer ${manager.token}` };
    // By HTTP/2, as browsers do, and by HTTP/1.1.
    const downloads = ['--http2', '--http1.1'].map((version) => download(version));
    const stream = await Reading.of('/api/notifications/stream', { ...bearer, accept: 'text/event-stream' });
    assert.equal(stream.status, 200);
    await until(() => page.waiting.length === 2, 'both downloads');
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 }), failures = [];
    let on = true, asked = 0;
    const asking = (async () => {
        while (on) {
            const { status, text } = await ask(agent, '/api/health').catch((error) => ({ status: 0, text: String(error) }));
            asked++;
            if (status !== 200 && status !== 429)
                failures.push(`${status} ${text}`);
            await new Promise((resolve) => setTimeout(resolve, 15));
        }
    })();
    const seen = new Set();
    for (let i = 0; i < 7; i++) {
        if (i % 2 === 1)
            await page.quarter(0x61 + i);
        const pair = authority.pair(), before = asked;
        await done(['install', pair.cert, pair.key]);
        seen.add(await nginx.presented());
        await until(() => asked > before + 3, 'further requests');
    }
    await page.quarter(0x7a);
    on = false;
    await asking;
    agent.destroy();
    assert.equal(seen.size, 7);
    assert.deepEqual(failures, [], `${asked} requests`);
    assert.ok(asked > 30);
    for (const [version, { ended, file }] of downloads.map((one, i) => [i ? 'HTTP/1.1' : 'HTTP/2', one])) {
        assert.equal(await ended, 0, version);
        const got = readFileSync(file, 'latin1');
        assert.deepEqual([got.length, ...[0, 2, 4, 6].map((at) => got[at << 20]), got.at(-1)], [8 << 20, 'b', 'd', 'f', 'z', 'z'], version);
    }
    assert.equal(stream.end, null, 'still open');
    await post(keeper, manager, receiptOf(material.id, 5));
    await until(() => /event: ?\w+/.test(stream.text), 'what happened after seven reloads is heard by the stream of before');
    stream.request.destroy();
});

test('issue: proven through the nginx that runs, put in place, remembered', async () => {
    await pebble.start();
    const output = await done(['issue', '--email', 'operator@mms.test', 'mms.test', 'www.mms.test'], acme());
    assert.match(output, /证书已就位/);
    assert.equal(await nginx.presented(), fingerprint(place('cert.pem')));
    assert.equal(fingerprint(place('cert.pem')), fingerprint(folder.at('acme/live/mms/fullchain.pem')));
    assert.match(await done(['check'], acme()), /DNS:mms\.test, DNS:www\.mms\.test[^]*正常/);
    assert.equal(readFileSync(place('domains'), 'utf8'), 'mms.test\nwww.mms.test\n');
    assert.deepEqual(readdirSync(place('acme')), [], 'the proofs are gone');
    assert.equal(statSync(folder.at('acme')).mode & 0o077, 0, 'nobody else reads the account');
    assert.match(await done(['issue', 'mms.test', 'www.mms.test'], acme()), /使用已签发的证书/, 'not asked for twice');
    await done(['issue', 'mms.test', 'www.mms.test', 'store.mms.test'], acme());
    assert.match(await done(['check'], acme()), /DNS:store\.mms\.test/);
});

test('renew: not before it is due, then by itself; a certificate that is damaged or gone is due, too', async () => {
    const first = fingerprint(place('cert.pem'));
    assert.match(await done(['renew'], acme()), /not due, 8\d days left/);
    assert.equal(await nginx.presented(), first);
    // Due: fewer than MIN_DAYS + 10 are left, and the authority gives longer ones.
    await pebble.stop();
    await pebble.start({ days: 120 });
    rmSync(folder.at('acme/accounts'), { recursive: true }); // this authority does not know the account
    await done(['renew'], acme({ MIN_DAYS: '85' }));
    const second = await nginx.presented();
    assert.notEqual(second, first);
    assert.equal(second, fingerprint(place('cert.pem')));
    assert.match(await done(['check'], acme({ MIN_DAYS: '85' })), /剩余 11\d 天/);
    for (const damage of [() => writeFileSync(place('current/cert.pem'), 'nothing'), () => rmSync(place('current/key.pem'))]) {
        damage();
        assert.equal((await run(['check'], acme())).code, 1);
        await done(['renew'], acme());
        assert.equal(await nginx.presented(), second, 'what certbot keeps is as good');
        assert.match(await done(['check'], acme()), /正常/);
    }
});

test('issued, but refused by nginx: the next renew puts it in place without asking again', async () => {
    const configuration = readFileSync(nginx.conf, 'utf8'), before = await nginx.presented();
    appendFileSync(nginx.conf, 'no_such_directive;\n');
    const { code, output } = await run(['issue', 'mms.test', 'yard.mms.test'], acme());
    assert.equal(code, 1);
    assert.match(output, /no_such_directive[^]*is back/);
    assert.equal(await nginx.presented(), before);
    writeFileSync(nginx.conf, configuration);
    assert.match(await done(['issue', 'mms.test', 'yard.mms.test'], acme()), /使用已签发的证书/);
    assert.match(await done(['check'], acme()), /DNS:yard\.mms\.test/);
});

test('the authority is away, cannot see the proof, or gives too little: said so, and what is there goes on', async () => {
    const due = acme({ MIN_DAYS: '115' });
    await pebble.stop();
    await refused(['renew'], /证书机构没有签发/, due);
    await pebble.start({ days: 200, httpPort: await freePort() });
    rmSync(folder.at('acme/accounts'), { recursive: true });
    await refused(['renew'], /证书机构没有签发/, due);
    await pebble.stop();
    await pebble.start({ days: 20 });
    rmSync(folder.at('acme/accounts'), { recursive: true });
    await refused(['renew'], /fewer than 115/, due);
    assert.deepEqual(await run(['issue', '*.mms.test'], acme()).then(({ code, output }) => [code, /a proof by DNS/.test(output)]), [64, true], 'no wildcards');
    assert.deepEqual(readdirSync(place('acme')), []);
});

test('killed while it changes places, cert and key always belong together', async () => {
    await pebble.stop();
    const pairs = [authority.pair(), authority.pair()];
    await done(['install', pairs[0].cert, pairs[0].key, 'mms.test']);
    const both = () => ['x509 -noout -pubkey -in cert.pem', 'pkey -pubout -in key.pem'].map((args) => spawnSync('openssl', args.split(' '), { cwd: nginx.tls, encoding: 'utf8' }).stdout);
    for (let i = 1; i <= 25; i++) {
        const { cert, key } = pairs[i % 2];
        const child = spawn(path.join(TOP, 'scripts/certificates.sh'), ['install', cert, key], { env: { PATH: process.env.PATH, ...house() }, stdio: 'ignore', detached: true });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), i * 20);
        await ended;
        clearTimeout(timer);
        const [of, to] = both();
        assert.ok(of && of === to, `after ${i * 20} ms`);
    }
    await done(['install', pairs[1].cert, pairs[1].key]);
    await done(['check']);
    assert.equal(await nginx.presented(), fingerprint(pairs[1].cert));
    assert.deepEqual(readdirSync(nginx.tls).filter((name) => name.startsWith('.') && name !== '.lock'), [], 'no links or lists half made');
});

test('without an nginx certbot answers by itself', async () => {
    await nginx.stop();
    const port = await freePort();
    await pebble.start({ httpPort: port });
    rmSync(folder.at('acme'), { recursive: true });
    const output = await done(['issue', 'mms.test'], acme({ ACME_HTTP_PORT: String(port) }));
    assert.match(output, /nginx does not run/);
    await nginx.start();
    assert.equal(await nginx.presented(), fingerprint(place('cert.pem')));
    assert.match(await done(['check'], acme()), /正常/);
});

test('shellcheck finds nothing; the units and the line for cron name the script where the package lays it', () => {
    assert.equal(spawnSync('shellcheck', ['-x', 'scripts/certificates.sh'], { cwd: TOP, encoding: 'utf8' }).stdout, '');
    const unit = readFileSync(path.join(TOP, 'deploy/mms-certificates.service'), 'utf8');
    assert.match(unit, /^ExecStart=\/usr\/lib\/mms\/certificates\.sh renew$/m);
    assert.match(readFileSync(path.join(TOP, 'deploy/mms-certificates.cron'), 'utf8'), /^\d+ \d+(,\d+)* \* \* \* root .*\/usr\/lib\/mms\/certificates\.sh renew/m);
    assert.ok(existsSync(path.join(TOP, 'deploy/mms-certificates.timer')));
    mkdirSync(folder.at('units'));
    const verified = spawnSync('systemd-analyze', ['verify', path.join(TOP, 'deploy/mms-certificates.timer')], { encoding: 'utf8' });
    if (!verified.error)
        assert.doesNotMatch(verified.stderr, /mms-certificates\.\w+:\d+|Unknown|Failed to parse/);
});
