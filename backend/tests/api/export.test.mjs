// Lists as files: the same rows in the same order as the list, in a form that a spreadsheet cannot misread.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { accepted, faulty, forbidden, issueOf, makeDocument, makeMaterial, makeUsers, post, refused, reject, sleep, start, stockUp } from './harness.mjs';
import { step, upload } from './import-steps.mjs';
import { readCsv, readWorkbook, shownTime, unguarded } from './workbook.mjs';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const MANY = 2345; // rows are read by the thousand
const HOUR = 3_600_000;
const server = await start();
after(() => server.stop());
const admin = await server.admin();
const { M, U } = await makeUsers(admin, { M: 'inventory_manager', U: 'regular_user' });
const openapi = (await server.client().get('/api/openapi.json')).body;

/** `count` materials by SQL, with what no client could send. */
async function fill(prefix, count, texts = {}) {
    const columns = Object.keys(texts).map((name) => `, ${name}`).join(''), values = Object.values(texts).map((sql) => `, ${sql}`).join('');
    await server.sql(`INSERT INTO materials (material_code, code_fold, material_name, name_fold, category, unit_id, current_stock, min_stock, created_at, updated_at${columns})
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
        SELECT '${prefix}' || i, LOWER('${prefix}' || i), '物料' || (i % 50), '物料' || (i % 50), CASE i % 3 WHEN 0 THEN 'metal' ELSE 'chemical' END,
            (SELECT MIN(id) FROM units), (i % 7) * 1500000, 3000000, 1700000000000 + (i % 100) * 1000, 1700000000000${values} FROM n`);
    await server.sql('UPDATE change_counters SET materials = materials + 1');
}

/** All rows of a list, page by page. */
async function wholeList(client, path, query = '') {
    const rows = [];
    for (let cursor = ''; cursor !== null;) {
        const data = accepted(await client.get(`${path}?${query}&pageSize=700&cursor=${encodeURIComponent(cursor)}`), 200);
        rows.push(...data.list);
        cursor = data.nextCursor;
    }
    return rows;
}

