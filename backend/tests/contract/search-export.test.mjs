// Section 10, and 12.5: they never worked in the older system.
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';
import { after, test } from 'node:test';

import { faults, logged, makeDocument, makeMaterial, makeUser, notPermitted, ok, open, people, shape, stockUp, unique } from './contract.mjs';

const place = await open();
after(place.end);
const P = await people(place), { A, M, U } = P;
const FOUND = { id: 'id', code: 'text', name: 'text', type: ['material', 'user', 'transaction'], title: 'text', description: 'text?' };
const search = async (client, q, type) => shape(ok(await client.get(`/search?q=${encodeURIComponent(q)}${type === undefined ? '' : `&type=${type}`}`), 200), [FOUND]);
const ids = (rows, type) => rows.filter((row) => row.type === type).map(({ id }) => id);

test('GET /search', async () => {
    const row = await makeMaterial(M, { materialName: unique('搜索'), description: '说明' });
    const mine = await makeDocument(U, row.id, 1), other = await makeUser(place, 'regular_user', { realName: row.materialName });
    const theirs = await makeDocument(other, row.id, 1);
    const [found] = await search(U, row.materialName, 'materials');
    assert.deepEqual(found, { id: row.id, code: row.materialCode, name: row.materialName, type: 'material', title: `${row.materialCode} - ${row.materialName}`, description: '说明' });
    const all = await search(A, row.materialName, 'all');
    assert.deepEqual([ids(all, 'material'), ids(all, 'user'), ids(all, 'transaction')], [[row.id], [other.id], [theirs.id, mine.id]]);
    assert.deepEqual(await search(A, row.materialName), all, 'all kinds without a type');
    assert.deepEqual(ids(await search(M, row.materialName, 'users'), 'user'), [], 'people are for administrators');
    assert.deepEqual(ids(await search(U, row.materialName), 'transaction'), [mine.id], 'documents of others are for managers');
    assert.deepEqual(ids(await search(U, mine.transactionCode.toLowerCase(), 'transactions'), 'transaction'), [mine.id]);
    assert.deepEqual(ids(await search(U, row.materialCode.toLowerCase()), 'material'), [row.id]);
    for (const q of ['', '   ', unique('nothing'), '%', '_', "' OR 1=1 --"])
        assert.deepEqual(await search(U, q, 'materials').then((rows) => rows.filter(({ id }) => id === row.id)), [], q);
    assert.deepEqual(ok(await U.get('/search'), 200), []);
    faults(await U.get('/search?q=x&type=nonsense'), { type: true });
    faults(await U.get(`/search?q=${'x'.repeat(101)}`), { q: true });
});

test('GET /search: at most ten of each kind', async () => {
    const word = unique('多');
    for (let i = 0; i < 11; i++)
        await makeMaterial(M, { materialName: `${word}-${i}` });
    assert.equal((await search(U, word)).length, 10);
});

/** The parts of a zip archive, by name. */
function unzip(bytes) {
    const parts = {};
    const end = bytes.lastIndexOf('PK\x05\x06');
    let at = bytes.readUInt32LE(end + 16);
    for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
        const [method, size, nameLength, extra, comment, local] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt16LE(at + 28),
            bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32), bytes.readUInt32LE(at + 42)];
        const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
        const packed = bytes.subarray(start, start + size);
        parts[bytes.toString('utf8', at + 46, at + 46 + nameLength)] = (method ? inflateRawSync(packed) : packed).toString();
        at += 46 + nameLength + extra + comment;
    }
    return parts;
}

/** {name, rows} of a workbook's first sheet; numbers as their text. */
function readSheet(bytes) {
    const parts = unzip(bytes);
    const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
    const strings = [...(parts['xl/sharedStrings.xml'] ?? '').matchAll(/<si><t[^>]*>([^<]*)<\/t><\/si>/g)].map(([, text]) => plain(text));
    const rows = [...parts['xl/worksheets/sheet1.xml'].matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row]) => {
        const cells = {};
        for (const [, column, attributes, kind, value] of row.matchAll(/<c r="([A-Z]+)\d+"([^>]*)>(<v>|<is><t[^>]*>)([^<]*)/g))
            cells[column] = kind !== '<v>' ? plain(value) : /t="s"/.test(attributes) ? strings[Number(value)] : Number(value);
        return 'ABCDEFGHIJ'.split('').map((column) => cells[column] ?? null);
    });
    return { name: parts['xl/workbook.xml'].match(/<sheet name="([^"]+)"/)[1], rows };
}

test('POST /export/materials', async () => {
    const row = await makeMaterial(M, { materialName: '<导出> & "氢"', category: 'metal', minStock: 0.1, maxStock: 9.5, location: 'A-1', description: '=1+1' });
    const other = await makeMaterial(M);
    await stockUp(P, row.id, 12.345);
    const answer = await M.post('/export/materials', { ids: [row.id, other.id] });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet');
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename=\S+\.xlsx$/);
    const { name, rows: [head, first, second, ...more] } = readSheet(answer.bytes);
    assert.deepEqual([name, more.length], ['物料列表', 0]);
    assert.deepEqual(head, ['物料编码', '物料名称', '类别', '单位', '当前库存', '最低库存', '最高库存', '存放位置', '描述', '创建时间']);
    assert.deepEqual(first.slice(0, 9), [row.materialCode, '<导出> & "氢"', '金属物料', 'kg', 12.345, 0.1, 9.5, 'A-1', '=1+1']);
    assert.match(first[9], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.deepEqual([second[0], second[2], second[4]], [other.materialCode, '化学物料', 0]);
    const all = readSheet((await A.post('/export/materials', {})).bytes);
    assert.ok(all.rows.length >= 3 && all.rows.some(([code]) => code === row.materialCode));
    assert.ok(!readSheet((await A.post('/export/materials', { ids: [987654321] })).bytes).rows.slice(1).length);
    await logged(place, { module: 'materials', action: 'export', userId: M.id });
    notPermitted(await U.post('/export/materials', {}));
    for (const ids of [['x'], 'abc', { a: row.id }])
        faults(await M.post('/export/materials', { ids }), { ids: true });
    assert.equal(readSheet((await M.post('/export/materials', { ids: [String(row.id)] })).bytes).rows.length, 2, 'ids as texts');
});
