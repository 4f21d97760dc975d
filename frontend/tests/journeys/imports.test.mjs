/** Imports: a faulty file and its mended one, opening stock, the same file twice, broken files, cancelling; by keyboard, on the phone, in both themes. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site, last = 0;
before(async () => { site = await Site.open(); });
after(() => site?.close());

const fresh = (word) => `${word}-${++last}-${process.pid}`;
const HEAD = ['物料编码', '物料名称', '类别', '单位', '最低库存', '备注'];
const csv = (...rows) => rows.map((row) => row.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')).join('\r\n');
const file = (name, content) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });
const give = (who, name, content) => who.at('import-file').setInputFiles(file(name, content));
const count = (who, name) => who.at(`import-count-${name}`).locator('dd').textContent();
const step = (who, name) => who.at(`import-step-${name}`).waitFor();
const idOf = (who) => Number(/imports\/(\d+)/.exec(who.page.url())[1]);
const byCode = async (code) => (await site.api('admin', 'GET', `/materials?status=all&keyword=${encodeURIComponent(code)}`)).list.find((row) => row.material_code === code);

async function dark(who, on) {
    await who.page.emulateMedia({ colorScheme: on ? 'dark' : 'light' });
    await who.page.waitForFunction((wanted) => document.documentElement.classList.contains('dark') === wanted, on);
}

/** In both themes, with a picture of each. */
async function accessibleInBoth(who, name) {
    for (const on of [true, false]) {
        await dark(who, on);
        await accessible(who);
        if (name) await picture(who, on ? `${name}-dark` : name);
    }
}

async function material(patch = {}) {
    const body = { materialCode: fresh('M'), materialName: '甲醇', category: 'chemical', unit: 'kg', ...patch };
    const { id } = await site.api('manager', 'POST', '/materials', body);
    return { id, ...body };
}

/** A file is dropped: this text, or so many bytes. */
async function dropped(who, name, content) {
    const dataTransfer = await who.page.evaluateHandle(([called, given]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([typeof given === 'number' ? new Uint8Array(given) : given], called, { type: 'text/csv' }));
        return carried;
    }, [name, content]);
    await who.page.dispatchEvent('[data-testid="import-drop"]', 'drop', { dataTransfer });
}

/** Uploaded and checked; the journey goes on from there. */
async function checked(who, kind, name, content) {
    await who.go(`/imports?kind=${kind}`);
    await give(who, name, content);
    await who.at('import-check').click();
    await who.at('import-counts').waitFor();
}

async function commit(who) {
    await who.at('import-commit').click();
    await who.at('question-yes').click();
}

