// Imports of tables: what is proposed, what the check finds, one transaction, undo; files made by other programs.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';

import { POSTGRES, accepted, approve, faulty, getDocument, getMaterial, makeMaterial, makeUsers, refused, sleep, start, stockUp, unique } from './harness.mjs';
import { SLOW, checked, csv, ended, rowsOf, step, upload } from './import-steps.mjs';
import { raw } from './raw.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, M2, U } = await makeUsers(admin, { M: 'inventory_manager', M2: 'inventory_manager', U: 'regular_user' });
await makeMaterial(M); // kg is known from here on
const HEAD = ['物料编码', '物料名称', '类别', '单位', '最低库存', '备注'];
const sums = ({ summary }) => Object.fromEntries(['rows', 'create', 'change', 'line', 'fault', 'same'].map((name) => [name, summary[name]]));
const byCode = async (code) => accepted(await M.get(`/api/materials?status=all&keyword=${encodeURIComponent(code)}`), 200).list.find((row) => row.material_code === code);
const CREATED = { rows: 0, create: 0, change: 0, line: 0, fault: 0, same: 0 };

test('columns are proposed by their heads: Chinese, English, the older export, in any order and dress', async () => {
    const mapping = async (kind, ...head) => accepted(await upload(M, kind, csv(head, head.map((_, i) => `x${i}`))), 201).mapping;
    assert.deepEqual(await mapping('materials', '物料编码', '物料名称', '类别', '单位', '当前库存', '最低库存', '最高库存', '存放位置', '描述', '创建时间'),
        ['material_code', 'material_name', 'category', 'unit', '', 'min_stock', 'max_stock', 'location', 'description', '']);
    assert.deepEqual(await mapping('materials', 'Unit', 'CODE', ' Item  name ', 'Category', 'min_stock', 'CAS No.', '没有的列'),
        ['unit', 'material_code', 'material_name', 'category', 'min_stock', 'cas_no', '']);
    assert.deepEqual(await mapping('materials', '*物料编码：', '名称', '计量单位（必填）', '保质期(天)', '名称'),
        ['material_code', 'material_name', 'unit', 'shelf_life_days', '']);
    assert.deepEqual(await mapping('opening', '料号', '期初数量', '成本单价', '批次号', '库位', '有效期至'),
        ['material_code', 'quantity', 'unit_price', 'lot_no', 'place', 'expires_on']);
});

test('a title above the head, and what is told of a file', async () => {
    const file = accepted(await upload(M, 'materials', csv(['化学物料一览', '', ''], ['编码', '名称', '单位'], ['A-1', '甲', 'kg'], ['A-2', '乙', 'kg']), 'C:\\表\\一览.csv'), 201);
    assert.deepEqual([file.form.headRow, file.form.rows, file.form.format, file.form.encoding, file.file_name, file.status],
        [2, 2, 'csv', 'UTF-8', '一览.csv', 'new']);
    assert.deepEqual(file.form.columns[0], { cell: 'A2', head: '编码', samples: ['A-1', 'A-2', ''] });
    assert.ok(file.fields.some(({ name, needed }) => name === 'material_code' && needed));
});

test('created, changed, as it is: told field by field, stored in one go, undone', async () => {
    const old = await makeMaterial(M, { minStock: '5', note: '旧' }), same = await makeMaterial(M, { minStock: '7' });
    const fresh = [unique('NEW'), unique('NEW')];
    const file = csv(HEAD, [old.material_code, '新名称', '化学', 'kg', '1,250.5', ''], [same.material_code, same.material_name, 'chemical', 'kg', '7.000', ''],
        [fresh[0], '甲', '化学物料', 'kg', '３', '带"引号",逗号'], [fresh[1], '乙', 'metal', 'kg', '', '']);
    const im = await checked(M, 'materials', file);
    assert.deepEqual(sums(im), { ...CREATED, rows: 4, create: 2, change: 1, same: 1 });
    const [change] = await rowsOf(M, im.id, 'change');
    assert.deepEqual(change.changes, { material_name: { old: old.material_name, new: '新名称' }, min_stock: { old: 5, new: 1250.5 } });
    assert.deepEqual([change.row, change.label, change.targetId], [2, old.material_code, old.id]);
    assert.equal((await getMaterial(M, old.id)).material_name, old.material_name, 'a check changes nothing');
    assert.equal(await byCode(fresh[0]), undefined);

    const job = await step(M, im.id, 'commit');
    assert.deepEqual(job.result, { importId: im.id, created: 2, changed: 1 });
    assert.deepEqual([job.done, job.total], [3, 3]);
    const after = await getMaterial(M, old.id);
    assert.deepEqual([after.material_name, after.min_stock, after.note, after.version], ['新名称', 1250.5, '旧', old.version + 1]);
    const made = await byCode(fresh[0]);
    assert.deepEqual([made.material_name, made.category, made.min_stock, made.note, made.created_by], ['甲', 'chemical', 3, '带"引号",逗号', M.user.id]);
    assert.equal((await getMaterial(M, same.id)).version, same.version);
    refused(await M.post(`/api/imports/${im.id}/commit`), 409, 'import_state', '导入当前的状态不允许此操作');
    const found = accepted(await M.get(`/api/search?q=${fresh[1]}`), 200);
    assert.ok(JSON.stringify(found).includes(fresh[1]), 'what was imported is found');

    await step(M, im.id, 'undo');
    const back = await getMaterial(M, old.id);
    assert.deepEqual([back.material_name, back.min_stock, back.note], [old.material_name, 5, '旧']);
    assert.equal(await byCode(fresh[0]), undefined);
    assert.equal(accepted(await M.get(`/api/imports/${im.id}`), 200).status, 'undone');
    refused(await M.post(`/api/imports/${im.id}/undo`), 409, 'import_state', '导入当前的状态不允许此操作');
    await server.verifyClean();
});

