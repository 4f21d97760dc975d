// Materials one by one: create, read, update, retire, restore, delete, codes, units, fields.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, faulty, forbidden, getMaterial, issueOf, makeDocument, makeMaterial, makeUsers, materialBody, post, receiptOf, refused, reject, start, stockUp, unique } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const NOT_FOUND = [404, 'material_not_found', '物料不存在'];
const TAKEN = [409, 'material_code_taken', '物料编码已存在'];
const CODE_CHARS = '物料编码只能包含字母、数字、下划线和连字符';
const CATEGORY = '类别必须是 chemical 或 metal';
const create = (more) => M.post('/api/materials', materialBody(more));
const update = async (id, body, options) => assert.deepEqual(accepted(await M.put(`/api/materials/${id}`, body, options), 200, '物料更新成功'), { id });

test('create answers id, code and name; the row is complete', async () => {
    const body = materialBody({ minStock: 5, maxStock: 100.5, location: 'A-01-02', description: '高纯' });
    const data = accepted(await M.post('/api/materials', body), 201, '物料创建成功');
    assert.deepEqual(data, { id: data.id, materialCode: body.materialCode, materialName: body.materialName });
    const row = accepted(await U.get(`/api/materials/${data.id}`), 200);
    assert.match(row.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.ok(Math.abs(Date.parse(`${row.created_at.replace(' ', 'T')}Z`) - Date.now()) < 120_000, `UTC: ${row.created_at}`);
    assert.deepEqual(row, {
        id: data.id, material_code: body.materialCode, material_name: body.materialName, name_en: null, category: 'chemical',
        subcategory: null, unit: 'kg', unit_decimals: row.unit_decimals, qty_decimals: null, current_stock: 0, min_stock: 5, max_stock: 100.5,
        location: 'A-01-02', description: '高纯', cas_no: null, un_no: null, ghs_pictograms: null, hazard_statements: null,
        storage_class: null, control_flags: null, metal_grade: null, standard: null, track_by: null, shelf_life_days: null,
        shelf_life_basis: null, periodic_inspection_days: null, storage_condition: null, cert_required: null, cas_check: null,
        note: null, status: 'active', version: 1, created_by: M.user.id, created_at: row.created_at, updated_at: row.created_at,
        creator_name: M.realName,
    });
    const log = await server.sql(`SELECT module, action, description, user_id, ip_address FROM operation_log WHERE resource_type = 'material' AND resource_id = ${data.id}`);
    assert.deepEqual(log, [{ module: 'materials', action: 'create', description: `创建物料: ${body.materialName}`, user_id: M.user.id, ip_address: '127.0.0.1' }]);
});

test('stock begins at 0 whatever the client says', async () => {
    const row = await makeMaterial(M, { currentStock: 500, current_stock: 500 });
    assert.equal(row.current_stock, 0);
});

test('all faults at once, in the words existing clients know', async () => {
    faulty(await M.post('/api/materials', {}), {
        materialCode: '物料编码不能为空', materialName: '物料名称不能为空', category: CATEGORY, unit: '单位不能为空',
    });
    const errors = faulty(await create({ materialCode: 'a b', materialName: '', category: 'wood', unit: ' ', minStock: -1, maxStock: -0.001 }), {
        materialCode: CODE_CHARS, materialName: '物料名称不能为空', category: CATEGORY, unit: '单位不能为空',
        minStock: '最低库存必须大于等于0', maxStock: '最高库存必须大于等于0',
    });
    assert.equal(errors.find((error) => error.field === 'materialCode').value, 'a b');
    assert.equal(errors.find((error) => error.field === 'category').value, 'wood');
});

test('lengths at the limit and beyond it', async () => {
    const limits = { materialCode: [50, 'C'], materialName: [100, '名'], unit: [20, 'u'], location: [200, '位'], description: [500, '述'] };
    const at = {}, beyond = {}, wanted = {};
    for (const [field, [n, letter]] of Object.entries(limits)) {
        at[field] = letter.repeat(n);
        beyond[field] = letter.repeat(n + 1);
        wanted[field] = null;
    }
    const row = await makeMaterial(M, at);
    assert.equal(row.description, at.description);
    faulty(await create(beyond), wanted);
});

test('codes: which characters', async () => {
    for (const code of ['has space', 'slash/1', '点', 'a.b', "x'y", 'tab\t1'])
        faulty(await create({ materialCode: code }), { materialCode: CODE_CHARS });
    await makeMaterial(M, { materialCode: `a_Z-${unique('9')}` });
});

test('codes that differ in case or width only are the same code', async () => {
    accepted(await create({ materialCode: 'KOH-01' }), 201);
    for (const code of ['KOH-01', 'koh-01', 'Koh-01', ' KOH-01 '])
        refused(await create({ materialCode: code }), ...TAKEN);
    // A full-width spelling never gets a row of its own: it is either no code at all or this one.
    const wide = await create({ materialCode: 'ＫＯＨ－０１' });
    assert.ok(wide.status === 409 || wide.status === 400, wide.text);
    if (wide.status === 400)
        faulty(wide, { materialCode: CODE_CHARS });
    else
        refused(wide, ...TAKEN);
    assert.equal(await server.value("SELECT COUNT(*) FROM materials WHERE code_fold = 'koh-01'"), 1);
});

test('the list finds a code however it is spelled', async () => {
    const { list } = accepted(await M.get(`/api/materials?keyword=${encodeURIComponent('ｋｏｈ－０１')}`), 200);
    assert.deepEqual(list.map((row) => row.material_code), ['KOH-01']);
});

test('many at once with one code: one is made', async () => {
    const body = materialBody();
    const answers = await Promise.all(Array.from({ length: 20 }, () => M.post('/api/materials', body)));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
    for (const answer of answers.filter((one) => one.status !== 201))
        refused(answer, ...TAKEN);
});

test('update: single fields, emptying, several fields', async () => {
    const { id } = await makeMaterial(M, { location: '旧位', minStock: 3 });
    await update(id, { location: '新位' });
    await update(id, { description: '说明', minStock: '12.50' });
    let row = await getMaterial(U, id);
    assert.deepEqual([row.location, row.description, row.min_stock, row.version], ['新位', '说明', 12.5, 3]);
    await update(id, { location: '', description: null, minStock: null });
    row = await getMaterial(U, id);
    assert.deepEqual([row.location, row.description, row.min_stock], [null, null, 0]);
    faulty(await M.put(`/api/materials/${id}`, { materialName: '', category: 'x', minStock: -1 }),
        { materialName: '物料名称不能为空', category: CATEGORY, minStock: '最低库存必须大于等于0' });
    assert.equal((await getMaterial(U, id)).version, row.version);
});

test('update: nothing, and unknown fields', async () => {
    const { id } = await makeMaterial(M);
    const nothing = [400, 'nothing_to_update', '没有要更新的字段'];
    refused(await M.put(`/api/materials/${id}`, {}), ...nothing);
    refused(await M.put(`/api/materials/${id}`, { colour: 'red', currentStock: 5 }), ...nothing);
    await update(id, { colour: 'red', location: 'B' });
    assert.equal((await getMaterial(U, id)).current_stock, 0);
});

test('snake_case bodies are read too', async () => {
    const code = unique('SNAKE');
    const { id } = accepted(await M.post('/api/materials', { material_code: code, material_name: '名', category: 'metal', unit: 'g', min_stock: 2 }), 201);
    const row = await getMaterial(U, id);
    assert.deepEqual([row.material_code, row.min_stock], [code, 2]);
});

test('unknown materials', async () => {
    for (const id of [999999, 0]) {
        refused(await U.get(`/api/materials/${id}`), ...NOT_FOUND);
        refused(await M.put(`/api/materials/${id}`, { location: 'x' }), ...NOT_FOUND);
        refused(await admin.del(`/api/materials/${id}`), ...NOT_FOUND);
        refused(await M.post(`/api/materials/${id}/retire`), ...NOT_FOUND);
        refused(await M.post(`/api/materials/${id}/restore`), ...NOT_FOUND);
        for (const part of ['code-history', 'moves', 'balances'])
            refused(await U.get(`/api/materials/${id}/${part}`), ...NOT_FOUND);
    }
});

test('a changed code goes to the history with its reason', async () => {
    const first = unique('OLD'), second = unique('NEW'), third = unique('NEWER');
    const { id } = await makeMaterial(M, { materialCode: first });
    await update(id, { materialCode: second, codeChangeReason: '编码规则调整' });
    assert.deepEqual(accepted(await admin.put(`/api/materials/${id}`, { materialCode: third }), 200), { id });
    await update(id, { location: 'no new code' });
    const { list, total } = accepted(await U.get(`/api/materials/${id}/code-history`), 200);
    assert.equal(total, 2);
    const [last, before] = list;
    assert.match(before.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.deepEqual(before, {
        id: before.id, old_code: first, new_code: second, changed_by: M.user.id, changed_by_name: M.realName, change_reason: '编码规则调整', created_at: before.created_at,
    });
    assert.deepEqual([last.old_code, last.new_code, last.changed_by, last.change_reason], [second, third, admin.user.id, null]);
    // The old code is free again; a code in use is not.
    const other = await makeMaterial(M, { materialCode: first });
    refused(await M.put(`/api/materials/${other.id}`, { materialCode: third.toLowerCase() }), ...TAKEN);
    assert.equal((await getMaterial(U, other.id)).material_code, first);
});

test('optimistic lock: If-Match and the body\'s version, with the present row in the answer', async () => {
    const { id } = await makeMaterial(M);
    const read = await U.get(`/api/materials/${id}`);
    assert.equal(read.headers.etag, '"1"');
    await update(id, { location: 'first' }, { headers: { 'if-match': read.headers.etag } });
    const conflict = [409, 'version_conflict', '数据已被他人修改，请核对后重试'];
    const present = await getMaterial(U, id);
    assert.equal(present.version, 2);
    const late = refused(await M.put(`/api/materials/${id}`, { location: 'late' }, { headers: { 'if-match': '"1"' } }), ...conflict);
    assert.deepEqual(late.data, present);
    assert.deepEqual(refused(await M.put(`/api/materials/${id}`, { location: 'late', version: 1 }), ...conflict).data, present);
    assert.deepEqual(await getMaterial(U, id), present);
    await update(id, { location: 'second', version: 2 });
    await update(id, { location: 'third' });
    assert.equal((await getMaterial(U, id)).version, 4);
});

test('If-Match may name several versions, weak ones, or any', async () => {
    const { id } = await makeMaterial(M);
    let version = 1;
    for (const good of ['"1"', 'W/"2"', '"9", "3"', '"9","4" , W/"8"', '*']) {
        await update(id, { location: `place ${version}` }, { headers: { 'if-match': good } });
        version++;
    }
    for (const bad of ['"1"', '1, 2', '"61"', '6', '"', 'W/', '"1", "2"'])
        refused(await M.put(`/api/materials/${id}`, { location: 'x' }, { headers: { 'if-match': bad } }), 409, 'version_conflict', '数据已被他人修改，请核对后重试');
    assert.equal((await getMaterial(U, id)).version, version);
});

test('of many updates of one version, one wins', async () => {
    const { id } = await makeMaterial(M);
    const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => M.put(`/api/materials/${id}`, { location: `place ${i}`, version: 1 })));
    const won = answers.map((answer, i) => (answer.status === 200 ? i : -1)).filter((i) => i >= 0);
    assert.equal(won.length, 1);
    const row = await getMaterial(U, id);
    assert.deepEqual([row.location, row.version], [`place ${won[0]}`, 2]);
});

