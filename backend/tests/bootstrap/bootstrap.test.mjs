// scripts/bootstrap-ecs.sh on a Debian 12 of its own (MMS_ECS_ROOT: a tree as a tar, made by `./test bootstrap`), as a new server has it: changed
// once, and not twice; signed in to by the real sshd; found good by the host's part of scripts/deploy.sh in front of a real engine.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const INSIDE = path.join(TOP, 'backend/tests/bootstrap/inside');
const folder = mkdtempSync(path.join(tmpdir(), 'mms-ecs-'));
const root = path.join(folder, 'root');
const inside = (...names) => path.join(root, ...names);
const text = (...names) => readFileSync(inside(...names), 'utf8');
const SCRIPT = '/opt/mms/scripts/bootstrap-ecs.sh';
const undo = [];
after(() => {
    for (const one of undo.reverse())
        one();
    rmSync(folder, { recursive: true, force: true });
});

function ran(command, args, options = {}) {
    // A bash whose standard input is a socket takes itself for one of a remote shell.
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], ...options });
    assert.ifError(error);
    return { code: status, stdout, output: `${stdout}${stderr}` };
}
/** A command in the tree. `env`: INSIDE_… */
const within = (words, env = {}) => ran(INSIDE, [root, ...words], { env: { PATH: process.env.PATH, ...env } });
const bootstrap = (words = [], env = {}) => within([SCRIPT, ...words], env);

/** Everything that is the script's business: {path: mode owner sum}. */
function state() {
    const { code, stdout } = within(['bash', '-c', 'find /etc /home /root /srv /data /backup /usr/lib/mms /var/log/mms -xdev ! -path "/etc/apt/*" ! -path /etc/resolv.conf -printf "%p %m %U:%G %y\\n" 2>/dev/null | sort; find /etc /home /srv /usr/lib/mms -xdev -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum; dpkg-query -W']);
    assert.equal(code, 0);
    assert.ok(stdout.length > 10_000);
    return stdout;
}
const key = path.join(folder, 'key'), other = path.join(folder, 'other');