test('the log says who imported what', async () => {
    const im = await checked(M, 'materials', csv(HEAD, [unique('LOG'), '记', '化学', 'kg', '', '']));
    await step(M, im.id, 'commit');
    const [entry] = accepted(await admin.get('/api/operation-logs?module=imports&action=import'), 200).list;
    assert.deepEqual([entry.user_id, entry.resource_id, entry.description], [M.user.id, im.id, '导入物料: 物料.csv']);
    await step(M, im.id, 'undo');
    assert.equal(accepted(await admin.get('/api/operation-logs?module=imports&action=undo'), 200).list[0].resource_id, im.id);
});

test('faults have the address of their cell; all of them at once; nothing is stored until they are dealt with', async () => {
    const good = unique('GOOD'), twice = unique('TWICE');
    const file = csv(HEAD, [good, '好', '化学', 'kg', '1', ''], ['', '无编码', '化学', 'kg', '', ''], ['有 空格', '', '试剂', '桶', '-1', ''],
        [twice, '一', '化学', 'kg', '1.2.3', ''], [twice, '二', '化学', 'kg', '', ''], ['', '', '', '', '', '']);
    const im = await checked(M, 'materials', file);
    assert.deepEqual(sums(im), { ...CREATED, rows: 5, create: 1, fault: 4 });
    const faults = (await rowsOf(M, im.id, 'fault')).map(({ row, faults: list }) => [row, ...list.map(({ cell, field, code }) => `${cell} ${field} ${code}`)]);
    assert.deepEqual(faults[0], [3, 'A3 material_code required']);
    assert.deepEqual(faults[1].slice(0, 3), [4, 'C4 category unknown_word', 'D4 unit unknown_word']);
    assert.deepEqual(faults[2], [5, 'E5 min_stock type']);
    assert.deepEqual(faults[3], [6, 'A6 material_code repeated']);
    const [fault] = (await rowsOf(M, im.id, 'fault'))[2].faults;
    assert.deepEqual([fault.value, fault.title, fault.title_en], ['1.2.3', '最低库存', 'Minimum stock']);
    assert.deepEqual([fault.zh, fault.en], ['应为数字', 'must be a number'], 'not that it has to be 0 or more');
    refused(await M.post(`/api/imports/${im.id}/commit`), 409, 'import_faults', '仍有不能导入的行：请修正文件后重新上传，或确认跳过这些行');
    await step(M, im.id, 'commit', { skipFaults: true });
    assert.equal((await byCode(good)).material_name, '好');
    assert.equal(await byCode(twice), undefined);
});

test('words that nobody knows are proposed, not invented', async () => {
    const codes = [unique('W'), unique('W'), unique('W')], tub = unique('桶');
    const im = await checked(M, 'materials', csv(HEAD, [codes[0], '甲', '化学', '公斤', '', ''], [codes[1], '乙', '试剂', tub, '1.5', ''], [codes[2], '丙', '试剂', '公斤', '', '']));
    assert.deepEqual(im.summary.unknown, [
        { field: 'unit', value: '公斤', rows: 2, cell: 'D2', proposal: 'kg', canCreate: true },
        { field: 'category', value: '试剂', rows: 2, cell: 'C3', proposal: null, canCreate: false },
        { field: 'unit', value: tub, rows: 1, cell: 'D3', proposal: null, canCreate: true }]);
    const answers = [{ field: 'unit', value: '公斤', use: 'kg' }, { field: 'category', value: '试剂', use: 'chemical' }, { field: 'unit', value: tub, create: true }];
    const chosen = accepted(await M.put(`/api/imports/${im.id}`, { answers }), 200);
    assert.deepEqual([chosen.status, chosen.summary, chosen.answers.length], ['new', null, 3]);
    assert.ok(!accepted(await M.get('/api/units'), 200).some(({ code }) => code === tub), 'not before it is stored');
    await step(M, im.id, 'check');
    const again = accepted(await M.get(`/api/imports/${im.id}`), 200);
    assert.deepEqual([again.summary.create, again.summary.unknown], [3, []]);
    assert.ok(!accepted(await M.get('/api/units'), 200).some(({ code }) => code === tub));
    await step(M, im.id, 'commit');
    assert.deepEqual([(await byCode(codes[0])).unit, (await byCode(codes[1])).unit, (await byCode(codes[1])).category], ['kg', tub, 'chemical']);
    assert.equal(accepted(await M.get('/api/units'), 200).find(({ code }) => code === tub).needs_review, 1);
});

test('columns may be chosen otherwise', async () => {
    const code = unique('MAP');
    const { id, mapping } = accepted(await upload(M, 'materials', csv(['甲列', '乙列', '类别', '单位'], ['名', code, '化学', 'kg'])), 201);
    assert.deepEqual(mapping, ['', '', 'category', 'unit']);
    faulty(await M.put(`/api/imports/${id}`, { mapping: ['material_name', 'nonsense', 'unit'] }), { mapping: '没有此字段' });
    faulty(await M.put(`/api/imports/${id}`, { mapping: ['material_name', 'unit', 'unit'] }), { mapping: '一个字段只能对应一列' });
    faulty(await M.put(`/api/imports/${id}`, { answers: [{ field: 'nonsense' }] }), { 'answers[0].field': '不是允许的值', 'answers[0].value': 'answers[0].value 为必填项' });
    accepted(await M.put(`/api/imports/${id}`, { mapping: ['material_name', 'material_code', 'category', 'unit'] }), 200);
    await step(M, id, 'check');
    await step(M, id, 'commit');
    assert.equal((await byCode(code)).material_name, '名');
});

test('the same file twice is noticed', async () => {
    const file = csv(HEAD, [unique('TWO'), '两次', '化学', 'kg', '1', '']);
    const first = await checked(M, 'materials', file);
    assert.deepEqual(first.earlier, []);
    await step(M, first.id, 'commit');
    const second = await checked(M, 'materials', file);
    assert.deepEqual(second.earlier.map(({ id, done_by }) => [id, done_by]), [[first.id, M.user.id]]);
    assert.deepEqual(sums(second), { ...CREATED, rows: 1, same: 1 });
    refused(await M.post(`/api/imports/${second.id}/commit`), 409, 'import_nothing', '没有需要导入的内容');
    await step(M, first.id, 'undo');
    assert.deepEqual((await checked(M, 'materials', file)).earlier, [], 'undone is not imported');
});