test('materials: faults by cell, a mended file, dry run, import, seen in the list, undone, gone', async () => {
    const manager = await site.person('manager');
    const old = await material({ minStock: '5', note: '旧' });
    const [one, two] = [fresh('NEW'), fresh('NEW')];
    const rows = (minimum, category) => csv(HEAD, [one, '新一', category, 'kg', minimum, ''], [old.materialCode, '改名', '化学', 'kg', '1,250.5', '旧'], [two, '新二', '化学', 'kg', '', '=cmd']);

    await manager.go('/materials');
    await manager.at('material-import').click();
    await manager.at('import-file').waitFor({ state: 'attached' });
    await accessibleInBoth(manager, 'imports');
    await give(manager, '物料表.csv', rows('1.2.3', '化学'));
    await step(manager, 'columns');
    assert.equal(await manager.at('import-column-0').inputValue(), 'material_code');
    await accessibleInBoth(manager, 'import-columns');
    // A needed field without its column is told, and there is no way on.
    await manager.at('import-column-1').selectOption('');
    await manager.at('import-missing').getByText('物料名称').waitFor();
    assert.ok(await manager.at('import-check').isDisabled());
    // What was chosen is kept as it is chosen.
    await manager.page.waitForFunction(() => document.querySelector('[data-testid="import-check"]').disabled);
    await manager.page.reload();
    await manager.at('import-missing').waitFor();
    await manager.at('import-column-1').selectOption('material_name');
    await manager.at('import-check').click();
    await step(manager, 'check');
    await manager.at('import-verdict').getByText('有 1 行不能导入').waitFor();
    assert.deepEqual([await count(manager, 'create'), await count(manager, 'change'), await count(manager, 'fault')], ['1', '1', '1']);
    const fault = manager.at('import-fault');
    assert.match(await fault.textContent(), /E2.*最低库存.*1\.2\.3/);
    await manager.page.waitForFunction(() => document.activeElement?.id === 'import-step');
    assert.match(await manager.at('import-said').textContent(), /共 3 行，其中 1 行有问题/);
    await accessibleInBoth(manager, 'import-check');
    await manager.page.reload();
    await fault.waitFor();

    // Mended: what was chosen before holds, the faulty one is given up.
    const faulty = idOf(manager);
    await manager.at('import-mended').click();
    await give(manager, '物料表2.csv', rows('1.25', '化学'));
    await step(manager, 'columns');
    const id = idOf(manager);
    assert.notEqual(id, faulty);
    await manager.at('import-check').click();
    await step(manager, 'preview');
    const told = manager.at('import-row-told');
    await told.first().waitFor();
    assert.match(await told.first().textContent(), new RegExp(`${one}.*新一.*1\\.25`));
    await manager.at('import-rows-change').click();
    await told.getByText('改名').waitFor();
    assert.match(await told.textContent(), /甲醇.*改名.*5.*1250\.5/);
    await accessibleInBoth(manager, 'import-preview');
    // Coming back goes on where it was.
    await manager.go(`/imports/${id}`);
    await step(manager, 'preview');
    assert.equal(await byCode(one), undefined, 'nothing is stored before it is said');
    await manager.at('import-commit').click();
    const question = await manager.at('question').textContent();
    for (const part of ['物料表2.csv', '新建 2 条', '更改 1 条']) assert.ok(question.includes(part), question);
    await accessible(manager);
    await manager.at('question-yes').click();
    await manager.at('import-done').waitFor();
    await accessibleInBoth(manager, 'import-result');
    assert.equal((await byCode(two)).note, '=cmd');
    await manager.at('import-row-told').first().getByRole('link', { name: one }).click();
    await manager.page.locator('[data-testid^="material-row-"]', { hasText: one }).waitFor();
    await manager.page.goBack();

    await manager.at('import-undo').click();
    await manager.at('question-yes').click();
    await manager.at('import-undone').waitFor();
    assert.equal(await byCode(one), undefined);
    assert.equal((await byCode(old.materialCode)).material_name, '甲醇');
    await manager.go('/imports');
    await manager.at(`import-row-${id}`).getByText('已撤销').waitFor();
    assert.equal(await manager.at(`import-row-${faulty}`).count(), 0, 'the faulty file was given up');
    calm(manager);
});

test('faults are filtered by field and saved as a file that starts no formula', async () => {
    const manager = await site.person('manager');
    await checked(manager, 'materials', '多.csv', csv(HEAD, ...Array.from({ length: 30 }, (_, i) => [fresh('F'), i % 3 ? '名' : '', '化学', 'kg', '=1+1', ''])));
    await manager.at('import-fault').first().waitFor();
    assert.equal(await manager.at('import-fault').count(), 27, 'twenty rows, seven of them with two faults');
    await manager.at('import-fault-field').selectOption('material_name');
    await manager.page.waitForFunction(() => document.querySelectorAll('[data-testid="import-fault"]').length === 10);
    await manager.at('import-fault-field').selectOption('note');
    await manager.at('import-no-faults').waitFor();
    await manager.at('import-fault-field').selectOption('');
    const [saved] = await Promise.all([manager.page.waitForEvent('download'), manager.at('import-faults-csv').click()]);
    const lines = (await readFile(await saved.path(), 'utf8')).trim().split('\r\n');
    assert.equal(lines.length, 41);
    assert.ok(lines[1].startsWith('2,B2,') && lines[2].includes(`"'=1+1"`), lines.slice(0, 3).join('\n'));
    assert.equal(saved.suggestedFilename(), '多-问题.csv');
    calm(manager);
});

