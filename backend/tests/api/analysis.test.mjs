// What the pictures are drawn from, held against the moves, balances and documents themselves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { accepted, approve, faulty, getMaterial, issueOf, makeDocument, makeMaterial, makeUser, post, receiptOf, refused, reject, start } from './harness.mjs';

const DAY_MS = 86_400_000;
const ZONE_MS = 8 * 3_600_000; // Asia/Shanghai
const server = await start();
after(() => server.stop());
const admin = await server.admin();
const M = await makeUser(admin, 'inventory_manager');
const U = await makeUser(admin, 'regular_user');
const get = async (path, who = M) => accepted(await who.get(`/api/${path}`), 200);
const dayOf = (ms) => new Date(ms + ZONE_MS).toISOString().slice(0, 10);
const dayAgo = (days) => dayOf(Date.now() - days * DAY_MS);
const startOf = (day) => Date.parse(`${day}T00:00:00+08:00`);
const near = (number) => Math.round(number * 1e6) / 1e6;
const sum = (list, of) => near(list.reduce((all, one) => all + of(one), 0));
const EXPIRY = ['expired', '30', '90', '180', 'later', 'none'];
const AGE = ['30', '90', '180', '365', 'older'];
let acid, steel, gas, dear, shelf;

/** Posts, and lets it have happened that many days ago, at noon in Shanghai. */
async function postAgo(days, body) {
    const document = await post(M, admin, body);
    const noon = Math.floor((Date.now() + ZONE_MS) / DAY_MS) * DAY_MS - ZONE_MS + DAY_MS / 2 - days * DAY_MS;
    await server.database.vandalize(`UPDATE moves SET posted_at = ${noon} WHERE document_id = ${document.id}`);
    return document;
}

before(async () => {
    shelf = accepted(await M.post('/api/locations', { code: 'ACID', nameZh: '酸柜' }), 201);
    acid = await makeMaterial(M, { materialCode: 'ANA-A', minStock: 20, maxStock: 90, ghsPictograms: 'GHS05' });
    steel = await makeMaterial(M, { materialCode: 'ANA-B', category: 'metal' });
    gas = await makeMaterial(M, { materialCode: 'ANA-C' });
    dear = await makeMaterial(M, { materialCode: 'ANA-D', category: 'metal' });
    const lots = [[-1, 3], [0, 5], [30, 7.5], [31, 2], [91, 11], [180, 1], [181, 13], [null, 4]];
    for (const [i, [days, quantity]] of lots.entries())
        await postAgo(i * 60, { transactionType: 'in', lines: [{ materialId: acid.id, quantity, unitPrice: 3.33 + i, lotNo: `L${i}`, ...(days === null ? {} : { expiresOn: dayAgo(-days) }), ...(i % 2 ? { locationId: shelf.id } : {}) }] });
    for (const [i] of lots.entries())
        await server.database.vandalize(`UPDATE lots SET created_at = ${startOf(dayAgo(i * 60))} WHERE material_id = ${acid.id} AND lot_no = 'L${i}'`);
    await postAgo(400, receiptOf(steel.id, 700, { unitPrice: 2 }));
    await postAgo(400, receiptOf(dear.id, 9, { unitPrice: 100.01 }));
    await postAgo(100, receiptOf(gas.id, 7, { unitPrice: 0.1 }));
    for (let week = 0; week < 13; week++)
        await postAgo(week * 7 + 1, issueOf(steel.id, 10));
    await postAgo(3, { transactionType: 'in', purpose: 'return', materialId: steel.id, quantity: 4 });
    await postAgo(5, { transactionType: 'out', purpose: 'scrap', materialId: steel.id, quantity: 6 });
    await postAgo(40, issueOf(dear.id, 5));
    await postAgo(60, issueOf(gas.id, 2));
    await postAgo(20, issueOf(gas.id, 1));
    const wrong = await postAgo(2, issueOf(dear.id, 1));
    const { id } = accepted(await M.post(`/api/inventory/${wrong.id}/reverse`, { reason: '写错' }), 201);
    accepted(await approve(admin, id), 200);
});

test('value by days left: each lot in its class, and all of them the whole stock', async () => {
    const classes = await get('analysis/expiry');
    assert.deepEqual(classes.map(({ name }) => name), EXPIRY);
    assert.deepEqual(classes.map(({ lots }) => lots), [1, 2, 1, 2, 1, 4]);
    assert.deepEqual(classes.map(({ materials }) => materials), [1, 1, 1, 1, 1, 4]);
    assert.equal(sum(classes, ({ value }) => value), (await get('dashboard/stats')).totalInventoryValue);
});

