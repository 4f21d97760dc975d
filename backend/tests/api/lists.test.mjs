// Lists: pages by number and by cursor, filters, sorting, totals, and what they refuse.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accepted, faulty, makeMaterial, makeUsers, post, issueOf, refused, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const MANY = 57;
const materials = [];
const list = async (query = '', path = '/api/materials') => accepted(await U.get(`${path}?${query}`), 200);
const codes = (data) => data.list.map((row) => row.material_code);
const newestFirst = () => materials.map((row) => row.material_code).reverse();

before(async () => {
    for (let i = 0; i < MANY; i++) {
        const metal = i % 3 === 0;
        materials.push(await makeMaterial(M, {
            materialCode: `L-${String((i * 37) % MANY).padStart(3, '0')}`, materialName: `${metal ? '钛板' : '氢气'}${i % 10}号`, nameEn: metal ? 'Titanium' : 'Hydrogen',
            category: metal ? 'metal' : 'chemical', subcategory: metal ? '板材' : '气体', unit: metal ? 'kg' : 'm3', minStock: i % 5 === 0 ? 10 : 0,
            ...(i === 7 && { casNo: '1333-74-0' }),
        }));
    }
    for (let i = 0; i < 10; i++)
        await stockUp(M, admin, materials[i].id, i + 5.5);
});

test('the first page by default: ten, newest first', async () => {
    const { list: rows, total, page, pageSize, nextCursor } = await list();
    assert.deepEqual([rows.length, total, page, pageSize, typeof nextCursor], [10, MANY, 1, 10, 'string']);
    assert.deepEqual(rows.map((row) => row.material_code), newestFirst().slice(0, 10));
});

test('pages by number cover everything once', async () => {
    const seen = [];
    for (let page = 1; page <= 6; page++) {
        const data = await list(`page=${page}&pageSize=10`);
        assert.deepEqual([data.page, data.pageSize, data.total], [page, 10, MANY]);
        seen.push(...codes(data));
    }
    assert.deepEqual(seen, newestFirst());
    const beyond = await list('page=7&pageSize=10');
    assert.deepEqual([beyond.list, beyond.total, beyond.nextCursor], [[], MANY, null]);
});

test('what the older page asks for to fill a select', async () => {
    const data = await list('page=1&pageSize=1000');
    assert.deepEqual([data.list.length, data.pageSize, data.nextCursor], [MANY, 1000, null]);
});

for (const sort of ['', '-created_at', 'created_at', 'material_code', '-material_code', 'material_name', '-material_name', 'current_stock', '-current_stock'])
    test(`pages by cursor cover everything once, in the order of sort=${sort}`, async () => {
        const whole = codes(await list(`pageSize=1000&sort=${sort}`));
        assert.deepEqual([...whole].sort(), newestFirst().sort());
        const seen = [];
        let cursor = '';
        for (let i = 0; i < 20 && cursor !== null; i++) {
            const data = await list(`pageSize=7&sort=${sort}&cursor=${encodeURIComponent(cursor)}`);
            assert.equal(data.total, MANY);
            seen.push(...codes(data));
            cursor = data.nextCursor;
        }
        assert.equal(cursor, null);
        assert.deepEqual(seen, whole);
    });

test('sorting by what it says', async () => {
    const by = async (sort) => (await list(`pageSize=1000&sort=${sort}`)).list;
    const sorted = materials.map((row) => row.material_code).sort();
    assert.deepEqual((await by('material_code')).map((row) => row.material_code), sorted);
    assert.deepEqual((await by('-material_code')).map((row) => row.material_code), sorted.reverse());
    assert.deepEqual((await by('created_at')).map((row) => row.material_code), newestFirst().reverse());
    const stocks = (await by('-current_stock')).map((row) => row.current_stock);
    assert.deepEqual(stocks, [...stocks].sort((a, b) => b - a));
    assert.equal(stocks[0], 14.5);
});

test('the cursor works with filters, and rows that are added meanwhile do no harm', async () => {
    const first = await list('pageSize=5&category=metal');
    await makeMaterial(M, { materialCode: 'LATE', category: 'metal' });
    const second = await list(`pageSize=5&category=metal&cursor=${encodeURIComponent(first.nextCursor)}`);
    const metals = newestFirst().filter((_, i) => (MANY - 1 - i) % 3 === 0);
    assert.deepEqual([...codes(first), ...codes(second)], metals.slice(0, 10));
    accepted(await admin.del(`/api/materials/${(await list('keyword=LATE')).list[0].id}`), 200);
});

test('keyword: code, name, English name, CAS; case and width do not matter', async () => {
    const count = async (keyword) => (await list(`pageSize=1000&keyword=${encodeURIComponent(keyword)}`)).total;
    const metals = materials.filter((row) => row.category === 'metal').length;
    assert.equal(await count('L-00'), 10);
    assert.equal(await count('l-00'), 10);
    assert.equal(await count('Ｌ－００'), 10);
    assert.equal(await count('钛板'), metals);
    assert.equal(await count('titan'), metals);
    assert.equal(await count('HYDROGEN'), MANY - metals);
    assert.equal(await count('1333-74-0'), 1);
    assert.equal(await count('no such thing'), 0);
    for (const literal of ['%', '_', '\\', "'", '"', '*', '?'])
        assert.equal(await count(literal), 0, `${literal} stands for itself`);
});

