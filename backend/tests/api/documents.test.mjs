// Receipts and issues: create, see, approve, reject, cancel, in bulk, reverse.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, approve, faulty, forbidden, getDocument, getMaterial, issueOf, makeDocument, makeMaterial, makeUser, makeUsers, post, receiptOf, refused, reject, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, M2, U, U2 } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager', U: 'regular_user', U2: 'regular_user' });
const NOT_FOUND = [404, 'document_not_found', '出入库单不存在'];
const DONE = [400, 'document_done', '该出入库单已处理,无法重复操作'];
const cancel = (client, id) => client.put(`/api/inventory/${id}/cancel`);
const stockOf = async (material) => (await getMaterial(U, material.id)).current_stock;
const logOf = (id) => server.sql(`SELECT module, action, user_id, ip_address, description FROM operation_log WHERE resource_type <> 'material' AND module = 'inventory' AND resource_id = ${id} ORDER BY id`);
const ROW = ['applicant_id', 'applicant_name', 'approval_remark', 'approved_at', 'approver_id', 'approver_name', 'category', 'created_at', 'id', 'line_count', 'material_code',
    'material_id', 'material_name', 'purpose', 'quantity', 'remark', 'reversed_by_id', 'reverses_id', 'status', 'total_amount', 'transaction_code',
    'transaction_type', 'unit', 'unit_decimals', 'unit_price', 'updated_at'];