test('the rows behind each class, and behind each place, make it', async () => {
    const places = (await get('analysis/places')).map((row) => ({ ...row, name: String(row.id) }));
    for (const [param, classes] of [['expiry', await get('analysis/expiry')], ['age', await get('analysis/ageing')], ['locationId', places]])
        for (const one of classes) {
            const { list, total } = await get(`analysis/lots?${param}=${one.name}&pageSize=1000`);
            assert.deepEqual([list.length, total, sum(list, ({ value }) => value), new Set(list.map((row) => row.material_id)).size],
                [one.lots, one.lots, one.value, one.materials], `${param} ${one.name}`);
        }
});

test('lots by age: a lot since its record, the rest since the last receipt from outside', async () => {
    const classes = await get('analysis/ageing');
    assert.deepEqual(classes.map(({ name }) => name), AGE);
    // Lots of 0, 60, …, 420 days; steel and dear of 400 (returns do not make it younger), gas of 100.
    assert.deepEqual(classes.map(({ lots }) => lots), [1, 1, 3, 3, 3]);
    assert.equal(sum(classes, ({ value }) => value), (await get('dashboard/stats')).totalInventoryValue);
    const [oldest] = (await get('analysis/lots?age=older')).list;
    assert.deepEqual([oldest.material_id, oldest.lot_no], [acid.id, 'L7']);
});

test('opening stock is received, what production gives back is not', async () => {
    const { id } = await makeMaterial(M, { materialCode: 'ANA-E' });
    await postAgo(200, { transactionType: 'in', purpose: 'opening', materialId: id, quantity: 5 });
    await postAgo(2, issueOf(id, 2));
    await postAgo(1, { transactionType: 'in', purpose: 'return', materialId: id, quantity: 1 });
    await server.database.vandalize(`UPDATE lots SET created_at = ${startOf(dayAgo(900))} WHERE material_id = ${id}`);
    await makeMaterial(M); // so that what was remembered is not used
    assert.ok((await get('analysis/lots?age=365')).list.some((row) => row.material_id === id));
    await postAgo(0, issueOf(id, 4));
});

test('a lot as a row: its own quantity, its share of the value, the first to expire first', async () => {
    const { list, page, pageSize, total } = await get(`analysis/lots?locationId=${shelf.id}&page=1&pageSize=3`);
    assert.deepEqual([list.length, page, pageSize, total], [3, 1, 3, 4]);
    assert.deepEqual(list.map((row) => row.lot_no), ['L1', 'L3', 'L5']);
    const { stock_value } = await server.sql(`SELECT stock_value FROM materials WHERE id = ${acid.id}`).then(([row]) => row);
    const all = (await get('analysis/lots?pageSize=1000')).list.filter((row) => row.material_id === acid.id);
    assert.equal(sum(all, ({ value }) => value), stock_value / 1e6);
    for (const row of all)
        assert.ok(Math.abs(row.value - row.quantity * (stock_value / 1e6) / 46.5) <= 0.0101, `${row.lot_no}: ${row.value}`);
    const l4 = all.find((row) => row.lot_no === 'L4');
    assert.deepEqual([l4.quantity, l4.expires_on, l4.location_code, l4.unit, l4.category], [11, dayAgo(-91), 'MAIN', 'kg', 'chemical']);
    assert.deepEqual((await get('analysis/lots?page=2&pageSize=6')).list.length, 5);
});

test('places: what is there, how many materials of which with a pictogram', async () => {
    const places = await get('analysis/places');
    const of = (id) => places.find((place) => place.id === id);
    assert.deepEqual(['lots', 'materials', 'hazardous', 'parent_id', 'name_zh'].map((name) => of(shelf.id)[name]), [4, 1, 1, null, '酸柜']);
    assert.deepEqual([of(5).lots, of(5).materials, of(5).hazardous], [7, 4, 1]);
    assert.equal(sum(places, ({ value }) => value), (await get('dashboard/stats')).totalInventoryValue);
});