test('what has changed since the check is not overwritten', async () => {
    const one = await makeMaterial(M), two = await makeMaterial(M), fresh = unique('FRESH');
    const im = await checked(M, 'materials', csv(HEAD, [one.material_code, '改一', '化学', 'kg', '', ''], [two.material_code, '改二', '化学', 'kg', '', ''], [fresh, '新', '化学', 'kg', '', '']));
    accepted(await M2.put(`/api/materials/${two.id}`, { note: '别人改的' }), 200);
    const job = await step(M, im.id, 'commit', {}, 'failed');
    assert.equal(job.error.code, 'import_stale');
    assert.match(job.error.message, new RegExp(`第 3 行（${two.material_code}）`));
    assert.equal((await getMaterial(M, one.id)).material_name, one.material_name, 'all or nothing');
    assert.equal(await byCode(fresh), undefined);
    await step(M, im.id, 'check');
    await step(M, im.id, 'commit');
    assert.deepEqual([(await getMaterial(M, two.id)).material_name, (await getMaterial(M, two.id)).note], ['改二', '别人改的']);
});

test('undo is refused when something depends on it, and then changes nothing', async () => {
    const [used, free] = [unique('USED'), unique('FREE')], old = await makeMaterial(M);
    const im = await checked(M, 'materials', csv(HEAD, [free, '闲', '化学', 'kg', '', ''], [used, '用', '化学', 'kg', '', ''], [old.material_code, '改', '化学', 'kg', '', '']));
    await step(M, im.id, 'commit');
    const material = await byCode(used);
    await stockUp(U, M, material.id, '1');
    const job = await step(M, im.id, 'undo', {}, 'failed');
    assert.equal(job.error.code, 'import_in_use');
    assert.match(job.error.message, new RegExp(`第 3 行（${used}）：导入之后已用于单据`));
    assert.equal((await byCode(free)).material_name, '闲');
    const later = await checked(M, 'materials', csv(HEAD, [old.material_code, '再改', '化学', 'kg', '', '']));
    await step(M, later.id, 'commit');
    accepted(await M2.put(`/api/materials/${old.id}`, { note: '后来' }), 200);
    assert.equal((await step(M, later.id, 'undo', {}, 'failed')).error.code, 'import_in_use');
});

test('opening stock: posted as opening documents, once only, undone by reversal', async () => {
    const a = await makeMaterial(M), b = await makeMaterial(M), moved = await makeMaterial(M), place = unique('BIN');
    await stockUp(U, M, moved.id, '1');
    const head = ['物料编码', '数量', '单价', '批号', '有效期至', '库位', '单位'];
    const bad = await checked(admin, 'opening', csv(head, [moved.material_code, '1', '', '', '', '', ''], ['NO-SUCH', '1', '', '', '', '', ''], [a.material_code, '0', '', '', '2027/13/1', '', 'g']));
    assert.deepEqual((await rowsOf(admin, bad.id, 'fault')).map(({ faults }) => faults.map(({ cell, code }) => `${cell} ${code}`)),
        [['A2 has_moves'], ['A3 not_found'], ['G4 unknown_word', 'B4 out_of_range', 'E4 format']]);

    const file = csv(head, [a.material_code, '12.5', '3.2', 'L-1', '2027年3月1日', place, 'kg'], [a.material_code, '2', '', 'L-2', '20270401', '', ''], [b.material_code, '1,000', '0.5', '', '', 'MAIN', '']);
    const im = await checked(admin, 'opening', file);
    assert.deepEqual(im.summary.unknown.map(({ field, value }) => [field, value]), [['place', place]]);
    accepted(await admin.put(`/api/imports/${im.id}`, { answers: [{ field: 'place', value: place, create: true }], remark: '二〇二六年期初' }), 200);
    await step(admin, im.id, 'check');
    const job = await step(admin, im.id, 'commit');
    assert.deepEqual([job.result.lines, job.result.posted, job.result.documents.length], [3, true, 1]);
    const stock = async (m) => (await getMaterial(M, m.id)).current_stock;
    assert.deepEqual([await stock(a), await stock(b)], [14.5, 1000]);
    const document = accepted(await admin.get(`/api/inventory?keyword=${job.result.documents[0]}`), 200).list[0];
    const detail = await getDocument(admin, document.id);
    assert.deepEqual([detail.purpose, detail.status, detail.remark, detail.lines.length], ['opening', 'approved', '二〇二六年期初', 3]);
    assert.deepEqual([detail.lines[0].lot_no, detail.lines[0].unit_price], ['L-1', 3.2]);

    const again = await checked(admin, 'opening', file);
    assert.equal(again.earlier.length, 1);
    assert.equal(again.summary.fault, 3, 'the materials have moves now');

    await step(admin, im.id, 'undo');
    assert.deepEqual([await stock(a), await stock(b)], [0, 0]);
    await server.verifyClean();
});

test('opening stock of who may not approve his own waits for approval; undo then cancels', async () => {
    const m = await makeMaterial(M), n = await makeMaterial(M), file = csv(['编码', '数量'], [m.material_code, '3']);
    const im = await checked(M, 'opening', file);
    const job = await step(M, im.id, 'commit');
    assert.equal(job.result.posted, false);
    assert.equal((await getMaterial(M, m.id)).current_stock, 0);
    await step(M, im.id, 'undo');
    const [number] = job.result.documents;
    assert.equal(accepted(await admin.get(`/api/inventory?keyword=${number}`), 200).list[0].status, 'cancelled');

    const later = await checked(admin, 'opening', csv(['编码', '数量'], [m.material_code, '3'], [n.material_code, '4']));
    await step(admin, later.id, 'commit');
    await stockUp(U, M, n.id, '1');
    const refusedUndo = await step(admin, later.id, 'undo', {}, 'failed');
    assert.equal(refusedUndo.error.code, 'import_in_use');
    assert.deepEqual([(await getMaterial(M, m.id)).current_stock, (await getMaterial(M, n.id)).current_stock], [3, 5]);
});

