// The operation log is a chain: what was changed, removed, inserted or cut behind the program's back is found.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { PASSWORD, Server, issueOf, makeMaterial, makeUser, post, start, stockUp } from './harness.mjs';

const COLUMNS = ['id', 'user_id', 'module', 'action', 'resource_type', 'resource_id', 'description', 'changes', 'ip_address',
    'user_agent', 'request_id', 'created_at'];
const DAY_MS = 86_400_000;
const server = await start();
after(() => server.stop());
const rows = () => server.sql('SELECT * FROM operation_log ORDER BY id');
let admin;

before(async () => {
    admin = await server.admin();
    const M = await makeUser(admin, 'inventory_manager');
    const material = await makeMaterial(M, { materialName: '链，“日志”\n' });
    await stockUp(M, admin, material.id, 20);
    await post(M, admin, issueOf(material.id, 5));
});

/** The same by other hands: audit.h says how. */
function hashOf(previous, row) {
    const lines = COLUMNS.map((name) => (row[name] === null ? '-\n' : `${Buffer.byteLength(String(row[name]))}:${row[name]}\n`));
    return createHash('sha256').update(`${previous}\n${lines.join('')}`).digest('hex');
}

const head = async (place = server) => {
    const { code, output } = await place.run(['audit', 'verify']);
    assert.equal(code, 0, output);
    return output.match(/^head {2}(\d+:[0-9a-f]{64})$/m)[1];
};

/** A copy with this done to it is found out, and `names` is said. */
async function finds(script, names, args = []) {
    const copy = new Server({});
    try {
        await server.database.copyTo(copy.database);
        await head(copy);
        await copy.database.vandalize(script);
        const { code, output } = await copy.run(['audit', 'verify', ...args]);
        assert.equal(code, 1, output);
        assert.match(output, names);
    } finally {
        copy.removeFolder();
    }
}

test('each row follows the one before, without a gap, as documented', async () => {
    let previous = '0'.repeat(64), id = 0;
    for (const row of await rows()) {
        assert.equal(row.id, ++id);
        assert.equal(row.hash, hashOf(previous, row), `row ${id}`);
        previous = row.hash;
    }
    assert.ok(id > 5);
    assert.equal(await head(), `${id}:${previous}`);
});

test('a changed row', async () => {
    await finds("UPDATE operation_log SET description = 'x' WHERE id = 3", /row 3 does not fit/);
    await finds('UPDATE operation_log SET user_id = NULL WHERE id = 4', /row 4 does not fit/);
    const [row] = (await rows()).filter(({ id }) => id === 3);
    const [before] = (await rows()).filter(({ id }) => id === 2);
    const forged = hashOf(before.hash, { ...row, description: 'x' });
    await finds(`UPDATE operation_log SET description = 'x', hash = '${forged}' WHERE id = 3`, /row 4 does not fit/);
});

test('a removed row, the first and the last ones', async () => {
    await finds('DELETE FROM operation_log WHERE id = 3', /rows 3 to 3 are missing/);
    await finds('DELETE FROM operation_log WHERE id = 1', /rows 1 to 1 are missing/);
    const { length } = await rows();
    await finds(`DELETE FROM operation_log WHERE id > ${length - 2}`, new RegExp(`rows ${length - 1} to ${length} are missing`));
});

test('an inserted row', async () => {
    const { length } = await rows();
    const insert = (id) => `INSERT INTO operation_log (id, module, action, description, created_at) VALUES (${id}, 'auth', 'login', 'x', 1)`;
    await finds(insert(length + 1), new RegExp(`row ${length + 1} has no hash`));
    await finds(insert(0), /before the first/);
    await finds(`${insert(length + 1)}; DELETE FROM operation_log WHERE id = 2; UPDATE operation_log SET id = 2 WHERE id = ${length + 1}`, /row 2 has no hash/);
});

test('an end cut off together with its record: a head that was noted down tells', async () => {
    const known = await head();
    const all = await rows();
    const cut = all.length - 2;
    await finds(`DELETE FROM operation_log WHERE id > ${cut}; UPDATE log_head SET last_id = ${cut}, hash = '${all[cut - 1].hash}'`,
        new RegExp(`FAIL {2}${known}`), ['--known', known]);
    const { code, output } = await server.run(['audit', 'verify', '--known', known]);
    assert.equal(code, 0, output);
});

