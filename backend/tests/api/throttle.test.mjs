// Guessing passwords is slowed down, and nobody else is locked out by it.
// The machine answers on all of 127.0.0.0/8, so one client can come from several addresses.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { PASSWORD, accepted, makeUser, refused, start, unique } from './harness.mjs';

const server = await start();
const behind = await start({ env: { TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' } });
after(async () => {
    await server.stop();
    await behind.stop();
});
const admin = await server.admin();
const adminBehind = await behind.admin();
const TOO_MANY = [429, 'too_many_logins', '登录尝试次数过多，请15分钟后再试'];
const FAILED = [401, 'login_failed', '用户名或密码错误'];

function login(place, username, password, { from, forwarded } = {}) {
    const headers = forwarded ? { 'x-forwarded-for': forwarded } : {};
    return place.client().post('/api/auth/login', { username, password }, { headers, localAddress: from });
}

async function fail(place, username, times, options) {
    for (let i = 0; i < times; i++)
        refused(await login(place, username, 'Wrong-Password-1', options), ...FAILED);
}

test('after five failures the account is closed from that address, with Retry-After and RateLimit', async () => {
    const { user: { username } } = await makeUser(admin, 'regular_user');
    await fail(server, username, 5);
    for (const password of ['Wrong-Password-1', PASSWORD]) {
        const answer = await login(server, username, password);
        refused(answer, ...TOO_MANY);
        const wait = Number(answer.headers['retry-after']);
        assert.ok(wait > 14 * 60 && wait <= 15 * 60 + 1, `Retry-After: ${wait}`);
        const { 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': reset } = answer.headers;
        assert.deepEqual([limit, remaining, reset], ['5', '0', String(wait)]);
    }
});

test('the owner still gets in from his own address, others from the same one', async () => {
    const victim = await makeUser(admin, 'regular_user'), neighbour = await makeUser(admin, 'regular_user');
    await fail(server, victim.user.username, 5, { from: '127.0.0.9' });
    refused(await login(server, victim.user.username, PASSWORD, { from: '127.0.0.9' }), ...TOO_MANY);
    accepted(await login(server, victim.user.username, PASSWORD), 200);
    accepted(await login(server, neighbour.user.username, PASSWORD, { from: '127.0.0.9' }), 200);
    accepted(await victim.get('/api/auth/me'), 200); // and who is signed in stays so
});

test('a success begins the count anew', async () => {
    const { user: { username } } = await makeUser(admin, 'regular_user');
    for (let i = 0; i < 3; i++) {
        await fail(server, username, 4);
        accepted(await login(server, username, PASSWORD), 200);
    }
});

test('names that do not exist are throttled alike, so nothing is learnt', async () => {
    const ghost = unique('ghost');
    await fail(server, ghost, 5);
    refused(await login(server, ghost, 'Wrong-Password-1'), ...TOO_MANY);
});

test('the spelling of the name does not matter', async () => {
    const { user: { username } } = await makeUser(admin, 'regular_user');
    await fail(server, username.toUpperCase(), 3);
    await fail(server, username, 2);
    refused(await login(server, username, PASSWORD), ...TOO_MANY);
});

test('parallel guesses are counted too', async () => {
    const { user: { username } } = await makeUser(admin, 'regular_user');
    const answers = await Promise.all(Array.from({ length: 30 }, () => login(server, username, 'Wrong-Password-1')));
    const counts = { 401: 0, 429: 0, 503: 0 };
    for (const { status } of answers)
        counts[status]++;
    assert.ok(counts[401] <= 5 && counts[429] >= 1, JSON.stringify(counts));
    assert.equal(counts[401] + counts[429] + counts[503], 30, JSON.stringify(counts));
});

test('guessing the present password through a session is throttled too', async () => {
    const user = await makeUser(admin, 'regular_user');
    const change = (currentPassword) => user.post('/api/auth/change-password', { currentPassword, newPassword: 'New-Password-1' });
    for (let i = 0; i < 5; i++)
        refused(await change('Wrong-Password-1'), 400, 'password_wrong', '当前密码不正确');
    refused(await change(PASSWORD), ...TOO_MANY);
});

test('X-Forwarded-For counts for nothing from an untrusted neighbour', async () => {
    const { user: { username } } = await makeUser(admin, 'regular_user');
    for (let i = 0; i < 5; i++)
        await fail(server, username, 1, { forwarded: `203.0.113.${i}` });
    refused(await login(server, username, PASSWORD, { forwarded: '203.0.113.99' }), ...TOO_MANY);
});

test('behind a trusted proxy the client is the nearest address that is no proxy', async () => {
    const { user: { username } } = await makeUser(adminBehind, 'regular_user');
    const guesser = '198.51.100.7';
    await fail(behind, username, 2, { forwarded: guesser });
    await fail(behind, username, 2, { forwarded: `192.0.2.1, ${guesser}` });              // he put the first one there himself
    await fail(behind, username, 1, { forwarded: `192.0.2.2, ${guesser}, 10.1.2.3` });    // through an inner proxy
    refused(await login(behind, username, PASSWORD, { forwarded: guesser }), ...TOO_MANY);
    refused(await login(behind, username, PASSWORD, { forwarded: `192.0.2.3, ${guesser}, 10.9.9.9` }), ...TOO_MANY);
    accepted(await login(behind, username, PASSWORD, { forwarded: '198.51.100.8' }), 200);
    const seen = await behind.value("SELECT ip_address FROM operation_log WHERE action = 'login' ORDER BY id DESC LIMIT 1");
    assert.equal(seen, '198.51.100.8');
});

test('behind the trusted proxy list, an untrusted peer is itself', async () => {
    const { user: { username } } = await makeUser(adminBehind, 'regular_user');
    for (let i = 0; i < 5; i++)
        await fail(behind, username, 1, { from: '127.0.0.20', forwarded: `203.0.113.${i}` });
    refused(await login(behind, username, PASSWORD, { from: '127.0.0.20', forwarded: '203.0.113.99' }), ...TOO_MANY);
});

test('an account guessed at from everywhere is closed, but not where its owner is known', async () => {
    const { user: { username } } = await makeUser(admin, 'regular_user'); // signed in from 127.0.0.1 just now
    for (let i = 0; i < 6; i++)
        await fail(server, username, 5, { from: `127.0.1.${i + 1}` });
    refused(await login(server, username, PASSWORD, { from: '127.0.1.99' }), ...TOO_MANY);
    accepted(await login(server, username, PASSWORD), 200);
});

test('an address that guesses at everybody is closed, but not to those who work there', async () => {
    const from = '127.0.2.1';
    const worker = await makeUser(admin, 'regular_user'), stranger = await makeUser(admin, 'regular_user');
    accepted(await login(server, worker.user.username, PASSWORD, { from }), 200);
    for (let i = 0; i < 100; i++)
        await fail(server, unique('ghost'), 1, { from });
    refused(await login(server, stranger.user.username, PASSWORD, { from }), ...TOO_MANY);
    accepted(await login(server, worker.user.username, PASSWORD, { from }), 200);
    accepted(await login(server, stranger.user.username, PASSWORD), 200);
});

test('more sign-ins at once than can wait: 503 at once, and everything else goes on', async () => {
    const from = '127.0.3.1';
    const answers = Promise.all(Array.from({ length: 400 }, () => login(server, unique('ghost'), 'Wrong-Password-1', { from })));
    accepted(await admin.get('/api/materials'), 200);
    const counts = { 401: 0, 429: 0, 503: 0 };
    for (const answer of await answers) {
        assert.ok(answer.status in counts, answer.text);
        counts[answer.status]++;
        if (answer.status === 503)
            refused(answer, 503, 'busy', '系统繁忙，请稍后重试');
    }
    assert.ok(counts[401] > 0 && counts[503] > 0, JSON.stringify(counts));
    accepted(await login(server, 'admin', admin.password), 200);
});
