// What a client may send, and what it gets when it sends something else.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { accepted, getDocument, getMaterial, makeDocument, makeMaterial, makeUser, materialBody, raw, receiptOf, refused, sleep, start, unique } from './harness.mjs';

const MIB = 1024 * 1024;
const server = await start({ env: { LOG_LEVEL: 'debug', CORS_ORIGIN: 'https://erp.example.com, http://localhost:5173' } });
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager');
const nobody = server.client();
const TOO_LARGE = [413, 'body_too_large', '请求内容过大'];
const UNSUPPORTED = [415, 'unsupported_media', '请求内容必须是 application/json'];
const sendBody = (body, headers = {}) => M.post('/api/materials', body, { headers });
const head = (line, headers) => `${line} HTTP/1.1\r\nHost: mms\r\nAuthorization: Bearer ${M.token}\r\n${headers}\r\n`;
const envelopeOf = (answer) => ({ status: answer.status, body: JSON.parse(answer.body) });
const isRefusal = (answer, status, code, message) => refused(envelopeOf(answer), status, code, message);

function isBadJson(answer) {
    assert.deepEqual([answer.status, answer.body.code], [400, 'bad_json'], answer.text);
    assert.match(answer.body.message, /^请求内容不是有效的 JSON/);
}

async function stillWorks() {
    accepted(await M.get('/api/auth/me'), 200);
}

/* ---- the body's size ---- */

test('a body of exactly 1 MiB is read, one byte more is not', async () => {
    const filled = (bytes) => {
        const body = JSON.stringify(materialBody({ ignored: '' }));
        return body.replace('"ignored":""', `"ignored":"${'x'.repeat(bytes - Buffer.byteLength(body))}"`);
    };
    assert.equal(Buffer.byteLength(filled(MIB)), MIB);
    accepted(await sendBody(filled(MIB)), 201);
    const count = await server.value('SELECT COUNT(*) FROM materials');
    refused(await sendBody(filled(MIB + 1)), ...TOO_LARGE);
    assert.equal(await server.value('SELECT COUNT(*) FROM materials'), count);
});

test('a body announced too large is refused before it comes', async () => {
    for (const length of [16 * MIB, 10 ** 9, '99999999999999999999999']) {
        const { answers: [answer], text } = await raw(server, head('POST /api/materials', `Content-Type: application/json\r\nContent-Length: ${length}\r\n`));
        assert.ok(answer, `no answer to Content-Length ${length}: ${text}`);
        if (length === '99999999999999999999999')
            assert.ok([400, 413].includes(answer.status), text); // not even a length
        else
            isRefusal(answer, ...TOO_LARGE);
    }
    await stillWorks();
});

test('a body that turns out too large while it comes is not read to its end', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const frame = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]);
    const limit = 64 * MIB;
    let sent = 0;
    const { answers: [answer] } = await raw(server, (socket) => {
        socket.write(head('POST /api/materials', 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n'));
        const pump = () => {
            while (sent < limit && !socket.destroyed) {
                sent += chunk.length;
                if (!socket.write(frame)) {
                    socket.once('drain', pump);
                    return;
                }
            }
        };
        pump();
    });
    assert.ok(sent < limit, `the server took ${sent} bytes`);
    if (answer)
        isRefusal(answer, ...TOO_LARGE);
    await stillWorks();
});

test('with Expect: 100-continue nothing of a too large body is sent', async () => {
    const { answers: [answer], text } = await raw(server, head('POST /api/materials', `Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${16 * MIB}\r\n`));
    assert.ok(answer, text);
    isRefusal(answer, ...TOO_LARGE);
    assert.doesNotMatch(text, /^HTTP\/1\.1 100/);
});

test('with Expect: 100-continue an acceptable body is asked for', async () => {
    const body = JSON.stringify(materialBody());
    const { answers: [answer], text } = await raw(server, (socket) => {
        socket.write(head('POST /api/materials', `Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`));
        socket.once('data', () => socket.write(body));
    });
    assert.match(text, /^HTTP\/1\.1 100/);
    assert.equal(answer.status, 201, text);
});

/* ---- the body's type ---- */

test('another type than JSON is refused', async () => {
    const body = JSON.stringify(materialBody());
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'application/jsonx', 'text/json'])
        refused(await sendBody(body, { 'content-type': type }), ...UNSUPPORTED);
    for (const type of ['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset=UTF-8'])
        accepted(await sendBody(JSON.stringify(materialBody()), { 'content-type': type }), 201);
});

