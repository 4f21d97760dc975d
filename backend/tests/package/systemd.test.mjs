// The Debian package under a real systemd (machine; MMS_DEB_ROOT: a tree as a tar, made by `./test package`): its units as they are, and what
// they promise. The tests are steps of one life, from the installation to the purge.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, accepted, makeMaterial, makeUser, materialBody, receiptOf, post, sleep } from '../api/harness.mjs';
import { ended } from '../api/import-steps.mjs';
import { form, png } from '../api/picture.mjs';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const MACHINE = fileURLToPath(new URL('machine', import.meta.url));
const OLD = '0.0.9', PASSWORD = 'Package-Password-1', DOMAIN = 'mms.test';
const WAIT_MS = 180_000;
const folder = mkdtempSync(path.join(tmpdir(), 'mms-systemd-'));
const inside = (...names) => path.join(folder, 'root', ...names);
const why = spawnSync(MACHINE, ['why-not'], { encoding: 'utf8' });
const skip = why.status === 0 ? false : why.stdout.trim();
const place = { agent: new http.Agent({ keepAlive: false }) }; // the service is started anew time and again
let debs, admin, ports;

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
const tried = (...command) => ran(MACHINE, ['run', folder, ...command]);
const within = (...command) => done(MACHINE, ['run', folder, ...command]);
const systemctl = (...words) => within('systemctl', ...words);
const shown = (unit, property) => systemctl('show', '--value', '-p', property, unit).trim();
const mainPid = () => Number(shown('mms', 'MainPID'));
/** What a unit has told, as journald has it. */
const journal = (unit) => within('journalctl', '-u', unit, '-o', 'json', '--no-pager').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const told = (unit) => journal(unit).map(({ MESSAGE }) => MESSAGE).join('\n');
const events = (name) => journal('mms').filter(({ MESSAGE }) => MESSAGE.startsWith('{')).map(({ MESSAGE }) => JSON.parse(MESSAGE)).filter(({ event }) => event === name);
function drop(unit, text) {
    mkdirSync(inside(`etc/systemd/system/${unit}.d`), { recursive: true });
    writeFileSync(inside(`etc/systemd/system/${unit}.d/site.conf`), text);
}
function install(name) {
    copyFileSync(debs[name], inside('mms.deb'));
    const { code, output } = tried('dpkg', '-i', '/mms.deb');
    assert.equal(code, 0, output);
    return output;
}

async function until(condition, what) {
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(100)) {
        const value = await condition();
        if (value)
            return value;
    }
    return assert.fail(`waited in vain for ${what}\n${tried('systemctl', 'status', '--no-pager', 'mms').output}`);
}
const healthy = () => fetch(`${place.url}/api/health`).then(({ status }) => status === 200, () => false);
const isUp = () => until(healthy, 'a healthy service');
async function signIn() {
    admin = await new Client(place).login('admin', PASSWORD);
}
/** A command of the program, as its user, with the settings of the service. */
const asMms = (...words) => within('setpriv', '--reuid', 'mms', '--regid', 'mms', '--clear-groups', 'mms', ...words, '--env-file', '/etc/mms/mms.env');
const freePort = () => new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
    });
});

