// The Debian package on a Debian of its own (MMS_DEB_ROOT: a tree as a tar, made by `./test package`): installed, started, upgraded, removed, purged.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BINARY, Client, INITIAL_PASSWORD, Server, makeMaterial } from '../api/harness.mjs';
import { form, png } from '../api/picture.mjs';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'mms-deb-'));
const root = path.join(folder, 'root');
const inside = (...names) => path.join(root, ...names);
const OLD = '0.0.9', PASSWORD = 'Package-Password-1', METRICS_TOKEN = 'metrics-of-the-package';
let debs;
after(() => rmSync(folder, { recursive: true, force: true }));

function ran(command, args, options = {}) {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
    assert.ifError(error);
    return { code: status, stdout, output: `${stdout}${stderr}` };
}
function done(command, args, options) {
    const { code, stdout, output } = ran(command, args, options);
    assert.equal(code, 0, `${command} ${args.join(' ')}\n${output}`);
    return stdout;
}
/** A command line that runs in the tree, with a /proc of its own. */
const within = (...command) => ['--mount', 'sh', '-c', 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root, ...command];
const ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LANG: 'C.UTF-8' };
const dpkg = (args, env = {}) => ran('unshare', within('dpkg', ...args), { env: { ...ENV, ...env } });
function install(name) {
    copyFileSync(debs[name], inside('mms.deb'));
    const { code, output } = dpkg(['-i', '/mms.deb']);
    assert.equal(code, 0, output);
    return output;
}
const idOf = (name) => Number(new RegExp(`^${name}:x:(\\d+):`, 'm').exec(readFileSync(inside('etc/passwd'), 'utf8'))[1]);
const state = () => ran('unshare', within('dpkg-query', '-W', '-f', '${db:Status-Status}', 'mms')).stdout;
const settings = () => readFileSync(inside('etc/mms/mms.env'), 'utf8');
const secretOf = (text) => /^JWT_SECRET=(.*)$/m.exec(text)[1];

/** What a unit starts, as its user, with the variables of its file: the words of a command line for unshare. */
function unitCommand(unit) {
    const lines = readFileSync(inside('lib/systemd/system', unit), 'utf8').split('\n').filter((line) => !line.startsWith('#'));
    const value = (name) => lines.find((line) => line.startsWith(`${name}=`)).slice(name.length + 1);
    const variables = Object.fromEntries(readFileSync(inside(value('EnvironmentFile')), 'utf8').split('\n').filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2)));
    return { env: { ...ENV, ...variables }, words: within('setpriv', '--reuid', value('User'), '--regid', value('Group'), '--clear-groups', ...value('ExecStart').split(' ')) };
}

