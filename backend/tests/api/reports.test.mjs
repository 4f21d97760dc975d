// Reports over the ledger, held against what the moves add up to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accepted, approve, faulty, getMaterial, issueOf, makeMaterial, makeUser, post, receiptOf, refused, start } from './harness.mjs';

const DAY_MS = 86_400_000;
const ZONE_MS = 8 * 3_600_000; // Asia/Shanghai
const server = await start();
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager');
const get = async (path) => accepted(await admin.get(`/api/reports/${path}`), 200);
const dayOf = (ms) => new Date(ms + ZONE_MS).toISOString().slice(0, 10);
const near = (number) => Math.round(number * 1e6) / 1e6;
let steel, gas, still;

/** Posts, and lets it have happened that many days ago, at noon in Shanghai. */
async function postAgo(days, body) {
    const { id } = await post(M, admin, body);
    const noon = Math.floor((Date.now() + ZONE_MS) / DAY_MS) * DAY_MS - ZONE_MS + DAY_MS / 2 - days * DAY_MS;
    await server.database.vandalize(`UPDATE moves SET posted_at = ${noon} WHERE document_id = ${id}`);
    return noon;
}

/** The window of the most moved, as if it had last been shifted when it began at `from`; and when what has been put into the past moved last. */
async function recountFrom(from) {
    const sum = (what) => `COALESCE((SELECT ${what} FROM moves v WHERE v.material_id = materials.id AND v.posted_at >= ${from}), 0)`;
    await server.database.vandalize(`UPDATE recent_window SET from_at = ${from}, until_at = ${from + 30 * DAY_MS};
        UPDATE materials SET recent_moves = ${sum('COUNT(*)')},
            recent_received = ${sum('SUM(CASE WHEN v.stock_after > v.stock_before THEN v.quantity ELSE 0 END)')},
            recent_issued = ${sum('SUM(CASE WHEN v.stock_after < v.stock_before THEN v.quantity ELSE 0 END)')},
            last_moved_at = (SELECT v.posted_at FROM moves v WHERE v.material_id = materials.id AND v.seq = materials.move_count)`);
}

const windowBegin = () => start_of(dayOf(Date.now() - 29 * DAY_MS));

before(async () => {
    steel = await makeMaterial(M, { category: 'metal', materialCode: 'RPT-A', materialName: '报表钢' });
    gas = await makeMaterial(M, { materialCode: 'RPT-B' });
    still = await makeMaterial(M, { materialCode: 'RPT-C' });
    await postAgo(40, receiptOf(steel.id, 10, { unitPrice: 3 }));
    await postAgo(20, receiptOf(steel.id, 5.5, { unitPrice: 4.5 }));
    await postAgo(20, issueOf(steel.id, 2.25));
    await postAgo(10, issueOf(steel.id, 1));
    await postAgo(200, receiptOf(gas.id, 7, { unitPrice: 2 }));
    await recountFrom(0);
    await post(M, admin, receiptOf(steel.id, 1, { unitPrice: 1 }));
    const { id } = accepted(await M.post('/api/inventory', issueOf(gas.id, 1)), 201); // pending: in no report
    assert.ok(id);
});

/** The same from the moves themselves. */
async function expected(material, from, to) {
    const moves = await server.sql(`SELECT posted_at, stock_before, stock_after, value FROM moves WHERE material_id = ${material.id}`);
    const row = { opening: 0, received: 0, issued: 0, opening_value: 0, received_value: 0, issued_value: 0 };
    for (const { posted_at: at, stock_before: b, stock_after: a, value } of moves) {
        if (at >= to)
            continue;
        if (at < from) {
            row.opening += (a - b) / 1e6;
            row.opening_value += (Math.sign(a - b) * value) / 1e6;
        } else {
            row[a > b ? 'received' : 'issued'] += Math.abs(a - b) / 1e6;
            row[a > b ? 'received_value' : 'issued_value'] += value / 1e6;
        }
    }
    row.closing = row.opening + row.received - row.issued;
    row.closing_value = row.opening_value + row.received_value - row.issued_value;
    return Object.fromEntries(Object.entries(row).map(([name, number]) => [name, near(number)]));
}

const start_of = (day) => Date.parse(`${day}T00:00:00+08:00`);