test('days of cover: the present stock at the pace of the last ninety days, the shortest first', async () => {
    const { list, total } = await get('analysis/days-of-cover');
    const cover = (stock, used) => Math.round((90 * stock / used) * 10) / 10;
    const stock = async ({ id }) => (await getMaterial(M, id)).current_stock;
    assert.deepEqual(list.filter(({ current_stock }) => current_stock > 0).map(({ id, used, days }) => [id, used, days]), [
        [dear.id, 5, cover(await stock(dear), 5)],
        [gas.id, 3, cover(await stock(gas), 3)],
        [steel.id, 126, cover(await stock(steel), 126)], // 13 issues of ten, four came back; what was scrapped was not used
    ]);
    assert.deepEqual([total, list[0].days], [4, 0], 'what is used up comes first');
    assert.deepEqual((await get('analysis/days-of-cover?category=chemical&pageSize=1&page=2')).list.map(({ id }) => id), [gas.id]);
    await post(M, admin, issueOf(acid.id, 40));
    const now = await get('analysis/days-of-cover?pageSize=1&page=2');
    assert.deepEqual(now.list.map(({ id, current_stock, min_stock, max_stock, days }) => [id, current_stock, min_stock, max_stock, days]), [[acid.id, 6.5, 20, 90, 14.6]]);
    assert.equal(now.total, 5);
});

test('the flow of value: every day, and the stock at its end', async () => {
    const moves = await server.sql('SELECT document_id, posted_at, stock_before, stock_after, value FROM moves');
    const flow = await get('analysis/flow?days=120');
    assert.equal(flow.length, 120);
    assert.deepEqual([flow[0].date, flow.at(-1).date], [dayAgo(119), dayAgo(0)]);
    for (const day of flow) {
        const of = (came) => moves.filter((v) => dayOf(v.posted_at) === day.date && (v.stock_after > v.stock_before) === came);
        const count = (list) => new Set(list.map((v) => v.document_id)).size;
        const until = moves.filter((v) => v.posted_at < startOf(day.date) + DAY_MS);
        assert.deepEqual([day.receipts, day.issues, day.received_value, day.issued_value, day.closing_value],
            [count(of(true)), count(of(false)), sum(of(true), (v) => v.value / 1e6), sum(of(false), (v) => v.value / 1e6),
                sum(until, (v) => Math.sign(v.stock_after - v.stock_before) * v.value / 1e6)], day.date);
    }
    assert.equal(flow.at(-1).closing_value, (await get('dashboard/stats')).totalInventoryValue);
    assert.equal((await get('analysis/flow', U)).length, 30);
});

test('what was posted on a day', async () => {
    const flow = await get('analysis/flow');
    for (const day of flow.slice(-8)) {
        const all = await get(`analysis/posted?date=${day.date}`), out = await get(`analysis/posted?date=${day.date}&type=out`);
        assert.deepEqual([all.total, out.total], [day.receipts + day.issues, day.issues], day.date);
        for (const row of all.list)
            assert.equal((await get(`inventory/${row.id}`)).transaction_code, row.transaction_code);
    }
    assert.equal((await get('analysis/posted', U)).total, 0, 'only one\'s own');
    await post(U, admin, receiptOf(gas.id, 1));
    assert.equal((await get('analysis/posted', U)).total, 1);
    assert.equal((await get('analysis/posted?pageSize=1')).list[0].material_name, gas.material_name, 'the latest first');
});

test('ABC and XYZ are as reckoned by hand', async () => {
    for (const [period, part] of [['quarter', 7], ['year', 28]]) {
        const begin = startOf(dayAgo(13 * part - 1)), length = part * DAY_MS;
        const moves = (await server.sql('SELECT material_id, from_location_id, to_location_id, quantity, value, posted_at FROM moves')).filter((v) => v.posted_at >= begin);
        const used = new Map();
        for (const v of moves) {
            const sign = v.to_location_id === 2 ? 1 : v.from_location_id === 2 ? -1 : 0;
            const one = used.get(v.material_id) ?? used.set(v.material_id, { id: v.material_id, value: 0, parts: Array(13).fill(0) }).get(v.material_id);
            one.value += sign * v.value / 1e6;
            one.parts[Math.floor((v.posted_at - begin) / length)] += sign * v.quantity / 1e6;
        }
        const rows = [...used.values()].filter(({ parts }) => parts.some((n) => n > 0)).sort((a, b) => b.value - a.value);
        const whole = sum(rows, ({ value }) => value);
        let before = 0;
        for (const row of rows) {
            const parts = row.parts.map((n) => Math.max(0, n)), mean = sum(parts, (n) => n) / 13;
            const deviation = Math.sqrt(sum(parts, (n) => (n - mean) ** 2) / 13) / mean;
            row.abc = before < whole * 0.8 ? 'A' : before < whole * 0.95 ? 'B' : 'C';
            row.xyz = deviation <= 0.5 ? 'X' : deviation <= 1 ? 'Y' : 'Z';
            before += row.value;
            row.percent = Math.round((before / whole) * 10_000) / 100;
        }
        const told = await get(`analysis/consumption?period=${period}`);
        assert.deepEqual(told.list.map(({ id, value, abc, xyz, percent_up_to_here }) => [id, value, abc, xyz, percent_up_to_here]),
            rows.map(({ id, value, abc, xyz, percent }) => [id, near(value), abc, xyz, percent]), period);
        assert.equal(told.value, whole);
        assert.equal(told.cells.length, 9);
        for (const { abc, xyz, materials, value } of told.cells) {
            const { list, total } = await get(`analysis/consumption?period=${period}&abc=${abc}&xyz=${xyz}`);
            assert.deepEqual([total, list.length, sum(list, (row) => row.value)], [materials, materials, value], abc + xyz);
            assert.ok(list.every((row) => row.abc === abc && row.xyz === xyz));
        }
        assert.equal(told.list.find(({ id }) => id === steel.id).xyz, period === 'quarter' ? 'X' : 'Z', 'ten every week, and nothing before');
        assert.equal(told.list.find(({ id }) => id === dear.id).xyz, 'Z', 'once');
    }
});