test('a receipt: created pending, approved, stock rises', async () => {
    const material = await makeMaterial(M);
    const made = accepted(await U.post('/api/inventory', receiptOf(material.id, 12.5, { unitPrice: 3.2, remark: '到货' })), 201, '出入库单创建成功,等待审批');
    assert.deepEqual(Object.keys(made).sort(), ['id', 'status', 'transactionCode']);
    assert.equal(made.status, 'pending');
    assert.match(made.transactionCode, /^IN/);
    assert.equal(await stockOf(material), 0);

    const detail = accepted(await U.get(`/api/inventory/${made.id}`), 200);
    assert.deepEqual(Object.keys(detail).sort(), [...ROW, 'current_stock', 'lines'].sort());
    const { created_at: created, updated_at: _, lines, ...rest } = detail;
    assert.match(created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.deepEqual(rest, {
        id: made.id, transaction_code: made.transactionCode, transaction_type: 'in', purpose: 'purchase', material_id: material.id, quantity: 12.5, unit_price: 3.2,
        total_amount: 40, applicant_id: U.user.id, approver_id: null, status: 'pending', remark: '到货', approval_remark: null, reverses_id: null,
        reversed_by_id: null, line_count: 1, approved_at: null, material_code: material.material_code, material_name: material.material_name,
        category: 'chemical', unit: 'kg', unit_decimals: 3, applicant_name: U.realName, approver_name: null, current_stock: 0,
    });
    assert.deepEqual(lines, [{
        id: lines[0].id, line_no: 1, material_id: material.id, material_code: material.material_code, material_name: material.material_name, unit: 'kg',
        unit_decimals: 3, quantity: 12.5, unit_price: 3.2, amount: 40, lot_no: null, expires_on: null, location_id: null, location_code: null, remark: null, current_stock: 0,
    }]);

    assert.deepEqual(accepted(await approve(M, made.id, '同意'), 200, '出入库单已批准'), { id: made.id, status: 'approved' });
    assert.equal(await stockOf(material), 12.5);
    const done = await getDocument(U, made.id);
    assert.deepEqual([done.status, done.approver_id, done.approver_name, done.approval_remark, done.remark, done.current_stock], ['approved', M.user.id, M.realName, '同意', '到货', 12.5]);
    assert.match(done.approved_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
    assert.ok(Math.abs(Date.parse(done.approved_at) - Date.now()) < 120_000);
    const log = await logOf(made.id);
    assert.deepEqual(log.map((row) => [row.action, row.user_id, row.ip_address]), [['create', U.user.id, '127.0.0.1'], ['approve', M.user.id, '127.0.0.1']]);
    assert.ok(log.every((row) => row.description.includes(made.transactionCode)), JSON.stringify(log));
});

test('an issue: stock falls', async () => {
    const material = await makeMaterial(M);
    await stockUp(U, M, material.id, 10);
    const made = await makeDocument(U, issueOf(material.id, 4));
    assert.match(made.transactionCode, /^OUT/);
    assert.equal(await stockOf(material), 10);
    accepted(await approve(M, made.id), 200, '出入库单已批准');
    assert.equal(await stockOf(material), 6);
    const row = await getDocument(U, made.id);
    assert.deepEqual([row.transaction_type, row.purpose, row.unit_price, row.total_amount, row.approval_remark], ['out', 'production', null, null, null]);
});

test('all faults of a document at once, in the words existing clients know', async () => {
    faulty(await U.post('/api/inventory', {}), { transactionType: '出入库类型必须是 in 或 out', materialId: '物料ID必须是正整数', quantity: '数量必须大于0' });
    faulty(await U.post('/api/inventory', { transactionType: 'sideways', materialId: 'x', quantity: 0, unitPrice: -1, remark: 'r'.repeat(501) }),
        { transactionType: '出入库类型必须是 in 或 out', materialId: '物料ID必须是正整数', quantity: '数量必须大于0', unitPrice: null, remark: null });
    const material = await makeMaterial(M);
    for (const materialId of [0, -5, 1.5, 'abc', null])
        faulty(await U.post('/api/inventory', receiptOf(materialId, 1)), { materialId: '物料ID必须是正整数' });
    for (const quantity of [0, -1, -0.001, '0', null, ''])
        faulty(await U.post('/api/inventory', receiptOf(material.id, quantity)), { quantity: '数量必须大于0' });
    for (const quantity of ['many', true, [], {}, 1000000000001])
        faulty(await U.post('/api/inventory', receiptOf(material.id, quantity)), { quantity: null });
    for (const unitPrice of [-0.01, 'cheap', {}])
        faulty(await U.post('/api/inventory', receiptOf(material.id, 1, { unitPrice })), { unitPrice: null });
    faulty(await U.post('/api/inventory', receiptOf(material.id, 1, { purpose: 'production' })), { purpose: null });
    faulty(await U.post('/api/inventory', issueOf(material.id, 1, { purpose: 'purchase' })), { purpose: null });
    faulty(await U.post('/api/inventory', receiptOf(material.id, 1, { purpose: 'reversal' })), { purpose: null });
    refused(await U.post('/api/inventory', receiptOf(999999, 1)), 404, 'material_not_found', '物料不存在');
    assert.equal(await server.value(`SELECT COUNT(*) FROM document_lines WHERE material_id = ${material.id}`), 0);
});

test('an empty price is none', async () => {
    const material = await makeMaterial(M);
    for (const unitPrice of ['', null, undefined]) {
        const { id } = await makeDocument(U, receiptOf(material.id, 1, { unitPrice }));
        const row = await getDocument(U, id);
        assert.deepEqual([row.unit_price, row.total_amount], [null, null]);
    }
    const { id } = await makeDocument(U, receiptOf(material.id, 1, { unitPrice: 0 }));
    const row = await getDocument(U, id);
    assert.deepEqual([row.unit_price, row.total_amount], [0, 0]);
});

test('purposes', async () => {
    const material = await makeMaterial(M);
    for (const purpose of ['purchase', 'opening', 'return'])
        assert.equal((await stockUp(U, M, material.id, 5, { purpose })).purpose, purpose);
    for (const purpose of ['production', 'scrap'])
        assert.equal((await post(U, M, issueOf(material.id, 5, { purpose }))).purpose, purpose);
    assert.equal(await stockOf(material), 5);
    const { list } = accepted(await U.get(`/api/materials/${material.id}/moves`), 200);
    const ends = Object.fromEntries(list.map((move) => [move.purpose, [move.from_location, move.to_location]]));
    assert.deepEqual(list.map((move) => move.purpose).reverse(), ['purchase', 'opening', 'return', 'production', 'scrap']);
    assert.deepEqual([ends.purchase, ends.production, ends.scrap], [['供应商', '主仓库'], ['主仓库', '生产领用'], ['主仓库', '报废']]);
    assert.deepEqual([ends.opening[1], ends.return[1]], ['主仓库', '主仓库']);
});

test('many lines: totals, the first line in the row, every line in the detail', async () => {
    const [a, b] = [await makeMaterial(M, { unit: 'g' }), await makeMaterial(M, { category: 'metal', unit: 'kg' })];
    const { id } = await makeDocument(U, {
        transactionType: 'in', remark: '多行',
        lines: [{ materialId: a.id, quantity: 2.5, unitPrice: 4, remark: '一' }, { materialId: b.id, quantity: '1.125', unitPrice: '0.10' }, { materialId: a.id, quantity: 1 }],
    });
    const doc = await getDocument(M, id);
    assert.deepEqual([doc.line_count, doc.material_id, doc.quantity, doc.unit_price, doc.total_amount, doc.unit, doc.category], [3, a.id, 2.5, 4, 10.11, 'g', 'chemical']);
    assert.deepEqual(doc.lines.map((line) => [line.line_no, line.material_id, line.quantity, line.unit_price, line.amount, line.remark]),
        [[1, a.id, 2.5, 4, 10, '一'], [2, b.id, 1.125, 0.1, 0.11, null], [3, a.id, 1, null, null, null]]);
    accepted(await approve(M, id), 200);
    assert.deepEqual([await stockOf(a), await stockOf(b)], [3.5, 1.125]);
    const { list } = accepted(await M.get(`/api/inventory?materialId=${b.id}`), 200);
    assert.deepEqual(list.map((row) => row.id), [id], 'found by any of its lines');
});

test('faults in lines name the line', async () => {
    const material = await makeMaterial(M);
    faulty(await U.post('/api/inventory', { transactionType: 'in', lines: [{ materialId: material.id, quantity: 1 }, { materialId: 0, quantity: -1, expiresOn: '2027-02-30' }, 'x'] }),
        { 'lines[1].materialId': '物料ID必须是正整数', 'lines[1].quantity': '数量必须大于0', 'lines[1].expiresOn': null, 'lines[2]': null });
    faulty(await U.post('/api/inventory', { transactionType: 'in', lines: [] }), { lines: null });
    faulty(await U.post('/api/inventory', { transactionType: 'in', lines: 'all' }), { lines: null });
    const line = { materialId: material.id, quantity: 1 };
    faulty(await U.post('/api/inventory', { transactionType: 'in', lines: Array(501).fill(line) }), { lines: null });
    const { id } = await makeDocument(U, { transactionType: 'in', lines: Array(500).fill(line) });
    assert.equal((await getDocument(U, id)).lines.length, 500);
    accepted(await approve(M, id), 200);
    assert.equal(await stockOf(material), 500);
    assert.equal((await U.post('/api/inventory', { transactionType: 'in', lines: [line, { materialId: 999999, quantity: 1 }] })).body.message, '物料不存在');
});

test('list: filters, and who sees what', async () => {
    const material = await makeMaterial(M);
    const mine = await makeDocument(U, receiptOf(material.id, 5));
    const his = await makeDocument(U2, receiptOf(material.id, 6));
    accepted(await approve(M, his.id), 200);
    const out = await makeDocument(U, issueOf(material.id, 1));
    const ids = async (client, query, path = '/api/inventory') => accepted(await client.get(`${path}?materialId=${material.id}&${query}`), 200).list.map((row) => row.id);
    assert.deepEqual(await ids(U, ''), [out.id, mine.id], 'U sees his own');
    assert.deepEqual(await ids(U2, ''), [his.id]);
    for (const boss of [M, M2, admin])
        assert.deepEqual(await ids(boss, ''), [out.id, his.id, mine.id], 'M and A see all, newest first');
    assert.deepEqual(await ids(M, 'status=pending'), [out.id, mine.id]);
    assert.deepEqual(await ids(M, 'status=approved'), [his.id]);
    assert.deepEqual(await ids(M, 'status=rejected'), []);
    assert.deepEqual(await ids(M, 'transactionType=out'), [out.id]);
    assert.deepEqual(await ids(M, 'transactionType=in&status=pending'), [mine.id]);
    assert.deepEqual(await ids(M, 'status=&transactionType='), [out.id, his.id, mine.id]);
    assert.deepEqual(await ids(M, `keyword=${his.transactionCode}`), [his.id]);
    assert.deepEqual(await ids(M, `keyword=${material.material_code.toLowerCase()}`), [out.id, his.id, mine.id]);
    assert.deepEqual(await ids(M, `keyword=${encodeURIComponent(material.material_name)}&status=approved`), [his.id]);
    assert.deepEqual(await ids(M, 'keyword=%25%25'), []);
    assert.deepEqual(await ids(U, `keyword=${his.transactionCode}`), []);
    assert.deepEqual(await ids(U, '', '/api/inventory/mine'), [out.id, mine.id]);
    assert.deepEqual(await ids(M, '', '/api/inventory/mine'), []);
    assert.deepEqual(await ids(M, '', '/api/inventory/pending'), [out.id, mine.id]);
    forbidden(await U.get('/api/inventory/pending'), 'document.approve');
    faulty(await M.get('/api/inventory?status=odd&transactionType=up&materialId=x'), { status: null, transactionType: null, materialId: null });
    const [row] = accepted(await M.get(`/api/inventory?materialId=${material.id}&status=approved`), 200).list;
    const of = async (client, who) => accepted(await client.get(`/api/inventory?materialId=${material.id}&applicantId=${who.user.id}`), 200).list.map((one) => one.applicant_id);
    assert.deepEqual([...new Set(await of(M, U))], [U.user.id]);
    assert.deepEqual(await of(M, M2), []);
    assert.deepEqual(await of(U, U2), [], 'who sees his own only does not see others by asking for them');
    assert.deepEqual(Object.keys(row).sort(), ROW);
    assert.deepEqual([row.applicant_name, row.approver_name], [U2.realName, M.realName]);
});

test('somebody else\'s document', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 5));
    refused(await U2.get(`/api/inventory/${id}`), 403, 'document_not_yours', '无权查看此出入库单');
    accepted(await M.get(`/api/inventory/${id}`), 200);
    accepted(await admin.get(`/api/inventory/${id}`), 200);
});