test('opening, in, out, closing', async () => {
    const now = Date.now();
    for (const [first, last] of [[60, 0], [30, 15], [20, 20], [19, 11], [10, 0], [0, 0], [500, 300]]) {
        const from = dayOf(now - first * DAY_MS), to = dayOf(now - last * DAY_MS);
        const { list, total, page, pageSize } = await get(`stock-ledger?startDate=${from}&endDate=${to}`);
        assert.deepEqual([total, page, pageSize], [3, 1, 20]);
        assert.deepEqual(list.map((row) => row.material_code), ['RPT-A', 'RPT-B', 'RPT-C']);
        for (const [i, material] of [steel, gas, still].entries()) {
            const wanted = await expected(material, start_of(from), start_of(to) + DAY_MS);
            assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, list[i][name]])), wanted, `${from} ${to} ${material.material_code}`);
        }
    }
    const today = dayOf(now);
    // Of all that are asked for, whatever stands on a page of the list.
    for (const [first, last, query] of [[60, 0, ''], [19, 11, '&category=metal'], [30, 15, '&keyword=rpt-b'], [500, 300, '']]) {
        const asked = `startDate=${dayOf(now - first * DAY_MS)}&endDate=${dayOf(now - last * DAY_MS)}${query}`;
        const { list } = await get(`stock-ledger?${asked}`), { count, ...sums } = await get(`stock-ledger/sums?${asked}`);
        const names = ['opening_value', 'received_value', 'issued_value', 'closing_value'];
        assert.equal(count, list.length);
        assert.deepEqual(sums, Object.fromEntries(names.map((name) => [name, near(list.reduce((sum, row) => sum + row[name], 0))])), asked);
    }
    const [row] = (await get(`stock-ledger?startDate=2000-01-01&endDate=${today}&category=metal`)).list;
    const present = await getMaterial(admin, steel.id);
    assert.deepEqual([row.opening, row.closing], [0, present.current_stock]);
});

test('stock at the end of a day, and at an instant', async () => {
    const at = async (when, material) => (await get(`stock?at=${encodeURIComponent(when)}`)).list.find(({ id }) => id === material.id);
    const now = Date.now();
    assert.deepEqual([(await at(dayOf(now - 41 * DAY_MS), steel)).stock, (await at(dayOf(now - 40 * DAY_MS), steel)).stock], [0, 10]);
    assert.deepEqual([(await at(dayOf(now - 20 * DAY_MS), steel)).stock, (await at(dayOf(now - 20 * DAY_MS), steel)).value], [13.25, 46.8]);
    assert.equal((await at(dayOf(now), steel)).stock, (await getMaterial(admin, steel.id)).current_stock);
    const [{ posted_at: moment }] = await server.sql(`SELECT posted_at FROM moves WHERE material_id = ${gas.id}`);
    const iso = (ms) => new Date(ms).toISOString();
    assert.deepEqual([(await at(iso(moment - 1), gas)).stock, (await at(iso(moment), gas)).stock], [0, 7]);
    assert.equal((await at(iso(moment).slice(0, 19).replace('T', ' '), gas)).stock, 7);
});

test('what a stock of some time was worth, all together', async () => {
    for (const [days, query] of [[0, ''], [20, ''], [41, '&category=metal'], [300, ''], [5, '&keyword=nothing-like-it']]) {
        const asked = `at=${dayOf(Date.now() - days * DAY_MS)}${query}`;
        const { list } = await get(`stock?${asked}`);
        assert.deepEqual(await get(`stock/sums?${asked}`), { count: list.length, value: near(list.reduce((sum, { value }) => sum + value, 0)) }, asked);
    }
});

test('pages and filters', async () => {
    const day = dayOf(Date.now());
    const one = await get(`stock?at=${day}&page=2&pageSize=1`);
    assert.deepEqual([one.total, one.list.map(({ id }) => id)], [3, [gas.id]]);
    for (const [query, ids] of [['category=metal', [steel.id]], ['keyword=rpt-b', [gas.id]], ['keyword=报表', [steel.id]], ['keyword=%25', []], ['category=&keyword=', [steel.id, gas.id, still.id]]]) {
        const { list, total } = await get(`stock?at=${day}&${query}`);
        assert.deepEqual([list.map(({ id }) => id), total], [ids, ids.length], query);
    }
});

test('what moves most, and what does not', async () => {
    const most = await get('most-moved?days=30');
    assert.deepEqual(most.map(({ id, moves, received, issued }) => [id, moves, received, issued]), [[steel.id, 4, 6.5, 3.25]]);
    assert.deepEqual((await get('most-moved?days=365&limit=1')).map(({ id }) => id), [steel.id]);
    const slow = await get('slow-moving');
    assert.deepEqual(slow.map(({ id, current_stock }) => [id, current_stock]), [[gas.id, 7]]);
    assert.deepEqual(await get('slow-moving?days=300'), []);
    assert.deepEqual((await get('slow-moving?days=5')).map(({ id }) => id), [gas.id], 'fewer days than are kept');
});

test('the most moved of the last thirty days is read off what is kept, and agrees with the moves', async () => {
    const kept = await get('most-moved');
    assert.deepEqual(await server.value('SELECT from_at FROM recent_window'), windowBegin());
    await server.database.vandalize('UPDATE materials SET recent_moves = recent_moves + 100 WHERE recent_moves > 0');
    assert.deepEqual((await get('most-moved')).map(({ moves }) => moves), kept.map(({ moves }) => moves + 100));
    await server.database.vandalize('UPDATE recent_window SET from_at = from_at - 1'); // of other days: not used
    assert.deepEqual(await get('most-moved'), kept);
    await recountFrom(windowBegin());
    await server.verifyClean();
});

