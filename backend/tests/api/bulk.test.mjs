// One change to many materials: looked at first, made as the single calls make it, wholly or not at all.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Client, accepted, faulty, forbidden, getMaterial, issueOf, makeDocument, makeMaterial, makeUsers, materialBody, receiptOf, refused, start, stockUp, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, N, U } = await makeUsers(admin, { M: 'inventory_manager', N: 'inventory_manager', U: 'regular_user' });
const PATH = '/api/materials/bulk';
const HAS_STOCK = ['material_has_stock', '物料仍有库存，无法停用'];
const bulk = async (client, action, of, more = {}) => accepted(await client.post(PATH, { action, ...of, ...more }), 200, more.preview ? undefined : '批量操作已完成');
const preview = (client, action, of, more = {}) => bulk(client, action, of, { ...more, preview: true });
const make = async (count, more) => (await Promise.all(Array.from({ length: count }, () => makeMaterial(M, more)))).sort((a, b) => a.id - b.id);
const idsOf = (rows) => rows.map((row) => row.id);
const read = (rows) => Promise.all(rows.map((row) => getMaterial(M, row.id)));
const logOf = async (id) => server.sql(`SELECT user_id, action, description, changes FROM operation_log WHERE resource_type = 'material' AND resource_id = ${id} ORDER BY id`);
const logEnd = async () => Number(await server.value('SELECT MAX(id) FROM operation_log'));
const counts = ({ matched, would_change, unchanged, refused_count, changed }) => [matched, would_change, unchanged, refused_count, changed];

/** `count` materials by SQL, with what goes with them. */
async function fill(prefix, count, more = '') {
    await server.sql(`INSERT INTO materials (material_code, code_fold, material_name, name_fold, category, unit_id, location, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        SELECT '${prefix}' || i, LOWER('${prefix}' || i), '物料' || i, '物料' || i, CASE i % 3 WHEN 0 THEN 'metal' ELSE 'chemical' END,
            (SELECT MIN(id) FROM units), CASE i % 5 WHEN 0 THEN 'Z-9' END, 1700000000000 + i, 1700000000000 FROM n`);
    await server.sql(`INSERT INTO lots (material_id, lot_no, created_at) SELECT id, '', 0 FROM materials WHERE code_fold LIKE LOWER('${prefix}%')`);
    await server.sql(`UPDATE change_counters SET materials = materials + 1${more}`);
}

test('a place for many: looked at, made, logged, and the second time there is nothing to do', async () => {
    const rows = await make(4, { location: 'A-1' }), [there, ...others] = rows, of = { ids: idsOf(rows) }, value = { value: ' B-2 ' };
    accepted(await M.put(`/api/materials/${there.id}`, { location: 'B-2' }), 200);
    const before = await read(rows), end = await logEnd();
    const looked = await preview(M, 'set_location', of, value);
    assert.deepEqual(looked, { action: 'set_location', matched: 4, would_change: 3, unchanged: 1, refused: [], refused_count: 0, changed: 0, preview: true });
    assert.deepEqual([await read(rows), await logEnd()], [before, end], 'looking changes nothing');
    assert.deepEqual(await bulk(N, 'set_location', of, value), { ...looked, changed: 3, preview: false });
    for (const [i, row] of (await read(others)).entries())
        assert.deepEqual([row.location, row.version, row.category], ['B-2', before[i + 1].version + 1, before[i + 1].category]);
    assert.equal((await getMaterial(M, there.id)).version, before[0].version);
    const [, entry, ...more] = await logOf(others[0].id);
    assert.deepEqual([Number(entry.user_id), entry.action, entry.description, JSON.parse(entry.changes), more.length],
        [N.user.id, 'update', `更新物料: ${others[0].material_name}`, { location: { old: 'A-1', new: 'B-2' } }, 0]);
    assert.deepEqual(counts(await bulk(N, 'set_location', of, value)), [4, 0, 4, 0, 0]);
    assert.deepEqual(counts(await bulk(N, 'set_location', of, { value: '' })), [4, 4, 0, 0, 4], 'an empty text takes it away');
    assert.equal((await getMaterial(M, there.id)).location, null);
    await server.verifyClean();
});

