// scripts/deploy.sh against a real engine, as on a server: nginx with TLS, both halves, people at work while the version changes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BACKEND, FIRST_PASSWORD, FRONTEND, Folder, PASSWORD, SECRET, TAG, TOP, docker, freePort, inspect, ran, sleep, tried, until } from './docker.mjs';

const folder = new Folder();
const site = path.join(folder.path, 'site');
const NAMES = ['mms-backend-prod', 'mms-frontend-prod', 'mms-nginx-prod'];
const PROJECT = 'mms-test-deploy';
const SLOW = 1_800_000;
const made = [];
let settings, certificate, ssh;

const env = () => ({ PATH: process.env.PATH, HOME: folder.path, DOCKER_HOST: process.env.DOCKER_HOST, COMPOSE_PROJECT_NAME: PROJECT });
const compose = (...args) => tried('docker-compose', ['-f', 'docker-compose.prod.yml', ...args], { cwd: site, env: env() });

/** scripts/deploy.sh …: {code, output}. */
function deploy(args, { host = 'local', more = {} } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(path.join(TOP, 'scripts/deploy.sh'), ['--dir', site, ...args, host], { env: { ...env(), ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
        let output = '';
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (output += text));
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, output }));
    });
}
const version = (tag) => ['--load', '--force', '--version', tag];
async function deployed(tag, options) {
    const { code, output } = await deploy(version(tag), options);
    assert.equal(code, 0, output);
    return output;
}
async function failed(tag, words, options) {
    const { code, output } = await deploy(version(tag), options);
    assert.equal(code, 1, output);
    assert.match(output, words);
    return output;
}

/** Another version: the image of this one with more lines of a Dockerfile. */
function variant(half, tag, lines, context) {
    const from = half === 'backend' ? BACKEND : FRONTEND, name = `mms-${half}:${tag}`;
    const place = context ?? folder.make(`build-${half}-${tag}`, 0);
    writeFileSync(path.join(place, 'Dockerfile'), [`FROM ${from}`, ...lines, ''].join('\n'));
    docker('build', '-q', '-t', name, place);
    made.push(name);
}
/** Both halves; what is not given differs from this version by a label alone. */
function bothVariants(tag, { backend = [`LABEL variant=${tag}`], frontend = [`LABEL variant=${tag}`], context } = {}) {
    variant('backend', tag, backend, context);
    variant('frontend', tag, frontend);
}
const imageOf = (name) => docker('image', 'inspect', '-f', '{{.Id}}', name);
const runs = (tag) => {
    assert.equal(inspect('mms-backend-prod').Image, imageOf(`mms-backend:${tag}`));
    assert.equal(inspect('mms-frontend-prod').Image, imageOf(`mms-frontend:${tag}`));
    assert.deepEqual(docker('ps', '-a', '--format', '{{.Names}}').split('\n').sort(), [...NAMES].sort(), 'nothing is left over');
    for (const name of NAMES)
        assert.equal(inspect(name).State.Running, true, name);
    assert.doesNotMatch(docker('volume', 'ls', '-q') + docker('network', 'ls', '--format', '{{.Name}}'), /trial/);
};
const idsOf = () => NAMES.map((name) => inspect(name).Id);
const logged = () => readFileSync(path.join(site, 'deploy.log'), 'utf8').trim().split('\n');

/** One request over TLS. */
function ask(method, where, { body, token, agent = false } = {}) {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...(payload && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }), ...(token && { authorization: `Bearer ${token}` }) };
    return new Promise((resolve, reject) => {
        const request = https.request({ host: '127.0.0.1', port: settings.MMS_HTTPS_PORT, path: where, method, headers, ca: certificate, agent }, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('error', reject);
            response.on('end', () => {
                const text = Buffer.concat(parts).toString();
                resolve({ status: response.statusCode, text, body: /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(text) : undefined });
            });
        });
        request.on('error', reject);
        request.end(payload);
    });
}
async function login(password = PASSWORD) {
    const { status, text, body } = await ask('POST', '/api/auth/login', { body: { username: 'admin', password } });
    assert.equal(status, 200, text);
    return body.data.accessToken;
}
let token, material;