test('unknown documents', async () => {
    for (const id of [999999, 0]) {
        refused(await U.get(`/api/inventory/${id}`), ...NOT_FOUND);
        refused(await approve(M, id), ...NOT_FOUND);
        refused(await cancel(U, id), ...NOT_FOUND);
        refused(await M.post(`/api/inventory/${id}/reverse`, { reason: 'x' }), ...NOT_FOUND);
    }
});

test('rejecting keeps the reason and moves nothing', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 5, { remark: '申请人写的' }));
    assert.deepEqual(accepted(await reject(M, id, '单价有误'), 200, '出入库单已拒绝'), { id, status: 'rejected' });
    const doc = await getDocument(U, id);
    assert.deepEqual([doc.status, doc.approver_id, doc.approval_remark, doc.remark, doc.approved_at], ['rejected', M.user.id, '单价有误', '申请人写的', null]);
    assert.equal(await stockOf(material), 0);
    assert.deepEqual((await logOf(id)).map((row) => [row.action, row.ip_address]), [['create', '127.0.0.1'], ['reject', '127.0.0.1']]);
});

test('what is done is done', async () => {
    const material = await makeMaterial(M);
    const approved = await stockUp(U, M, material.id, 5);
    const { id: rejected } = await makeDocument(U, receiptOf(material.id, 5));
    accepted(await reject(M, rejected), 200);
    const { id: cancelled } = await makeDocument(U, receiptOf(material.id, 5));
    accepted(await cancel(U, cancelled), 200);
    for (const id of [approved.id, rejected, cancelled]) {
        refused(await approve(M, id), ...DONE);
        refused(await reject(admin, id), ...DONE);
        refused(await cancel(U, id), 400, 'cancel_not_pending', '只能取消待审批状态的出入库单');
    }
    assert.equal(await stockOf(material), 5);
});