test('lines of a receipt and of an issue: a pending document', async () => {
    const a = await makeMaterial(M), b = await makeMaterial(M);
    const receipt = await checked(U, 'receipt', csv(['物料编码', '数量', '备注'], [a.material_code, '5', '一'], [b.material_code, '6', '']));
    const { result } = await step(U, receipt.id, 'commit');
    const [row] = accepted(await U.get(`/api/inventory/mine?keyword=${result.documents[0]}`), 200).list;
    assert.deepEqual([row.status, row.line_count, row.applicant_id], ['pending', 2, U.user.id]);
    accepted(await approve(M, row.id), 200);
    const much = await checked(U, 'issue', csv(['物料编码', '数量'], [a.material_code, '5.5']));
    const failed = await step(U, much.id, 'commit', {}, 'failed');
    assert.equal(failed.error.code, 'insufficient_stock');
    const right = await checked(U, 'issue', csv(['物料编码', '数量'], [a.material_code, '4'], [b.material_code, '6']));
    await step(U, right.id, 'commit');
    await step(U, right.id, 'undo');
    await server.verifyClean();
});

test('a material is found by its code however it is spelled, and keeps its spelling', async () => {
    const code = unique('case-x').toLowerCase(), m = await makeMaterial(M, { materialCode: code });
    const wide = [...code].map((c) => String.fromCodePoint(c.codePointAt(0) + 0xFEE0)).join('');
    for (const spelled of [code.toUpperCase(), wide]) {
        const im = await checked(M, 'materials', csv(HEAD, [spelled, unique('改名'), '化学', 'kg', '', '']));
        assert.deepEqual(sums(im), { ...CREATED, rows: 1, change: 1 });
        assert.deepEqual(Object.keys((await rowsOf(M, im.id))[0].changes), ['material_name']);
        await step(M, im.id, 'commit');
        assert.equal((await getMaterial(M, m.id)).material_code, code);
    }
});

test('what is wrong with a row is told at once, beside a word that nobody knows, and once for a cell', async () => {
    const im = await checked(M, 'materials', csv(HEAD, ['有 空格', '', '试剂', '桶', '-1', '']));
    assert.deepEqual((await rowsOf(M, im.id))[0].faults.map(({ cell, code }) => `${cell} ${code}`).sort(),
        ['A2 format', 'B2 required', 'C2 unknown_word', 'D2 unknown_word', 'E2 out_of_range']);
});

test('texts that are far too long are faults of their cells, however many there are', async () => {
    const fields = ['material_code', 'material_name', 'name_en', 'subcategory', 'location', 'description', 'hazard_statements', 'storage_condition', 'metal_grade', 'standard', 'note', 'unit',
        'cas_no', 'un_no', 'ghs_pictograms', 'storage_class', 'control_flags', 'shelf_life_basis', 'track_by', 'cert_required', 'cas_check'];
    const im = await checked(M, 'materials', csv(fields, [unique('LONG'), ...fields.slice(1).map(() => '"\t'.repeat(16_000))]));
    const [{ faults, label }] = await rowsOf(M, im.id, 'fault');
    assert.deepEqual(faults.filter(({ code }) => code === 'too_long').map(({ cell }) => cell).sort(), fields.slice(1).map((_, i) => `${String.fromCharCode(66 + i)}2`));
    assert.ok(!faults.some(({ field }) => field === 'material_code') && label.startsWith('LONG'), JSON.stringify(faults));
});

test('undo leaves alone what got the code of an imported material since', async () => {
    const code = unique('NAME'), other = unique('OTHER');
    const im = await checked(M, 'materials', csv(HEAD, [code, '甲', '化学', 'kg', '', '']));
    await step(M, im.id, 'commit');
    accepted(await M.put(`/api/materials/${(await byCode(code)).id}`, { materialCode: other }), 200);
    const namesake = await makeMaterial(M2, { materialCode: code });
    assert.equal((await step(M, im.id, 'undo', {}, 'failed')).error.code, 'import_in_use');
    assert.equal((await getMaterial(M, namesake.id)).material_code, code);
});

test('places: thousands of them; those where nothing is kept are not made anew; who may not add any is told in the check', async () => {
    const materials = await Promise.all(Array.from({ length: 2 }, () => makeMaterial(M)));
    const prefix = unique('P'), head = ['编码', '数量', '库位'];
    await server.sql(`INSERT INTO locations (code, code_fold, name_zh, kind, is_real, created_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        SELECT '${prefix}-' || i, '${prefix.toLowerCase()}-' || i, '${prefix}-' || i, 'storage', 1, 1 FROM n`);
    const many = await checked(M, 'receipt', csv(head, ...Array.from({ length: 2500 }, (_, i) => [materials[0].material_code, '1', `${prefix}-${i + 1}`])));
    assert.deepEqual([many.summary.line, many.summary.fault], [2500, 0]);

    const rows = csv(head, [materials[0].material_code, '1', 'SUPPLIER'], [materials[1].material_code, '1', unique('FRESH')]);
    const answers = (list) => list.map(({ field, value }) => ({ field, value, create: true }));
    const im = await checked(M, 'receipt', rows);
    assert.deepEqual(im.summary.unknown.map(({ canCreate }) => canCreate), [false, true]);
    accepted(await M.put(`/api/imports/${im.id}`, { answers: answers(im.summary.unknown) }), 200);
    await step(M, im.id, 'check');
    assert.deepEqual((await rowsOf(M, im.id, 'fault')).map(({ faults: [{ cell, code }] }) => `${cell} ${code}`), ['C2 unknown_word']);

    const own = await checked(U, 'receipt', rows);
    assert.deepEqual(own.summary.unknown.map(({ canCreate }) => canCreate), [false, false]);
    accepted(await U.put(`/api/imports/${own.id}`, { answers: answers(own.summary.unknown) }), 200);
    await step(U, own.id, 'check');
    assert.equal((await rowsOf(U, own.id, 'fault')).length, 2);
});