test('the typed fields of the catalogue', async () => {
    const fields = {
        nameEn: 'Potassium hydroxide', subcategory: '电解液', qtyDecimals: 2, casNo: '1310-58-3', unNo: 'UN1813', ghsPictograms: 'GHS05;GHS07',
        hazardStatements: 'H290;H302;H314', storageClass: '腐蚀品', controlFlags: '易制毒', metalGrade: 'AR', standard: 'GB/T 2306', trackBy: 'batch',
        shelfLifeDays: 730, shelfLifeBasis: 'T', periodicInspectionDays: 90, storageCondition: '阴凉干燥', certRequired: 'COA;SDS', casCheck: 'checksum', note: '备注',
    };
    const row = await makeMaterial(M, fields);
    for (const [name, value] of Object.entries(fields))
        assert.deepEqual(row[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)], value, name);
    assert.equal(row.unit_decimals, 2);
});

test('the typed fields have limits', async () => {
    for (const casNo of ['1310-58-4', '1310583', '7732-18', 'abc', '12345678-90-1'])
        faulty(await create({ casNo }), { casNo: 'CAS 号格式或校验位不正确' });
    for (const casNo of ['7732-18-5', '7440-06-4', '1333-74-0', '50-00-0'])
        accepted(await create({ casNo }), 201);
    faulty(await create({ unNo: '1813', ghsPictograms: 'GHS10', hazardStatements: 'hot', shelfLifeBasis: 'X', shelfLifeDays: 0, periodicInspectionDays: 1.5, qtyDecimals: 7 }), {
        unNo: null, ghsPictograms: null, hazardStatements: null, shelfLifeBasis: null, shelfLifeDays: null, periodicInspectionDays: null, qtyDecimals: null,
    });
    faulty(await create({ nameEn: 'n'.repeat(201), note: 'n'.repeat(501), storageCondition: 's'.repeat(301), materialName: { a: 1 }, minStock: 'many', maxStock: true }), {
        nameEn: null, note: null, storageCondition: null, materialName: null, minStock: null, maxStock: null,
    });
    faulty(await create({ minStock: 10, maxStock: 5 }), { maxStock: null });
});