test('approving wants a known action', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 5));
    for (const body of [{}, { action: 'maybe' }, { action: 1 }]) {
        const answer = await M.put(`/api/inventory/${id}/approve`, body);
        assert.equal(answer.status, 400, answer.text);
        const said = [answer.body.message, ...(answer.body.errors ?? []).map((error) => error.message)];
        assert.ok(said.includes('操作类型必须是 approve 或 reject'), answer.text);
    }
    faulty(await M.put(`/api/inventory/${id}/approve`, { action: 'approve', remark: 'r'.repeat(501) }), { remark: null });
    assert.equal((await getDocument(U, id)).status, 'pending');
});

test('cancelling is for the applicant', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 5));
    for (const other of [U2, M, admin])
        refused(await cancel(other, id), 403, 'cancel_not_yours', '无权取消此出入库单');
    accepted(await cancel(U, id), 200, '出入库单已取消');
    assert.equal((await getDocument(U, id)).status, 'cancelled');
    assert.equal(await stockOf(material), 0);
    assert.deepEqual((await logOf(id)).map((row) => row.action), ['create', 'cancel']);
});

test('regular users approve nothing', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 5));
    forbidden(await approve(U, id), 'document.approve');
    forbidden(await approve(U2, id), 'document.approve');
    forbidden(await U.post('/api/inventory/decide', { ids: [id], action: 'approve' }), 'document.approve');
    forbidden(await U.post(`/api/inventory/${id}/reverse`, { reason: 'x' }), 'document.approve');
    assert.equal(await stockOf(material), 0);
});

