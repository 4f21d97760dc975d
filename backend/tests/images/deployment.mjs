// scripts/deploy.sh on a site as on a server: versions that differ from this one, and people at work while one takes another's place.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';

import { BACKEND, FRONTEND, TAG, TOP, docker, freePort, inspect, ran, sleep, tried, until } from './docker.mjs';
import { NAMES, Site } from './site.mjs';

export const SLOW = 1_800_000;
export const NO_SSHD = existsSync('/usr/sbin/sshd') ? false : '没有 sshd / there is no sshd';
export const imageOf = (name) => docker('image', 'inspect', '-f', '{{.Id}}', name);
export const version = (tag) => ['--load', '--force', '--version', tag];

export class Deployment extends Site {
    made = [];

    /** scripts/deploy.sh …: {code, output}. */
    deploy(args, { host = 'local', more = {} } = {}) {
        return new Promise((resolve, reject) => {
            const child = spawn(path.join(TOP, 'scripts/deploy.sh'), ['--dir', this.path, ...args, host], { env: this.env(more), stdio: ['ignore', 'pipe', 'pipe'] });
            let output = '';
            for (const stream of [child.stdout, child.stderr])
                stream.setEncoding('utf8').on('data', (text) => (output += text));
            child.on('error', reject);
            child.on('close', (code) => resolve({ code, output }));
        });
    }
    async deployed(tag, options) {
        const { code, output } = await this.deploy(version(tag), options);
        assert.equal(code, 0, output);
        return output;
    }
    async failed(tag, words, options) {
        const { code, output } = await this.deploy(version(tag), options);
        assert.equal(code, 1, output);
        assert.match(output, words);
        return output;
    }
    /** The part on the host alone, as scripts/deploy.sh runs it there. */
    host(...pairs) {
        return ['bash', [path.join(TOP, 'scripts/deploy/host.sh'), 'deploy', this.path, 'who=test', ...pairs], { env: this.env() }];
    }

    /** Another version: the image of this one with more lines of a Dockerfile. */
    variant(half, tag, lines, context) {
        const from = half === 'backend' ? BACKEND : FRONTEND, name = `mms-${half}:${tag}`;
        const place = context ?? this.folder.make(`build-${half}-${tag}`, 0);
        writeFileSync(path.join(place, 'Dockerfile'), [`FROM ${from}`, ...lines, ''].join('\n'));
        docker('build', '-q', '-t', name, place);
        this.made.push(name);
    }
    /** Both halves; what is not given differs from this version by a label alone. */
    bothVariants(tag, { backend = [`LABEL variant=${tag}`], frontend = [`LABEL variant=${tag}`], context } = {}) {
        this.variant('backend', tag, backend, context);
        this.variant('frontend', tag, frontend);
    }
    /** Versions with one migration more than this one; what the files' names of its snapshots begin with. */
    otherSchema(versions) {
        const source = path.join(this.folder.path, 'source'), build = path.join(this.folder.path, 'build');
        cpSync(path.join(TOP, 'backend'), source, { recursive: true, filter: (name) => !/\/build|node_modules/.test(name) });
        const last = Math.max(...readdirSync(path.join(source, 'sql')).map((name) => Number.parseInt(name, 10)));
        const next = String(last + 1).padStart(4, '0');
        for (const [tag, text, { backend = [], ...more } = {}] of versions) {
            writeFileSync(path.join(source, `sql/${next}_deploy_test.sql`), text);
            if (!existsSync(build))
                ran('meson', ['setup', '-Dbuildtype=debug', build, source]);
            ran('ninja', ['-C', build, 'mms'], { timeout: SLOW });
            const context = this.folder.make(`context-${tag}`, 0);
            cpSync(path.join(build, 'mms'), path.join(context, 'mms'));
            chmodSync(path.join(context, 'mms'), 0o755);
            mkdirSync(path.join(context, 'page'));
            writeFileSync(path.join(context, 'page/index.html'), '<!doctype html><title>x</title>');
            this.bothVariants(tag, { backend: ['COPY mms /usr/local/bin/mms', ...backend], context, ...more });
        }
        return `mms.db.before-${next}`;
    }
    runs(tag, registry = '') {
        assert.equal(inspect('mms-backend-prod').Image, imageOf(`${registry}mms-backend:${tag}`));
        assert.equal(inspect('mms-frontend-prod').Image, imageOf(`${registry}mms-frontend:${tag}`));
        const there = docker('ps', '-a', '--format', '{{.Names}}').split('\n').filter((name) => /^mms-(backend|frontend|nginx|deploy)/.test(name) || name.startsWith(this.project));
        assert.deepEqual(there.sort(), [...NAMES].sort(), 'nothing is left over');
        for (const name of NAMES)
            assert.equal(inspect(name).State.Running, true, name);
        assert.doesNotMatch(docker('volume', 'ls', '-q') + docker('network', 'ls', '--format', '{{.Name}}'), /trial/);
    }
    get log() {
        return readFileSync(path.join(this.path, 'deploy.log'), 'utf8').trim().split('\n');
    }

