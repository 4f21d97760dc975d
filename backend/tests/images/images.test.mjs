// The two images as scripts/build-images.sh has built them: what is in them, and how they behave where they are meant to run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';

import { Client, accepted } from '../api/client.mjs';
import { checked, rowsOf, step } from '../api/import-steps.mjs';
import { GIF, JPEG, WEBP, form, jpegSize, png, pngSize } from '../api/picture.mjs';
import {
    BACKEND, FRONTEND, Folder, HARDENED, NO_REGISTRY, OUT, OWNER, PASSWORD, SECRET, TAG, TOP, administrator, docker, freePort, healthOf, inspect, logsOf, ran, remove, removeAll, sleep, start, startRegistry,
    startService, tried, until, untilHealthy,
} from './docker.mjs';

const folder = new Folder();
after(() => {
    removeAll();
    folder.remove();
});
const MB = 1_000_000;
const listOf = (name) => JSON.parse(readFileSync(path.join(OUT, `${name}.cdx.json`), 'utf8'));

/** What the engine lays into every container. */
const ENGINES_OWN = /^(\.dockerenv|(dev|proc|sys)\/.*|etc\/(hostname|hosts|resolv\.conf|mtab))$/;
/** The files of an image: [{mode, owner, size, name}]. */
function filesOf(image) {
    const container = docker('create', image);
    try {
        const listing = ran('sh', ['-c', `docker export ${container} | tar -tv --numeric-owner`]);
        return listing.split('\n').map((line) => {
            const [mode, owner, size, , , ...name] = line.split(/\s+/);
            return { mode, owner, size: +size, name: name.join(' ').replace(/ (->|link to) .*/, '') };
        }).filter(({ name }) => !ENGINES_OWN.test(name));
    } finally {
        docker('rm', container);
    }
}