/** A pair for DOMAIN with so many days left, by an authority of its own. */
function makePair(to, days) {
    const ca = path.join(folder, 'ca');
    if (!existsSync(`${ca}.pem`))
        done('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '900', '-subj', '/CN=authority', '-keyout', `${ca}.key`, '-out', `${ca}.pem`]);
    done('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${DOMAIN}`, '-keyout', path.join(to, 'key.pem'), '-out', path.join(folder, 'request')]);
    writeFileSync(path.join(folder, 'extensions'), `subjectAltName=DNS:${DOMAIN}\n`);
    done('openssl', ['x509', '-req', '-in', path.join(folder, 'request'), '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', String(days), '-extfile', path.join(folder, 'extensions'), '-out', path.join(to, 'cert.pem')]);
}

before(async () => {
    if (skip)
        return;
    const version = done('sed', ['-n', "s/^  version: '\\(.*\\)',$/\\1/p", path.join(TOP, 'backend/meson.build')]).trim();
    debs = Object.fromEntries([['old', OLD], ['new', version]].map(([name, one]) => [name,
        done(path.join(TOP, 'scripts/build-deb.sh'), ['--version', one, path.join(folder, 'out')]).trim().split('\n').at(-1)]));
    debs.version = version;
    chmodSync(folder, 0o755);
    mkdirSync(inside());
    done('tar', ['-C', inside(), '-xf', process.env.MMS_DEB_ROOT]);
    ports = { service: await freePort(), nginx: await freePort() };
    place.url = `http://127.0.0.1:${ports.service}`;
    // The addresses are this machine's, so the port is one that nobody has.
    writeFileSync(inside('etc/site.env'), `PORT=${ports.service}\nHOST=127.0.0.1\n`);
    drop('mms.service', '[Service]\nEnvironmentFile=/etc/site.env\n');
    mkdirSync(inside('etc/nginx/ssl'), { recursive: true });
    makePair(inside('etc/nginx/ssl'), 200);
    writeFileSync(inside('etc/nginx/ssl/domains'), `${DOMAIN}\n`);
    copyFileSync(path.join(folder, 'ca.pem'), inside('etc/nginx/ca.pem'));
    writeFileSync(inside('etc/nginx/nginx.conf'), `pid /run/nginx.pid;
events {}
http { server { listen 127.0.0.1:${ports.nginx} ssl; ssl_certificate ssl/cert.pem; ssl_certificate_key ssl/key.pem; location / { return 204; } } }
`);
    done(MACHINE, ['start', folder]);
});
after(() => {
    if (!skip)
        done(MACHINE, ['stop', folder]);
    rmSync(folder, { recursive: true, force: true });
});

test('installed: the service runs, and answers; somebody signs in and a document is posted', { skip }, async () => {
    install('old');
    assert.equal(shown('mms', 'ActiveState'), 'active');
    assert.ok(await healthy(), 'at once: started is when it answers');
    assert.deepEqual(['mms.service', 'mms-backup.timer'].map((unit) => systemctl('is-enabled', unit).trim()), ['enabled', 'enabled']);
    const password = /one-time password: (\S+)/.exec(told('mms'))[1];
    const first = await new Client(place).login('admin', password);
    accepted(await first.post('/api/auth/change-password', { currentPassword: password, newPassword: PASSWORD }), 200);
    await signIn();
    const keeper = await makeUser(admin, 'inventory_manager'), material = await makeMaterial(admin, { materialName: '质子交换膜' });
    const { status } = await post(keeper, admin, receiptOf(material.id, 5));
    assert.equal(status, 'approved');
    assert.match(await (await fetch(place.url)).text(), /<div id="app"/);
    assert.equal(within('stat', '-c', '%U %a', '/var/lib/mms/mms.db').trim(), 'mms 600');
});

test('its units are well formed, and as confined as they were', { skip }, (t) => {
    const units = readdirSync(inside('lib/systemd/system')).filter((name) => name.startsWith('mms'));
    assert.ok(units.length >= 7, units.join(' '));
    const { code, output } = tried('systemd-analyze', 'verify', '--man=no', ...units);
    assert.deepEqual([code, output], [0, '']);
    // Exposure in tenths: what a change makes worse is seen here.
    for (const [unit, most] of [['mms', 13], ['mms-backup', 25], ['mms-continuous-check', 25], ['mms-certificates', 80]]) {
        const looked = tried('systemd-analyze', 'security', '--no-pager', `--threshold=${most}`, `${unit}.service`);
        const level = /exposure level for \S+: ([\d.]+)/.exec(looked.output)?.[1];
        t.diagnostic(`${unit}.service: ${level}`);
        assert.equal(looked.code, 0, `${unit}: ${level}`);
    }
});

test('what confines it is in force in the process that serves', { skip }, () => {
    const pid = mainPid();
    const status = Object.fromEntries(within('cat', `/proc/${pid}/status`).split('\n').map((line) => line.split(/:\s*/)));
    assert.deepEqual([status.NoNewPrivs, status.Seccomp], ['1', '2']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        assert.match(status[set], /^0+$/, set);
    assert.notEqual(status.Uid.split('\t')[0], '0');
    assert.equal(within('stat', '-c', '%U', `/proc/${pid}`).trim(), 'mms');
    const mounts = within('cat', `/proc/${pid}/mountinfo`).split('\n').map((line) => line.split(' '));
    const options = (where) => mounts.filter((fields) => fields[4] === where).at(-1)?.[5] ?? '';
    assert.match(options('/'), /^ro\b/);
    for (const where of ['/var/lib/mms', '/var/log/mms'])
        assert.match(options(where), /^rw\b/, where);
    assert.ok(mounts.some((fields) => fields[4] === '/tmp' && /systemd-private-.*mms\.service/.test(fields[3])), 'a /tmp of its own');
});

test('and whatever it started would be as confined: a probe in its place', { skip }, () => {
    // The same unit, with a script as its program: each line is something that must not work, with what the kernel says.
    const unit = readFileSync(inside('lib/systemd/system/mms.service'), 'utf8');
    const probe = `use strict; use Socket; use POSIX; my ($none, $tmp, $tmpfs, $zeros) = ('none', '/tmp', 'tmpfs', pack('qq', 0, 0));
sub out { my ($what, $ok) = @_; print $what, '=', ($ok ? 'done' : $!{EROFS} ? 'EROFS' : $!{EPERM} ? 'EPERM' : $!{EACCES} ? 'EACCES' : $!{EAFNOSUPPORT} ? 'EAFNOSUPPORT' : $!{ENOENT} ? 'ENOENT' : "$!"), "\\n"; }
sub writes { my ($name) = @_; my $ok = open(my $f, '>', "$name/mms-probe"); out("write $name", $ok); unlink "$name/mms-probe" if $ok; }
writes($_) for qw(/etc /usr/bin /usr/share/mms /var/tmp /var/backups/mms /opt /home /run /tmp /var/lib/mms /var/lib/mms/uploads /var/log/mms);
out('netlink', socket(my $a, 16, SOCK_RAW, 0));
out('packet', socket(my $b, 17, SOCK_RAW, 0));
out('inet', socket(my $c, PF_INET, SOCK_STREAM, 0));
out('mount', syscall(165, $none, $tmp, $tmpfs, 0, 0) == 0);
out('namespace', syscall(272, 0x10000000) == 0);
out('setuid', POSIX::setuid(0));
out('ptrace', syscall(101, 16, getppid(), 0, 0) == 0);
out('clock', syscall(227, 0, $zeros) == 0);
out('write and execute', syscall(9, 0, 4096, 7, 0x22, -1, 0) > 0);
out('suid', do { open(my $f, '>', '/tmp/s'); chmod 04755, '/tmp/s' });
out('others', -e '/proc/1/status');
out('device', -e '/dev/fuse' || -e '/dev/loop-control' || -e '/dev/kmsg');
out('tmp of others', -e '/tmp/of-the-machine');
`;
    writeFileSync(inside('etc/probe.pl'), probe);
    within('touch', '/tmp/of-the-machine');
    mkdirSync(inside('etc/systemd/system'), { recursive: true });
    writeFileSync(inside('etc/systemd/system/mms-probe.service'), unit.replace(/^ExecStart=.*$/m, 'ExecStart=/usr/bin/perl /etc/probe.pl').replace(/^Restart=.*$/m, 'Restart=no').replace(/^Type=.*$/m, 'Type=oneshot').replace(/^TimeoutStartSec=.*$/m, ''));
    systemctl('daemon-reload');
    const { code, output } = tried('systemctl', 'start', 'mms-probe');
    assert.equal(code, 0, output + told('mms-probe'));
    const seen = Object.fromEntries(told('mms-probe').split('\n').filter((line) => /^[a-z /]+=/.test(line)).map((line) => line.split('=')));
    const readOnly = ['/etc', '/usr/bin', '/usr/share/mms', '/var/backups/mms', '/opt'].map((name) => [`write ${name}`, /^EROFS$/]);
    const wanted = [...readOnly, ['write /home', /^(EROFS|EACCES)$/], ['write /run', /^EACCES$/], ['write /var/tmp', /^done$/], ['write /tmp', /^done$/], ['write /var/lib/mms', /^done$/],
        ['write /var/lib/mms/uploads', /^done$/], ['write /var/log/mms', /^done$/], ['netlink', /^EAFNOSUPPORT$/], ['packet', /^EAFNOSUPPORT$/], ['inet', /^done$/],
        ['mount', /^EPERM$/], ['namespace', /^EPERM$/], ['setuid', /^EPERM$/], ['ptrace', /^EPERM$/], ['clock', /^EPERM$/],
        ['write and execute', /^EPERM$/], ['suid', /^EPERM$/], ['others', /^ENOENT$/], ['device', /^ENOENT$/], ['tmp of others', /^ENOENT$/]];
    assert.deepEqual(Object.keys(seen).sort(), wanted.map(([name]) => name).sort(), told('mms-probe'));
    for (const [name, pattern] of wanted)
        assert.match(seen[name], pattern, name);
    rmSync(inside('etc/systemd/system/mms-probe.service'));
    systemctl('daemon-reload');
});

test('what confines it keeps no feature from working: lists as files, a picture, a copy of the database', { skip }, async () => {
    accepted(await admin.request('POST', '/api/profile/avatar', form(['avatar', png(30, 20)])), 200);
    const workbook = await admin.get('/api/export/materials?format=xlsx');
    assert.deepEqual([workbook.status, workbook.bytes.subarray(0, 2).toString()], [200, 'PK']);
    assert.equal((await admin.post('/api/admin/database/export')).body.success, true);
    const { jobId } = accepted(await admin.post('/api/admin/assessment/measure'), 202);
    await ended(admin, jobId);
    for (const where of ['/api/health', '/api/materials?keyword=质子', '/api/admin/assessment', '/api/openapi.json'])
        assert.equal((await admin.get(where)).status, 200, where);
});

test('its lines in the journal are the lines of the log; reload opens the log file anew', { skip }, async () => {
    const lines = journal('mms').filter(({ _COMM }) => _COMM === 'mms').map(({ MESSAGE }) => MESSAGE);
    assert.ok(lines.length > 3);
    const other = lines.filter((line) => !line.startsWith('{'));
    assert.deepEqual(other.map((line) => line.replace(/: \S+$/, '')), ['初始管理员 / first administrator: admin   一次性密码 / one-time password'], 'the first password alone is for a person');
    for (const line of lines.filter((one) => one.startsWith('{')))
        assert.ok(JSON.parse(line).event, line);
    appendFileSync(inside('etc/mms/mms.env'), 'LOG_DIR=/var/log/mms\n');
    systemctl('restart', 'mms');
    await signIn();
    assert.match(readFileSync(inside('var/log/mms/mms.log'), 'utf8'), /"server.started"/);
    renameSync(inside('var/log/mms/mms.log'), inside('var/log/mms/put-aside'));
    const pid = mainPid();
    systemctl('reload', 'mms');
    await until(() => existsSync(inside('var/log/mms/mms.log')) && readFileSync(inside('var/log/mms/mms.log'), 'utf8').includes('"log.opened"'), 'the new file');
    assert.equal(mainPid(), pid, 'the same process');
    await makeMaterial(admin);
    await until(() => readFileSync(inside('var/log/mms/mms.log'), 'utf8').includes('/api/materials'), 'a line in it');
});

test('the backup: as its timer starts it, listed by the service, tried, and the timer fires', { skip }, async () => {
    systemctl('start', 'mms-backup.service');
    assert.equal(shown('mms-backup.service', 'Result'), 'success');
    assert.match(told('mms-backup'), /备份完成/);
    const { list, newest_proven: proven } = accepted(await admin.get('/api/admin/backups'), 200);
    assert.equal(list.length, 1);
    assert.ok(proven);
    asMms('restore', '/var/backups/mms', '--check');
    assert.match(systemctl('list-timers', '--no-pager', 'mms-backup.timer'), /^\w{3} \d{4}-\d\d-\d\d .*mms-backup\.timer\s+mms-backup\.service/m);
    // The same timer, for every other second instead of the night.
    drop('mms-backup.timer', '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\nAccuracySec=100ms\n');
    systemctl('daemon-reload');
    systemctl('restart', 'mms-backup.timer');
    await until(async () => accepted(await admin.get('/api/admin/backups'), 200).list[0].name !== list[0].name, 'a backup by the timer'); // of one day one is kept
    rmSync(inside('etc/systemd/system/mms-backup.timer.d'), { recursive: true });
    systemctl('daemon-reload');
    systemctl('restart', 'mms-backup.timer');
    await until(() => shown('mms-backup.service', 'ActiveState') === 'inactive', 'its end');
    assert.equal(shown('mms-backup.service', 'Result'), 'success');
});

test('the backup, encrypted and to a second place, as its unit confines it', { skip }, () => {
    const key = path.join(folder, 'age.key');
    done('age-keygen', ['-o', key]);
    within('install', '-d', '-o', 'mms', '-g', 'mms', '-m', '700', '/mnt/other/second');
    const kept = readFileSync(inside('etc/mms/mms.env'), 'utf8');
    appendFileSync(inside('etc/mms/mms.env'), `SECOND_DIR=/mnt/other/second\nAGE_RECIPIENT=${done('age-keygen', ['-y', key]).trim()}\n`);
    const { code, output } = tried('systemctl', 'start', 'mms-backup.service');
    assert.equal(code, 0, output + told('mms-backup'));
    writeFileSync(inside('etc/mms/mms.env'), kept);
    const [name] = readdirSync(inside('mnt/other/second')).filter((one) => one.endsWith('.db.gz.age'));
    assert.ok(name, readdirSync(inside('mnt/other/second')).join(' '));
    const plain = done('sh', ['-c', 'age --decrypt --identity "$0" "$1" | gunzip | head -c 15', key, inside('mnt/other/second', name)]);
    assert.equal(plain, 'SQLite format 3');
});

test('the continuous backup goes to a folder that the unit is told of, and is proven as its timer would', { skip }, async () => {
    within('install', '-d', '-o', 'mms', '-g', 'mms', '-m', '700', '/mnt/other/mms');
    appendFileSync(inside('etc/mms/mms.env'), 'BACKUP_CONTINUOUS_DIR=/mnt/other/mms\nBACKUP_CONTINUOUS_SECONDS=1\n');
    systemctl('restart', 'mms');
    await signIn();
    const now = async () => accepted(await admin.get('/api/admin/backups'), 200).continuous;
    assert.match((await until(async () => ((await now()).reason ? now() : null), 'a reason')).reason, /Read-only file system/);
    drop('mms.service', '[Service]\nEnvironmentFile=/etc/site.env\nReadWritePaths=/mnt/other/mms\n');
    systemctl('daemon-reload');
    systemctl('restart', 'mms');
    await signIn();
    await until(async () => (await now()).bases > 0, 'a copy');
    systemctl('start', 'mms-continuous-check.service');
    assert.equal(shown('mms-continuous-check.service', 'Result'), 'success');
    await until(async () => (await now()).proven_at, 'the proof');
    // Sealed: the unit may start age; without the key the nightly look is at order and checksums.
    const key = path.join(folder, 'continuous.key');
    done('age-keygen', ['-o', key]);
    appendFileSync(inside('etc/mms/mms.env'), `AGE_RECIPIENT=${done('age-keygen', ['-y', key]).trim()}\n`);
    systemctl('restart', 'mms');
    await signIn();
    await until(async () => (({ sealed, base_at }) => sealed && base_at)(await now()), 'a sealed copy');
    assert.notEqual(tried('systemctl', 'start', 'mms-continuous-check.service').code, 0, 'no key: nothing can be proven');
    assert.match(told('mms-continuous-check'), /--age-key/);
    appendFileSync(inside('etc/mms/mms.env'), 'CONTINUOUS_CHECK=--check-sums\n');
    systemctl('start', 'mms-continuous-check.service');
    assert.equal(shown('mms-continuous-check.service', 'Result'), 'success');
    systemctl('enable', '--now', 'mms-continuous-check.timer');
    assert.match(systemctl('list-timers', '--no-pager'), /mms-continuous-check\.timer/);
});

test('the certificate: not due, due and not to be had, renewed and presented by nginx', { skip }, async () => {
    const presented = () => done('sh', ['-c', `openssl s_client -connect 127.0.0.1:${ports.nginx} -servername ${DOMAIN} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256`]).trim();
    const printOf = (name) => done('openssl', ['x509', '-in', inside(name), '-noout', '-fingerprint', '-sha256']).trim();
    writeFileSync(inside('etc/mms/certificates.env'), `MMS_TLS=/etc/nginx/ssl\nMMS_TLS_CA=/etc/nginx/ca.pem\nMMS_TLS_CONNECT=127.0.0.1:${ports.nginx}\n`);
    systemctl('enable', '--now', 'mms-certificates.timer');
    assert.match(systemctl('list-timers', '--no-pager', 'mms-certificates.timer'), /^\w{3} \d{4}-\d\d-\d\d .*mms-certificates\.service/m);
    systemctl('start', 'mms-certificates.service');
    assert.match(told('mms-certificates'), /尚未到期/);
    makePair(inside('etc/nginx/ssl'), 20);
    systemctl('reload', 'nginx');
    assert.notEqual(tried('systemctl', 'start', 'mms-certificates.service').code, 0);
    assert.equal(shown('mms-certificates', 'Result'), 'exit-code');
    assert.match(told('mms-certificates'), /证书不是由 issue 申请的/);
    // What certbot has fetched and could not be put in place then.
    mkdirSync(inside('etc/mms/acme/live/mms'), { recursive: true });
    makePair(inside('etc/mms/acme/live/mms'), 90);
    for (const [from, to] of [['cert.pem', 'fullchain.pem'], ['key.pem', 'privkey.pem']])
        renameSync(inside('etc/mms/acme/live/mms', from), inside('etc/mms/acme/live/mms', to));
    const { code, output } = tried('systemctl', 'start', 'mms-certificates.service');
    assert.equal(code, 0, output + told('mms-certificates'));
    assert.equal(presented(), printOf('etc/mms/acme/live/mms/fullchain.pem'));
});

/** Materials made without a pause by four at once, until `ended`; the codes that the service has said yes to. */
function making(ended) {
    const codes = [];
    const one = async () => {
        while (!ended()) {
            const body = materialBody();
            const answer = await admin.post('/api/materials', body).catch(() => null);
            if (answer?.status === 201)
                codes.push(body.materialCode);
            else
                await sleep(20);
        }
    };
    return { codes, all: Promise.all([one(), one(), one(), one()]) };
}
async function allThere(codes) {
    assert.ok(codes.length > 0);
    const there = new Set((await admin.get('/api/export/materials?format=csv')).text.match(/MAT-\d+-\d+/g));
    assert.deepEqual(codes.filter((code) => !there.has(code)), []);
    asMms('verify');
}

test('killed with -9 again and again, it comes back each time, and has all that it said yes to', { skip }, async () => {
    let enough = false;
    const { codes, all } = making(() => enough);
    // More often than systemd's own limit of starts within ten seconds.
    for (let i = 0; i < 8; i++) {
        const pid = await until(async () => ((await healthy()) && mainPid()) || null, 'the service');
        systemctl('kill', '--signal=KILL', 'mms');
        await until(() => ![0, pid].includes(mainPid()), 'another process');
    }
    await isUp();
    enough = true;
    await all;
    assert.ok(Number(shown('mms', 'NRestarts')) >= 8, shown('mms', 'NRestarts'));
    await allThere(codes);
});

test('stopped with requests in flight: each is answered or was never let in, and nothing has to be killed', { skip }, async () => {
    let enough = false;
    const { codes, all } = making(() => enough);
    const stream = await fetch(`${place.url}/api/notifications/stream`, { headers: { authorization: `Bearer ${admin.token}` } });
    assert.equal(stream.status, 200);
    const streamed = stream.text().catch(() => '');
    await until(() => codes.length > 20, 'some work');
    const slow = Promise.all(Array.from({ length: 8 }, () => new Client(place).post('/api/auth/login', { username: 'admin', password: PASSWORD }).then(({ status }) => status, () => 'not let in')));
    await until(() => codes.length > 40, 'some more');
    const stopped = events('server.stopped').length;
    systemctl('stop', 'mms');
    enough = true;
    await Promise.all([all, streamed]);
    for (const status of await slow)
        assert.ok([200, 429, 503, 'not let in'].includes(status), String(status));
    assert.deepEqual(['ActiveState', 'Result', 'ExecMainStatus'].map((name) => shown('mms', name)), ['inactive', 'success', '0']);
    assert.equal(events('server.stopped').length, stopped + 1);
    systemctl('start', 'mms');
    await allThere(codes);
});

test('wrong settings end it once, with all faults in the journal, and no start after start', { skip }, async () => {
    const kept = readFileSync(inside('etc/mms/mms.env'), 'utf8');
    appendFileSync(inside('etc/mms/mms.env'), 'LOG_KEEP=many\n');
    assert.notEqual(tried('systemctl', 'restart', 'mms').code, 0, 'whoever starts it is told');
    assert.deepEqual(['ActiveState', 'ExecMainStatus'].map((name) => shown('mms', name)), ['failed', '78']);
    assert.equal(shown('mms', 'NRestarts'), '0');
    assert.match(told('mms'), /LOG_KEEP/);
    writeFileSync(inside('etc/mms/mms.env'), kept);
    systemctl('restart', 'mms');
});

test('upgraded: the new program runs, with the data and the settings of the old one', { skip }, async () => {
    const pid = mainPid(), kept = readFileSync(inside('etc/mms/mms.env'), 'utf8');
    install('new');
    await until(() => ![0, pid].includes(mainPid()), 'another process');
    await isUp();
    await signIn();
    assert.equal(accepted(await admin.get('/api/materials?keyword=质子'), 200).list.length, 1);
    assert.equal(readFileSync(inside('etc/mms/mms.env'), 'utf8'), kept);
    assert.equal(within('dpkg-query', '-W', '-f', '${Version}', 'mms'), debs.version);
    assert.equal(shown('mms', 'NeedDaemonReload'), 'no');
});

test('removed: nothing of it runs or waits; installed again it serves; purged, nothing is left in the way', { skip }, async () => {
    within('dpkg', '-r', 'mms');
    const left = () => systemctl('list-units', '--all', '--plain', '--no-legend', '--state=active,activating,failed', 'mms*').trim();
    await until(() => mainPid() === 0, 'its end');
    assert.equal(left(), '');
    assert.equal(await healthy(), false);
    assert.doesNotMatch(systemctl('list-timers', '--no-pager'), /mms/);
    install('new');
    await isUp();
    await signIn();
    assert.equal(systemctl('is-enabled', 'mms-certificates.timer').trim(), 'enabled', 'what the operator enabled is so again');
    within('dpkg', '-P', 'mms');
    assert.equal(left(), '');
    for (const where of ['etc/systemd/system', 'etc/systemd/system/multi-user.target.wants', 'etc/systemd/system/timers.target.wants', 'var/lib/systemd/timers', 'var/lib/systemd/deb-systemd-helper-enabled', 'var/lib/systemd/deb-systemd-helper-masked'])
        if (existsSync(inside(where)))
            assert.deepEqual(readdirSync(inside(where)).filter((name) => /mms/.test(name) && name !== 'mms.service.d'), [], where);
    assert.ok(existsSync(inside('var/lib/mms/mms.db')));
    assert.equal(tried('systemctl', 'is-system-running').stdout.trim(), 'running');
});
