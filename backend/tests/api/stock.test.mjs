// Too little stock, lots, places, decimals, exact arithmetic.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, approve, faulty, getDocument, getMaterial, issueOf, makeDocument, makeMaterial, makeUsers, post, receiptOf, refused, reject, start, stockUp, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const stockOf = async (material) => (await getMaterial(U, material.id)).current_stock;
const stockText = async (material) => (await U.get(`/api/materials/${material.id}`)).text.match(/"current_stock":([^,]+),/)[1];
const named = ({ id, material_code, material_name, unit }) => ({ id, material_code, material_name, unit });
const balances = async (material) => accepted(await U.get(`/api/materials/${material.id}/balances`), 200).map((row) => [row.lot_no, row.expires_on, row.location_code, row.quantity]);
const lotsIn = (material, lots) => post(U, M, { transactionType: 'in', lines: lots.map(([lotNo, expiresOn, quantity]) => ({ materialId: material.id, quantity, lotNo, expiresOn })) });

async function unitOf(decimals) {
    const code = unique('D').slice(0, 20);
    accepted(await M.post('/api/units', { code, decimals }), 201);
    return code;
}

test('too little stock at creation: the words, and what is wanted and there', async () => {
    const material = await makeMaterial(M);
    const body = refused(await U.post('/api/inventory', issueOf(material.id, 1)), 400, 'insufficient_stock', '库存不足,当前库存:0');
    assert.deepEqual([body.material, body.wanted, body.available], [named(material), 1, 0]);
    await stockUp(U, M, material.id, 10.5);
    const more = refused(await U.post('/api/inventory', issueOf(material.id, '10.501')), 400, 'insufficient_stock', '库存不足,当前库存:10.5');
    assert.deepEqual([more.material, more.wanted, more.available], [named(material), 10.501, 10.5]);
    assert.deepEqual(more.shortages, [{ line_no: 1, material: named(material), wanted: 10.501, available: 10.5 }]);
    await makeDocument(U, issueOf(material.id, 10.5));
    assert.equal(await server.value(`SELECT COUNT(*) FROM document_lines WHERE material_id = ${material.id}`), 2, 'the refused ones left nothing');
});

test('too little stock at approval: refused, and still pending', async () => {
    const material = await makeMaterial(M);
    await stockUp(U, M, material.id, 10);
    const first = await makeDocument(U, issueOf(material.id, 6)), second = await makeDocument(U, issueOf(material.id, 6));
    accepted(await approve(M, first.id), 200);
    const body = refused(await approve(M, second.id), 400, 'insufficient_stock', '库存不足,无法批准出库');
    assert.deepEqual([body.material, body.wanted, body.available], [named(material), 6, 4]);
    const doc = await getDocument(M, second.id);
    assert.deepEqual([doc.status, doc.approver_id, doc.approved_at], ['pending', null, null]);
    assert.equal(await stockOf(material), 4);
    assert.equal(await server.value(`SELECT COUNT(*) FROM moves WHERE document_id = ${second.id}`), 0);
    assert.equal(await server.value(`SELECT COUNT(*) FROM operation_log WHERE action = 'approve' AND module = 'inventory' AND resource_id = ${second.id}`), 0);
    await stockUp(U, M, material.id, 2);
    accepted(await approve(M, second.id), 200);
    assert.equal(await stockOf(material), 0);
});

test('the lines of one material count together', async () => {
    const [a, b] = [await makeMaterial(M), await makeMaterial(M)];
    await stockUp(U, M, a.id, 10);
    await stockUp(U, M, b.id, 1);
    const lines = [{ materialId: a.id, quantity: 6 }, { materialId: b.id, quantity: 1 }, { materialId: a.id, quantity: 6 }];
    const body = refused(await U.post('/api/inventory', { transactionType: 'out', lines }), 400, 'insufficient_stock', '库存不足,当前库存:10');
    assert.deepEqual(body.shortages, [{ line_no: 1, material: named(a), wanted: 12, available: 10 }]);
    const both = refused(await U.post('/api/inventory', { transactionType: 'out', lines: [...lines, { materialId: b.id, quantity: 0.001 }] }), 400, 'insufficient_stock', '库存不足,当前库存:10');
    assert.deepEqual(both.shortages.map((one) => [one.line_no, one.material.id, one.wanted, one.available]), [[1, a.id, 12, 10], [2, b.id, 1.001, 1]]);
    const fits = await makeDocument(U, { transactionType: 'out', lines: [{ materialId: a.id, quantity: 6 }, { materialId: a.id, quantity: 4 }] });
    const late = await makeDocument(U, { transactionType: 'out', lines: [{ materialId: b.id, quantity: 1 }, { materialId: a.id, quantity: 5 }, { materialId: a.id, quantity: 5 }] });
    accepted(await approve(M, fits.id), 200);
    assert.deepEqual(refused(await approve(M, late.id), 400, 'insufficient_stock', '库存不足,无法批准出库').shortages.map((one) => [one.material.id, one.wanted, one.available]), [[a.id, 10, 0]]);
    assert.deepEqual([await stockOf(a), await stockOf(b)], [0, 1], 'not even the line that would fit');
});

