// Answers that are odd, but may come: a proxy before the emulator says the same in another way, or says something else. Files go there
// and back through it, whole, or not at all and with words.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { runProgram } from '../api/harness.mjs';
import { startEmulator } from './emulator/server.mjs';

const BUCKET = 'mms-uploads', MIB = 1 << 20, SECRET = 'emulator-secret';
const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
const cloud = await startEmulator({ buckets: { [BUCKET]: {} } });
const behind = new URL(cloud.url);

/** How the next answers are given: (what was asked, the emulator's answer, its body, the socket). */
let say;
const listening = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`)));
const proxy = createServer({ keepAliveTimeout: 0 }, (asked, unused) => {
    const body = [];
    unused.setMaxListeners(0);
    asked.on('data', (some) => body.push(some));
    asked.on('end', () => {
        const on = request({ host: behind.hostname, port: behind.port, method: asked.method, path: asked.url, headers: asked.headers }, (answer) => {
            const got = [];
            answer.on('data', (some) => got.push(some));
            answer.on('end', () => say(asked, answer, Buffer.concat(got), asked.socket));
        });
        on.end(Buffer.concat(body));
    });
});
const url = await listening(proxy);
const elsewhere = [], thief = createServer((asked, answer) => {
    elsewhere.push(asked.headers);
    answer.end();
});
const thiefUrl = await listening(thief);
after(async () => {
    proxy.closeAllConnections();
    proxy.close();
    thief.close();
    await cloud.close();
    rmSync(dir, { recursive: true, force: true });
});

const isObject = ({ url: target }) => !target.startsWith('/?');
const first = (answer) => `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
const lines = ({ rawHeaders }, ...without) => rawHeaders.map((name, i) =>
    i % 2 || [...without, 'connection', 'keep-alive'].includes(name.toLowerCase()) ? '' : `${name}: ${rawHeaders[i + 1]}\r\n`).join('');
function plain(asked, answer, body, socket) {
    socket.write(`${first(answer)}${lines(answer)}\r\n`);
    socket.write(body);
}
const bodyless = ({ method }, { statusCode }) => method === 'HEAD' || statusCode === 204;
const chunk = (bytes) => (bytes.length ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]) : bytes);
/** Each object is answered by `odd` the first time. */
const atFirst = (odd) => {
    const before = new Set();
    return (asked, answer, body, socket) => {
        const is = asked.method === 'GET' && isObject(asked) && !before.has(asked.url);
        if (is)
            before.add(asked.url);
        return (is ? odd : plain)(asked, answer, body, socket);
    };
};
function inChunks(asked, answer, body, socket, last = '0\r\nX-Trailer: 1\r\n\r\n') {
    if (bodyless(asked, answer))
        return plain(asked, answer, body, socket);
    socket.write(`${first(answer)}${lines(answer, 'content-length')}Transfer-Encoding: chunked\r\n\r\n`);
    for (let at = 0; at < body.length; at += 70_001)
        socket.write(chunk(body.subarray(at, at + 70_001)));
    socket.write(last);
}
function untilTheEnd(asked, answer, body, socket) {
    if (bodyless(asked, answer))
        return plain(asked, answer, body, socket);
    socket.write(`${first(answer)}${lines(answer, 'content-length')}Connection: close\r\n\r\n`);
    socket.end(body);
}
function page(socket, status, body, isHead) {
    socket.write(`HTTP/1.1 ${status} Said by a proxy\r\nContent-Type: text/html\r\nContent-Length: ${isHead ? 0 : body.length}\r\n\r\n${isHead ? '' : body}`);
}

let number = 0;
function fresh() {
    for (const key of cloud.keys(BUCKET))
        cloud.remove(BUCKET, key);
    cloud.state.buckets.get(BUCKET).uploads.clear();
    const uploads = path.join(dir, `uploads-${++number}`), files = new Map();
    mkdirSync(path.join(uploads, 'avatars'), { recursive: true });
    for (const size of [0, 1, 65_536, 300_000, 9 * MIB]) {
        const key = `avatars/${randomBytes(16).toString('hex')}.png`;
        files.set(key, randomBytes(size));
        writeFileSync(path.join(uploads, key), files.get(key));
    }
    return { uploads, files };
}
async function migrate(uploads, to) {
    const env = { PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', UPLOAD_DIR: uploads, DB_PATH: path.join(dir, 'mms.db'), OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou',
        OSS_ENDPOINT: url, OSS_ACCESS_KEY_ID: 'LTAI-emulator', OSS_ACCESS_KEY_SECRET: SECRET };
    const done = await runProgram(['files', 'migrate', '--to', to, '--parallel', '2'], { env, cwd: dir });
    assert.ok(!done.output.includes(SECRET));
    return done;
}
const backOf = (uploads) => {
    mkdirSync(`${uploads}-back`);
    return `${uploads}-back`;
};