/** People at work, each on a connection that is kept: they read, write, and open the page. `end()` gives what they saw. */
function load() {
    const seen = { failures: [], codes: [], reads: 0, pages: 0 };
    let over = false;
    const one = async (i) => {
        const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: certificate });
        for (let n = 0; !over; n++) {
            const what = i % 2 ? 'write' : n % 4 ? 'read' : 'page';
            try {
                const answer = await (what === 'write' ? ask('POST', '/api/inventory', { token, agent, body: { transactionType: 'in', materialId: material, quantity: '1' } })
                    : ask('GET', what === 'read' ? '/api/inventory?limit=5' : '/', { token, agent }));
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
async function underLoad(work) {
    const numbers = async () => (await allNumbers()).sort();
    const before_ = await numbers();
    const people = load();
    await until(() => people.seen.codes.length > 20 && people.seen.reads > 10, 'people at work');
    let result;
    try {
        result = await work(people);
        const n = people.seen.codes.length;
        await until(() => people.seen.codes.length > n + 20, 'people at work afterwards');
    } finally {
        await people.end();
    }
    assert.deepEqual(people.seen.failures, []);
    assert.ok(people.seen.pages > 5);
    assert.deepEqual(await numbers(), [...before_, ...people.seen.codes].sort());
    docker('exec', 'mms-backend-prod', '/usr/local/bin/mms', 'verify');
    return result;
}
async function allNumbers() {
    const list = [];
    for (let page = 1; ; page++) {
        const { body, text } = await ask('GET', `/api/inventory?limit=100&page=${page}`, { token });
        assert.ok(body?.success, text);
        list.push(...body.data.list.map((one) => one.transaction_code ?? one.transactionCode));
        if (list.length >= body.data.total)
            return list;
        await sleep(20);
    }
}

/** A receipt whose body is on its way for as long as `work` takes: {status, text}. */
async function slowly(work) {
    const body = JSON.stringify({ transactionType: 'in', materialId: material, quantity: '1' });
    const room = 5000, agent = new https.Agent({ ca: certificate });
    let over = false;
    const answer = new Promise((resolve, reject) => {
        const request = https.request({ host: '127.0.0.1', port: settings.MMS_HTTPS_PORT, path: '/api/inventory', method: 'POST', agent,
            headers: { 'content-type': 'application/json', 'content-length': room + body.length, authorization: `Bearer ${token}` } }, (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (part) => (text += part)).on('error', reject).on('end', () => resolve({ status: response.statusCode, text }));
        });
        request.on('error', reject);
        (async () => {
            let sent = 0;
            for (; !over && sent < room; await sleep(200), sent++)
                request.write(' ');
            request.end(' '.repeat(room - sent) + body);
        })();
    });
    answer.catch(() => {});
    await sleep(1000); // nginx has read its first line
    try {
        await work();
    } finally {
        over = true;
    }
    return answer;
}

before(async () => {
    for (const name of ['docker-compose.prod.yml', 'nginx'])
        cpSync(path.join(TOP, name), path.join(site, name), { recursive: true });
    const place = path.join(site, 'nginx/ssl');
    ran('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '90', '-subj', '/CN=mms.test', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
        '-keyout', path.join(place, 'key.pem'), '-out', path.join(place, 'cert.pem')]);
    ran('chown', ['101:101', path.join(place, 'key.pem')]);
    certificate = readFileSync(path.join(place, 'cert.pem'));
    for (const name of ['data/db', 'data/uploads', 'backup'])
        folder.make(name);
    settings = {
        JWT_SECRET: SECRET, MMS_DATA: path.join(folder.path, 'data'), MMS_BACKUP: path.join(folder.path, 'backup'), MMS_NGINX_IMAGE: process.env.NGINX_IMAGE ?? 'localhost/mms-nginx:local',
        MMS_HTTP_PORT: String(await freePort()), MMS_HTTPS_PORT: String(await freePort()), MMS_SUBNET: '172.31.252.0/24', ADMIN_INITIAL_PASSWORD: FIRST_PASSWORD, COMPOSE_PROJECT_NAME: PROJECT,
    };
    writeFileSync(path.join(site, '.env'), `# as the operator wrote it\n${Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('')}MMS_VERSION=\n`, { mode: 0o600 });
    bothVariants('two');
    bothVariants('three');
});
after(() => {
    ssh?.stop();
    if (existsSync(path.join(site, 'docker-compose.prod.yml')))
        tried('docker-compose', ['-f', 'docker-compose.prod.yml', 'down', '-v', '--remove-orphans'], { cwd: site, env: { ...env(), MMS_VERSION: TAG } });
    tried('docker', ['rm', '-fv', ...NAMES, 'mms-backend-old', 'mms-frontend-old', 'mms-deploy-trial']);
    tried('docker', ['network', 'rm', `${PROJECT}_mms`]);
    for (const name of made)
        tried('docker', ['rmi', '-f', name]);
    folder.remove();
});

