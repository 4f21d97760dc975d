// What the tests of certificates share: an authority, an ACME server (pebble), and an nginx with the repository's own files, all on loopback.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export { sleep };
export const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const SCRIPT = path.join(TOP, 'scripts/certificates.sh');
const NGINX = process.env.NGINX ?? '/usr/sbin/nginx';
const WAIT_MS = 120_000;

export const freePort = () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

export async function until(condition, what) {
    for (const end = Date.now() + WAIT_MS; ; await sleep(50)) {
        const found = await condition();
        if (found)
            return found;
        assert.ok(Date.now() < end, `${what}: not within ${WAIT_MS} ms`);
    }
}

function ran(command, args, options) {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
    assert.ifError(error);
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
    return stdout;
}

export class Folder {
    constructor() {
        this.path = mkdtempSync(path.join(tmpdir(), 'mms-tls-'));
        chmodSync(this.path, 0o755); // nginx's workers are another user's
    }
    at(...names) {
        return path.join(this.path, ...names);
    }
    make(name) {
        mkdirSync(this.at(name), { recursive: true });
        return this.at(name);
    }
    remove() {
        rmSync(this.path, { recursive: true, force: true });
    }
}

/** A root, what is between, and certificates of it. */
export class Authority {
    constructor(folder, name) {
        this.folder = folder.make(name);
        this.root = path.join(this.folder, 'root.pem');
        this.key('root.key');
        ran('openssl', ['req', '-x509', '-new', '-key', this.at('root.key'), '-days', '3650', '-subj', `/CN=${name} root`, '-out', this.root]);
        this.key('middle.key');
        this.sign('middle', 'root', 3650, 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n', `/CN=${name} middle`);
        this.count = 0;
    }
    at(name) {
        return path.join(this.folder, name);
    }
    key(name) {
        ran('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-out', this.at(name)]);
    }
    sign(name, by, days, extensions, subject) {
        writeFileSync(this.at('extensions'), extensions);
        ran('openssl', ['req', '-new', '-key', this.at(`${name}.key`), '-subj', subject, '-out', this.at(`${name}.csr`)]);
        ran('openssl', ['x509', '-req', '-in', this.at(`${name}.csr`), '-CA', this.at(`${by}.pem`), '-CAkey', this.at(`${by}.key`), '-CAcreateserial', '-days', String(days),
            '-extfile', this.at('extensions'), '-out', this.at(`${name}.pem`)], { stdio: 'ignore' });
    }
    /** {cert, key}: files of a certificate with what is between it and the root. */
    pair({ names = ['mms.test'], days = 90, alone = false } = {}) {
        const name = `leaf${++this.count}`;
        this.key(`${name}.key`);
        this.sign(name, 'middle', days, `subjectAltName=${names.map((one) => `${net.isIP(one) ? 'IP' : 'DNS'}:${one}`).join(',')}\nextendedKeyUsage=serverAuth\n`, `/CN=${names[0]}`);
        const cert = this.at(`${name}-chain.pem`);
        writeFileSync(cert, readFileSync(this.at(`${name}.pem`), 'utf8') + (alone ? '' : readFileSync(this.at('middle.pem'), 'utf8')));
        return { cert, key: this.at(`${name}.key`) };
    }
}

export const fingerprint = (file) => ran('openssl', ['x509', '-in', file, '-noout', '-fingerprint', '-sha256']).split('=')[1].trim();