test('quantities are read exactly', async () => {
    const stored = async (minStock) => {
        const { id } = accepted(await M.post('/api/materials', JSON.stringify(materialBody({ unit: 'g', minStock: 'HERE' })).replace('"HERE"', minStock)), 201);
        const answer = await U.get(`/api/materials/${id}`);
        return answer.text.match(/"min_stock":([^,]+),/)[1];
    };
    assert.equal(await stored('0.1'), '0.1');
    assert.equal(await stored('1e2'), '100');
    assert.equal(await stored('"12.50"'), '12.5');
    assert.equal(await stored('1E-2'), '0.01');
    assert.equal(await stored('12.500000000000000000000'), '12.5');
    assert.equal(await stored('123456789.123'), '123456789.123', 'more digits than a double has');
    assert.equal(await stored('1000000000000'), '1000000000000');
    for (const bad of ['1e400', '1000000000001', '0.0000001', '"12,5"', '"0x10"', '"NaN"', '"1 2"'])
        faulty(await M.post('/api/materials', JSON.stringify(materialBody({ minStock: 'HERE' })).replace('"HERE"', bad)), { minStock: null });
});

test('an unknown unit is added with three decimals and marked for review', async () => {
    const code = unique('箱').slice(0, 20);
    const row = await makeMaterial(M, { unit: code, minStock: 1.234 });
    assert.deepEqual([row.unit, row.unit_decimals, row.min_stock], [code, 3, 1.234]);
    const units = accepted(await U.get('/api/units'), 200);
    const unit = units.find((one) => one.code === code);
    assert.deepEqual(unit, { id: unit.id, code, name_zh: null, name_en: null, decimals: 3, needs_review: 1 });
    faulty(await create({ unit: code, minStock: 1.2345 }), { minStock: null });
    await makeMaterial(M, { unit: code });
    assert.equal(await server.value(`SELECT COUNT(*) FROM units WHERE code = '${code}'`), 1);
    // a refused material leaves no unit behind
    const orphan = unique('ou').slice(0, 20);
    faulty(await create({ unit: orphan, minStock: 1.2345 }), { minStock: null });
    assert.equal(await server.value(`SELECT COUNT(*) FROM units WHERE code = '${orphan}'`), 0);
});

