// What the tests of the images share: the engine (DOCKER_HOST, see engine), its containers, and people who talk to what runs in them.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client } from '../api/client.mjs';

export { sleep };
export const TOP = fileURLToPath(new URL('../../..', import.meta.url));
export const OUT = path.join(TOP, 'build-images');
export const TAG = readFileSync(path.join(OUT, 'tag'), 'utf8').trim();
export const BACKEND = `mms-backend:${TAG}`;
export const FRONTEND = `mms-frontend:${TAG}`;
export const OWNER = 1001;
export const SECRET = 'Ya7-images-Kd83hfQx9_2LpRvT7wZmB5nYcS4jG6a';
export const FIRST_PASSWORD = 'First-Password-1';
export const PASSWORD = 'Second-Password-2';

/** {status, stdout, stderr, output}: a command that may fail. */
export function tried(command, args, options = {}) {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 256 << 20, timeout: 300_000, ...options });
    assert.ifError(error);
    return { status, stdout, stderr, output: `${stdout}${stderr}` };
}
/** What a command says that must not fail. */
export function ran(command, args, options) {
    const { status, stdout, output } = tried(command, args, options);
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${output}`);
    return typeof stdout === 'string' ? stdout.trim() : stdout;
}
export const docker = (...args) => ran('docker', args);
export const inspect = (name) => JSON.parse(docker('inspect', name))[0];
export const logsOf = (name) => tried('docker', ['logs', name]).output;

export const freePort = () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

export async function until(condition, what, ms = 60_000) {
    for (const end = Date.now() + ms; ; await sleep(100)) {
        const found = await condition();
        if (found)
            return found;
        assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
    }
}

/** A folder of the test, which goes with it. `owner`: of what a container writes there. */
export class Folder {
    constructor() {
        this.path = mkdtempSync(path.join(tmpdir(), 'mms-images-'));
    }
    make(name, owner = OWNER) {
        const folder = path.join(this.path, name);
        mkdirSync(folder, { recursive: true });
        chownSync(folder, owner, owner);
        return folder;
    }
    remove() {
        rmSync(this.path, { recursive: true, force: true });
    }
}

const running = new Set();
/** Starts a container; it goes with `removeAll`. */
export function start(name, image, options = [], command = []) {
    running.add(name);
    docker('run', '-d', '--name', name, ...options, image, ...command);
    return name;
}
export function remove(name) {
    tried('docker', ['rm', '-fv', name]);
    running.delete(name);
}
export function removeAll() {
    for (const name of running)
        remove(name);
}
export const healthOf = (name) => inspect(name).State.Health?.Status;
export function untilHealthy(name) {
    return until(() => {
        const { State: state } = inspect(name);
        assert.ok(state.Running || state.Restarting, `${name} has ended with ${state.ExitCode}\n${logsOf(name)}`);
        return state.Health.Status === 'healthy';
    }, `${name} healthy`);
}

/** As the hardened container of docker-compose.prod.yml. */
export const HARDENED = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

/** A service of its own with its folders; {name, data, place}. */
export async function startService(folder, name, options = []) {
    const port = await freePort(), data = folder.make(`${name}-data`), uploads = folder.make(`${name}-uploads`);
    start(name, BACKEND, [...HARDENED, '--health-interval', '1s', '-p', `127.0.0.1:${port}:3000`, '-v', `${data}:/data`, '-v', `${uploads}:/app/uploads`,
        '-e', `JWT_SECRET=${SECRET}`, '-e', `ADMIN_INITIAL_PASSWORD=${FIRST_PASSWORD}`, ...options]);
    await untilHealthy(name);
    return { name, data, place: { url: `http://127.0.0.1:${port}`, agent: new http.Agent() } };
}

/** The administrator of a new database, with a password of his own. */
export async function administrator(place) {
    const first = await new Client(place).login('admin', FIRST_PASSWORD);
    const { status, text } = await first.post('/api/auth/change-password', { currentPassword: FIRST_PASSWORD, newPassword: PASSWORD });
    assert.equal(status, 200, text);
    return new Client(place).login('admin', PASSWORD);
}

export const NO_AGE = existsSync('/usr/bin/age') ? false : '没有 age / age is not installed';
/** A key pair of age: the private one goes to the file; gives the public one. */
export function makeAgeKey(file) {
    ran('age-keygen', ['-o', file]);
    chownSync(file, OWNER, OWNER);
    return /age1\w+/.exec(readFileSync(file, 'utf8'))[0];
}

export const NO_REGISTRY = existsSync('/usr/bin/docker-registry') ? false : '没有 docker-registry / docker-registry is not installed';
/** A registry on loopback, in the test's folder: {at ("127.0.0.1:PORT/mms/"), url, log(), stop()}. */
export async function startRegistry(folder) {
    const place = folder.make('registry', 0), port = await freePort(), url = `http://127.0.0.1:${port}/v2/`, file = path.join(place, 'log');
    writeFileSync(path.join(place, 'config.yml'), `version: 0.1\nstorage: {filesystem: {rootdirectory: ${place}/data}}\nhttp: {addr: "127.0.0.1:${port}"}\n`);
    const output = openSync(file, 'a');
    const child = spawn('docker-registry', ['serve', path.join(place, 'config.yml')], { stdio: ['ignore', output, output] });
    closeSync(output);
    await until(() => fetch(url).then(({ ok }) => ok, () => false), 'the registry');
    return { at: `127.0.0.1:${port}/mms/`, url, log: () => readFileSync(file, 'utf8'), stop: () => child.kill() };
}
