/** The approval desk: what the approver sees before deciding, refusals with reasons, one's own documents, in bulk, on the phone. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => {
    site = await Site.open();
    // What the demo has left waiting is not part of these journeys.
    const { list } = await site.api('admin', 'GET', '/inventory/pending?pageSize=200');
    if (list.length) await site.api('admin', 'POST', '/inventory/decide', { ids: list.map(({ id }) => id), action: 'reject', remark: '清理' });
});
after(() => site?.close());

const material = (code, more = {}) => site.api('admin', 'POST', '/materials', { materialCode: code, materialName: `审批试验 ${code}`, category: 'chemical', unit: 'kg', ...more });
const hand = (who, transactionType, ...lines) => site.api(who, 'POST', '/inventory', { transactionType, lines });
const statusOf = async ({ id }) => (await site.api('admin', 'GET', `/inventory/${id}`)).status;
const stockUp = async (materialId, quantity) => {
    const made = await hand('keeper', 'in', { materialId, quantity });
    await site.api('admin', 'PUT', `/inventory/${made.id}/approve`, { action: 'approve' });
};
/** A moment after it has come up a document can be decided. */
const decidable = (who) => who.page.locator('[data-testid="approval-approve"]:enabled').waitFor();
const gone = (who, { id }) => who.at(`approval-row-${id}`).waitFor({ state: 'detached' });

test('before deciding: stock and what is left, limits, hazards, who asks; then A and R, one after the other', async () => {
    const acid = await material('APPROVE-01', { minStock: 5, controlFlags: '危化品;易制毒三类', storageClass: '酸性腐蚀品' });
    await stockUp(acid.id, 10);
    const first = await hand('keeper', 'out', { materialId: acid.id, quantity: 6 });
    const second = await hand('keeper', 'out', { materialId: acid.id, quantity: 8 });
    const third = await hand('keeper', 'in', { materialId: acid.id, quantity: 3, unitPrice: 2 });
    const manager = await site.person('manager');
    const { page } = manager;
    await manager.go('/approval');
    await manager.at('approval-document').getByText(first.transactionCode).waitFor();
    assert.match(await manager.at('document-hazards-0').innerText(), /危化品\s*易制毒三类\s*酸性腐蚀品/);
    assert.match(await manager.at('document-after-0').innerText(), /4\.000\s*低于最低库存 5\.000/);
    await manager.at('applicant-history').getByText(third.transactionCode).waitFor();
    await accessible(manager);
    await picture(manager, 'approval-desk');
    await page.keyboard.press('a');
    await gone(manager, first);
    // Next by itself: more than is left now. It is said before, and refused when tried.
    await manager.at('approval-document').getByText(second.transactionCode).waitFor();
    await manager.at('approval-short').waitFor();
    assert.match(await manager.at('document-after-0').innerText(), /不足/);
    await decidable(manager);
    await page.keyboard.press('a');
    await manager.at('error-message').first().waitFor();
    assert.equal(await statusOf(second), 'pending');
    await page.keyboard.press('r');
    await manager.at('question-reason').waitFor();
    await page.keyboard.press('Enter');
    assert.equal(await statusOf(second), 'pending', 'no rejection without a reason');
    await page.keyboard.type('库存不足，先采购');
    await page.keyboard.press('Enter');
    await gone(manager, second);
    assert.equal((await site.api('keeper', 'GET', `/inventory/${second.id}`)).approval_remark, '库存不足，先采购');
    await manager.at('approval-document').getByText(third.transactionCode).waitFor();
    await decidable(manager);
    await page.keyboard.press('a');
    await manager.at('list-empty').waitFor();
    assert.deepEqual([await statusOf(first), await statusOf(second), await statusOf(third)], ['approved', 'rejected', 'approved']);
    calm(manager, /400/);
});

test('one does not decide what one has handed in: it is marked, and said before it is tried', async () => {
    const { id } = await material('APPROVE-02');
    const own = await hand('manager', 'in', { materialId: id, quantity: 1 });
    const manager = await site.person('manager');
    await manager.go('/approval');
    await manager.at('approval-refusal').getByText('提交人与审批人须是不同的人').waitFor();
    assert.ok(await manager.at('approval-approve').isDisabled());
    assert.ok(await manager.at(`select-${own.id}`).isDisabled());
    assert.match(await manager.at(`approval-row-${own.id}`).innerText(), /本人提交/);
    await manager.page.keyboard.press('a');
    await accessible(manager);
    await picture(manager, 'approval-own');
    assert.equal(await statusOf(own), 'pending');
    // It is gone here as soon as somebody else has decided it and one looks again.
    await site.api('admin', 'PUT', `/inventory/${own.id}/approve`, { action: 'approve' });
    await manager.page.waitForTimeout(2100);
    await manager.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await gone(manager, own);
    calm(manager);
});