test('columns without known heads are chosen once: the mended file has them too, and another row may be the head', async () => {
    const manager = await site.person('manager'), code = fresh('MAP');
    const rows = (category) => csv(['说明', '', '', ''], ['甲列', '乙列', '丙列', '丁列'], ['名称甲', code, category, 'kg']);
    await manager.go('/imports?kind=materials');
    await give(manager, '列.csv', rows('不知道'));
    await step(manager, 'columns');
    await manager.at('import-missing').waitFor();
    await manager.at('import-head').fill('99');
    await manager.at('import-head').press('Enter');
    await manager.at('field-fault').getByText('没有这一行').waitFor();
    // A slow answer: what is chosen next is for the columns of the new head, not lost with the old ones.
    await manager.page.route(/\/api\/imports\/\d+$/, async (call) => {
        if (call.request().method() === 'PUT') await new Promise((done) => setTimeout(done, 400));
        await call.continue();
    });
    await manager.at('import-head').fill('2');
    await manager.at('import-head').press('Enter');
    for (const [i, field] of ['material_name', 'material_code', 'category', 'unit'].entries()) await manager.at(`import-column-${i}`).selectOption(field);
    await manager.at('import-check').click();
    await manager.at('import-fault').getByText('不知道').waitFor();
    await manager.at('import-mended').click();
    await give(manager, '列2.csv', rows('化学'));
    await step(manager, 'columns');
    await manager.page.waitForFunction(() => document.querySelector('[data-testid="import-column-1"]')?.value === 'material_code');
    await manager.at('import-check').click();
    await step(manager, 'preview');
    await commit(manager);
    await manager.at('import-done').waitFor();
    assert.equal((await byCode(code)).material_name, '名称甲');
    await manager.go('/jobs');
    await manager.page.getByRole('link', { name: '导入', exact: true }).nth(1).click();
    await step(manager, 'result');
    calm(manager, /400/);
});

test('names that nobody knows are proposed, chosen or made', async () => {
    const manager = await site.person('manager');
    const [one, two, tub] = [fresh('W'), fresh('W'), `桶${process.pid}`];
    await checked(manager, 'materials', '词.csv', csv(HEAD, [one, '甲', '化学', '公斤', '', ''], [two, '乙', '试剂', tub, '', '']));
    assert.deepEqual([await manager.at('import-word-0').inputValue(), await manager.at('import-use-0').inputValue()], ['use', 'kg'], 'proposed');
    await manager.at('import-use-0').fill('kgs');
    await manager.page.getByText('系统中没有“kgs”').waitFor();
    assert.ok(await manager.at('import-answer').isDisabled());
    await manager.at('import-use-0').fill('kg');
    await manager.at('import-word-1').selectOption('use');
    await manager.at('import-use-1').selectOption('chemical');
    await manager.at('import-word-2').selectOption('create');
    await accessibleInBoth(manager, 'import-words');
    await manager.at('import-answer').click();
    await step(manager, 'preview');
    await commit(manager);
    await manager.at('import-done').waitFor();
    assert.deepEqual([(await byCode(one)).unit, (await byCode(two)).unit, (await byCode(two)).category], ['kg', tub, 'chemical']);
    calm(manager);
});

test('opening stock: a document that leads to the stock; undo is refused when stock has moved, and says why', async () => {
    const admin = await site.person('admin');
    const one = await material(), name = '期初.csv';
    await checked(admin, 'opening', name, csv(['物料编码', '数量', '单价', '批号'], [one.materialCode, '12.5', '3.2', 'L-1']));
    await admin.at('import-go-columns').click();
    await admin.at('import-remark').fill('二〇二六年期初');
    await admin.at('import-check').click();
    await step(admin, 'preview');
    await commit(admin);
    await admin.at('import-done').waitFor();
    assert.equal((await byCode(one.materialCode)).current_stock, 12.5);
    const { documents: [made] } = await site.api('admin', 'GET', `/imports/${idOf(admin)}`);
    await accessibleInBoth(admin, 'import-documents');
    await admin.at(`import-document-${made.id}`).click();
    await admin.at('document-drawer').getByText('二〇二六年期初').first().waitFor();
    await admin.page.goBack();

    const { id } = await site.api('admin', 'POST', '/inventory', { transactionType: 'out', lines: [{ materialId: one.id, quantity: '1' }] });
    await site.api('admin', 'PUT', `/inventory/${id}/approve`, { action: 'approve' });
    await admin.at('import-undo').click();
    await admin.at('question-yes').click();
    await admin.at('import-broken').getByText(new RegExp(`单据 ${made.transaction_code} 的物料在导入之后又有出入库`)).waitFor();
    assert.match(await admin.at('import-said').textContent(), /又有出入库/);
    await accessibleInBoth(admin, 'import-undo-refused');
    await admin.page.reload();
    await admin.at('import-broken').waitFor();
    calm(admin);
});

