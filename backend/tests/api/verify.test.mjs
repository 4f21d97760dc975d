// mms verify: finds what somebody changed behind the program's back, and names it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Server, accepted, getMaterial, issueOf, makeDocument, makeMaterial, makeUser, post, start, stockUp } from './harness.mjs';

const server = await start();
after(() => server.stop());
let material, receipt, issue, pending;

before(async () => {
    const admin = await server.admin();
    const M = await makeUser(admin, 'inventory_manager');
    material = await makeMaterial(M);
    const other = await makeMaterial(M);
    receipt = await stockUp(M, admin, material.id, 20);
    await stockUp(M, admin, other.id, 7);
    issue = await post(M, admin, issueOf(material.id, 5));
    pending = await makeDocument(M, issueOf(material.id, 1));
    await post(M, admin, issueOf(other.id, 7));
    material = await getMaterial(M, material.id);
});

/** A copy with this done to it (the triggers that would forbid it taken away) is found out, and `names` is in the report. */
async function finds(script, ...names) {
    const copy = new Server({});
    try {
        await server.database.copyTo(copy.database);
        await copy.verifyClean();
        await copy.database.vandalize(script);
        const { code, output } = await copy.verify();
        assert.ok(code > 0, `verify found nothing (${code}):\n${output}`);
        for (const name of names)
            assert.ok([name].flat().some((one) => output.includes(one)), `the report does not name ${name}:\n${output}`);
    } finally {
        copy.removeFolder();
    }
}

const ofMaterial = () => [material.material_code, `material ${material.id}`, `material_id ${material.id}`, `material_id=${material.id}`, `物料 ${material.id}`, `#${material.id}`];
const ofDocument = (doc) => [doc.transaction_code ?? doc.transactionCode, `document ${doc.id}`, `document_id ${doc.id}`, `document_id=${doc.id}`, `#${doc.id}`];

test('a clean database, and what was compared', async () => {
    const { code, output } = await server.verify();
    assert.equal(code, 0, output);
    assert.match(output, /\d/, 'it tells how much it compared');
    await server.verifyClean(); // beside the running program as well
});

test('a balance of a real place', () => finds(`UPDATE balances SET quantity = quantity + 1 WHERE material_id = ${material.id} AND is_real = 1`, ofMaterial()));
test('a balance of a virtual place', () => finds(`UPDATE balances SET quantity = quantity - 1 WHERE material_id = ${material.id} AND is_real = 0`, ofMaterial()));
test('a balance that is gone', () => finds(`DELETE FROM balances WHERE material_id = ${material.id} AND is_real = 1`, ofMaterial()));
test('a balance from nowhere', () => finds(`INSERT INTO locations (id, code, code_fold, name_zh, kind, is_real, created_at) VALUES (77, 'X', 'x', 'x', 'storage', 1, 0);
    INSERT INTO balances (material_id, lot_id, location_id, is_real, quantity) SELECT ${material.id}, lot_id, 77, 1, 3 FROM moves WHERE material_id = ${material.id} LIMIT 1`, ofMaterial()));
