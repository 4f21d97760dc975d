// Databases of every schema there has been (fixtures/), brought up to the present one by the program: nothing a client
// could read is lost or changed, and work goes on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { readAll } from '../fixtures/read.mjs';
import { PASSWORD, Server, accepted, approve, getMaterial, refused, runProgram, stockUp } from '../api/harness.mjs';

const folder = new URL('../fixtures/', import.meta.url);
const saved = readdirSync(folder).filter((name) => /^schema-\d{4}\.sql$/.test(name)).sort();

/** Whatever was there is there still, with the same value; members may have come to it. */
function assertKept(before, now, where) {
    if (before === null || typeof before !== 'object')
        return assert.deepEqual(now, before, where);
    assert.equal(typeof now, 'object', where);
    if (Array.isArray(before) && before[0]?.key) { // settings: new ones may have come
        for (const row of before)
            assertKept(row, now.find(({ key }) => key === row.key), `${where} ${row.key}`);
        return;
    }
    if (Array.isArray(before))
        assert.equal(now?.length, before.length, where);
    for (const [name, value] of Object.entries(before))
        assertKept(value, now?.[name], `${where} ${name}`);
}

/** A place with this database in it, and the number of its schema. */
async function restore(name) {
    const place = new Server();
    place.adminIsNew = false;
    execFileSync('sqlite3', ['-bail', place.db], { input: readFileSync(new URL(name, folder)) });
    return { place, number: await place.value('SELECT MAX(number) FROM schema_migrations') };
}

/** The number of the newest schema. */
async function present() {
    const place = new Server();
    try {
        const { code, output } = await runProgram(['migrate'], { env: place.childEnv(), cwd: place.dir });
        assert.equal(code, 0, output);
        return await place.value('SELECT MAX(number) FROM schema_migrations');
    } finally {
        place.removeFolder();
    }
}

async function goOn(place, admin) {
    const manager = await place.client().login('manager', PASSWORD);
    const user = await place.client().login('user', PASSWORD);
    refused(await place.client().post('/api/auth/login', { username: 'closed', password: PASSWORD }), 401, 'login_failed', '用户名或密码错误');
    const pending = accepted(await manager.get('/api/inventory/pending'), 200).list;
    assert.equal(pending.length, 1);
    const before = await getMaterial(admin, pending[0].material_id);
    accepted(await approve(manager, pending[0].id), 200, '出入库单已批准');
    await stockUp(user, manager, before.id, 1);
    const after = await getMaterial(admin, before.id);
    assert.equal(after.current_stock.toFixed(6), (before.current_stock + pending[0].quantity + 1).toFixed(6));
}

test('every schema has its saved database', async () => {
    const wanted = Array.from({ length: await present() }, (_, i) => `schema-${String(i + 1).padStart(4, '0')}.sql`);
    assert.deepEqual(saved, wanted, 'make it with: node backend/tests/fixtures/make.mjs');
});

for (const name of saved)
    test(`${name}: up to the present schema`, async () => {
        const { place, number } = await restore(name);
        try {
            assert.equal(name, `schema-${String(number).padStart(4, '0')}.sql`);
            const missing = (await present()) - number;
            const { code, output } = await place.run(['migrate']);
            assert.equal(code, 0, `${output}\nWas a migration changed that no release has yet? Then make its database again: node backend/tests/fixtures/make.mjs`);
            assert.match(output, new RegExp(`\\b${missing} migration`));
            assert.equal(existsSync(`${place.db}.before-${String(number + 1).padStart(4, '0')}`), missing > 0, 'a copy of the older one');
            await place.verifyClean();
            await place.begin();
            const admin = await place.admin();
            assertKept(JSON.parse(readFileSync(new URL(name.replace('.sql', '.json'), folder), 'utf8')), await readAll(admin), '');
            await goOn(place, admin);
            await place.halt();
            await place.verifyClean();
        } finally {
            if (place.child && !place.end)
                await place.kill9();
            place.removeFolder();
        }
    });