test('an end whose record is gone', async () => {
    await finds('DELETE FROM log_head', /log_head\) is missing/);
});

test('the database refuses to change the log and its seals', async () => {
    for (const script of ['UPDATE operation_log SET hash = NULL', 'DELETE FROM operation_log WHERE id = 1'])
        await assert.rejects(server.sql(script), /append-only/);
});

test('what is refused leaves no row and no gap', async () => {
    const before = await head();
    const answer = await admin.post('/api/materials', { materialCode: 'X Y' });
    assert.equal(answer.status, 400);
    assert.equal(await head(), before);
});

test('no password, token or secret is in it', async () => {
    for (const username of [PASSWORD, 'admin'])
        assert.equal((await server.client().post('/api/auth/login', { username, password: PASSWORD })).status, 401);
    const failed = (await rows()).filter(({ action }) => action === 'login_failed').map(({ description }) => description);
    assert.deepEqual(failed, ['登录失败: 没有此用户名的账户', '登录失败: admin'], 'a password may be typed as the name');
    const text = JSON.stringify(await rows());
    for (const secret of [...server.secrets, PASSWORD])
        assert.ok(!text.toLowerCase().includes(secret.toLowerCase()));
});

test('sealing: exported with proof, nothing deleted, each row once', async () => {
    const yesterday = new Date(Date.now() - DAY_MS + 8 * 3_600_000).toISOString().slice(0, 10);
    const file = path.join(server.dir, 'log.jsonl'), again = path.join(server.dir, 'again.jsonl');
    const place = new Server({});
    try {
        await server.database.copyTo(place.database);
        const old = await rows();
        // Two rows two days ago: the chain is made anew, as the program would have made it then.
        let previous = '0'.repeat(64), script = '';
        for (const row of old) {
            const moved = { ...row, created_at: row.id <= 2 ? row.created_at - 2 * DAY_MS : row.created_at };
            previous = hashOf(previous, moved);
            script += `UPDATE operation_log SET created_at = ${moved.created_at}, hash = '${previous}' WHERE id = ${row.id};`;
        }
        await place.database.vandalize(`${script} UPDATE log_head SET hash = '${previous}'`);
        const sealed = await place.run(['audit', 'seal', '--until', yesterday, '--to', file]);
        assert.equal(sealed.code, 0, sealed.output);
        assert.match(sealed.stdout, /sealed rows 1 to 2 /);
        const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
        assert.deepEqual([lines[0].format, lines[0].first_id, lines[0].last_id, lines.length], ['mms-operation-log', 1, 2, 4]);
        assert.ok(sealed.stdout.includes(createHash('sha256').update(readFileSync(file)).digest('hex')));
        const proved = await server.run(['audit', 'verify', file], { env: { DATABASE_URL: null, DB_PATH: '/nowhere' } });
        assert.equal(proved.code, 0, proved.output);

        const twice = await place.run(['audit', 'seal', '--until', yesterday, '--to', again]);
        assert.deepEqual([twice.code, existsSync(again)], [0, false], twice.output);
        const today = await place.run(['audit', 'seal', '--until', '2999-01-01', '--to', again]);
        assert.deepEqual([today.code, existsSync(again)], [64, false], today.output);
        assert.match((await place.run(['audit', 'verify'])).output, /1 seal/);
        assert.equal(await place.value('SELECT COUNT(*) AS n FROM operation_log'), old.length + 1);

        await place.database.vandalize("UPDATE log_seals SET hash = 'x'");
        assert.match((await place.run(['audit', 'verify'])).output, /rows 1 to 2 are not what was sealed/);
        for (const bad of [lines.slice(0, 3), [lines[0], lines[2], lines[3]], lines.map((line) => (line.id === 2 ? { ...line, action: 'x' } : line))]) {
            writeFileSync(again, `${bad.map((line) => JSON.stringify(line)).join('\n')}\n`);
            assert.equal((await server.run(['audit', 'verify', again])).code, 1);
        }
    } finally {
        place.removeFolder();
    }
});