test('the queue is a list: asked for by person and purpose, with columns, views, and keys that show what they are on', async () => {
    const { id } = await material('APPROVE-05');
    await stockUp(id, 50);
    const made = [];
    for (const quantity of [1, 2, 3]) made.push(await hand('keeper', 'out', { materialId: id, quantity }));
    const others = await hand('admin', 'in', { materialId: id, quantity: 9, unitPrice: 7 });
    const manager = await site.person('manager'), { page } = manager;
    await manager.go('/approval');
    await manager.at(`approval-row-${others.id}`).waitFor();
    await manager.at('approval-person').fill('admin');
    await manager.at('approval-search').click();
    await manager.at(`approval-row-${made[0].id}`).waitFor({ state: 'detached' });
    await manager.at('chip-person').getByRole('button').click();
    await manager.at('approval-by-transactionType').selectOption('out');
    await manager.at(`approval-row-${others.id}`).waitFor({ state: 'detached' });
    await manager.at('export-menu').click();
    const [file] = await Promise.all([page.waitForEvent('download'), manager.at('export-csv').click()]);
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
    assert.equal(lines.length, made.length + 1, 'the file has what the queue shows');

    const before = await page.locator('.queue').boundingBox();
    await manager.at('columns-open').click();
    for (const name of ['code', 'applicant', 'quantity']) await manager.at(`column-show-${name}`).check();
    await manager.at('columns-done').click();
    await manager.at('column-grip-quantity').waitFor();
    assert.ok((await page.locator('.queue').boundingBox()).width > before.width + 150, 'more columns have more room');
    await noSidewaysScroll(manager);
    await accessible(manager);
    await picture(manager, 'approval-columns');
    await manager.at('views-open').click();
    await manager.at('view-new').click();
    await manager.at('view-name').fill('只看出库');
    await manager.at('view-save').click();
    await manager.at('views-open').getByText('只看出库').waitFor();

    await page.keyboard.press('?');
    await manager.at('keys-sheet').getByText('批准').waitFor();
    await accessible(manager);
    await page.keyboard.press('Escape');
    await manager.at('keys-sheet').waitFor({ state: 'detached' });
    const shows = (document) => manager.at('approval-document').getByText(document.transactionCode).first().waitFor();
    await manager.at(`approval-row-${made[0].id}`).click();
    await shows(made[0]);
    await page.keyboard.press('j');
    await shows(made[1]);
    await page.keyboard.press('x');
    await page.keyboard.press('ArrowDown');
    await shows(made[2]);
    await page.keyboard.press('x');
    await page.getByText('已选 2 张').waitFor();
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await shows(made[0]);
    await page.keyboard.press('a');
    await gone(manager, made[0]);
    await shows(made[1]);
    assert.match(page.url(), /transactionType=out/, 'what was asked for stays');
    await manager.at('approval-bulk-approve').click();
    await manager.at('question-yes').click();
    await manager.at('approval-summary').getByText('已处理 2 张').waitFor();
    assert.deepEqual(await Promise.all([...made, others].map(statusOf)), ['approved', 'approved', 'approved', 'pending']);
    await manager.at('list-empty').waitFor();
    await manager.at('views-open').click();
    await manager.at('view-none').click();
    await shows(others);
    await site.api('manager', 'PUT', `/inventory/${others.id}/approve`, { action: 'approve' });
    calm(manager);
});

test('many at once: what goes goes, what does not is named', async () => {
    const { id } = await material('APPROVE-03');
    await stockUp(id, 5);
    const made = [];
    for (const quantity of [1, 2, 4]) made.push(await hand('keeper', 'out', { materialId: id, quantity }));
    const manager = await site.person('manager');
    await manager.go('/approval');
    await manager.at('select-all').check();
    await manager.at('approval-bulk-approve').click();
    await manager.at('question-yes').click();
    const summary = await manager.at('approval-summary').innerText();
    assert.match(summary, /已处理 2 张，未成功 1 张/);
    assert.ok(summary.includes(made[2].transactionCode));
    await accessible(manager);
    assert.deepEqual(await Promise.all(made.map(statusOf)), ['approved', 'approved', 'pending']);
    await manager.at(`select-${made[2].id}`).check();
    await manager.at('approval-bulk-reject').click();
    await manager.page.getByTestId('question-reason').fill('不够');
    await manager.at('question-yes').click();
    await gone(manager, made[2]);
    calm(manager);
});

test('on the phone, in both themes', async () => {
    const { id } = await material('APPROVE-04', { maxStock: 10, controlFlags: '贵金属' });
    for (const colorScheme of ['light', 'dark']) {
        const made = await hand('keeper', 'in', { materialId: id, quantity: 12.5, unitPrice: 100 }, { materialId: id, quantity: 1 });
        const phone = await site.person('manager', { ...PHONE, colorScheme });
        await phone.go('/approval');
        await phone.at(`approval-row-${made.id}`).click();
        await phone.at('document-hazards-0').waitFor();
        await phone.at('applicant-history').waitFor();
        assert.match(await phone.at('document-after-0').innerText(), /高于最高库存 10\.000/);
        await noSidewaysScroll(phone);
        await accessible(phone);
        await picture(phone, `phone-approval-${colorScheme}`);
        const box = await phone.at('approval-approve').boundingBox();
        assert.ok(box.height >= 44, `${box.height} px for a finger`);
        await phone.at(colorScheme === 'light' ? 'approval-reject' : 'approval-approve').click();
        if (colorScheme === 'light') {
            await phone.at('question-reason').fill('请分两批');
            await phone.at('question-yes').click();
        }
        await phone.at('list-empty').waitFor();
        assert.equal(await statusOf(made), colorScheme === 'light' ? 'rejected' : 'approved');
        calm(phone);
    }
    const dark = await site.person('manager', { ...DESK, colorScheme: 'dark' });
    await hand('keeper', 'in', { materialId: id, quantity: 1 });
    await dark.go('/approval');
    await dark.at('applicant-history').waitFor();
    await accessible(dark);
    await picture(dark, 'approval-dark');
    calm(dark);
});
