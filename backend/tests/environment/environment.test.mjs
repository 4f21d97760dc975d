// Encrypted environment files: --env-file of the program, and scripts/env-encrypt.sh and env-decrypt.sh, with the real age and ansible-vault.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { BINARY, Server } from '../api/harness.mjs';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), 'mms-env-'));
const at = (...names) => path.join(folder, ...names);
const CANARY = 'kD83hfQx9_2LpRvT7wZm-canary-B5nYcS4jG6aE1';
const TEXT = `# settings\nJWT_SECRET=${CANARY}\nNODE_ENV=production\nMAX_FILE_SIZE=4096\nSECOND_DIR='/mnt/other disk'\nQUOTED="a \\"b\\" \\\\ \\$x"\n`;
const KINDS = ['age', 'vault'];
let recipients;
after(() => rmSync(folder, { recursive: true, force: true }));

const base = () => ({ PATH: process.env.PATH, HOME: at('home'), TMPDIR: at('tmp'), LANG: 'C.UTF-8' });
const keys = { AGE_IDENTITY_FILE: at('one.key'), ANSIBLE_VAULT_PASSWORD_FILE: at('one.password') };
const others = { AGE_IDENTITY_FILE: at('two.key'), ANSIBLE_VAULT_PASSWORD_FILE: at('two.password') };
function ran(command, args, { env = keys, input = '', ...more } = {}) {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: at('work'), env: { ...base(), ...env }, input, encoding: 'utf8', maxBuffer: 64 << 20, ...more });
    assert.ifError(error);
    return { code: status, stdout, stderr, output: `${stdout}${stderr}` };
}
const encrypt = (args, options) => ran(path.join(TOP, 'scripts/env-encrypt.sh'), args, { ...options, env: { MMS: '/none', ...(options?.env ?? keys) } });
const decrypt = (args, options) => ran(path.join(TOP, 'scripts/env-decrypt.sh'), args, options);
const mms = (args, options) => ran(BINARY, args, options);
const way = (kind, which = 0) => (kind === 'age' ? ['--age', recipients[which]] : ['--vault']);
function encrypted(kind, name, text = TEXT) {
    const { code, output } = encrypt([...way(kind), at(name)], { input: text });
    assert.equal(code, 0, output);
    return at(name);
}
function refused({ code, output }, wanted, words) {
    assert.equal(code, wanted, output);
    assert.match(output, words);
    assert.ok(!output.includes(CANARY), 'no value is told');
}

before(() => {
    for (const name of ['home', 'tmp', 'work'])
        mkdirSync(at(name));
    recipients = ['one', 'two'].map((name) => {
        assert.equal(spawnSync('age-keygen', ['-o', at(`${name}.key`)]).status, 0);
        return spawnSync('age-keygen', ['-y', at(`${name}.key`)], { encoding: 'utf8' }).stdout.trim();
    });
    for (const name of ['one', 'two'])
        writeFileSync(at(`${name}.password`), `password-${name}\n`, { mode: 0o600 });
});

test('plain files: what they say counts, what the environment says goes first', () => {
    writeFileSync(at('plain.env'), TEXT);
    const { code, stdout, output } = mms(['check-config', '--env-file', at('plain.env')]);
    assert.equal(code, 0, output);
    assert.match(stdout, /^MAX_FILE_SIZE +4096 /m);
    assert.match(stdout, /^JWT_SECRET +\(set\)/m);
    assert.ok(!output.includes(CANARY));
    assert.match(mms(['check-config', '--env-file', at('plain.env')], { env: { MAX_FILE_SIZE: '8192' } }).stdout, /^MAX_FILE_SIZE +8192 /m);
    assert.match(mms(['check-config', '--env-file', at('plain.env')], { env: { MAX_FILE_SIZE: '' } }).stdout, /^MAX_FILE_SIZE +4096 /m, 'empty is not set');
    assert.match(ran('sh', ['-c', `cat | '${BINARY}' check-config --env-file /dev/stdin`], { input: TEXT }).stdout, /^MAX_FILE_SIZE +4096 /m, 'from a pipe');
    refused(mms(['check-config']), 78, /JWT_SECRET/);
    // What it says is held to the same limits.
    writeFileSync(at('wrong.env'), `${TEXT}PORT=x\n`);
    refused(mms(['check-config', '--env-file', at('wrong.env')]), 78, /PORT: 必须是整数/);
});