async function exported(client, path, query = '') {
    const answer = await client.get(`/api/export${path.slice('/api'.length)}?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer;
}

const xlsx = async (client, path, query) => readWorkbook((await exported(client, path, query)).bytes)[0];
const csv = async (client, path, query = '') => readCsv((await exported(client, path, `format=csv&${query}`)).bytes);
const columnsOf = (head, names) => names.map((name) => head.indexOf(name));
const column = (rows, name) => rows.slice(1).map((row) => row[rows[0].indexOf(name)]);

let material;
before(async () => {
    material = await makeMaterial(M, { materialName: '氢气', unit: 'kg' });
    await stockUp(M, admin, material.id, 12.345, { remark: '首批' });
    await post(M, admin, issueOf(material.id, 0.345));
    const { id } = await makeDocument(U, issueOf(material.id, 1));
    await makeDocument(U, issueOf(material.id, 2));
    await reject(M, id, '不需要');
    accepted(await M.put(`/api/materials/${material.id}`, { materialCode: 'NEW-1', codeChangeReason: '统一编码' }), 200);
    accepted(await admin.post('/api/notifications', { type: 'announcement', title: '停电通知', content: '周六' }), 200);
    accepted(await M.post('/api/stocktaking', { taskName: '月末盘点', materialIds: [material.id], startDate: '2026-11-30' }), 201);
    await fill('BULK-', MANY);
});

/* ---------------------------------------------------------------- every list */

/** Lists that are not read by a list_spec, or that nobody would want as a file. */
const WITHOUT_EXPORT = {
    ...Object.fromEntries(['lots', 'days-of-cover', 'consumption', 'decisions', 'posted'].map((name) => [`/api/analysis/${name}`, 'worked out by its handler for each page'])),
    '/api/imports': 'what was imported is a file already',
    '/api/imports/{id}/rows': 'what a check says of the rows of a file',
    '/api/admin/database/table/{name}': 'raw rows of the database: `mms` has commands for whole copies',
};

test('every list has an export with its permission, its filters and its sorts, or a reason to have none', () => {
    const names = (operation) => operation.parameters.map((one) => one.name);
    const lists = Object.entries(openapi.paths).filter(([, { get }]) => get && names(get).includes('pageSize')).map(([path]) => path);
    assert.ok(lists.length >= 12, lists.join(' '));
    for (const path of lists) {
        const own = openapi.paths[path].get, file = openapi.paths[path.replace('/api/', '/api/export/')]?.get;
        assert.equal(Boolean(file), !(path in WITHOUT_EXPORT), path);
        if (!file)
            continue;
        const wanted = names(own).filter((name) => !['page', 'pageSize', 'cursor', 'totals'].includes(name));
        assert.deepEqual(names(file), [...wanted, 'format', 'lang'], path);
        assert.deepEqual(Object.keys(file.responses[200].content), [XLSX, 'text/csv; charset=utf-8'], path);
        assert.equal(file['x-permission'], path === '/api/materials' ? 'material.export' : own['x-permission'], path);
    }
});

const LISTS = [
    { path: '/api/materials', key: ['material_code', '物料编码'], queries: ['', 'status=all&sort=material_code', 'category=metal&sort=-current_stock',
        'keyword=BULK-1&sort=material_name', 'lowStock=true&sort=-material_name', 'unit=kg', 'keyword=nothing-has-this'] },
    { path: '/api/inventory', key: ['transaction_code', '单号'], queries: ['', 'status=approved&sort=transaction_code', 'transactionType=out', 'keyword=氢'] },
    { path: '/api/inventory/mine', key: ['transaction_code', '单号'], queries: ['', 'status=rejected'] },
    { path: '/api/inventory/pending', key: ['transaction_code', '单号'], queries: [''] },
    { path: '/api/users', key: ['username', '用户名'], queries: ['', 'role=regular_user', 'sort=username'] },
    { path: '/api/stocktaking', key: ['task_code', '任务编号'], queries: ['', 'status=completed'] },
    { path: '/api/notifications', key: ['title', '标题'], queries: ['', 'type=announcement', 'isRead=true'] },
    { path: () => `/api/materials/${material.id}/moves`, key: ['seq', '序号'], queries: ['', 'sort=seq'] },
    { path: () => `/api/materials/${material.id}/code-history`, key: ['new_code', '新编码'], queries: ['', 'sort=created_at'] },
];
for (const { path, key: [field, title], queries } of LISTS)
    for (const query of queries)
        test(`${typeof path === 'function' ? path.toString().match(/\}(\/[\w-]+)`/)[1] : path}?${query}: the rows of the list in its order, in both formats`, async () => {
            const at = typeof path === 'function' ? path() : path;
            const wanted = (await wholeList(admin, at, query)).map((row) => String(row[field]));
            assert.deepEqual(column((await xlsx(admin, at, query)).rows, title).map(String), wanted);
            assert.deepEqual(column(await csv(admin, at, query), title), wanted);
            assert.ok(wanted.length || query || at.endsWith('/mine'), at);
        });

test('the operation log: all of it, page and pageSize mean nothing', async () => {
    const query = `module=materials&userId=${M.user.id}&startDate=2020-01-01`;
    const wanted = (await wholeList(admin, '/api/operation-logs', query)).map((row) => String(row.id));
    assert.ok(wanted.length > 1);
    assert.deepEqual(column(await csv(admin, '/api/operation-logs', `${query}&page=2&pageSize=1&cursor=nonsense`), '编号'), wanted);
});

test('who sees only his own in a list exports only his own', async () => {
    const own = column(await csv(U, '/api/inventory'), '单号'), all = column(await csv(admin, '/api/inventory'), '单号');
    assert.deepEqual([own.length, all.length], [2, 4]);
    assert.deepEqual(own, (await wholeList(U, '/api/inventory')).map((row) => row.transaction_code));
});

/** All rows of a report, which has pages by number alone. */
async function wholeReport(client, path, query) {
    const rows = [];
    for (let page = 1; ; page++) {
        const { list, total } = accepted(await client.get(`${path}?${query}&pageSize=700&page=${page}`), 200);
        rows.push(...list);
        if (rows.length === total)
            return rows;
    }
}

const today = new Date(Date.now() + 8 * HOUR).toISOString().slice(0, 10);
const plain = (value) => (value === null ? '' : String(value));
const QUANTITIES = { opening: '期初数量', opening_value: '期初金额', received: '收入数量', received_value: '收入金额', issued: '发出数量', issued_value: '发出金额',
    closing: '期末数量', closing_value: '期末金额' };
for (const [path, query, fields] of [['/api/reports/stock-ledger', `startDate=2020-01-01&endDate=${today}`, QUANTITIES], ['/api/reports/stock', `at=${today}`, { stock: '库存', value: '金额' }]])
    for (const more of ['', '&category=metal', '&keyword=BULK-23', '&keyword=NEW-1', '&keyword=nothing-has-this'])
        test(`${path}?${query}${more}: the report's rows in its order, in both formats`, async () => {
            const wanted = (await wholeReport(M, path, query + more)).map((row) => [row.material_code, ...Object.keys(fields).map((name) => plain(row[name]))]);
            const shown = (rows) => rows.slice(1).map((row) => columnsOf(rows[0], ['物料编码', ...Object.values(fields)]).map((at) => plain(row[at])));
            assert.deepEqual(shown(await csv(M, path, query + more)), wanted);
            assert.deepEqual(shown((await xlsx(M, path, query + more)).rows), wanted);
            assert.equal(wanted.length > 0, !more.includes('nothing'));
        });

test('a report as a file: faults, the words of the other language, the log', async () => {
    faulty(await M.get('/api/export/reports/stock-ledger?format=pdf&endDate=2026-02-30'),
        { format: '不是允许的值', startDate: '请输入日期', endDate: '应为 YYYY-MM-DD 格式的日期' });
    faulty(await M.get('/api/export/reports/stock?category=wood'), { at: '请输入日期或时间', category: '类别必须是 chemical 或 metal' });
    const answer = await exported(M, '/api/reports/stock', `at=${today}&lang=en&keyword=NEW-1`);
    assert.deepEqual(readWorkbook(answer.bytes)[0].rows, [['Material code', 'Material', 'Category', 'Unit', 'Stock', 'Value'], ['NEW-1', '氢气', 'Chemical', 'kg', 12, 0]]);
    const [row] = accepted(await admin.get('/api/operation-logs?module=inventory&action=export'), 200).list;
    assert.deepEqual([row.resource_type, row.description], ['report', `导出某日库存（xlsx）: 1 行；at=${today}；keyword=NEW-1`]);
});

/* ---------------------------------------------------------------- documents, line by line */

test('the lines of documents: of whole documents in the order of their lines, and back in by an import', async () => {
    const own = await makeMaterial(M, { materialCode: '007', materialName: '=1+1', unit: 'kg' }), other = await makeMaterial(M, { materialCode: '1E5', unit: 'kg' });
    const place = accepted(await admin.post('/api/locations', { code: 'A-01', nameZh: '甲一' }), 201);
    const lines = [{ materialId: own.id, quantity: 1.5, unitPrice: 2.25, lotNo: '0012', expiresOn: '2027-03-31', locationId: place.id, remark: '-轻放, "易碎"' },
        { materialId: other.id, quantity: 3, lotNo: '2E7' }, { materialId: own.id, quantity: 0.125, lotNo: 'L3', remark: '第三行' }];
    const first = await makeDocument(M, { transactionType: 'in', remark: '整单', lines });
    const [number] = (await csv(M, '/api/inventory')).slice(1, 2).map((row) => row[0]);
    const head = ['单号', '行号', '物料编码', '数量', '单位', '单价', '金额', '批号', '有效期至', '库位', '备注', '单据备注'];
    const rows = async (query) => {
        const all = await csv(M, '/api/inventory/lines', query);
        return all.slice(1).map((row) => columnsOf(all[0], head).map((at) => row[at]));
    };
    const wanted = [[number, '1', '007', '1.5', 'kg', '2.25', '3.38', '0012', '2027-03-31', 'A-01', '\'-轻放, "易碎"', '整单'],
        [number, '2', '1E5', '3', 'kg', '', '', '2E7', '', '', '', '整单'], [number, '3', '007', '0.125', 'kg', '', '', 'L3', '', '', '第三行', '整单']];
    assert.deepEqual(await rows(`keyword=${number}`), wanted);
    assert.deepEqual(await rows(`keyword=${number}&sort=created_at`), wanted, 'lines stay in their order, whichever way the documents stand');
    assert.deepEqual((await rows(`materialId=${own.id}`)).map(([, line]) => line), ['1', '3']);
    const all = await csv(M, '/api/inventory/lines'), documents = (await wholeList(M, '/api/inventory')).map((row) => row.transaction_code);
    assert.deepEqual([...new Set(column(all, '单号'))], documents);
    assert.ok(column(await csv(U, '/api/inventory/lines'), '申请人').every((name) => name === (U.user.realName ?? U.user.username)));

    for (const format of ['csv', 'xlsx']) {
        const file = (await exported(M, '/api/inventory/lines', `format=${format}&keyword=${number}`)).bytes;
        const sent = accepted(await upload(M, 'receipt', file, `明细.${format}`), 201);
        await step(M, sent.id, 'check');
        await step(M, sent.id, 'commit');
        const again = accepted(await M.get('/api/inventory/mine?pageSize=1'), 200).list[0];
        assert.notEqual(again.id, first.id);
        const [before, after] = await Promise.all([first.id, again.id].map(async (id) => accepted(await M.get(`/api/inventory/${id}`), 200).lines.map(
            (line) => [line.line_no, line.material_code, line.quantity, line.unit_price, line.amount, line.lot_no, line.expires_on, line.location_code, line.remark])));
        assert.deepEqual(after, before, format);
    }
});

/* ---------------------------------------------------------------- cells */

test('a workbook: a head that stays and filters, texts, numbers, instants, words', async () => {
    const answer = await exported(M, '/api/materials', 'keyword=NEW-1');
    assert.equal(answer.headers['content-type'], XLSX);
    const [sheet, ...more] = readWorkbook(answer.bytes);
    assert.deepEqual([sheet.name, more.length, sheet.rows.length], ['物料列表', 0, 2]);
    assert.match(sheet.xml, /<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"\/>/);
    assert.match(sheet.xml, /<autoFilter ref="A1:AF2"\/>/);
    assert.match(sheet.xml, /<col min="1" max="1" width="18[.\d]*"/);
    const [head, row] = sheet.cells, found = accepted(await M.get(`/api/materials/${material.id}`), 200);
    const cell = (title) => row[head.findIndex((one) => one.value === title)];
    assert.deepEqual(cell('物料编码'), { isText: true, value: 'NEW-1', format: '@' });
    assert.deepEqual(cell('类别'), { isText: true, value: '化学物料', format: 'General' });
    assert.deepEqual(cell('状态'), { isText: true, value: '在用', format: 'General' });
    assert.deepEqual(cell('当前库存'), { isText: false, value: 12, format: 'General' });
    assert.deepEqual([cell('创建时间').isText, cell('创建时间').format], [false, 'yyyy-mm-dd hh:mm:ss']);
    assert.equal(shownTime(cell('创建时间').value), new Date(Date.parse(`${found.created_at}Z`) + 8 * HOUR).toISOString().slice(0, 19).replace('T', ' '));
    assert.equal(cell('描述'), undefined, 'nothing is no cell');
});

test('days are days', async () => {
    const { cells: [head, row] } = await xlsx(M, '/api/stocktaking');
    const start = row[head.findIndex((one) => one.value === '开始日期')];
    assert.deepEqual([start.isText, start.format, shownTime(start.value)], [false, 'yyyy-mm-dd', '2026-11-30 00:00:00']);
    assert.deepEqual(column(await csv(M, '/api/stocktaking'), '开始日期'), ['2026-11-30']);
});

test('a task\'s lines, by code; a blind one tells no book quantity', async () => {
    const other = await makeMaterial(M, { materialCode: 'AAA-1' });
    for (const isBlind of [false, true]) {
        const task = accepted(await M.post('/api/stocktaking', { taskName: '盘点', materialIds: [material.id, other.id], isBlind }), 201);
        const { items } = accepted(await M.get(`/api/stocktaking/${task.id}`), 200);
        accepted(await M.put(`/api/stocktaking/${task.id}/items/${items[0].id}`, { actualStock: 3 }), 200);
        const rows = await csv(M, `/api/stocktaking/${task.id}/items`);
        const places = columnsOf(rows[0], ['物料编码', '账面数量', '实盘数量', '差异', '差异类型']);
        assert.deepEqual(rows.slice(1).map((row) => places.map((i) => row[i])),
            isBlind ? [['AAA-1', '', '3', '', ''], ['NEW-1', '', '', '', '']] : [['AAA-1', '0', '3', '3', '盘盈'], ['NEW-1', '12', '', '', '']]);
        refused(await U.get(`/api/export/stocktaking/${task.id}/items`), 403, 'task_not_yours', '无权查看此盘点任务');
        accepted(await M.put(`/api/stocktaking/${task.id}/cancel`), 200);
    }
});

test('instants are the company\'s', async () => {
    const at = async (zone) => {
        accepted(await admin.put('/api/settings/company.timezone', { value: zone }), 200);
        const [time] = column(await csv(M, '/api/materials', 'keyword=NEW-1'), '创建时间');
        const { rows } = await xlsx(M, '/api/materials', 'keyword=NEW-1');
        assert.equal(shownTime(column(rows, '创建时间')[0]), time);
        return Date.parse(`${time.replace(' ', 'T')}Z`);
    };
    assert.equal((await at('Pacific/Kiritimati')) - (await at('Pacific/Honolulu')), 24 * HOUR);
    await at('Asia/Shanghai');
});

test('what each list says in numbers, codes and words is what its rows say', async () => {
    const rows = await csv(M, `/api/materials/${material.id}/moves`);
    const places = columnsOf(rows[0], ['类型', '用途', '变动', '变动前库存', '结存', '备注']);
    assert.deepEqual(rows.slice(1).map((row) => places.map((i) => row[i])),
        [['出库', '领用', '-0.345', '12.345', '12', ''], ['入库', '采购', '12.345', '0', '12.345', '首批']]);
    const { cells: [head, issue] } = await xlsx(M, `/api/materials/${material.id}/moves`, 'lang=en');
    const change = issue[head.findIndex((one) => one.value === 'Change')];
    assert.deepEqual(change, { isText: false, value: -0.345, format: 'General' });
    assert.deepEqual(column(await csv(admin, '/api/users', 'role=inventory_manager'), '角色'), ['库存管理员']);
    assert.deepEqual(column(await csv(admin, '/api/users', 'role=inventory_manager&lang=en'), 'Role'), ['Stock manager']);
    assert.deepEqual(column(await csv(admin, '/api/notifications', 'type=announcement'), '已读'), ['否']);
});

const WEIRD = ['007', '1E5', '12345678901234567890', '=1+1', '+1', '-1', '@SUM(A1)', "'=1+1", "''-x", "'plain", '\tx', '\r=1', 'a,b', 'say "x"', 'two\nlines', ' edges ',
    '<b>&amp;</b>', 'TRUE', '1/2', '_x0041_', 'a_x00e9_b', '\u0001_x0041_', '\uFFFF', '_x41_', '氢🜁', '=HYPERLINK("http://x","y")'];

test('texts that look like numbers or formulas come back as they were', async () => {
    const literal = (text) => `'${text.replaceAll("'", "''")}'`;
    for (const [i, text] of WEIRD.entries())
        await fill(`WEIRD${String(i).padStart(2, '0')}-`, 1, { description: literal(text), metal_grade: literal(text) });
    const query = 'keyword=weird&sort=material_code';
    const { cells: [head, ...rows] } = await xlsx(M, '/api/materials', query);
    for (const title of ['描述', '牌号']) {
        const place = head.findIndex((one) => one.value === title);
        assert.deepEqual(rows.map((row) => row[place].value), WEIRD, title);
        assert.ok(rows.every((row) => row[place].isText), title);
    }
    const back = column(await csv(M, '/api/materials', query), '描述');
    assert.deepEqual(back.map(unguarded), WEIRD);
    assert.ok(back.every((text) => !/^[=+\-@\t\r]/.test(text)), 'none of them begins a formula');
});

test('a number that a spreadsheet cannot hold exactly is text; CSV has it in full', async () => {
    await fill('HUGE-', 1, { max_stock: '1234567890123456789' });
    const { cells: [head, row] } = await xlsx(M, '/api/materials', 'keyword=HUGE-');
    assert.deepEqual(row[head.findIndex((one) => one.value === '最高库存')], { isText: true, value: '1234567890123.456789', format: 'General' });
    assert.deepEqual(column(await csv(M, '/api/materials', 'keyword=HUGE-'), '最高库存'), ['1234567890123.456789']);
});

test('a text longer than a cell is cut in a workbook and whole in CSV', async () => {
    await fill('LONG-', 1, { note: `'${'长'.repeat(40000)}'` });
    const [note] = column((await xlsx(M, '/api/materials', 'keyword=LONG-')).rows, '说明');
    assert.deepEqual([note.length, note.slice(-2)], [32767, '长…']);
    assert.equal(column(await csv(M, '/api/materials', 'keyword=LONG-'), '说明')[0].length, 40000);
});

/* ---------------------------------------------------------------- the answer, and who may */

test('the name of the file', async () => {
    const today = new Date(Date.now() + 8 * HOUR).toISOString().slice(0, 10).replaceAll('-', '');
    const name = async (query) => (await exported(M, '/api/materials', query)).headers['content-disposition'];
    assert.equal(await name('keyword=NEW-1'), `attachment; filename=materials-${today}.xlsx; filename*=UTF-8''${encodeURIComponent('物料列表')}-${today}.xlsx`);
    assert.equal(await name('keyword=NEW-1&format=csv&lang=en'), `attachment; filename=materials-${today}.csv`);
    const answer = await exported(M, '/api/materials', 'keyword=NEW-1&format=csv');
    assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
});

test('all faults at once, and the list\'s own', async () => {
    faulty(await M.get('/api/export/materials?format=pdf&lang=fr&category=wood&sort=nonsense'), { format: null, lang: null, category: null, sort: null });
    refused(await M.get('/api/export/materials/987654321/moves'), 404, 'material_not_found', '物料不存在');
});

test('who may', async () => {
    forbidden(await U.get('/api/export/materials'), 'material.export');
    forbidden(await U.get('/api/export/inventory/pending'), 'document.approve');
    forbidden(await M.get('/api/export/users'), 'user.manage');
    forbidden(await M.get('/api/export/operation-logs'), 'log.read');
    const { token } = accepted(await M.post('/api/profile/tokens', { name: 'export', scopes: 'material.export' }), 201);
    forbidden(await server.client(token).get('/api/export/materials'), 'material.read');
});

test('an export is in the operation log, with its filters; a refused one is not', async () => {
    const logged = async () => accepted(await admin.get('/api/operation-logs?action=export&pageSize=1'), 200);
    const before = await logged();
    await exported(M, '/api/materials', 'keyword=NEW-1&category=chemical&sort=material_code');
    await M.get('/api/export/materials?format=pdf');
    const { total, list: [row] } = await logged();
    assert.equal(total, before.total + 1);
    assert.deepEqual([row.module, row.action, row.resource_type, row.user_id, row.description],
        ['materials', 'export', 'material', M.user.id, '导出物料列表（xlsx）: 1 行；category=chemical；keyword=NEW-1；sort=material_code']);
    await exported(M, `/api/materials/${material.id}/moves`);
    assert.equal((await logged()).list[0].resource_id, material.id);
});

/* ---------------------------------------------------------------- large ones */

const exports = () => server.value("SELECT COUNT(*) AS n FROM operation_log WHERE action = 'export'");

test('of the large ones one at a time; lists are answered meanwhile', async () => {
    await fill('LARGE-', 25000);
    const answers = await Promise.all([1, 2].map(() => M.get('/api/export/materials?keyword=LARGE-')));
    const list = accepted(await M.get('/api/materials?pageSize=20'), 200);
    assert.equal(list.list.length, 20);
    const [done] = answers.filter((answer) => answer.status === 200);
    assert.equal(readWorkbook(done.bytes)[0].rows.length, 25001);
    for (const answer of answers.filter((one) => one !== done && one.status !== 200))
        refused(answer, 503, 'busy', '系统繁忙，请稍后重试');
});

test('a client that goes away ends the work: nothing is logged as exported', async () => {
    const before = await exports(), path = '/api/export/materials?keyword=LARGE-';
    const request = http.get(new URL(path, server.url), { headers: { authorization: `Bearer ${M.token}` } });
    request.on('error', () => {});
    await sleep(100);
    request.destroy();
    let answer; // of the next one, which has its turn when the first has ended
    do
        answer = await M.get(path);
    while (answer.status === 503);
    assert.equal(answer.status, 200);
    assert.equal(await exports(), before + 1);
});

test('a folder that cannot be written to is told, and not logged as exported', async () => {
    const file = path.join(server.dir, 'a-file');
    writeFileSync(file, '');
    const before = await exports();
    await server.restart({ UPLOAD_DIR: file });
    const again = await server.client().login(M.user.username, M.password);
    refused(await again.get('/api/export/materials?keyword=NEW-1'), 503, 'files_unwritable', '上传目录不可写，请联系管理员');
    refused(await again.get('/api/export/materials?keyword=NEW-1&format=csv'), 503, 'files_unwritable', '上传目录不可写，请联系管理员');
    assert.equal(await exports(), before);
    await server.restart({ UPLOAD_DIR: path.join(server.dir, 'uploads') });
});