test('the same lot and place are the same however they are spelled', async () => {
    const { material_code: code } = await makeMaterial(M);
    const im = await checked(M, 'receipt', csv(['编码', '数量', '批号', '库位'], [code, '1', 'L', 'MAIN'], [code.toLowerCase(), '1', ' L ', 'main']));
    assert.deepEqual((await rowsOf(M, im.id, 'fault')).map(({ row, faults: [{ code: what }] }) => [row, what]), [[3, 'repeated']]);
});

/** Starts an undo; the job as it ended. */
async function undone(client, id) {
    const job = await ended(client, accepted(await client.post(`/api/imports/${id}/undo`), 202).jobId);
    return [job.status, job.error?.code ?? job.result, job.error?.message];
}
const documentOf = async (number) => accepted(await admin.get(`/api/inventory?keyword=${number}`), 200).list[0];

test('an administrator may undo what others have imported; who may not approve his own is told whom to ask', async () => {
    const m = await makeMaterial(M), im = await checked(U, 'receipt', csv(['编码', '数量'], [m.material_code, '1']));
    const [number] = (await step(U, im.id, 'commit')).result.documents;
    assert.deepEqual((await undone(admin, im.id)).slice(0, 2), ['done', { importId: im.id, cancelled: 1, reversed: 0 }]);
    assert.equal((await documentOf(number)).status, 'rejected');

    const next = await checked(U, 'receipt', csv(['编码', '数量'], [m.material_code, '2']));
    const document = await documentOf((await step(U, next.id, 'commit')).result.documents[0]);
    accepted(await approve(M, document.id), 200);
    const [status, code, message] = await undone(U, next.id);
    assert.deepEqual([status, code], ['failed', 'own_document']);
    assert.match(message, /请由系统管理员撤销此导入/);
    assert.equal((await undone(admin, next.id))[0], 'done');
    assert.equal((await getMaterial(M, m.id)).current_stock, 0);
    await server.verifyClean();
});

test('posting a reversal by undo needs the right to approve, whatever is allowed for own documents', async () => {
    const m = await makeMaterial(M), im = await checked(U, 'receipt', csv(['编码', '数量'], [m.material_code, '1']));
    const document = await documentOf((await step(U, im.id, 'commit')).result.documents[0]);
    accepted(await approve(M, document.id), 200);
    accepted(await admin.put('/api/settings/approval.own_documents', { value: 'everybody' }), 200);
    try {
        assert.deepEqual((await undone(U, im.id)).slice(0, 2), ['failed', 'own_document']);
    } finally {
        accepted(await admin.put('/api/settings/approval.own_documents', { value: 'administrators' }), 200);
    }
});

test('opening stock of which a part was reversed by hand: undo takes back the rest', async () => {
    const m = await makeMaterial(M), rows = Array.from({ length: 501 }, (_, i) => [m.material_code, '1', `L${i}`]);
    const im = await checked(admin, 'opening', csv(['编码', '数量', '批号'], ...rows));
    const { result } = await step(admin, im.id, 'commit');
    assert.deepEqual([result.documents.length, result.lines], [2, 501]);
    const first = await documentOf(result.documents[0]);
    const { id } = accepted(await admin.post(`/api/inventory/${first.id}/reverse`, { reason: '错' }), 201);
    const [status, code, message] = await undone(admin, im.id);
    assert.deepEqual([status, code], ['failed', 'import_in_use']);
    assert.match(message, /尚待审批/);
    accepted(await approve(admin, id), 200);
    assert.deepEqual((await undone(admin, im.id)).slice(0, 2), ['done', { importId: im.id, cancelled: 0, reversed: 1 }]);
    assert.equal((await getMaterial(M, m.id)).current_stock, 0);
    await server.verifyClean();
});

test('500 lines are one document, 1,000 are two', async () => {
    const m = await makeMaterial(M);
    for (const [count, documents] of [[499, 1], [500, 1], [1000, 2]]) {
        const im = await checked(M, 'receipt', csv(['编码', '数量', '批号'], ...Array.from({ length: count }, (_, i) => [m.material_code, '1', `L${i}`])));
        const { result } = await step(M, im.id, 'commit');
        assert.deepEqual([result.documents.length, result.lines], [documents, count]);
        const job = await step(M, im.id, 'undo');
        assert.deepEqual([job.result.cancelled, job.done, job.total], [documents, documents, documents]);
    }
});

test('what the commit refuses names the row, in the language of who asks', async () => {
    const m = await makeMaterial(M), gone = await makeMaterial(M);
    const issue = await checked(U, 'issue', csv(['编码', '数量'], [m.material_code, '5']));
    const job = await step(U, issue.id, 'commit', {}, 'failed');
    assert.match(job.error.message, new RegExp(`^第 2 行（${m.material_code}）：库存不足`));
    const english = await U.get(`/api/jobs/${job.id}`, { headers: { 'accept-language': 'en' } });
    assert.match(english.body.data.error.message, new RegExp(`^Row 2 \\(${m.material_code}\\): There is not enough stock`));
    const receipt = await checked(U, 'receipt', csv(['编码', '数量'], [m.material_code, '5'], [gone.material_code, '5']));
    accepted(await M.post(`/api/materials/${gone.id}/retire`), 200);
    assert.match((await step(U, receipt.id, 'commit', {}, 'failed')).error.message, new RegExp(`^第 3 行（${gone.material_code}）`));
});