test('a file that is not read as it is meant: each line by its number, never a value', () => {
    writeFileSync(at('bad.env'), `JWT_SECRET=${CANARY} x\n\nexport A=${CANARY}\nB="${CANARY}\nOK=1\nOK=${CANARY}\n`);
    const answer = mms(['check-config', '--env-file', at('bad.env')]);
    refused(answer, 78, /bad\.env/);
    for (const line of ['line 1 (JWT_SECRET)', 'line 3', 'line 4 (B)', 'line 6 (OK)'])
        assert.ok(answer.output.includes(line), `${line}\n${answer.output}`);
    refused(mms(['check-config', '--env-file', at('nowhere')]), 78, /无法读取：No such file/);
    refused(mms(['check-config', '--env-file', folder]), 78, /无法读取/);
    writeFileSync(at('large.env'), '#'.repeat(256 * 1024 + 1));
    refused(mms(['check-config', '--env-file', at('large.env')]), 78, /256 KiB/);
    for (const args of [['check-config', '--env-file'], ['check-config', '--env-file', ''], ['check-config', '--env-file', at('plain.env'), '--env-file', at('plain.env')]])
        assert.equal(mms(args).code, 64, args.join(' '));
    writeFileSync(at('sops.env'), 'A=ENC[AES256_GCM,data:x]\nsops_version=3.8.1\n');
    refused(mms(['check-config', '--env-file', at('sops.env')]), 78, /sops exec-env/);
});

for (const kind of KINDS)
    test(`${kind}: encrypted, decrypted to a pipe alone, run with`, () => {
        const file = encrypted(kind, `a.${kind}`);
        assert.ok(!readFileSync(file, 'utf8').includes(CANARY));
        assert.equal(statSync(file).mode & 0o077, 0);
        assert.equal(decrypt([file]).stdout, TEXT, 'to the byte');
        writeFileSync(at('from.env'), TEXT);
        assert.equal(encrypt([...way(kind), at(`b.${kind}`), at('from.env')]).code, 0);
        assert.equal(decrypt(['--to-terminal', at(`b.${kind}`)]).stdout, TEXT);
        rmSync(at('from.env'));
        const fd = openSync(at('leak'), 'w');
        refused(decrypt([file], { stdio: ['ignore', fd, 'pipe'] }), 1, /明文只写入管道/);
        closeSync(fd);
        assert.equal(statSync(at('leak')).size, 0, 'never into a file');
        rmSync(at('leak'));
        const script = 'printf "%s|%s|%s|%s" "$JWT_SECRET" "$SECOND_DIR" "$QUOTED" "$MAX_FILE_SIZE"';
        assert.equal(decrypt(['--run', file, 'sh', '-c', script], { env: { ...keys, MAX_FILE_SIZE: '9' } }).stdout, `${CANARY}|/mnt/other disk|a "b" \\ $x|9`);
        assert.equal(decrypt(['--run', file, 'sh', '-c', 'exit 7']).code, 7);
        assert.equal(decrypt(['--run', encrypted(kind, `own.${kind}`, 'file=a\nmode=b\nline=c\nname=d\npairs=e\n'), 'sh', '-c', 'echo $file$mode$line$name$pairs']).stdout, 'abcde\n', 'names of its own are no other');
        assert.match(mms(['check-config', '--env-file', file]).stdout, /^MAX_FILE_SIZE +4096 /m);
        assert.equal(mms(['migrate', '--env-file', file], { env: { ...keys, DB_PATH: at('mms.db') } }).code, 0, 'every command takes it');
        // What a shell would run stays a word.
        const odd = encrypted(kind, `odd.${kind}`, "A='$(touch pwned) `touch pwned`'\n");
        assert.equal(decrypt(['--run', odd, 'printenv', 'A']).stdout, '$(touch pwned) `touch pwned`\n');
        assert.ok(!existsSync(at('work/pwned')));
        refused(decrypt(['--run', encrypted(kind, `bad.${kind}`, `A=1\nB=${CANARY} x\n`), 'true']), 1, /line 2/);
    });

