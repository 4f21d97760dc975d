// mms doctor at the service and its data: every line passes on what is well, and fails on what is not. Settings, databases, accounts and
// backups are real ones, spoiled; a service with a defect that ours has not is played by a proxy in front of it.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { POSTGRES, accepted, makeMaterial, makeUser, sleep, start } from './harness.mjs';
import { NO_ENGINE, asking, expectLine, look, serving, spoiled } from './doctor.mjs';

const METRICS_TOKEN = 'metrics-Kd83hfQx9-2LpRvT7wZ';
const server = await start({ env: { METRICS_TOKEN } });
after(() => server.stop());
const admin = await server.admin(), manager = await makeUser(admin, 'inventory_manager'), user = await makeUser(admin, 'regular_user');
const AS_ADMIN = asking(admin), AS_USER = asking(user);
const place = (name) => path.join(server.dir, name);
const line = (...args) => expectLine(server, ...args);
const json = (status, body) => ({ status, headers: { 'content-type': 'application/json' }, body });

// ---- the command itself

test('usage: the stage, its lines, and nothing else', async () => {
    for (const args of [[], ['--stage'], ['--stage', 'later'], ['--stage', 'pre', '--only', 'post.health'], ['--stage', 'pre', '--url', 'ftp://x'],
        ['--stage', 'pre', 'more'], ['--stage', 'pre', '--backup-hours', '0'], ['--stage', 'mid', '--ports', '80'], ['--stage', 'mid', '--ports', '80,x'], ['--stage', 'pre', '--require', 'podman'],
        ['--stage', 'mid', ...Array(9).fill(['--domain', 'a.example']).flat()]]) {
        const { code, output } = await server.run(['doctor', ...args]);
        assert.equal(code, 64, args.join(' '));
        assert.match(output, /usage: mms doctor/);
    }
});

test('told to people: a line each, the three figures at the end; 1 as long as one fails', async () => {
    const { code, stdout } = await server.run(['doctor', '--stage', 'post', '--only', 'post.health', '--only', 'post.alarms', '--only', 'post.backup'],
        { env: { PORT: new URL(server.url).port } });
    assert.equal(code, 1);
    assert.match(stdout, /^ok {4}post\.health +健康检查 \/ health: /m);
    assert.match(stdout, /^n\/a {3}post\.alarms/m);
    assert.match(stdout, /^FAIL {2}post\.backup .*\n +-> export BACKUP_DIR=/m);
    assert.match(stdout, /^1 通过 \/ ok, 1 失败 \/ failed, 1 不适用 \/ not applicable$/m);
});

test('what is not applicable is no success: nothing was looked at; with --strict it fails', async () => {
    const nothing = await look(server, 'post', ['--only', 'post.writes']);
    assert.deepEqual([nothing.code, nothing.ok, nothing.of['post.writes'].result], [1, false, 'not_applicable']);
    const some = ['--only', 'post.health', '--only', 'post.writes'];
    assert.equal((await look(server, 'post', some)).code, 0);
    assert.equal((await look(server, 'post', [...some, '--strict'])).code, 1);
});

test('the stages have the lines of the checklist', async () => {
    const ids = [];
    for (const stage of ['pre', 'mid', 'post'])
        ids.push(...(await look(server, stage, [], { PORT: '1' })).checks.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ['pre.indexes', 'pre.environment', 'pre.committed', 'pre.tried', 'mid.image_backend', 'mid.image_frontend', 'mid.registry', 'mid.instance', 'mid.ports',
        'mid.dns', 'mid.certificate', 'post.containers', 'post.health', 'post.functions', 'post.speed', 'post.log_rotation', 'post.alarms', 'post.backup'])
        assert.ok(ids.includes(id), id);
    assert.ok(ids.filter((id) => id.startsWith('pre.p0.')).length >= 13);
});

test('without a service, no line about it is ok', async () => {
    for (const stage of ['pre', 'post'])
        for (const { id, result } of (await look(server, stage, [], { ...AS_ADMIN, PORT: '1' })).checks)
            if (/^pre\.p0|^post\.(health|functions|writes|speed|alarms)/.test(id) && !['pre.p0.secret', 'pre.p0.default_accounts'].includes(id))
                assert.notEqual(result, 'ok', id);
});

