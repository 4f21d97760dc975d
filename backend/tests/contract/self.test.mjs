// The suite itself: behind a proxy that spoils answers it must fail, or it would prove nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, IS_REMOTE, makeUser, ok, open } from './contract.mjs';

const SKIP = { skip: IS_REMOTE && 'about the suite, not about that system' };
const place = IS_REMOTE ? null : await open();
after(() => place?.end());
const ADMIN_PASSWORD = 'Contract-Proxy-1';

/** Serves what the program answers, changed by `spoil(path, status, body)`, which gives {status, body}. */
async function proxy(spoil) {
    const server = http.createServer(async (request, response) => {
        const parts = [];
        for await (const part of request)
            parts.push(part);
        const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
        const hasBody = !['GET', 'HEAD'].includes(request.method) && parts.length > 0;
        const answer = await fetch(new URL(request.url, place.url), { method: request.method, headers: { ...headers, 'accept-encoding': 'identity' }, body: hasBody ? Buffer.concat(parts) : undefined });
        const text = await answer.text();
        const spoilt = answer.headers.get('content-type')?.startsWith('application/json')
            ? spoil(`${request.method} ${request.url}`, answer.status, JSON.parse(text)) : { status: answer.status, body: text };
        response.writeHead(spoilt.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
        response.end(typeof spoilt.body === 'string' ? spoilt.body : JSON.stringify(spoilt.body));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) };
}

async function runBehind(spoil, file, admin) {
    const { url, close } = await proxy(spoil);
    const env = { ...process.env, MMS_BASE_URL: url, MMS_ADMIN: admin.username, MMS_ADMIN_PASSWORD: ADMIN_PASSWORD, NODE_TEST_CONTEXT: undefined };
    const failed = await new Promise((resolve) => execFile(process.execPath, ['--test', '--test-reporter=tap', fileURLToPath(new URL(file, import.meta.url))],
        { env }, (_error, stdout) => resolve(Number(stdout.match(/^# fail (\d+)$/m)?.[1] ?? -1))));
    await close();
    return failed;
}

const rename = (object, from, to) => {
    if (object && from in object) {
        object[to] = object[from];
        delete object[from];
    }
};
const kinds = {
    'nothing': [0, (path, status, body) => ({ status, body })],
    'a renamed member': [1, (path, status, body) => (path.startsWith('GET /api/materials/') && rename(body.data, 'current_stock', 'stock'), { status, body })],
    'a number as text': [1, (path, status, body) => {
        if (path.startsWith('GET /api/materials?'))
            body.data?.list?.forEach((row) => { row.current_stock = String(row.current_stock); });
        return { status, body };
    }],
    'another status': [1, (path, status, body) => ({ status: path.startsWith('POST /api/materials') && status === 201 ? 200 : status, body })],
    'another sentence': [1, (path, status, body) => ({ status, body: body.message === '物料不存在' ? { ...body, message: '没有此物料' } : body })],
    'a list the wrong way round': [1, (path, status, body) => (path.startsWith('GET /api/materials?') && body.data?.list?.reverse(), { status, body })],
    'a page size that is not minded': [1, (path, status, body) => (path.includes('pageSize=2') && body.data && (body.data.pageSize = 10), { status, body })],
    'rights for everybody': [1, (path, status, body) => (status === 403 ? { status: 200, body: { success: true, data: null } } : { status, body })],
};

for (const [name, [wanted, spoil]] of Object.entries(kinds))
    test(`answers with ${name}: ${wanted ? 'it fails' : 'it passes'}`, SKIP, async () => {
        const { username } = await makeUser(place, 'system_admin', { password: ADMIN_PASSWORD });
        const failed = await runBehind(spoil, 'materials.test.mjs', { username });
        assert.ok(wanted ? failed > 0 : failed === 0, `${failed} failed`);
    });

test('a place that wants the password changed first is told so', SKIP, async () => {
    const { id, username } = await makeUser(place, 'system_admin', { password: ADMIN_PASSWORD });
    ok(await place.admin.put(`/users/${id}`, { mustChangePassword: true }), 200);
    assert.equal((await new Client(place.url).login(username, ADMIN_PASSWORD)).user.mustChangePassword, true);
    assert.notEqual(await runBehind((path, status, body) => ({ status, body }), 'materials.test.mjs', { username }), 0);
});