/* ---- the body's form ---- */

test('what is not JSON', async () => {
    const good = JSON.stringify(materialBody());
    for (const body of [
        '{', '}', 'nonsense', "{'materialCode':'x'}", '{"a":1,}', '[1,2', '{"a":01}', '{"a":.5}', '{"a":1.}', '{"a":+1}', '{"a":NaN}', '{"a":Infinity}',
        '{"a":0x10}', '{"a":1 /* comment */}', '{a:1}', '{"a":"\n"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":undefined}', '{"a" 1}', `${good}x`, `${good}${good}`, '{"a":tru}', '"',
    ])
        isBadJson(await sendBody(body));
});

test('a fault tells what was sent, a number as a number, nothing without end', async () => {
    const told = async (minStock, headers) => {
        const body = `{"materialCode": "V", "materialName": "v", "category": "metal", "unit": "kg", "minStock": ${minStock}}`;
        return refused(await admin.post('/api/materials', body, { headers }), 400, 'invalid_input', '输入验证失败').errors[0].value;
    };
    assert.deepEqual([await told('-1.50'), await told('"-1.50"'), await told('1e13'), await told('true')], [-1.5, '-1.50', 1e13, undefined]);
    assert.equal(await told('-1.50', { accept: 'application/json;numbers=text' }), '-1.50');
    assert.equal(await told(`-1${'0'.repeat(98)}`), -1e98);
    assert.equal(await told(`-1${'0'.repeat(99)}`), `-1${'0'.repeat(97)}…`);
});

test('a value that is no object', async () => {
    for (const body of ['[]', '"text"', '5', 'null', 'true'])
        assert.equal((await sendBody(body)).status, 400, body);
});

test('ids come in an array, as numbers or in strings', async () => {
    const { id } = await makeMaterial(M);
    const tasks = await server.value('SELECT COUNT(*) FROM count_tasks');
    const calls = (ids) => [
        M.post('/api/stocktaking', { taskName: '盘点', materialIds: ids }),
        M.post('/api/inventory/decide', { action: 'approve', ids }),
        M.post('/api/export/materials', { ids }),
    ];
    for (const ids of ['x', String(id), id, { a: id }, [[id]], [{}], [null], [true], [''], ['x'], [0], [-1], [1.5], [id, '1.5']])
        for (const answer of await Promise.all(calls(ids)))
            assert.equal(answer.status, 400, `${JSON.stringify(ids)}: ${answer.text}`);
    assert.equal(await server.value('SELECT COUNT(*) FROM count_tasks'), tasks);
    for (const ids of [[id], [String(id)]])
        assert.deepEqual((await Promise.all(calls(ids))).map(({ status }) => status), [201, 200, 200]);
});

test('a field at fault shows what was sent, be it empty; a password never', async () => {
    const valueOf = (answer, field) => answer.body.errors.find((fault) => fault.field === field);
    const answer = await M.post('/api/materials', { materialCode: '', materialName: '  ', category: 'wood', minStock: -1 });
    for (const [field, value] of [['materialCode', ''], ['materialName', '  '], ['category', 'wood'], ['minStock', -1]])
        assert.equal(valueOf(answer, field)?.value, value, answer.text);
    assert.ok(!('value' in valueOf(answer, 'unit')), answer.text);
    const document = await M.post('/api/inventory', { transactionType: 'in', materialId: 1, quantity: 0, remark: 'x'.repeat(501) });
    assert.deepEqual(document.body.errors.map(({ field }) => field), ['remark', 'quantity'], document.text);
    assert.equal(valueOf(document, 'quantity').value, 0);
    for (const password of ['', 'Shown-Nowhere-1']) {
        const refusal = await nobody.post('/api/auth/login', { username: '', password });
        assert.ok(refusal.body.errors.every((fault) => fault.field !== 'password' || !('value' in fault)), refusal.text);
        assert.ok(!refusal.text.includes('Shown-Nowhere-1'), refusal.text);
    }
});

test('duplicate members are refused, however they are spelled', async () => {
    isBadJson(await sendBody('{"materialCode":"A","materialCode":"B"}'));
    isBadJson(await sendBody('{"materialCode":"A","material\\u0043ode":"B"}'));
    isBadJson(await sendBody('{"deep":[{"x":1,"y":2,"x":3}]}'));
    accepted(await sendBody(JSON.stringify(materialBody({ ignored: [{ x: 1 }, { x: 2 }] }))), 201);
});