test('an issue takes from the lots that expire first', async () => {
    const material = await makeMaterial(M);
    await lotsIn(material, [['LATE', '2099-12-31', 5], ['SOON', '2098-01-31', 5], ['NEVER', undefined, 5]]);
    assert.deepEqual(await balances(material), [['SOON', '2098-01-31', 'MAIN', 5], ['LATE', '2099-12-31', 'MAIN', 5], ['NEVER', null, 'MAIN', 5]]);
    const first = await post(U, M, issueOf(material.id, 7));
    assert.deepEqual(await balances(material), [['LATE', '2099-12-31', 'MAIN', 3], ['NEVER', null, 'MAIN', 5]]);
    const { list } = accepted(await U.get(`/api/materials/${material.id}/moves`), 200);
    assert.deepEqual(list.slice(0, 2).map((move) => [move.document_id, move.lot_no, move.quantity_change, move.stock_before, move.stock_after]),
        [[first.id, 'LATE', -2, 10, 8], [first.id, 'SOON', -5, 15, 10]]);
    await post(U, M, issueOf(material.id, 6));
    assert.deepEqual(await balances(material), [['NEVER', null, 'MAIN', 2]]);
});

test('an issue from a lot it names, and from no other', async () => {
    const material = await makeMaterial(M);
    await lotsIn(material, [['A', '2098-01-01', 5], ['B', '2099-01-01', 5]]);
    const from = (lotNo, quantity) => U.post('/api/inventory', { transactionType: 'out', lines: [{ materialId: material.id, quantity, lotNo }] });
    const { id } = accepted(await from('B', 4), 201);
    accepted(await approve(M, id), 200);
    assert.deepEqual(await balances(material), [['A', '2098-01-01', 'MAIN', 5], ['B', '2099-01-01', 'MAIN', 1]]);
    assert.equal((await getDocument(U, id)).lines[0].lot_no, 'B');
    const made = await from('B', 2);
    const answer = made.status === 201 ? await approve(M, made.body.data.id) : made;
    assert.equal(answer.body.code, 'insufficient_stock', answer.text);
    assert.deepEqual([answer.body.wanted, answer.body.available], [2, 1]);
    const unknown = await from('NO-SUCH-LOT', 1);
    assert.equal(unknown.status, 400, unknown.text);
    assert.equal(await server.value("SELECT COUNT(*) FROM lots WHERE lot_no = 'NO-SUCH-LOT'"), 0);
    assert.equal(await stockOf(material), 6);
});

test('a lot has one expiry day', async () => {
    const material = await makeMaterial(M);
    await lotsIn(material, [['L', '2099-06-30', 1]]);
    const body = (expiresOn) => ({ transactionType: 'in', lines: [{ materialId: material.id, quantity: 1, lotNo: 'L', expiresOn }] });
    const other = await U.post('/api/inventory', body('2099-07-01'));
    assert.equal(other.status, 400, other.text);
    assert.equal(other.body.code, 'invalid_input');
    await post(U, M, body('2099-06-30'));
    await post(U, M, body(undefined));
    assert.deepEqual(await balances(material), [['L', '2099-06-30', 'MAIN', 3]]);
});

test('a lot that never came in binds nobody to its expiry day', async () => {
    const material = await makeMaterial(M);
    const body = (expiresOn) => ({ transactionType: 'in', lines: [{ materialId: material.id, quantity: 1, lotNo: 'L', expiresOn }] });
    const mistyped = await makeDocument(U, body('2999-06-30'));
    accepted(await U.put(`/api/inventory/${mistyped.id}/cancel`), 200);
    const again = await makeDocument(U, body('2998-06-30'));
    accepted(await reject(M, again.id), 200);
    await post(U, M, body('2099-06-30'));
    assert.deepEqual(await balances(material), [['L', '2099-06-30', 'MAIN', 1]]);
});