test('credentials that are not accepted: failed, not skipped', async () => {
    const wrong = { MMS_DOCTOR_USER: user.user.username, MMS_DOCTOR_PASSWORD: 'Wrong-Password-1' };
    await line('post.functions', 'fail', /HTTP 401 login_failed/, [], wrong);
    await line('post.functions', 'fail', /HTTP 401/, [], { MMS_DOCTOR_TOKEN: `mms_${'x'.repeat(43)}` });
    await line('post.functions', 'not_applicable', /没有可用的账户/);
});

// ---- 迁移前: P0

test('pre.p0.secret', async () => {
    await line('pre.p0.secret', 'ok', /没有|不是示例值/);
    await line('pre.p0.secret', 'ok', /alg=none 均被拒绝/, [], AS_USER);
    await line('pre.p0.secret', 'fail', /必须设置/, [], { JWT_SECRET: null });
    await line('pre.p0.secret', 'fail', /32/, [], { JWT_SECRET: 'kD83hfQx9_2LpRv' });
    await line('pre.p0.secret', 'fail', /示例值/, [], { JWT_SECRET: 'dev-secret-key-change-in-production' });
    await line('pre.p0.secret', 'fail', /不是此处的 JWT_SECRET/, [], { ...AS_USER, JWT_SECRET: 'kD83hfQx9_2LpRvT7wZmB5nYcS4jG6aY' });
    const weak = await start({ env: { JWT_SECRET: 'test-secret-key' } });
    try {
        await expectLine(weak, 'pre.p0.secret', 'fail', /众所周知的密钥/, [], { ...asking(await weak.admin()), JWT_SECRET: server.secret });
    } finally {
        await weak.stop();
    }
    await spoiled(server, (request) => request.url === '/api/auth/me' && request.headers.authorization.endsWith('.') && json(200, { success: true, data: {} }),
        (args) => line('pre.p0.secret', 'fail', /伪造/, args, AS_USER));
});

test('pre.p0.default_accounts', async () => {
    await line('pre.p0.default_accounts', 'ok', /1 名管理员/);
    const { id } = accepted(await admin.post('/api/users', { username: 'second', password: 'admin123', role: 'system_admin' }), 201);
    const found = await line('pre.p0.default_accounts', 'fail', /second/);
    assert.equal(found.mend, 'mms user set-password second');
    const set = await server.run(['user', 'set-password', 'second'], { input: 'Another-Password-7\n' });
    assert.equal(set.code, 0, set.output);
    await line('pre.p0.default_accounts', 'ok', /2 名管理员/);
    // As the older system kept it: bcrypt of admin123.
    await server.database.vandalize(`UPDATE users SET password_hash = '$2b$10$fYapNhxOjiHKdoTdpYaF7.CzTzHCb5CBzCMZgpse8fNkmycGD9E8e' WHERE id = ${id}`);
    await line('pre.p0.default_accounts', 'fail', /second/);
    accepted(await admin.del(`/api/users/${id}`), 200);
    await line('pre.p0.default_accounts', 'ok', /1 名管理员/);
});

test('pre.p0.registration', async () => {
    await line('pre.p0.registration', 'ok', /registration_closed/);
    await spoiled(server, (request) => request.url === '/api/auth/register' && json(201, { success: true, data: { id: 7 } }),
        (args) => line('pre.p0.registration', 'fail', /HTTP 201/, args));
});

test('pre.p0.signed_in', async () => {
    await line('pre.p0.signed_in', 'ok', /1\d\d 个接口/);
    await spoiled(server, (request) => request.url === '/api/admin/database/export' && json(200, { success: true, data: {} }),
        (args) => line('pre.p0.signed_in', 'fail', /POST \/api\/admin\/database\/export: HTTP 200/, args));
    await spoiled(server, (request) => /^\/api\/materials\/0$/.test(request.url) && request.method === 'DELETE' && json(404, { success: false, code: 'material_not_found' }),
        (args) => line('pre.p0.signed_in', 'fail', /DELETE \/api\/materials\/:id: HTTP 404/, args));
});