test('32 levels are read, 33 are not', async () => {
    const nested = (levels) => {
        const body = JSON.stringify(materialBody({ ignored: 0 }));
        return body.replace('"ignored":0', `"ignored":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}`);
    };
    accepted(await sendBody(nested(32)), 201);
    isBadJson(await sendBody(nested(33)));
    isBadJson(await sendBody('['.repeat(500_000)));
    isBadJson(await sendBody('{"a":'.repeat(150_000)));
});

test('text that is not UTF-8', async () => {
    const body = (bytes) => Buffer.concat([Buffer.from('{"materialName":"'), Buffer.from(bytes), Buffer.from('"}')]);
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xe4, 0xb8], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xbf, 0xd6]])
        isBadJson(await sendBody(body(bytes)));
    for (const escape of ['\\ud800', '\\udc00', '\\ud800\\u0041', '\\u0000'])
        isBadJson(await sendBody(`{"materialName":"${escape}"}`));
});

/* ---- text comes back as it was sent ---- */

test('whatever a name holds comes back untouched', async () => {
    for (const text of [
        "'; DROP TABLE materials; --", '<script>alert(1)</script>&lt;b&gt;', '100% _\\ "quoted" `x`', "Robert'); DELETE FROM users; --", '${7*7} {{x}} %s %n', 'A\u0301 é 𠮷 👩‍🔬 العربية', 'line\nbreak\ttab',
    ]) {
        const { id } = await makeMaterial(M, { materialName: text, description: text });
        const row = await getMaterial(M, id);
        assert.deepEqual([row.material_name, row.description], [text, text]);
        const { list } = accepted(await M.get(`/api/materials?keyword=${encodeURIComponent(text)}`), 200);
        assert.ok(list.some((one) => one.id === id && one.material_name === text), `found by ${text}`);
    }
    assert.ok(await server.value('SELECT COUNT(*) FROM materials') > 0);
});

test('a remark comes back as typed', async () => {
    const material = await makeMaterial(M);
    const remark = `<b>5 < 6 & "7"</b> 'x' -- \\`;
    const { id } = await makeDocument(M, receiptOf(material.id, 1, { remark }));
    assert.equal((await getDocument(M, id)).remark, remark);
});

/* ---- paths, methods, queries ---- */

test('unknown paths answer 404 in the envelope', async () => {
    for (const path of ['/api/nothing', '/api', '/api/', '/api/materials/1/nothing', '/api/materials/1/2/3', '/api/Materials', '/api/inventory//1', '/nothing'])
        refused(await M.get(path), 404, 'not_found', '请求的资源不存在');
    refused(await nobody.get('/api/nothing'), 404, 'not_found', '请求的资源不存在');
    refused(await nobody.post('/api/nothing', {}), 404, 'not_found', '请求的资源不存在');
});

test('other methods answer 405 with Allow', async () => {
    const refusedWith = async (method, path, allowed, not) => {
        const answer = await M.request(method, path);
        refused(answer, 405, 'method_not_allowed', '不支持的请求方法');
        const allow = (answer.headers.allow ?? '').split(/,\s*/);
        for (const one of allowed)
            assert.ok(allow.includes(one), `${method} ${path}: Allow: ${allow}`);
        for (const one of not)
            assert.ok(!allow.includes(one), `${method} ${path}: Allow: ${allow}`);
    };
    await refusedWith('PATCH', '/api/materials', ['GET', 'POST'], ['PUT', 'DELETE', 'PATCH']);
    await refusedWith('DELETE', '/api/materials', ['GET', 'POST'], ['DELETE']);
    await refusedWith('POST', '/api/materials/1', ['GET', 'PUT', 'DELETE'], ['POST']);
    await refusedWith('GET', '/api/auth/login', ['POST'], ['GET']);
    await refusedWith('PUT', '/api/health', ['GET'], ['PUT']);
});

