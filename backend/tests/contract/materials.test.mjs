// Section 2.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { faults, list, listRules, logged, makeMaterial, notPermitted, ok, open, people, refused, shape, stockUp, unique } from './contract.mjs';

const place = await open();
after(place.end);
const P = await people(place), { A, M, U } = P;
const ROW = { id: 'id', material_code: 'text', material_name: 'text', category: ['chemical', 'metal'], unit: 'text', current_stock: 'number', min_stock: 'number?',
    max_stock: 'number?', location: 'text?', description: 'text?', created_by: 'id?', created_at: 'time', updated_at: 'time', creator_name: 'text?' };
const body = (more) => ({ materialCode: unique('CT-'), materialName: '合同', category: 'chemical', unit: 'kg', ...more });

test('GET /materials', async () => {
    const row = await makeMaterial(M, { materialName: unique('查询'), category: 'metal', minStock: 1.5, maxStock: 9, location: 'A-1', description: '说明' });
    for (let i = 0; i < 3; i++)
        await makeMaterial(M);
    await listRules(U, '/materials', ROW, 10);
    for (const keyword of [row.materialCode, row.materialName])
        assert.deepEqual(list(await U.get(`/materials?keyword=${encodeURIComponent(keyword)}`), ROW).map(({ id }) => id), [row.id]);
    assert.ok(list(await U.get('/materials?category=metal&pageSize=100'), { ...ROW, category: ['metal'] }).length);
    const none = ok(await U.get('/materials?keyword=&category='), 200), all = ok(await U.get('/materials'), 200);
    assert.equal(none.total, all.total, 'empty parameters mean no filter');
});

test('GET /materials/:id', async () => {
    const row = await makeMaterial(M, { minStock: 1.5, maxStock: 9, location: 'A-1', description: '说明' });
    const data = shape(ok(await U.get(`/materials/${row.id}`), 200), ROW);
    assert.deepEqual([data.material_code, data.current_stock, data.min_stock, data.max_stock, data.location, data.description, data.created_by, data.creator_name],
        [row.materialCode, 0, 1.5, 9, 'A-1', '说明', M.id, M.realName]);
    for (const id of ['987654321', 'abc', '0', '-1'])
        refused(await U.get(`/materials/${id}`), 404, '物料不存在');
});

test('POST /materials', async () => {
    const sent = body();
    const data = shape(ok(await M.post('/materials', sent), 201, '物料创建成功'), { id: 'id', materialCode: 'text', materialName: 'text' });
    assert.deepEqual([data.materialCode, data.materialName], [sent.materialCode, sent.materialName]);
    assert.equal(ok(await M.get(`/materials/${data.id}`), 200).current_stock, 0);
    await logged(place, { module: 'materials', action: 'create', userId: M.id }, { description: `创建物料: ${sent.materialName}` });
    ok(await A.post('/materials', body()), 201);
    notPermitted(await U.post('/materials', body()));
    faults(await M.post('/materials', {}), { materialCode: '物料编码不能为空', materialName: '物料名称不能为空', category: '类别必须是 chemical 或 metal', unit: '单位不能为空' });
    faults(await M.post('/materials', body({ materialCode: 'a b' })), { materialCode: '物料编码只能包含字母、数字、下划线和连字符' });
    faults(await M.post('/materials', body({ minStock: -1, maxStock: -1 })), { minStock: '最低库存必须大于等于0', maxStock: '最高库存必须大于等于0' });
    for (const [name, value] of [['materialCode', 'x'.repeat(51)], ['materialName', 'x'.repeat(101)], ['unit', 'x'.repeat(21)], ['location', 'x'.repeat(201)], ['description', 'x'.repeat(501)], ['category', 'gas']])
        faults(await M.post('/materials', body({ [name]: value })), { [name]: true });
});

test('12.20 codes do not repeat', async () => {
    const row = await makeMaterial(M);
    refused(await M.post('/materials', body({ materialCode: row.materialCode })), 409, '物料编码已存在');
    const other = await makeMaterial(M);
    refused(await M.put(`/materials/${other.id}`, { materialCode: row.materialCode }), 409, '物料编码已存在');
});

test('PUT /materials/:id', async () => {
    const row = await makeMaterial(M);
    assert.equal(ok(await M.put(`/materials/${row.id}`, { materialName: '新名', minStock: 2, nonsense: 1 }), 200, '物料更新成功').id, row.id);
    const code = unique('CT-');
    ok(await M.put(`/materials/${row.id}`, { materialCode: code, codeChangeReason: '统一编码' }), 200, '物料更新成功');
    const now = ok(await U.get(`/materials/${row.id}`), 200);
    assert.deepEqual([now.material_name, now.min_stock, now.material_code, now.unit], ['新名', 2, code, 'kg']);
    const history = ok(await U.get(`/materials/${row.id}/code-history`), 200);
    const rows = Array.isArray(history) ? history : history.list;
    assert.deepEqual(rows.map((one) => [one.old_code, one.new_code, one.change_reason]), [[row.materialCode, code, '统一编码']]);
    refused(await M.put(`/materials/${row.id}`, {}), 400, '没有要更新的字段');
    refused(await M.put(`/materials/${row.id}`, { nonsense: 1 }), 400, '没有要更新的字段');
    refused(await M.put(`/materials/${row.id}`, { codeChangeReason: '仅有原因' }), 400, '没有要更新的字段');
    refused(await M.put('/materials/987654321', { materialName: 'x' }), 404, '物料不存在');
    notPermitted(await U.put(`/materials/${row.id}`, { materialName: 'x' }));
});

test('DELETE /materials/:id', async () => {
    const row = await makeMaterial(M), used = await makeMaterial(M);
    await stockUp(P, used.id, 1);
    for (const client of [M, U])
        notPermitted(await client.del(`/materials/${row.id}`));
    refused(await A.del(`/materials/${used.id}`), 400, '该物料存在相关出入库记录,无法删除');
    ok(await A.del(`/materials/${row.id}`), 200, '物料删除成功');
    refused(await A.del(`/materials/${row.id}`), 404, '物料不存在');
});