test('a category: kept figures follow', async () => {
    const rows = await make(3, { category: 'chemical' });
    await stockUp(M, admin, rows[0].id, 5, { unitPrice: 2 });
    assert.deepEqual(counts(await bulk(M, 'set_category', { ids: idsOf(rows) }, { value: 'metal' })), [3, 3, 0, 0, 3]);
    assert.deepEqual((await read(rows)).map((row) => row.category), ['metal', 'metal', 'metal']);
    await server.verifyClean();
});

test('retiring: what has stock or waits stays, told as the single call tells it; restoring', async () => {
    const rows = await make(5), [stocked, waiting, retired, ...free] = rows, gone = 987654321;
    await stockUp(M, admin, stocked.id, 5);
    await makeDocument(M, receiptOf(waiting.id, 1));
    accepted(await M.post(`/api/materials/${retired.id}/retire`), 200);
    const single = [];
    for (const id of [stocked.id, waiting.id, gone]) {
        const { body } = await M.post(`/api/materials/${id}/retire`);
        single.push([body.code, body.message]);
    }
    assert.deepEqual(single[0], HAS_STOCK);
    const of = { ids: [...idsOf(rows), gone, rows[0].id, String(rows[1].id)] };
    const looked = await preview(M, 'retire', of), done = await bulk(M, 'retire', of);
    assert.deepEqual([counts(looked), counts(done)], [[6, 2, 1, 3, 0], [6, 2, 1, 3, 2]]);
    assert.deepEqual(done.refused, looked.refused);
    assert.deepEqual(done.refused.map((one) => [one.id, one.material_code, one.material_name, one.code, one.reason]),
        [stocked, waiting, { id: gone, material_code: null, material_name: null }].map((row, i) => [row.id, row.material_code, row.material_name, ...single[i]]));
    assert.deepEqual((await read(rows)).map((row) => row.status), ['active', 'active', 'retired', 'retired', 'retired']);
    assert.match((await logOf(free[0].id)).at(-1).description, /^停用物料: /);
    const english = accepted(await M.post(PATH, { action: 'retire', ...of, preview: true }, { headers: { 'accept-language': 'en' } }), 200);
    assert.equal(english.refused[0].reason, 'The material still has stock and cannot be retired');
    assert.deepEqual(counts(await bulk(M, 'restore', of)), [6, 3, 2, 1, 3]);
    assert.deepEqual((await read(rows)).map((row) => row.status), Array(5).fill('active'));
    await server.verifyClean();
});

test('a filter means the rows that the list shows', async () => {
    const prefix = unique('FILT').replace(/\W/g, '');
    await fill(prefix, 60);
    for (const filter of [{ keyword: prefix }, { keyword: prefix.toLowerCase(), category: 'metal' }, { keyword: prefix, status: 'all', sort: '-created_at', page: 7, pageSize: 1, cursor: 'x', totals: true },
        { keyword: prefix, lowStock: true }, { keyword: prefix, lowStock: 'false' }, { keyword: prefix, status: 'retired' }, { keyword: `${prefix}1`, category: null, unit: '' }, { category: 'metal' }, {},
        { keyword: '%' }, { keyword: 'nothing-has-this' }]) {
        const { sort, page, pageSize, cursor, totals, ...wanted } = filter;
        const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== null)).toString();
        const { list } = accepted(await M.get(`/api/materials?pageSize=1000&${query}`), 200);
        const looked = await preview(M, 'set_location', { filter }, { value: 'Q-1' });
        assert.deepEqual(looked, await preview(M, 'set_location', { ids: idsOf(list).length ? idsOf(list) : [1] }, { value: 'Q-1' }).then((by) => (list.length ? by : { ...by, matched: 0, would_change: 0, unchanged: 0, refused: [], refused_count: 0 })),
            JSON.stringify(filter));
        assert.equal(looked.matched, list.length);
    }
    assert.deepEqual(counts(await bulk(M, 'set_location', { filter: { keyword: prefix, category: 'metal' } }, { value: 'Q-1' })), [20, 20, 0, 0, 20]);
    assert.deepEqual(await server.sql(`SELECT category, COUNT(*) AS n FROM materials WHERE location = 'Q-1' GROUP BY category`).then((rows) => rows.map((row) => [row.category, Number(row.n)])), [['metal', 20]]);
    for (const [action, status] of [['retire', 'active'], ['restore', 'retired']]) // what SQL made is in the index then
        assert.deepEqual(counts(await bulk(M, action, { filter: { keyword: prefix, status } })), [60, 60, 0, 0, 60]);
    await server.verifyClean();
});

