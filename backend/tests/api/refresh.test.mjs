// Refresh tokens: rotation, lost answers, stolen tokens, clients that ignore the rotation.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, makeUser, refused, start } from './harness.mjs';

const server = await start({ env: { JWT_EXPIRES_IN: '1h' } });
after(() => server.stop());
const nobody = server.client();
const admin = await server.admin();
const INVALID = [401, 'refresh_invalid', 'Refresh Token无效或已过期'];
const refresh = (refreshToken) => nobody.post('/api/auth/refresh', { refreshToken });
const me = (token) => nobody.get('/api/auth/me', { token });

async function renew(refreshToken) {
    const data = accepted(await refresh(refreshToken), 200, 'Token刷新成功');
    server.secrets.push(data.accessToken, data.refreshToken);
    return data;
}

async function session() {
    const user = await makeUser(admin, 'regular_user');
    return { user, first: user.refreshToken };
}

test('refreshing gives a new access token, its true lifetime, and a new refresh token', async () => {
    const { user, first } = await session();
    const data = await renew(first);
    assert.deepEqual(Object.keys(data).sort(), ['accessToken', 'expiresIn', 'refreshToken']);
    assert.equal(data.expiresIn, 3600);
    assert.notEqual(data.refreshToken, first);
    assert.equal(accepted(await me(data.accessToken), 200).id, user.user.id);
});

test('without a token 400, with an unknown one 401', async () => {
    const { user } = await session();
    const missing = [400, 'refresh_missing', 'Refresh Token不能为空'];
    refused(await nobody.post('/api/auth/refresh', {}), ...missing);
    refused(await refresh(''), ...missing);
    refused(await refresh(null), ...missing);
    refused(await refresh('no-such-token'), ...INVALID);
    refused(await refresh(user.token), ...INVALID); // an access token is none
});

test('a chain of successors works for as long as one likes', async () => {
    let { first: token } = await session();
    const seen = new Set();
    for (let i = 0; i < 10; i++) {
        const data = await renew(token);
        seen.add(token);
        accepted(await me(data.accessToken), 200);
        token = data.refreshToken;
        assert.ok(!seen.has(token));
    }
});

test('the old token stays good until its successor has been used, so a lost answer does no harm', async () => {
    const { first } = await session();
    await renew(first); // this answer got lost
    const again = await renew(first);
    const next = await renew(again.refreshToken);
    accepted(await me(next.accessToken), 200);
});

test('a client that ignores the new token can refresh with its first one again and again', async () => {
    const { first } = await session();
    for (let i = 0; i < 10; i++)
        accepted(await me((await renew(first)).accessToken), 200);
});

test('an old token seen after its successor was used ends the whole session', async () => {
    const { user, first } = await session();
    const second = await renew(first);
    const third = await renew(second.refreshToken);
    refused(await refresh(first), ...INVALID); // somebody else has it too
    refused(await refresh(third.refreshToken), ...INVALID);
    refused(await refresh(second.refreshToken), ...INVALID);
    for (const token of [user.token, second.accessToken, third.accessToken])
        refused(await me(token), 401, 'token_invalid', '访问令牌无效或已过期');
});

test('the thief who comes first is thrown out when the owner comes back', async () => {
    const { first } = await session();
    const stolen = await renew(first);
    const further = await renew(stolen.refreshToken);
    refused(await refresh(first), ...INVALID); // the owner, with what he has
    refused(await me(further.accessToken), 401, 'token_invalid', '访问令牌无效或已过期');
    refused(await refresh(further.refreshToken), ...INVALID);
});

test('the end of one session leaves the other devices signed in', async () => {
    const { user, first } = await session();
    const other = await server.client().login(user.user.username, user.password);
    const second = await renew(first);
    await renew(second.refreshToken);
    refused(await refresh(first), ...INVALID);
    accepted(await other.get('/api/auth/me'), 200);
    await renew(other.refreshToken);
});

test('the same token from many tabs at once: everybody gets one', async () => {
    const { first } = await session();
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(first)));
    for (const answer of answers)
        accepted(await me(accepted(answer, 200).accessToken), 200);
});

test('tokens are stored as hashes only', async () => {
    const { first } = await session();
    const rows = await server.sql('SELECT token_hash FROM refresh_tokens ORDER BY id DESC LIMIT 5');
    for (const { token_hash: hash } of rows) {
        assert.match(hash, /^[0-9a-f]{64}$/);
        assert.notEqual(hash, first);
    }
});

test('a session survives a restart of the program', async () => {
    const { user, first } = await session();
    await server.restart();
    accepted(await user.get('/api/auth/me'), 200);
    await renew(first);
});

test('what is over for long is cleared away, and nothing else', async () => {
    const DAY = 24 * 3600_000;
    const count = async (table, where) => Number((await server.sql(`SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`))[0].n);
    const { user: gone, first: ended } = await session();
    await renew(ended);
    const { user: here, first } = await session();
    const second = (await renew(first)).refreshToken, third = (await renew(second)).refreshToken;
    const of = async (user) => Number((await server.sql(`SELECT MAX(id) AS id FROM sessions WHERE user_id = ${user.user.id}`))[0].id);
    const over = await of(gone), live = await of(here);
    accepted(await gone.post('/api/auth/logout'), 200);
    await server.sql(`UPDATE sessions SET created_at = created_at - ${31 * DAY}, ended_at = ended_at - ${31 * DAY};
                      UPDATE refresh_tokens SET created_at = created_at - ${31 * DAY}`);
    await makeUser(admin, 'regular_user'); // somebody signs in
    assert.equal(await count('sessions', `id = ${over}`), 0);
    assert.equal(await count('refresh_tokens', `session_id = ${over}`), 0);
    assert.equal(await count('refresh_tokens', `session_id = ${live} AND state = 'dead'`), 0, 'dead ones are forgotten');
    refused(await refresh(first), ...INVALID);
    accepted(await me((await renew(third)).accessToken), 200); // the family goes on
    await renew(third);
    await server.sql(`UPDATE refresh_tokens SET created_at = created_at - ${2 * DAY} WHERE session_id = ${live} AND state = 'fresh'`);
    await renew(third);
    assert.equal(await count('refresh_tokens', `session_id = ${live} AND state = 'fresh'`), 1, 'successors that nobody used');
});
