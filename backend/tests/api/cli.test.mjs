// The commands of the program.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { INITIAL_PASSWORD, Server, accepted, refused, start, unique } from './harness.mjs';

const COMMANDS = ['serve', 'migrate', 'demo', 'user', 'verify', 'backup', 'restore', 'audit', 'import-legacy', 'assess', 'migrate-to-postgres', 'migrate-to-sqlite', 'check-config', 'health', 'version'];
const PASSWORD = 'Console-Password-1';
const RANDOM = /\b[A-Za-z0-9]{4}(?:-[A-Za-z0-9]{4}){3}\b/;
const server = await start();
after(() => server.stop());
const login = (username, password) => server.client().post('/api/auth/login', { username, password });
const addUser = async (role = 'regular_user', name = unique('cli')) => {
    const { code, output } = await server.run(['user', 'add', name, role, '张三'], { input: `${PASSWORD}\n` });
    assert.equal(code, 0, output);
    return name;
};

/** A folder of its own with no server in it. */
async function alone(work) {
    const place = new Server();
    try {
        await work(place);
    } finally {
        place.removeFolder();
    }
}

test('each command explains itself', async () => {
    for (const command of COMMANDS) {
        const { code, stdout, stderr } = await server.run([command, '--help'], { env: { PORT: 'even with wrong settings' } });
        assert.equal(code, 0, `${command}: ${stderr}`);
        assert.ok(stdout.includes(`mms ${command}`), stdout);
        assert.equal(stderr, '');
    }
    const { code, stdout } = await server.run(['--help']);
    assert.equal(code, 0);
    for (const command of COMMANDS)
        assert.ok(stdout.includes(command), command);
});

test('serve --help lists every setting', async () => {
    const { stdout } = await server.run(['serve', '--help']);
    for (const name of ['PORT', 'HOST', 'NODE_ENV', 'JWT_SECRET', 'JWT_EXPIRES_IN', 'DB_PATH', 'LOG_LEVEL', 'LOG_DIR', 'LOG_MAX_SIZE', 'LOG_MAX_AGE', 'LOG_KEEP', 'UPLOAD_DIR', 'BACKUP_DIR', 'MAX_FILE_SIZE', 'CORS_ORIGIN', 'WEB_DIR', 'ADMIN_INITIAL_PASSWORD', 'TRUSTED_PROXIES'])
        assert.match(stdout, new RegExp(`^\\s*${name}\\b`, 'm'), name);
    assert.ok(!stdout.includes(server.secret));
});

test('what is no command, or not a whole one', async () => {
    for (const args of [[], ['nonsense'], ['user'], ['user', 'nonsense'], ['user', 'add'], ['user', 'add', 'only-a-name'], ['user', 'disable'], ['user', 'list', 'too', 'much']]) {
        const { code, stderr } = await server.run(args);
        assert.ok(code > 0 && code !== 78, `${args}: ${code}`);
        assert.match(stderr, /usage: mms/, args.join(' '));
    }
});

test('version', async () => {
    const { code, stdout } = await server.run(['version']);
    assert.equal(code, 0);
    assert.match(stdout, /^mms \d+\.\d+\.\d+/);
    assert.equal((await server.run(['--version'])).stdout, stdout);
});

test('migrate makes the database, and does nothing the second time', () => alone(async (place) => {
    const first = await place.run(['migrate']);
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /[1-9]\d* migration/);
    const schema = await place.sql('SELECT * FROM schema_migrations');
    assert.ok(schema.length >= 1);
    for (const row of schema)
        assert.match(row.checksum, /^[0-9a-f]{64}$/);
    const second = await place.run(['migrate']);
    assert.equal(second.code, 0, second.output);
    assert.match(second.output, /\b0 migration/);
    assert.deepEqual(await place.sql('SELECT * FROM schema_migrations'), schema);
    await place.verifyClean();
}));

test('user add: by name, role and a password from standard input', async () => {
    const name = await addUser('inventory_manager');
    const data = accepted(await login(name, PASSWORD), 200);
    assert.deepEqual([data.user.role, data.user.realName, data.user.mustChangePassword], ['inventory_manager', '张三', true]);
    const row = await server.sql(`SELECT action, user_id, description FROM operation_log WHERE module = 'users' AND resource_id = ${data.user.id}`);
    assert.equal(row.length, 1);
    assert.deepEqual([row[0].action, row[0].user_id], ['create', null]);
});