for (const kind of KINDS)
    test(`${kind}: another key, a damaged file, no key, no program: a sentence each, and nothing is changed`, () => {
        const file = encrypted(kind, `c.${kind}`), bytes = readFileSync(file);
        const name = kind === 'age' ? 'AGE_IDENTITY_FILE' : 'ANSIBLE_VAULT_PASSWORD_FILE';
        const both = (options, words, program) => {
            refused(mms(['check-config', '--env-file', file], options), 78, program ?? words);
            const answer = decrypt([file], options);
            refused(answer, 1, words);
            assert.equal(answer.stdout, '', 'not a byte of it');
        };
        both({ env: others }, /密钥不对，或文件已损坏/);
        both({ env: {} }, new RegExp(`请设置 ${name} 为密钥文件`));
        both({ env: { [name]: at('nowhere') } }, new RegExp(`${name}：密钥文件.*无法读取|${name}：密钥文件无法读取`));
        const bare = at(`bin-${kind}`);
        mkdirSync(bare);
        for (const one of ['bash', 'sed', 'env', 'cat', 'dirname'])
            symlinkSync(spawnSync('sh', ['-c', `command -v ${one}`], { encoding: 'utf8' }).stdout.trim(), path.join(bare, one));
        both({ env: { ...keys, PATH: bare } }, /没有程序 (age|ansible-vault)，.*apt install (age|ansible-core)/);
        for (const damage of [bytes.subarray(0, bytes.length - 40), Buffer.concat([bytes.subarray(0, 300), Buffer.from('AAAA'), bytes.subarray(304)])]) {
            writeFileSync(file, damage);
            both({}, /密钥不对，或文件已损坏/);
            refused(encrypt(['--rotate', ...way(kind, 1), file]), 1, /密钥不对，或文件已损坏/);
            assert.deepEqual(readFileSync(file), damage);
        }
        refused(encrypt([...way(kind), at('nowhere', 'x')], { input: TEXT }), 1, /没有目录/);
        refused(encrypt([...way(kind), file], { input: '' }), 1, /没有内容/);
        if (kind === 'age') {
            refused(encrypt(['--age', 'age1nonsense', file], { input: TEXT }), 1, /未能加密/);
            refused(encrypt(['--age', recipients[1], file], { input: TEXT }), 1, /未能用现有密钥解密/);
        } else
            refused(encrypt(['--vault', file], { input: TEXT, env: {} }), 1, /请设置 ANSIBLE_VAULT_PASSWORD_FILE/);
        assert.equal(readdirSync(folder).filter((one) => one.startsWith(`c.${kind}.`)).length, 0, 'nothing half made');
        writeFileSync(at('plain.txt'), TEXT);
        refused(decrypt([at('plain.txt')]), 1, /未加密/);
    });

test('given another key: by the old one no more, by the new one as before', () => {
    const file = encrypted('age', 'r.age');
    assert.equal(encrypt(['--rotate', ...way('age', 1), file]).code, 0);
    refused(decrypt([file]), 1, /未能解密/);
    assert.equal(decrypt([file], { env: others }).stdout, TEXT);
    const vault = encrypted('vault', 'r.vault');
    assert.equal(encrypt(['--rotate', '--vault-file', others.ANSIBLE_VAULT_PASSWORD_FILE, vault]).code, 0);
    refused(decrypt([vault]), 1, /未能解密/);
    assert.equal(decrypt([vault], { env: others }).stdout, TEXT);
    assert.equal(encrypt(['--rotate', ...way('age', 0), vault], { env: { ...others, AGE_IDENTITY_FILE: keys.AGE_IDENTITY_FILE } }).code, 0, 'from one tool to the other');
    assert.equal(decrypt([vault]).stdout, TEXT);
});

for (const kind of KINDS)
    test(`${kind}: edited in memory; a failing editor, and an end in the middle, leave it as it was and nothing behind`, async () => {
        const file = encrypted(kind, `e.${kind}`), editing = ['--edit', ...way(kind), file];
        const left = () => readdirSync('/dev/shm').filter((one) => one.startsWith('mms-env.'));
        const there = left(); // of others on this machine
        const edit = (editor) => encrypt(editing, { env: { ...keys, EDITOR: editor, MMS: BINARY } });
        assert.equal(edit('sed -i s/4096/5000/').code, 0);
        assert.equal(decrypt([file]).stdout, TEXT.replace('4096', '5000'));
        const bytes = readFileSync(file);
        assert.match(edit('true').output, /没有改动/);
        refused(edit('sh -c "exit 3" #'), 1, /编辑器未正常结束/);
        assert.deepEqual(readFileSync(file), bytes);
        const wrong = edit('sed -i s/5000/much/');
        assert.equal(wrong.code, 0);
        assert.match(wrong.output, /MAX_FILE_SIZE: 必须是整数[^]*文件仍已保存/, 'told, and kept');
        writeFileSync(at('where'), '');
        const child = spawn(path.join(TOP, 'scripts/env-encrypt.sh'), editing,
            { cwd: at('work'), env: { ...base(), ...keys, EDITOR: `sh -c 'printf %s "$1" >${at('where')}; exec sleep 60' sh` }, stdio: 'ignore', detached: true });
        const ended = new Promise((resolve) => child.once('exit', resolve));
        let place = '';
        for (let i = 0; i < 1200 && !(place = readFileSync(at('where'), 'utf8')); i++)
            await new Promise((resolve) => setTimeout(resolve, 50));
        assert.match(place, /^\/dev\/shm\/mms-env\.\w+\/mms\.env$/);
        process.kill(-child.pid, 'SIGTERM');
        await ended;
        assert.ok(!existsSync(path.dirname(place)));
        assert.deepEqual(left().filter((one) => !there.includes(one)), []);
    });