test('a commit asked for twice at the same moment is done once', async () => {
    const code = unique('DOUBLE'), im = await checked(M, 'materials', csv(HEAD, [code, '双', '化学', 'kg', '', '']));
    const answers = await Promise.all(Array.from({ length: 4 }, () => M.post(`/api/imports/${im.id}/commit`)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409, 409, 409]);
    await ended(M, answers.find(({ status }) => status === 202).body.data.jobId);
    const next = await checked(M, 'materials', csv(HEAD, [`${code}-2`, '双', '化学', 'kg', '', '']));
    const key = { headers: { 'Idempotency-Key': unique('key') } };
    const same = [await M.post(`/api/imports/${next.id}/commit`, {}, key), await M.post(`/api/imports/${next.id}/commit`, {}, key)];
    assert.equal(same[0].body.data.jobId, same[1].body.data.jobId);
    assert.equal((await ended(M, same[0].body.data.jobId)).result.created, 1);
});

test('an import of 1,203 lines becomes documents of at most 500', async () => {
    const made = await checked(M, 'materials', csv(HEAD, ...Array.from({ length: 1203 }, (_, i) => [`MANY-${i}`, `多${i}`, i % 2 ? '化学' : '金属', 'kg', String(i), ''])));
    const job = await step(M, made.id, 'commit');
    assert.equal(job.result.created, 1203);
    const im = await checked(admin, 'opening', csv(['编码', '数量', '单价'], ...Array.from({ length: 1203 }, (_, i) => [`many-${i}`, '2', '1.5'])));
    const { result } = await step(admin, im.id, 'commit');
    assert.deepEqual([result.documents.length, result.lines], [3, 1203]);
    await server.verifyClean();
    await step(admin, im.id, 'undo');
    await server.verifyClean();
});

test('files of other programs are read as they were meant', async () => {
    const folder = new URL('../fixtures/sheets/', import.meta.url);
    const files = readdirSync(folder).filter((name) => /^(libreoffice|openpyxl).*\.(xlsx|csv)$/.test(name));
    assert.ok(files.length >= 7);
    for (const name of files) {
        const file = accepted(await upload(M, 'materials', readFileSync(new URL(name, folder)), name), 201);
        assert.ok(file.form.rows > 0 && file.form.columns.length > 1, name);
        assert.equal(file.form.format, path.extname(name).slice(1));
    }
});

test('what is no table is refused with place and way out', async () => {
    const folder = new URL('../fixtures/sheets/', import.meta.url);
    const tries = [['', 'import_file_missing'], [readFileSync(new URL('libreoffice.xls', folder)), 'sheet_'], [Buffer.from('PK\x03\x04 no zip at all'), 'sheet_'],
        ['编码,名称\r\nA,"没有结束', 'sheet_'], ['只有表头,没有行', 'import_empty'], [Buffer.from([0x81, 0xff, 0xff, 0xfe, 0x20]), 'sheet_'], [Buffer.from('a\0b,c\r\n1,2'), 'sheet_']];
    for (const [content, code] of tries) {
        const answer = await upload(M, 'materials', content);
        assert.ok(answer.status >= 400 && answer.status < 500 && answer.body.code.startsWith(code), `${String(content).slice(0, 30)}: ${answer.text}`);
        assert.match(answer.body.message, /[一-龥]/);
    }
    assert.match((await upload(M, 'materials', 'a,b\r\n1,2\r\nx,"y"z\r\n')).body.message, /第 3 行/);
    faulty(await upload(M, 'nonsense', 'a,b'), { kind: '应为 materials、opening、receipt 或 issue' });
    assert.deepEqual(readdirSync(path.join(server.dir, 'uploads', 'imports')).filter((name) => name.endsWith('.part')), []);
});

test('who may import what, and sees what', async () => {
    for (const kind of ['materials', 'opening'])
        assert.equal((await upload(U, kind, csv(['编码', '数量'], ['x', '1']))).status, 403);
    const { id } = accepted(await upload(M, 'materials', csv(HEAD, ['A', 'B', '化学', 'kg', '', ''])), 201);
    for (const who of [M2, U])
        for (const [method, what] of [['get', ''], ['get', '/rows'], ['put', ''], ['post', '/check'], ['post', '/commit'], ['post', '/undo'], ['del', '']])
            refused(await who[method](`/api/imports/${id}${what}`), 404, 'import_not_found', '没有此导入');
    assert.equal(accepted(await admin.get(`/api/imports/${id}`), 200).id, id);
    assert.ok(accepted(await M.get('/api/imports'), 200).list.some((row) => row.id === id));
    assert.ok(!accepted(await M2.get('/api/imports'), 200).list.some((row) => row.id === id));
    accepted(await M.del(`/api/imports/${id}`), 200, '导入已放弃');
    refused(await M.get(`/api/imports/${id}`), 404, 'import_not_found', '没有此导入');
    assert.equal((await server.client().get('/api/imports')).status, 401);
});

/** A client that has sent 30 MiB of a file, and goes on no more. */
async function half(place, who = M) {
    const socket = net.connect(new URL(place.url).port, '127.0.0.1');
    socket.on('error', () => {});
    const sent = (bytes) => new Promise((resolve) => socket.write(bytes, resolve));
    await sent(`POST /api/imports?kind=materials HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${who.token}\r\n`
        + `Content-Type: multipart/form-data; boundary=B\r\nContent-Length: ${32 << 20}\r\n\r\n`
        + '--B\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n');
    for (let i = 0; i < 30; i++)
        await sent(Buffer.alloc(1 << 20, 'x'));
    return socket;
}

test('many large uploads at once: what is too much is told to come again, and nothing else suffers', async () => {
    const large = Buffer.alloc(20 << 20, 'x,y\n');
    const sockets = await Promise.all(Array.from({ length: 8 }, () => half(server)));
    await sleep(200); // what is on its way has come
    const until = async (status, wanted) => {
        let answer;
        for (const end = Date.now() + 20_000; !answer || ((answer.status === status) !== wanted && Date.now() < end); await sleep(50))
            answer = await upload(M, 'materials', large);
        return answer;
    };
    try {
        refused(await until(503, true), 503, 'busy', '系统繁忙，请稍后重试');
        assert.equal((await upload(M2, 'materials', large)).body.code, 'sheet_too_large', 'what one person holds is not held against another');
        accepted(await M.get('/api/materials'), 200);
        accepted(await upload(M, 'materials', csv(HEAD, ['A', 'B', '化学', 'kg', '', ''])), 201);
    } finally {
        sockets.forEach((socket) => socket.destroy());
    }
    assert.equal((await until(503, false)).body.code, 'sheet_too_large');
});

