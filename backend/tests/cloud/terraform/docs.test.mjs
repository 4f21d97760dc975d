// What docs/operations/aliyun.md and the two READMEs of deploy/ tell people to type: every file, option, setting, variable and output in it is
// there, and what they say of the resources is so.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
    ...['doctor', 'backup', 'restore', 'verify', 'assess', 'files'].map((name) => [`mms ${name}`, () => helpOf(BINARY, name)]),
]);

test('every option that is told is one of its program', () => {
    const seen = new Set(), wrong = [];
    for (const command of together(commands)) {
        const name = Object.keys(PROGRAMS).find((one) => new RegExp(`(^|[\\s/])${one.replace('.', '\\.')}(\\s|$)`).test(command) || (one === 'mms restore' && /\sbackend restore\s/.test(command)));
        if (!name)
            continue;
        seen.add(name);
        const help = PROGRAMS[name]();
        for (const [option] of command.slice(command.indexOf(name.split(' ').at(-1))).matchAll(/(?<=\s)--[a-z][a-z-]*/g))
            if (!new RegExp(`${option}(?![a-z-])`).test(help))
                wrong.push(`${name} ${option}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(seen.size >= 8, [...seen].join(', '));
});

test('every setting that is told is one', () => {
    const settings = new Set([...read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name)), compose = read('docker-compose.prod.yml');
    const scripts = ['scripts', 'scripts/deploy'].flatMap((dir) => readdirSync(path.join(TOP, dir)).filter((name) => name.endsWith('.sh')).map((name) => read(`${dir}/${name}`))).join('\n');
    const OTHERS = new Set(['ALICLOUD_ACCESS_KEY', 'ALICLOUD_SECRET_KEY', 'IP', 'P']); // Terraform's, and the shell's own
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
    const filled = /"\$EDITOR" terraform\.tfvars\s+# (.+)/.exec(guide)[1].split('、'), example = read('deploy/terraform/examples/single/terraform.tfvars.example');
    assert.deepEqual(filled.filter((name) => !new RegExp(`^${name} +=`, 'm').test(example)), []);
    assert.equal(Number(/Resources: (\d+) added/.exec(guide)[1]), Object.values(kindOf(state, 'resource')).flatMap(Object.keys).length);
    const files = readdirSync(MODULE).filter((name) => /\.(tf|yaml)$/.test(name) && !/^(variables|outputs|versions)\.tf$/.test(name));
    assert.deepEqual(files.filter((name) => !pages['deploy/terraform/README.md'].includes(`\`${name}\``)), []);
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