test('what is not clean, green, named, there or in time is refused before anything is changed', async () => {
    assert.equal((await deploy(['--version', 'latest', '--load', '--force'])).code, 1);
    assert.match((await deploy(['--version', 'latest', '--load', '--force'])).output, /latest/);
    assert.equal((await deploy(['--version'])).code, 64);
    assert.equal((await deploy(['--nonsense'])).code, 64);
    assert.match((await deploy(['--version', 'x;rm', '--load', '--force'])).output, /no tag/);
    assert.match((await deploy(['--version', 'not-built', '--load', '--force'])).output, /has no image/);
    assert.match((await deploy(['--version', 'two', '--load'])).output, /not committed|not all green|not of this commit/);
    assert.equal((await deploy(['--rollback'])).code, 1);
    assert.match((await deploy(['--rollback'])).output, /no earlier version/);
    const offset = await tried('bash', [path.join(TOP, 'scripts/deploy/host.sh'), 'deploy', site, 'tag=two', 'who=test', 'now=1000'], { env: env() });
    assert.equal(offset.status, 1);
    assert.match(offset.output, /the clock of the host is \d+ s off/);
    const otherDigest = await tried('bash', [path.join(TOP, 'scripts/deploy/host.sh'), 'deploy', site, 'tag=two', 'who=test', `backend_id=${imageOf(BACKEND)}`], { env: env() });
    assert.match(otherDigest.output, /digest of the image is another/);
    const secret = readFileSync(path.join(site, '.env'), 'utf8');
    writeFileSync(path.join(site, '.env'), secret.replace(/^JWT_SECRET=.*/m, 'JWT_SECRET=short'));
    await failed(TAG, /JWT_SECRET[^]*settings on the host are not acceptable/);
    writeFileSync(path.join(site, '.env'), secret);
    assert.equal(docker('ps', '-aq'), '');
});

test('nginx is up before the service; the first deployment brings both, and everybody is answered then', { timeout: SLOW }, async () => {
    const { status, output } = tried('docker-compose', ['-f', 'docker-compose.prod.yml', 'up', '-d', '--no-deps', 'nginx'], { cwd: site, env: { ...env(), MMS_VERSION: TAG } });
    assert.equal(status, 0, output);
    await until(async () => (await ask('GET', '/api/health').catch(() => ({}))).status === 502, 'nginx alone');
    const nginx = inspect('mms-nginx-prod').Id;
    assert.match(await deployed(TAG), /首次部署/);
    runs(TAG);
    assert.equal(inspect('mms-nginx-prod').Id, nginx);
    await until(async () => (await ask('GET', '/api/health')).status === 200, 'the service behind nginx');
    token = await login(FIRST_PASSWORD);
    assert.equal((await ask('POST', '/api/auth/change-password', { token, body: { currentPassword: FIRST_PASSWORD, newPassword: PASSWORD } })).status, 200);
    token = await login();
    const { body, text } = await ask('POST', '/api/materials', { token, body: { material_code: 'DEPLOY-1', material_name: '质子交换膜', category: 'chemical', unit: 'kg' } });
    assert.ok(body.success, text);
    material = body.data.id;
    assert.match(logged().at(-1), / \S+@\S+ .* deployed, for the first time$/);
});

test('a dry run prints each step and changes nothing', { timeout: SLOW }, async () => {
    const ids = idsOf(), files = readdirSync(site), text = readFileSync(path.join(site, '.env'), 'utf8'), backups = readdirSync(settings.MMS_BACKUP);
    const { code, output } = await deploy([...version('two'), '--dry-run']);
    assert.equal(code, 0, output);
    for (const step of ['备份', '副本上试运行', '旧容器旁启动', '切换', '旧后端', '接管', '经过 nginx', '移除旧容器'])
        assert.match(output, new RegExp(`将执行 / would: .*${step}`), output);
    assert.deepEqual([idsOf(), readdirSync(site), readFileSync(path.join(site, '.env'), 'utf8'), readdirSync(settings.MMS_BACKUP)], [ids, files, text, backups]);
    runs(TAG);
});