test('the same file twice is told, with the way to the first, and goes in again only when that is said', async () => {
    const manager = await site.person('manager');
    const one = await material(), content = csv(['物料编码', '数量'], [one.materialCode, '3']);
    await checked(manager, 'receipt', '收料.csv', content);
    await commit(manager);
    await manager.at('import-done').waitFor();
    const first = idOf(manager);
    await manager.at('import-next').click();
    await give(manager, '收料.csv', content);
    await manager.at(`import-earlier-${first}`).waitFor();
    await accessibleInBoth(manager, 'import-earlier');
    await manager.at('import-check').click();
    await step(manager, 'preview');
    await manager.at('import-commit').click();
    await manager.at('question').getByText('同一个文件已经导入过').waitFor();
    await manager.at('question-no').click();
    await manager.at(`import-earlier-${first}`).click();
    await manager.at('import-done').waitFor();
    assert.equal(idOf(manager), first);
    await manager.page.goBack();
    await commit(manager);
    await manager.at('import-done').waitFor();
    const { list } = await site.api('admin', 'GET', `/inventory?keyword=${one.materialCode}`);
    assert.equal(list.length, 2);
    calm(manager);
});

test('files that are no tables are refused in words; one that is too large does not leave', async () => {
    const manager = await site.person('manager');
    await manager.go('/imports?kind=materials');
    const tries = [['坏.xlsx', Buffer.from('PK\x03\x04 no zip at all'), /表格文件已损坏|无法打开/], ['旧.xls', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ...Array(600).fill(0)]), /xls/], ['头.csv', '编码,名称', /没有数据行/]];
    for (const [name, buffer, words] of tries) {
        await manager.at('import-file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(buffer) });
        await manager.at('error-message').getByText(words).waitFor();
        await manager.at('import-file').waitFor({ state: 'attached' });
    }
    await accessibleInBoth(manager);
    await manager.at('import-file').setInputFiles({ name: '空.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) });
    await manager.at('import-refused').getByText('空文件').waitFor();
    await dropped(manager, '大.csv', 32 * 1024 * 1024 + 1);
    await manager.at('import-refused').getByText('“大.csv”超过了大小限制').waitFor();
    calm(manager, /400/);
});

test('a session that ran out, and a server that is away, lose no file; a workbook of our own says nothing new', async () => {
    const manager = await site.person('manager');
    const { accessToken } = await site.login('manager');
    const book = await fetch(`${site.base}/api/export/materials?format=xlsx&category=metal`, { headers: { Authorization: `Bearer ${accessToken}` } });
    const chosen = { name: '物料.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from(await book.arrayBuffer()) };
    await manager.go('/imports?kind=materials');
    await manager.page.route('**/api/imports?kind=*', (route) => route.abort(), { times: 1 });
    await manager.at('import-file').setInputFiles(chosen);
    await manager.at('error-message').getByText('服务器暂时联系不上').waitFor();
    await manager.page.route('**/api/imports?kind=*', (route) => route.fulfill({ status: 401, json: { success: false, code: 'token_expired', message: '' } }), { times: 1 });
    await manager.at('import-file').setInputFiles(chosen);
    await step(manager, 'columns');
    await manager.at('import-check').click();
    await manager.at('import-verdict').getByText('没有需要导入的内容').waitFor();
    assert.ok(await manager.at('import-preview').isDisabled());
    calm(manager, /ERR_FAILED/, /401/);
});

test('what has changed since the check is not overwritten: it is told, and checked again', async () => {
    const manager = await site.person('manager'), one = await material();
    await checked(manager, 'materials', '旧.csv', csv(HEAD, [one.materialCode, '我改的', '化学', 'kg', '', '']));
    await site.api('admin', 'PUT', `/materials/${one.id}`, { note: '别人改的' });
    await commit(manager);
    await manager.at('import-broken').getByText(new RegExp(`第 2 行（${one.materialCode}）：检查之后数据已被更改`)).waitFor();
    await accessibleInBoth(manager, 'import-stale');
    await manager.at('import-recheck').click();
    await manager.at('import-broken').waitFor({ state: 'detached' });
    await commit(manager);
    await manager.at('import-done').waitFor();
    const now = await byCode(one.materialCode);
    assert.deepEqual([now.material_name, now.note], ['我改的', '别人改的']);
    calm(manager);
});

test('an upload shows how far it is and can be stopped; a long check can be cancelled and run again', async () => {
    const manager = await site.person('manager');
    const network = await manager.context.newCDPSession(manager.page);
    const many = csv(HEAD, ...Array.from({ length: 20_000 }, (_, i) => [`LONG-${process.pid}-${i}`, '很长的表', '化学', 'kg', i % 2 ? '1' : 'x', '说明'.repeat(20)]));
    await manager.go('/imports?kind=materials');
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 300_000 });
    await give(manager, '长.csv', many);
    await manager.page.waitForFunction(() => document.querySelector('[data-testid="import-sending"] progress')?.value > 0);
    await accessible(manager);
    await picture(manager, 'import-sending');
    await manager.at('import-stop').click();
    await manager.at('import-file').waitFor({ state: 'attached' });
    assert.equal((await site.api('manager', 'GET', '/imports?status=new')).list.filter((one) => one.file_name === '长.csv').length, 0);
    await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });

    await give(manager, '长.csv', many);
    await step(manager, 'columns');
    const id = idOf(manager);
    // The job waits behind this one until it is cancelled.
    await manager.page.route('**/api/imports/*/check', async (route) => {
        for (let i = 0; i < 6; i++) await site.api('manager', 'POST', '/export-jobs/materials?format=xlsx');
        await route.continue();
    });
    await manager.at('import-check').click();
    await manager.at('import-job-cancel').click();
    await manager.at('import-broken').getByText('已取消').first().waitFor();
    await accessibleInBoth(manager);
    await manager.page.unroute('**/api/imports/*/check');
    await manager.at('import-recheck').click();
    await manager.at('import-verdict').getByText('有 10000 行不能导入').waitFor({ timeout: 90_000 });
    await manager.at('import-fault').first().waitFor();
    assert.equal(await manager.at('import-fault').count(), 20, 'a page of them');
    await manager.at('import-preview').click();
    await step(manager, 'preview');
    await manager.page.waitForFunction(() => document.querySelectorAll('[data-testid="import-row-told"]').length === 20);
    await manager.at('page-next').click();
    await manager.page.waitForFunction(() => document.querySelector('[data-testid="import-row-told"]')?.textContent.includes('43'));
    await manager.page.reload();
    await manager.page.waitForFunction(() => document.querySelector('[data-testid="import-row-told"]')?.textContent.includes('43'));
    assert.equal(idOf(manager), id);
    await manager.go('/imports');
    await manager.at(`import-drop-${id}`).click();
    await manager.at('question-yes').click();
    await manager.at(`import-row-${id}`).waitFor({ state: 'detached' });
    calm(manager);
});

