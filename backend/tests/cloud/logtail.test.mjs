// deploy/logtail: what is collected, indexed, asked and told is what the program, nginx and the host really write. The program, nginx and
// scripts/container-backup.sh are run; alarms are worked out over their lines, in quiet times and in trouble.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { form, png } from '../api/picture.mjs';
import { BINARY, accepted, makeMaterial, start } from '../api/harness.mjs';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const read = (name) => readFileSync(path.join(TOP, name), 'utf8');
const logtail = (name) => JSON.parse(read(`deploy/logtail/${name}.json`));
const logstores = logtail('logstores'), pipelines = logtail('pipelines'), alerts = logtail('alerts'), queries = logtail('queries'), dashboard = logtail('dashboard');
const asked = [
    ...Object.entries(alerts).map(([name, { logstore, query }]) => ({ name, logstore, query })),
    ...Object.entries(queries).map(([name, { logstore, query }]) => ({ name, logstore, query })),
    ...dashboard.charts.map(({ title, search: { logstore, query } }) => ({ name: `chart ${title}`, logstore, query })),
];

// ---------------------------------------------------------------- what is really written

/** Lines of JSON that were written: {quiet, trouble}, each {logstore: [line]}. */
const lines = { quiet: { 'backend-logs': [], 'frontend-logs': [] }, trouble: { 'backend-logs': [], 'frontend-logs': [] } };
const parsed = (text) => text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
let server;
after(() => server?.stop());

function backup(env, ...words) {
    const log = path.join(server.dir, 'host.log');
    rmSync(log, { force: true });
    const { status, stdout, stderr } = spawnSync(path.join(TOP, 'scripts/container-backup.sh'), words, { encoding: 'utf8', env: server.childEnv({ MMS_HOST_LOG: log, ...env }) });
    const text = readFileSync(log, 'utf8');
    assert.equal(text.split('\n').length, 2, `one line: ${text}`);
    return { status, output: stdout + stderr, line: JSON.parse(text) };
}

before(async () => {
    server = await start({ engine: 'sqlite', env: { LOG_LEVEL: 'debug' } });
    const kept = path.join(server.dir, 'continuous'), backups = path.join(server.dir, 'backups');
    for (const folder of [kept, backups])
        mkdirSync(folder);
    const secretFile = path.join(server.dir, 'secret'), secret = (letter) => `${letter.repeat(20)}-0123456789-abcdefghij`;
    server.secrets.push(secret('a'), secret('b'));
    writeFileSync(secretFile, `${secret('a')}\n`, { mode: 0o600 });
    await server.restart({ SECRET_SOURCE: 'file', JWT_SECRET_FILE: secretFile, SECRET_REFRESH_SECONDS: 1, BACKUP_CONTINUOUS_DIR: kept, BACKUP_CONTINUOUS_SECONDS: 1, BACKUP_DIR: backups });
    server.logs = [];
    const admin = await server.admin();
    await makeMaterial(admin);
    accepted(await admin.get('/api/materials'), 200);
    assert.equal((await server.client().post('/api/auth/login', { username: 'nobody', password: 'wrong' })).status, 401);
    const good = backup({}, BINARY, 'backup');
    assert.equal(good.status, 0, good.output);
    writeFileSync(secretFile, `${secret('b')}\n${secret('a')}\n`);
    await server.until(() => server.logs.some(({ event }) => event === 'secret.changed'), 90_000, 'to sign with the new secret');
    await server.restart();
    lines.quiet['backend-logs'] = [...server.logs, good.line];

    server.logs = [];
    const holder = spawn('sqlite3', [server.db], { stdio: ['pipe', 'pipe', 'inherit'] });
    holder.stdin.write('.timeout 20000\nBEGIN IMMEDIATE;\nSELECT 1;\n'); // nothing can be written now
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    for (let i = 0; i < 3; i++)
        assert.equal((await server.client().get('/api/health')).status, 503);
    await new Promise((resolve) => holder.once('close', resolve).stdin.end('ROLLBACK;\n'));
    rmSync(kept, { recursive: true });
    await makeMaterial(await server.admin());
    await server.until(() => server.logs.some(({ event }) => event === 'ship.failed'), 90_000, 'to notice that its folder is gone');
    const bad = backup({ BACKUP_DIR: path.join(server.db, 'no "such" folder\\') }, BINARY, 'backup');
    assert.notEqual(bad.status, 0);
    await server.restart({ UPLOAD_BACKEND: 'oss', OSS_BUCKET: 'mms-uploads-test', OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: `http://127.0.0.1:${await freePort()}`, OSS_ACCESS_KEY_ID: 'id', OSS_ACCESS_KEY_SECRET: 'not-a-secret' });
    const someone = await server.admin();
    for (let i = 0; i < 8 && !server.logs.some(({ event }) => event === 'oss.away'); i++)
        assert.equal((await someone.request('POST', '/api/profile/avatar', form(['avatar', png(8, 8)]))).status, 503);
    lines.trouble['backend-logs'] = [...server.logs, bad.line];

    for (const [file, format] of [['nginx/nginx.conf', 'in front'], ['frontend/nginx-main.conf', 'of the page']]) {
        const { quiet, trouble } = await nginxLines(file, format);
        lines.quiet['frontend-logs'].push(...quiet);
        lines.trouble['frontend-logs'].push(...trouble);
    }
});

