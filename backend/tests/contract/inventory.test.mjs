// Section 3.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { approve, faults, list, listRules, logged, makeDocument, makeMaterial, makeUser, notPermitted, ok, open, people, refused, shape, stockUp } from './contract.mjs';

const place = await open();
after(place.end);
const P = await people(place), { A, M, U } = P;
const U2 = await makeUser(place, 'regular_user');
const ROW = { id: 'id', transaction_code: 'text', transaction_type: ['in', 'out'], material_id: 'id', quantity: 'number', unit_price: 'number?', total_amount: 'number?',
    applicant_id: 'id', approver_id: 'id?', status: ['pending', 'approved', 'rejected', 'cancelled'], remark: 'text?', created_at: 'time', updated_at: 'time',
    approved_at: 'iso?', material_code: 'text', material_name: 'text', category: ['chemical', 'metal'], unit: 'text', applicant_name: 'text', approver_name: 'text?' };
const stock = async (id) => ok(await U.get(`/materials/${id}`), 200).current_stock;
const todos = async (client, id) => ok(await client.get('/notifications?type=todo&pageSize=1000'), 200).list.filter((row) => row.link === `/inventory?id=${id}`);

test('POST /inventory', async () => {
    const row = await makeMaterial(M);
    const data = shape(await makeDocument(U, row.id, 2.5, { unitPrice: 4, remark: '备注' }), { id: 'id', transactionCode: 'text', status: ['pending'] });
    assert.match(data.transactionCode, /^IN/);
    const detail = shape(ok(await U.get(`/inventory/${data.id}`), 200), { ...ROW, current_stock: 'number' });
    assert.deepEqual([detail.quantity, detail.unit_price, detail.total_amount, detail.remark, detail.applicant_id, detail.applicant_name, detail.approver_id, detail.approved_at, detail.material_code],
        [2.5, 4, 10, '备注', U.id, U.realName, null, null, row.materialCode]);
    await logged(place, { module: 'inventory', action: 'create', userId: U.id }, { resource_id: data.id });
    for (const client of [A, M]) {
        const [todo] = await todos(client, data.id);
        assert.deepEqual([todo.title, todo.content, todo.link_type], ['待审批入库单', `物料 ${row.materialName} 的入库申请待审批,数量:2.5 kg`, 'transaction']);
    }
    assert.deepEqual(await todos(U, data.id), []);
    refused(await U.post('/inventory', { transactionType: 'out', materialId: row.id, quantity: 1 }), 400, '库存不足,当前库存:0');
    refused(await U.post('/inventory', { transactionType: 'in', materialId: 987654321, quantity: 1 }), 404, '物料不存在');
    faults(await U.post('/inventory', { transactionType: 'x', materialId: 'x', quantity: 0 }),
        { transactionType: '出入库类型必须是 in 或 out', materialId: '物料ID必须是正整数', quantity: '数量必须大于0' });
    faults(await U.post('/inventory', { transactionType: 'in', materialId: row.id, quantity: 1, unitPrice: -1 }), { unitPrice: true });
    for (const quantity of [0, '0', -2.5, '-2.5', -1e-3, 'many']) {
        const { errors: [fault] } = refused(await U.post('/inventory', { transactionType: 'in', materialId: row.id, quantity }), 400, '输入验证失败');
        assert.deepEqual([fault.field, fault.message, fault.value], ['quantity', '数量必须大于0', quantity], 'the value as it was sent');
    }
    faults(await U.post('/inventory', { transactionType: 'in', materialId: row.id, quantity: 1, remark: 'x'.repeat(501) }), { remark: true });
    ok(await U.post('/inventory', { transactionType: 'in', materialId: row.id, quantity: 1, unitPrice: '' }), 201);
    await stockUp(P, row.id, 5);
    const out = ok(await U.post('/inventory', { transactionType: 'out', materialId: row.id, quantity: 5 }), 201);
    assert.match(out.transactionCode, /^OUT/);
    assert.equal((await todos(M, out.id))[0].title, '待审批出库单');
});

test('GET /inventory', async () => {
    const row = await makeMaterial(M);
    const mine = await makeDocument(U, row.id, 1), theirs = await makeDocument(U2, row.id, 1);
    ok(await approve(A, theirs.id), 200);
    const ids = async (client, query) => list(await client.get(`/inventory?materialId=${row.id}&${query}`), ROW).map(({ id }) => id);
    assert.deepEqual(await ids(U, ''), [mine.id]);
    assert.deepEqual(await ids(M, ''), [theirs.id, mine.id], '12.8: a manager sees all, also what another has decided');
    assert.deepEqual(await ids(M, 'status=approved'), [theirs.id]);
    assert.deepEqual(await ids(M, 'status=pending&transactionType=in'), [mine.id]);
    assert.deepEqual(await ids(M, 'transactionType=out'), []);
    assert.deepEqual(await ids(M, 'status=&transactionType='), [theirs.id, mine.id]);
    await listRules(M, '/inventory', ROW, 10);
});

