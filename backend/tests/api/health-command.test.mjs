// mms health: what the health check of a container asks. It must end by itself, whatever stands at the port.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, test } from 'node:test';

import { start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const ask = (env) => server.run(['health'], { env });
const port = () => new URL(server.url).port;

/** Something at a port of its own that is not the service; `work` is told where. */
async function instead(listener, work) {
    const sockets = new Set();
    const other = net.createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        listener(socket);
    });
    await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
        await work(String(other.address().port));
    } finally {
        for (const socket of sockets)
            socket.destroy();
        await new Promise((resolve) => other.close(resolve));
    }
}

test('it is well: 0, at the address that the service has, or at any when it has all', async () => {
    for (const HOST of ['127.0.0.1', '0.0.0.0', 'localhost']) {
        const { code, stdout, stderr } = await ask({ PORT: port(), HOST });
        assert.deepEqual([code, stdout, stderr], [0, 'ok\n', ''], HOST);
    }
});

test('it needs no secret, and makes no database', async () => {
    const { code, output } = await ask({ PORT: port(), NODE_ENV: 'production', JWT_SECRET: null, DB_PATH: '/nowhere/mms.db' });
    assert.equal(code, 0, output);
});

test('it is not well: 1, with the status', async () => {
    const release = await server.database.holdWriteLock();
    try {
        const { code, output } = await ask({ PORT: port() });
        assert.equal(code, 1, output);
        assert.match(output, /HTTP 503|does not answer/);
    } finally {
        await release();
    }
});

test('another answer than 200 is none', async () => {
    for (const status of ['503 Service Unavailable', '404 Not Found', '301 Moved Permanently'])
        await instead((socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`), async (PORT) => {
            const { code, output } = await ask({ PORT });
            assert.equal(code, 1);
            assert.match(output, new RegExp(`HTTP ${status.slice(0, 3)}`));
        });
    for (const text of ['SSH-2.0-OpenSSH_9.2\r\n', 'HTTP/1.1 ', '200 OK everything is fine\r\n', ''])
        await instead((socket) => socket.end(text), async (PORT) => {
            const { code, output } = await ask({ PORT });
            assert.equal(code, 1, text);
            assert.match(output, /does not answer/);
        });
});

test('who takes the connection and says nothing does not keep it', async () => {
    await instead(() => {}, async (PORT) => {
        const began = process.hrtime.bigint();
        const { code, output } = await ask({ PORT });
        const seconds = Number(process.hrtime.bigint() - began) / 1e9;
        assert.equal(code, 1, output);
        assert.ok(seconds > 2 && seconds < 30, `${seconds} s`);
    });
});

test('nobody there, no port, wrong settings, too many words', async () => {
    await instead(() => {}, async (PORT) => {
        await server.run(['health'], { env: { PORT } });
        // This address of the machine is not the one that is listened at.
        const { code, output } = await ask({ PORT, HOST: '127.0.0.2' });
        assert.equal(code, 1);
        assert.match(output, new RegExp(`HOST=127.0.0.2 PORT=${PORT}`));
    });
    assert.equal((await ask({ PORT: '0' })).code, 64);
    assert.equal((await ask({ PORT: 'x' })).code, 78);
    assert.equal((await server.run(['health', '--now'])).code, 64);
});