test('units: list, add, review', async () => {
    const code = unique('U').slice(0, 20);
    const { id } = accepted(await M.post('/api/units', { code, nameZh: '只', nameEn: 'piece', decimals: 0 }), 201);
    const find = async () => accepted(await U.get('/api/units'), 200).find((unit) => unit.id === id);
    assert.deepEqual(await find(), { id, code, name_zh: '只', name_en: 'piece', decimals: 0, needs_review: 0 });
    refused(await M.post('/api/units', { code, decimals: 0 }), 409, 'unit_taken', '计量单位已存在');
    faulty(await M.post('/api/units', { code: 'c'.repeat(21), decimals: 7 }), { code: null, decimals: null });
    faulty(await M.post('/api/units', {}), { code: '单位不能为空', decimals: null });
    refused(await M.put('/api/units/999999', { decimals: 1 }), 404, 'unit_not_found', '计量单位不存在');
    forbidden(await U.post('/api/units', { code: 'x', decimals: 0 }), 'material.write');

    const brought = unique('V').slice(0, 20);
    const material = await makeMaterial(M, { unit: brought });
    const { id: broughtId } = accepted(await U.get('/api/units'), 200).find((unit) => unit.code === brought);
    accepted(await M.put(`/api/units/${broughtId}`, { nameZh: '瓶', decimals: 0 }), 200);
    const reviewed = accepted(await U.get('/api/units'), 200).find((unit) => unit.id === broughtId);
    assert.deepEqual([reviewed.decimals, reviewed.needs_review], [0, 0]);
    assert.equal((await getMaterial(U, material.id)).unit_decimals, 0);
});

