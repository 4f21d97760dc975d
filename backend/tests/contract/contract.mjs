// What the contract tests share: a place to talk to, people, and what an answer must look like. Nothing here looks into the
// program: with MMS_BASE_URL the suite runs against any running one, otherwise each file starts its own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

const OWN_ADMIN = { username: 'admin', password: 'Contract-Password-1' };
export const IS_REMOTE = Boolean(process.env.MMS_BASE_URL);

export class Client {
    constructor(url, token = null) {
        this.url = url;
        this.token = token;
    }

    /** {status, headers, text, bytes, body}; body is the parsed JSON. `body` an object: JSON; FormData: as it is. */
    async call(method, path, body, { token = this.token, headers = {} } = {}) {
        const all = { ...(token && { authorization: `Bearer ${token}` }), ...headers };
        const isForm = body instanceof FormData;
        if (body !== undefined && !isForm)
            all['content-type'] ??= 'application/json';
        const response = await fetch(new URL(path.startsWith('/uploads') || path.startsWith('/api') ? path : `/api${path}`, this.url), {
            method, headers: all, body: body === undefined || isForm || typeof body === 'string' ? body : JSON.stringify(body), redirect: 'manual',
        });
        const bytes = Buffer.from(await response.arrayBuffer());
        const isJson = /^application\/json/.test(response.headers.get('content-type') ?? '');
        const answer = { status: response.status, headers: response.headers, bytes, text: isJson ? bytes.toString() : '', path: `${method} ${path}` };
        if (isJson) {
            answer.body = JSON.parse(answer.text);
            if (!path.startsWith('/health'))
                checkEnvelope(answer);
        }
        return answer;
    }

    get(path, options) {
        return this.call('GET', path, undefined, options);
    }

    post(path, body = {}, options = {}) {
        return this.call('POST', path, body, options);
    }

    put(path, body = {}, options = {}) {
        return this.call('PUT', path, body, options);
    }

    del(path, options) {
        return this.call('DELETE', path, undefined, options);
    }

    async login(username, password) {
        const { accessToken, refreshToken, user } = ok(await this.post('/auth/login', { username, password }, { token: null }), 200, '登录成功');
        Object.assign(this, { token: accessToken, refreshToken, user, password });
        return this;
    }
}

function checkEnvelope({ status, body, text, path }) {
    assert.equal(body.success, status < 400, `${path}: ${text}`);
    if (status >= 400)
        assert.ok(typeof body.message === 'string' && body.message, `${path}: ${text}`);
}

/** A place with its administrator signed in. `end` closes what was made in it. */
export async function open() {
    const made = [];
    const place = { url: process.env.MMS_BASE_URL, made };
    const end = async () => {
        for (const id of made)
            await place.admin.del(`/users/${id}`);
        await place.server?.stop();
    };
    place.end = end;
    if (IS_REMOTE) {
        const { MMS_ADMIN: username = 'admin', MMS_ADMIN_PASSWORD: password } = process.env;
        assert.ok(password, 'with MMS_BASE_URL, MMS_ADMIN_PASSWORD is the password of MMS_ADMIN (admin)');
        place.admin = await new Client(place.url).login(username, password);
        assert.ok(!place.admin.user.mustChangePassword, 'this administrator must change the password first: sign in on the page');
        return place;
    }
    const { start, INITIAL_PASSWORD } = await import('../api/harness.mjs');
    place.server = await start();
    place.url = place.server.url;
    const first = await new Client(place.url).login(OWN_ADMIN.username, INITIAL_PASSWORD);
    place.isNew = first.user;
    ok(await first.post('/auth/change-password', { currentPassword: INITIAL_PASSWORD, newPassword: OWN_ADMIN.password }), 200);
    place.admin = await new Client(place.url).login(OWN_ADMIN.username, OWN_ADMIN.password);
    return place;
}

/* ---- what is made for a test; names that nothing else has ---- */

export const PASSWORD = 'Contract-User-1';
export const unique = (prefix) => `${prefix}${randomBytes(5).toString('hex')}`;

export async function makeUser(place, role, more = {}) {
    const body = { username: unique('ct_'), password: PASSWORD, role, realName: unique('真名'), email: 'ct@example.com', ...more };
    const { id } = ok(await place.admin.post('/users', body), 201, '用户创建成功');
    place.made.push(id);
    const client = await new Client(place.url).login(body.username, body.password);
    return Object.assign(client, { id, realName: body.realName, username: body.username });
}

/** {A, M, U}: an administrator, a manager, a regular user. */
export async function people(place) {
    return { A: place.admin, M: await makeUser(place, 'inventory_manager'), U: await makeUser(place, 'regular_user') };
}

export async function makeMaterial(client, more = {}) {
    const body = { materialCode: unique('CT-'), materialName: unique('合同物料'), category: 'chemical', unit: 'kg', ...more };
    const data = ok(await client.post('/materials', body), 201, '物料创建成功');
    return { ...body, id: data.id };
}

export async function makeDocument(client, materialId, quantity, more = {}) {
    return ok(await client.post('/inventory', { transactionType: 'in', materialId, quantity, ...more }), 201, '出入库单创建成功,等待审批');
}

export const approve = (client, id, more = {}) => client.put(`/inventory/${id}/approve`, { action: 'approve', ...more });

export async function stockUp(people, materialId, quantity, more) {
    const { id } = await makeDocument(people.U, materialId, quantity, more);
    ok(await approve(people.M, id), 200, '出入库单已批准');
    return id;
}