test('ids that are none', async () => {
    for (const id of ['abc', '-1', '1.5', '99999999999999999999', '%00', "1'%20OR%201=1", '%F0%9F%98%80'])
        for (const path of [`/api/materials/${id}`, `/api/inventory/${id}`, `/api/users/${id}`]) {
            const answer = await admin.get(path);
            assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status} ${answer.text}`);
            assert.equal(answer.body.success, false);
        }
});

test('paths and queries that are no text', async () => {
    for (const path of ['/api/materials?keyword=%ff', '/api/materials?keyword=%00', '/api/materials?keyword=%e4%b8', '/api/materials/%ff'])
        assert.ok([400, 404].includes((await M.get(path)).status), path);
    assert.equal((await M.get('/api/materials?keyword=%ff')).status, 400);
    accepted(await M.get('/api/materials?keyword=%e6%b0%a2&keyword=twice&unknown=1'), 200);
    assert.equal((await M.get('/api/materials?keyword=%zz')).status, 400);
    for (const path of ['/../../etc/passwd', '/..%2f..%2fetc%2fpasswd', '/api/../../etc/passwd', '/uploads/..%2fmms.db']) {
        const { answers: [answer], text } = await raw(server, head(`GET ${path}`, ''));
        assert.ok(answer && answer.status >= 400 && answer.status < 500, text);
        assert.ok(!text.includes('root:') && !text.includes('SQLite'), text);
    }
});

test('a keyword may be long but not endless', async () => {
    accepted(await M.get(`/api/materials?keyword=${'k'.repeat(100)}`), 200);
    assert.equal((await M.get(`/api/materials?keyword=${'k'.repeat(101)}`)).status, 400);
});

/* ---- the connection ---- */

test('headers beyond measure are refused and nobody else notices', async () => {
    for (const bytes of [
        head('GET /api/health', `X-Large: ${'x'.repeat(256 * 1024)}\r\n`),
        head(`GET /api/health?${'x'.repeat(256 * 1024)}`, ''),
        head('GET /api/health', 'X-Many: y\r\n'.repeat(20_000)),
    ]) {
        const { answers: [answer], closed } = await raw(server, bytes);
        assert.ok(answer || closed, 'a definite end');
        if (answer)
            assert.ok([400, 413, 414, 431].includes(answer.status), String(answer.status));
        await stillWorks();
    }
});

test('what is no HTTP', async () => {
    const tlsHello = Buffer.from('16030102000100\r\n01fc0303\r\n\r\n', 'latin1');
    await Promise.all(['GARBAGE\r\n\r\n', 'GET\r\n\r\n', tlsHello, 'GET /api/health HTTP/9.9\r\nHost: mms\r\n\r\n', `GET ${'\0'.repeat(4096)}\r\n\r\n`, 'GET /api/health HTTP/1.1\r\nno colon\r\n\r\n'].map(async (bytes) => {
        const { answers: [answer], closed, text } = await raw(server, bytes);
        assert.ok(answer || closed, `neither an answer nor an end: ${bytes}`);
        assert.ok(!answer || answer.status >= 400, text);
    }));
    await stillWorks();
});

test('a body whose length is told twice is refused, and the connection ends', async () => {
    const hidden = 'GET /api/auth/me HTTP/1.1\r\nHost: mms\r\n\r\n';
    for (const framing of [
        `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `Content-Length: 4\r\nContent-Length: 40\r\n`, 'Transfer-Encoding: gzip, chunked\r\n', 'Content-Length: -4\r\n', 'Content-Length: 4x\r\n',
    ]) {
        const { answers, closed, text } = await raw(server, `${head('POST /api/auth/refresh', `Content-Type: application/json\r\n${framing}`)}0\r\n\r\n${hidden}`, { answers: 3, timeout: 5000 });
        assert.ok(answers.length <= 1, text);
        assert.ok(answers.every((answer) => answer.status === 400 || answer.status === 413), text);
        assert.ok(closed, framing);
    }
    await stillWorks();
});

test('two requests in one write are answered in order', async () => {
    const { answers, text } = await raw(server, head('GET /api/auth/me', '') + head('GET /api/materials?pageSize=1', ''), { answers: 2 });
    assert.equal(answers.length, 2, text);
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200]);
    assert.equal(JSON.parse(answers[0].body).data.username, M.user.username);
    assert.equal(JSON.parse(answers[1].body).data.pageSize, 1);
});

test('a client that goes away in the middle leaves nothing half done', async () => {
    const code = unique('GONE');
    const body = JSON.stringify(materialBody({ materialCode: code }));
    await raw(server, (socket) => {
        socket.write(head('POST /api/materials', `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`) + body.slice(0, 40));
        setTimeout(() => socket.destroy(), 50);
    });
    for (let i = 0; i < 50; i++) // these do send everything, but do not wait for the answer
        await raw(server, (socket) => socket.write(head('GET /api/materials?pageSize=1000', ''), () => socket.destroy()));
    await sleep(100);
    assert.equal(await server.value(`SELECT COUNT(*) FROM materials WHERE material_code = '${code}'`), 0);
    await stillWorks();
});

