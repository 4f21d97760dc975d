// docker-compose.prod.yml: every setting reaches the program, and the files that settings name are where they say. Without an engine: the program is
// started with what the file gives it, the folder on the host in place of the one in the container. In an engine: ../images.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Server, runProgram } from '../api/harness.mjs';
import { certificate } from './certificate.mjs';
import { startEmulator } from './emulator/server.mjs';

const text = readFileSync(fileURLToPath(new URL('../../../docker-compose.prod.yml', import.meta.url)), 'utf8');
const backend = text.slice(text.indexOf('  backend: &backend'), text.indexOf('  backend-b:'));
const folder = mkdtempSync(path.join(tmpdir(), 'mms-compose-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const made = () => randomBytes(36).toString('base64url');
const NAME = 'mms-jwt-secret';

/** What the service is given by a .env with these lines. */
function environment(dotenv) {
    const lines = [...backend.matchAll(/^ {6}([A-Z_]+): (.*)$/gm)].map(([, name, value]) => [name, value.replace(/^"(.*)"$/, '$1').replace(/\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)\}/g, (_, from, otherwise) => dotenv[from] || (otherwise ?? ''))]);
    assert.ok(lines.length > 30, 'they were found');
    return Object.fromEntries(lines);
}

/** The program with its secret as the service in its container has it, its folder of secrets being `folder`. */
async function served(dotenv, secrets, use) {
    const [, inside] = backend.match(/^ {6}- \$\{MMS_SECRETS:-\.\/secrets\}:(\/[a-z/]+):ro$/m);
    const given = Object.entries(environment(dotenv)).filter(([name]) => /^(NODE_ENV|SECRET_|JWT_SECRET|KMS_|ALIYUN_)/.test(name)).map(([name, value]) => [name, value.replace(inside, folder)]);
    const server = new Server({ env: { ...Object.fromEntries(given), ALIYUN_METADATA_URL: 'http://127.0.0.1:1' } });
    server.secrets.push(...secrets);
    await server.begin();
    try {
        await use(server);
    } finally {
        await server.stop();
    }
}
const read = (server) => server.logs.find(({ event }) => event === 'secret.read');

test('every setting is there, but those that are fixed in the image or mean nothing in a container', async () => {
    const { stdout } = await runProgram(['check-config', '--example'], { env: { PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '' } });
    const names = [...stdout.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name), given = environment({});
    assert.ok(names.includes('JWT_SECRET_FILE') && names.length > 40);
    const elsewhere = ['HOST', 'WEB_DIR', 'LOG_DIR', 'LOG_MAX_SIZE', 'LOG_MAX_AGE', 'LOG_KEEP', 'ALIYUN_METADATA_URL'];
    assert.deepEqual(names.filter((name) => !(name in given)), names.filter((name) => elsewhere.includes(name)));
    assert.deepEqual(Object.keys(given).filter((name) => !names.includes(name)), [], 'and no other');
});

test('SECRET_SOURCE=file: the secret is the file\'s in the folder that is mounted', async () => {
    const secret = made();
    writeFileSync(path.join(folder, 'jwt-secret'), `${secret}\n`, { mode: 0o400 });
    await served({ SECRET_SOURCE: 'file', JWT_SECRET: 'unused' }, [secret], async (server) => {
        assert.equal(read(server).source, 'file');
        await server.admin();
    });
});

test('KMS_CA_FILE in the folder that is mounted: a gateway of one\'s own authority is asked', async (t) => {
    const secret = made(), own = certificate(folder, 'kms-ca', 'IP:127.0.0.1');
    const cloud = await startEmulator({ secrets: { [NAME]: secret }, tls: own });
    t.after(() => cloud.close());
    const dotenv = { SECRET_SOURCE: 'kms', JWT_SECRET: 'unused', KMS_ENDPOINT: cloud.secureUrl, KMS_CA_FILE: '/run/secrets/kms-ca.crt', ALIYUN_ACCESS_KEY_ID: 'LTAI-emulator', ALIYUN_ACCESS_KEY_SECRET: 'emulator-secret' };
    await served(dotenv, [secret], async (server) => {
        assert.equal(read(server).source, 'kms');
        await server.admin();
    });
});