test('who may not upload is told so before anything of the file is read', async () => {
    const head = (more, path = '/api/imports?kind=materials', mebibytes = 30) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${more}Content-Type: multipart/form-data; boundary=B\r\nContent-Length: ${mebibytes << 20}\r\n\r\n`;
    const told = async (...asked) => (await raw(server, head(...asked), { timeout: 2000 })).answers.map(({ status, body }) => [status, JSON.parse(body).code]);
    const bearer = (token) => `Authorization: Bearer ${token}\r\n`;
    assert.deepEqual(await told(''), [[401, 'token_missing']]);
    assert.deepEqual(await told(bearer('nonsense')), [[401, 'token_invalid']]);
    assert.deepEqual(await told(bearer(`${M.token.slice(0, -2)}xx`), '/api/profile/avatar', 1), [[401, 'token_invalid']]);
    assert.deepEqual(await told(bearer(M.token)), [], 'it is waited for');
    if (!POSTGRES) // where the database is asked on the way in
        assert.deepEqual(await told(bearer(`mms_${'x'.repeat(43)}`)), [[401, 'token_invalid']]);
    else { // elsewhere nobody knows yet whose they are: all of them together have what one person has
        const sockets = await Promise.all(Array.from({ length: 4 }, (_, i) => half(server, { token: `mms_${String(i).repeat(43)}` })));
        await sleep(200);
        assert.equal((await upload(M, 'materials', csv(HEAD, ['A', 'B', '化学', 'kg', '', '']))).status, 201);
        sockets.forEach((socket) => socket.destroy());
    }
});

test('limits: a file too large, too many rows', async () => {
    const large = Buffer.alloc((32 << 20) + 1, 'x,y\n');
    assert.equal((await upload(M, 'materials', large)).status, 413);
    const rows = await upload(M, 'materials', `编码,名称\n${'a,b\n'.repeat(200_001)}`);
    assert.equal(rows.status, 400);
    assert.match(rows.body.message, /200,?000/);
});

test('200,000 rows are looked at', { skip: SLOW && 'the same code; tried with fewer there' }, async () => {
    const { id, form } = accepted(await upload(M, 'materials', `编码,名称,类别,单位\n${Array.from({ length: 200_000 }, (_, i) => `HUGE-${i},物料,化学,${i % 1000 ? 'kg' : '无'}\n`).join('')}`), 201);
    assert.equal(form.rows, 200_000);
    const job = await step(M, id, 'check');
    assert.deepEqual([job.result.create, job.result.fault, job.result.unknown[0].rows], [199_800, 200, 200]);
    accepted(await M.del(`/api/imports/${id}`), 200);
});

test('heads, values and words with markup and formulas in them stay text', async () => {
    const code = unique('TXT'), name = '<b>&"\'=1+1</b>', note = '=cmd|/c calc!A1';
    const im = await checked(M, 'materials', csv(['编码', '名称', '类别', '单位', '备注', '<script>alert(1)</script>'], [code, name, '化学', 'kg', `'${note}`, 'x']));
    assert.equal(im.form.columns[5].head, '<script>alert(1)</script>');
    await step(M, im.id, 'commit');
    const row = await byCode(code);
    assert.deepEqual([row.material_name, row.note], [name, note]);
});

test('what a list gives out comes in again unchanged: xlsx and csv, Chinese and English', async () => {
    const odd = ["'=1+1", '=SUM(A1)', "''-x", ' 空 格 ', '0012', '1E5', '逗号,引号"\n换行', '@x'];
    const made = [];
    for (const note of odd)
        made.push(await makeMaterial(M, { materialName: `往返${note}`, note, minStock: '0.125', maxStock: '123456789.125', casNo: '7732-18-5', unNo: 'UN1049', metalGrade: '00Cr17',
            shelfLifeDays: 365, shelfLifeBasis: 'S', qtyDecimals: 3, storageClass: '4.3', hazardStatements: 'H220;H280', ghsPictograms: 'GHS02;GHS04' }));
    for (const format of ['xlsx', 'csv'])
        for (const lang of ['zh', 'en']) {
            const file = await M.get(`/api/export/materials?format=${format}&lang=${lang}&keyword=${encodeURIComponent('往返')}`);
            assert.equal(file.status, 200);
            const im = await checked(M, 'materials', file.bytes);
            assert.deepEqual(sums(im), { ...CREATED, rows: odd.length, same: odd.length }, `${format} ${lang}: ${JSON.stringify(await rowsOf(M, im.id))}`);
            assert.deepEqual(im.form.columns.filter((_, i) => !im.mapping[i]).length, 5, 'stock, status, who, and two times are not to be imported');
        }
});

test('a place is meant by its code before its name, and by a name that only one has', async () => {
    const code = unique('P'), name = unique('货架'), m = await makeMaterial(M);
    for (const body of [{ code, nameZh: name }, { code: `${code}-2`, nameZh: code }, { code: `${code}-3`, nameZh: '同名' }, { code: `${code}-4`, nameZh: '同名' }])
        accepted(await M.post('/api/locations', body), 201);
    const ids = Object.fromEntries(accepted(await M.get('/api/locations'), 200).map((row) => [row.code, row.id]));
    const im = await checked(M, 'receipt', csv(['编码', '数量', '库位'], [m.material_code, '1', code], [m.material_code, '2', name], [m.material_code, '3', '同名']));
    assert.deepEqual(im.summary.unknown.map(({ value }) => value), ['同名']);
    const job = await step(M, im.id, 'commit', { skipFaults: true });
    const [row] = accepted(await M.get(`/api/inventory?keyword=${job.result.documents[0]}`), 200).list;
    assert.deepEqual((await getDocument(M, row.id)).lines.map((line) => line.location_id), [ids[code], ids[code]]);
});

