// Every route, each role. The routes come from GET /api/openapi.json, which is made from the program's own tables;
// docs/api.md must name the same ones.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { Events } from './events.mjs';
import { forbidden, makeUsers, start } from './harness.mjs';

const ROLES = ['regular_user', 'inventory_manager', 'system_admin'];
const server = await start();
after(() => server.stop());
const openapi = (await server.client().get('/api/openapi.json')).body;
const people = await makeUsers(await server.admin(), Object.fromEntries(ROLES.map((role) => [role, role])));
const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
        method: method.toUpperCase(), path, key: `${method.toUpperCase()} ${path}`, permission: operation['x-permission'], roles: operation['x-roles'],
        isStream: Boolean(operation.responses[200]?.content?.['text/event-stream']),
    })));

/** A stream has no end: its beginning is enough. Refusals do end. */
async function askStream(client, route) {
    if (!client.token)
        return client.request(route.method, route.path);
    const events = await Events.open(client, { path: route.path });
    events.close();
    return { status: events.status };
}

/** A path that exists nowhere but is good enough to be asked for. */
const concrete = (path) => path.replace(/\{\w+\}|:\w+/g, '987654321');
const ask = (client, route) => (route.isStream ? askStream(client, route) : client.request(route.method, concrete(route.path), { body: ['POST', 'PUT'].includes(route.method) ? {} : undefined }));

/** "GET /api/materials/:id" for each call in the tables of docs/api.md. */
function documented() {
    const text = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8');
    const calls = new Set();
    for (const line of text.split('\n')) {
        // "GET /api/units · POST /api/units", "POST /api/materials/:id/retire, /restore", "GET /api/inventory/mine · /pending"
        let method, whole;
        for (const [, verb, path] of line.matchAll(/(?:\b(GET|POST|PUT|DELETE) )?(?<![\w.])(\/[\w/:.-]*\w)/g)) {
            if (verb) {
                method = verb;
                whole = path;
                calls.add(`${method} ${path}`);
            } else if (method && line.startsWith('|') && line.indexOf(path) < line.indexOf('|', 1) && !path.startsWith('/api')) {
                calls.add(`${method} ${whole.replace(/\/[\w-]+$/, path)}`);
            }
        }
    }
    return calls;
}

test('the description is complete', () => {
    assert.match(openapi.openapi, /^3\.1\./);
    assert.ok(routes.length >= 30, `${routes.length} routes`);
    for (const route of routes) {
        assert.match(route.path, /^\/((api|uploads)\/|metrics$)/, route.key);
        assert.equal(typeof route.permission, 'string', route.key);
        assert.ok(Array.isArray(route.roles) && route.roles.every((role) => ROLES.includes(role)), `${route.key}: ${route.roles}`);
        assert.ok(route.roles.includes('system_admin'), `${route.key}: the administrator may do everything`);
        if (['open', 'signed_in'].includes(route.permission))
            assert.deepEqual([...route.roles].sort(), [...ROLES].sort(), route.key);
    }
});

test('docs/api.md and the program name the same routes', () => {
    const told = documented(), there = new Set(routes.map((route) => route.key.replace(/\{(\w+)\}/g, ':$1')));
    const users = ['GET /api/users', 'GET /api/users/:id', 'POST /api/users', 'PUT /api/users/:id', 'DELETE /api/users/:id']; // told in one sentence
    for (const key of users)
        told.add(key);
    assert.ok(told.size >= 25, [...told].join('\n'));
    assert.deepEqual([...told].filter((key) => !there.has(key)), [], 'told, but not there');
    assert.deepEqual([...there].filter((key) => !told.has(key)), [], 'there, but not told');
});

test('what each role may do is what the contract says', () => {
    const A = ['system_admin'], AM = ['inventory_manager', 'system_admin'], ALL = [...ROLES].sort();
    const contract = {
        'GET /api/materials': ALL, 'GET /api/materials/{id}': ALL, 'POST /api/materials': AM, 'PUT /api/materials/{id}': AM, 'DELETE /api/materials/{id}': A,
        'POST /api/inventory': ALL, 'GET /api/inventory': ALL, 'GET /api/inventory/{id}': ALL, 'PUT /api/inventory/{id}/approve': AM, 'PUT /api/inventory/{id}/cancel': ALL,
        'GET /api/users': A, 'GET /api/users/{id}': A, 'POST /api/users': A, 'PUT /api/users/{id}': A, 'DELETE /api/users/{id}': A,
    };
    const said = Object.fromEntries(routes.map((route) => [route.key, [...route.roles].sort()]));
    for (const [key, roles] of Object.entries(contract))
        assert.deepEqual(said[key], roles, key);
});

for (const route of routes) {
    test(`${route.key} (${route.permission}) without a token`, async () => {
        const answer = await ask(server.client(), route);
        if (route.permission === 'open') {
            assert.notEqual(answer.body?.code, 'token_missing', answer.text);
            assert.notEqual(answer.status, 500, answer.text);
        } else {
            assert.deepEqual([answer.status, answer.body.code, answer.body.message], [401, 'token_missing', '访问令牌缺失，请先登录']);
        }
    });
    for (const role of ROLES)
        test(`${route.key} (${route.permission}) as ${role}`, async () => {
            // Signing out ends the session: on one of its own.
            const client = route.path === '/api/auth/logout' ? await server.client().login(people[role].user.username, people[role].password) : people[role];
            const answer = await ask(client, route);
            if (route.roles.includes(role)) {
                assert.notEqual(answer.body?.code, 'permission_missing', answer.text);
                assert.ok(![401, 405, 500].includes(answer.status) || route.path === '/api/auth/login' || route.path === '/api/auth/refresh', answer.text);
            } else {
                forbidden(answer, route.permission);
            }
        });
}