test('places: a receipt goes where it says, an issue takes from where it says', async () => {
    const material = await makeMaterial(M);
    const code = unique('SHELF');
    const { id: locationId } = accepted(await M.post('/api/locations', { code, nameZh: '货架' }), 201);
    await post(U, M, { transactionType: 'in', lines: [{ materialId: material.id, quantity: 5, locationId }, { materialId: material.id, quantity: 2 }] });
    assert.deepEqual((await balances(material)).sort(), [['', null, 'MAIN', 2], ['', null, code, 5]].sort());
    const tooMuch = await U.post('/api/inventory', { transactionType: 'out', lines: [{ materialId: material.id, quantity: 6, locationId }] });
    const answer = tooMuch.status === 201 ? await approve(M, tooMuch.body.data.id) : tooMuch;
    assert.equal(answer.body.code, 'insufficient_stock', answer.text);
    const doc = await post(U, M, { transactionType: 'out', lines: [{ materialId: material.id, quantity: 4, locationId }] });
    assert.deepEqual([doc.lines[0].location_id, doc.lines[0].location_code], [locationId, code]);
    assert.deepEqual((await balances(material)).sort(), [['', null, 'MAIN', 2], ['', null, code, 1]].sort());
    const places = accepted(await U.get('/api/locations'), 200);
    for (const bad of [999999, places.find((place) => place.kind === 'supplier').id]) {
        const refusal = await U.post('/api/inventory', { transactionType: 'in', lines: [{ materialId: material.id, quantity: 1, locationId: bad }] });
        assert.ok([400, 404].includes(refusal.status), refusal.text);
    }
});

test('each unit says how many decimals a quantity may have', async () => {
    for (const [decimals, fits, tooFine] of [[0, ['1', '5.000', '1e2'], ['1.5', '0.1', '1e-1']], [2, ['1.25', '0.01'], ['0.001', '1.255']], [6, ['0.000001'], ['0.0000001']]]) {
        const material = await makeMaterial(M, { unit: await unitOf(decimals) });
        const send = (quantity) => U.post('/api/inventory', JSON.stringify(receiptOf(material.id, 'Q')).replace('"Q"', quantity));
        for (const quantity of fits)
            accepted(await send(quantity), 201);
        for (const quantity of tooFine) {
            const [error] = faulty(await send(quantity), { quantity: null });
            assert.equal(error.code, 'decimals');
        }
    }
});

test('a material may allow fewer decimals than its unit', async () => {
    const material = await makeMaterial(M, { unit: await unitOf(3), qtyDecimals: 1 });
    assert.equal(material.unit_decimals, 1);
    await makeDocument(U, receiptOf(material.id, 1.5));
    faulty(await U.post('/api/inventory', receiptOf(material.id, 1.55)), { quantity: null });
});

test('the decimals cannot be cut below what there is', async () => {
    const material = await makeMaterial(M, { unit: await unitOf(3) });
    await stockUp(U, M, material.id, 1.234);
    faulty(await M.put(`/api/materials/${material.id}`, { qtyDecimals: 1 }), { qtyDecimals: null });
    await post(U, M, issueOf(material.id, 1.234)); // so that the rest can always be issued
    assert.equal(await stockText(material), '0');
});

test('the unit cannot change under a document that waits', async () => {
    const pieces = await unitOf(0);
    const material = await makeMaterial(M, { unit: await unitOf(3) });
    const { id } = await makeDocument(U, receiptOf(material.id, 1.5));
    faulty(await M.put(`/api/materials/${material.id}`, { unit: pieces }), { unit: null }); // 1.5 g are not 1.5 pieces
    accepted(await reject(M, id), 200);
    accepted(await M.put(`/api/materials/${material.id}`, { unit: pieces }), 200);
});

test('0.1 + 0.2 is 0.3', async () => {
    const material = await makeMaterial(M);
    await stockUp(U, M, material.id, 0.1);
    await stockUp(U, M, material.id, 0.2);
    assert.equal(await stockText(material), '0.3');
    for (let i = 0; i < 7; i++)
        await stockUp(U, M, material.id, 0.1);
    assert.equal(await stockText(material), '1');
    await post(U, M, issueOf(material.id, 0.7));
    assert.equal(await stockText(material), '0.3');
    await post(U, M, issueOf(material.id, 0.3));
    assert.equal(await stockText(material), '0');
});

test('quantities as numbers and as strings, read exactly or refused', async () => {
    const material = await makeMaterial(M);
    const send = (quantity) => U.post('/api/inventory', JSON.stringify(receiptOf(material.id, 'Q')).replace('"Q"', quantity));
    for (const [sent, read] of [['1e2', '100'], ['"12.50"', '12.5'], ['0.1', '0.1'], ['1E-2', '0.01'], ['0.10000000000000', '0.1'], ['123456789.123', '123456789.123'], ['"1e2"', '100'], ['1000000000000', '1000000000000']]) {
        const { id } = accepted(await send(sent), 201);
        const { text } = await U.get(`/api/inventory/${id}`);
        assert.equal(text.match(/"quantity":([^,}]+)/)[1], read, sent);
    }
    const before = await server.value('SELECT COUNT(*) FROM documents');
    for (const bad of ['1e400', '-1e400', '1000000000000.001', '1e13', '"1e400"', '1e-400', '"１２"', '"12 kg"', '"0x1F"', '"Infinity"', '"+5"', '"1,000"', '99999999999999999999999999'])
        faulty(await send(bad), { quantity: null });
    assert.equal(await server.value('SELECT COUNT(*) FROM documents'), before);
});