test('one\'s own document: a manager may not, an administrator may, and the log says so', async () => {
    const material = await makeMaterial(M);
    const { id: ofManager } = await makeDocument(M, receiptOf(material.id, 5));
    refused(await approve(M, ofManager), 403, 'own_document', '不能审批自己提交的出入库单');
    accepted(await approve(M2, ofManager), 200);
    const { id: ofAdmin } = await makeDocument(admin, receiptOf(material.id, 5));
    accepted(await approve(admin, ofAdmin), 200);
    const described = async (id) => (await logOf(id)).find((row) => row.action === 'approve').description;
    assert.match(await described(ofAdmin), /本人|自己/);
    assert.doesNotMatch(await described(ofManager), /本人|自己/);
});

test('two managers approve one document at once: it counts once', async () => {
    const material = await makeMaterial(M);
    for (let i = 0; i < 10; i++) {
        const { id } = await makeDocument(U, receiptOf(material.id, 1));
        const answers = await Promise.all([approve(M, id), approve(M2, id), approve(admin, id), reject(admin, id)]);
        assert.equal(answers.filter((answer) => answer.status === 200).length, 1, answers.map((answer) => answer.text).join('\n'));
        for (const answer of answers.filter((one) => one.status !== 200))
            refused(answer, ...DONE);
    }
    const approved = await server.value(`SELECT COUNT(*) FROM documents d JOIN document_lines l ON l.document_id = d.id WHERE l.material_id = ${material.id} AND d.status = 'approved'`);
    assert.equal(await stockOf(material), approved);
});

test('deciding many: each wholly or not at all', async () => {
    const material = await makeMaterial(M);
    await stockUp(U, M, material.id, 10);
    const own = await makeDocument(M, receiptOf(material.id, 1));
    const first = await makeDocument(U, issueOf(material.id, 7)), second = await makeDocument(U, issueOf(material.id, 7)), third = await makeDocument(U2, issueOf(material.id, 3));
    const { results, done, failed } = accepted(await M.post('/api/inventory/decide', { ids: [first.id, second.id, own.id, 999999, third.id], action: 'approve', remark: '批量' }), 200);
    assert.deepEqual(results.map(({ id, ok, status, code }) => [id, ok, status ?? code]), [
        [first.id, true, 'approved'], [second.id, false, 'insufficient_stock'], [own.id, false, 'own_document'], [999999, false, 'document_not_found'], [third.id, true, 'approved'],
    ]);
    assert.deepEqual([results[1].wanted, results[1].available], [7, 3]);
    assert.deepEqual([done, failed], [2, 3]);
    assert.deepEqual(results.map((result) => result.message ?? null), [null, '库存不足,无法批准出库', '不能审批自己提交的出入库单', '出入库单不存在', null]);
    assert.equal(await stockOf(material), 0);
    assert.equal((await getDocument(M, second.id)).status, 'pending');
    assert.equal((await getDocument(M, first.id)).approval_remark, '批量');
    const rejected = accepted(await M.post('/api/inventory/decide', { ids: [second.id], action: 'reject', remark: '库存不够' }), 200);
    assert.deepEqual([rejected.done, rejected.failed], [1, 0]);
    const doc = await getDocument(M, second.id);
    assert.deepEqual([doc.status, doc.approval_remark], ['rejected', '库存不够']);
});

test('deciding many: limits', async () => {
    for (const ids of [[], 'all', undefined, [0], ['x'], Array.from({ length: 201 }, (_, i) => i + 1)])
        assert.equal((await M.post('/api/inventory/decide', { ids, action: 'approve' })).status, 400, JSON.stringify(ids)?.slice(0, 50));
    assert.equal((await M.post('/api/inventory/decide', { ids: [1], action: 'maybe' })).status, 400);
    const { id } = await makeDocument(U, receiptOf((await makeMaterial(M)).id, 1));
    assert.equal(accepted(await M.post('/api/inventory/decide', { ids: [String(id)], action: 'reject' }), 200).done, 1, 'ids as texts');
    accepted(await M.post('/api/inventory/decide', { ids: Array.from({ length: 200 }, (_, i) => i + 900000), action: 'approve' }), 200);
});

