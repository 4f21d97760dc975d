// scripts/deploy.sh against a real engine, as on a server: nginx with TLS, both halves, people at work while the version changes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Deployment, NO_SSHD, SLOW, imageOf, version } from './deployment.mjs';
import { BACKEND, Folder, NO_AGE, TAG, docker, inspect, makeAgeKey, sleep, tried, until } from './docker.mjs';
import { NAMES } from './site.mjs';

const site = new Deployment(new Folder(), { project: 'mms-test-deploy', subnet: '172.31.252.0/24' });
const { folder } = site;
const deploy = (...args) => site.deploy(...args), deployed = (...args) => site.deployed(...args), failed = (...args) => site.failed(...args);
const underLoad = (work) => site.underLoad(work), ask = (...args) => site.ask(...args), runs = (tag) => site.runs(tag);
const idsOf = () => NAMES.map((name) => inspect(name).Id);
let settings;

/** A receipt whose body is on its way for as long as `work` takes: {status, text}. */
async function slowly(work) {
    const body = JSON.stringify({ transactionType: 'in', materialId: site.material1, quantity: '1' });
    const room = 5000, agent = new https.Agent({ ca: site.certificate });
    let over = false;
    const answer = new Promise((resolve, reject) => {
        const request = https.request({ host: '127.0.0.1', port: settings.MMS_HTTPS_PORT, path: '/api/inventory', method: 'POST', agent,
            headers: { 'content-type': 'application/json', 'content-length': room + body.length, authorization: `Bearer ${site.token}` } }, (response) => {
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
    await site.layOut({ COMPOSE_PROJECT_NAME: site.project, MMS_VERSION: '' });
    ({ settings } = site);
    site.bothVariants('two');
    site.bothVariants('three');
});
after(() => site.end());

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
    const offset = tried(...site.host('tag=two', 'now=1000'));
    assert.equal(offset.status, 1);
    assert.match(offset.output, /the clock of the host is \d+ s off/);
    const otherDigest = tried(...site.host('tag=two', `backend_id=${imageOf(BACKEND)}`));
    assert.match(otherDigest.output, /digest of the image is another/);
    const secret = readFileSync(site.envFile, 'utf8');
    writeFileSync(site.envFile, secret.replace(/^JWT_SECRET=.*/m, 'JWT_SECRET=short'));
    await failed(TAG, /JWT_SECRET[^]*settings on the host are not acceptable/);
    writeFileSync(site.envFile, secret);
    assert.equal(docker('ps', '-aq'), '');
});

test('nginx is up before the service; the first deployment brings both, and everybody is answered then', { timeout: SLOW }, async () => {
    const { status, output } = site.composeOf('docker-compose.prod.yml', ['up', '-d', '--no-deps', 'nginx'], { MMS_VERSION: TAG });
    assert.equal(status, 0, output);
    await until(async () => (await ask('GET', '/api/health').catch(() => ({}))).status === 502, 'nginx alone');
    const nginx = inspect('mms-nginx-prod').Id;
    assert.match(await site.begin(), /首次部署/);
    runs(TAG);
    assert.equal(inspect('mms-nginx-prod').Id, nginx);
    assert.match(site.log.at(-1), / \S+@\S+ .* deployed, for the first time$/);
});

test('a dry run prints each step and changes nothing', { timeout: SLOW }, async () => {
    const ids = idsOf(), files = readdirSync(site.path), text = readFileSync(site.envFile, 'utf8'), backups = readdirSync(settings.MMS_BACKUP);
    const { code, output } = await deploy([...version('two'), '--dry-run']);
    assert.equal(code, 0, output);
    for (const step of ['备份', '副本上试运行', '旧容器旁启动', '切换', '旧后端', '接管', '经过 nginx', '移除旧容器'])
        assert.match(output, new RegExp(`将执行 / would: .*${step}`), output);
    assert.deepEqual([idsOf(), readdirSync(site.path), readFileSync(site.envFile, 'utf8'), readdirSync(settings.MMS_BACKUP)], [ids, files, text, backups]);
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
    assert.equal(site.log.filter((line) => / deployed in \d+ s$/.test(line)).length, 2);
    const text = readFileSync(site.envFile, 'utf8');
    assert.match(text, /^# as the operator wrote it$/m);
    assert.match(text, /^MMS_VERSION=three$/m);
    assert.match(text, /^MMS_SIDE_A=1$/m);
    assert.match(text, /^MMS_SIDE_B=0$/m);
    assert.match(text, /^MMS_NAME_A=prod$/m);
    assert.match(text, /^MMS_NAME_B=spare$/m);
});

test('the same version again is nothing to do, and docker-compose finds what was deployed', { timeout: SLOW }, async () => {
    await deployed('two'); // side b
    const ids = idsOf();
    assert.match(await deployed('two'), /deployed already/);
    assert.deepEqual(idsOf(), ids);
    const { status, output } = site.compose('up', '-d');
    assert.equal(status, 0, output);
    assert.deepEqual(idsOf(), ids, output);
    runs('two');
    assert.equal((await ask('GET', '/api/health')).status, 200);
});

test('two at once: the second is refused', { timeout: SLOW }, async () => {
    const first = deploy(version('three'));
    await until(() => existsSync(path.join(site.path, 'deploy.lock')) && / three$/m.test(readFileSync(path.join(site.path, 'deploy.lock'), 'utf8')), 'the first');
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
    site.bothVariants('ends-at-once', { backend: ['ENTRYPOINT ["/usr/local/bin/mms", "version"]'] });
    site.bothVariants('never-healthy', { backend: ['ENV HOST=127.0.0.2', 'CMD ["health"]'] });
    site.bothVariants('sick-page', { frontend: ['HEALTHCHECK --interval=1s --retries=1 --start-period=1s CMD exit 1'] });
    site.bothVariants('empty-page', { frontend: ['USER root', 'RUN echo nothing > /usr/share/nginx/html/index.html && rm -f /usr/share/nginx/html/index.html.*', 'USER 101:101'] });
    await underLoad(async () => {
        const more = { MMS_DEPLOY_WAIT: '20' };
        await failed('ends-at-once', /nothing that runs was changed/, { more });
        await failed('never-healthy', /nothing that runs was changed|cannot use a copy/, { more });
        await failed('sick-page', /the new page is not healthy[^]*back again and well/, { more });
        runs('two');
        await failed('empty-page', /not as it should be[^]*back again and well/, { more }); // seen only when the new one has taken over
        runs('two');
    });
    assert.match(site.log.at(-1), / empty-page FAILED; what was there before serves again$/);
    assert.match(readFileSync(site.envFile, 'utf8'), /^MMS_VERSION=two$/m);
});

test('cut off in the middle, it goes back; killed, the next one mends it first', { timeout: SLOW }, async () => {
    await underLoad(async () => {
        for (const signal of ['SIGTERM', 'SIGKILL']) {
            const [command, args, options] = site.host('tag=three', `now=${Math.floor(Date.now() / 1000)}`);
            const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
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
    const good = 'CREATE TABLE deploy_test (id @int@ NOT NULL PRIMARY KEY) @strict@;\n';
    const snapshot = site.otherSchema([
        ['bad-schema', 'SELECT nothing FROM nowhere;\n'],
        // With /data of the trial, which is filled from the image, it serves; where the real data are, it ends after it has migrated.
        ['dies-after', good, { backend: ['COPY --chown=1001:1001 page /data/page', 'ENV WEB_DIR=/data/page'] }],
        ['new-schema', good],
    ]);
    const snapshots = () => readdirSync(path.join(settings.MMS_DATA, 'db')).filter((name) => name.startsWith(snapshot));

    await underLoad(() => failed('bad-schema', /cannot use a copy of the data/));
    assert.deepEqual(snapshots(), []);
    runs('three');

    const numbers = await site.numbers();
    await failed('dies-after', /the database is the snapshot from before[^]*back again and well/, { more: { MMS_DEPLOY_WAIT: '30' } });
    runs('three');
    assert.deepEqual(await site.numbers(), numbers, 'nothing is lost');
    site.verify();

    await underLoad(() => deployed('new-schema'));
    runs('new-schema');
    assert.ok(snapshots().length >= 1);
    const back = await deploy(['--rollback']);
    assert.equal(back.code, 1);
    assert.match(back.output, /newer[^]*cannot use a copy of the data/);
    runs('new-schema');
});

test('where backups are encrypted: told that the one for the trial is not, and the new service goes on encrypting', { timeout: SLOW, skip: NO_AGE }, async () => {
    const recipient = makeAgeKey(path.join(folder.path, 'age.key')), text = readFileSync(site.envFile, 'utf8');
    folder.make('backup/continuous');
    writeFileSync(site.envFile, `${text}AGE_RECIPIENT=${recipient}\nMMS_AGE=/usr/bin/age\nBACKUP_CONTINUOUS_DIR=/backup/continuous\nBACKUP_CONTINUOUS_SECONDS=1\n`);
    likeTheOneThatRuns('sealed');
    const before = new Date().toISOString();
    assert.match(await deployed('sealed'), /not encrypted, as the trial has to read it/);
    runs('sealed');
    const token = await site.login();
    await until(async () => (await ask('GET', '/api/admin/backups', { token })).body.data.continuous.safe_until > before, 'the new service to ship');
    const { continuous } = (await ask('GET', '/api/admin/backups', { token })).body.data;
    assert.deepEqual([continuous.sealed, continuous.open_bases, continuous.reason], [true, 0, null]);
});

test('over ssh, with images that go through it', { timeout: SLOW, skip: NO_SSHD }, async () => {
    const ssh = await site.overSsh();
    likeTheOneThatRuns('four');
    const output = await deployed('four', ssh);
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
        site.made.push(`mms-${half}:${tag}`);
    }
}
