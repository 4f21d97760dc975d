/** Runs what shows the rows of the migration checklist, and writes the table; see scripts/checklist.
 *  Each command is run once, however many rows it shows. `--rows FILE`: another table of rows. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const [PASSED, SKIPPED, UNFINISHED, FAILED] = ['通过', '跳过', '未完成', '未通过']; // from good to bad: several are as the worst of them
const ORDER = [PASSED, SKIPPED, UNFINISHED, FAILED];
const TEST_FILE_MS = 40 * 60_000;
const COMMAND_MS = 120_000;
const SAY_MAX = 160;

// ---- the command line

const options = { only: [], out: path.join(TOP, 'docs/checklist.md'), rows: path.join(TOP, 'scripts/checklist-rows.mjs'), print: false, update: false };
for (let words = process.argv.slice(2); words.length;) {
    const word = words.shift();
    if (word === '--print' || word === '--update')
        options[word.slice(2)] = true;
    else if (word === '--only' && words.length)
        options.only.push(words.shift());
    else if ((word === '--out' || word === '--rows') && words.length)
        options[word.slice(2)] = path.resolve(words.shift());
    else {
        process.stderr.write('usage: scripts/checklist [--only ID]… [--out FILE] [--print | --update]\n');
        process.exit(64);
    }
}
const table = await import(pathToFileURL(options.rows));
const entries = JSON.parse(readFileSync(path.join(TOP, 'backend/tests/checklist/entries.json'), 'utf8'));

// ---- running

/** Folders of this run and of this machine say nothing to a reader. */
const withoutPlaces = (text) => text.replaceAll(TOP, '').replaceAll(new RegExp(`${os.tmpdir()}/[\\w.-]+/`, 'g'), '').replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1');
const told = (state, say = '') => ({ state, say: withoutPlaces(String(say)).replace(/\s+/g, ' ').trim().slice(0, SAY_MAX) });

function run(words, { env = {}, ms = COMMAND_MS } = {}) {
    return new Promise((resolve) => {
        const child = spawn(words[0], words.slice(1), { cwd: TOP, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
        let output = '', error;
        const timer = setTimeout(() => child.kill('SIGKILL'), ms);
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => (output += text));
        child.on('error', (why) => (error = why));
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            resolve({ code, output, error: error?.message ?? (signal ? `ended by ${signal}` : undefined) });
        });
    });
}

const done = new Map();
const once = (key, work) => done.get(key) ?? done.set(key, work()).get(key);

/** Why there is no engine with the images of this commit; undefined: there is. */
function engineMissing() {
    const ask = (...words) => spawnSync('docker', words, { encoding: 'utf8', timeout: COMMAND_MS });
    if (ask('version', '--format', '{{.Server.Version}}').status !== 0)
        return '本机没有容器引擎';
    const tag = path.join(TOP, 'build-images/tag'), name = existsSync(tag) && readFileSync(tag, 'utf8').trim();
    if (!name || ask('image', 'inspect', '--', `mms-backend:${name}`).status !== 0)
        return '镜像尚未构建（scripts/build-images.sh）';
    // Of another commit, they show something of this one only as far as nothing that is in them has changed.
    const commit = name.match(/-([0-9a-f]{12})$/)?.[1];
    const same = commit && spawnSync('git', ['-C', TOP, 'diff', '--quiet', commit, '--', 'backend', ':!backend/tests', 'frontend', ':!frontend/tests']).status === 0;
    return same ? undefined : `镜像不是这个提交的：${name}`;
}

async function inCluster(work) {
    const folder = path.join(mkdtempSync(path.join(os.tmpdir(), 'mms-checklist-')), 'cluster'), cluster = path.join(TOP, 'backend/tests/postgres/cluster');
    spawnSync('chmod', ['755', path.dirname(folder)]);
    try {
        const started = await run([cluster, 'start', folder, 'fsync=off']);
        if (started.code !== 0)
            return undefined;
        return await work({ MMS_ENGINE: 'postgres', MMS_POSTGRES: folder });
    } finally {
        await run([cluster, 'stop', folder]);
        rmSync(path.dirname(folder), { recursive: true, force: true });
    }
}