/** Where the canary was written to, as strace saw it: the descriptors that are no pipe, no memory and not nothing. */
function leaks(trace) {
    const lines = readFileSync(trace, 'utf8').split('\n').filter((line) => line.includes('canary-B5nY'));
    return { seen: lines.length, outside: lines.filter((line) => !/\b(write|pwrite64|writev)\(\d+<(pipe:|(UNIX|socket):|\/memfd:|\/dev\/shm\/|\/dev\/null>)/.test(line)) };
}
const found = (where) => spawnSync('grep', ['-r', '-l', '-a', 'canary-B5nY', where], { encoding: 'utf8' }).stdout;

for (const kind of KINDS)
    test(`${kind}: the plain text is never written to a disk`, (t) => {
        if (spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 0)
            return t.skip('strace 不能使用 / strace cannot be used here');
        for (const name of readdirSync(folder).filter((one) => /\.(env|txt)$/.test(one)))
            rmSync(at(name));
        const traced = (name, command, args, options) => {
            const answer = ran('strace', ['-f', '-y', '-s', '100000', '-e', 'trace=write,pwrite64,writev,pwritev', '-o', at(`${name}.trace`), command, ...args], options);
            assert.equal(answer.code, 0, answer.output);
            return leaks(at(`${name}.trace`));
        };
        const file = at(`t.${kind}`), scripts = path.join(TOP, 'scripts');
        const results = [
            ['encrypt', traced('encrypt', path.join(scripts, 'env-encrypt.sh'), [...way(kind), file], { input: TEXT })],
            ['edit', traced('edit', path.join(scripts, 'env-encrypt.sh'), ['--edit', ...way(kind), file], { env: { ...keys, EDITOR: 'sed -i s/4096/5000/' } })],
            ['decrypt', traced('decrypt', path.join(scripts, 'env-decrypt.sh'), [file])],
            ['rotate', traced('rotate', path.join(scripts, 'env-encrypt.sh'), ['--rotate', ...way(kind), file])],
            ['program', traced('program', BINARY, ['check-config', '--env-file', file])],
        ];
        for (const [name, { seen, outside }] of results) {
            assert.ok(seen > 0, `${name}: strace sees where it goes`);
            assert.deepEqual(outside, [], name);
            rmSync(at(`${name}.trace`));
        }
        assert.equal(found(folder), '', 'nor is it in any file that is left');
    });

for (const kind of KINDS)
    test(`${kind}: served from it, nothing of it is in the environment of a process, in the log or in a file`, async () => {
        const file = encrypted(kind, `s.${kind}`, TEXT.replace('production', 'test'));
        const server = new Server({ env: { JWT_SECRET: null, ...keys, HOME: at('home'), TMPDIR: at('tmp') } });
        server.setEnv({ NODE_ENV: null });
        const wrapper = at(`mms-${kind}`);
        writeFileSync(wrapper, `#!/bin/sh\nexec '${BINARY}' "$@" --env-file '${file}'\n`);
        chmodSync(wrapper, 0o755);
        const child = spawn(wrapper, ['serve'], { cwd: server.dir, env: server.childEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
        let told = '';
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (told += text));
        try {
            for (let i = 0; i < 1200 && !told.includes('server.started'); i++) {
                assert.equal(child.exitCode, null, told);
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
            assert.match(told, /server\.started/);
            for (const name of ['environ', 'cmdline'])
                assert.ok(!readFileSync(`/proc/${child.pid}/${name}`, 'latin1').includes(CANARY), name);
            assert.ok(!told.includes(CANARY));
            assert.equal(found(server.dir), '');
        } finally {
            const ended = new Promise((resolve) => child.once('exit', resolve));
            child.kill('SIGTERM');
            assert.equal(await ended, 0, told);
            server.removeFolder();
        }
    });

test('wrong usage is 64, --help says how, and shellcheck finds nothing', () => {
    for (const args of [[], ['--age'], ['--vault'], ['--age', recipients[0]], ['--age', recipients[0], '--vault', 'x'], ['--vault', 'a', 'b', 'c'], ['--edit', '--rotate', '--vault', 'x'], ['--unknown', 'x']])
        assert.equal(encrypt(args).code, 64, args.join(' '));
    for (const args of [[], ['--run', 'x'], ['a', 'b'], ['-x']])
        assert.equal(decrypt(args).code, 64, args.join(' '));
    assert.match(encrypt(['--help']).stdout, /--rotate/);
    assert.match(decrypt(['--help']).stdout, /--run/);
    assert.equal(spawnSync('shellcheck', ['-x', 'scripts/env-encrypt.sh', 'scripts/env-decrypt.sh'], { cwd: TOP, encoding: 'utf8' }).stdout, '');
});