test('the unit cannot change once stock has moved', async () => {
    const { id } = await makeMaterial(M, { unit: 'kg' });
    await update(id, { unit: 'g' });
    await stockUp(M, admin, id, 5);
    faulty(await M.put(`/api/materials/${id}`, { unit: 'kg' }), { unit: null });
    assert.equal((await getMaterial(U, id)).unit, 'g');
});

test('locations: list and add', async () => {
    const code = unique('LOC');
    const { id } = accepted(await M.post('/api/locations', { code, nameZh: '危化品库', nameEn: 'Hazardous' }), 201);
    const child = accepted(await M.post('/api/locations', { parentId: id, code: `${code}-1`, nameZh: '一号柜' }), 201).id;
    const list = accepted(await U.get('/api/locations'), 200);
    assert.deepEqual(list.find((one) => one.id === id), { id, parent_id: null, code, name_zh: '危化品库', name_en: 'Hazardous', kind: 'storage' });
    assert.deepEqual(list.find((one) => one.id === child), { id: child, parent_id: id, code: `${code}-1`, name_zh: '一号柜', name_en: null, kind: 'storage' });
    refused(await M.post('/api/locations', { code: code.toLowerCase(), nameZh: 'x' }), 409, 'location_taken', '库位编码已存在');
    refused(await M.post('/api/locations', { parentId: 999999, code: unique('LOC'), nameZh: 'x' }), 404, 'location_not_found', '库位不存在');
    faulty(await M.post('/api/locations', {}), { code: null, nameZh: null });
    forbidden(await U.post('/api/locations', { code: 'x', nameZh: 'x' }), 'location.write');
});

test('delete: by the administrator, without documents only', async () => {
    const gone = await makeMaterial(M);
    for (const person of [U, M])
        forbidden(await person.del(`/api/materials/${gone.id}`), 'material.delete');
    accepted(await admin.del(`/api/materials/${gone.id}`), 200, '物料删除成功');
    refused(await U.get(`/api/materials/${gone.id}`), ...NOT_FOUND);
    refused(await admin.del(`/api/materials/${gone.id}`), ...NOT_FOUND);
    accepted(await create({ materialCode: gone.material_code }), 201); // the code is free again

    const used = await makeMaterial(M);
    const { id: document } = await makeDocument(U, receiptOf(used.id, 1));
    const inUse = [400, 'material_in_use', '该物料存在相关出入库记录,无法删除'];
    refused(await admin.del(`/api/materials/${used.id}`), ...inUse);
    accepted(await reject(M, document), 200);
    refused(await admin.del(`/api/materials/${used.id}`), ...inUse); // a rejected document is one too
    await getMaterial(U, used.id);
});

test('a material that stands in a count cannot be deleted', async () => {
    const { id } = await makeMaterial(M);
    accepted(await M.post('/api/stocktaking', { taskName: '盘点', materialIds: [id] }), 201);
    refused(await admin.del(`/api/materials/${id}`), 400, 'material_in_use', '该物料存在相关盘点记录,无法删除');
    assert.equal((await getMaterial(M, id)).id, id);
});

test('a material with a code history can be deleted as well', async () => {
    const { id } = await makeMaterial(M);
    await update(id, { materialCode: unique('RENAMED') });
    accepted(await admin.del(`/api/materials/${id}`), 200, '物料删除成功');
});

test('retire and restore', async () => {
    const material = await makeMaterial(M);
    const path = `/api/materials/${material.id}`;
    const offered = async (query = '') => accepted(await U.get(`/api/materials?keyword=${material.material_code}${query}`), 200).total;
    await stockUp(M, admin, material.id, 3);
    refused(await M.post(`${path}/retire`), 400, 'material_has_stock', '物料仍有库存，无法停用');
    await post(M, admin, issueOf(material.id, 3));
    accepted(await M.post(`${path}/retire`), 200, '物料已停用');
    assert.equal((await getMaterial(U, material.id)).status, 'retired');
    assert.deepEqual([await offered(), await offered('&status=retired'), await offered('&status=all')], [0, 1, 1]);
    const retired = await U.post('/api/inventory', receiptOf(material.id, 1));
    assert.deepEqual([retired.status, retired.body.code], [400, 'material_retired']);
    assert.match(retired.body.message, /^物料已停用/);
    accepted(await M.post(`${path}/retire`), 200); // already so
    accepted(await M.post(`${path}/restore`), 200, '物料已恢复使用');
    assert.deepEqual([await offered(), await offered('&status=retired')], [1, 0]);
    await makeDocument(U, receiptOf(material.id, 1));
    forbidden(await U.post(`${path}/retire`), 'material.write');
    forbidden(await U.post(`${path}/restore`), 'material.write');
    assert.equal((await M.post(`${path}/retire`)).status, 400, 'a document is pending');
    assert.equal((await getMaterial(U, material.id)).status, 'active');
});

