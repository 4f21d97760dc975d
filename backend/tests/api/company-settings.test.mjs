// What the company decides: the zone in which days are computed, and who may decide documents of his own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, faulty, makeDocument, makeMaterial, makeUser, receiptOf, refused, start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const manager = await makeUser(admin, 'inventory_manager');
const material = await makeMaterial(admin);
const set = (key, value, client = admin) => client.put(`/api/settings/${key}`, { value });
const values = async (client = manager) =>
    Object.fromEntries(accepted(await client.get('/api/settings'), 200).map(({ key, value }) => [key, value]));

test('everybody signed in reads them, the administrator changes them, and the log says so', async () => {
    assert.deepEqual(await values(), { 'approval.own_documents': 'administrators', 'company.timezone': 'Asia/Shanghai',
        'counting.reason_percent': 'none', 'counting.reason_value': 'none' });
    accepted(await set('company.timezone', ' Asia/Tokyo '), 200, '设置更新成功');
    assert.equal((await values())['company.timezone'], 'Asia/Tokyo');
    const [row] = await server.sql("SELECT action, resource_type, description, changes FROM operation_log WHERE module = 'settings'");
    assert.deepEqual({ ...row, changes: JSON.parse(row.changes) }, {
        action: 'update', resource_type: 'setting', description: '更新公司设置: company.timezone',
        changes: { value: { old: 'Asia/Shanghai', new: 'Asia/Tokyo' } },
    });
    accepted(await set('company.timezone', 'Asia/Tokyo'), 200);
    assert.equal((await server.sql("SELECT id FROM operation_log WHERE module = 'settings'")).length, 1, 'nothing changed, nothing logged');
});

test('what they refuse', async () => {
    const before = await values();
    faulty(await set('company.timezone', 'Mars/Olympus'), { value: '未知的时区，请使用无夏令时的 IANA 名称，例如 Asia/Shanghai' });
    faulty(await set('company.timezone', ''), { value: '设置的值不能为空' });
    faulty(await set('company.timezone', 8), { value: null });
    faulty(await set('approval.own_documents', 'Everybody'), { value: '应为 nobody、administrators 或 everybody' });
    faulty(await admin.put('/api/settings/company.timezone', {}), { value: '设置的值不能为空' });
    refused(await set('company.name', 'x'), 404, 'setting_not_found', '没有此设置');
    assert.deepEqual(await values(), before);
});

test('the zone decides the day of a document number and of an exported file, at once', async () => {
    const days = async () => [
        (await makeDocument(admin, receiptOf(material.id, 1))).transactionCode.slice(2, 10),
        (await admin.post('/api/export/materials', {})).headers['content-disposition'].match(/materials-(.+)\.xlsx/)[1],
    ];
    accepted(await set('company.timezone', 'Pacific/Kiritimati'), 200);
    const early = await days();
    accepted(await set('company.timezone', 'Pacific/Honolulu'), 200);
    const late = await days();
    assert.ok(late.every((day, i) => day < early[i]), `24 hours apart: ${late}, ${early}`);
});

test('own documents: nobody, administrators, everybody', async () => {
    const approve = (client, { id }) => client.put(`/api/inventory/${id}/approve`, { action: 'approve' });
    const no = [403, 'own_document', '不能审批自己提交的出入库单'];
    const own = { admin: await makeDocument(admin, receiptOf(material.id, 1)), manager: await makeDocument(manager, receiptOf(material.id, 1)) };
    accepted(await set('approval.own_documents', 'nobody'), 200);
    refused(await approve(admin, own.admin), ...no);
    refused(await approve(manager, own.manager), ...no);
    accepted(await set('approval.own_documents', 'administrators'), 200);
    refused(await approve(manager, own.manager), ...no);
    accepted(await approve(admin, own.admin), 200);
    accepted(await set('approval.own_documents', 'everybody'), 200);
    accepted(await approve(manager, own.manager), 200);
});

test('a value that this program does not know, or none at all, counts as the default', async () => {
    const approve = async (client) => client.put(`/api/inventory/${(await makeDocument(client, receiptOf(material.id, 1))).id}/approve`, { action: 'approve' });
    for (const change of ["UPDATE settings SET value = 'neighbours', updated_at = 0", 'DELETE FROM settings']) {
        accepted(await set('approval.own_documents', 'everybody'), 200);
        await server.sql(`${change} WHERE key = 'approval.own_documents'`);
        accepted(await approve(admin), 200);
        refused(await approve(manager), 403, 'own_document', '不能审批自己提交的出入库单');
    }
    accepted(await set('approval.own_documents', 'nobody'), 200, '设置更新成功');
    assert.equal((await values())['approval.own_documents'], 'nobody');
});