test('turnover: twelve months that join, and days by what was used', async () => {
    const rows = await get('analysis/turnover'), moves = await server.sql(
        'SELECT m.category, v.posted_at, v.from_location_id, v.to_location_id, v.value FROM moves v JOIN materials m ON m.id = v.material_id');
    assert.equal(rows.length, 24);
    for (const category of ['chemical', 'metal']) {
        const months = rows.filter((row) => row.category === category);
        assert.equal(months.at(-1).month, dayAgo(0).slice(0, 7));
        assert.equal(months.at(-1).days, Number(dayAgo(0).slice(8)));
        for (const [i, row] of months.entries()) {
            if (i)
                assert.deepEqual(row.opening_value, months[i - 1].closing_value, row.month);
            const used = sum(moves.filter((v) => v.category === category && dayOf(v.posted_at).startsWith(row.month)),
                (v) => (v.to_location_id === 2 ? v.value : v.from_location_id === 2 ? -v.value : 0) / 1e6);
            assert.equal(row.used_value, used, row.month);
            const days = ((row.opening_value + row.closing_value) / 2) * row.days / used;
            assert.equal(row.turnover_days, used > 0 ? Math.round(near(days) * 10) / 10 : null, row.month);
        }
        const [worth] = (await get('dashboard/materials-by-category')).filter((row) => row.category === category);
        assert.equal(months.at(-1).closing_value, worth.stock_value);
    }
});

test('how long decisions take, how long others wait, and which they are', async () => {
    const before = await get('analysis/approval-times');
    assert.deepEqual(before.map(({ name }) => name), ['1h', '4h', '1d', '3d', 'longer']);
    const HOUR = 3_600_000, now = Date.now();
    const aged = async (hours, decide) => {
        const { id } = await makeDocument(U, receiptOf(gas.id, 1));
        if (decide)
            accepted(await decide(id), 200);
        await server.database.vandalize(`UPDATE documents SET created_at = ${now - hours * HOUR} WHERE id = ${id}`);
        return id;
    };
    const yes = (id) => approve(M, id), no = (id) => reject(M, id, '不要');
    const ids = [await aged(3, yes), await aged(23, no), await aged(71), await aged(73, yes), await aged(100 * 24), await aged(100 * 24, yes)];
    await makeDocument(U, receiptOf(gas.id, 1)); // so that what was remembered is not used
    const times = await get('analysis/approval-times', U);
    const more = times.map((row, i) => [row.approved - before[i].approved, row.rejected - before[i].rejected, row.pending - before[i].pending]);
    // The decision of a hundred days ago is out of sight; what has waited so long is not.
    assert.deepEqual(more, [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]]);
    for (const { name, ...counts } of times)
        for (const [status, n] of Object.entries(counts))
            assert.equal((await get(`analysis/decisions?took=${name}&status=${status}`)).total, n, `${name} ${status}`);
    const longest = await get('analysis/decisions?pageSize=2', U);
    assert.deepEqual(longest.list.map(({ id, status }) => [id, status]), [[ids[4], 'pending'], [ids[3], 'approved']]);
    assert.ok(Math.abs(longest.list[0].minutes - 100 * 24 * 60) <= 2, longest.list[0].minutes);
    const stranger = await makeUser(admin, 'regular_user');
    assert.equal((await get('analysis/decisions', stranger)).total, 0, 'only one\'s own');
});