test('they are small, and tagged with version and commit', () => {
    const version = /version: '(.*)'/.exec(readFileSync(path.join(TOP, 'backend/meson.build'), 'utf8'))[1];
    for (const [image, limit] of [[BACKEND, 30], [FRONTEND, 50]]) {
        const { Size: size, RepoTags: tags, Config: config } = inspect(image);
        assert.ok(size <= limit * MB, `${image}: ${size}`);
        assert.ok(tags.includes(`${image.split(':')[0]}:${version}`), tags.join());
        assert.match(image, new RegExp(`:${version}-[0-9a-f]{12}(-dirty)?$`));
        const labels = Object.fromEntries(Object.entries(config.Labels).map(([name, value]) => [name.replace('org.opencontainers.image.', ''), value]));
        assert.equal(labels.title, image.split(':')[0]);
        assert.equal(labels.version, version);
        assert.equal(`${version}-${labels.revision}`, TAG);
        assert.match(labels.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    }
});

test('they are not root, say how they are, and what they listen on', () => {
    const backend = inspect(BACKEND).Config, frontend = inspect(FRONTEND).Config;
    assert.equal(backend.User, '1001:1001');
    assert.equal(frontend.User, '101:101');
    assert.deepEqual(backend.Healthcheck.Test, ['CMD', '/usr/local/bin/mms', 'health'], 'no shell in between');
    assert.match(frontend.Healthcheck.Test.join(' '), /wget/);
    assert.deepEqual([...backend.Entrypoint, ...backend.Cmd], ['/usr/local/bin/mms', 'serve']);
    assert.deepEqual(Object.keys(backend.ExposedPorts), ['3000/tcp']);
    assert.deepEqual(Object.keys(frontend.ExposedPorts), ['80/tcp']);
    for (const { Healthcheck: { Interval: interval, Timeout: timeout, Retries: retries } } of [backend, frontend])
        assert.deepEqual([interval, timeout, retries], [5e9, 3e9, 3]);
});

test('in the one of the service is the program and what it needs: no shell, no compiler, no source, nothing with set-uid', () => {
    const files = filesOf(BACKEND), names = files.map(({ name }) => name);
    const programs = files.filter(({ mode, name }) => /^-..x/.test(mode) && !/\.so(\.|$)/.test(name)).map(({ name }) => name);
    assert.deepEqual(programs, ['usr/local/bin/mms']);
    assert.deepEqual(names.filter((name) => /\.([ch]|py|sh|mjs|sql|a|o|pc)$|\/(gcc|cc|ld|sh|bash|apt|dpkg|python3|perl)$|node_modules|\.git\b/.test(name)), []);
    assert.deepEqual(files.filter(({ mode }) => /^...[sS]|^......[sS]/.test(mode)).map(({ name }) => name), []);
    for (const needed of ['etc/ssl/certs/ca-certificates.crt', 'etc/passwd', 'etc/group', 'etc/nsswitch.conf', 'data/', 'app/uploads/', 'backup/', 'usr/share/mms/sbom.cdx.json'])
        assert.ok(names.includes(needed), needed);
    for (const [name, mode] of [['data/', 'drwxr-x---'], ['app/uploads/', 'drwxr-x---'], ['backup/', 'drwxr-x---'], ['tmp/', 'drwxrwxrwt']]) {
        const found = files.find((file) => file.name === name);
        assert.deepEqual([found.mode, found.owner], [mode, name === 'tmp/' ? '0/0' : `${OWNER}/${OWNER}`], name);
    }
    assert.deepEqual(names.filter((name) => /lib(avif|heif|x265|aom|X11|freetype)/.test(name)), [], 'codecs that nothing needs');
});

test('in the one of the page is the page as it was built: packed, without sources', () => {
    const files = filesOf(FRONTEND), names = files.map(({ name }) => name);
    const page = names.filter((name) => name.startsWith('usr/share/nginx/html/'));
    assert.ok(page.includes('usr/share/nginx/html/index.html'));
    assert.ok(page.some((name) => /assets\/app-.*\.js\.gz$/.test(name)));
    assert.deepEqual(page.filter((name) => /\.(ts|vue|map|br)$|node_modules|\.env/.test(name)), []);
    assert.deepEqual(names.filter((name) => /\/(node|npm|npx|gcc|cc)$/.test(name)), []);
});

test('no secret is in them, in their settings or in how they were made', () => {
    for (const image of [BACKEND, FRONTEND]) {
        const told = JSON.stringify(inspect(image).Config) + docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', image);
        assert.doesNotMatch(told, /JWT_SECRET|PASSWORD|METRICS_TOKEN|npm_[A-Za-z0-9]{20}|BEGIN [A-Z ]*PRIVATE/);
        const names = filesOf(image).map(({ name }) => name);
        assert.deepEqual(names.filter((name) => /(^|\/)\.(env|npmrc|ssh|netrc|docker)|\.(key|p12|pfx)$|key\.pem$/.test(name)), []);
        // In no file's content, either.
        const found = tried('sh', ['-c', `container=$(docker create ${image}); docker export $container | grep -a -c -E 'BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----[[:space:]]|dev-secret-key-change-in-production$'; docker rm $container >/dev/null`]);
        assert.equal(found.stdout.trim(), '0', image);
    }
});

test('they were built without a warning', () => {
    for (const name of ['mms-backend', 'mms-frontend']) {
        const lines = readFileSync(path.join(OUT, `${name}.log`), 'utf8').split('\n').filter((line) => /warn|deprecated/i.test(line));
        // What the engine's client says about its own builder, and the steps of the file itself.
        assert.deepEqual(lines.filter((line) => !/legacy builder|^Step \d|loglevel|logLevel/.test(line)), []);
    }
});

test('each has a list of what is in it: every library, every package of the page, with its version', () => {
    const backend = listOf('mms-backend'), frontend = listOf('mms-frontend');
    for (const list of [backend, frontend]) {
        assert.deepEqual([list.bomFormat, list.specVersion], ['CycloneDX', '1.5']);
        assert.match(list.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$|^urn:uuid:[0-9a-f-]{36}$/);
        for (const { name, version, purl } of list.components) {
            assert.ok(name && version, purl);
            assert.match(purl, /^pkg:(deb|apk|npm)\//);
        }
        assert.equal(new Set(list.components.map((one) => one['bom-ref'])).size, list.components.length);
    }
    // The notices that are in the image are those of the list.
    const noted = filesOf(BACKEND).map(({ name }) => /^usr\/share\/doc\/(.*)\/copyright$/.exec(name)?.[1]).filter(Boolean);
    assert.deepEqual(backend.components.map(({ name }) => name).sort(), noted.sort());
    for (const name of ['libc6', 'libsqlite3-0', 'libpq5', 'libmicrohttpd12', 'libsodium23', 'libgd3', 'libssl3', 'ca-certificates', 'unicode-data'])
        assert.ok(noted.includes(name), name);
    const packages = frontend.components.filter(({ purl }) => purl.startsWith('pkg:npm/'));
    const { dependencies } = JSON.parse(readFileSync(path.join(TOP, 'frontend/package.json'), 'utf8'));
    for (const name of ['vue', 'vue-router', 'echarts', 'element-plus'])
        assert.equal(packages.find((one) => one.name === name)?.version, dependencies[name], name);
    assert.ok(frontend.components.some(({ name }) => /^nginx/.test(name)));
});

test('the service with a read-only file system, no rights and a secret: healthy, and it keeps its data in its folders', async () => {
    const { place, name, data } = await startService(folder, 'mms-images-service');
    const admin = await administrator(place);
    assert.equal(admin.user.role, 'system_admin');
    assert.ok(existsSync(path.join(data, 'mms.db')));
    const state = inspect(name);
    assert.equal(state.HostConfig.ReadonlyRootfs, true);
    assert.equal(docker('exec', name, 'mms', 'health'), 'ok');
    assert.match(docker('exec', name, 'mms', 'check-config'), /JWT_SECRET +\(set\)/);
    docker('exec', name, 'mms', 'verify');
    assert.equal(docker('top', name, '-o', 'pid,uid').split('\n')[1].trim().split(/\s+/)[1], String(OWNER));
    assert.equal(tried('docker', ['exec', name, 'sh', '-c', 'true']).status === 0, false, 'there is no shell');
    for (const line of docker('logs', name).split('\n').filter(Boolean))
        assert.equal(typeof JSON.parse(line).event, 'string', line);
});

test('at rest it takes less than 32 MiB, and started again it is healthy', async () => {
    const name = 'mms-images-service';
    docker('restart', '-t', '15', name);
    await untilHealthy(name);
    await sleep(2000);
    const taken = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${inspect(name).State.Pid}/status`, 'utf8'))[1]) * 1024;
    assert.ok(taken < 32 * 1024 * 1024, `${taken}`);
});

test('tables in GBK and UTF-16 are imported there: the conversions are in the image', async () => {
    const place = { url: urlOf('mms-images-service') };
    const admin = await new Client(place).login('admin', PASSWORD);
    accepted(await admin.post('/api/materials', { material_code: 'KG-1', material_name: '去离子水', category: 'chemical', unit: 'kg' }), 201);
    const text = 'material_code,material_name,category,unit\r\nGBK-1,质子交换膜,chemical,kg\r\nGBK-2,气体扩散层碳纸,metal,kg\r\n';
    const gbk = ran('iconv', ['-f', 'UTF-8', '-t', 'GBK'], { input: text, encoding: null });
    const wide = ran('iconv', ['-f', 'UTF-8', '-t', 'UTF-16LE'], { input: `\uFEFF${text.replaceAll('GBK-', 'WIDE-')}`, encoding: null });
    const rare = ran('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input: text.replaceAll('GBK-', 'FOUR-').replace('膜', '𬭸䶮膜'), encoding: null });
    for (const [bytes, encoding, code, name] of [[gbk, 'GBK', 'GBK-1', '质子交换膜'], [wide, 'UTF-16LE', 'WIDE-1', '质子交换膜'], [rare, 'GBK', 'FOUR-1', '质子交换𬭸䶮膜']]) {
        const found = await checked(admin, 'materials', bytes);
        assert.equal(found.form.encoding, encoding);
        assert.equal(found.summary.fault, 0, JSON.stringify(await rowsOf(admin, found.id, 'fault')));
        assert.equal(found.summary.create, 2);
        await step(admin, found.id, 'commit');
        const { list } = accepted(await admin.get(`/api/materials?keyword=${code}`), 200);
        assert.deepEqual(list.map((one) => one.material_name), [name]);
    }
});

test('pictures of all four kinds are read there', async () => {
    const place = { url: urlOf('mms-images-service') };
    const admin = await new Client(place).login('admin', PASSWORD);
    for (const bytes of [png(640, 320), JPEG, GIF, WEBP]) {
        const { avatar } = accepted(await admin.request('POST', '/api/profile/avatar', form(['avatar', bytes])), 200);
        const { bytes: made } = await admin.get(avatar);
        const [width, height] = (avatar.endsWith('.jpg') ? jpegSize : pngSize)(made);
        assert.equal(width, 2 * height);
    }
});

const urlOf = (name) => `http://127.0.0.1:${inspect(name).NetworkSettings.Ports['3000/tcp'][0].HostPort}`;

test('what older clients rely on holds there', () => {
    const suites = readdirSync(path.join(TOP, 'backend/tests/contract')).filter((name) => name.endsWith('.test.mjs')).map((name) => path.join(TOP, 'backend/tests/contract', name));
    const env = { PATH: process.env.PATH, MMS_BASE_URL: urlOf('mms-images-service'), MMS_ADMIN: 'admin', MMS_ADMIN_PASSWORD: PASSWORD };
    const { status, stdout } = tried(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=tap', ...suites], { env, cwd: TOP, timeout: 1_200_000 });
    assert.equal(status, 0, stdout.match(/^ *not ok [^]*?^ *\.\.\.$/gm)?.join('\n') ?? stdout);
    assert.ok(Number(/^# pass (\d+)/m.exec(stdout)[1]) > 50, stdout.slice(-500));
});

test('SIGTERM: it ends by itself, in time, with 0; and what it had is there when it is started again', async () => {
    const name = 'mms-images-service', began = Date.now();
    docker('stop', '-t', '15', name);
    assert.ok(Date.now() - began < 14_000, 'not killed');
    assert.equal(inspect(name).State.ExitCode, 0);
    docker('start', name);
    await untilHealthy(name);
    const admin = await new Client({ url: urlOf(name) }).login('admin', PASSWORD);
    const { list } = accepted(await admin.get('/api/materials?keyword=GBK-2'), 200);
    assert.equal(list.length, 1);
});

test('its health is told as it is: unhealthy while nothing can be written, healthy again afterwards', async () => {
    const { name, data } = await startService(folder, 'mms-images-sick', ['--health-retries', '2']);
    const holder = spawn('sqlite3', [path.join(data, 'mms.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
        holder.stdin.write(".timeout 5000\nBEGIN IMMEDIATE;\nSELECT 'held';\n");
        await new Promise((resolve) => holder.stdout.once('data', resolve));
        await until(() => healthOf(name) === 'unhealthy', 'unhealthy');
        assert.match(inspect(name).State.Health.Log.at(-1).Output, /HTTP 503|does not answer/);
    } finally {
        holder.stdin.end('ROLLBACK;\n');
    }
    await until(() => healthOf(name) === 'healthy', 'healthy again');
    remove(name);
});

test('a folder that is another\'s, or read-only: a clear line, and no start', async () => {
    const foreign = folder.make('foreign', 0), readOnly = folder.make('read-only');
    for (const [name, mount] of [['mms-images-foreign', `${foreign}:/data`], ['mms-images-read-only', `${readOnly}:/data:ro`]]) {
        start(name, BACKEND, [...HARDENED, '-v', mount, '-e', `JWT_SECRET=${SECRET}`]);
        await until(() => !inspect(name).State.Running, 'ended');
        assert.equal(inspect(name).State.ExitCode, 74);
        assert.match(logsOf(name), /\/data\/mms\.db：无法打开或不可写/);
        assert.match(logsOf(name), /check the permissions of the file and its folder/);
        remove(name);
    }
    chownSync(foreign, OWNER, OWNER);
});

test('in production it does not start without a secret, or with a sample', async () => {
    for (const [name, options] of [['mms-images-bare', []], ['mms-images-sample', ['-e', 'JWT_SECRET=dev-secret-key-change-in-production']]]) {
        start(name, BACKEND, options);
        await until(() => !inspect(name).State.Running, 'ended');
        assert.equal(inspect(name).State.ExitCode, 78);
        assert.match(logsOf(name), /JWT_SECRET/);
        remove(name);
    }
});

test('the page without its service: it starts, is healthy, and says that the service is away', async () => {
    const name = 'mms-images-page', port = await freePort();
    start(name, FRONTEND, [...HARDENED, '-p', `127.0.0.1:${port}:80`]);
    await untilHealthy(name);
    const base = `http://127.0.0.1:${port}`;
    const page = await fetch(`${base}/materials/7?secret=1`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy'), /default-src 'self'/);
    const asset = /src="(\/assets\/app-[^"]+\.js)"/.exec(await page.text())[1];
    const packed = await new Promise((resolve, reject) => http.get(base + asset, { headers: { 'Accept-Encoding': 'gzip' } }, resolve).on('error', reject));
    packed.resume();
    assert.deepEqual([packed.headers['content-encoding'], packed.headers['cache-control']], ['gzip', 'public, max-age=31536000, immutable']);
    const away = await fetch(`${base}/api/health`);
    assert.deepEqual([away.status, (await away.json()).code], [502, 'service_away']);
    assert.equal(docker('exec', name, 'id', '-u'), '101');
    const lines = docker('logs', name).split('\n').filter(Boolean).map((line) => JSON.parse(line));
    assert.ok(lines.some(({ path: of }) => of === '/api/health'), 'requests are told');
    assert.deepEqual(lines.filter(({ path: of }) => !/^\/(api|assets)\//.test(of)).map(({ path: of }) => of), ['/materials/7'], 'looking after its health is not');
    const began = Date.now();
    docker('stop', '-t', '15', name);
    assert.ok(Date.now() - began < 14_000);
    assert.equal(inspect(name).State.ExitCode, 0);
});

test('a setting of the page\'s image that is none: a clear line, and no start', async () => {
    const name = 'mms-images-wrong';
    start(name, FRONTEND, ['-e', 'MMS_UPSTREAM=backend:3000; deny all']);
    await until(() => !inspect(name).State.Running, 'ended');
    assert.equal(inspect(name).State.ExitCode, 64);
    assert.match(logsOf(name), /MMS_UPSTREAM=backend:3000; deny all cannot be used/);
});

test('as one tries them on a machine of one\'s own, word for word', async () => {
    const home = folder.make('try', 0);
    for (const name of ['mms-backend', 'mms-frontend'])
        docker('tag', name === 'mms-backend' ? BACKEND : FRONTEND, `${name}:latest`);
    const [MMS_PORT, WEB_PORT] = [await freePort(), await freePort()];
    const { status, output } = tried(path.join(TOP, 'scripts/try-images.sh'), [], { cwd: home, env: { ...process.env, MMS_PORT, WEB_PORT } });
    assert.equal(status, 0, output);
    assert.equal(output.match(/^ok /gm).length, 4, output);
    assert.deepEqual(readdirSync(home), [], 'nothing is left');
    assert.equal(docker('ps', '-aq', '--filter', 'name=^mms-(backend|frontend)$'), '');
});

test('mms doctor looks at the images: their size, user, check and port; and whether it was they that were tried', () => {
    const project = folder.make('doctor', 0), note = path.join(project, 'build-images/tried');
    mkdirSync(path.dirname(note));
    const expect = (result, id, seen, tag = TAG) => {
        const { status, stdout, output } = tried(path.join(TOP, 'build/mms'), ['doctor', '--stage', id.split('.')[0], '--json', '--only', id, '--project', project, '--require', 'docker', '--tag', tag],
            { env: { PATH: process.env.PATH, DOCKER_HOST: process.env.DOCKER_HOST } });
        assert.ok(status <= 1, output);
        const [check] = JSON.parse(stdout).checks;
        assert.equal(check.result, result, check.seen);
        assert.match(check.seen, seen);
    };
    const spoiled = (image, tag, lines) => {
        const where = folder.make(`doctor-${tag}`, 0);
        writeFileSync(path.join(where, 'Dockerfile'), `FROM ${image}\n${lines}\n`);
        writeFileSync(path.join(where, 'filler'), Buffer.alloc(50_000_000, 'x'));
        docker('build', '-q', '-t', `${image.split(':')[0]}:${tag}`, where);
    };
    expect('ok', 'mid.image_backend', /\d+\.\d MB，用户 1001:1001/);
    expect('ok', 'mid.image_frontend', /\d+\.\d MB，用户 101/);
    expect('fail', 'mid.image_backend', /没有这个镜像.*mms-backend:no-such-tag/, 'no-such-tag');
    const tags = { 'doctor-large': [FRONTEND, 'COPY filler /filler', 'mid.image_frontend', /应小于/], 'doctor-root': [BACKEND, 'USER root', 'mid.image_backend', /以 root 运行/],
        'doctor-blind': [BACKEND, 'HEALTHCHECK NONE', 'mid.image_backend', /没有健康检查/] };
    for (const [tag, [image, lines, id, seen]] of Object.entries(tags)) {
        spoiled(image, tag, lines);
        try {
            expect('fail', id, seen, tag);
        } finally {
            docker('rmi', '-f', `${image.split(':')[0]}:${tag}`);
        }
    }
    // The test above has tried these two to the end.
    expect('fail', 'pre.tried', /没有试运行的记录/);
    cpSync(path.join(TOP, 'build-images/tried'), note);
    expect('ok', 'pre.tried', /mms-backend/);
    writeFileSync(note, 'sha256:0000\n');
    expect('fail', 'pre.tried', /试运行的是其他镜像/);
});

test('mms doctor finds the images in a registry once they were pushed there', { skip: NO_REGISTRY }, async () => {
    const registry = await startRegistry(folder), MMS_REGISTRY = registry.at;
    const expect = (result, seen) => {
        const { status, stdout, output } = tried(path.join(TOP, 'build/mms'), ['doctor', '--stage', 'mid', '--json', '--only', 'mid.registry', '--tag', TAG],
            { env: { PATH: process.env.PATH, HOME: folder.path, DOCKER_HOST: process.env.DOCKER_HOST, MMS_REGISTRY } });
        assert.ok(status <= 1, output);
        const [check] = JSON.parse(stdout).checks;
        assert.equal(check.result, result, check.seen);
        assert.match(check.seen, seen);
    };
    const pushed = [BACKEND, FRONTEND].map((image) => `${MMS_REGISTRY}${image}`);
    try {
        expect('fail', /仓库中没有.*mms-backend/);
        for (const [i, image] of [BACKEND, FRONTEND].entries()) {
            docker('tag', image, pushed[i]);
            docker('push', '-q', pushed[i]);
            expect(i === 0 ? 'fail' : 'ok', i === 0 ? /mms-frontend/ : /127\.0\.0\.1/);
        }
    } finally {
        registry.stop();
        for (const name of pushed)
            tried('docker', ['rmi', name]);
    }
    expect('fail', /仓库中没有/);
});