/** A child that is ended with the test. */
class Child {
    launch(command, args, options = {}) {
        this.told = '';
        this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
        for (const stream of [this.child.stdout, this.child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (this.told += text));
        this.ended = new Promise((resolve) => this.child.once('close', resolve));
    }
    get isRunning() {
        return this.child && this.child.exitCode === null && this.child.signalCode === null;
    }
    async listens(port) {
        await until(() => {
            assert.ok(this.isRunning, this.told);
            return new Promise((resolve) => {
                const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
                socket.on('connect', () => socket.destroy());
            });
        }, 'listening');
    }
    async stop(signal = 'SIGTERM') {
        if (this.isRunning) {
            this.child.kill(signal);
            await this.ended;
        }
    }
}

/** nginx/nginx.conf and nginx/ssl.conf as they are, but for places and ports. */
export class Nginx extends Child {
    static async of(folder, { service, page }) {
        const self = new Nginx();
        self.folder = folder;
        self.tls = folder.make('tls');
        [self.http, self.https] = [await freePort(), await freePort()];
        const ours = (text) => text.replaceAll(' /tmp/', ` ${folder.path}/`).replaceAll('/dev/stdout', folder.at('access.log')).replaceAll('/etc/nginx/ssl/', `${self.tls}/`).replaceAll('/etc/nginx/ssl.conf', folder.at('ssl.conf'))
            .replaceAll('/etc/nginx/trusted-proxies.conf', folder.at('trusted-proxies.conf'))
            .replace('127.0.0.1:8081', `127.0.0.1:${self.inner}`).replace('listen 80 ', `listen 127.0.0.1:${self.http} `).replace('listen 443 ', `listen 127.0.0.1:${self.https} `)
            .replaceAll('backend$mms_side:3000', `127.0.0.1:${service}`).replaceAll('frontend$mms_side:80', `127.0.0.1:${page}`).replace('worker_processes auto', 'worker_processes 2');
        self.inner = await freePort();
        self.conf = folder.at('nginx.conf');
        for (const name of ['nginx.conf', 'ssl.conf', 'trusted-proxies.conf'])
            writeFileSync(folder.at(name), ours(readFileSync(path.join(TOP, 'nginx', name), 'utf8')));
        return self;
    }
    get pid() {
        return this.child.pid;
    }
    async start() {
        this.launch(NGINX, ['-e', 'stderr', '-c', this.conf, '-g', 'daemon off;']);
        await this.listens(this.https);
        await until(() => existsSync(this.folder.at('nginx.pid')), 'its pid');
    }
    /** The certificate that it presents now: its fingerprint. */
    presented() {
        return new Promise((resolve, reject) => {
            const socket = tls.connect({ host: '127.0.0.1', port: this.https, rejectUnauthorized: false }, () => {
                resolve(socket.getPeerCertificate().fingerprint256);
                socket.destroy();
            });
            socket.on('error', reject);
        });
    }
}

export class Pebble extends Child {
    static async of(folder, nginx) {
        const self = new Pebble();
        const authority = new Authority(folder, 'pebble'), { cert, key } = authority.pair({ names: ['localhost', '127.0.0.1'] });
        Object.assign(self, { folder, httpPort: nginx.http, bundle: authority.root, port: await freePort(), manage: await freePort(), dns: await freePort(), cert, key });
        self.url = `https://127.0.0.1:${self.port}/dir`;
        self.roots = folder.at('pebble-roots.pem');
        self.names = new Child();
        self.names.launch('pebble-challtestsrv', ['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${self.dns}`, '-http01', '', '-https01', '', '-tlsalpn01', '',
            '-management', `127.0.0.1:${await freePort()}`]);
        await self.names.listens(self.dns);
        return self;
    }
    /** Each start is an authority of its own: another root, no accounts. */
    async start({ days = 90, httpPort = this.httpPort } = {}) {
        writeFileSync(this.folder.at('pebble.json'), JSON.stringify({ pebble: {
            listenAddress: `127.0.0.1:${this.port}`, managementListenAddress: `127.0.0.1:${this.manage}`, certificate: this.cert, privateKey: this.key, httpPort, tlsPort: 1,
            ocspResponderURL: '', externalAccountBindingRequired: false, certificateValidityPeriod: days * 86400,
        } }));
        this.launch('pebble', ['-config', this.folder.at('pebble.json'), '-dnsserver', `127.0.0.1:${this.dns}`],
            { env: { PATH: process.env.PATH, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' } });
        await this.listens(this.port);
        await this.listens(this.manage);
        const root = await new Promise((resolve, reject) => {
            https.get({ host: '127.0.0.1', port: this.manage, path: '/roots/0', ca: readFileSync(this.bundle), agent: false }, (answer) => {
                let text = '';
                answer.on('data', (part) => (text += part));
                answer.on('end', () => resolve(text));
            }).on('error', reject);
        });
        writeFileSync(this.roots, root);
    }
    async close() {
        await this.stop();
        await this.names.stop();
    }
}

/** Runs certificates.sh: {code, output}. */
export function runScript(args, env) {
    return new Promise((resolve, reject) => {
        const child = spawn(SCRIPT, args, { env: { PATH: process.env.PATH, HOME: tmpdir(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
        let output = '';
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (output += text));
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, output }));
    });
}

/** A page's server that answers `/slow` in as many parts as it is told to, each when the test wants it. */
export class SlowPage {
    async start() {
        this.waiting = [];
        this.server = http.createServer((request, response) => {
            if (request.url !== '/slow')
                return response.end('page\n');
            response.writeHead(200, { 'content-length': 8 << 20 });
            response.flushHeaders();
            this.waiting.push(response);
        });
        await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
        this.port = this.server.address().port;
        return this;
    }
    /** Sends a quarter of what `/slow` is to everybody who waits. */
    async quarter(byte) {
        await Promise.all(this.waiting.map((response) => new Promise((resolve) => response.write(Buffer.alloc(2 << 20, byte), resolve))));
    }
    close() {
        this.server.closeAllConnections();
        this.server.close();
    }
}