test('who may not is not offered it, and is told which permission; a file is dropped', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/imports?kind=materials');
    await keeper.at('import-forbidden').getByText('material.write').waitFor();
    assert.equal(await keeper.at('import-kind-materials').count(), 0);
    assert.equal(await keeper.at('import-kind-opening').count(), 0);
    await accessibleInBoth(keeper);
    await keeper.go('/materials');
    await keeper.at('menu-imports').waitFor();
    assert.equal(await keeper.at('material-import').count(), 0);
    await keeper.go('/documents/new/out');
    await keeper.at('document-import').click();
    assert.ok(await keeper.at('import-kind-issue').isChecked());
    const [template] = await Promise.all([keeper.page.waitForEvent('download'), keeper.at('import-template-csv').click()]);
    assert.match(await readFile(await template.path(), 'utf8'), /\*物料编码/);
    await dropped(keeper, '拖放.csv', '物料编码,数量\r\nNO-SUCH,1');
    await step(keeper, 'columns');
    await keeper.at('import-check').click();
    await keeper.at('import-fault').getByText('没有此物料').waitFor();
    assert.ok(await keeper.at('import-preview').isDisabled());
    calm(keeper);
});

test('by keyboard alone, from the menu to the result', async () => {
    const manager = await site.person('manager');
    const { page } = manager, code = fresh('KEY');
    // Listened for from the start: a browser that hears so only with the key may be late.
    const chooser = new Promise((resolve) => page.once('filechooser', resolve));
    await manager.go('/materials');
    await manager.at('menu-imports').focus();
    await page.keyboard.press('Enter');
    await manager.at('import-kind-materials').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    assert.ok(await manager.at('import-kind-materials').isChecked());
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.dataset.testid), 'import-file');
    await page.keyboard.press('Space');
    await (await chooser).setFiles(file('键盘.csv', csv(HEAD, [code, '键盘', '化学', 'kg', '', ''])));
    await step(manager, 'columns');
    const tabTo = async (hook) => {
        for (let i = 0; i < 60; i++) {
            await page.keyboard.press('Tab');
            if (await page.evaluate(() => document.activeElement?.dataset.testid) === hook) return page.keyboard.press('Enter');
        }
        assert.fail(`${hook} is not reached`);
    };
    await tabTo('import-check');
    await step(manager, 'preview');
    await page.waitForFunction(() => document.activeElement?.id === 'import-step');
    await tabTo('import-commit');
    await tabTo('question-yes');
    await manager.at('import-done').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'import-step');
    assert.equal((await byCode(code)).material_name, '键盘');
    calm(manager);
});

