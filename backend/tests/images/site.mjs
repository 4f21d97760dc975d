// A site as on a server, laid out once for the tests that need one: docker-compose.prod.yml and nginx/ with a certificate, the folders of
// the data, and what an operator writes into .env; and who talks to it over TLS.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';

import { FIRST_PASSWORD, PASSWORD, SECRET, TOP, freePort, ran, tried } from './docker.mjs';

export const NAMES = ['mms-backend-prod', 'mms-frontend-prod', 'mms-nginx-prod'];

export class Site {
    /** In `folder`; `project` and `subnet` are its own in the engine, `files` are laid beside docker-compose.prod.yml. */
    constructor(folder, { project, subnet, files = [] }) {
        Object.assign(this, { folder, project, subnet, files, path: path.join(folder.path, 'site') });
    }

    async layOut(more = {}) {
        mkdirSync(this.path);
        for (const name of ['docker-compose.prod.yml', 'nginx', ...this.files])
            cpSync(path.join(TOP, name), path.join(this.path, name), { recursive: true });
        const place = path.join(this.path, 'nginx/ssl');
        ran('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '90', '-subj', '/CN=mms.test', '-addext', 'subjectAltName=DNS:mms.test,DNS:localhost,IP:127.0.0.1',
            '-keyout', path.join(place, 'key.pem'), '-out', path.join(place, 'cert.pem')]);
        ran('chown', ['101:101', path.join(place, 'key.pem')]);
        this.trust();
        for (const name of ['data/db', 'data/uploads', 'backup'])
            this.folder.make(name);
        this.settings = {
            JWT_SECRET: SECRET, MMS_DATA: path.join(this.folder.path, 'data'), MMS_BACKUP: path.join(this.folder.path, 'backup'), MMS_NGINX_IMAGE: process.env.NGINX_IMAGE ?? 'localhost/mms-nginx:local',
            MMS_HTTP_PORT: String(await freePort()), MMS_HTTPS_PORT: String(await freePort()), MMS_SUBNET: this.subnet, ADMIN_INITIAL_PASSWORD: FIRST_PASSWORD, ...more,
        };
        this.writeSettings();
    }

    /** The certificate that is there now, and no other, is trusted from here on. */
    trust() {
        this.certificate = readFileSync(path.join(this.path, 'nginx/ssl/cert.pem'));
    }
    get envFile() {
        return path.join(this.path, '.env');
    }
    /** As an operator has them: in the file beside docker-compose.prod.yml. */
    writeSettings(all = this.settings) {
        writeFileSync(this.envFile, `# as the operator wrote it\n${Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join('')}`, { mode: 0o600 });
    }

    /** What a command sees that runs there. */
    env(more = {}) {
        return { PATH: process.env.PATH, HOME: this.folder.path, DOCKER_HOST: process.env.DOCKER_HOST, COMPOSE_PROJECT_NAME: this.project, ...more };
    }
    compose(...args) {
        return this.composeOf('docker-compose.prod.yml', args);
    }
    composeOf(file, args, more = {}) {
        return tried('docker-compose', ['-f', file, ...args], { cwd: this.path, env: this.env(more), timeout: 1_200_000 });
    }

    /** One request over TLS, with this certificate alone trusted: {status, headers, raw, text, body}. */
    ask(method, where, { body, headers = {}, token, agent = false } = {}) {
        const payload = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        const all = { ...(payload && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }), ...(token && { authorization: `Bearer ${token}` }), ...headers };
        return new Promise((resolve, reject) => {
            const request = https.request({ host: '127.0.0.1', port: this.settings.MMS_HTTPS_PORT, path: where, method, headers: all, ca: this.certificate, agent }, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('error', reject);
                response.on('end', () => {
                    const text = Buffer.concat(parts).toString();
                    const isJson = /^application\/json/.test(response.headers['content-type'] ?? '');
                    resolve({ status: response.statusCode, headers: response.headers, raw: response.rawHeaders, text, body: isJson ? JSON.parse(text) : undefined });
                });
            });
            request.on('error', reject);
            request.end(payload);
        });
    }
    async login(username = 'admin', password = PASSWORD, headers = {}) {
        const { status, text, body } = await this.ask('POST', '/api/auth/login', { body: { username, password }, headers });
        assert.equal(status, 200, text);
        return body.data.accessToken;
    }
    /** The administrator of a new database, with a password of his own: his token. */
    async firstLogin() {
        const first = await this.login('admin', FIRST_PASSWORD);
        const { status, text } = await this.ask('POST', '/api/auth/change-password', { token: first, body: { currentPassword: FIRST_PASSWORD, newPassword: PASSWORD } });
        assert.equal(status, 200, text);
        return this.login();
    }
    /** A new material: its id. */
    async material(token, code) {
        const { body, text } = await this.ask('POST', '/api/materials', { token, body: { material_code: code, material_name: '质子交换膜', category: 'chemical', unit: 'kg' } });
        assert.ok(body?.success, text);
        return body.data.id;
    }
}