const freePort = () => new Promise((resolve) => {
    const one = net.createServer().listen(0, '127.0.0.1', () => {
        const { port } = one.address();
        one.close(() => resolve(port));
    });
});

/** A service that answers, until it is told to hang; `asked`: how many it has not answered. */
async function upstream() {
    const one = { asked: 0, hangs: false };
    const service = http.createServer((req, res) => (one.hangs ? one.asked++ : res.end('{}')));
    await new Promise((resolve) => service.listen(0, '127.0.0.1', resolve));
    return Object.assign(one, { port: service.address().port, end() {
        service.closeAllConnections();
        service.close();
    } });
}

/** The lines of a real nginx with the log_format of a file, and the maps that it uses: 40 requests well, 40 of which a quarter fail, and health,
 *  which is answered first, and then neither while the service hangs nor when it is gone. */
async function nginxLines(file, format) {
    const behind = await upstream();
    const folder = path.join(server.dir, `nginx ${format}`), port = await freePort(), config = read(file), log = path.join(folder, 'log');
    mkdirSync(folder);
    // The image of the page has the first of the maps in its site's file.
    const number = /map \$http_x_request_id \$mms_request_id \{[^;]*;[^;]*;\s*\}/;
    const pieces = [(number.exec(config) ?? number.exec(read('frontend/nginx.conf')))[0], /map \$request_uri \$mms_path \{[^;]*;\s*\}/.exec(config)[0], /log_format lines [^;]*;/.exec(config)[0]];
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${JSON.stringify(path.join(folder, name))};`).join(' ');
    writeFileSync(path.join(folder, 'conf'), `${process.getuid() === 0 ? 'user root; ' : ''}daemon off; worker_processes 1; pid ${JSON.stringify(path.join(folder, 'pid'))}; error_log stderr;
events {}
http { ${temporary} ${pieces.join('\n')} access_log ${JSON.stringify(log)} lines;
    server { listen 127.0.0.1:${port}; location / { return 200 ok; } location /bad { return 502; }
        location /api/health { proxy_pass http://127.0.0.1:${behind.port}; proxy_next_upstream off; } } }\n`);
    const child = spawn(process.env.NGINX ?? '/usr/sbin/nginx', ['-p', folder, '-c', path.join(folder, 'conf')], { stdio: ['ignore', 'inherit', 'pipe'] });
    let told = '';
    child.stderr.on('data', (bytes) => (told += bytes));
    try {
        const get = (where) => fetch(`http://127.0.0.1:${port}${where}`).then((answer) => answer.text());
        for (let i = 0; !(await get('/').then(() => true, () => false)); i++) {
            assert.ok(child.exitCode === null && i < 600, told);
            await sleep(50);
        }
        for (let i = 0; i < 40; i++)
            await get('/api/materials?q="\\');
        for (let i = 0; i < 3; i++)
            assert.equal(await get('/api/health'), '{}');
        for (let i = 0; i < 40; i++)
            await get(i % 4 ? '/' : '/bad');
        behind.hangs = true;
        for (let i = 1; i <= 2; i++) { // as the site monitor does, which waits for some seconds
            const impatient = new AbortController(), asked = fetch(`http://127.0.0.1:${port}/api/health`, { signal: impatient.signal }).catch(() => {});
            for (let n = 0; behind.asked < i; n++) {
                assert.ok(n < 1200, 'the service is asked');
                await sleep(50);
            }
            impatient.abort();
            await asked;
            for (let n = 0; parsed(readFileSync(log, 'utf8')).filter(({ status }) => status === 499).length < i; n++) {
                assert.ok(n < 1200, 'nginx notices that nobody waits any more');
                await sleep(50);
            }
        }
        behind.end();
        await get('/api/health');
    } finally {
        const ended = new Promise((resolve) => child.once('close', resolve));
        child.kill('SIGQUIT');
        await ended;
        behind.end();
    }
    const all = parsed(readFileSync(log, 'utf8'));
    assert.ok(all.length >= 87, told);
    assert.deepEqual(all.filter((line) => line.path === '/api/health').map(({ status }) => status), [200, 200, 200, 499, 499, 502]);
    return { quiet: all.slice(0, -43), trouble: all.slice(-43) };
}

/** Fields by event: Map of event to Map of field to 'text' | 'number'. What was written, and, of events that did not happen here, what the source says. */
function fieldsOf(logstore) {
    const events = new Map();
    const add = (event, field, kind) => {
        if (!events.has(event))
            events.set(event, new Map());
        events.get(event).set(field, kind);
    };
    for (const line of [...lines.quiet[logstore], ...lines.trouble[logstore]])
        for (const [field, value] of Object.entries(line))
            add(line.event, field, typeof value === 'number' ? 'number' : 'text');
    if (logstore === 'backend-logs')
        for (const folder of readdirSync(path.join(TOP, 'backend/src')))
            for (const name of readdirSync(path.join(TOP, 'backend/src', folder)).filter((one) => one.endsWith('.c')))
                for (const [, call] of read(`backend/src/${folder}/${name}`).matchAll(/(?:log_event|LOG_ALWAYS)\(([^;]*?)\);/g)) {
                    const fields = [...call.matchAll(/LOG_(TEXT|INT)\("(\w+)"/g), [0, 'TEXT', 'time'], [0, 'TEXT', 'level'], [0, 'TEXT', 'event']];
                    for (const [, event] of call.split(/LOG_(?:TEXT|INT)\(/)[0].matchAll(/"([a-z_]+\.[a-z_.]+)"/g))
                        for (const [, kind, field] of fields)
                            if (!events.get(event)?.has(field))
                                add(event, field, kind === 'INT' ? 'number' : 'text');
                }
    return events;
}

// Not numbers there, as they are everywhere else; found by their text.
const EXCEPTIONS = new Set(['job.ended status']);

test('every field that is written is indexed with its type, and every index is of a field that is written', () => {
    for (const [logstore, { fields }] of Object.entries(logstores)) {
        const events = fieldsOf(logstore), known = [...events.values()], missing = [];
        for (const [event, of] of events)
            for (const [field, kind] of of)
                if ((fields[field] === 'text' ? 'text' : fields[field] && 'number') !== kind && !EXCEPTIONS.has(`${event} ${field}`))
                    missing.push(`${event}: ${field} (${kind})`);
        assert.deepEqual(missing, [], `deploy/logtail/logstores.json, ${logstore}`);
        for (const [field, type] of Object.entries(fields))
            assert.ok(known.some((of) => of.get(field) === (type === 'text' ? 'text' : 'number')), `${logstore}: nobody writes ${field} as ${type}`);
    }
});

const SQL = new Set(`select as from where group by order desc asc limit and or not count count_if sum max min avg approx_percentile date_trunc if`.split(' '));
/** A question taken apart: {events, fields, aliases}. */
function takenApart(query) {
    const [search, ...rest] = query.split(' | '), select = rest.join(' | ').replace(/'[^']*'/g, '');
    const events = [...search.matchAll(/event: "([^"]+)"/g)].map(([, name]) => name);
    const searched = [...search.replace(/"[^"]*"/g, '').matchAll(/(\w+)\s*(?::|>=|<=|>|<|=)/g)].map(([, name]) => name);
    const aliases = [...select.matchAll(/\bas (\w+)/g)].map(([, name]) => name);
    const selected = [...select.matchAll(/\b[a-z_]\w*/gi)].map(([name]) => name).filter((name) => !SQL.has(name) && !aliases.includes(name) && name !== '__time__');
    return { events, fields: [...new Set([...searched, ...selected])], aliases };
}

test('every saved query, chart and alarm asks for fields that its events have', () => {
    assert.ok(asked.length >= 20);
    for (const { name, logstore, query } of asked) {
        const { events, fields } = takenApart(query), known = fieldsOf(logstore);
        assert.ok(logstores[logstore], `${name}: no logstore ${logstore}`);
        assert.ok(fields.length, name);
        for (const event of events)
            assert.ok(known.has(event), `${name}: nobody writes ${event}`);
        const bearers = (events.length ? events : [...known.keys()]).map((event) => known.get(event));
        for (const field of fields) {
            assert.ok(logstores[logstore].fields[field], `${name}: ${field} is not indexed`);
            assert.ok(bearers.some((of) => of.has(field)), `${name}: ${events} has no ${field}`);
        }
    }
    for (const { title, search: { query }, display: { xAxis = [], yAxis = [] } } of dashboard.charts) {
        const { aliases } = takenApart(query), columns = query.split('| select ')[1].split(' group by ')[0].split(' from ')[0];
        for (const axis of [...xAxis, ...yAxis])
            assert.ok(aliases.includes(axis) || new RegExp(`\\b${axis}\\b`).test(columns), `chart ${title}: its query gives no ${axis}`);
    }
    const broken = takenApart('event: "http.request" and stat: 5 | select count_if(pathh = \'path\') as n');
    assert.deepEqual(broken, { events: ['http.request'], fields: ['event', 'stat', 'pathh'], aliases: ['n'] });
});

/** An alarm over lines, by SQLite: its language is near enough to that of SLS for what the alarms use. */
function fires({ logstore, query, condition }, list) {
    const [search, select] = query.split(' | '), { aliases } = takenApart(query), fields = Object.keys(logstores[logstore].fields);
    const where = search.replace(/(\w+): "([^"]+)"/g, "$1 = '$2'").replace(/(\w+): \*/g, '$1 IS NOT NULL').replace(/(\w+): (\w+)/g, "$1 = '$2'");
    const columns = select.replace(/^select /, '').replace(/\bcount_if\(([^()]*)\)/g, 'total(CASE WHEN $1 THEN 1 ELSE 0 END)').replace(/\bif\(/g, 'iif(');
    const value = (one) => (one === undefined ? 'NULL' : typeof one === 'number' ? String(one) : `'${String(one).replaceAll("'", "''")}'`);
    const inserts = list.map((line) => `INSERT INTO log VALUES (${fields.map((field) => value(line[field])).join(',')});`).join('\n');
    const sql = `CREATE TABLE log (${fields.map((field) => `"${field}"`).join(',')});\n${inserts}\nSELECT ${condition.replaceAll('&&', 'AND').replaceAll('==', '=')} AS fires FROM (SELECT ${columns} FROM log WHERE ${where});`;
    const { status, stdout, stderr } = spawnSync('sqlite3', [':memory:'], { input: sql, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    for (const [word] of condition.matchAll(/[a-z]\w*/g))
        assert.ok(aliases.includes(word), `${condition}: the query has no ${word}`);
    assert.match(stdout, /^[01]\n$/, sql.slice(-600));
    return stdout === '1\n';
}

test('the alarms are silent in quiet times, and each sounds in its trouble', () => {
    for (const [name, alarm] of Object.entries(alerts)) {
        assert.equal(fires(alarm, lines.quiet[alarm.logstore]), false, `${name} in quiet times`);
        // Missing backups: what is in trouble is that there is no line.
        assert.equal(fires(alarm, lines.trouble[alarm.logstore]), true, `${name} in trouble`);
        assert.match(alarm.title, /^MMS /);
        assert.match(alarm.every, /^\d+m$/);
        const [, n, unit] = /^-(\d+)([mh])$/.exec(alarm.from), minutes = n * { m: 1, h: 60 }[unit], every = parseInt(alarm.every, 10);
        assert.ok(minutes <= 24 * 60, `${name}: the service looks back a day at most`);
        assert.ok(minutes >= every, `${name}: nothing falls between two looks`);
        assert.ok(alarm.times >= 1 && alarm.times <= 3, name);
    }
    assert.equal(fires(alerts['mms-backup-missing'], []), true, 'without any line');
    // The night's backup may take an hour more or less than the one before.
    const { from, every, times } = alerts['mms-backup-missing'];
    assert.equal(parseInt(from.slice(1), 10) + (times - 1) * parseInt(every, 10) / 60, 26);
    // A service that is gone writes nothing: nginx tells of it, at night, too, when nobody but the monitor asks.
    const unanswered = lines.trouble['frontend-logs'].filter((line) => line.path === '/api/health');
    assert.deepEqual(Object.keys(alerts).filter((name) => alerts[name].logstore === 'frontend-logs' && fires(alerts[name], unanswered)), ['mms-health-unanswered']);
});

test('the pipelines take what the containers and the host write', () => {
    const compose = read('docker-compose.prod.yml');
    const services = [...compose.matchAll(/labels: \{ service: (\w+) \}/g)].map(([, name]) => name);
    assert.deepEqual(services, ['backend', 'frontend', 'nginx']);
    assert.match(compose, /driver: json-file/);
    const taken = [];
    for (const [name, { logstore, inputs, processors }] of Object.entries(pipelines)) {
        assert.ok(logstores[logstore], name);
        assert.equal(inputs.length, 1, 'one input a pipeline, says the agent');
        const [input] = inputs;
        if (input.Type === 'input_container_stdio') {
            const wanted = input.ContainerFilters.IncludeContainerLabel.service, pattern = /^\^.*\$$/.test(wanted) ? new RegExp(wanted) : { test: (one) => one === wanted };
            const found = services.filter((one) => pattern.test(one));
            assert.ok(found.length, `${name}: no container has ${wanted}`);
            assert.deepEqual([input.IgnoringStdout, input.IgnoringStderr], [false, false]);
            taken.push(...found);
        } else {
            assert.equal(input.Type, 'input_file');
            assert.ok(read('scripts/container-backup.sh').includes(`MMS_HOST_LOG:-${input.FilePaths[0]}`), input.FilePaths[0]);
            assert.ok(read('deploy/mms-container-backup.service').includes(`ReadWritePaths=${path.dirname(input.FilePaths[0])}`));
        }
        assert.deepEqual(processors.map(({ Type, SourceKey }) => [Type, SourceKey]), [['processor_parse_json_native', 'content'], ['processor_parse_timestamp_native', 'time']]);
        // The beginning of every line's time is of that form, in UTC.
        assert.equal(processors[1].SourceFormat, '%Y-%m-%dT%H:%M:%S');
        for (const line of [...lines.quiet[logstore], ...lines.trouble[logstore]])
            assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}Z|[+-]\d\d:\d\d)$/, line.event);
    }
    assert.deepEqual(taken.sort(), services, 'each container is collected once');
});

test('the line of a backup says what was made, or why nothing was', () => {
    const good = lines.quiet['backend-logs'].find(({ event }) => event === 'backup.done'), bad = lines.trouble['backend-logs'].find(({ event }) => event === 'backup.failed');
    assert.deepEqual([good.level, good.exit, good.error], ['info', 0, undefined]);
    assert.match(good.backup, /^mms_backup_\d{8}_\d{6}$/);
    assert.equal(bad.level, 'error');
    assert.notEqual(bad.exit, 0);
    assert.match(bad.error, /no "such" folder\\/);
    const silent = backup({}, 'true');
    assert.deepEqual([silent.status, silent.line.event], [1, 'backup.failed'], 'a command that names no backup has made none');
});