test('regular users may not write', async () => {
    const { id } = await makeMaterial(M);
    forbidden(await U.post('/api/materials', materialBody()), 'material.write');
    forbidden(await U.post('/api/materials', {}), 'material.write'); // asked before the body is looked at
    forbidden(await U.put(`/api/materials/${id}`, { location: 'x' }), 'material.write');
});

test('the stock card and the balances', async () => {
    const { id } = await makeMaterial(M);
    const receipt = await stockUp(U, M, id, 10.5, { remark: '首批' });
    const issue = await post(U, M, issueOf(id, 4.25));
    const { list, total } = accepted(await U.get(`/api/materials/${id}/moves`), 200);
    assert.equal(total, 2);
    for (const move of list)
        assert.match(move.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const [out, into] = list.map(({ id: _, created_at: __, ...rest }) => rest);
    assert.deepEqual(into, {
        seq: 1, document_id: receipt.id, transaction_code: receipt.transaction_code, transaction_type: 'in', purpose: 'purchase', quantity_change: 10.5,
        stock_before: 0, stock_after: 10.5, lot_no: into.lot_no, from_location: '供应商', to_location: '主仓库', operator_id: M.user.id,
        operator_name: M.realName, remark: '首批',
    });
    assert.deepEqual(out, {
        seq: 2, document_id: issue.id, transaction_code: issue.transaction_code, transaction_type: 'out', purpose: 'production', quantity_change: -4.25,
        stock_before: 10.5, stock_after: 6.25, lot_no: into.lot_no, from_location: '主仓库', to_location: '生产领用', operator_id: M.user.id,
        operator_name: M.realName, remark: null,
    });
    const balances = accepted(await U.get(`/api/materials/${id}/balances`), 200);
    assert.deepEqual(balances, [{ lot_id: balances[0].lot_id, lot_no: into.lot_no, expires_on: null, location_id: balances[0].location_id, location_code: 'MAIN', location_name: '主仓库', quantity: 6.25 }]);
});

test('the stock never changes by editing the material', async () => {
    const { id } = await makeMaterial(M);
    await stockUp(M, admin, id, 7);
    await update(id, { currentStock: 99, current_stock: 99, location: 'x' });
    assert.equal((await getMaterial(U, id)).current_stock, 7);
});

test('every change is in the operation log, with what it was before', async () => {
    const count = () => server.value('SELECT COUNT(*) FROM operation_log');
    const logs = async (module, work) => {
        const before = await count();
        const answer = await work();
        assert.ok(answer.status < 300, answer.text);
        const rows = await server.sql(`SELECT module, user_id, changes FROM operation_log WHERE id > (SELECT MAX(id) FROM operation_log) - ${await count() - before}`);
        assert.equal(rows.length, 1, `${module}: ${JSON.stringify(rows)}`);
        assert.deepEqual([rows[0].module, rows[0].user_id], [module, M.user.id]);
        return { ...answer.body.data, changes: rows[0].changes };
    };
    await makeMaterial(M, { unit: 'kg' }); // so that no unit is new
    const { id } = await logs('materials', () => create({ unit: 'kg', location: 'A' }));
    const { changes } = await logs('materials', () => M.put(`/api/materials/${id}`, { location: 'B' }));
    assert.deepEqual(JSON.parse(changes).location, { old: 'A', new: 'B' });
    await logs('materials', () => M.post(`/api/materials/${id}/retire`));
    await logs('materials', () => M.post(`/api/materials/${id}/restore`));
    const unit = await logs('materials', () => M.post('/api/units', { code: unique('W').slice(0, 20), decimals: 1 }));
    await logs('materials', () => M.put(`/api/units/${unit.id}`, { decimals: 2 }));
    await logs('materials', () => M.post('/api/locations', { code: unique('W'), nameZh: '位' }));
    const before = await count();
    accepted(await U.get(`/api/materials/${id}`), 200);
    faulty(await M.put(`/api/materials/${id}`, { category: 'wood' }), { category: CATEGORY });
    assert.equal(await count(), before, 'what changes nothing is not in it');
});

test('everything agrees in the end', () => server.verifyClean());