/* ---- what an answer is ---- */

/** A success with this status and message (undefined: not looked at; null: there is none). Gives `data`. */
export function ok(answer, status, message) {
    assert.equal(answer.status, status, `${answer.path}: ${answer.text}`);
    if (message === null)
        assert.equal('message' in answer.body, false, answer.text);
    else if (message !== undefined)
        assert.equal(answer.body.message, message, answer.path);
    return answer.body.data;
}

export function refused(answer, status, message) {
    assert.deepEqual([answer.status, answer.body?.message], [status, message], `${answer.path}: ${answer.text}`);
    assert.equal('data' in answer.body && status !== 409, false, answer.text);
    return answer.body;
}

export function notPermitted(answer) {
    refused(answer, 403, '权限不足，无法执行此操作');
}

/** Field faults: exactly these fields; a string is the message, true any. Never a password as a value. */
export function faults(answer, wanted) {
    refused(answer, 400, '输入验证失败');
    const seen = {};
    for (const { field, message, ...rest } of answer.body.errors) {
        assert.ok(typeof message === 'string' && message, answer.text);
        assert.ok(!/password/i.test(field) || !('value' in rest), answer.text);
        seen[field] = wanted[field] === true ? true : message;
    }
    assert.deepEqual(seen, wanted, answer.text);
}

const TYPES = {
    id: (v) => Number.isInteger(v) && v > 0,
    int: Number.isInteger,
    count: (v) => Number.isInteger(v) && v >= 0,
    number: (v) => typeof v === 'number',
    text: (v) => typeof v === 'string',
    flag: (v) => v === 0 || v === 1,
    bool: (v) => typeof v === 'boolean',
    time: (v) => typeof v === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(v),
    iso: (v) => typeof v === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(v),
    day: (v) => typeof v === 'string' && /^\d{4}-\d\d-\d\d$/.test(v),
    null: (v) => v === null,
};

/** Each member of `wanted` is there and of its type: a name of TYPES ("text?": or null), an array of allowed values, a shape for
 *  objects, [shape] for arrays of them. There may be more members. */
export function shape(value, wanted, where = 'data') {
    if (typeof wanted === 'string') {
        const isOptional = wanted.endsWith('?');
        const check = TYPES[isOptional ? wanted.slice(0, -1) : wanted];
        assert.ok((isOptional && value === null) || check(value), `${where} is no ${wanted}: ${JSON.stringify(value)}`);
    } else if (Array.isArray(wanted) && typeof wanted[0] !== 'object') {
        assert.ok(wanted.includes(value), `${where} is none of ${wanted}: ${JSON.stringify(value)}`);
    } else if (Array.isArray(wanted)) {
        assert.ok(Array.isArray(value), `${where} is no array: ${JSON.stringify(value)}`);
        value.forEach((one, i) => shape(one, wanted[0], `${where}[${i}]`));
    } else {
        assert.ok(value && typeof value === 'object' && !Array.isArray(value), `${where} is no object: ${JSON.stringify(value)}`);
        for (const [name, type] of Object.entries(wanted)) {
            assert.ok(name in value, `${where}.${name} is missing: ${JSON.stringify(value)}`);
            shape(value[name], type, `${where}.${name}`);
        }
    }
    return value;
}

/** A list with rows of this shape, the newest first. Gives its rows. */
export function list(answer, row, pageSize) {
    const data = shape(ok(answer, 200), { list: [row], total: 'count', page: 'count', pageSize: 'count' });
    if (pageSize !== undefined)
        assert.equal(data.pageSize, pageSize);
    assert.ok(data.list.length <= data.pageSize && data.list.length <= data.total);
    data.list.forEach((one, i) => {
        const before = data.list[i - 1];
        if (before && one.created_at)
            assert.ok(before.created_at > one.created_at || (before.created_at === one.created_at && before.id > one.id), `row ${i} is newer than the row before it`);
    });
    return data.list;
}

/** What every list does with its parameters; `path` may have a query. */
export async function listRules(client, path, row, pageSize) {
    const join = path.includes('?') ? '&' : '?';
    list(await client.get(path), row, pageSize);
    const two = ok(await client.get(`${path}${join}page=1&pageSize=2`), 200);
    assert.deepEqual([two.page, two.pageSize, two.list.length], [1, 2, Math.min(2, two.total)]);
    if (two.total > 2) {
        const next = ok(await client.get(`${path}${join}page=2&pageSize=2`), 200);
        assert.ok(next.list.every((one) => two.list.every((other) => JSON.stringify(other) !== JSON.stringify(one))), 'page 2 holds other rows');
    }
    list(await client.get(`${path}${join}page=1&pageSize=1000`), row, 1000);
    for (const query of ['pageSize=abc', 'pageSize=0', 'pageSize=1001', 'page=0', 'page=-1', 'page=x']) { // 12.19
        const name = query.split('=')[0];
        faults(await client.get(`${path}${join}${query}`), { [name]: true });
    }
}

/** The newest entry of the operation log by this person about this; what is not there fails. */
export async function logged(place, { module, action, userId }, wanted = {}) {
    const rows = list(await place.admin.get(`/operation-logs?module=${module}&action=${action}&userId=${userId}&pageSize=5`), {});
    assert.ok(rows.length, `no ${module}/${action} by ${userId} in the operation log`);
    for (const [name, value] of Object.entries(wanted))
        assert.equal(rows[0][name], value);
    return rows[0];
}