test('the same document twice in one decision counts once', async () => {
    const material = await makeMaterial(M);
    const { id } = await makeDocument(U, receiptOf(material.id, 4));
    const answer = await M.post('/api/inventory/decide', { ids: [id, id], action: 'approve' });
    assert.ok(answer.status === 200 || answer.status === 400, answer.text);
    if (answer.status === 200)
        assert.equal(await stockOf(material), 4);
    else
        assert.equal(await stockOf(material), 0);
});

test('reversing an approved document undoes it when the reversal is approved', async () => {
    const material = await makeMaterial(M);
    const receipt = await stockUp(U, M, material.id, 8, { unitPrice: 2 });
    const made = accepted(await M.post(`/api/inventory/${receipt.id}/reverse`, { reason: '录入错误' }), 201);
    assert.equal(made.status, 'pending');
    assert.equal(await stockOf(material), 8);
    const reversal = await getDocument(M, made.id);
    assert.deepEqual([reversal.purpose, reversal.reverses_id, reversal.quantity, reversal.material_id], ['reversal', receipt.id, 8, material.id]);
    assert.ok(`${reversal.remark}`.includes('录入错误'), reversal.remark);
    assert.equal((await getDocument(M, receipt.id)).reversed_by_id, made.id);
    refused(await M2.post(`/api/inventory/${receipt.id}/reverse`, { reason: '再来' }), 400, 'not_reversible', '只有已批准且未冲销的单据可以冲销');
    accepted(await approve(M2, made.id), 200);
    assert.equal(await stockOf(material), 0);
    refused(await M2.post(`/api/inventory/${receipt.id}/reverse`, { reason: '再来' }), 400, 'not_reversible', '只有已批准且未冲销的单据可以冲销');
    assert.equal((await getDocument(M, receipt.id)).status, 'approved', 'the document itself is final');
});

test('reversing an issue brings the stock back to the same lot', async () => {
    const material = await makeMaterial(M);
    await post(U, M, { transactionType: 'in', lines: [{ materialId: material.id, quantity: 5, lotNo: 'A', expiresOn: '2099-01-01' }, { materialId: material.id, quantity: 5, lotNo: 'B', expiresOn: '2099-02-01' }] });
    const before = accepted(await U.get(`/api/materials/${material.id}/balances`), 200);
    const issue = await post(U, M, issueOf(material.id, 7));
    const { id } = accepted(await M.post(`/api/inventory/${issue.id}/reverse`, { reason: '退回' }), 201);
    accepted(await approve(M2, id), 200);
    assert.deepEqual(accepted(await U.get(`/api/materials/${material.id}/balances`), 200), before);
});

test('a rejected reversal leaves the document reversible; pending ones are not', async () => {
    const material = await makeMaterial(M);
    const receipt = await stockUp(U, M, material.id, 8);
    const { id } = accepted(await M.post(`/api/inventory/${receipt.id}/reverse`, { reason: '一' }), 201);
    accepted(await reject(M2, id), 200);
    accepted(await M.post(`/api/inventory/${receipt.id}/reverse`, { reason: '二' }), 201);
    const { id: pending } = await makeDocument(U, receiptOf(material.id, 1));
    refused(await M.post(`/api/inventory/${pending}/reverse`, { reason: 'x' }), 400, 'not_reversible', '只有已批准且未冲销的单据可以冲销');
    faulty(await M.post(`/api/inventory/${receipt.id}/reverse`, {}), { reason: null });
});

test('a receipt whose stock has been used cannot be reversed', async () => {
    const material = await makeMaterial(M);
    const receipt = await stockUp(U, M, material.id, 8);
    await post(U, M, issueOf(material.id, 3));
    const made = await M.post(`/api/inventory/${receipt.id}/reverse`, { reason: '太晚' });
    const answer = made.status === 201 ? await approve(M2, made.body.data.id) : made;
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.body.code, 'insufficient_stock');
    assert.equal(await stockOf(material), 5);
});

test('everything agrees in the end', () => server.verifyClean());
