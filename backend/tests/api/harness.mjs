// Starts the program under test as a child of its own, in a folder of its own, on a free port.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client } from './client.mjs';
import { makeDatabase } from './engine.mjs';
import { schemaChecker } from './schema.mjs';

export * from './client.mjs';
export * from './data.mjs';
export * from './engine.mjs';
export * from './raw.mjs';
export { sleep };

export const BINARY = path.resolve(process.env.MMS_BINARY || fileURLToPath(new URL('../../../build/mms', import.meta.url)));
export const INITIAL_PASSWORD = 'First-Password-1';
export const ADMIN_PASSWORD = 'Admin-Password-1';

/* Built with a sanitizer the program is many times slower. */
const START_MS = 90_000;
const STOP_MS = 60_000;
const COMMAND_MS = 120_000;

/* What the child takes over from our own environment: how to run at all, and what sanitizers and coverage read. */
const INHERITED = /^(PATH|HOME|LANG|LC_.*|TMPDIR|LD_LIBRARY_PATH|(ASAN|UBSAN|LSAN|TSAN|MSAN)_OPTIONS|.*SYMBOLIZER.*|LLVM_PROFILE_FILE|GCOV_.*)$/;
const SANITIZER_REPORT = /ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:/;

const servers = new Set();
process.on('exit', () => {
    for (const server of servers)
        server.child?.kill('SIGKILL');
});

export class Server {
    constructor({ env = {}, dir, engine, args = [] } = {}) {
        this.args = args; // of `mms serve`
        this.dir = dir ?? mkdtempSync(path.join(tmpdir(), 'mms-test-'));
        this.database = makeDatabase(this.dir, engine);
        this.db = path.join(this.dir, 'mms.db'); // SQLite only
        this.agent = new http.Agent({ keepAlive: true });
        this.secret = randomBytes(36).toString('base64url');
        this.secrets = [this.secret, INITIAL_PASSWORD, ADMIN_PASSWORD, ...this.database.secrets]; // none of these may ever be in the log
        this.logs = [];
        this.stdout = '';
        this.stderr = '';
        this.env = {
            PORT: '0',
            HOST: '127.0.0.1',
            NODE_ENV: 'test',
            UPLOAD_DIR: path.join(this.dir, 'uploads'),
            JWT_SECRET: this.secret,
            ADMIN_INITIAL_PASSWORD: INITIAL_PASSWORD,
        };
        this.setEnv(this.database.env);
        this.setEnv(env);
    }

    /** A value of null takes the variable away. */
    setEnv(env) {
        for (const [name, value] of Object.entries(env)) {
            if (value === null)
                delete this.env[name];
            else
                this.env[name] = String(value);
        }
    }