test('both ends of a balance, so that the sum still is zero', () => finds(`UPDATE balances SET quantity = quantity + CASE is_real WHEN 1 THEN 1 ELSE -1 END WHERE material_id = ${material.id} AND (is_real = 1 OR location_id = 1)`, ofMaterial()));
test('a move\'s quantity', () => finds(`UPDATE moves SET quantity = quantity + 1 WHERE document_id = ${issue.id}`, ofMaterial()));
test('a move that is gone', () => finds(`DELETE FROM moves WHERE document_id = ${issue.id}`, [...ofMaterial(), ...ofDocument(issue)]));
test('a move\'s place', () => finds(`UPDATE moves SET to_location_id = 4 WHERE document_id = ${issue.id}`, ofMaterial()));
test('a material\'s stock', () => finds(`UPDATE materials SET current_stock = current_stock + 1 WHERE id = ${material.id}`, ofMaterial()));
test('the stock by one millionth', () => finds(`UPDATE materials SET current_stock = 15000001 WHERE id = ${material.id}`, ofMaterial()));
test('a material\'s count of moves', () => finds(`UPDATE materials SET move_count = move_count + 1 WHERE id = ${material.id}`, ofMaterial()));
test('a gap in the sequence', () => finds(`UPDATE moves SET seq = 9 WHERE document_id = ${issue.id}`, ofMaterial()));
test('history that is not continuous', () => finds(`UPDATE moves SET stock_before = stock_before + 1, stock_after = stock_after + 1 WHERE document_id = ${issue.id}`, ofMaterial()));
test('an approved document without moves', () => finds(`UPDATE documents SET status = 'approved', approved_at = 1, approver_id = 1 WHERE id = ${pending.id}`, ofDocument(pending)));
test('a pending document with moves', () => finds(`UPDATE documents SET status = 'pending', approved_at = NULL WHERE id = ${issue.id}`, ofDocument(issue)));
test('a rejected document with moves', () => finds(`UPDATE documents SET status = 'rejected', approved_at = NULL WHERE id = ${receipt.id}`, ofDocument(receipt)));
test('a line\'s quantity', () => finds(`UPDATE document_lines SET quantity = quantity + 1 WHERE document_id = ${receipt.id}`, ofDocument(receipt)));
test('a material\'s value', () => finds(`UPDATE materials SET stock_value = stock_value + 10000 WHERE id = ${material.id}`, ofMaterial()));
test('a move\'s value', () => finds(`UPDATE moves SET value = value + 10000 WHERE document_id = ${issue.id}`, ofMaterial()));
test('the figures of a day', () => finds('UPDATE posted_quarters SET documents = documents + 1', 'posted in quarter'));

for (const figure of ['materials', 'low', 'stock_wholes', 'stock_millionths', 'value_wholes', 'value_millionths'])
    test(`a category's ${figure}`, () => finds(`UPDATE material_figures SET ${figure} = ${figure} + 1 WHERE category = '${material.category}'`, `materials of category ${material.category}`));
test('a category whose figures are gone', () => finds('DELETE FROM material_figures', 'materials of category'));
for (const figure of ['materials', 'stock_wholes', 'stock_millionths'])
    test(`a unit's ${figure}`, () => finds(`UPDATE unit_figures SET ${figure} = ${figure} + 1 WHERE category = '${material.category}'`, `materials of category ${material.category} in unit`));
test('a unit whose figures are gone', () => finds('DELETE FROM unit_figures', 'in unit'));
test('the number of pending documents', () => finds('UPDATE pending_documents SET n = n + 1', 'pending documents'));
for (const figure of ['moves', 'received', 'issued'])
    test(`a material's ${figure} of the last days`, () => finds(`UPDATE materials SET recent_${figure} = recent_${figure} - 1 WHERE id = ${material.id}`, ofMaterial()));
test('when a material last moved', () => finds(`UPDATE materials SET last_moved_at = last_moved_at - 1 WHERE id = ${material.id}`, ofMaterial()));

test('the triggers refuse all that through SQL', async () => {
    for (const script of [
        'UPDATE moves SET quantity = 1', 'DELETE FROM moves', `UPDATE documents SET remark = 'x' WHERE id = ${issue.id}`, 'DELETE FROM documents',
        'UPDATE document_lines SET quantity = 1', 'DELETE FROM document_lines', 'UPDATE operation_log SET description = \'x\'', 'DELETE FROM operation_log',
        `UPDATE balances SET quantity = -1 WHERE is_real = 1`, `UPDATE materials SET current_stock = -1`,
        `INSERT INTO moves SELECT id + 1000, ${pending.id}, line_id, material_id, lot_id, from_location_id, to_location_id, quantity, seq + 1000, 0, 0, 0, posted_at, posted_by FROM moves LIMIT 1`,
    ])
        await assert.rejects(server.sql(script), /constraint|append-only|final|never deleted|approved document/i, script);
});

test('everything is still as it was', async () => {
    accepted(await (await server.admin()).get(`/api/materials/${material.id}`), 200);
    await server.verifyClean();
});