test('many idle connections keep nobody out', async () => {
    const { hostname, port } = new URL(server.url);
    const net = await import('node:net');
    const idle = Array.from({ length: 200 }, () => net.connect(Number(port), hostname).on('error', () => {}));
    await sleep(200);
    await stillWorks();
    for (const socket of idle)
        socket.destroy();
});

/* ---- conventions ---- */

test('refusals in English for those who ask', async () => {
    const headers = { 'accept-language': 'en-GB,en;q=0.9,zh;q=0.5' };
    assert.equal((await nobody.get('/api/materials', { headers })).body.message, 'No access token: please sign in');
    const answer = await M.post('/api/materials', {}, { headers });
    assert.equal(answer.body.message, 'The input is not valid');
    assert.equal(answer.body.errors.find((error) => error.field === 'unit').message, 'The unit is required');
    assert.equal((await nobody.get('/api/materials', { headers: { 'accept-language': 'zh-CN,en;q=0.5' } })).body.message, '访问令牌缺失，请先登录');
});

test('each request has an id, the client\'s own when it is one', async () => {
    const own = await nobody.get('/api/nothing', { headers: { 'x-request-id': 'abc.DEF_1-2' } });
    assert.equal(own.body.request_id, 'abc.DEF_1-2');
    const other = await nobody.get('/api/nothing', { headers: { 'x-request-id': 'with space "quote"' } });
    assert.match(other.body.request_id, /^[0-9a-f]{16}$/);
    const long = await nobody.get('/api/nothing', { headers: { 'x-request-id': 'x'.repeat(65) } });
    assert.notEqual(long.body.request_id, 'x'.repeat(65));
    await server.until(() => server.logs.some((entry) => entry.request_id === 'abc.DEF_1-2'), 10_000, 'to log the request');
});

test('large answers are compressed for those who ask', async () => {
    const path = '/api/openapi.json';
    const plain = await nobody.get(path), packed = await nobody.get(path, { headers: { 'accept-encoding': 'gzip, deflate' } });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.match(packed.headers.vary ?? '', /accept-encoding/i);
    assert.equal(gunzipSync(packed.bytes).toString(), plain.text);
    assert.ok(packed.bytes.length < plain.bytes.length / 2);
    assert.equal((await nobody.get(path, { headers: { 'accept-encoding': 'gzip;q=0' } })).headers['content-encoding'], undefined);
});

test('other origins may call when CORS_ORIGIN names them', async () => {
    const from = (origin) => nobody.get('/api/health', { headers: { origin } });
    assert.equal((await from('https://erp.example.com')).headers['access-control-allow-origin'], 'https://erp.example.com');
    assert.equal((await from('https://evil.example.com')).headers['access-control-allow-origin'], undefined);
    assert.equal((await nobody.get('/api/health')).headers['access-control-allow-origin'], undefined);
    const preflight = await nobody.request('OPTIONS', '/api/materials/1', {
        headers: { origin: 'http://localhost:5173', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization,content-type,idempotency-key,if-match' },
    });
    assert.ok([200, 204].includes(preflight.status), String(preflight.status));
    assert.equal(preflight.headers['access-control-allow-origin'], 'http://localhost:5173');
    assert.match(preflight.headers['access-control-allow-methods'], /PUT/);
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'if-match'])
        assert.match(preflight.headers['access-control-allow-headers'].toLowerCase(), new RegExp(name), name);
});

test('the log has a line for a request and holds no secret', async () => {
    await M.get('/api/auth/me', { headers: { 'x-request-id': 'log-line-1' } });
    await server.until(() => server.logs.some((entry) => entry.request_id === 'log-line-1'), 10_000, 'to log the request');
    const entry = server.logs.find((one) => one.request_id === 'log-line-1');
    assert.deepEqual([entry.event, entry.method, entry.path, entry.status], ['http.request', 'GET', '/api/auth/me', 200]);
    assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    server.checkOutput();
});

test('a client that sends all before it looks gets to see the 413', async () => {
    for (const mebibytes of [1.1, 2, 5, 20]) {
        const body = JSON.stringify({ text: 'a'.repeat(mebibytes * MIB) });
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${M.token}` };
        for (let i = 0; i < 8; i++) {
            const answer = await fetch(`${server.url}/api/materials`, { method: 'POST', headers, body });
            refused({ status: answer.status, body: await answer.json() }, ...TOO_LARGE);
        }
    }
    await stillWorks();
});
