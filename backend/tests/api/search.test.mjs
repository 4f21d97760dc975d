// GET /api/search: what is found, in which order, by whom; against a model of its own (search-model.mjs).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Server, accepted, faulty, getMaterial, makeDocument, makeMaterial, makeUsers, receiptOf, refused, start, stockUp, unique } from './harness.mjs';
import { randomFrom } from './random.mjs';
import { catalogue, fold, question, search as expected } from './search-model.mjs';

const server = await start();
after(() => server.stop());
let admin, M, U, W, rows;

before(async () => {
    admin = await server.admin();
    ({ M, U, W } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user', W: 'regular_user' }));
    rows = [];
    for (const one of catalogue()) {
        const { id } = accepted(await M.post('/api/materials', { materialCode: one.code, materialName: one.name_zh, nameEn: one.name_en, category: one.category, unit: one.unit,
            casNo: one.cas_no, unNo: one.un_no, standard: one.standard, metalGrade: one.metal_grade }), 201);
        rows.push({ id, code: one.code, name: one.name_zh, name_en: one.name_en, cas_no: one.cas_no, un_no: one.un_no, standard: one.standard, metal_grade: one.metal_grade, retired: rows.length % 20 === 7 });
        if (rows.at(-1).retired)
            accepted(await M.post(`/api/materials/${id}/retire`), 200);
    }
    assert.equal(rows.length, 189);
});

const ask = async (client, q, more = '') => accepted(await client.get(`/api/search?q=${encodeURIComponent(q)}${more}`), 200);
const materials = (client, q, more = '') => ask(client, q, `&type=materials${more}`);
const names = async (q) => (await materials(M, q)).map(({ name }) => name);
const ids = (found, type) => found.filter((row) => row.type === type).map(({ id }) => id);

async function agrees(q) {
    const want = expected(rows, q, 20).map(({ row, matches }) => ({ id: row.id, matches: matches.slice(0, 16) }));
    const got = (await materials(U, q, '&limit=20&matches=true')).map(({ id, matches }) => ({ id, matches }));
    assert.deepEqual(got.map(({ id }) => rows.find((row) => row.id === id)?.code), want.map(({ id }) => rows.find((row) => row.id === id).code), q);
    assert.deepEqual(got.map(({ matches }) => matches.map(({ field, text }) => [field, text])), want.map(({ matches }) => matches.map(({ field, text }) => [field, text])), q);
    assert.deepEqual(got.map(({ matches }) => matches.map(({ start }) => start)), want.map(({ matches }) => matches.map(({ start }) => start)), q);
    return want.length;
}

test('400 questions about the demo catalogue, as the model answers them', async () => {
    const random = randomFrom(20261128);
    let found = 0;
    for (let i = 0; i < 400; i++)
        found += Math.min(1, await agrees(question(rows, random)));
    assert.ok(found > 300, `${found} of 400 found something`);
});

test('single characters and what is hardly a question', async () => {
    for (const q of ['氢', '管', '不', 'h', 'z', '1', '-', '(', '（', '%', '_', '*', '"', '(', ')', 'AND', 'OR', 'NOT', 'NEAR', 'a AND b', '-h2', 'name:h', "' OR 1=1 --", '\\', '^h', '🚚', '\u0301', '𠀀', 'ʒ',
        '氢 管', 'gas valve', 'GB/T', 'gbt', 'un1', 'x'.repeat(100), '重'.repeat(100), 'h '.repeat(50), '氢 '.repeat(49) + 'zz'])
        await agrees(q);
});

test('all readings, traditional characters, widths, one typing error', async () => {
    const made = {};
    for (const name of ['调拨', '弹簧', '传感器', '薄膜', '卡套', '密封圈', '校准', '外壳', '重', '模具'])
        made[name] = await makeMaterial(M, { materialName: `${name}件ZQ`, nameEn: null });
    const typed = { 调拨: ['db', 'tb', 'diaobo', 'tiaobo', 'diaob', 'dbo', '調撥', '調拨'], 弹簧: ['th', 'dh', 'tanhuang', 'danhuang', '彈簧'], 传感器: ['cgq', 'zgq', 'chuanganqi', 'zhuangan', '傳感器'],
        薄膜: ['bm', 'baomo', 'bomo'], 卡套: ['kt', 'qt', 'katao', 'qiatao'], 密封圈: ['mfq', 'mfj', 'mifengquan', 'mifengjuan'], 校准: ['jz', 'xz', 'jiaozhun', 'xiaozhun', '校準'],
        外壳: ['wk', 'wq', 'waike', 'waiqiao', '外殼'], 重: ['zhongjian', 'chongjian', 'cj'], 模具: ['mj', 'moju', 'muju'] };
    for (const [name, questions] of Object.entries(typed))
        for (const q of questions)
            assert.ok(ids(await materials(M, `${q} ｚｑ`), 'material').includes(made[name].id), `${q} finds ${name}`);
    const steel = await makeMaterial(M, { materialName: '鋼板', nameEn: 'Wibblesteel plate' });
    for (const q of ['钢板 wibble', '鋼板 WIBBLE', 'ｇａｎｇｂａｎ wibble', 'wibblesteel', 'wibblesteeel', 'wibblestel', 'wibblestele', 'wubblesteel', 'plate wibblestel'])
        assert.deepEqual(ids(await materials(M, q), 'material'), [steel.id], q);
    for (const q of ['wobblestel', 'wibblestee1', 'wib', 'wibblstel'])
        assert.deepEqual(ids(await materials(M, q), 'material'), q === 'wib' ? [steel.id] : [], q);
    const close = await makeMaterial(M, { nameEn: 'Wibblesteal' });
    assert.deepEqual(ids(await materials(M, 'wibblesteal'), 'material'), [close.id], 'what is there as it was typed is not joined by what is not');
});

test('order: the exact code, codes that begin so, the rest; in use before retired; by code', async () => {
    const word = unique('RK');
    const make = (code, name = '别的') => makeMaterial(M, { materialCode: code, materialName: name, nameEn: null });
    const b = await make(`${word}-B`), exact = await make(word), named2 = await make(unique('ZZ2'), word), named1 = await make(unique('AA1'), word), old = await make(`${word}-A`);
    accepted(await M.post(`/api/materials/${old.id}/retire`), 200);
    const gone = await make(unique('AA0'), word);
    accepted(await M.post(`/api/materials/${gone.id}/retire`), 200);
    assert.deepEqual(ids(await materials(U, word.toLowerCase()), 'material'), [exact, b, old, named1, named2, gone].map(({ id }) => id));
    accepted(await M.post(`/api/materials/${old.id}/restore`), 200);
    assert.deepEqual(ids(await materials(U, word), 'material'), [exact, old, b, named1, named2, gone].map(({ id }) => id));
    assert.deepEqual(ids(await materials(U, word, '&limit=2'), 'material'), [exact.id, old.id]);
});

test('renamed, deleted', async () => {
    const row = await makeMaterial(M, { materialName: '旧名称甲乙丙', nameEn: 'Oldname' });
    assert.deepEqual(await names('旧名称甲'), [row.material_name]);
    accepted(await M.put(`/api/materials/${row.id}`, { materialName: '新名称丁戊己', nameEn: null }), 200);
    for (const q of ['旧名称甲', 'jmcjyb', 'oldname', 'oldnmae'])
        assert.deepEqual(await names(q), [], q);
    assert.deepEqual(await names('xmcdw'), ['新名称丁戊己']);
    accepted(await M.put(`/api/materials/${row.id}`, { description: '新的说明' }), 200);
    assert.deepEqual((await materials(M, '新名称丁戊己'))[0].description, '新的说明');
    accepted(await admin.del(`/api/materials/${row.id}`), 200);
    assert.deepEqual(await names('新名称丁戊己'), []);
});

test('people, for who may see them; disabled last, closed never', async () => {
    const word = unique('wangfang').replaceAll('-', 'q');
    const { V, X } = await makeUsers(admin, { V: 'regular_user', X: 'regular_user' });
    accepted(await admin.put(`/api/users/${V.user.id}`, { username: `${word}a`, realName: '王芳芳' }), 200);
    accepted(await admin.put(`/api/users/${X.user.id}`, { username: `${word}b`, realName: '王芳芳', email: 'w.f@example.com' }), 200);
    const people = async (client, q) => ids(await ask(client, q, '&type=users'), 'user');
    assert.deepEqual(await people(admin, word), [V.user.id, X.user.id]);
    assert.deepEqual(await people(admin, 'wangff'), [V.user.id, X.user.id]);
    assert.deepEqual(await people(admin, 'W.F@EXAMPLE'), [X.user.id]);
    assert.deepEqual([await people(M, word), await people(U, word)], [[], []]);
    accepted(await admin.put(`/api/users/${V.user.id}`, { status: 'disabled' }), 200);
    assert.deepEqual(await people(admin, word), [X.user.id, V.user.id]);
    accepted(await admin.del(`/api/users/${V.user.id}`), 200);
    assert.deepEqual(await people(admin, '王芳芳'), [X.user.id]);
});

test('documents: by number and by material, those of others for who may see them', async () => {
    const row = await makeMaterial(M, { materialName: '单据专用料' }), other = await makeMaterial(M, { materialName: '第二行专用' });
    const mine = await makeDocument(U, receiptOf(row.id, 1));
    const theirs = await makeDocument(W, { transactionType: 'in', lines: [{ materialId: row.id, quantity: 1 }, { materialId: other.id, quantity: 2 }] });
    const found = async (client, q) => ids(await ask(client, q, '&type=transactions'), 'transaction');
    assert.deepEqual(await found(M, 'djzyl'), [theirs.id, mine.id], 'newest first');
    assert.deepEqual(await found(U, '单据专用'), [mine.id]);
    assert.deepEqual(await found(M, '第二行专用'), [theirs.id], 'by any line');
    const number = mine.transactionCode; // IN20261123-0001
    for (const q of [number, number.toLowerCase(), number.replace('-', ''), number.slice(2), number.slice(6), number.slice(6).replace('-', ''), ` ${number} `]) {
        assert.equal((await found(U, q))[0], mine.id, q);
        assert.equal((await found(M, q))[0], mine.id, q);
        assert.deepEqual(await found(W, q), [], q);
    }
    const [first] = await ask(U, number, '&type=transactions&matches=true');
    assert.deepEqual([first.code, first.name, first.title, first.matches[0]], [number, '单据专用料', `${number} - 单据专用料`, { field: 'code', text: number, start: 0, length: number.length }]);
    accepted(await M.put(`/api/materials/${row.id}`, { materialName: '改了名字' }), 200);
    assert.deepEqual(await found(M, '单据专用'), []);
    assert.deepEqual(await found(M, 'gailmz'), [theirs.id, mine.id]);
});

test('count tasks, beside what the older system had', async () => {
    const row = await makeMaterial(M);
    const task = accepted(await M.post('/api/stocktaking', { taskName: '年底盘点甲仓', materialIds: [row.id] }), 201);
    for (const q of ['盘点甲', 'ndpd', task.taskCode, task.taskCode.toLowerCase().slice(3)])
        for (const type of ['counts', 'everything'])
            assert.ok((await ask(M, q, `&type=${type}`)).some((one) => one.type === 'count' && one.id === task.id && one.title === `${task.taskCode} - 年底盘点甲仓`), `${q} ${type}`);
    assert.deepEqual(await ask(M, '年底盘点甲仓'), [], 'the contract knows three kinds');
    assert.deepEqual(await ask(U, '年底盘点甲仓', '&type=everything'), [], 'those who count');
});

test('places to highlight, only when asked for, in characters', async () => {
    const row = await makeMaterial(M, { materialName: '🚚氢调拨车 X', nameEn: 'Tiaobo cart', casNo: '7732-18-5' });
    const [plain] = await materials(M, 'tiaobo 7732185');
    assert.deepEqual(Object.keys(plain), ['id', 'code', 'name', 'type', 'title', 'description']);
    const [shown] = await materials(M, 'tiaobo 7732185', '&matches=true');
    assert.deepEqual([shown.id, shown.matches], [row.id, [{ field: 'name', text: row.material_name, start: 2, length: 2 }, { field: 'name_en', text: row.name_en, start: 0, length: 6 },
        { field: 'cas_no', text: '7732-18-5', start: 0, length: 9 }]]);
    assert.equal(fold(row.material_name).length, 7);
});

test('how many, and what is refused', async () => {
    const word = unique('多');
    for (let i = 0; i < 22; i++)
        await makeMaterial(M, { materialName: `${word}号` });
    assert.deepEqual(await Promise.all(['', '&limit=1', '&limit=20'].map(async (more) => (await materials(M, word, more)).length)), [10, 1, 20]);
    for (const limit of ['0', '21', '-1', 'x', '1.5'])
        faulty(await M.get(`/api/search?q=h&limit=${limit}`), { limit: null });
    faulty(await M.get('/api/search?q=h&type=nonsense'), { type: null });
    faulty(await M.get(`/api/search?q=${'x'.repeat(101)}`), { q: '长度不能超过100个字符' });
    faulty(await M.get(`/api/search?q=${'x'.repeat(10_000)}`), { q: '长度不能超过100个字符' });
    for (const q of ['', '%20', '%09%0a', '%E3%80%80', '%01%02', '%7f'])
        assert.deepEqual(await accepted(await M.get(`/api/search?q=${q}`), 200), [], q);
    assert.equal((await M.get('/api/search?q=%ff')).status, 400);
    assert.equal((await M.get('/api/search?q=%00')).status, 400);
    refused(await server.client().get('/api/search?q=h'), 401, 'token_missing', '访问令牌缺失，请先登录');
});

test('what is found stands behind very many that only have the same pieces', async () => {
    for (let i = 0; i < 520; i++)
        await makeMaterial(M, { materialName: `乾坤 ${i} 巽乾`, nameEn: null });
    const row = await makeMaterial(M, { materialName: '巽乾坤', nameEn: null });
    assert.deepEqual(ids(await materials(M, '巽乾坤'), 'material'), [row.id]);
});

test('posting leaves the index alone', async () => {
    const row = await makeMaterial(M);
    const index = () => server.sql('SELECT rowid, terms FROM search_tokens ORDER BY rowid');
    const earlier = await index();
    await stockUp(U, M, row.id, 5);
    assert.deepEqual(await index(), earlier);
    assert.equal((await getMaterial(M, row.id)).current_stock, 5);
});

/** A copy of the database with this done to it. */
async function copyWith(script) {
    const copy = new Server({});
    await server.database.copyTo(copy.database);
    await copy.sql(script);
    return copy;
}

test('verify finds what the index lacks, and what it has too many', async () => {
    for (const script of ['DELETE FROM search_tokens WHERE rowid = (SELECT MAX(rowid) FROM search_tokens)', "INSERT INTO search_tokens (rowid, terms) VALUES (2251799813685248 + 999999, 'lx')"]) {
        const copy = await copyWith(script);
        try {
            const { code, output } = await copy.verify();
            assert.ok(code > 0 && /FAIL {2}the search index holds exactly what there is/.test(output), output);
        } finally {
            copy.removeFolder();
        }
    }
});

test('rows of a database without an index are indexed by the next start, or by mms migrate', async () => {
    const copy = await copyWith('DELETE FROM search_tokens WHERE rowid > 2251799813685248 + 20; UPDATE search_fills SET version = 0, last_id = 0');
    try {
        const { code, output } = await copy.run(['migrate']);
        assert.equal(code, 0, output);
        await copy.verifyClean();
    } finally {
        copy.removeFolder();
    }
    await server.sql('DELETE FROM search_tokens; UPDATE search_fills SET version = 0, last_id = 0');
    await server.restart();
    await server.verifyClean();
    assert.ok(await agrees('氢气') > 0);
});