test('two deployments while people work: no request fails, what was acknowledged is there', { timeout: SLOW }, async () => {
    await underLoad(async (people) => {
        const late = await slowly(async () => assert.match(await deployed('two'), /b 侧/));
        assert.equal(late.status, 201, `on its way while the sides changed: ${late.text}`);
        people.seen.codes.push(JSON.parse(late.text).data.transactionCode);
        await deployed('three');
    });
    runs('three');
    assert.equal(logged().filter((line) => / deployed in \d+ s$/.test(line)).length, 2);
    const text = readFileSync(path.join(site, '.env'), 'utf8');
    assert.match(text, /^# as the operator wrote it$/m);
    assert.match(text, /^MMS_VERSION=three$/m);
    assert.match(text, /^MMS_SIDE_A=1$/m);
    assert.match(text, /^MMS_SIDE_B=0$/m);
});

test('the same version again is nothing to do, and docker-compose finds what was deployed', { timeout: SLOW }, async () => {
    await deployed('two'); // side b
    const ids = idsOf();
    assert.match(await deployed('two'), /deployed already/);
    assert.deepEqual(idsOf(), ids);
    const { status, output } = compose('up', '-d');
    assert.equal(status, 0, output);
    assert.deepEqual(idsOf(), ids, output);
    runs('two');
    assert.equal((await ask('GET', '/api/health')).status, 200);
});

test('two at once: the second is refused', { timeout: SLOW }, async () => {
    const first = deploy(version('three'));
    await until(() => existsSync(path.join(site, 'deploy.lock')) && / three$/m.test(readFileSync(path.join(site, 'deploy.lock'), 'utf8')), 'the first');
    await failed('two', /another deployment is under way: .* three/);
    const { code, output } = await first;
    assert.equal(code, 0, output);
    runs('three');
});

test('--rollback goes to the version before, while people work', { timeout: SLOW }, async () => {
    await underLoad(async () => {
        const { code, output } = await deploy(['--rollback']);
        assert.equal(code, 0, output);
    });
    runs('two');
});

test('a broken image leaves everything as it was, wherever it breaks, while people work', { timeout: SLOW }, async () => {
    await deployed('two');
    bothVariants('ends-at-once', { backend: ['ENTRYPOINT ["/usr/local/bin/mms", "version"]'] });
    bothVariants('never-healthy', { backend: ['ENV HOST=127.0.0.2', 'CMD ["health"]'] });
    bothVariants('sick-page', { frontend: ['HEALTHCHECK --interval=1s --retries=1 --start-period=1s CMD exit 1'] });
    bothVariants('empty-page', { frontend: ['USER root', 'RUN echo nothing > /usr/share/nginx/html/index.html && rm -f /usr/share/nginx/html/index.html.*', 'USER 101:101'] });
    await underLoad(async () => {
        const more = { MMS_DEPLOY_WAIT: '20' };
        await failed('ends-at-once', /nothing that runs was changed/, { more });
        await failed('never-healthy', /nothing that runs was changed|cannot use a copy/, { more });
        await failed('sick-page', /the new page is not healthy[^]*back again and well/, { more });
        runs('two');
        await failed('empty-page', /not as it should be[^]*back again and well/, { more }); // seen only when the new one has taken over
        runs('two');
    });
    assert.match(logged().at(-1), / empty-page FAILED; what was there before serves again$/);
    assert.match(readFileSync(path.join(site, '.env'), 'utf8'), /^MMS_VERSION=two$/m);
});

test('cut off in the middle, it goes back; killed, the next one mends it first', { timeout: SLOW }, async () => {
    await underLoad(async () => {
        for (const signal of ['SIGTERM', 'SIGKILL']) {
            const child = spawn('bash', [path.join(TOP, 'scripts/deploy/host.sh'), 'deploy', site, 'tag=three', 'who=test', `now=${Math.floor(Date.now() / 1000)}`],
                { env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
            let output = '';
            child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
            const end = new Promise((resolve) => child.on('close', resolve));
            await until(() => tried('docker', ['inspect', 'mms-backend-old']).status === 0 || child.exitCode !== null, 'both beside each other', 120_000);
            child.kill(signal);
            await end;
            if (signal === 'SIGTERM')
                assert.match(output, /back again and well/);
            else
                assert.match(await deployed('three'), /mending that first/);
            runs(signal === 'SIGTERM' ? 'two' : 'three');
        }
    });
});

test('a version with another schema: a failing migration changes nothing; a good one leaves a snapshot, and the way back is told', { timeout: SLOW }, async () => {
    await deployed('three');
    const source = path.join(folder.path, 'source'), build = path.join(folder.path, 'build');
    cpSync(path.join(TOP, 'backend'), source, { recursive: true, filter: (name) => !/\/build|node_modules/.test(name) });
    const last = Math.max(...readdirSync(path.join(source, 'sql')).map((name) => Number.parseInt(name, 10)));
    const next = `${String(last + 1).padStart(4, '0')}`;
    const extra = path.join(source, `sql/${next}_deploy_test.sql`);
    const program = (tag, text, lines = []) => {
        writeFileSync(extra, text);
        if (!existsSync(build))
            ran('meson', ['setup', '-Dbuildtype=debug', build, source]);
        ran('ninja', ['-C', build, 'mms'], { timeout: SLOW });
        const context = folder.make(`context-${tag}`, 0);
        cpSync(path.join(build, 'mms'), path.join(context, 'mms'));
        chmodSync(path.join(context, 'mms'), 0o755);
        mkdirSync(path.join(context, 'page'));
        writeFileSync(path.join(context, 'page/index.html'), '<!doctype html><title>x</title>');
        bothVariants(tag, { backend: ['COPY mms /usr/local/bin/mms', ...lines], context });
    };
    program('bad-schema', 'SELECT nothing FROM nowhere;\n');
    const good = 'CREATE TABLE deploy_test (id @int@ NOT NULL PRIMARY KEY) @strict@;\n';
    // With /data of the trial, which is filled from the image, it serves; where the real data are, it ends after it has migrated.
    program('dies-after', good, ['COPY --chown=1001:1001 page /data/page', 'ENV WEB_DIR=/data/page']);
    program('new-schema', good);
    const snapshots = () => readdirSync(path.join(settings.MMS_DATA, 'db')).filter((name) => name.startsWith(`mms.db.before-${next}`));

    await underLoad(() => failed('bad-schema', /cannot use a copy of the data/));
    assert.deepEqual(snapshots(), []);
    runs('three');

    const numbers = await allNumbers();
    await failed('dies-after', /the database is the snapshot from before[^]*back again and well/, { more: { MMS_DEPLOY_WAIT: '30' } });
    runs('three');
    assert.deepEqual(await allNumbers(), numbers, 'nothing is lost');
    docker('exec', 'mms-backend-prod', '/usr/local/bin/mms', 'verify');

    await underLoad(() => deployed('new-schema'));
    runs('new-schema');
    assert.ok(snapshots().length >= 1);
    const back = await deploy(['--rollback']);
    assert.equal(back.code, 1);
    assert.match(back.output, /newer[^]*cannot use a copy of the data/);
    runs('new-schema');
});

test('over ssh, with images that go through it', { timeout: SLOW, skip: !existsSync('/usr/sbin/sshd') && '没有 sshd / there is no sshd' }, async () => {
    const place = folder.make('ssh', 0), port = await freePort();
    chmodSync(folder.path, 0o755);
    for (const name of ['host', 'user'])
        ran('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(place, name)]);
    cpSync(path.join(place, 'user.pub'), path.join(place, 'authorized_keys'));
    writeFileSync(path.join(place, 'sshd_config'), ['StrictModes no', 'UsePAM no', 'PermitRootLogin prohibit-password', 'PasswordAuthentication no', `Port ${port}`, 'ListenAddress 127.0.0.1',
        `HostKey ${place}/host`, `PidFile ${place}/pid`, `AuthorizedKeysFile ${place}/authorized_keys`, `SetEnv DOCKER_HOST=${process.env.DOCKER_HOST} COMPOSE_PROJECT_NAME=${PROJECT}`, ''].join('\n'));
    mkdirSync('/run/sshd', { recursive: true });
    const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', path.join(place, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
    ssh = { stop: () => daemon.kill('SIGTERM') };
    const command = `ssh -p ${port} -i ${place}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=${place}/known -o BatchMode=yes -o LogLevel=ERROR`;
    await until(() => tried('ssh', [...command.split(' ').slice(1), '127.0.0.1', 'true']).status === 0, 'sshd');
    likeTheOneThatRuns('four');
    const output = await deployed('four', { host: '127.0.0.1', more: { DEPLOY_SSH: command } });
    assert.match(output, /== 127\.0\.0\.1/);
    runs('four');
    assert.equal((await ask('GET', '/api/health')).status, 200);
});
/** A version of the schema that runs now. */
function likeTheOneThatRuns(tag) {
    const place = folder.make(`like-${tag}`, 0);
    for (const half of ['backend', 'frontend']) {
        writeFileSync(path.join(place, 'Dockerfile'), `FROM ${inspect(`mms-${half}-prod`).Config.Image}\nLABEL variant=${tag}\n`);
        docker('build', '-q', '-t', `mms-${half}:${tag}`, place);
        made.push(`mms-${half}:${tag}`);
    }
}
