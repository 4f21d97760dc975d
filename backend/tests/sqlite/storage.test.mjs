// A database that cannot be used: one clear sentence with the way out, and the file left as it was.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Server, accepted, getMaterial, makeMaterial, makeUser, sqlite, start, stockUp } from '../api/harness.mjs';

const dir = mkdtempSync(path.join(tmpdir(), 'mms-test-'));
const good = path.join(dir, 'good.db');
after(() => rmSync(dir, { recursive: true, force: true }));

before(async () => {
    const server = await start();
    const admin = await server.admin();
    const M = await makeUser(admin, 'inventory_manager');
    for (let i = 0; i < 20; i++)
        await stockUp(M, admin, (await makeMaterial(M, { description: 'x'.repeat(500) })).id, 5);
    await server.halt();
    copyFileSync(server.db, good);
    server.removeFolder();
});

/** Commands on this file end with a sentence that matches, a code that is neither 0 nor 78, and the file unchanged. */
async function refuses(file, sentence, commands = ['serve', 'migrate', 'verify']) {
    const before = existsSync(file) && statSync(file).isFile() ? readFileSync(file) : null;
    for (const command of commands) {
        const { code, signal, output } = await new Server({ dir, env: { DB_PATH: file } }).run([command]);
        assert.ok(code !== null && code !== 0 && code !== 78, `${command}: ${code} ${signal}\n${output}`);
        assert.match(output, sentence, `${command}:\n${output}`);
        assert.ok(output.includes(file), `${command} names the file:\n${output}`);
        assert.ok(output.trim().split('\n').length <= 4, `${command} says it in a sentence, not in a trace:\n${output}`);
        assert.doesNotMatch(output, /SELECT|CREATE TABLE|\.c:\d+|Sanitizer/);
    }
    if (before)
        assert.ok(readFileSync(file).equals(before), 'the file is left as it was');
}

test('garbage', async () => {
    const file = path.join(dir, 'garbage.db');
    writeFileSync(file, Buffer.from('this is not a database, it is a letter to the boss. '.repeat(400)));
    await refuses(file, /不是 SQLite 数据库|not an SQLite database/);
});

test('a database that was cut off', async () => {
    const file = path.join(dir, 'cut.db');
    copyFileSync(good, file);
    truncateSync(file, Math.floor(statSync(file).size / 2));
    await refuses(file, /损坏|damaged|备份/);
});

test('a database with a damaged page', async () => {
    const file = path.join(dir, 'damaged.db');
    copyFileSync(good, file);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 3, 4096 * 9);
    writeFileSync(file, bytes);
    await refuses(file, /损坏|damaged|备份/);
});

test('a database that is newer than the program', async () => {
    const file = path.join(dir, 'newer.db');
    copyFileSync(good, file);
    await sqlite(file, "INSERT INTO schema_migrations SELECT 9999, 'from_the_future', checksum, applied_at FROM schema_migrations LIMIT 1");
    await refuses(file, /高于本程序|newer than/);
});

test('a migration that was changed afterwards', async () => {
    const file = path.join(dir, 'changed.db');
    copyFileSync(good, file);
    await sqlite(file, `UPDATE schema_migrations SET checksum = '${'0'.repeat(64)}'`);
    const { code, output } = await new Server({ dir, env: { DB_PATH: file } }).run(['serve']);
    assert.ok(code !== null && code !== 0 && code !== 78, output);
});

test('the path is a folder', async () => {
    const file = path.join(dir, 'folder.db');
    mkdirSync(file);
    await refuses(file, /文件夹|folder/);
});

test('the folder does not exist', async () => {
    await refuses(path.join(dir, 'missing', 'too', 'mms.db'), /文件夹|folder/);
});

test('a place where nothing can be written, not even by root', async () => {
    await refuses('/proc/mms.db', /不可写|cannot be .*written|权限/, ['serve', 'migrate']);
});

test('not writable', { skip: process.getuid?.() === 0 && 'root may write everything' }, async () => {
    const file = path.join(dir, 'readonly.db');
    copyFileSync(good, file);
    chmodSync(file, 0o444);
    await refuses(file, /不可写|cannot be .*written|权限/, ['serve', 'migrate']);
});

test('verify does not make a database', async () => {
    const file = path.join(dir, 'none.db');
    await refuses(file, /不存在|does not exist/, ['verify']);
    assert.ok(!existsSync(file));
});

test('a good one starts, with all that was in it', async () => {
    const server = new Server({});
    copyFileSync(good, server.db);
    server.adminIsNew = false;
    await server.begin();
    try {
        const admin = await server.admin();
        assert.equal(accepted(await admin.get('/api/materials'), 200).total, 20);
        assert.equal((await getMaterial(admin, 1)).current_stock, 5);
        await server.verifyClean();
    } finally {
        await server.stop();
    }
});

test('what is append-only is not replaced either, by a tool with settings of its own', async () => {
    const file = path.join(dir, 'replaced.db');
    copyFileSync(good, file);
    await sqlite(file, "INSERT INTO log_seals (first_id, last_id, hash, file_name, file_hash, sealed_at) VALUES (1, 2, 'h', 'f', 'h', 3)");
    const all = async (table) => JSON.stringify(await sqlite(file, `SELECT * FROM ${table} ORDER BY id`));
    for (const [table, unique] of [['moves', 'id'], ['documents', 'id'], ['document_lines', 'id'], ['operation_log', null], ['log_seals', 'id']]) {
        const rows = await all(table);
        assert.notEqual(rows, '[]', table);
        const columns = (await sqlite(file, `SELECT name FROM pragma_table_info('${table}')`)).map(({ name }) => name);
        for (const id of ['id', unique && 'id + 1000000'].filter(Boolean)) // by its id, and by what else is unique
            await assert.rejects(sqlite(file, `PRAGMA foreign_keys = OFF; REPLACE INTO ${table} (${columns}) SELECT ${columns.map((name) => (name === 'id' ? id : name))} FROM ${table} ORDER BY id LIMIT 1`),
                /append-only|final|never deleted/, `${table} ${id}`);
        assert.equal(await all(table), rows, table);
    }
});