test('what was paid: purchases with a price, the latest first', async () => {
    const prices = await get(`materials/${acid.id}/prices`);
    assert.equal(prices.length, 8);
    assert.deepEqual(prices.map(({ unit_price }) => unit_price).sort((a, b) => a - b), Array.from({ length: 8 }, (_, i) => near(3.33 + i)));
    for (const { document_id, transaction_code, quantity, unit_price, amount } of prices) {
        const document = await get(`inventory/${document_id}`);
        assert.deepEqual([document.transaction_code, document.lines[0].quantity, document.lines[0].unit_price, document.lines[0].amount], [transaction_code, quantity, unit_price, amount]);
    }
    assert.deepEqual((await get(`materials/${steel.id}/prices`)).map(({ quantity, unit_price }) => [quantity, unit_price]), [[700, 2]], 'a return was not bought');
    refused(await M.get('/api/materials/987654/prices'), 404, 'material_not_found', '物料不存在');
});

test('decimals are text for who asks for text', async () => {
    const { body } = await M.get('/api/analysis/days-of-cover', { headers: { accept: 'application/json;numbers=text' } });
    assert.equal(typeof body.data.list[0].days, 'string');
    assert.equal(typeof body.data.list[0].current_stock, 'string');
});

test('what is no class, no period, no day', async () => {
    faulty(await M.get('/api/analysis/lots?expiry=soon&age=31&locationId=x&page=0&pageSize=5000'), { expiry: null, age: null, locationId: null, page: null, pageSize: null });
    faulty(await M.get('/api/analysis/consumption?period=decade&abc=D&xyz=W'), { period: null, abc: null, xyz: null });
    faulty(await M.get('/api/analysis/flow?days=400'), { days: null });
    faulty(await M.get('/api/analysis/days-of-cover?category=wood'), { category: null });
    faulty(await M.get('/api/analysis/decisions?took=ever&status=lost'), { took: null, status: null });
    faulty(await M.get('/api/analysis/posted?date=2026-02-30&type=sideways'), { date: '应为 YYYY-MM-DD 格式的日期', type: null });
});

test('quantities and values at the end of the range', async () => {
    const most = 9_000_000_000_000, material = await makeMaterial(M, { materialCode: 'ANA-MOST' });
    const lines = Array.from({ length: 9 }, () => ({ materialId: material.id, quantity: most / 9 }));
    for (let i = 0; i < 3; i++) {
        await post(M, admin, { transactionType: 'in', purpose: i ? 'return' : 'purchase', lines });
        await post(M, admin, { transactionType: 'out', lines });
        await server.database.vandalize(`UPDATE materials SET recent_received = 0, recent_issued = 0 WHERE id = ${material.id}`);
    }
    await post(M, admin, { transactionType: 'out', lines: [{ materialId: gas.id, quantity: 1 }] });
    const row = (await get('analysis/days-of-cover?pageSize=1000')).list.find(({ id }) => id === material.id);
    assert.deepEqual([row.used, row.days], [most, 0]);
    for (const path of ['flow', 'consumption', 'turnover', 'expiry', 'ageing', 'places', 'lots'])
        await get(`analysis/${path}`);
    assert.equal((await get('analysis/consumption?pageSize=1000')).list.find(({ id }) => id === material.id).xyz, 'Z');
});

test('the administrator sees how the program fares', async () => {
    const metrics = await get('admin/metrics', admin);
    assert.deepEqual(metrics.lanes.map(({ name }) => name), ['read', 'write', 'slow', 'probe']);
    assert.ok(metrics.queues.some(({ name }) => name === 'writer'));
    const total = (bars) => bars.reduce((all, { count }) => all + count, 0);
    assert.ok(total(metrics.lanes[1].took) >= 50 && metrics.writer.commits > 0);
    assert.equal(total(metrics.writer.commit), metrics.writer.commits);
    for (const bars of [metrics.lanes[0].took, metrics.queues[0].wait, metrics.writer.group]) {
        assert.equal(bars.at(-1).up_to, null);
        assert.deepEqual(bars.slice(0, -1).map(({ up_to }) => up_to), bars.slice(0, -1).map(({ up_to }) => up_to).sort((a, b) => a - b));
    }
    refused(await M.get('/api/admin/metrics'), 403, 'permission_missing', '权限不足，无法执行此操作');
});