test('what is not acceptable changes nothing', async () => {
    const { id } = await makeMaterial(M), ids = [id], end = await logEnd();
    faulty(await M.post(PATH, {}), { action: '请指明要做的操作' });
    faulty(await M.post(PATH, { action: 'delete', ids }), { action: '不支持的操作' });
    for (const of of [{}, { ids, filter: {} }, { ids: null, filter: null }])
        faulty(await M.post(PATH, { action: 'retire', ...of }), { ids: '请在 ids 与 filter 中选择其一' });
    for (const bad of [[], ['x'], [0], [-1], [1.5], [null], 'all', { 0: id }, Array(10001).fill(id)])
        faulty(await M.post(PATH, { action: 'retire', ids: bad }), { ids: 'ids 应为 1 到 10000 个物料ID' });
    faulty(await M.post(PATH, { action: 'set_location', ids }), { value: '请填写库位（清除库位请传空文本）' });
    for (const value of [undefined, null, '', 'gas', 'CHEMICAL'])
        faulty(await M.post(PATH, { action: 'set_category', ids, value }), { value: '类别必须是 chemical 或 metal' });
    faulty(await M.post(PATH, { action: 'set_location', ids, value: 'x'.repeat(201) }), { value: null });
    faulty(await M.post(PATH, { action: 'set_location', ids, value: 7 }), { value: null });
    for (const filter of [[], 'all', 1, true])
        faulty(await M.post(PATH, { action: 'retire', filter }), { filter: '应为 JSON 对象' });
    faulty(await M.post(PATH, { action: 'retire', filter: { catgory: 'metal', keyword: ['x'], low_stock: true } }),
        { 'filter.catgory': '没有此筛选条件', 'filter.keyword': '应为文本', 'filter.low_stock': '没有此筛选条件' });
    faulty(await M.post(PATH, { action: 'retire', filter: { status: 'gone', category: 5, lowStock: 'maybe' } }), { status: null, category: null, lowStock: null });
    faulty(await M.post(PATH, { action: 'retire', ids, preview: 'perhaps' }), { preview: null });
    assert.equal(await logEnd(), end);
    assert.equal((await getMaterial(M, id)).status, 'active');
});

test('who may', async () => {
    const { id } = await makeMaterial(M), body = { action: 'retire', ids: [id] };
    forbidden(await U.post(PATH, body), 'material.write');
    refused(await server.client().post(PATH, body), 401, 'token_missing', '访问令牌缺失，请先登录');
    const { token } = accepted(await M.post('/api/profile/tokens', { name: '脚本', scopes: 'material.read' }), 201);
    server.secrets.push(token);
    forbidden(await new Client(server, token).post(PATH, { ...body, preview: true }), 'material.write');
    assert.equal((await getMaterial(M, id)).status, 'active');
});

test('more than two hundred that are refused: the first by id, and how many', async () => {
    const ids = Array.from({ length: 1234 }, (_, i) => 800_000_000 + i);
    const told = await bulk(M, 'retire', { ids: ids.reverse() });
    assert.deepEqual([told.matched, told.refused_count, told.refused.length, told.refused[0].id, told.refused[199].id, told.changed], [1234, 1234, 200, 800_000_000, 800_000_199, 0]);
    await server.verifyClean();
});

