// The environment: what the program refuses to start with, and what it tells about it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server, accepted, start } from './harness.mjs';

const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const GOOD_SECRET = 'kD83hfQx9_2LpRvT7wZmB5nYcS4jG6aE1uHqXo';
const NAMES = ['PORT', 'HOST', 'NODE_ENV', 'SECRET_SOURCE', 'JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'JWT_SECRET_FILE', 'SECRET_REFRESH_SECONDS', 'KMS_ENDPOINT', 'KMS_SECRET_NAME', 'KMS_SECRET_FIELD', 'KMS_CA_FILE', 'ALIYUN_ACCESS_KEY_ID', 'ALIYUN_ACCESS_KEY_SECRET', 'ALIYUN_METADATA_URL', 'JWT_EXPIRES_IN', 'DB_PATH', 'DB_TAKEOVER_WAIT', 'LOG_LEVEL', 'LOG_DIR', 'LOG_MAX_SIZE', 'LOG_MAX_AGE', 'LOG_KEEP', 'UPLOAD_DIR', 'UPLOAD_BACKEND', 'OSS_BUCKET', 'OSS_REGION', 'OSS_ENDPOINT', 'OSS_CA_FILE', 'OSS_ACCESS_KEY_ID', 'OSS_ACCESS_KEY_SECRET', 'OSS_DELIVERY', 'BACKUP_DIR', 'AGE_RECIPIENT', 'BACKUP_CONTINUOUS_DIR', 'BACKUP_CONTINUOUS_SECONDS', 'MAX_FILE_SIZE', 'CORS_ORIGIN', 'WEB_DIR', 'ADMIN_INITIAL_PASSWORD', 'METRICS_TOKEN', 'TRUSTED_PROXIES'];

/** Runs a command with these settings over good ones. */
const run = (command, env) => new Server({ dir, env: { NODE_ENV: 'production', JWT_SECRET: GOOD_SECRET, ...env } }).run([command]);

/** Both commands end with 78 and name exactly these settings. */
async function refusedFor(env, names) {
    for (const command of ['check-config', 'serve']) {
        const { code, output } = await run(command, env);
        assert.equal(code, 78, `${command} ${JSON.stringify(env)}: ${code}\n${output}`);
        // check-config may print the table as well: a fault is a line that is no row of it
        const faults = output.split('\n').filter((line) => !new RegExp(`^(${NAMES.join('|')}) {2,}`).test(line)).join('\n');
        const named = NAMES.filter((name) => new RegExp(`\\b${name}\\b`).test(faults));
        for (const name of names)
            assert.ok(named.includes(name), `${command} does not name ${name}:\n${output}`);
        if (command === 'check-config')
            assert.deepEqual(named.filter((name) => !names.includes(name) && !['NODE_ENV', 'UPLOAD_BACKEND', 'OSS_ACCESS_KEY_ID'].includes(name)), [], `named without a fault:\n${output}`);
        for (const [name, value] of Object.entries(env))
            if (['JWT_SECRET', 'ADMIN_INITIAL_PASSWORD', 'METRICS_TOKEN'].includes(name) && value?.length > 5)
                assert.ok(!output.includes(value), `${command} prints the value of ${name}`);
    }
}

for (const [name, values] of Object.entries({
    PORT: ['abc', '-1', '65536', '80.5', '3000x', '99999999999999999999'],
    HOST: ['no host', '999.1.1.1', 'example.com'],
    NODE_ENV: ['prod', 'Production', '1'],
    JWT_EXPIRES_IN: ['soon', '59', '59s', '91d', '7w', '-1', '1.5h'],
    LOG_LEVEL: ['verbose', 'trace', '0'],
    MAX_FILE_SIZE: ['2MB', '1023', '1073741825', '-5'],
    CORS_ORIGIN: ['example.com', 'https://example.com/path', 'https://a.example.com, nonsense', '*'],
    TRUSTED_PROXIES: ['proxy', '10.0.0.0/33', '10.0.0', '::1/129', '10.0.0.1, x'],
    ADMIN_INITIAL_PASSWORD: ['short1', 'onlyletters', '1234567890'],
    METRICS_TOKEN: ['short', 'fifteen-bytes-x'],
    SECRET_SOURCE: ['vault', 'kms;file', 'Environment', ','],
    SECRET_REFRESH_SECONDS: ['0', '86401', '5m'],
    JWT_SECRET_PREVIOUS: ['short', 'a'.repeat(64), 'your-secret-key-change-in-production-please'],
    KMS_ENDPOINT: ['https://kms.example.com/path', 'http://kms.example.com', 'two words'],
    KMS_SECRET_NAME: ['mms jwt', '密钥'],
    ALIYUN_METADATA_URL: ['100.100.100.200', 'https://100.100.100.200', 'http://100.100.100.200/latest', 'http://'],
    UPLOAD_BACKEND: ['OSS', 's3'],
    OSS_BUCKET: ['ab', 'Uploads', '-mms', 'mms-', 'a/b', 'a'.repeat(64)],
    OSS_REGION: ['杭州', 'cn hangzhou', 'cn.hangzhou'],
    OSS_ENDPOINT: ['http://oss-cn-hangzhou.aliyuncs.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1:80', 'ftp://127.0.0.1', 'https://oss.example.com/path', 'https://user@oss.example.com', 'https://', 'oss.example.com:0'],
    OSS_ACCESS_KEY_SECRET: ['a-secret-without-its-id'],
    OSS_DELIVERY: ['public'],
    JWT_SECRET: [null, 'kD83hfQx9_2LpRvT7wZmB5nYcS4jG6a', 'your-secret-key-change-in-production-please', 'change-me-change-me-change-me-change-me', 'a'.repeat(64), 'x'],
}))
    test(`${name} is refused by name`, async () => {
        for (const value of values)
            await refusedFor({ [name]: value }, [name]);
    });

test('a source of the secret wants what it needs', async () => {
    await refusedFor({ SECRET_SOURCE: 'kms' }, ['KMS_ENDPOINT']);
    await refusedFor({ SECRET_SOURCE: 'file,kms' }, ['KMS_ENDPOINT', 'JWT_SECRET_FILE']);
    await refusedFor({ ALIYUN_ACCESS_KEY_ID: 'LTAI-1' }, ['ALIYUN_ACCESS_KEY_SECRET']);
    await refusedFor({ ALIYUN_ACCESS_KEY_SECRET: 'of-nobody' }, ['ALIYUN_ACCESS_KEY_SECRET']);
});

test('object storage needs its bucket and region, and both halves of a key', async () => {
    await refusedFor({ UPLOAD_BACKEND: 'oss' }, ['OSS_BUCKET', 'OSS_REGION']);
    await refusedFor({ OSS_ACCESS_KEY_ID: 'LTAI-x' }, ['OSS_ACCESS_KEY_SECRET']);
    for (const OSS_ENDPOINT of [null, 'oss-cn-hangzhou-internal.aliyuncs.com', 'https://files.example.com', 'http://127.0.0.1:9000', 'http://localhost', 'http://[::1]:80']) {
        const { code, output } = await run('check-config', { UPLOAD_BACKEND: 'oss', OSS_BUCKET: 'mms-1', OSS_REGION: 'oss-cn-hangzhou', OSS_ENDPOINT, OSS_ACCESS_KEY_ID: 'LTAI-shown-nowhere', OSS_ACCESS_KEY_SECRET: 'neither-is-this' });
        assert.equal(code, 0, output);
        assert.match(output, /OSS_REGION +cn-hangzhou /);
        assert.ok(!output.includes('shown-nowhere') && !output.includes('neither-is-this'));
    }
});

test('all faults together', async () => {
    await refusedFor({ PORT: 'x', HOST: 'y z', JWT_SECRET: 'too-short-for-production', JWT_EXPIRES_IN: '1s', LOG_LEVEL: 'loud', MAX_FILE_SIZE: '0', CORS_ORIGIN: 'z', TRUSTED_PROXIES: 'q', ADMIN_INITIAL_PASSWORD: 'geheimnis' },
        ['PORT', 'HOST', 'JWT_SECRET', 'JWT_EXPIRES_IN', 'LOG_LEVEL', 'MAX_FILE_SIZE', 'CORS_ORIGIN', 'TRUSTED_PROXIES', 'ADMIN_INITIAL_PASSWORD']);
});

test('good settings, all of them', async () => {
    for (const env of [{}, {
        PORT: '8080', HOST: '::1', JWT_EXPIRES_IN: '12h', LOG_LEVEL: 'debug', MAX_FILE_SIZE: '1024', CORS_ORIGIN: 'https://a.example.com,http://[::1]:8080',
        TRUSTED_PROXIES: '10.0.0.0/8, ::1, 192.168.1.1', ADMIN_INITIAL_PASSWORD: 'Zugang-2024-x', METRICS_TOKEN: 'sixteen-bytes-xx', WEB_DIR: dir, LOG_DIR: path.join(dir, 'logs'),
    }]) {
        const { code, output } = await run('check-config', env);
        assert.equal(code, 0, output);
        for (const name of NAMES)
            assert.match(output, new RegExp(`^\\s*${name}\\b`, 'm'), `${name} is listed`);
        assert.ok(!output.includes(GOOD_SECRET) && !output.includes('Zugang-2024-x') && !output.includes('sixteen-bytes-xx'), 'secrets are never printed');
        for (const [name, value] of Object.entries(env))
            if (!['ADMIN_INITIAL_PASSWORD', 'METRICS_TOKEN', 'TRUSTED_PROXIES'].includes(name))
                assert.ok(output.includes(value), `${name}: ${value}\n${output}`);
    }
});

test('empty means not set', async () => {
    const { code, output } = await run('check-config', { PORT: '', HOST: ' ', LOG_LEVEL: '', CORS_ORIGIN: '', WEB_DIR: '' });
    assert.equal(code, 0, output);
    await refusedFor({ JWT_SECRET: '  ' }, ['JWT_SECRET']);
});

test('outside production a weak or missing secret is no fault', async () => {
    for (const NODE_ENV of ['development', 'test'])
        for (const JWT_SECRET of [null, 'secret']) {
            const { code, output } = await run('check-config', { NODE_ENV, JWT_SECRET });
            assert.equal(code, 0, output);
        }
    const server = await start({ env: { JWT_SECRET: null } });
    try {
        accepted(await (await server.admin()).get('/api/materials'), 200);
    } finally {
        await server.stop();
    }
});

test('a fault leaves no database behind', async () => {
    const server = new Server({ env: { PORT: 'x' } });
    const { code } = await server.run(['serve']);
    assert.equal(code, 78);
    assert.ok(!existsSync(server.db));
    server.removeFolder();
});

test('production starts with good settings, and the log goes to LOG_DIR too', async () => {
    const server = new Server({ env: { NODE_ENV: 'production', JWT_SECRET: GOOD_SECRET, JWT_EXPIRES_IN: '2h' } });
    server.setEnv({ LOG_DIR: path.join(server.dir, 'logs') });
    server.secrets.push(GOOD_SECRET);
    await server.begin();
    try {
        const admin = await server.admin();
        const data = accepted(await server.client().post('/api/auth/login', { username: 'admin', password: admin.password }), 200);
        assert.equal(data.expiresIn, 7200);
        const log = readFileSync(path.join(server.dir, 'logs', 'mms.log'), 'utf8');
        assert.ok(log.trim().split('\n').map((line) => JSON.parse(line)).some((entry) => entry.event === 'server.started'));
        assert.ok(!log.includes(GOOD_SECRET) && !log.includes(data.accessToken) && !log.includes(admin.password));
    } finally {
        await server.stop();
    }
});

test('a port that is taken: one clear sentence, and not the code of a wrong setting', async () => {
    const server = await start();
    try {
        const { code, output } = await new Server({ dir, env: { PORT: new URL(server.url).port } }).run(['serve']);
        assert.ok(code !== 0 && code !== 78 && code !== null, `${code}\n${output}`);
        assert.match(output, /PORT/);
    } finally {
        await server.stop();
    }
});

test('the port is told at every log level', async () => {
    const server = await start({ env: { LOG_LEVEL: 'error' } });
    await server.client().get('/api/health');
    await server.stop();
    const events = server.stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).event);
    assert.deepEqual(events, ['server.started']);
});

test('.env.example is the table of settings, as check-config --example prints it', async () => {
    const { code, stdout, stderr } = await new Server({ dir, env: { PORT: 'even with wrong settings' } }).run(['check-config', '--example']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual([...stdout.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name).filter((name) => name !== 'DATABASE_URL'), NAMES);
    assert.deepEqual([...stdout.matchAll(/^[A-Z_]+=.*$/gm)].map(([line]) => line), ['JWT_SECRET='], 'only what must be set is not a comment');
    const file = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
    assert.ok(file.startsWith(stdout), 'made anew by scripts/env-example.sh');
});