test('on the phone: every step fits and can be touched', async () => {
    const manager = await site.person('manager', PHONE);
    const fits = async (name) => {
        await noSidewaysScroll(manager);
        await accessibleInBoth(manager, `${name}-phone`);
    };
    const code = fresh('PH');
    await manager.go('/imports?kind=materials');
    await manager.at('import-list-kind').waitFor();
    await fits('imports');
    await give(manager, '一个名字很长很长很长很长很长很长很长很长很长很长很长很长很长很长的文件-without-any-blank-in-it.csv', csv(HEAD, [code, '电话', '化学', '公斤', '', ''], [fresh('PH'), '', '化学', 'kg', 'x', 'w'.repeat(300)]));
    await step(manager, 'columns');
    await fits('import-columns');
    await manager.at('import-check').click();
    await manager.at('import-fault').first().waitFor();
    await fits('import-check');
    await manager.at('import-answer').click();
    await manager.at('import-words').getByText('已说明').waitFor();
    await manager.at('import-preview').click();
    await manager.at('import-row-told').first().waitFor();
    await fits('import-preview');
    await commit(manager);
    await manager.at('import-done').waitFor();
    await fits('import-result');
    await manager.go('/imports');
    await manager.page.locator('[data-testid^="import-row-"]').first().waitFor();
    await fits('imports-list');
    calm(manager);
});

test('in English, words and all', async () => {
    const manager = await site.person('manager', { ...DESK, locale: 'en-US' });
    await manager.context.addInitScript(() => localStorage.setItem('mms.language', 'en'));
    await checked(manager, 'materials', 'table.csv', csv(['Code', 'Name', 'Category', 'Unit', 'Minimum stock'], [fresh('EN'), 'Methanol', 'Chemical', 'kg', 'x']));
    const text = await manager.page.locator('main').textContent();
    assert.doesNotMatch(text.replace(/简体中文|青绿[^ ]*|张|李|王/g, ''), /[一-龥]{2,}.*(检查|导入|问题)/);
    await manager.at('import-fault').getByText('Minimum stock', { exact: true }).waitFor();
    calm(manager);
});