test('numbers=text: every quantity, price and amount as a string with its exact digits', async () => {
    const material = await makeMaterial(M, { minStock: 0.1 });
    const doc = await stockUp(U, M, material.id, 123456789.123, { unitPrice: 0.1 });
    const headers = { accept: 'application/json;numbers=text' };
    const row = accepted(await U.get(`/api/materials/${material.id}`, { headers }), 200);
    assert.deepEqual([row.current_stock, row.min_stock, row.max_stock, row.id], ['123456789.123', '0.1', '0', material.id]);
    const detail = accepted(await U.get(`/api/inventory/${doc.id}`, { headers }), 200);
    assert.deepEqual([detail.quantity, detail.unit_price, detail.total_amount, detail.line_count], ['123456789.123', '0.1', '12345678.91', 1]);
    assert.deepEqual([detail.lines[0].quantity, detail.lines[0].amount, detail.lines[0].current_stock], ['123456789.123', '12345678.91', '123456789.123']);
    const { list: [move] } = accepted(await U.get(`/api/materials/${material.id}/moves`, { headers }), 200);
    assert.deepEqual([move.quantity_change, move.stock_before, move.stock_after], ['123456789.123', '0', '123456789.123']);
    const refusal = (await U.post('/api/inventory', issueOf(material.id, '999999999.5'), { headers })).body;
    assert.deepEqual([refusal.wanted, refusal.available], ['999999999.5', '123456789.123']);
    const { totals } = accepted(await U.get(`/api/materials?totals=true&keyword=${material.material_code}`, { headers }), 200);
    assert.deepEqual(totals.stock, [{ unit: 'kg', quantity: '123456789.123' }]);
    assert.equal(accepted(await U.get(`/api/materials/${material.id}`, { headers: { accept: 'application/json' } }), 200).min_stock, 0.1);
});

test('amounts are rounded half up to fen, line by line', async () => {
    const material = await makeMaterial(M, { unit: await unitOf(6) });
    const amount = async (quantity, unitPrice) => {
        const { id } = await makeDocument(U, receiptOf(material.id, quantity, { unitPrice }));
        return (await U.get(`/api/inventory/${id}`)).text.match(/"total_amount":([^,]+),/)[1];
    };
    // The left ones are where binary floating point goes wrong.
    for (const [quantity, price, wanted] of [
        ['1', '1.005', '1.01'], ['1', '2.675', '2.68'], ['1', '1.115', '1.12'], ['1', '0.005', '0.01'], ['1', '0.004999', '0'],
        ['0.5', '0.01', '0.01'], ['0.49', '0.01', '0'], ['3', '0.335', '1.01'], ['737.895', '3.2', '2361.26'], ['0.000001', '0.000001', '0'],
        ['1000000', '1000000', '1000000000000'], ['123456.789', '9.99', '1233333.32'],
    ])
        assert.equal(await amount(quantity, price), wanted, `${quantity} × ${price}`);
    const { id } = await makeDocument(U, { transactionType: 'in', lines: [{ materialId: material.id, quantity: '1', unitPrice: '0.005' }, { materialId: material.id, quantity: '1', unitPrice: '0.005' }] });
    assert.equal((await getDocument(U, id)).total_amount, 0.02);
});

test('amounts and stocks beyond what can be counted are refused, not wrapped', async () => {
    const material = await makeMaterial(M);
    const tooLarge = [400, 'amount_too_large', '金额或数量超出范围'];
    refused(await U.post('/api/inventory', receiptOf(material.id, 1e12, { unitPrice: 1e12 })), ...tooLarge);
    refused(await U.post('/api/inventory', { transactionType: 'in', lines: Array(20).fill({ materialId: material.id, quantity: 1e12, unitPrice: 1 }) }), ...tooLarge);
    for (let i = 0; i < 9; i++)
        await stockUp(U, M, material.id, 1e12);
    const { id } = await makeDocument(U, receiptOf(material.id, 1e12));
    refused(await approve(M, id), ...tooLarge);
    assert.equal(await stockText(material), '9000000000000');
    assert.equal((await getDocument(M, id)).status, 'pending');
});

test('everything agrees in the end', () => server.verifyClean());