/** The service as mms.service starts it; `work` gets {place, told}. */
async function serving(work) {
    const { env, words } = unitCommand('mms.service');
    const child = spawn('unshare', words, { env: { ...env, PORT: '0', HOST: '127.0.0.1' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const run = { told: '' };
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text) => (run.told += text));
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
        let port;
        for (let i = 0; i < 2400 && !(port = /"event":"server.started".*"port":(\d+)/.exec(run.told)?.[1]); i++) {
            assert.equal(child.exitCode, null, run.told);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        assert.ok(port, run.told);
        run.place = { url: `http://127.0.0.1:${port}` };
        await work(run);
    } finally {
        child.kill('SIGTERM');
        assert.equal(await ended, 0, run.told);
    }
}

before(() => {
    const version = done('sed', ['-n', "s/^  version: '\\(.*\\)',$/\\1/p", path.join(TOP, 'backend/meson.build')]).trim();
    debs = Object.fromEntries([['old', OLD], ['new', version]].map(([name, one]) => [name,
        done(path.join(TOP, 'scripts/build-deb.sh'), ['--version', one, path.join(folder, 'out')], { env: process.env }).trim().split('\n').at(-1)]));
    mkdirSync(root);
    done('tar', ['-C', root, '-xf', process.env.MMS_DEB_ROOT]);
});

test('what it is made of: lintian finds no error; the same bytes when it is built again', () => {
    // Whose address stands in it is told by who builds it (MMS_MAINTAINER).
    const { output } = ran('lintian', ['--allow-root', '--suppress-tags', 'bogus-mail-host,bogus-mail-host-in-debian-changelog', debs.new]);
    assert.doesNotMatch(output, /^E:/m);
    assert.match(done('dpkg-deb', ['-f', debs.new, 'Depends']), /libmicrohttpd12.*libsqlite3-0/);
    const again = done(path.join(TOP, 'scripts/build-deb.sh'), [path.join(folder, 'again')]).trim().split('\n').at(-1);
    assert.ok(readFileSync(debs.new).equals(readFileSync(again)));
    assert.equal(ran(path.join(TOP, 'scripts/build-deb.sh'), ['--version', '1 2']).code, 64);
    assert.equal(ran('shellcheck', ['-x', 'scripts/build-deb.sh', ...['postinst', 'prerm', 'postrm'].map((name) => `deploy/debian/${name}`)], { cwd: TOP }).output, '');
});

test('installed: a user, folders, settings with a secret of their own, and what is to start by itself', () => {
    assert.match(install('old'), /journalctl -u mms/);
    assert.equal(state(), 'installed');
    const uid = idOf('mms');
    for (const [name, owner, mode] of [['etc/mms/mms.env', 0, 0o640], ['var/lib/mms', uid, 0o750], ['var/lib/mms/uploads', uid, 0o750], ['var/backups/mms', uid, 0o700], ['usr/bin/mms', 0, 0o755]]) {
        const { uid: is, mode: has } = statSync(inside(name));
        assert.deepEqual([is, has & 0o777], [owner, mode], name);
    }
    assert.equal(statSync(inside('etc/mms/mms.env')).gid, statSync(inside('var/lib/mms')).gid, 'the service may read it');
    assert.match(secretOf(settings()), /^[A-Za-z0-9+/]{48}$/);
    for (const link of ['multi-user.target.wants/mms.service', 'timers.target.wants/mms-backup.timer'])
        assert.ok(readdirSync(inside('etc/systemd/system', path.dirname(link))).includes(path.basename(link)), link);
    assert.ok(!existsSync(inside('etc/systemd/system/timers.target.wants/mms-certificates.timer')), 'only who has a domain wants that');
    assert.equal(ran('unshare', within('setpriv', '--reuid', 'mms', '--regid', 'mms', '--clear-groups', 'sh', '-c', 'cat /usr/share/mms/mms.env.in >/dev/null && mms check-config --env-file /etc/mms/mms.env'), { env: ENV }).code, 0);
    assert.deepEqual(readdirSync(inside('etc/mms')).sort(), ['certificates.env', 'mms.env'], 'nothing half made');
});

test('started as the unit says: page and service are there; a backup as its unit says', async () => {
    await serving(async (run) => {
        const password = /one-time password: (\S+)/.exec(run.told)?.[1];
        assert.ok(password, run.told);
        assert.match(await (await fetch(run.place.url)).text(), /<div id="app"/);
        const admin = await new Client(run.place).login('admin', password);
        assert.equal((await admin.post('/api/auth/change-password', { currentPassword: password, newPassword: PASSWORD })).status, 200);
        await makeMaterial(await new Client(run.place).login('admin', PASSWORD), { materialName: '质子交换膜' });
    });
    assert.equal(statSync(inside('var/lib/mms/mms.db')).uid, idOf('mms'));
    const { env, words } = unitCommand('mms-backup.service');
    assert.match(done('unshare', words, { env }), /备份完成/);
    assert.ok(readdirSync(inside('var/backups/mms')).some((name) => /^mms_backup_.*\.json$/.test(name)));
    const bare = ran('unshare', within('/usr/lib/mms/certificates.sh', 'check', 'mms.test'), { env: ENV });
    assert.deepEqual([bare.code, /没有程序 openssl|没有证书目录/.test(bare.output)], [1, true], bare.output);
});

test('upgraded: data, settings and what the operator wrote stay; the new program serves them', async () => {
    appendFileSync(inside('etc/mms/mms.env'), 'LOG_LEVEL=warn\n');
    appendFileSync(inside('etc/mms/certificates.env'), 'MIN_DAYS=20\n');
    const kept = settings();
    const output = install('new');
    assert.doesNotMatch(output, /journalctl/, 'that is said once');
    assert.equal(settings(), kept);
    assert.match(readFileSync(inside('etc/mms/certificates.env'), 'utf8'), /^MIN_DAYS=20$/m);
    await serving(async (run) => {
        const { body } = await (await new Client(run.place).login('admin', PASSWORD)).get('/api/materials?keyword=质子');
        assert.equal(body.data.list.length, 1);
    });
    done('unshare', within('setpriv', '--reuid', 'mms', '--regid', 'mms', '--clear-groups', 'mms', 'verify', '--env-file', '/etc/mms/mms.env'), { env: ENV });
    assert.equal(install('new').includes('error'), false, 'the same once more');
    assert.equal(settings(), kept);
});

test('removed: the program goes, settings and data stay, and serve again when it is installed again', async () => {
    const kept = settings();
    assert.equal(dpkg(['-r', 'mms']).code, 0);
    assert.equal(state(), 'config-files');
    for (const name of ['usr/bin/mms', 'usr/share/mms', 'usr/lib/mms', 'lib/systemd/system/mms.service'])
        assert.ok(!existsSync(inside(name)), name);
    assert.ok(existsSync(inside('var/lib/mms/mms.db')));
    assert.equal(settings(), kept);
    install('new');
    assert.equal(settings(), kept);
    await serving(async (run) => {
        await new Client(run.place).login('admin', PASSWORD);
    });
});

test('purged: the settings go, the data only when they are meant', () => {
    const { code, output } = dpkg(['-P', 'mms']);
    assert.equal(code, 0, output);
    assert.match(output, /数据保留在 \/var\/lib\/mms/);
    assert.ok(!existsSync(inside('etc/mms')));
    assert.ok(existsSync(inside('var/lib/mms/mms.db')) && readdirSync(inside('var/backups/mms')).length > 0);
    for (const name of ['multi-user.target.wants', 'timers.target.wants'])
        assert.ok(!existsSync(inside('etc/systemd/system', name)) || !readdirSync(inside('etc/systemd/system', name)).some((one) => one.startsWith('mms')), name);
    install('new');
    const meant = dpkg(['-P', 'mms'], { MMS_PURGE_DATA: 'yes' });
    assert.equal(meant.code, 0, meant.output);
    for (const name of ['etc/mms', 'var/lib/mms', 'var/backups/mms', 'var/log/mms'])
        assert.ok(!existsSync(inside(name)), name);
});

/** The system calls of a group, as systemd knows them. */
function callsOf(group) {
    const calls = new Set();
    for (const line of done('systemd-analyze', ['syscall-filter', '--no-pager', group]).split('\n').map((text) => text.trim()))
        if (line.startsWith('@') && line !== group)
            callsOf(line).forEach((one) => calls.add(one));
        else if (/^[a-z_0-9]+$/.test(line))
            calls.add(line);
    return calls;
}

test('the unit is confined, and lets through every system call that the program makes', async (t) => {
    const unit = path.join(TOP, 'deploy/mms.service');
    const { code, output } = ran('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit]);
    assert.equal(code, 0, output);
    if (spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 0)
        return t.skip('strace 不能使用 / strace cannot be used here');
    const allowed = new Set();
    for (const [, out, groups] of readFileSync(unit, 'utf8').matchAll(/^SystemCallFilter=(~?)(.*)$/gm))
        for (const one of groups.split(' ').flatMap((group) => (group.startsWith('@') ? [...callsOf(group)] : [group])))
            allowed[out ? 'delete' : 'add'](one);
    assert.ok(allowed.has('openat') && !allowed.has('mount'));
    const trace = path.join(folder, 'trace'), server = new Server({ env: { METRICS_TOKEN } });
    server.setEnv({ LOG_DIR: path.join(server.dir, 'log') });
    // Not as root, who is asked for more by SQLite.
    const program = path.join(folder, 'mms');
    copyFileSync(BINARY, program);
    chmodSync(folder, 0o755);
    chmodSync(server.dir, 0o777);
    const wrapped = spawn('strace', ['-f', '-qq', '-u', 'nobody', '-o', trace, '-e', 'signal=none', program, 'serve'], { cwd: server.dir, env: server.childEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
    let told = '';
    for (const stream of [wrapped.stdout, wrapped.stderr])
        stream.setEncoding('utf8').on('data', (text) => (told += text));
    const ended = new Promise((resolve) => wrapped.once('close', resolve));
    let port;
    for (let i = 0; i < 2400 && !(port = /"event":"server.started".*"port":(\d+)/.exec(told)?.[1]); i++) {
        assert.equal(wrapped.exitCode, null, told);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const place = { url: `http://127.0.0.1:${port}` };
    const first = await new Client(place).login('admin', INITIAL_PASSWORD);
    assert.equal((await first.post('/api/auth/change-password', { currentPassword: INITIAL_PASSWORD, newPassword: PASSWORD })).status, 200);
    const admin = await new Client(place).login('admin', PASSWORD);
    await makeMaterial(admin);
    for (const where of ['/api/health', '/api/materials?pageSize=5', '/api/export/materials?format=xlsx', '/api/admin/backups', '/metrics'])
        assert.equal((await fetch(place.url + where, { headers: { authorization: `Bearer ${where === '/metrics' ? METRICS_TOKEN : admin.token}` } })).status, 200, where);
    assert.equal((await admin.post('/api/admin/database/export')).body.success, true);
    assert.equal((await admin.request('POST', '/api/profile/avatar', form(['avatar', png(30, 20)]))).status, 200);
    const inner = Number(/^(\d+)/.exec(readFileSync(trace, 'utf8'))[1]); // the first that is traced is the program
    process.kill(inner, 'SIGTERM');
    assert.equal(await ended, 0, told);
    server.removeFolder();
    const used = new Set([...readFileSync(trace, 'utf8').matchAll(/^\d+ +(?:<\.\.\. )?([a-z_0-9]+)(?:\(| resumed)/gm)].map(([, name]) => name));
    assert.ok(used.size > 30 && (used.has('fsync') || used.has('fdatasync')), [...used].join(' '));
    assert.deepEqual([...used].filter((name) => !allowed.has(name)), []);
});

test('documents name what is there', () => {
    const list = done('dpkg-deb', ['-c', debs.new]);
    for (const name of ['usr/share/doc/mms/operations.md', 'usr/share/doc/mms/copyright', 'usr/share/mms/web/index.html', ...['backup-sqlite', 'certificates', 'env-encrypt', 'env-decrypt', 'migrate-to-postgresql'].map((one) => `usr/lib/mms/${one}.sh`)])
        assert.ok(list.includes(`./${name}`), name);
    assert.doesNotMatch(list, /\.map$|node_modules|key\.pem|jwt-secret/m);
});