/** A file of tests: {list: [{name, state, say}], code}, or why it could not be run. */
async function runTests({ file, engine, postgres }) {
    const missing = engine && engineMissing();
    if (missing)
        return { skipped: missing };
    process.stderr.write(`${file}\n`);
    const words = [process.execPath, '--test', '--test-reporter=tap', file];
    const result = postgres ? await inCluster((env) => run(words, { env, ms: TEST_FILE_MS })) : await run(words, { ms: TEST_FILE_MS });
    if (!result)
        return { skipped: '本机不能启动 PostgreSQL' };
    const list = [];
    for (const [, no, name, skip] of result.output.matchAll(/^(not )?ok \d+ - (.*?)(?: # [A-Z]+ ?(.*))?$/gm))
        list.push({ name: name.replaceAll('\\#', '#'), state: no ? FAILED : skip !== undefined ? SKIPPED : PASSED, say: skip ?? '' });
    return { list, code: result.code, error: result.error };
}

const inFile = (name) => (name ? ` ${name.source.replaceAll('\\', '').replaceAll('^', '')}` : '');

const kinds = {
    unfinished: ({ why, path: there }) => (there && existsSync(path.join(TOP, there)) ? told(FAILED, `已有 ${there}，这一行尚未更新`) : told(UNFINISHED, why)),

    async command({ words, needs }) {
        if (needs && !existsSync(path.join(TOP, needs)))
            return told(UNFINISHED, `没有 ${needs}`);
        const { code, output, error } = await once(words.join(' '), () => run(words));
        if (error && /ENOENT/.test(error))
            return told(SKIPPED, `本机没有 ${words[0]}`);
        return code === 0 ? told(PASSED) : told(FAILED, error ?? `退出码 ${code}：${output.slice(-SAY_MAX)}`);
    },

    async tests(by) {
        if (!existsSync(path.join(TOP, by.file)))
            return told(UNFINISHED, `没有 ${by.file}`);
        const { skipped, list, code, error } = await once(by.file, () => runTests(by));
        if (skipped)
            return told(SKIPPED, skipped);
        const chosen = list.filter(({ name }) => !by.name || by.name.test(name)), failed = chosen.find(({ state }) => state === FAILED);
        const passed = chosen.filter(({ state }) => state === PASSED).length;
        if (failed)
            return told(FAILED, failed.name);
        if (chosen.length === 0 || (!by.name && code !== 0))
            return told(FAILED, error ?? `没有相应的测试，退出码 ${code}`);
        return passed ? told(PASSED, `${passed} 项测试`) : told(SKIPPED, chosen[0].say || chosen[0].name);
    },

    async doctor({ id }) {
        const lines = await once('doctor', runDoctor), line = lines[id];
        if (!line)
            return told(FAILED, lines.error ?? `没有这一项：${id}`);
        return told({ ok: PASSED, fail: FAILED, not_applicable: SKIPPED }[line.result], line.seen);
    },
};

const shown = {
    unfinished: () => '',
    command: ({ words }) => `\`${words.join(' ')}\``,
    tests: (by) => `\`node --test ${by.file}\`${inFile(by.name)}`,
    doctor: ({ id }) => `\`mms doctor --stage ${id.split('.')[0]} --only ${id.replace(/^(pre\.p0)\..*/, '$1')}\``,
};

/** All lines of the doctor, by id: of a service of its own as production has it, with the demo data, a backup, and two people who ask. */
async function runDoctor() {
    process.stderr.write('mms doctor\n');
    const { start, makeUser } = await import('../backend/tests/api/harness.mjs');
    const folder = mkdtempSync(path.join(os.tmpdir(), 'mms-checklist-')), uploads = path.join(folder, 'uploads');
    mkdirSync(uploads);
    let server;
    try {
        server = await start({ env: { NODE_ENV: 'production', METRICS_TOKEN: 'checklist-0123456789abcdef', BACKUP_DIR: path.join(folder, 'backup'), LOG_DIR: folder, UPLOAD_DIR: uploads, WEB_DIR: process.env.WEB_DIR ?? null } });
        const admin = await server.admin(), user = await makeUser(admin, 'regular_user'), lines = {};
        for (const words of [['demo'], ['backup', '--gzip']]) {
            const { code, output } = await server.run(words);
            if (code !== 0)
                throw new Error(`mms ${words.join(' ')}: ${output}`);
        }
        const port = new URL(server.url).port, engine = process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {};
        for (const [client, stages] of [[admin, ['pre', 'mid', 'post']], [user, ['pre']]])
            for (const stage of stages) {
                const { stdout, output } = await server.run(['doctor', '--stage', stage, '--json', '--write-probe', '--project', TOP, ...(client === user ? ['--only', 'pre.p0.roles'] : [])],
                    { env: { PORT: port, ...engine, MMS_DOCTOR_USER: client.user.username, MMS_DOCTOR_PASSWORD: client.password } });
                if (!stdout.startsWith('{'))
                    throw new Error(output);
                for (const check of JSON.parse(stdout).checks)
                    lines[check.id] = check;
            }
        return lines;
    } catch (error) {
        return { error: error.message };
    } finally {
        await server?.stop().catch((error) => process.stderr.write(`${error.message}\n`));
        rmSync(folder, { recursive: true, force: true });
    }
}

// ---- the rows

const worst = (results) => results.reduce((a, b) => (ORDER.indexOf(b.state) > ORDER.indexOf(a.state) ? b : a), results[0]);
const isChosen = ({ id }) => options.only.length === 0 || options.only.some((prefix) => id.startsWith(prefix));
/** The checklist's own words of an entry: of "1.1.1-2", or of a list's "前-1". */
function wordsOf(section, { id, what }) {
    const [head, number] = id.split('-');
    return what ?? entries[section]?.[head]?.[number - 1] ?? '';
}

async function resultOf(row) {
    const results = [];
    for (const by of row.by ?? [])
        results.push({ ...(await kinds[by.kind](by)), shows: shown[by.kind](by) });
    return results;
}

async function rowsOf(section) {
    const rows = [];
    for (const row of (table[section] ?? []).filter(isChosen))
        rows.push({ ...row, what: wordsOf(section, row), results: await resultOf(row) });
    // A task is also what its acceptance lines are.
    for (const row of rows)
        row.all = [...row.results, ...rows.filter(({ id }) => id.startsWith(`${row.id}-`)).flatMap(({ results }) => results)];
    return rows;
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
function lineOf({ id, what, note, results, all }) {
    const found = worst(all.length ? all : [told(FAILED, '没有说明由什么证明')]);
    const commands = [...new Set(results.map(({ shows }) => shows).filter(Boolean))];
    const passed = [...new Set(results.filter(({ state }) => state === PASSED).map(({ say }) => say).filter(Boolean))].slice(0, 3).join('；');
    // Of what cannot be looked at here, the tests of the check itself still tell something.
    const says = found.state === PASSED ? passed : [found.say, found.state === SKIPPED && passed && `其余通过：${passed}`].filter(Boolean).join('；');
    return { state: found.state, text: `| ${id} | ${cell(what)} | ${cell(commands.join('；') || (results.length ? '—' : '见下'))}${note ? `；${cell(note)}` : ''} | ${found.state}${says ? `：${cell(says)}` : ''} |` };
}

const SECTIONS = [['tasks', '任务与验收标准'], ['checks', '迁移检查清单（前、中、后）'], ['risks', '技术风险'], ['appendices', '附录 A、B、C：资源清单、常用命令与故障排查']];
const parts = [], count = Object.fromEntries(ORDER.map((state) => [state, 0]));
for (const [section, title] of SECTIONS) {
    const lines = (await rowsOf(section)).map(lineOf);
    for (const { state } of lines)
        count[state]++;
    if (lines.length)
        parts.push(`## ${title}\n\n| 编号 | 内容 | 由什么证明 | 结果 |\n|---|---|---|---|\n${lines.map(({ text }) => text).join('\n')}\n`);
}

const git = (...words) => spawnSync('git', ['-C', TOP, ...words], { encoding: 'utf8' }).stdout.trim();
const version = spawnSync(process.env.MMS_BINARY ?? path.join(TOP, 'build/mms'), ['version'], { encoding: 'utf8' }).stdout?.split('\n')[0] ?? '';
const here = `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain') ? '（有未提交的改动）' : ''}`, today = new Date().toISOString().slice(0, 10);
const countsOf = (numbers) => ORDER.map((state) => `${state} ${numbers[state]}`).join('，');

/** The file with the rows that were run just now in the place of those before, and counted anew. */
function updated(before, rows) {
    const lines = before.split('\n').map((line) => rows.find((row) => row.split('|')[1] === line.split('|')[1] && line.startsWith('| ')) ?? line);
    const numbers = Object.fromEntries(ORDER.map((state) => [state, lines.filter((line) => new RegExp(`^\\| .*\\| ${state}(：.*)? \\|$`).test(line)).length]));
    const ids = rows.map((row) => row.split('|')[1].trim()).join('、');
    return lines.map((line) => (/^通过 \d+，/.test(line) ? line.replace(/^[^。]*/, countsOf(numbers)) : line)).join('\n')
        .replace(/(?<=^由 `scripts\/checklist`.*)$/m, `其后重新运行：${ids}（${today}，提交 ${here}）。`);
}
const text = `# 迁移清单的完成情况

由 \`scripts/checklist\` 运行下列命令得出，不要手工修改。${today}（UTC），${version}，提交 ${here}。

${countsOf(count)}。「跳过」是本机不能查看的项，附原因；「未完成」是尚未建成的项。\`mms doctor\` 的各项在生产模式、带演示数据的一个服务上查看；在真正的生产机器上请运行 \`mms doctor --stage pre|mid|post\`（[doctor.md](doctor.md)）。

${parts.join('\n')}`;
if (options.update)
    writeFileSync(options.out, updated(readFileSync(options.out, 'utf8'), parts.join('\n').split('\n').filter((line) => /^\| (?!编号)[^-]/.test(line))));
else if (options.print || options.only.length)
    process.stdout.write(text);
else
    writeFileSync(options.out, text);
process.stderr.write(`${countsOf(count)}\n`);
process.exitCode = count[FAILED] || !Object.values(count).some(Boolean) ? 1 : 0;
