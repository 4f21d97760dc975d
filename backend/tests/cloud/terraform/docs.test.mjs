// What docs/operations/aliyun.md and the two READMEs of deploy/ tell people to type: every file, option, setting, variable and output in it is
// there, and what they say of the resources is so.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parseFolder } from './check.mjs';

const TOP = fileURLToPath(new URL('../../../..', import.meta.url));
const MODULE = path.join(TOP, 'deploy/terraform');
const BINARY = path.resolve(process.env.MMS_BINARY || path.join(TOP, 'build/mms'));
const read = (name) => readFileSync(path.join(TOP, name), 'utf8');
const PAGES = ['docs/operations/aliyun.md', 'deploy/terraform/README.md', 'deploy/logtail/README.md'];
const pages = Object.fromEntries(PAGES.map((name) => [name, read(name)]));
const guide = pages[PAGES[0]];
const folder = mkdtempSync(path.join(tmpdir(), 'mms-docs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What is code in a page: blocks, and what stands between backquotes. */
const codeOf = (text) => [...text.matchAll(/```\w*\n([^]*?)```/g), ...text.replace(/```[^]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
const commands = (text) => codeOf(text).flatMap((code) => code.replaceAll('\\\n', ' ').replace(/#.*$/gm, '').split(/\n|&&|\|\||[;|'"()]/));
const together = (what) => [...new Set(PAGES.flatMap((name) => what(pages[name], name)))];
/** {TYPE.NAME: block} */
const kindOfAll = (files, kind) => Object.fromEntries([...files.values()].flatMap((content) => Object.entries(content[kind] ?? {}).flatMap(([type, named]) => Object.entries(named).map(([name, [one]]) => [`${type}.${name}`, one]))));
const kindOf = (files, kind) => Object.assign({}, ...[...files.values()].map((content) => content[kind] ?? {}));

test('every file that is named is there', () => {
    const named = together((text) => [...text.replace(/https?:\/\/\S+/g, '').matchAll(/(?<![\w./-])(?:\/opt\/mms\/)?((?:scripts|deploy|nginx|backend|examples|policies|bench)\/[\w./-]*\w)/g)].map(([, name]) => name));
    assert.ok(named.length >= 20, named.join(' '));
    const made = new Set(['nginx/ssl', 'nginx/ssl/cert.pem']); // by who installs it
    assert.deepEqual(named.filter((name) => !made.has(name) && ![name, `deploy/terraform/${name}`, `deploy/${name}`].some((one) => existsSync(path.join(TOP, one)))), []);
});

test('every link leads somewhere', () => {
    const slug = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    const broken = together((text, name) => [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to).filter((to) => !/^https?:/.test(to)).filter((to) => {
        const [file, anchor] = to.split('#'), target = file ? path.join(TOP, path.dirname(name), file) : path.join(TOP, name);
        return !existsSync(target) || (anchor && ![...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].some(([, heading]) => slug(heading) === decodeURIComponent(anchor)));
    }));
    assert.deepEqual(broken, []);
});

const helpOf = (file, ...words) => {
    const { stdout, stderr } = spawnSync(file, [...words, '--help'], { encoding: 'utf8', cwd: TOP });
    assert.ok((stdout + stderr).length > 100, `${file} ${words}`);
    return stdout + stderr;
};
const PROGRAMS = Object.fromEntries([
    ...['bootstrap-ecs.sh', 'deploy.sh', 'certificates.sh', 'build-images.sh', 'migrate-files-to-oss.sh'].map((name) => [name, () => helpOf(path.join(TOP, 'scripts', name))]),
    ...['doctor', 'backup', 'restore', 'verify', 'assess', 'import-legacy', 'files migrate'].map((name) => [`mms ${name}`, () => helpOf(BINARY, ...name.split(' '))]),
]);

test('every option that is told is one of its program', () => {
    const seen = new Set(), wrong = [];
    for (const command of together(commands)) {
        const name = Object.keys(PROGRAMS).find((one) => new RegExp(`(^|[\\s/])${one.replace('.', '\\.')}(\\s|$)`).test(command) || (one.startsWith('mms ') && new RegExp(`\\sbackend ${one.slice(4)}(\\s|$)`).test(command)));
        if (!name)
            continue;
        seen.add(name);
        const help = PROGRAMS[name]();
        for (const [option] of command.slice(command.indexOf(name.split(' ').at(-1))).matchAll(/(?<=\s)--[a-z][a-z-]*/g))
            if (!new RegExp(`${option}(?![a-z-])`).test(help))
                wrong.push(`${name} ${option}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(seen.size >= 9, [...seen].join(', '));
});

test('every setting that is told is one', () => {
    const settings = new Set([...read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name)), compose = read('docker-compose.prod.yml');
    const scripts = ['scripts', 'scripts/deploy'].flatMap((dir) => readdirSync(path.join(TOP, dir)).filter((name) => name.endsWith('.sh')).map((name) => read(`${dir}/${name}`))).join('\n');
    const OTHERS = new Set(['ALICLOUD_ACCESS_KEY', 'ALICLOUD_SECRET_KEY', 'ALICLOUD_PROFILE', 'MMS_JWT_SECRET', 'MMS_JWT_SECRET_PREVIOUS', 'IP', 'TAG', 'DISK', 'P']); // Terraform's, those of user data, and the shell's own
    const block = /cat >>\/srv\/mms\/\.env.*\n([^]*?)\nEND/.exec(guide);
    const appended = [...block[1].matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    assert.ok(appended.length >= 5 && appended.includes('METRICS_TOKEN'), 'post.alarms of the doctor wants a METRICS_TOKEN');
    for (const name of appended)
        assert.ok(settings.has(name) && compose.includes(`      ${name}: \${${name}`), `${name} reaches the service`);
    const told = together((text) => codeOf(text).flatMap((code) => [...code.matchAll(/(?<![\w$])([A-Z][A-Z0-9_]*[A-Z0-9])(?==)/g)].map(([, name]) => name)));
    assert.deepEqual(told.filter((name) => !settings.has(name) && !OTHERS.has(name) && !compose.includes(`\${${name}`) && !new RegExp(`\\b${name}\\b`).test(scripts)), []);
});

/** What `mms check-config` says of these settings, in production. */
const checked = (env) => spawnSync(BINARY, ['check-config'], { encoding: 'utf8', cwd: folder, env: { PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', NODE_ENV: 'production', JWT_SECRET: randomBytes(36).toString('base64'), DB_PATH: path.join(folder, 'mms.db'), UPLOAD_DIR: folder, ...env } });

test('the program takes the settings that are told, and those of Terraform\'s output', async () => {
    const block = /cat >>\/srv\/mms\/\.env.*\n([^]*?)\nEND/.exec(guide)[1];
    const told = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/\$\(.*\)/, () => randomBytes(16).toString('hex'))]));
    const good = checked(told);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    assert.equal(checked({ ...told, OSS_REGION: '杭州' }).status, 78);
    const { value } = kindOf(await parseFolder(MODULE), 'output').environment[0], region = 'cn-hangzhou';
    const off = { ...value, OSS_BUCKET: 'mms-uploads-acme' }, on = { ...off };
    for (const [name, text] of Object.entries(off)) {
        const [, yes, no] = /^\$\{var\.enable_kms \? (.+?) : (.+)\}$/.exec(text) ?? [undefined, text, text];
        const filled = (one) => one.replace(/^"(.*)"$/, '$1').replaceAll(/\$\{var\.region\}/g, region).replace('var.kms_secret_name', 'mms-jwt-secret');
        [on[name], off[name]] = [filled(yes), filled(no)];
    }
    assert.deepEqual([on.OSS_REGION, on.OSS_ENDPOINT, on.KMS_ENDPOINT, off.KMS_ENDPOINT], [region, told.OSS_ENDPOINT, 'kms-vpc.cn-hangzhou.aliyuncs.com', '']);
    for (const [env, more] of [[off, {}], [on, { SECRET_SOURCE: 'kms', JWT_SECRET: 'unused' }]]) {
        const { status, stdout, stderr } = checked({ UPLOAD_BACKEND: 'oss', ...env, ...more });
        assert.equal(status, 0, stdout + stderr);
    }
});

test('another secret of tokens in .env: the new one signs, the one before stays valid, all else stays as it was', () => {
    const script = /ssh [^\n]* bash -eu <<'END'\n([^]*?)\nEND/.exec(guide)[1], place = path.join(folder, 'rotation'), secret = () => randomBytes(36).toString('base64');
    for (const side of ['', 'MMS_SIDE_B=1\n']) {
        rmSync(place, { recursive: true, force: true });
        mkdirSync(path.join(place, 'bin'), { recursive: true });
        // What is looked at here is .env, and what would be started anew.
        writeFileSync(path.join(place, 'bin/docker-compose'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
        writeFileSync(path.join(place, 'bin/docker'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
        const [older, old] = [secret(), secret()];
        writeFileSync(path.join(place, '.env'), `JWT_SECRET=${old}\nJWT_SECRET_PREVIOUS=${older}\n#JWT_SECRET_FILE=\nUPLOAD_BACKEND=local\n${side}`, { mode: 0o600 });
        const { status, stdout, stderr } = spawnSync('bash', ['-eu'], { input: script.replace('/srv/mms', place), encoding: 'utf8', env: { PATH: `${place}/bin:${process.env.PATH}` } });
        assert.equal(status, 0, stderr);
        assert.equal(stdout, `-f docker-compose.prod.yml up -d --no-deps ${side ? 'backend-b' : 'backend'}\n`);
        const lines = readFileSync(path.join(place, '.env'), 'utf8').split('\n'), of = (name) => lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));
        assert.equal(statSync(path.join(place, '.env')).mode & 0o777, 0o600);
        assert.deepEqual([of('JWT_SECRET_PREVIOUS'), of('UPLOAD_BACKEND'), of('JWT_SECRET').length, lines.includes('#JWT_SECRET_FILE=')], [[old], ['local'], 1, true]);
        const { status: taken, stdout: said } = checked({ JWT_SECRET: of('JWT_SECRET')[0], JWT_SECRET_PREVIOUS: old });
        assert.equal(taken, 0, said);
        assert.notEqual(of('JWT_SECRET')[0], old);
    }
});

const noTerraform = spawnSync('terraform', ['version'], { env: { PATH: process.env.PATH, CHECKPOINT_DISABLE: '1' } }).status !== 0 && '没有安装 terraform / terraform is not installed';

test('taking it all down: what is protected for good is taken out of the state by the commands, or told', { skip: noTerraform }, async () => {
    const chapter = guide.split('## 拆除')[1].split('\n## ')[0], line = /^terraform state list .*$/m.exec(chapter)[0], place = path.join(folder, 'down');
    // To apply afterwards would make again what was taken out.
    assert.ok(chapter.indexOf('deletion_protection=false') < chapter.indexOf(line) && chapter.indexOf(line) < chapter.indexOf('terraform plan -destroy'));
    const all = Object.entries(kindOfAll(await parseFolder(MODULE), 'resource')), kept = all.filter(([, one]) => one.lifecycle?.[0]?.prevent_destroy).map(([name]) => name);
    assert.ok(kept.length >= 3, kept.join());
    mkdirSync(place);
    const resources = all.map(([address]) => ({ module: 'module.mms', mode: 'managed', type: address.split('.')[0], name: address.split('.')[1], provider: 'provider["registry.terraform.io/aliyun/alicloud"]', instances: [{ schema_version: 0, index_key: 'a"b', attributes: { id: '1' } }] }));
    writeFileSync(path.join(place, 'terraform.tfstate'), JSON.stringify({ version: 4, terraform_version: '1.5.0', serial: 1, lineage: 'one', outputs: {}, resources }));
    const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', line], { cwd: place, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, CHECKPOINT_DISABLE: '1' } });
    assert.equal(status, 0, stderr);
    const left = JSON.parse(readFileSync(path.join(place, 'terraform.tfstate'), 'utf8')).resources.map(({ type, name }) => `${type}.${name}`);
    assert.deepEqual(kept.filter((name) => left.includes(name)), ['alicloud_db_instance.mms']);
    assert.match(chapter, /RDS 要先/);
    assert.deepEqual(left.filter((name) => /^alicloud_(oss_|log_(project|store))/.test(name)), [], 'what stays keeps its settings');
    assert.ok(left.includes('alicloud_instance.mms') && left.includes('alicloud_eip_address.mms'), 'what costs goes');
});

test('every variable, output and file of Terraform that is told is there', async () => {
    const variables = kindOf(await parseFolder(MODULE), 'variable'), state = await parseFolder(path.join(MODULE, 'state'));
    const outputs = {};
    for (const name of readdirSync(path.join(MODULE, 'examples')))
        Object.assign(outputs, { [name]: kindOf(await parseFolder(path.join(MODULE, 'examples', name)), 'output') });
    for (const name of together((text) => codeOf(text).flatMap((code) => [...code.matchAll(/terraform output (?:-raw )?([a-z_]+)/g)].map(([, one]) => one))))
        assert.ok(name in { ...outputs.single, ...outputs['high-availability'] }, `output ${name}`);
    assert.ok('log_project' in outputs.single && 'environment' in outputs.single && 'addresses' in outputs.single);
    for (const name of together((text) => [...text.matchAll(/\b(enable_[a-z_]+|certificate_[a-z]+|admin_cidrs|public_key)\b/g)].map(([one]) => one)))
        assert.ok(name in variables, `variable ${name}`);
    const filled = /"\$\{EDITOR:-vi\}" terraform\.tfvars\s+# (.+)/.exec(guide)[1].split('、'), example = read('deploy/terraform/examples/single/terraform.tfvars.example');
    assert.deepEqual(filled.filter((name) => !new RegExp(`^${name} +=`, 'm').test(example)), []);
    assert.equal(Number(/Resources: (\d+) added/.exec(guide)[1]), Object.values(kindOf(state, 'resource')).flatMap(Object.keys).length);
    const files = readdirSync(MODULE).filter((name) => /\.(tf|yaml)$/.test(name) && !/^(variables|outputs|versions)\.tf$/.test(name));
    assert.deepEqual(files.filter((name) => !pages['deploy/terraform/README.md'].includes(`\`${name}\``)), []);
});

test('what a person fills in of an example are its variables, so that nothing of the checkout has to be changed', async () => {
    for (const name of readdirSync(path.join(MODULE, 'examples'))) {
        const { variable } = [...(await parseFolder(path.join(MODULE, 'examples', name))).values()][0], told = read(`deploy/terraform/examples/${name}/terraform.tfvars.example`);
        const names = [...told.matchAll(/^(?:# )?([a-z_]+) +=/gm)].map(([, one]) => one);
        assert.ok(names.length >= 5, name);
        assert.deepEqual(names.filter((one) => !(one in variable)), [], name);
        // A name that leads elsewhere already (www is the company's own site), another zone, the region.
        for (const one of ['hosts', 'domain', 'region'])
            assert.ok(one in variable, `${name}: ${one}`);
        assert.ok('zone' in variable || 'zones' in variable, name);
    }
});

const skip = !existsSync(path.join(TOP, '.git')) && '没有 git 检出 / no checkout of git';

test('nothing that Terraform leaves behind is in the way of a deployment', { skip }, () => {
    for (const name of ['plan', 'terraform.tfvars', 'terraform.tfstate', '.terraform/x', '.terraform.lock.hcl'])
        assert.equal(spawnSync('git', ['check-ignore', '-q', `deploy/terraform/examples/single/${name}`], { cwd: TOP }).status, 0, name);
});

test('what is sent to a new server is all that bootstrap-ecs.sh wants', { skip }, () => {
    const sent = /git archive HEAD (.+?) \|/.exec(guide)[1].split(' '), release = path.join(folder, 'os-release');
    const archive = execFileSync('git', ['archive', 'HEAD', ...sent], { cwd: TOP, maxBuffer: 256 << 20 });
    execFileSync('tar', ['-xC', folder], { input: archive });
    writeFileSync(release, 'ID=debian\nVERSION_ID="12"\n');
    const { stdout, stderr } = spawnSync(path.join(folder, 'scripts/bootstrap-ecs.sh'), ['--dry-run'], { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder, OS_RELEASE: release } });
    assert.match(stdout, /changes would be made\n/, stderr);
});

test('the tables of policies, alarms and logs are those of the files', () => {
    const policies = readdirSync(path.join(MODULE, 'policies')).filter((name) => !['ecs-trust.json', 'bucket-https.json'].includes(name));
    const rows = guide.split('## 权限')[1].split('\n## ')[0].split('\n').filter((line) => /^\|.*`[\w-]+\.json`/.test(line));
    assert.deepEqual(rows.map((line) => /`([\w-]+\.json)`/.exec(line)[1]).sort(), policies.sort());
    for (const line of rows.filter((one) => /`(ecs-oss|migrate|restore)\.json`/.test(one))) {
        const granted = JSON.parse(read(`deploy/terraform/policies/${/`([\w-]+\.json)`/.exec(line)[1]}`)).Statement.flatMap(({ Resource }) => Resource).map((one) => /\/(\w+\/)\*$/.exec(one)?.[1]).filter(Boolean);
        assert.deepEqual([...line.split('|')[3].matchAll(/`(\w+\/)`/g)].map(([, prefix]) => prefix).sort(), [...new Set(granted)].sort(), line);
    }
    const alerts = Object.values(JSON.parse(read('deploy/logtail/alerts.json'))), readme = pages['deploy/logtail/README.md'];
    const told = [...readme.split('| 告警 | 何时')[1].split('\n\n')[0].matchAll(/^\|[^|]+\|[^|]+\| (\d+) 分钟 \|$/gm)].map(([, minutes]) => `${minutes}m`);
    assert.deepEqual(told, alerts.map(({ every }) => every));
    for (const name of Object.keys(JSON.parse(read('deploy/logtail/pipelines.json'))))
        assert.ok(readme.includes(`| \`${name}\` |`), name);
});