before(() => {
    mkdirSync(root);
    assert.equal(ran('tar', ['-C', root, '-xf', process.env.MMS_ECS_ROOT]).code, 0);
    copyFileSync('/etc/resolv.conf', inside('etc/resolv.conf'));
    writeFileSync(inside('usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n'); // no service is started beside those of this machine
    chmodSync(inside('usr/sbin/policy-rc.d'), 0o755);
    mkdirSync(inside('opt/mms'));
    const tar = execFileSync('tar', ['-C', TOP, '-cf', '-', 'scripts', 'deploy', 'nginx', 'docker-compose.prod.yml', '.env.example'], { maxBuffer: 64 << 20 });
    execFileSync('tar', ['-C', inside('opt/mms'), '-xf', '-'], { input: tar });
    for (const one of [key, other])
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', path.basename(one), '-f', one]);
});

const LOCKS = `
import fcntl, sys
held = [open(name, "w") for name in sys.argv[1:]]
for file in held:
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
for file in held:
    sys.stdin.readline()
    file.close()
`;
/** The first run, while somebody else has the locks of apt: each is given back once it is seen to be waited for. */
async function bootstrapWhileBusy() {
    const holder = spawn('python3', ['-c', LOCKS, inside('var/lib/apt/lists/lock'), inside('var/lib/dpkg/lock-frontend')], { stdio: ['pipe', 'pipe', 'inherit'] });
    undo.push(() => holder.kill('SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const child = spawn(INSIDE, [root, SCRIPT], { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    const waits = [/another program is updating packages: waiting/, /Waiting for cache lock/], waited = [];
    let output = '';
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (more) => {
            output += more;
            if (waits.length && waits[0].test(output)) {
                waited.push(waits.shift());
                holder.stdin.write('\n');
            }
        });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(waited.length, 2, output.slice(-3000));
    return { code, output };
}

test('a dry run changes nothing; a package manager that is at work is waited for; and without any key, sshd is left as it is', async () => {
    const before = state(), dry = bootstrap(['--dry-run']);
    assert.equal(dry.code, 1, 'nobody could sign in');
    assert.match(dry.output, /would: 安装 \/ install docker\.io docker-compose/);
    assert.equal(state(), before);
    const sshd = text('etc/ssh/sshd_config'), first = await bootstrapWhileBusy();
    assert.equal(first.code, 1, first.output.slice(-3000));
    assert.match(first.output, /mms 没有公钥，不能登录/);
    assert.match(first.output, /root 没有公钥：不改动 sshd/);
    assert.equal(text('etc/ssh/sshd_config'), sshd);
});

test('an sshd that does not take the settings keeps its own', () => {
    mkdirSync(inside('root/.ssh'), { mode: 0o700, recursive: true });
    copyFileSync(`${key}.pub`, inside('root/.ssh/authorized_keys'));
    const sshd = text('etc/ssh/sshd_config');
    appendFileSync(inside('etc/ssh/sshd_config'), 'NoSuchSetting yes\n');
    const broken = text('etc/ssh/sshd_config'), { code, output } = bootstrap(['--no-firewall']);
    assert.equal(code, 1);
    assert.match(output, /sshd does not accept the new settings; what was there stays/);
    assert.equal(text('etc/ssh/sshd_config'), broken);
    assert.deepEqual(readdirSync(inside('etc/ssh')).filter((name) => name.startsWith('.')), []);
    writeFileSync(inside('etc/ssh/sshd_config'), sshd);
});

test('once it is as it should be, a second run changes nothing', () => {
    const first = bootstrap();
    assert.equal(first.code, 0, first.output.slice(-3000));
    assert.match(first.output, /sign in with keys only/);
    const before = state(), secret = text('srv/mms/.env'), second = bootstrap();
    assert.equal(second.code, 0, second.output);
    assert.match(second.output, /\n0 项改变 \/ 0 changes\n$/);
    assert.equal(state(), before);
    assert.match(bootstrap(['--dry-run']).output, /\n将有 0 项改变/);
    assert.match(secret, /^JWT_SECRET=[A-Za-z0-9+/]{64}$/m);
    assert.ok(!first.output.includes(/^JWT_SECRET=(.*)$/m.exec(secret)[1]), 'the secret is not told');
    for (const [name, mode, owner] of [['srv/mms', 0o750, 1001], ['srv/mms/.env', 0o600, 1001], ['data/mms/db', 0o750, 1001], ['data/mms/uploads', 0o750, 1001], ['backup', 0o750, 1001], ['home/mms/.ssh/authorized_keys', 0o600, 1001], ['usr/lib/mms/container-backup.sh', 0o755, 0]]) {
        const { mode: has, uid } = statSync(inside(name));
        assert.deepEqual([has & 0o777, uid], [mode, owner], name);
    }
    for (const unit of ['timers.target.wants/mms-container-backup.timer', 'multi-user.target.wants/mms-firewall.service', 'multi-user.target.wants/docker.service'])
        assert.ok(readdirSync(inside('etc/systemd/system', path.dirname(unit))).includes(path.basename(unit)), unit);
    assert.ok(!existsSync(inside('etc/systemd/system/timers.target.wants/mms-certificates.timer')), 'only who has a certificate wants that');
    assert.deepEqual(JSON.parse(text('etc/docker/daemon.json'))['log-opts'], { 'max-size': '10m', 'max-file': '3' });
});

test('what somebody has changed is kept; what is missing comes back', () => {
    appendFileSync(inside('srv/mms/nginx/trusted-proxies.conf'), 'set_real_ip_from 10.20.0.0/24;\n');
    appendFileSync(inside('srv/mms/.env'), 'LOG_LEVEL=debug\n');
    rmSync(inside('usr/lib/mms/container-backup.sh'));
    const { code, output } = bootstrap(['--key', '/opt/mms/other.pub']);
    assert.equal(code, 1, 'there is no such key');
    copyFileSync(`${other}.pub`, inside('opt/mms/other.pub'));
    const again = bootstrap(['--key', '/opt/mms/other.pub', '--certificates']);
    assert.equal(again.code, 0, again.output + output);
    assert.match(again.output, /\n3 项改变/); // the key, the script, the timer
    assert.match(again.output, /kept, since it was changed: \/srv\/mms\/nginx\/trusted-proxies\.conf/);
    assert.match(text('srv/mms/nginx/trusted-proxies.conf'), /10\.20\.0\.0/);
    assert.match(text('srv/mms/.env'), /LOG_LEVEL=debug/);
    assert.equal(text('home/mms/.ssh/authorized_keys').trim().split('\n').length, 2, 'no key was taken away');
});

test('the units and the compose file are well-formed', () => {
    const { output } = within(['systemd-analyze', 'verify', '--man=no', 'mms-container-backup.timer', 'mms-container-backup.service', 'mms-certificates.timer', 'mms-firewall.service']);
    assert.equal(output.split('\n').filter((line) => /mms-/.test(line)).join('\n'), '');
    const compose = within(['docker-compose', '-f', '/srv/mms/docker-compose.prod.yml', 'config', '-q'], { INSIDE_ENV: 'MMS_VERSION=0.0.0' });
    assert.equal(compose.code, 0, compose.output);
    assert.equal(within(['logrotate', '-d', '/etc/logrotate.d/mms']).code, 0);
});

const freePort = () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

/** The tree's sshd, as its configuration says, on loopback; `work(signIn)`. */
async function signedIn(env, work) {
    const port = await freePort();
    const daemon = spawn(INSIDE, [root, 'bash', '-c', `mkdir -p /run/sshd; ssh-keygen -A >/dev/null; exec /usr/sbin/sshd -D -e -p ${port} -o ListenAddress=127.0.0.1`], { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    daemon.stderr.setEncoding('utf8').on('data', (more) => (told += more));
    const ended = new Promise((resolve) => daemon.once('close', resolve));
    try {
        for (let i = 0; !/Server listening/.test(told); i++) {
            assert.ok(daemon.exitCode === null && i < 1200, told);
            await sleep(50);
        }
        await work((user, identity, command, { input, options = [] } = {}) => ran('ssh', ['-F', 'none', '-p', port, '-i', identity, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${path.join(folder, 'known')}`, '-o', 'LogLevel=ERROR', ...options, `${user}@127.0.0.1`, command], { input }));
    } finally {
        daemon.kill('SIGKILL'); // unshare heeds nothing less; what it started goes with it
        await ended;
    }
}

test('those with keys come in, with a password nobody', async () => {
    execFileSync(INSIDE, [root, 'chpasswd'], { input: 'mms:Known-Password-1\nroot:Known-Password-1\n' });
    await signedIn({}, async (signIn) => {
        assert.deepEqual(['mms', 'root'].map((user) => signIn(user, key, 'id -un').stdout), ['mms\n', 'root\n']);
        assert.equal(signIn('mms', other, 'id -nG').stdout.trim().split(' ').includes('docker'), true);
        const stranger = signIn('root', other, 'id');
        assert.equal(stranger.code, 255);
        assert.match(stranger.output, /Permission denied \(publickey\)/, 'and no other way is offered');
    });
});

test('the host\'s part of a deployment finds everything that it wants', async (t) => {
    const why = ran(path.join(TOP, 'backend/tests/images/engine'), ['why-not']);
    if (why.code !== 0)
        return t.skip(why.stdout.trim());
    const engine = path.join(folder, 'engine');
    assert.equal(ran(path.join(TOP, 'backend/tests/images/engine'), ['start', engine]).code, 0);
    undo.push(() => ran(path.join(TOP, 'backend/tests/images/engine'), ['stop', engine]));
    chownSync(path.join(engine, 'docker.sock'), 0, Number(/^docker:x:(\d+):/m.exec(text('etc/group'))[1]));
    chmodSync(path.join(engine, 'docker.sock'), 0o660);
    chmodSync(folder, 0o755);
    await signedIn({ INSIDE_SOCKET: path.join(engine, 'docker.sock') }, async (signIn) => {
        const check = () => signIn('mms', key, `bash -s -- deploy /srv/mms who=test now=${Math.floor(Date.now() / 1000)} tag=0.0.1-test part=before-images`, { input: readFileSync(path.join(TOP, 'scripts/deploy/host.sh')) });
        const good = check();
        assert.equal(good.code, 0, good.output);
        rmSync(inside('srv/mms/docker-compose.prod.yml'));
        assert.match(check().output, /主机上缺少 \/srv\/mms\/docker-compose\.prod\.yml/, 'it does look');
        copyFileSync(path.join(TOP, 'docker-compose.prod.yml'), inside('srv/mms/docker-compose.prod.yml'));
        chownSync(inside('srv/mms/docker-compose.prod.yml'), 1001, 1001);
    });
    return undefined;
});

test('the packet filter lets in ssh, http and https, and nothing else', async (t) => {
    // Two networks of their own, joined by a cable.
    const [server, client] = ['s', 'c'].map((one) => `mms${process.pid}${one}`);
    if (ran('ip', ['netns', 'add', server]).code !== 0)
        return t.skip('不能建立网络 / no network can be made');
    undo.push(() => ran('ip', ['netns', 'del', server]));
    assert.equal(ran('ip', ['netns', 'add', client]).code, 0);
    undo.push(() => ran('ip', ['netns', 'del', client]));
    for (const words of [`link add ${client} netns ${client} type veth peer name ${server} netns ${server}`, `-n ${server} addr add 10.77.0.1/24 dev ${server}`, `-n ${client} addr add 10.77.0.2/24 dev ${client}`, `-n ${server} link set ${server} up`, `-n ${client} link set ${client} up`, `-n ${server} link set lo up`])
        assert.equal(ran('ip', words.split(' ')).code, 0, words);
    const PORTS = [22, 80, 443, 2375, 3000, 5432];
    const listener = spawn('ip', ['netns', 'exec', server, process.execPath, '-e', `for (const port of ${JSON.stringify(PORTS)}) require('net').createServer((s) => s.end('x')).listen(port, () => console.log(port));`], { stdio: ['ignore', 'pipe', 'inherit'] });
    undo.push(() => listener.kill('SIGKILL'));
    let told = '';
    listener.stdout.on('data', (more) => (told += more));
    for (let i = 0; told.trim().split('\n').length < PORTS.length; i++) {
        assert.ok(i < 1200);
        await sleep(50);
    }
    const reached = (from, host) => JSON.parse(ran('ip', ['netns', 'exec', from, process.execPath, '-e', `Promise.all(${JSON.stringify(PORTS)}.map((port) => new Promise((resolve) => {
        const s = require('net').connect(port, '${host}').on('data', () => { s.destroy(); resolve(port); }).on('error', () => resolve(0)); setTimeout(() => { s.destroy(); resolve(0); }, 3000); }))).then((all) => console.log(JSON.stringify(all.filter(Boolean))))`]).stdout);
    assert.deepEqual(reached(client, '10.77.0.1'), PORTS, 'without it, all are reached');
    const load = () => ran('ip', ['netns', 'exec', server, INSIDE, root, '/usr/sbin/nft', '-f', '/etc/mms/firewall.nft'], { env: { PATH: process.env.PATH } });
    for (let i = 0; i < 2; i++) { // again: as a reload does
        const { code, output } = load();
        assert.equal(code, 0, output);
    }
    assert.deepEqual(reached(client, '10.77.0.1'), [22, 80, 443]);
    assert.deepEqual(reached(server, '127.0.0.1'), PORTS, 'the machine itself reaches all');
    return undefined;
});

test('an empty disk becomes /data; one that holds anything, and a /data that does, are left alone', (t) => {
    const file = path.join(folder, 'disk');
    writeFileSync(file, '');
    truncateSync(file, 64 << 20);
    const { code, stdout } = ran('losetup', ['--find', '--show', file]);
    if (code !== 0)
        return t.skip('没有 loop 设备 / there is no loop device');
    const device = stdout.trim(), env = { INSIDE_DISK: device };
    undo.push(() => ran('losetup', ['-d', device]));
    const absent = bootstrap(['--data-disk', '/dev/vdz']);
    assert.equal(absent.code, 1);
    assert.match(absent.output, /there is no such disk: \/dev\/vdz\n$/, 'nothing is done after that');
    const taken = bootstrap(['--data-disk', device], env);
    assert.equal(taken.code, 1);
    assert.match(taken.output, /there is something in \/data already/);
    rmSync(inside('data'), { recursive: true });

    const mark = Buffer.from('somebody needs this'), fd = openSync(file, 'r+');
    for (const at of [8192, (64 << 20) - 8192]) {
        writeSync(fd, mark, 0, mark.length, at);
        const full = bootstrap(['--data-disk', device], env);
        assert.equal(full.code, 1);
        assert.match(full.output, /the disk is not empty and is not formatted/);
        const seen = Buffer.alloc(mark.length);
        readSync(fd, seen, 0, mark.length, at);
        assert.deepEqual(seen, mark);
        writeSync(fd, Buffer.alloc(mark.length), 0, mark.length, at);
    }
    closeSync(fd);

    // The line of a disk that was there before, and that of somebody else.
    appendFileSync(inside('etc/fstab'), 'UUID=00000000-1111-2222-3333-444444444444 /data auto defaults,noatime,nofail 0 2\nUUID=1-2 /mnt/data auto ro,nofail 0 2\n');
    const made = within(['bash', '-euc', `${SCRIPT} --data-disk ${device} && findmnt -no FSTYPE,TARGET -S ${device} && echo kept >/data/mms/db/mark && ${SCRIPT} --data-disk ${device}`], env);
    assert.equal(made.code, 0, made.output);
    assert.match(made.output, /make ext4 on[^]*mount \/data[^]*\next4 +\/data\n[^]*\n0 项改变/);
    assert.match(text('etc/fstab'), /^UUID=[0-9a-f-]+ \/data auto defaults,noatime,nofail 0 2$/m);
    assert.equal(text('etc/fstab').match(/ \/data auto /g).length, 1, 'of two lines the first would count at the next start of the machine');
    assert.match(text('etc/fstab'), /^UUID=1-2 \/mnt\/data auto ro,nofail 0 2\n/m);
    assert.match(text('etc/systemd/system/docker.service.d/mms.conf'), /RequiresMountsFor=\/data/);
    // As after a new start of the machine, were it not mounted by itself.
    const again = within(['bash', '-euc', `${SCRIPT} --data-disk ${device} | grep mkfs && exit 1; cat /data/mms/db/mark`], env);
    assert.match(again.output, /kept\n$/);
    return undefined;
});