test('pre.p0.roles', async () => {
    await line('pre.p0.roles', 'ok', /regular_user/, [], AS_USER);
    await line('pre.p0.roles', 'ok', /inventory_manager/, [], asking(manager));
    await line('pre.p0.roles', 'not_applicable', /什么都可以做/, [], AS_ADMIN);
    await line('pre.p0.roles', 'not_applicable');
    await spoiled(server, (request) => request.url === '/api/users' && request.method === 'POST' && json(400, { success: false, code: 'invalid_input' }),
        (args) => line('pre.p0.roles', 'fail', /POST \/api\/users \(regular_user\): HTTP 400/, args, AS_USER));
});

test('pre.p0.injection', async () => {
    await line('pre.p0.injection', 'not_applicable', /还没有物料/, [], AS_USER);
    await makeMaterial(manager);
    await line('pre.p0.injection', 'ok', /0 \/ \d+ 条/, [], AS_USER);
    await line('pre.p0.injection', 'not_applicable');
    const found = json(200, { success: true, data: { list: [], total: 3 } });
    await spoiled(server, (request) => request.url.includes('%27') && found, (args) => line('pre.p0.injection', 'fail', /' OR '1'='1'/, args, AS_USER));
    await spoiled(server, (request) => request.url.includes('DROP') && found, (args) => line('pre.p0.injection', 'fail', /sort=/, args, AS_USER));
    await spoiled(server, (request) => request.url.includes('%27') && json(500, { success: false, code: 'internal' }),
        (args) => line('pre.p0.injection', 'fail', /HTTP 500/, args, AS_USER));
    await spoiled(server, (request, body) => body.includes("' OR '") && json(200, { success: true, data: {} }), (args) => line('pre.p0.injection', 'fail', /login: HTTP 200/, args));
});

test('pre.p0.upload', async () => {
    await line('pre.p0.upload', 'ok', /SVG/, [], AS_USER);
    await line('pre.p0.upload', 'not_applicable');
    await spoiled(server, (request, body) => body.includes('svg') && json(200, { success: true, data: {} }), (args) => line('pre.p0.upload', 'fail', /picture\.svg: HTTP 200/, args, AS_USER));
});

test('pre.p0.paths', async () => {
    await line('pre.p0.paths', 'ok');
    await spoiled(server, (request) => request.url.includes('..%2f') && { status: 200, headers: {}, body: 'root:x:0:0:root:/root:/bin/bash\n' },
        (args) => line('pre.p0.paths', 'fail', /\.\.%2f.*HTTP 200/, args));
    await spoiled(server, (request) => request.url.includes('etc/passwd') && { status: 500, headers: {}, body: '' }, (args) => line('pre.p0.paths', 'fail', /HTTP 500/, args));
});

test('pre.p0.guessing: and nobody who is there is locked out by it', async () => {
    await line('pre.p0.guessing', 'ok', /第 6 次.*too_many_logins/);
    accepted(await server.client().post('/api/auth/login', { username: 'admin', password: AS_ADMIN.MMS_DOCTOR_PASSWORD }), 200);
    await spoiled(server, (request) => request.url === '/api/auth/login' && json(401, { success: false, code: 'login_failed' }),
        (args) => line('pre.p0.guessing', 'fail', /HTTP 401/, args));
});

test('pre.p0.raw_rows', async () => {
    await line('pre.p0.raw_rows', 'ok', /raw_edit/, [], AS_ADMIN);
    await line('pre.p0.raw_rows', 'not_applicable', /管理员/, [], AS_USER);
    await spoiled(server, (request) => request.method === 'DELETE' && request.url.includes('/row/') && json(200, { success: true }),
        (args) => line('pre.p0.raw_rows', 'fail', /DELETE .*HTTP 200/, args, AS_ADMIN));
});

test('pre.p0.origins', async () => {
    await line('pre.p0.origins', 'ok');
    const open = await start({ env: { CORS_ORIGIN: '*' } });
    try {
        await expectLine(open, 'pre.p0.origins', 'fail', /Access-Control-Allow-Origin: https:\/\/elsewhere\.invalid/, [], { CORS_ORIGIN: null });
    } finally {
        await open.stop();
    }
});

test('pre.p0.headers', async () => {
    await line('pre.p0.headers', 'ok');
    await spoiled(server, () => (answer) => delete answer.headers['x-content-type-options'], (args) => line('pre.p0.headers', 'fail', /nosniff/, args));
    const page = { status: 200, headers: { 'content-type': 'text/html', 'x-frame-options': 'DENY' }, body: '<html></html>' };
    await spoiled(server, (request) => request.url === '/' && page, (args) => line('pre.p0.headers', 'fail', /Content-Security-Policy/, args));
    page.headers['content-security-policy'] = "default-src 'self'";
    await spoiled(server, (request) => request.url === '/' && page, (args) => line('pre.p0.headers', 'ok', /页面/, args));
});

test('pre.p0.errors', async () => {
    await line('pre.p0.errors', 'ok');
    await spoiled(server, (request) => request.url.endsWith('no-such-thing') && json(404, { success: false, message: 'SQLITE_ERROR: no such table' }),
        (args) => line('pre.p0.errors', 'fail', /no-such-thing/, args));
    await spoiled(server, (request) => request.url.endsWith('no-such-thing') && { status: 404, headers: {}, body: '<html>Cannot GET</html>' },
        (args) => line('pre.p0.errors', 'fail', /no-such-thing/, args));
});

// ---- 迁移前: the rest

test('pre.indexes, pre.guards, post.books: a database that somebody has spoiled', async () => {
    const other = await start();
    try {
        const there = (...args) => expectLine(other, ...args);
        await there('pre.indexes', 'ok', /\d\d 个均在/);
        await there('pre.guards', 'ok', /\d\d 个均在/);
        await there('post.books', 'ok', /19 项证明/);
        await other.sql('DROP INDEX materials_by_name');
        const { mend } = await there('pre.indexes', 'fail', /缺少 1 个.*materials_by_name/);
        assert.equal(mend, 'backend/sql/0001_core.sql: CREATE INDEX materials_by_name …');
        await there('pre.guards', 'ok');
        await other.sql(POSTGRES ? 'ALTER TABLE moves DISABLE TRIGGER moves_no_change' : 'DROP TRIGGER moves_no_update');
        await there('pre.guards', 'fail', /moves_no_/);
        const keeper = await other.admin(), material = await makeMaterial(keeper);
        await other.database.vandalize(`UPDATE materials SET current_stock = 5000000 WHERE id = ${material.id}`);
        await there('post.books', 'fail', /stock/);
    } finally {
        await other.stop();
    }
});

test('post.books: a row of the log that was changed', async () => {
    const other = await start();
    try {
        await other.admin();
        await other.database.vandalize("UPDATE operation_log SET description = 'nothing' WHERE id = 1");
        await expectLine(other, 'post.books', 'fail', /日志/);
    } finally {
        await other.stop();
    }
});

test('a database that is not there, or older: failed, and it is not made', async () => {
    const nowhere = { DATABASE_URL: null, DB_PATH: place('none.db') };
    for (const id of ['pre.indexes', 'pre.guards', 'pre.p0.default_accounts', 'post.books'])
        await line(id, 'fail', /./, [], nowhere);
    assert.ok(!existsSync(nowhere.DB_PATH));
});

test('pre.environment', async () => {
    mkdirSync(place('env-backups'));
    mkdirSync(place('uploads'), { recursive: true });
    const good = { BACKUP_DIR: place('env-backups') };
    await line('pre.environment', 'ok', /生产环境可接受/, [], good);
    await line('pre.environment', 'fail', /BACKUP_DIR/);
    await line('pre.environment', 'fail', /NODE_ENV=test/, [], { ...good, NODE_ENV: 'test' });
    await line('pre.environment', 'fail', /JWT_SECRET/, [], { ...good, JWT_SECRET: null });
    await line('pre.environment', 'fail', /CORS_ORIGIN/, [], { ...good, CORS_ORIGIN: '*', NODE_ENV: 'development' });
    await line('pre.environment', 'fail', /数据库在哪里/, [], { ...good, DB_PATH: null, DATABASE_URL: null });
    await line('pre.environment', 'fail', /UPLOAD_DIR=.*不是目录/, [], { ...good, UPLOAD_DIR: place('no-such-folder') });
    const { code, output } = await server.run(['doctor', '--stage', 'pre'], { env: { PORT: 'x' } });
    assert.equal(code, 78);
    assert.match(output, /PORT/);
});

// ---- 迁移后

test('post.health', async () => {
    await line('post.health', 'ok');
    await line('post.health', 'fail', /没有应答/, [], { PORT: '1' });
    const release = await server.database.holdWriteLock();
    try {
        await line('post.health', 'fail', /HTTP 503/);
    } finally {
        await release();
    }
    await spoiled(server, (request) => request.url === '/api/health' && json(200, { status: 'degraded', checks: { database: 'error' } }), (args) => line('post.health', 'fail', /degraded/, args));
    await serving((request, response) => response.end('It works!'), (url) => line('post.health', 'fail', /HTTP 200/, ['--url', url]));
});

test('post.functions: by a person, or by a service token', async () => {
    await line('post.functions', 'ok', /登录，\d+ 个列表/, [], AS_ADMIN);
    await line('post.functions', 'ok', /个列表/, [], AS_USER);
    const { token } = accepted(await user.post('/api/profile/tokens', { name: 'doctor', scopes: 'material.read document.read' }), 201);
    await line('post.functions', 'ok', /登录，\d+ 个列表/, [], { MMS_DOCTOR_TOKEN: token });
    await spoiled(server, (request) => request.url.startsWith('/api/inventory') && json(500, { success: false, code: 'internal' }),
        (args) => line('post.functions', 'fail', /GET \/api\/inventory: HTTP 500/, args, AS_ADMIN));
    await line('post.functions', 'fail', /GET \/: HTTP 404/, [], { ...AS_USER, WEB_DIR: server.dir });
});

test('post.writes: only when it is allowed; the document is withdrawn and no stock has moved', async () => {
    const before = accepted(await admin.get('/api/inventory'), 200).total, moves = await server.value('SELECT COUNT(*) AS n FROM moves');
    await line('post.writes', 'not_applicable', /未允许写入/, [], AS_USER);
    assert.equal(accepted(await admin.get('/api/inventory'), 200).total, before);
    await line('post.writes', 'ok', /\/api\/inventory\/\d+ 已新建并取消/, ['--write-probe'], AS_USER);
    const { total, list: [last] } = accepted(await admin.get('/api/inventory'), 200);
    assert.deepEqual([total, last.status, Number(await server.value('SELECT COUNT(*) AS n FROM moves'))], [before + 1, 'cancelled', Number(moves)]);
    await line('post.writes', 'not_applicable', /没有可用的账户/, ['--write-probe']);
    await spoiled(server, (request) => request.url.endsWith('/cancel') && json(500, { success: false, code: 'internal' }),
        (args) => line('post.writes', 'fail', /未能取消/, [...args, '--write-probe'], AS_USER));
});

test('post.speed: as many times slower as is too many', async () => {
    await line('post.speed', 'ok', /微秒/, [], AS_USER);
    // Health is answered at once, and most lists after two seconds and a half: far more than 20 times as long on any machine.
    let lists = 0;
    await spoiled(server, async (request) => {
        if (request.url === '/api/health')
            return json(200, { status: 'ok', checks: { database: 'ok' } });
        if (request.url.startsWith('/api/materials') && lists++ < 9)
            await sleep(2500);
        return null;
    }, (args) => line('post.speed', 'fail', /上限/, args, AS_USER));
});

test('post.log_rotation and post.logs, of a folder', async () => {
    const LOG_DIR = place('log'), file = path.join(LOG_DIR, 'mms.log');
    mkdirSync(LOG_DIR);
    await line('post.log_rotation', 'fail', /mms\.log/, [], { LOG_DIR });
    await line('post.logs', 'fail', /没有日志/, [], { LOG_DIR });
    await server.restart({ LOG_DIR, LOG_MAX_SIZE: 65536, LOG_KEEP: 2 });
    await line('post.log_rotation', 'ok', /65536/);
    await line('post.logs', 'ok', /mms\.log/);
    writeFileSync(`${file}.3`, 'older\n');
    await line('post.log_rotation', 'fail', /mms\.log\.3 应已删除/);
    await server.halt();
    appendFileSync(file, `${'x'.repeat(200_000)}\n`);
    await line('post.log_rotation', 'fail', /字节，应在 65536 轮换/, [], { PORT: '1', LOG_KEEP: '9' });
    writeFileSync(file, 'not of ours\n');
    await line('post.logs', 'fail', /没有日志/, [], { PORT: '1' });
    await server.restart({ LOG_DIR: null });
});

test('post.alarms', async () => {
    await line('post.alarms', 'fail', /METRICS_TOKEN 未设置/, [], { METRICS_TOKEN: null });
    await line('post.alarms', 'not_applicable', /云监控/);
    await line('post.alarms', 'fail', /metrics: HTTP 401/, [], { METRICS_TOKEN: 'another-token-of-16-bytes' });
    // Prometheus is played: its answers, as its documentation of the API has them.
    let rules = [], managers = [{ url: 'http://127.0.0.1:9093/api/v2/alerts' }];
    const answer = (data) => JSON.stringify({ status: 'success', data });
    await serving((request, response) => response.end(request.url.startsWith('/api/v1/rules') ? answer({ groups: [{ name: 'mms', rules }] })
        : answer({ activeAlertmanagers: managers, droppedAlertmanagers: [] })), async (url) => {
        const see = (...args) => line('post.alarms', ...args, ['--prometheus', url]);
        await see('fail', /0 条告警规则/);
        rules = [{ type: 'alerting', name: 'Disk', query: 'node_filesystem_avail_bytes < 1' }, { type: 'recording', name: 'r', query: 'mms_requests' }];
        await see('fail', /无一涉及 mms_/);
        rules.push({ type: 'alerting', name: 'Away', query: 'up{job="mms"} == 0 or mms_storage_failed > 0' });
        await see('ok', /2 条告警规则，1 条/);
        managers = [];
        await see('fail', /无人接收/);
    });
    await line('post.alarms', 'fail', /没有应答/, ['--prometheus', 'http://127.0.0.1:1']);
});

test('post.backup: none, unproven, fresh, damaged, too old', async () => {
    const folder = place('backups'), env = { BACKUP_DIR: folder };
    const see = (result, seen, args) => line('post.backup', result, seen, args, env);
    await line('post.backup', 'fail', /BACKUP_DIR 未设置/);
    await see('fail', /共 0 个/);
    assert.equal((await server.run(['backup', '--to', folder, '--unproven'])).code, 0);
    await see('fail', /没有验证过的备份（共 1 个）/);
    const made = await server.run(['backup', '--to', folder, '--gzip']);
    assert.equal(made.code, 0, made.output);
    await see('ok', /0 小时前/);
    const proven = readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => path.join(folder, name)).find((name) => JSON.parse(readFileSync(name)).proven_at);
    const manifest = readFileSync(proven, 'utf8'), aged = (hours) => writeFileSync(proven, manifest.replace(/("made_at":\s*")[^"]+/, (_, head) => head + new Date(Date.now() - hours * 3600_000).toISOString()));
    aged(25.5);
    await see('ok', /25 小时前/);
    await see('fail', /已 25 小时，上限 24/, ['--backup-hours', '24']);
    aged(27.5);
    await see('fail', /已 27 小时，上限 26/);
    aged(-5);
    await see('fail', /将来/);
    writeFileSync(proven, manifest);
    truncateSync(proven.replace(/json$/, 'db.gz'), 100);
    await see('fail', /大小不符/);
});

test('what needs a container engine: not applicable without one, failed when it is required', async () => {
    for (const id of ['pre.tried', 'mid.image_backend', 'mid.image_frontend', 'post.containers', 'post.log_rotation', 'post.logs']) {
        await line(id, 'not_applicable', /没有容器引擎/);
        await line(id, 'fail', /没有容器引擎/, ['--require', 'docker'], NO_ENGINE);
    }
});