test('GET /inventory/:id', async () => {
    const row = await makeMaterial(M);
    const { id } = await makeDocument(U, row.id, 1);
    for (const client of [A, M])
        ok(await client.get(`/inventory/${id}`), 200);
    refused(await U2.get(`/inventory/${id}`), 403, '无权查看此出入库单');
    refused(await U.get('/inventory/987654321'), 404, '出入库单不存在');
});

test('PUT /inventory/:id/approve', async () => {
    const row = await makeMaterial(M);
    const { id } = await makeDocument(U, row.id, 3.25);
    notPermitted(await approve(U, id));
    refused(await M.put(`/inventory/${id}/approve`, { action: 'maybe' }), 400, '操作类型必须是 approve 或 reject');
    assert.deepEqual(shape(ok(await approve(M, id, { remark: '同意' }), 200, '出入库单已批准'), { id: 'id', status: ['approved'] }), { id, status: 'approved' });
    const detail = shape(ok(await U.get(`/inventory/${id}`), 200), { ...ROW, approved_at: 'iso', approver_name: 'text' });
    assert.deepEqual([detail.approver_id, detail.approver_name, detail.current_stock, await stock(row.id)], [M.id, M.realName, 3.25, 3.25]);
    assert.deepEqual(await todos(M, id), [], 'its todos go away');
    const [move] = ok(await U.get(`/materials/${row.id}/moves`), 200).list;
    assert.deepEqual([move.stock_before, move.stock_after, move.operator_id], [0, 3.25, M.id]);
    const other = await makeDocument(U, row.id, 1);
    assert.deepEqual(ok(await M.put(`/inventory/${other.id}/approve`, { action: 'reject', remark: '不要' }), 200, '出入库单已拒绝'), { id: other.id, status: 'rejected' });
    assert.equal(await stock(row.id), 3.25);
    await logged(place, { module: 'inventory', action: 'reject', userId: M.id }, { resource_id: other.id });
    const issue = ok(await U.post('/inventory', { transactionType: 'out', materialId: row.id, quantity: 3 }), 201);
    const second = ok(await U.post('/inventory', { transactionType: 'out', materialId: row.id, quantity: 3 }), 201);
    ok(await approve(M, issue.id), 200);
    refused(await approve(M, second.id), 400, '库存不足,无法批准出库');
    assert.equal(await stock(row.id), 0.25);
    refused(await approve(M, 987654321), 404, '出入库单不存在');
});

test('12.7 deciding twice, and cancelling', async () => {
    const row = await makeMaterial(M);
    const [a, b] = [await makeDocument(U, row.id, 1), await makeDocument(U, row.id, 1)];
    ok(await approve(M, a.id), 200);
    ok(await M.put(`/inventory/${b.id}/approve`, { action: 'reject' }), 200);
    for (const { id } of [a, b])
        for (const action of ['approve', 'reject'])
            refused(await M.put(`/inventory/${id}/approve`, { action }), 400, '该出入库单已处理,无法重复操作');
    assert.equal(await stock(row.id), 1);
});

test('PUT /inventory/:id/cancel', async () => {
    const row = await makeMaterial(M);
    const { id } = await makeDocument(U, row.id, 1);
    for (const client of [U2, M, A])
        refused(await client.put(`/inventory/${id}/cancel`), 403, '无权取消此出入库单');
    ok(await U.put(`/inventory/${id}/cancel`), 200, '出入库单已取消');
    assert.equal(ok(await U.get(`/inventory/${id}`), 200).status, 'cancelled');
    refused(await U.put(`/inventory/${id}/cancel`), 400, '只能取消待审批状态的出入库单');
    refused(await U.put('/inventory/987654321/cancel'), 404, '出入库单不存在');
    assert.deepEqual(await todos(M, id), []);
});

test('12.11 and 12.12 remarks are kept as typed, the approver\'s as well; the log has his address', async () => {
    const row = await makeMaterial(M), remark = `<b>"A" & 'B'</b> 氢`;
    const { id } = await makeDocument(U, row.id, 1, { remark });
    ok(await approve(M, id, { remark }), 200);
    const detail = ok(await U.get(`/inventory/${id}`), 200);
    assert.deepEqual([detail.remark, detail.approval_remark], [remark, remark]);
    const entry = await logged(place, { module: 'inventory', action: 'approve', userId: M.id }, { resource_id: id });
    assert.match(entry.ip_address, /^[0-9a-f.:]+$/);
});

test('12.18 quantities are exact, and two approvals at once do not mix', async () => {
    const row = await makeMaterial(M);
    await stockUp(P, row.id, 0.1);
    await stockUp(P, row.id, 0.2);
    assert.match((await U.get(`/materials/${row.id}`)).text, /"current_stock":0\.3[,}]/);
    const all = await Promise.all([1, 2, 3, 4].map((n) => makeDocument(U, row.id, n)));
    const answers = await Promise.all(all.map(({ id }) => approve(M, id)));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200]);
    assert.equal(await stock(row.id), 10.3);
});