test('the window shifts with a posting, from however far', async () => {
    for (const days of [-60, -9, -1, 2, 400]) {
        await recountFrom(windowBegin() + days * DAY_MS);
        await server.verifyClean();
        await server.database.vandalize('UPDATE recent_window SET until_at = 0'); // also from later: another zone, a clock put right
        const asked = await get('most-moved'); // from the moves
        await post(M, admin, receiptOf(still.id, 1));
        assert.equal(await server.value('SELECT from_at FROM recent_window'), windowBegin());
        await server.verifyClean();
        const kept = await get('most-moved');
        assert.deepEqual(kept.filter(({ id }) => id !== still.id), asked.filter(({ id }) => id !== still.id), `${days} days`);
        assert.equal(kept.find(({ id }) => id === still.id).moves, 1 + (asked.find(({ id }) => id === still.id)?.moves ?? 0));
    }
});

test('sums beyond the range of a quantity', async () => {
    const most = 9_000_000_000_000, material = await makeMaterial(M, { materialCode: 'RPT-MOST' });
    const lines = Array.from({ length: 9 }, () => ({ materialId: material.id, quantity: most / 9 }));
    for (const [ago, body] of [[70, { transactionType: 'in' }], [69, { transactionType: 'out' }], [68, { transactionType: 'in', purpose: 'return' }], [67, { transactionType: 'out' }]]) {
        await postAgo(ago, { ...body, lines });
        await recountFrom(windowBegin());
    }
    await post(M, admin, { transactionType: 'in', purpose: 'return', lines });
    await post(M, admin, { transactionType: 'out', lines });
    const [row] = (await get(`stock-ledger?startDate=2000-01-01&endDate=${dayOf(Date.now())}&keyword=RPT-MOST`)).list;
    assert.deepEqual([row.opening, row.received, row.issued, row.closing], [0, most, most, 0], 'at most 9e12 is shown');
    for (const query of ['', '?days=29'])
        assert.deepEqual((await get(`most-moved${query}`)).filter(({ id }) => id === material.id).map(({ received, issued }) => [received, issued]), [[most, most]]);
    const { id } = accepted(await M.post('/api/inventory', { transactionType: 'in', purpose: 'return', lines }), 201);
    refused(await approve(admin, id), 400, 'amount_too_large', '金额或数量超出范围');
    await server.verifyClean();
});

test('what is no period, no moment, no number', async () => {
    faulty(await admin.get('/api/reports/stock-ledger'), { startDate: '请输入日期', endDate: '请输入日期' });
    faulty(await admin.get('/api/reports/stock-ledger?startDate=2026-02-30&endDate=x&category=wood&page=0&pageSize=9999'),
        { startDate: '应为 YYYY-MM-DD 格式的日期', endDate: '应为 YYYY-MM-DD 格式的日期', category: '类别必须是 chemical 或 metal', page: null, pageSize: null });
    faulty(await admin.get('/api/reports/stock-ledger?startDate=2026-02-02&endDate=2026-02-01'), { endDate: '结束日期不能早于开始日期' });
    faulty(await admin.get('/api/reports/stock?at=noon'), { at: null });
    faulty(await admin.get('/api/reports/slow-moving?days=-1'), { days: null });
});

test('a count and a reversal are in it as well', async () => {
    const material = await makeMaterial(M, { materialCode: 'RPT-D' });
    const { id } = await post(M, admin, receiptOf(material.id, 3, { unitPrice: 2 }));
    const reversal = accepted(await M.post(`/api/inventory/${id}/reverse`, { reason: '写错' }), 201);
    accepted(await approve(admin, reversal.id), 200);
    const day = dayOf(Date.now());
    const [row] = (await get(`stock-ledger?startDate=${day}&endDate=${day}&keyword=RPT-D`)).list;
    assert.deepEqual([row.opening, row.received, row.issued, row.closing, row.closing_value], [0, 3, 3, 0, 0]);
});

test('every quantity comes with the decimals of its material', async () => {
    const grams = await makeMaterial(M, { materialCode: 'RPT-Z', unit: 'g', qtyDecimals: 1, minStock: 100 });
    await post(M, admin, receiptOf(grams.id, 2.5, { unitPrice: 1 }));
    await post(M, admin, issueOf(grams.id, 0.5));
    const day = dayOf(Date.now());
    const read = async (path) => accepted(await admin.get(`/api/${path}`), 200);
    for (const path of [`reports/stock-ledger?startDate=${day}&endDate=${day}&pageSize=100`, `reports/stock?at=${day}&pageSize=100`, 'reports/most-moved?days=7&limit=100',
        'analysis/days-of-cover?pageSize=100', 'analysis/lots?pageSize=100', 'analysis/consumption?pageSize=100', 'dashboard/low-stock-materials',
        `inventory?materialId=${grams.id}`]) {
        const data = await read(path), row = (data.list ?? data).find(({ material_code: code }) => code === 'RPT-Z');
        assert.equal(row?.unit_decimals, 1, path);
    }
});
