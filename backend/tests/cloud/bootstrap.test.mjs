// scripts/bootstrap-ecs.sh, as far as it can be looked at without a machine of its own: what it would do on each system, and what it refuses. That
// it does it is shown by ../bootstrap/bootstrap.test.mjs (./test bootstrap).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const SCRIPT = path.join(TOP, 'scripts/bootstrap-ecs.sh');
const folder = mkdtempSync(path.join(tmpdir(), 'mms-bootstrap-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const RELEASES = {
    'alinux:3': 'NAME="Alibaba Cloud Linux"\nVERSION="3 (Soaring Falcon)"\nID="alinux"\nID_LIKE="rhel fedora centos anolis"\nVERSION_ID="3"\nPLATFORM_ID="platform:al8"\n',
    'debian:12': 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    'ubuntu:22': 'PRETTY_NAME="Ubuntu 22.04.5 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\n',
    'centos:7': 'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\n',
};

function ran(release, ...words) {
    const file = path.join(folder, 'os-release');
    writeFileSync(file, RELEASES[release]);
    const { status, stdout, stderr } = spawnSync(SCRIPT, words, { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, OS_RELEASE: file, LANG: 'C.UTF-8' } });
    return { code: status, output: stdout + stderr };
}

test('the shell finds nothing to say', () => {
    const { stdout } = spawnSync('shellcheck', ['-x', 'scripts/bootstrap-ecs.sh', 'scripts/container-backup.sh'], { cwd: TOP, encoding: 'utf8' });
    assert.equal(stdout, '');
});

test('each system gets its own packages, all of them the same of everything else', () => {
    const told = {};
    for (const [release, packages] of [['alinux:3', /docker-ce docker-ce-cli containerd\.io docker-compose-plugin/], ['debian:12', /system: debian:12/], ['ubuntu:22', /docker-compose-v2/]]) {
        const { output } = ran(release, '--dry-run', '--region', 'cn-hangzhou', '--account', '1234567890123456');
        assert.ok(output.includes(`系统 / system: ${release}`), output);
        assert.match(output, packages);
        assert.match(output, /\d+ changes would be made\n$/m);
        assert.match(output, /write \/etc\/ilogtail\/users\/1234567890123456/);
        told[release] = output.split('\n').filter((line) => line.startsWith('将执行') && !/install |docker-ce\.repo|chrony/.test(line));
    }
    assert.deepEqual(told['alinux:3'], told['debian:12']);
    assert.deepEqual(told['ubuntu:22'], told['debian:12']);
    assert.ok(told['debian:12'].length > 10);
    const { code, output } = ran('centos:7', '--dry-run');
    assert.equal(code, 1);
    assert.match(output, /不支持的系统 \/ this system is not supported: centos:7/);
});

test('what is not a name, a folder, a region or a disk is refused before anything is done', () => {
    for (const [words, why] of [
        [['--user', 'root'], /no user name/], [['--user', 'a b'], /no user name/], [['--dir', 'srv'], /absolute path/], [['--dir', '/srv/$(id)'], /absolute path/], [['--region', 'cn;id'], /no region/],
        [['--account', 'x'], /no account/], [['--log-identity', '../x'], /no identity/], [['--data-disk', 'vdb'], /no disk/], [['--key', '/nowhere.pub'], /cannot read/],
    ]) {
        const { code, output } = ran('debian:12', '--dry-run', ...words);
        assert.equal(code, 1, output);
        assert.match(output, why);
    }
    for (const words of [['--unknown'], ['--key'], ['extra']])
        assert.equal(ran('debian:12', '--dry-run', ...words).code, 64);
    assert.match(ran('debian:12', '--help').output, /--data-disk DEVICE/);
});

test('a private key, or something that is none, is not taken for a public one', () => {
    const key = path.join(folder, 'key');
    for (const [text, why] of [['-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n', /this is a private key/], ['# nothing\n\n', /there is no key/], ['ssh-ed25519 nonsense\n', /no public keys/]]) {
        writeFileSync(key, text);
        const { code, output } = ran('debian:12', '--dry-run', '--key', key);
        assert.equal(code, 1, output);
        assert.match(output, why);
    }
});