test('category, subcategory, unit, and several filters together', async () => {
    const metals = materials.filter((row) => row.category === 'metal').length;
    assert.equal((await list('category=metal')).total, metals);
    assert.equal((await list('category=chemical')).total, MANY - metals);
    assert.equal((await list(`subcategory=${encodeURIComponent('板材')}`)).total, metals);
    assert.equal((await list('unit=m3')).total, MANY - metals);
    assert.equal((await list('unit=nothing')).total, 0);
    assert.equal((await list(`category=metal&keyword=${encodeURIComponent('氢气')}`)).total, 0);
    const both = await list(`category=metal&keyword=${encodeURIComponent('钛板3')}&pageSize=100`);
    assert.ok(both.total > 0 && both.list.every((row) => row.category === 'metal' && row.material_name === '钛板3号'));
});

test('low stock follows the stock at once', async () => {
    const low = async () => (await list('lowStock=true&pageSize=1000')).list.map((row) => row.id).sort((a, b) => a - b);
    const wanted = materials.filter((_, i) => i % 5 === 0 && !(i < 10 && i + 5.5 > 10)).map((row) => row.id);
    assert.deepEqual(await low(), wanted);
    assert.equal((await list('lowStock=false')).total, MANY);
    const [empty] = wanted;
    await stockUp(M, admin, empty, 100);
    assert.deepEqual(await low(), wanted.filter((id) => id !== empty));
    await post(M, admin, issueOf(empty, 100));
    assert.deepEqual(await low(), wanted);
    assert.equal((await list('lowStock=true')).total, wanted.length);
});

test('totals of the filtered set, exact', async () => {
    const { totals } = await list('totals=true&category=metal&pageSize=1');
    const metals = (await list('category=metal&pageSize=1000')).list;
    const stock = metals.reduce((sum, row) => sum + row.current_stock, 0);
    assert.deepEqual(totals, { materials: metals.length, low_stock: metals.filter((row) => row.min_stock > 0 && row.current_stock <= row.min_stock).length, stock: [{ unit: 'kg', quantity: stock }] });
    const all = (await list('totals=true')).totals;
    assert.equal(all.materials, MANY);
    assert.deepEqual(all.stock.map((one) => one.unit).sort(), ['kg', 'm3']);
    assert.equal((await list('totals=true&keyword=nothing-like-it')).totals.materials, 0);
    assert.ok(!('totals' in await list()), 'only when asked for');
});

test('the total is right after every change', async () => {
    const total = async () => (await list()).total;
    const extra = await makeMaterial(M);
    assert.equal(await total(), MANY + 1);
    accepted(await M.post(`/api/materials/${extra.id}/retire`), 200);
    assert.equal(await total(), MANY);
    accepted(await M.post(`/api/materials/${extra.id}/restore`), 200);
    assert.equal(await total(), MANY + 1);
    accepted(await admin.del(`/api/materials/${extra.id}`), 200);
    assert.equal(await total(), MANY);
});

test('empty parameters mean no filter', async () => {
    const data = await list('status=&category=&keyword=&lowStock=&unit=&sort=&cursor=&page=&pageSize=');
    assert.deepEqual([data.total, data.page, data.pageSize], [MANY, 1, 10]);
});

test('pages that are none get 400 with the field', async () => {
    for (const path of ['/api/materials', '/api/inventory', '/api/inventory/mine'])
        for (const bad of ['abc', '0', '-1', '1001', '1.5', '99999999999999999999', '1%2C2', 'NaN'])
            faulty(await U.get(`${path}?pageSize=${bad}`), { pageSize: null });
    for (const bad of ['abc', '0', '-1', '1.5', '99999999999999999999'])
        faulty(await U.get(`/api/materials?page=${bad}`), { page: null });
    faulty(await U.get('/api/materials?page=0&pageSize=abc&sort=colour&category=wood&lowStock=maybe&status=x&cursor=zzz'),
        { page: null, pageSize: null, sort: null, category: null, lowStock: null, status: null, cursor: null });
    faulty(await admin.get('/api/users?pageSize=abc'), { pageSize: null });
});

test('a cursor is a place, not a piece of SQL', async () => {
    for (const cursor of ["1:1' OR 1=1--", '1', ':', '-1:5', '1:x', 'a:b'])
        faulty(await U.get(`/api/materials?cursor=${encodeURIComponent(cursor)}`), { cursor: null });
    const odd = await U.get(`/api/materials?sort=material_name&cursor=${encodeURIComponent("1:' OR 1=1 --")}`);
    assert.equal(odd.status, 200, 'any text is a place among names');
});

test('the document list has the same pages', async () => {
    const all = accepted(await M.get('/api/inventory?pageSize=1000'), 200);
    const seen = [];
    for (let cursor = ''; cursor !== null;) {
        const data = accepted(await M.get(`/api/inventory?pageSize=4&cursor=${encodeURIComponent(cursor)}`), 200);
        assert.equal(data.total, all.total);
        seen.push(...data.list.map((row) => row.id));
        cursor = data.nextCursor;
    }
    assert.deepEqual(seen, all.list.map((row) => row.id));
    assert.deepEqual(seen, [...seen].sort((a, b) => b - a), 'newest first');
});

test('numbers in a path or a query have one spelling', async () => {
    const id = materials[0].id;
    accepted(await U.get(`/api/materials/${id}`), 200);
    for (const other of [`0${id}`, `${id}.0`, `${id}e0`, `+${id}`, `-${id}`, `${id}%20`, '9223372036854775808'])
        refused(await U.get(`/api/materials/${other}`), 404, 'material_not_found', '物料不存在');
    for (const number of ['1e1', '010', '1.0', '+5', '-1', '0', '1001', '%205'])
        faulty(await U.get(`/api/materials?pageSize=${number}`), { pageSize: '应为 1 到 1000 的整数' });
    for (const number of ['1e0', '01', '1000001'])
        faulty(await U.get(`/api/materials?page=${number}`), { page: '应为 1 到 1000000 的整数' });
});
