// mms doctor at the machine, its names, ports and certificates, and at the checkout. Certificates are made with openssl and shown by real
// servers; the cloud's metadata service alone is played.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { BINARY, start } from './harness.mjs';
import { ended, expectLine, listening, look, serving } from './doctor.mjs';

const server = await start();
const folder = mkdtempSync(path.join(os.tmpdir(), 'mms-doctor-'));
after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
});
const line = (...args) => expectLine(server, ...args);
const place = (name) => path.join(folder, name);
function ran(command, args, options = {}) {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
    assert.ifError(error);
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
    return stdout;
}
const openssl = (...args) => ran('openssl', args, { cwd: folder });

/** A certificate of the test's authority, as nginx has it: NAME/cert.pem with its key.pem. */
function certificate(name, days, names = 'DNS:localhost', signer = 'ca') {
    mkdirSync(place(name));
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=mms', '-keyout', `${name}/key.pem`, '-out', `${name}/request.pem`);
    writeFileSync(place(`${name}/names`), `subjectAltName=${names}\n`);
    openssl('x509', '-req', '-in', `${name}/request.pem`, '-CA', `${signer}.pem`, '-CAkey', `${signer}.key`, '-CAcreateserial', '-days', String(days),
        '-extfile', `${name}/names`, '-out', `${name}/cert.pem`);
    return place(`${name}/cert.pem`);
}
for (const name of ['ca', 'other'])
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '400', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
const CA = ['--ca', place('ca.pem')];

// ---- 迁移前