test('user add: without a password a random one is made and told', async () => {
    const name = unique('cli');
    const { code, output } = await server.run(['user', 'add', name, 'regular_user']);
    assert.equal(code, 0, output);
    accepted(await login(name, output.match(RANDOM)[0]), 200);
});

test('user add: what is not acceptable', async () => {
    const before = await server.value('SELECT COUNT(*) FROM users');
    const name = await addUser();
    for (const [args, input, words] of [
        [[name, 'regular_user'], PASSWORD, /用户名已存在/],
        [[name.toUpperCase(), 'regular_user'], PASSWORD, /用户名已存在/],
        [[unique('cli'), 'boss'], PASSWORD, /无效的角色类型/],
        [['a b', 'regular_user'], PASSWORD, /用户名/],
        [['ab', 'regular_user'], PASSWORD, /用户名/],
        [[unique('cli'), 'regular_user'], 'weak', /密码至少需要8个字符/],
    ]) {
        const { code, output } = await server.run(['user', 'add', ...args], { input: `${input}\n` });
        assert.ok(code > 0, `${args}: ${code}`);
        assert.match(output, words, args.join(' '));
        assert.ok(!output.includes(input), 'the password is not printed');
    }
    assert.equal(await server.value('SELECT COUNT(*) FROM users'), before + 1);
});

test('user list', async () => {
    const name = await addUser('inventory_manager');
    const { code, stdout } = await server.run(['user', 'list']);
    assert.equal(code, 0);
    const line = stdout.split('\n').find((one) => one.includes(name));
    assert.match(line, /inventory_manager/);
    assert.match(line, /active/);
    assert.match(stdout, /\badmin\b/);
    assert.doesNotMatch(stdout, /argon2/);
});

test('user disable cuts off at once, beside the running service', async () => {
    const name = await addUser();
    const user = await server.client().login(name, PASSWORD);
    const { code, output } = await server.run(['user', 'disable', name]);
    assert.equal(code, 0, output);
    refused(await user.get('/api/auth/me'), 401, 'token_invalid', '访问令牌无效或已过期');
    refused(await login(name, PASSWORD), 401, 'account_disabled', '账户已停用，请联系管理员');
    const unknown = await server.run(['user', 'disable', 'nobody-of-that-name']);
    assert.ok(unknown.code > 0);
    assert.match(unknown.output, /用户不存在/);
});

test('user disable keeps the last administrator', () => alone(async (place) => {
    assert.equal((await place.run(['user', 'add', 'chief', 'system_admin'], { input: `${PASSWORD}\n` })).code, 0);
    const { code, output } = await place.run(['user', 'disable', 'chief']);
    assert.ok(code > 0);
    assert.match(output, /至少需要一名/);
    assert.equal(await place.value("SELECT status FROM users WHERE username = 'chief'"), 'active');
}));

test('user set-password: the old one is void, sessions end, and it must be changed', async () => {
    const name = await addUser();
    const user = await server.client().login(name, PASSWORD);
    const { code, output } = await server.run(['user', 'set-password', name], { input: 'Another-Password-2\n' });
    assert.equal(code, 0, output);
    assert.ok(!output.includes('Another-Password-2'));
    refused(await user.get('/api/auth/me'), 401, 'token_invalid', '访问令牌无效或已过期');
    refused(await login(name, PASSWORD), 401, 'login_failed', '用户名或密码错误');
    assert.equal(accepted(await login(name, 'Another-Password-2'), 200).user.mustChangePassword, true);
    const random = await server.run(['user', 'set-password', name]);
    accepted(await login(name, random.output.match(RANDOM)[0]), 200);
    assert.ok((await server.run(['user', 'set-password', 'nobody-of-that-name'])).code > 0);
    assert.ok((await server.run(['user', 'set-password', name], { input: 'weak\n' })).code > 0);
});

test('a lost administrator comes back from the console', () => alone(async (place) => {
    await place.begin();
    await place.halt();
    const { code, output } = await place.run(['user', 'set-password', 'admin'], { input: `${PASSWORD}\n` });
    assert.equal(code, 0, output);
    await place.begin();
    const client = place.client();
    refused(await client.post('/api/auth/login', { username: 'admin', password: INITIAL_PASSWORD }), 401, 'login_failed', '用户名或密码错误');
    await client.login('admin', PASSWORD);
    await place.halt();
}));