    /** The first version there: the administrator's token, and a material to receive. */
    async begin(tag = TAG) {
        const output = await this.deployed(tag);
        await until(async () => (await this.ask('GET', '/api/health')).status === 200, 'the service behind nginx');
        this.token = await this.firstLogin();
        this.material1 = await this.material(this.token, 'DEPLOY-1');
        return output;
    }
    /** One receipt more: its number. */
    async receive(options = {}) {
        const { status, text, body } = await this.ask('POST', '/api/inventory', { token: this.token, body: { transactionType: 'in', materialId: this.material1, quantity: '1' }, ...options });
        assert.equal(status, 201, text);
        return body.data.transactionCode;
    }
    async numbers() {
        const list = [];
        for (let page = 1; ; page++) {
            const { body, text } = await this.ask('GET', `/api/inventory?pageSize=1000&page=${page}`, { token: this.token });
            assert.ok(body?.success, text);
            list.push(...body.data.list.map((one) => one.transaction_code ?? one.transactionCode));
            if (list.length >= body.data.total)
                return list.sort();
            await sleep(20);
        }
    }
    /** mms verify in the service that runs. */
    verify() {
        docker('exec', 'mms-backend-prod', '/usr/local/bin/mms', 'verify');
    }

    /** People at work, each on a connection that is kept: they read, write, and open the page. `end()` gives what they saw. */
    load() {
        const seen = { failures: [], codes: [], reads: 0, pages: 0 };
        let over = false;
        const one = async (i) => {
            const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: this.certificate });
            for (let n = 0; !over; n++) {
                const what = i % 2 ? 'write' : n % 4 ? 'read' : 'page';
                try {
                    const answer = await (what === 'write' ? this.ask('POST', '/api/inventory', { token: this.token, agent, body: { transactionType: 'in', materialId: this.material1, quantity: '1' } })
                        : this.ask('GET', what === 'read' ? '/api/inventory?pageSize=5' : '/', { token: this.token, agent }));
                    if (answer.status !== (what === 'write' ? 201 : 200))
                        seen.failures.push(`${what}: ${answer.status} ${answer.text.slice(0, 200)}`);
                    else if (what === 'write')
                        seen.codes.push(answer.body.data.transactionCode);
                    else
                        seen[`${what}s`]++;
                } catch (error) {
                    seen.failures.push(`${what}: ${error.code ?? error}`);
                }
                await sleep(100); // nginx lets an address have 100 requests a second
            }
            agent.destroy();
        };
        const all = Promise.all(Array.from({ length: 8 }, (_, i) => one(i)));
        return { seen, async end() {
            over = true;
            await all;
            return seen;
        } };
    }
    /** Runs `work` under load: nobody saw a failure, and what was acknowledged is there, once, and nothing else. */
    async underLoad(work) {
        const before = await this.numbers();
        const people = this.load();
        let result;
        try {
            await until(() => people.seen.codes.length > 20 && people.seen.reads > 10, 'people at work');
            result = await work(people);
            const n = people.seen.codes.length;
            await until(() => people.seen.codes.length > n + 20, 'people at work afterwards');
        } finally {
            await people.end();
        }
        assert.deepEqual(people.seen.failures, []);
        assert.ok(people.seen.pages > 5);
        assert.deepEqual(await this.numbers(), [...before, ...people.seen.codes].sort());
        this.verify();
        return result;
    }

    /** This machine as a host that ssh reaches, with the engine of the tests: what deploy() is told for it. */
    async overSsh() {
        const place = this.folder.make('ssh', 0), port = await freePort();
        chmodSync(this.folder.path, 0o755);
        for (const name of ['host', 'user'])
            ran('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(place, name)]);
        cpSync(path.join(place, 'user.pub'), path.join(place, 'authorized_keys'));
        writeFileSync(path.join(place, 'sshd_config'), ['StrictModes no', 'UsePAM no', 'PermitRootLogin prohibit-password', 'PasswordAuthentication no', `Port ${port}`, 'ListenAddress 127.0.0.1',
            `HostKey ${place}/host`, `PidFile ${place}/pid`, `AuthorizedKeysFile ${place}/authorized_keys`, `SetEnv DOCKER_HOST=${process.env.DOCKER_HOST} COMPOSE_PROJECT_NAME=${this.project}`, ''].join('\n'));
        mkdirSync('/run/sshd', { recursive: true });
        this.sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', path.join(place, 'sshd_config')], { stdio: 'ignore' });
        const command = `ssh -p ${port} -i ${place}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=${place}/known -o BatchMode=yes -o LogLevel=ERROR`;
        await until(() => tried('ssh', [...command.split(' ').slice(1), '127.0.0.1', 'true']).status === 0, 'sshd');
        return { host: '127.0.0.1', more: { DEPLOY_SSH: command } };
    }

    /** All of it goes. */
    end() {
        this.sshd?.kill('SIGTERM');
        if (existsSync(path.join(this.path, 'docker-compose.prod.yml')))
            this.composeOf('docker-compose.prod.yml', ['down', '-v', '--remove-orphans'], { MMS_VERSION: TAG });
        tried('docker', ['rm', '-fv', ...NAMES, 'mms-backend-old', 'mms-frontend-old', 'mms-deploy-trial']);
        tried('docker', ['network', 'rm', `${this.project}_mms`]);
        for (const name of this.made)
            tried('docker', ['rmi', '-f', name]);
        this.folder.remove();
    }
}