    childEnv(extra = {}) {
        const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)));
        const all = { ...inherited, ...this.env, ...extra };
        return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
    }

    /** Starts `mms serve` and waits until it is healthy. */
    async begin() {
        const child = spawn(BINARY, ['serve', ...this.args], { cwd: this.dir, env: this.childEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
        this.child = child;
        this.url = undefined;
        this.ended = new Promise((resolve) => {
            child.on('error', (error) => resolve({ code: null, signal: null, error }));
            child.on('close', (code, signal) => resolve({ code, signal }));
        });
        this.ended.then((end) => {
            this.end = end;
            servers.delete(this);
        });
        this.end = undefined;
        servers.add(this);
        this.readLines(child);
        await this.until(() => this.url, START_MS, 'to say its port');
        await this.until(async () => (await this.client().get('/api/health').catch(() => ({}))).status === 200, START_MS, 'to be healthy');
        this.checkSchema = schemaChecker((await this.client().get('/api/openapi.json')).body);
        return this;
    }

    readLines(child) {
        let rest = '';
        child.stdout.setEncoding('utf8');
        child.stdout.on('data', (text) => {
            this.stdout += text;
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            for (const line of lines)
                this.takeLine(line);
        });
        child.stderr.setEncoding('utf8');
        child.stderr.on('data', (text) => {
            this.stderr += text;
        });
    }

    takeLine(line) {
        let entry;
        try {
            entry = JSON.parse(line);
        } catch {
            return; // something for people
        }
        this.logs.push(entry);
        if (entry.event === 'server.started')
            this.url = `http://127.0.0.1:${entry.port}`;
    }

    async until(condition, ms, what) {
        for (const end = Date.now() + ms; Date.now() < end; await sleep(10)) {
            if (this.end)
                throw new Error(`the program ended (${JSON.stringify(this.end)}) while it was expected ${what}\n${this.stdout}${this.stderr}`);
            if (await condition())
                return;
        }
        throw new Error(`the program took longer than ${ms} ms ${what}\n${this.stdout}${this.stderr}`);
    }

    client(token = null) {
        return new Client(this, token);
    }

    /** The first administrator, signed in, his password changed. */
    async admin() {
        const client = this.client();
        if (this.adminIsNew === false)
            return client.login('admin', ADMIN_PASSWORD);
        await client.login('admin', INITIAL_PASSWORD);
        if (client.user.mustChangePassword) {
            const answer = await client.post('/api/auth/change-password',
                { currentPassword: INITIAL_PASSWORD, newPassword: ADMIN_PASSWORD });
            assert.equal(answer.status, 200, answer.text);
            client.password = ADMIN_PASSWORD;
            this.adminIsNew = false;
        }
        return client;
    }

    /** Ends the program with SIGTERM and keeps its folder. It must end by itself, with 0, and without a report. */
    async halt() {
        this.child.kill('SIGTERM');
        const end = await Promise.race([this.ended, sleep(STOP_MS, 'late', { ref: false })]);
        if (end === 'late') {
            this.child.kill('SIGKILL');
            throw new Error(`SIGTERM did not end the program within ${STOP_MS} ms\n${this.stdout}${this.stderr}`);
        }
        this.forgetConnections();
        assert.deepEqual(end, { code: 0, signal: null }, `exit after SIGTERM\n${this.stdout}${this.stderr}`);
        this.checkOutput();
    }

    async kill9() {
        this.child.kill('SIGKILL');
        await this.ended;
        this.forgetConnections();
    }

    forgetConnections() {
        this.agent.destroy();
        this.agent = new http.Agent({ keepAlive: true });
    }

    /** Once more on the same folder (new port: `url` changes); with other settings when given. */
    async restart(env = {}) {
        if (!this.end)
            await this.halt();
        this.setEnv(env);
        return this.begin();
    }

    checkOutput() {
        assert.doesNotMatch(this.stderr, SANITIZER_REPORT, this.stderr);
        for (const secret of this.secrets)
            assert.ok(!this.stdout.includes(secret) && !this.stderr.includes(secret), 'a secret is in the output');
    }

    /** The end of a test file: halt and remove the folder. */
    async stop() {
        try {
            if (!this.end)
                await this.halt();
        } finally {
            this.agent.destroy();
            this.removeFolder();
        }
    }

    removeFolder() {
        this.database.remove();
        rmSync(this.dir, { recursive: true, force: true });
    }

    /** Runs another command of the program under the same settings. {code, signal, stdout, stderr, output} */
    run(args, { env = {}, input = '' } = {}) {
        return runProgram(args, { env: this.childEnv(env), cwd: this.dir, input });
    }

    verify() {
        return this.run(['verify']);
    }

    async verifyClean() {
        const { code, output } = await this.verify();
        assert.equal(code, 0, `mms verify:\n${output}`);
    }

    /** Rows of a query, or nothing for other statements, through the engine's own command line. */
    sql(text) {
        return this.database.sql(text);
    }

    /** The only value of a query's only row. */
    async value(text) {
        const [row] = await this.sql(text);
        return row && Object.values(row)[0];
    }
}

export function start(options) {
    return new Server(options).begin();
}

/** Runs `mms ARGS…` to its end. */
export function runProgram(args, { env, cwd, input = '' }) {
    return new Promise((resolve, reject) => {
        const child = spawn(BINARY, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
        let stdout = '', stderr = '';
        const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
        child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
        child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
        child.on('error', reject);
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            resolve({ code, signal, stdout, stderr, output: stdout + stderr });
        });
        child.stdin.on('error', () => {}); // the program need not read it
        child.stdin.end(input);
    });
}