test('very many in one: the log is a chain, the figures and the index are right, one key makes it once', async () => {
    const prefix = unique('MANY').replace(/\W/g, '');
    await fill(prefix, 2500);
    const filter = { keyword: prefix }, end = await logEnd(), headers = { 'idempotency-key': unique('bulk') };
    const first = accepted(await M.post(PATH, { action: 'retire', filter }, { headers }), 200);
    assert.deepEqual(counts(first), [2500, 2500, 0, 0, 2500]);
    assert.deepEqual(accepted(await M.post(PATH, { action: 'retire', filter }, { headers }), 200), first);
    assert.equal(await logEnd() - end, 2500);
    assert.equal(accepted(await M.get(`/api/materials?keyword=${prefix}`), 200).total, 0);
    assert.equal(accepted(await M.get(`/api/materials/sums?keyword=${prefix}&status=retired`), 200).count, 2500);
    assert.deepEqual(counts(await bulk(M, 'restore', { filter: { ...filter, status: 'retired' } })), [2500, 2500, 0, 0, 2500]);
    assert.deepEqual(counts(await bulk(M, 'set_category', { filter }, { value: 'metal' })), [2500, 1667, 833, 0, 1667]);
    const { code, output } = await server.run(['audit', 'verify']);
    assert.equal(code, 0, output);
});

test('a filter that leaves more than ten thousand is refused', async () => {
    const prefix = unique('HUGE').replace(/\W/g, '');
    await fill(prefix, 10_001);
    for (const more of [{}, { preview: true }])
        faulty(await M.post(PATH, { action: 'retire', filter: { keyword: prefix }, ...more }), { filter: '筛选出的物料超过 10000 种，请缩小范围' });
    assert.equal((await preview(M, 'retire', { filter: { keyword: prefix, category: 'metal' } })).matched, 3333);
    await server.sql(`DELETE FROM lots WHERE material_id IN (SELECT id FROM materials WHERE code_fold LIKE LOWER('${prefix}%'))`);
    await server.sql(`DELETE FROM materials WHERE code_fold LIKE LOWER('${prefix}%')`);
});

test('two at a time: each material changes once, and each call says what it did', async () => {
    for (let round = 0; round < 5; round++) {
        const rows = await make(30), of = { ids: idsOf(rows) };
        const [a, b, c, d] = await Promise.all([bulk(M, 'retire', of), bulk(N, 'retire', of), bulk(M, 'set_location', of, { value: 'R-1' }), bulk(N, 'set_location', of, { value: 'R-2' })]);
        assert.deepEqual([a.changed + b.changed, a.unchanged + b.unchanged, c.changed, d.changed], [30, 30, 30, 30]);
        const now = await read(rows);
        assert.ok(now.every((row) => row.status === 'retired' && row.location === now[0].location && row.version === rows[0].version + 3));
    }
});

test('beside receipts and issues: what is approved first is not retired, and nothing is both', async () => {
    const rows = await make(20);
    const [done, ...documents] = await Promise.all([bulk(N, 'retire', { ids: idsOf(rows) }), ...rows.map((row) => M.post('/api/inventory', receiptOf(row.id, 1)))]);
    const waiting = documents.filter((answer) => answer.status === 201).length;
    assert.equal(done.changed + waiting, 20, 'each is retired, or has a document that waits');
    for (const answer of documents.filter((one) => one.status !== 201))
        refused(answer, 400, 'material_retired', answer.body.message);
    await server.verifyClean();
});

test('a material that has broken a rule since is told with the field\'s words', async () => {
    const { id } = await makeMaterial(M, { category: 'chemical' });
    await server.sql(`UPDATE materials SET min_stock = 5000000, max_stock = 1000000 WHERE id = ${id}`);
    const { refused: [row], changed } = await bulk(M, 'set_category', { ids: [id] }, { value: 'metal' });
    assert.deepEqual([row.id, row.code, row.reason, changed], [id, 'invalid_input', '最高库存不能低于最低库存', 0]);
    assert.equal((await getMaterial(M, id)).category, 'chemical');
});
