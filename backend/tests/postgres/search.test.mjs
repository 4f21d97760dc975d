// The same answers on both engines: a database is filled on SQLite and moved to PostgreSQL, and both are asked the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Server, accepted, makeMaterial, makeUsers, receiptOf } from '../api/harness.mjs';
import { randomFrom } from '../api/random.mjs';
import { catalogue, question } from '../api/search-model.mjs';

const here = new Server({ engine: 'sqlite' }), there = new Server();
const rows = catalogue().map((one) => ({ code: one.code, name: one.name_zh, name_en: one.name_en, cas_no: one.cas_no, un_no: one.un_no, standard: one.standard, metal_grade: one.metal_grade }));
after(() => Promise.all([here, there].map((place) => (place.child ? place.stop() : place.removeFolder()))));

/** The catalogue, some of it retired; so many of one kind that not all are looked at; people, documents, and a count task. */
async function fill() {
    const admin = await here.admin();
    const { M } = await makeUsers(admin, { M: 'inventory_manager', '王芳': 'regular_user', '王方': 'regular_user' });
    for (const [i, row] of rows.entries()) {
        const { id } = accepted(await M.post('/api/materials', { materialCode: row.code, materialName: row.name, nameEn: row.name_en, category: i % 2 ? 'metal' : 'chemical', unit: '件', casNo: row.cas_no,
            unNo: row.un_no, standard: row.standard, metalGrade: row.metal_grade }), 201);
        if (i % 3 === 0)
            accepted(await M.post('/api/inventory', receiptOf(id, 1)), 201);
        else if (i % 20 === 7)
            accepted(await M.post(`/api/materials/${id}/retire`), 200);
    }
    for (let i = 0; i < 700; i++)
        await makeMaterial(M, { materialCode: `${['H2', 'KOH', 'zz', 'Tb'][i % 4]}-${(i * 7919) % 1000}-${i}`, materialName: `${['氢气瓶', '调拨', '密封圈 O型', '不锈钢板'][(i >> 2) % 4]} ${i}`, nameEn: 'Hydrogen seal' });
    accepted(await M.post('/api/stocktaking', { taskName: '年底盘点氢气', materialIds: [1] }), 201);
}

before(async () => {
    there.adminIsNew = false;
    await here.begin();
    await fill();
    await here.halt();
    const moved = await here.run(['migrate-to-postgres', '--to', there.database.url]);
    assert.equal(moved.code, 0, moved.output);
    await here.begin();
    await there.begin();
});

const FIXED = ['h2', 'H2-7', '氢', '氢气瓶', 'qqp', 'qingqi', 'seal', 'saela', 'hydrogne', 'koh', 'ＫＯＨ', 'zz', 'mfq o', 'mfj', 'tb', 'db', '调拨 1', '調撥', '王', 'wangfang', 'wf', '盘点', 'IN2', '0001', '%', '_', "'", '"', '*', '- -', '\\',
    '🙂', '\u0301', 'x'.repeat(100), '氢 '.repeat(50).trim()];

test('300 questions, order and places to highlight included', async () => {
    const admins = [await here.admin(), await there.admin()], random = randomFrom(20261129);
    const questions = [...FIXED, ...Array.from({ length: 300 - FIXED.length }, () => question(rows, random))];
    let found = 0;
    for (const [i, q] of questions.entries()) {
        const path = `/api/search?type=everything&limit=${[20, 10, 1][i % 3]}&matches=true&q=${encodeURIComponent(q)}`;
        const [sqlite, postgres] = await Promise.all(admins.map(async (admin) => accepted(await admin.get(path), 200)));
        assert.deepEqual(postgres, sqlite, q);
        found += sqlite.length > 0;
    }
    assert.equal(questions.length, 300);
    assert.ok(found > 200, `${found} of 300 found something`);
});
