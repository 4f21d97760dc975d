// What the tests of mms doctor share: one line looked at, and services that are not as they should be.
import assert from 'node:assert/strict';
import http from 'node:http';

/** No engine is at hand in these tests; those with one are in images/. */
export const NO_ENGINE = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

/** Looks at lines as `server` has its settings: {code, ok, checks, of: id -> check, output}. */
export async function look(server, stage, args = [], env = {}) {
    const { code, stdout, stderr } = await server.run(['doctor', '--stage', stage, '--json', ...args],
        { env: { NODE_ENV: null, PORT: server.url ? new URL(server.url).port : '1', ...NO_ENGINE, ...env } });
    assert.ok(code === 0 || code === 1, `exit code ${code}\n${stdout}${stderr}`);
    const told = JSON.parse(stdout);
    assert.deepEqual([told.stage, told.ok], [stage, code === 0]);
    for (const check of told.checks)
        assert.ok(check.title_zh && check.title_en && check.seen && (check.mend === null || check.mend), JSON.stringify(check));
    for (const secret of [server.secret, ...Object.entries(env).filter(([name]) => /PASSWORD|TOKEN|SECRET/.test(name)).map(([, value]) => value)])
        assert.ok(!secret || String(secret).length < 8 || !stdout.includes(secret), 'a secret is in the output');
    return { code, ...told, of: Object.fromEntries(told.checks.map((check) => [check.id, check])) };
}

/** One line's result must be this, with these words in what was seen. */
export async function expectLine(server, id, result, seen = /./, args = [], env = {}) {
    const { code, checks } = await look(server, id.split('.')[0], ['--only', id, ...args], env);
    assert.equal(checks.length, 1, id);
    const [check] = checks;
    assert.equal(check.result, result, `${id}: ${check.seen}`);
    assert.match(check.seen, seen, id);
    assert.equal(code, result === 'ok' ? 0 : 1, id);
    if (result !== 'ok')
        assert.ok(check.mend, `${id}: how it is mended`);
    return check;
}

export const asking = (client) => ({ MMS_DOCTOR_USER: client.user.username, MMS_DOCTOR_PASSWORD: client.password });

export async function listening(server, port = 0, host = '127.0.0.1') {
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    return server.address().port;
}
export const ended = (server) => new Promise((resolve) => {
    server.closeAllConnections?.();
    server.close(resolve);
});

/** A server of the test, for as long as `work` takes; work(url). */
export async function serving(handler, work) {
    const server = http.createServer(handler), port = await listening(server);
    try {
        return await work(`http://127.0.0.1:${port}`);
    } finally {
        await ended(server);
    }
}

/** The service behind a proxy that plays a defect: `change(request, body)` gives {status, headers, body} to answer by itself, or a
 *  function that changes the service's answer {status, headers, body} on its way; anything else lets it through. */
export function spoiled(server, change, work) {
    return serving((request, response) => {
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', async () => {
            const body = Buffer.concat(parts), changed = await change(request, body);
            const answer = changed && typeof changed !== 'function' ? changed : await passedOn(server, request, body);
            if (typeof changed === 'function')
                changed(answer);
            const out = typeof answer.body === 'object' && !Buffer.isBuffer(answer.body) ? JSON.stringify(answer.body) : answer.body ?? '';
            const headers = { ...answer.headers };
            delete headers['content-length'];
            delete headers['transfer-encoding'];
            response.writeHead(answer.status, headers).end(out);
        });
    }, (url) => work(['--url', url]));
}

function passedOn(server, request, body) {
    return new Promise((resolve, reject) => {
        const headers = { ...request.headers, 'content-length': body.length, connection: 'close' };
        const ask = http.request(server.url, { path: request.url, method: request.method, headers, agent: false }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
        });
        ask.on('error', reject);
        ask.end(body);
    });
}
