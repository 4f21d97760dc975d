// Empty tables to be filled in and imported.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, faulty, makeMaterial, makeUsers, refused, start } from './harness.mjs';
import { checked, upload } from './import-steps.mjs';

const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M } = await makeUsers(admin, { M: 'inventory_manager' });
await makeMaterial(M);
const template = (kind, query) => admin.get(`/api/imports/template/${kind}?${query}`);

test('a template says what is needed, and its heads are understood, in both formats and languages', async () => {
    for (const kind of ['materials', 'opening', 'receipt', 'issue'])
        for (const lang of ['zh', 'en']) {
            const text = (await template(kind, `format=csv&lang=${lang}`)).text.replace('\uFEFF', '').trim();
            const heads = text.split(',').map((head) => head.replaceAll('"', ''));
            assert.ok(heads.filter((head) => head.startsWith('*')).length >= 2, text);
            const filled = `${text}\r\n${heads.map(() => 'x').join(',')}`;
            assert.ok(accepted(await upload(admin, kind, filled), 201).mapping.every(Boolean), `${kind} ${lang}: ${text}`);
            const book = await template(kind, `lang=${lang}`);
            assert.equal(book.headers['content-disposition'], `attachment; filename=${kind}-template.xlsx`);
            refused(await upload(admin, kind, book.bytes), 400, 'import_empty', '文件中没有数据行');
        }
});

test('filled in, it is imported', async () => {
    const text = (await template('materials', 'format=csv')).text.replace('\uFEFF', '').trim();
    const values = { '*物料编码': 'TPL-1', '*物料名称': '模板物料', '*类别': '化学物料', '*单位': 'kg', '最低库存': '1,5' };
    const row = text.split(',').map((head) => `"${values[head.replaceAll('"', '')] ?? ''}"`).join(',');
    const im = await checked(admin, 'materials', `${text}\r\n${row}`);
    assert.equal(im.summary.fault, 1, '1,5 is no number');
    assert.equal((await checked(admin, 'materials', `${text}\r\n${row.replace('1,5', '1.5')}`)).summary.create, 1);
});

test('no such kind, no such format', async () => {
    refused(await template('nonsense', ''), 404, 'not_found', '请求的资源不存在');
    faulty(await template('materials', 'format=pdf'), { format: '不是允许的值' });
});