test('demo: the whole catalogue and its documents, through the services', () => alone(async (place) => {
    const { code, output } = await place.run(['demo']);
    assert.equal(code, 0, output);
    assert.equal(await place.value('SELECT COUNT(*) FROM materials'), 189);
    const statuses = Object.fromEntries((await place.sql('SELECT status, COUNT(*) AS n FROM documents GROUP BY status')).map((row) => [row.status, row.n]));
    assert.ok(statuses.approved > 100 && statuses.pending > 0, JSON.stringify(statuses));
    assert.ok(await place.value("SELECT COUNT(*) FROM documents WHERE purpose = 'opening'") > 0, 'opening stock is a document');
    assert.ok(await place.value('SELECT COUNT(*) FROM materials WHERE min_stock > 0 AND current_stock <= min_stock') > 0, 'some are below their minimum');
    const days = await place.value('SELECT (MAX(created_at) - MIN(created_at)) / 86400000 FROM documents');
    assert.ok(days >= 80 && days <= 100, `${days} days`);
    assert.equal(await place.value(`SELECT COUNT(*) FROM documents WHERE created_at > ${Date.now() + 60_000}`), 0, 'nothing in the future');
    assert.equal(await place.value(`SELECT COUNT(*) FROM moves WHERE posted_at > ${Date.now() + 60_000}`), 0, 'nothing in the future');
    assert.equal(await place.value('SELECT COUNT(*) FROM (SELECT posted_at < LAG(posted_at) OVER (ORDER BY id) AS is_early FROM moves) AS posted WHERE is_early'), 0, 'one after the other, as on a stock card');
    assert.equal(await place.value("SELECT COUNT(*) FROM documents WHERE id NOT IN (SELECT resource_id FROM operation_log WHERE module = 'inventory' AND action = 'create')"), 0, 'every change is in the log');
    await place.verifyClean();

    await place.begin(); // and the service runs on it
    const admin = await place.admin();
    const all = accepted(await admin.get('/api/materials?pageSize=1000&sort=material_code'), 200);
    assert.equal(all.total, 189);
    const catalyst = all.list.find((row) => row.material_code === 'CH-CAT-001');
    assert.deepEqual([catalyst.material_name, catalyst.name_en, catalyst.category, catalyst.unit, catalyst.unit_decimals, catalyst.cas_no, catalyst.shelf_life_days, catalyst.shelf_life_basis],
        ['铂碳催化剂 20wt% Pt/C', 'Platinum on carbon 20 wt%', 'chemical', 'g', 3, '7440-06-4', 730, 'T']);
    const units = accepted(await admin.get('/api/units'), 200);
    assert.deepEqual(units.filter((unit) => unit.needs_review), [], 'the units of the catalogue are known');
    await place.halt();
}));

test('demo: the same every time, and not twice into one database', () => alone(async (one) => {
    const two = new Server();
    try {
        const digest = async (place) => {
            assert.equal((await place.run(['demo'])).code, 0);
            return place.sql('SELECT d.kind, d.purpose, d.status, l.line_no, m.material_code, l.quantity, l.unit_price FROM documents d JOIN document_lines l ON l.document_id = d.id JOIN materials m ON m.id = l.material_id ORDER BY d.id, l.line_no');
        };
        assert.deepEqual(await digest(one), await digest(two));
        const before = await one.value('SELECT COUNT(*) FROM documents');
        const again = await one.run(['demo']);
        assert.equal(await one.value('SELECT COUNT(*) FROM materials'), 189, again.output);
        assert.equal(await one.value('SELECT COUNT(*) FROM documents'), before, again.output);
    } finally {
        two.removeFolder();
    }
}));

test('verify, and commands that sign nothing, need no JWT_SECRET even in production', async () => {
    for (const args of [['verify'], ['migrate'], ['user', 'list']]) {
        const { code, output } = await server.run(args, { env: { NODE_ENV: 'production', JWT_SECRET: null } });
        assert.equal(code, 0, `${args}: ${output}`);
    }
});