test('pre.committed', async () => {
    const checkout = place('checkout'), git = (...args) => ran('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: checkout });
    mkdirSync(checkout);
    const see = (...args) => line('pre.committed', ...args, ['--project', checkout]);
    await see('not_applicable', /不是 git 检出目录/);
    git('init', '-q');
    writeFileSync(path.join(checkout, 'a.txt'), 'a\n');
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    await see('ok', /^[0-9a-f]{12}，/);
    appendFileSync(path.join(checkout, 'a.txt'), 'b\n');
    await see('fail', /M a\.txt/);
    git('checkout', '-q', 'a.txt');
    writeFileSync(path.join(checkout, 'new.txt'), '');
    await see('fail', /new\.txt/);
    rmSync(path.join(checkout, 'new.txt'));
    writeFileSync(path.join(checkout, '.env'), 'JWT_SECRET=x\n');
    git('add', '-f', '.env');
    git('commit', '-q', '-m', 'secret');
    await see('fail', /密钥文件在版本库中.*\.env/);
    await line('pre.committed', 'not_applicable', /./, ['--project', '--version']);
});

// ---- 迁移中: the machine

test('mid.machine', async () => {
    const enough = os.availableParallelism() >= 2 && os.totalmem() / 2 ** 20 >= 3400;
    const { of } = await look(server, 'mid', ['--only', 'mid.machine'], { BACKUP_DIR: folder });
    const { result, seen } = of['mid.machine'];
    assert.match(seen, enough && result === 'ok' ? new RegExp(`^${os.availableParallelism()} 核，\\d+ MB，磁盘已用 \\d+%`) : /已用|核/);
    // Kept to one processor, it has one.
    const one = spawnSync('taskset', ['-c', '0', BINARY, 'doctor', '--stage', 'mid', '--only', 'mid.machine', '--json'], { env: server.childEnv(), encoding: 'utf8' });
    assert.equal(one.status, 1, one.stderr);
    assert.match(JSON.parse(one.stdout).checks[0].seen, /^1 核|磁盘已用/);
});

const disk = mkdtempSync(path.join(os.tmpdir(), 'mms-disk-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'mms-test', disk]).status === 0;
after(() => {
    if (mounted)
        spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
});
test('mid.machine: a disk that is nearly full', { skip: mounted ? false : 'no small disk can be mounted here' }, async () => {
    writeFileSync(path.join(disk, 'filler'), Buffer.alloc(960 << 10));
    const { seen } = await line('mid.machine', 'fail', /磁盘已用 9\d%/, [], { BACKUP_DIR: disk });
    assert.ok(seen.startsWith(disk), seen);
});

test('mid.instance: the metadata service is played', async () => {
    let status = 200;
    await serving((request, response) => {
        const answers = { '/latest/meta-data/instance-id': 'i-bp67acfmxazb4p****', '/latest/meta-data/instance/instance-type': 'ecs.c7.large' };
        response.writeHead(status).end(answers[request.url] ?? '');
    }, async (url) => {
        await line('mid.instance', 'ok', /i-bp67acfmxazb4p\S* ecs\.c7\.large/, ['--metadata', url]);
        status = 403;
        await line('mid.instance', 'fail', /HTTP 403/, ['--metadata', url]);
        status = 404;
        await line('mid.instance', 'not_applicable', /不是 ECS 实例/, ['--metadata', url]);
    });
    await line('mid.instance', 'not_applicable', /没有应答/, ['--metadata', 'http://127.0.0.1:1']);
});

// ---- names and ports

test('mid.dns', async () => {
    const here = ['--public-address', '127.0.0.1', '--public-address', '::1'];
    await line('mid.dns', 'not_applicable', /没有给出域名/);
    await line('mid.dns', 'ok', /localhost -> /, ['--domain', 'localhost', ...here]);
    // Only those who sit at this machine would come here by it.
    await line('mid.dns', 'fail', /不是本机/, ['--domain', 'localhost']);
    await line('mid.dns', 'fail', /不是本机/, ['--domain', 'localhost', '--domain', '192.0.2.7', ...here]);
    await line('mid.dns', 'fail', /不能解析/, ['--domain', 'no-such-name.invalid', ...here]);
    const own = Object.values(os.networkInterfaces()).flat().find(({ internal, family }) => !internal && family === 'IPv4');
    if (own)
        await line('mid.dns', 'ok', new RegExp(own.address.replaceAll('.', '\\.')), ['--domain', own.address]);
});

test('mid.ports', async (t) => {
    const address = '127.0.77.1', listeners = [net.createServer(), net.createServer()];
    for (const port of [3000, 5432, 2375, 2376, 3306, 6379, 9090])
        if (await new Promise((resolve) => net.connect(port, address, () => resolve(true)).on('error', () => resolve(false)))) {
            t.skip(`something listens at ${port} of every address here`);
            return;
        }
    const ports = [];
    for (const listener of listeners)
        ports.push(await listening(listener, 0, address));
    const see = (result, seen, at = address, chosen = ports) => line('mid.ports', result, seen, ['--public-address', at, '--ports', chosen.join()]);
    try {
        await line('mid.ports', 'not_applicable', /没有给出公网地址/);
        await see('ok', new RegExp(`^${ports[0]}、${ports[1]} 开放`));
        await see('fail', /没有开放/, '127.0.77.2');
        // The service itself is reached there.
        const beside = net.createServer(), port = await listening(beside, 0);
        try {
            await see('fail', /不应开放/, '127.0.0.1', [port, port]);
        } finally {
            await ended(beside);
        }
    } finally {
        for (const listener of listeners)
            await ended(listener);
    }
});

// ---- certificates

test('mid.certificate, of a file', async () => {
    const good = certificate('good', 90), see = (result, seen, file, more = CA) => line('mid.certificate', result, seen, ['--certificate', file, ...more]);
    await line('mid.certificate', 'not_applicable', /没有给出证书/);
    await see('ok', /剩余 (89|90) 天/, good);
    await see('ok', /剩余/, good, [...CA, '--domain', 'localhost']);
    await see('fail', /不含域名.*mms\.example\.com/, good, [...CA, '--domain', 'mms.example.com']);
    await see('fail', /不受信任/, good, []);
    await see('fail', /不受信任/, certificate('strange', 90, 'DNS:localhost', 'other'));
    await see('fail', /剩余 (19|20) 天/, certificate('short', 20));
    await see('fail', /剩余 (29|30) 天/, certificate('thirty', 30));
    await see('ok', /剩余 (31|32) 天/, certificate('longer', 32));
    await see('fail', /剩余 -[12] 天/, certificate('expired', -1));
    await see('fail', /不是 PEM 证书/, place('good/names'));
    await see('fail', /不是 PEM 证书/, place('nowhere.pem'));
    copyFileSync(place('short/key.pem'), place('longer/key.pem'));
    await see('fail', /key\.pem 与证书不匹配/, place('longer/cert.pem'));
});

test('mid.certificate, of a server', async () => {
    for (const [name, days] of [['served', 90], ['served-short', 12]])
        if (!existsSync(place(name)))
            certificate(name, days);
    const secure = (name) => ({ key: readFileSync(place(`${name}/key.pem`)), cert: readFileSync(place(`${name}/cert.pem`)) });
    const site = https.createServer(secure('served'), (request, response) => response.end('{}')), port = await listening(site, 0);
    const url = ['--url', `https://localhost:${port}`];
    try {
        await line('mid.certificate', 'ok', /剩余 (89|90) 天/, [...url, ...CA, '--domain', 'localhost']);
        await line('mid.certificate', 'ok', /剩余/, [...url, ...CA, '--certificate', place('served/cert.pem')]);
        await line('mid.certificate', 'fail', /另一个证书/, [...url, ...CA, '--certificate', certificate('newer', 91)]);
        await line('mid.certificate', 'fail', /./, url);
        await line('mid.certificate', 'fail', /./, ['--url', `https://127.0.0.1:${port}`, ...CA]);
        site.setSecureContext(secure('served-short'));
        await line('mid.certificate', 'fail', /剩余 (11|12) 天/, [...url, ...CA]);
        await line('mid.certificate', 'fail', /./, ['--url', 'https://localhost:1', ...CA]);
        await line('mid.certificate', 'fail', /./, ['--url', server.url.replace('http:', 'https:'), ...CA]);
    } finally {
        await ended(site);
    }
});

test('mid.redirect', async () => {
    let location = (request) => `https://localhost${request.url}`, status = 301;
    const site = http.createServer((request, response) => response.writeHead(status, { location: location(request) }).end()), port = await listening(site, 0);
    const see = (result, seen) => line('mid.redirect', result, seen, ['--domain', 'localhost', '--ports', `${port},443`]);
    try {
        await line('mid.redirect', 'not_applicable', /没有给出域名/);
        await see('ok', /301/);
        location = () => 'https://localhost/'; // the path is lost
        await see('fail', /-> https:\/\/localhost\//);
        location = (request) => `http://localhost${request.url}`;
        await see('fail', /-> http:/);
        status = 200;
        await see('fail', /HTTP 200/);
    } finally {
        await ended(site);
    }
    await see('fail', /没有应答/);
});

test('mid.registry: without a name of one there is nothing to look at', async () => {
    await line('mid.registry', 'not_applicable', /MMS_REGISTRY 未设置/);
    await line('mid.registry', 'not_applicable', /没有容器引擎/, [], { MMS_REGISTRY: 'registry.example/mms/' });
});