test('the head may be another row than the one that was found, or none at all', async () => {
    const code = unique('HEAD');
    const rows = [['编码', '名称', '类别', '单位'], ['（说明）', '', '', ''], ['货号', '叫法', '大小类', '量'], [code, '甲', '化学', 'kg'], [`${code}-2`, '乙', '化学', 'kg']];
    const { id, form } = accepted(await upload(M, 'materials', csv(...rows)), 201);
    assert.deepEqual([form.headRow, form.rows], [1, 4]);
    const other = accepted(await M.put(`/api/imports/${id}`, { headRow: 3 }), 200);
    assert.deepEqual([other.form.headRow, other.form.rows, other.form.columns[0], other.mapping], [3, 2, { cell: 'A3', head: '货号', samples: [code, `${code}-2`, ''] }, ['', '', '', '']]);
    faulty(await M.put(`/api/imports/${id}`, { headRow: 99 }), { headRow: '没有这一行，或此行为空' });
    accepted(await M.put(`/api/imports/${id}`, { headRow: 3, mapping: ['material_code', 'material_name', 'category', 'unit'] }), 200);
    await step(M, id, 'check');
    assert.deepEqual(sums(accepted(await M.get(`/api/imports/${id}`), 200)), { ...CREATED, rows: 2, create: 2 });

    const bare = accepted(await upload(M, 'materials', csv(...rows.slice(3))), 201);
    assert.equal(bare.form.rows, 1, 'the first was taken for the head');
    const none = accepted(await M.put(`/api/imports/${bare.id}`, { headRow: 0, mapping: ['material_code', 'material_name', 'category', 'unit'] }), 200);
    assert.deepEqual([none.form.headRow, none.form.rows, none.form.columns[1]], [0, 2, { cell: 'B1', head: '', samples: ['甲', '乙', ''] }]);
    await step(M, bare.id, 'check');
    await step(M, bare.id, 'commit');
    assert.equal((await byCode(`${code}-2`)).material_name, '乙');
});

test('lines whose materials have changed since the check are not stored: another unit, or opening stock where stock has moved', async () => {
    const a = await makeMaterial(M), b = await makeMaterial(M);
    const receipt = await checked(M, 'receipt', csv(['编码', '数量'], [a.material_code, '1'], [b.material_code, '5']));
    accepted(await M.put(`/api/materials/${b.id}`, { unit: 'g' }), 200);
    const other = await step(M, receipt.id, 'commit', {}, 'failed');
    assert.deepEqual([other.error.code, other.error.message], ['import_stale', `第 3 行（${b.material_code}）：检查之后数据已被更改，请重新检查`]);
    const opening = await checked(admin, 'opening', csv(['编码', '数量'], [a.material_code, '7']));
    await stockUp(U, M, a.id, '1');
    assert.equal((await step(admin, opening.id, 'commit', {}, 'failed')).error.code, 'import_stale');
    assert.equal((await getMaterial(M, a.id)).current_stock, 1);
});

test('the faults of one field are asked for by its name, and no value passes for one', async () => {
    const trap = '"field":"unit"', im = await checked(M, 'materials', csv(HEAD, [unique('F'), '甲', '化学', '罕', '', ''], [unique('F'), '乙', '化学', 'kg', 'x', ''], [unique('F'), '丙', trap, 'kg', '', '']));
    const rows = async (field) => accepted(await M.get(`/api/imports/${im.id}/rows?outcome=fault&field=${field}`), 200);
    for (const [field, row] of [['unit', 2], ['min_stock', 3], ['category', 4]]) {
        const { list, total } = await rows(field);
        assert.deepEqual([list.map((one) => one.row), total], [[row], 1], field);
    }
    assert.equal((await rows('note')).total, 0);
    faulty(await M.get(`/api/imports/${im.id}/rows?field=nonsense`), { field: '没有此字段' });
});

test('who asks for numbers as text gets those that a check has found as text, too, with all their digits', async () => {
    const fine = unique('u');
    accepted(await admin.post('/api/units', { code: fine, nameZh: fine, decimals: 6 }), 201);
    const old = await makeMaterial(M, { minStock: '1.5', unit: fine }), code = old.material_code;
    const im = await checked(M, 'materials', csv([...HEAD, '保质期（天）'], [code, old.material_name, '化学', fine, '123456789012.123456', '', '365']));
    const answer = await M.get(`/api/imports/${im.id}/rows?outcome=change`, { headers: { Accept: 'application/json;numbers=text' } });
    assert.deepEqual(accepted(answer, 200).list[0].changes, { min_stock: { old: '1.5', new: '123456789012.123456' }, shelf_life_days: { old: null, new: 365 } });
    assert.match((await M.get(`/api/imports/${im.id}/rows?outcome=change`)).text, /"new":123456789012\.123456/);
});

test('an import names its last job, and the documents that it has made', async () => {
    const m = await makeMaterial(M), file = csv(['编码', '数量'], [m.material_code, '3']);
    const fresh = accepted(await upload(admin, 'opening', file), 201);
    assert.deepEqual([fresh.jobId, fresh.documents], [null, []]);
    const { id: check } = await step(admin, fresh.id, 'check');
    const one = async () => accepted(await admin.get(`/api/imports/${fresh.id}`), 200);
    assert.equal((await one()).jobId, check);
    const { id: commit, result } = await step(admin, fresh.id, 'commit');
    const [made] = (await one()).documents;
    assert.deepEqual([(await one()).jobId, made.transaction_code, made.status, (await getDocument(admin, made.id)).transaction_code],
        [commit, result.documents[0], 'approved', result.documents[0]]);
    await step(admin, fresh.id, 'undo');
    assert.deepEqual((await one()).documents.map(({ status }) => status), ['approved', 'approved'], 'the document and its reversal');
});
