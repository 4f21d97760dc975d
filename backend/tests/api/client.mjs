// Talks to the program over HTTP, and says what an answer must be.
import assert from 'node:assert/strict';
import http from 'node:http';

/** One person (or nobody) at one server. `place` has `url` and `agent`; both are looked up at each request,
 *  so that a client outlives a restart. */
export class Client {
    constructor(place, token = null) {
        this.place = place;
        this.token = token;
    }

    /** Signs in; throws when refused. Afterwards `user`, `refreshToken` and `password` are there too. */
    async login(username, password) {
        const answer = await this.post('/api/auth/login', { username, password }, { token: null });
        assert.equal(answer.status, 200, answer.text);
        this.token = answer.body.data.accessToken;
        this.refreshToken = answer.body.data.refreshToken;
        this.user = answer.body.data.user;
        this.password = password;
        this.place.secrets?.push(this.token, this.refreshToken);
        return this;
    }

    get(path, options) {
        return this.request('GET', path, options);
    }

    post(path, body = {}, options = {}) {
        return this.request('POST', path, { body, ...options });
    }

    put(path, body = {}, options = {}) {
        return this.request('PUT', path, { body, ...options });
    }

    del(path, options) {
        return this.request('DELETE', path, options);
    }

    /** body: an object goes out as JSON, a string or Buffer as it is. headers: null leaves one out.
     *  Resolves to {status, headers, text, bytes, body}; body is the parsed JSON, undefined when it is none. */
    request(method, path, { body, headers = {}, token = this.token, localAddress, timeout = 120_000 } = {}) {
        const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        const all = {};
        if (payload !== undefined) {
            all['content-type'] = 'application/json';
            all['content-length'] = Buffer.byteLength(payload);
        }
        if (token)
            all.authorization = `Bearer ${token}`;
        for (const [name, value] of Object.entries(headers)) {
            if (value === null)
                delete all[name.toLowerCase()];
            else
                all[name.toLowerCase()] = value;
        }
        const agent = localAddress ? undefined : this.place.agent;
        return new Promise((resolve, reject) => {
            const request = http.request(new URL(path, this.place.url), { method, headers: all, agent, localAddress }, (response) => {
                const parts = [];
                response.on('data', (part) => parts.push(part));
                response.on('error', reject);
                response.on('end', () => {
                    try {
                        const answer = asAnswer(response, Buffer.concat(parts), path);
                        if (answer.body && path.startsWith('/api/'))
                            this.place.checkSchema?.(method, request.path.split('?')[0], answer, /numbers=text/.test(all.accept));
                        resolve(answer);
                    } catch (error) {
                        reject(error);
                    }
                });
            });
            request.setTimeout(timeout, () => request.destroy(new Error(`no answer within ${timeout} ms: ${method} ${path}`)));
            request.on('error', reject);
            request.end(payload);
        });
    }
}

function asAnswer(response, bytes, path) {
    const answer = { status: response.statusCode, headers: response.headers, bytes, text: bytes.toString('utf8'), body: undefined };
    const isJson = /^application\/json\b/.test(answer.headers['content-type'] ?? '');
    if (isJson && bytes.length && !answer.headers['content-encoding'])
        answer.body = JSON.parse(answer.text);
    if (answer.body && path.startsWith('/api/') && !/^\/api\/(health|openapi\.json)(\?|$)/.test(path))
        checkEnvelope(answer);
    return answer;
}

/** What holds for every answer under /api. */
function checkEnvelope(answer) {
    const { status, body } = answer;
    assert.equal(body.success, status < 400, `success must say what the status says: ${status} ${answer.text}`);
    if (status >= 400) {
        assert.equal(typeof body.message, 'string', answer.text);
        assert.notEqual(body.message, '', answer.text);
        assert.match(body.code, /^[a-z_]+$/, answer.text);
        assert.match(body.request_id, /^[A-Za-z0-9._-]{1,64}$/, answer.text);
    }
    assert.doesNotMatch(body.message ?? '', /sqlite|SELECT |UPDATE |INSERT |\.c:\d/i, 'no internals in a message');
    if (status === 429 || status === 503)
        assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/, `${status} carries Retry-After`);
}

/** A success with this status and, when given, this message. Gives back `data`. */
export function accepted(answer, status, message) {
    assert.equal(answer.status, status, answer.text);
    if (message !== undefined)
        assert.equal(answer.body.message, message);
    return answer.body.data;
}

/** A refusal with exactly this status, code and message. Gives back the body. */
export function refused(answer, status, code, message) {
    assert.deepEqual({ status: answer.status, code: answer.body?.code, message: answer.body?.message },
        { status, code, message }, answer.text);
    return answer.body;
}

/** A refusal for want of a permission, which it names. */
export function forbidden(answer, permission) {
    refused(answer, 403, 'permission_missing', '权限不足，无法执行此操作');
    assert.equal(answer.body.permission, permission, answer.text);
}

/** Field faults: 400 输入验证失败 whose errors are exactly these fields, in any order. `wanted` maps a field to
 *  its message (null: any). */
export function faulty(answer, wanted) {
    refused(answer, 400, 'invalid_input', '输入验证失败');
    const got = {};
    for (const { field, code, message } of answer.body.errors) {
        assert.match(code, /^[a-z_]+$/, answer.text);
        assert.ok(message, answer.text);
        got[field] = wanted[field] === null ? null : message;
    }
    assert.deepEqual(got, wanted, answer.text);
    return answer.body.errors;
}