/** Said in another way: it is the same. */
const SAME = {
    'in chunks, with a trailer': inChunks,
    'in chunks, all of them, but cut before the last': atFirst((asked, answer, body, socket) => (inChunks(asked, answer, body, socket, ''), socket.end())),
    'without a length, until the connection ends': untilTheEnd,
    'without a length, and cut without a word': atFirst((asked, answer, body, socket) => untilTheEnd(asked, answer, body.subarray(0, body.length >> 1), socket)),
    'behind 100 and 103, with headers of their own': (asked, answer, body, socket) => {
        socket.write('HTTP/1.1 100 Continue\r\nx-oss-hash-crc64ecma: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
        plain(asked, answer, body, socket);
    },
    'and the connection ended each time, without being told': (asked, answer, body, socket) => (plain(asked, answer, body, socket), socket.end()),
    'with names in lower case, a folded line and no reason': (asked, answer, body, socket) => {
        const small = lines(answer).replace(/^[^:]+:/gm, (name) => name.toLowerCase());
        socket.write(`HTTP/1.1 ${answer.statusCode}\r\nX-Folded: a\r\n  x-oss-hash-crc64ecma: 5\r\n${small}\r\n`);
        socket.write(body);
    },
    'as gzip, which it is not': (asked, answer, body, socket) => {
        socket.write(`${first(answer)}${lines(answer)}Content-Encoding: gzip\r\n\r\n`);
        socket.write(body);
    },
    'cut, and then from its beginning, whatever range is asked for': (() => {
        const cut = atFirst((asked, answer, body, socket) => socket.end(Buffer.concat([Buffer.from(`${first(answer)}${lines(answer)}\r\n`), body.subarray(0, body.length >> 1)])));
        return (asked, answer, body, socket) => {
            if (!asked.headers.range)
                return cut(asked, answer, body, socket);
            const whole = cloud.get(BUCKET, decodeURIComponent(asked.url.slice(1))).body;
            socket.write(`HTTP/1.1 200 OK\r\n${lines(answer, 'content-length', 'content-range')}Content-Length: ${whole.length}\r\n\r\n`);
            return socket.write(whole);
        };
    })(),
    'behind two pages of a proxy, larger than anything the storage says': (() => {
        let n = 0;
        return (asked, answer, body, socket) => (asked.method !== 'HEAD' && n++ < 2 ? page(socket, 502, '<p>x</p>'.repeat(40_000)) : plain(asked, answer, body, socket));
    })(),
    'as XML with comments, instructions, CDATA, references and a name space': (asked, answer, body, socket) => {
        if (isObject(asked))
            return plain(asked, answer, body, socket);
        const text = String(body).replace('<ListBucketResult>', '<?a b?><!-- c --><ListBucketResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">')
            .replace(/<Key>(.*?)<\/Key>/g, '<Key><![CDATA[$1]]></Key>').replace(/<Size>(\d)/g, '<Size>&#x3$1;');
        return socket.write(`${first(answer)}${lines(answer, 'content-length')}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    },
};
for (const [how, odd] of Object.entries(SAME))
    test(`${how}: all files go there and back`, async () => {
        const { uploads, files } = fresh(), back = backOf(uploads);
        say = odd;
        for (const [to, place] of [['oss', uploads], ['local', back]]) {
            const { code, output } = await migrate(place, to);
            assert.equal(code, 0, output);
        }
        for (const [key, bytes] of files) {
            assert.ok(cloud.get(BUCKET, key).body.equals(bytes), `there: ${key}`);
            assert.ok(readFileSync(path.join(back, key)).equals(bytes), `and back: ${key}`);
        }
    });

/** Said by somebody else, or not what it should be: [how, what is told]. */
const OTHER = {
    'a page instead of every object, 404': [(asked, answer, body, socket) => (isObject(asked) ? page(socket, 404, '<p>none</p>', asked.method === 'HEAD') : plain(asked, answer, body, socket)), /文件存储拒绝了访问.*: 404/],
    'a page instead of everything, 200': [(asked, answer, body, socket) => page(socket, 200, '<p>sign in</p>', asked.method === 'HEAD'), /应答缺少内容或校验值不符/],
    'elsewhere, 307': [(asked, answer, body, socket) => socket.write(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${thiefUrl}/\r\nContent-Length: 0\r\n\r\n`), /文件存储拒绝了访问.*: 307/],
    'no checksum': [(asked, answer, body, socket) => {
        socket.write(`${first(answer)}${lines(answer, 'x-oss-hash-crc64ecma')}\r\n`);
        socket.write(body);
    }, /应答缺少内容或校验值不符.*request id [0-9A-F]{24}/],
    'another checksum': [(asked, answer, body, socket) => {
        socket.write(`${first(answer)}${lines(answer, 'x-oss-hash-crc64ecma')}x-oss-hash-crc64ecma: 7\r\n\r\n`);
        socket.write(body);
    }, /应答缺少内容或校验值不符.*request id [0-9A-F]{24}/],
    'more headers than anybody needs': [(asked, answer, body, socket) => socket.write(`${first(answer)}${'X-Pad: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(3000)}${lines(answer)}\r\n`), /文件存储拒绝了访问/],
};
for (const [how, [odd, told]] of Object.entries(OTHER))
    test(`${how}: nothing is called copied, gone or verified, and it is told why`, async () => {
        const { uploads, files } = fresh(), back = backOf(uploads);
        say = odd;
        const there = await migrate(uploads, 'oss');
        assert.equal(there.code, 1, there.output);
        for (const [key, bytes] of files)
            cloud.put(BUCKET, key, bytes);
        const home = await migrate(back, 'local');
        assert.ok([1, 74].includes(home.code), home.output);
        for (const { output } of [there, home]) {
            assert.match(output, told);
            assert.doesNotMatch(output, /verified\n|gone meanwhile: [^0]/);
        }
        assert.deepEqual(readdirSync(back, { recursive: true }).filter((name) => name.includes('/')), [], 'nothing that is not whole');
        assert.deepEqual(elsewhere, [], 'nobody else is told anything');
    });
