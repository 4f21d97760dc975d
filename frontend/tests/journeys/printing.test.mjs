/** Everything that is printed, as a PDF: pages, sizes, texts. SCREENSHOTS: the pages as pictures lie there, too. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, calm, DESK, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site, admin;
before(async () => {
    site = await Site.open();
    admin = await site.person('admin');
});
after(() => site?.close());

const run = (program, ...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(status, 0, `${program}: ${stderr}`);
    return stdout;
};
const MM = 72 / 25.4;

/** Prints what is at `where`: the pages' texts and their size in millimetres, and how many sheets the screen showed. */
async function printed(where, name, sheet = 'print-sheet') {
    await admin.go(where);
    await admin.at(sheet).first().waitFor();
    await admin.page.locator('[data-testid="print-now"]:enabled').waitFor();
    const sheets = await admin.at(sheet).count();
    assert.deepEqual(await admin.page.evaluate(() => [...document.querySelectorAll('.print-sheet td.number')].filter((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
    }).map((cell) => cell.innerText)), [], `${where}: numbers stand on one line`);
    const file = path.join(site.folder, `${name}.pdf`);
    const pdf = await admin.page.pdf({ preferCSSPageSize: true, printBackground: true });
    writeFileSync(file, pdf);
    if (process.env.SCREENSHOTS) run('pdftoppm', '-r', '80', '-png', file, path.join(process.env.SCREENSHOTS, `print-${name}`));
    const info = run('pdfinfo', file);
    const [, width, height] = /Page size:\s+([\d.]+) x ([\d.]+)/.exec(info);
    const pages = run('pdftotext', '-layout', file, '-').split('\f').slice(0, -1);
    assert.equal(pages.length, sheets, `${where}: a page of paper for each sheet`);
    return { pages, size: [Math.round(width / MM), Math.round(height / MM)] };
}
const lines = (text) => text.split('\n').filter((line) => line.trim());
/** Every page has its head and its number. */
function numbered({ pages }, head) {
    pages.forEach((text, i) => {
        assert.ok(text.includes(`第 ${i + 1} 页，共 ${pages.length} 页`), `page ${i + 1} of ${pages.length}:\n${text}`);
        assert.ok(text.includes(head), `${head} on page ${i + 1}:\n${text}`);
    });
}

test('a receipt of many lines: on A4 and both continuous papers, with sums, words and signatures', async () => {
    const { list } = await site.api('admin', 'GET', '/materials?pageSize=60&sort=material_code');
    const { id, transactionCode } = await site.api('keeper', 'POST', '/inventory', {
        transactionType: 'in', remark: '送货单 8-1123', lines: list.map(({ id: materialId }, i) => ({ materialId, quantity: i + 1, unitPrice: 1050, remark: i === 3 ? '一段很长的备注，长到这一行要比别的行高得多才放得下它的全部文字' : undefined })),
    });
    for (const [paper, size] of [['a4', [210, 297]], ['241x140', [241, 140]], ['241x93', [241, 93]]]) {
        const print = await printed(`/print/document/${id}?paper=${paper}`, `receipt-${paper}`);
        assert.deepEqual(print.size, size);
        assert.ok(print.pages.length > 1);
        numbered(print, '入库单');
        numbered(print, transactionCode);
        numbered(print, '本页小计');
        const whole = print.pages.join('\n');
        for (const { material_code } of list) assert.equal(whole.split(material_code).length, 2, `${material_code} once`);
        const last = print.pages.at(-1);
        assert.match(last, /合计\s+1,921,500\.00/);
        assert.ok(last.includes('壹佰玖拾贰万壹仟伍佰元整'), last);
        assert.match(last, /制单.*仓库保管员.*审核.*仓管.*交货/);
        // The subtotals come to the total.
        const fen = (text) => Number(text.replaceAll(',', '').replace('.', ''));
        assert.equal(print.pages.reduce((sum, text) => sum + fen(/本页小计\s+([\d,.]+)/.exec(text)[1]), 0), 192_150_000);
    }
    const { id: issue } = await site.api('keeper', 'POST', '/inventory', { transactionType: 'out', lines: [{ materialId: list[0].id, quantity: 1 }] });
    await admin.go(`/documents/${issue}`);
    assert.equal(await admin.at('document-print').getAttribute('href'), `/print/document/${issue}`);
    const print = await printed(`/print/document/${issue}`, 'issue');
    assert.equal(print.pages.length, 1);
    numbered(print, '领料单');
    assert.match(print.pages[0], /领料\s*$/m);
    calm(admin);
});

test('count sheets: blind without the book, with it, and the differences', async () => {
    const { list } = await site.api('admin', 'GET', '/materials?pageSize=45&sort=material_code');
    const { id, taskCode } = await site.api('admin', 'POST', '/stocktaking', { taskName: '年末盘点', materialIds: list.map((row) => row.id), isBlind: false });
    await site.api('admin', 'PUT', `/stocktaking/${id}/start`);
    const task = await site.api('admin', 'GET', `/stocktaking/${id}`);
    const [one, two] = task.items;
    await site.api('admin', 'PUT', `/materials/${list[44].id}`, { location: 'A-01-01' });
    await site.api('admin', 'PUT', `/stocktaking/${id}/items/${one.id}`, { actualStock: one.book_stock + 7, reason: '漏记入库' });
    await site.api('admin', 'PUT', `/stocktaking/${id}/items/${two.id}`, { actualStock: 0, reason: '已用完' });

    const blind = await printed(`/print/count/${id}?kind=blind`, 'count-blind');
    numbered(blind, taskCode);
    // In the order in which one walks, those without a place last.
    assert.match(lines(blind.pages[0]).find((line) => /^\s*1\s/.test(line)), new RegExp(`${list[44].material_code}.*A-01-01`));
    assert.doesNotMatch(blind.pages.join(''), /账面数|差异/);
    assert.equal(lines(blind.pages[0]).filter((line) => line.includes(one.material_code)).length, 1);
    assert.doesNotMatch(lines(blind.pages[0]).find((line) => line.includes(one.material_code)), /\d+(?:\.\d+)?\s*$/, 'nothing is filled in');
    const book = await printed(`/print/count/${id}?kind=book`, 'count-book');
    numbered(book, '账面数');
    assert.match(book.pages.join(''), new RegExp(`\\+7${one.unit_decimals ? `\\.${'0'.repeat(one.unit_decimals)}` : ''}\\s`), 'with the decimals of its unit');
    const differences = await printed(`/print/count/${id}?kind=differences`, 'count-differences');
    numbered(differences, '盘盈盘亏表');
    assert.match(differences.pages[0], /漏记入库/);
    assert.match(differences.pages[0], /盘盈 ¥ [\d,.]+，盘亏 ¥ [\d,.]+，净差异/);
    assert.equal(lines(differences.pages[0]).filter((line) => /^\s*\d+\s+[A-Z]{2}-/.test(line)).length, 2);

    await admin.go(`/counting/${id}`);
    assert.equal(await admin.at('count-print-book').getAttribute('href'), `/print/count/${id}?kind=book`);
    const secret = await site.api('admin', 'POST', '/stocktaking', { taskName: '盲盘', materialIds: [list[0].id], isBlind: true });
    await site.api('admin', 'PUT', `/stocktaking/${secret.id}/start`);
    await admin.go(`/print/count/${secret.id}?kind=book`);
    await admin.at('print-note').waitFor();
    assert.equal(await admin.at('print-sheet').count(), 0);
    calm(admin);
});

test('the ledger of a month: all rows, sums that agree with the service', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const print = await printed(`/print/stock-ledger?startDate=2026-01-01&endDate=${day}`, 'ledger');
    assert.deepEqual(print.size, [210, 297]);
    numbered(print, '收发存月报');
    const { list, total } = await site.api('admin', 'GET', `/reports/stock-ledger?startDate=2026-01-01&endDate=${day}&pageSize=1000`);
    assert.equal(list.length, total);
    assert.ok(print.pages.at(-1).includes(`共 ${total} 项`));
    const closing = list.reduce((sum, row) => sum + BigInt(Math.round(row.closing_value * 100)), 0n);
    const words = `${closing / 100n}`.replace(/\B(?=(\d{3})+$)/g, ',') + `.${String(closing % 100n).padStart(2, '0')}`;
    assert.ok(print.pages.at(-1).replace(/\s/g, '').includes(words), `${words} in\n${print.pages.at(-1)}`);
    calm(admin);
});

test('labels: one a page of its size, the code large enough for a scanner', async () => {
    const { id } = await site.api('admin', 'POST', '/materials', {
        materialCode: 'LABEL-0001', materialName: '一个名字相当长的氢气用高压不锈钢无缝管接头组件', category: 'chemical', unit: 'kg', location: 'A-01-03', controlFlags: '危化品;易制爆', storageClass: '氧化剂',
    });
    const { list } = await site.api('admin', 'GET', '/materials?pageSize=2&sort=material_code');
    const ids = [id, ...list.map((row) => row.id), 999999].join(',');
    for (const [size, mm] of [['60x40', [60, 40]], ['40x30', [40, 30]]]) {
        const print = await printed(`/print/labels?ids=${ids}&size=${size}`, `labels-${size}`, 'print-label');
        assert.deepEqual(print.size, mm);
        assert.equal(print.pages.length, 3);
        const text = print.pages[0].replace(/\s+/g, ' ');
        for (const word of ['LABEL-0001', 'kg', 'A-01-03', '危化品', '易制爆', '氧化剂']) assert.ok(text.includes(word), `${word} in ${text}`);
        const width = await admin.page.evaluate(() => document.querySelector('svg.qr path').getBoundingClientRect().width / 96 * 25.4);
        assert.ok(width >= 15, `${width} mm of code`);
        assert.equal(await admin.page.evaluate(() => [...document.querySelectorAll('.print-sheet')].some((sheet) => sheet.scrollHeight > sheet.clientHeight + 1)), false, 'nothing is cut off');
    }
    await admin.at('print-note').getByText('1 个物料').waitFor();
    // From the list for what is selected, and from a material for whoever may see it.
    await admin.go('/materials?keyword=LABEL-0001');
    await admin.at(`select-${id}`).check();
    const [sheet] = await Promise.all([admin.context.waitForEvent('page'), admin.at('bulk-labels').click()]);
    await sheet.getByTestId('print-label').getByText('LABEL-0001').waitFor();
    const keeper = await site.person('keeper');
    await keeper.go(`/materials/${id}`);
    const [one] = await Promise.all([keeper.context.waitForEvent('page'), keeper.at('label-link').click()]);
    await one.getByTestId('print-label').getByText('LABEL-0001').waitFor();
    calm(keeper);
    calm(admin, /404/);
});

test('on the screen: accessible, in both themes and widths, and in English', async () => {
    const { list: [{ id }] } = await site.api('admin', 'GET', '/inventory?pageSize=1');
    for (const [screen, colorScheme] of [[DESK, 'light'], [DESK, 'dark'], [PHONE, 'light'], [PHONE, 'dark']]) {
        const who = await site.person('admin', { ...screen, colorScheme });
        await who.go(`/print/document/${id}`);
        await who.at('print-sheet').first().waitFor();
        await accessible(who);
        await noSidewaysScroll(who);
        assert.equal(await who.page.evaluate(() => getComputedStyle(document.querySelector('.print-sheet')).backgroundColor), 'rgb(255, 255, 255)');
        await picture(who, `print-screen-${screen.viewport.width}-${colorScheme}`);
        await who.at('print-paper').selectOption('241x93');
        await who.page.waitForURL(/paper=241x93/);
        calm(who);
    }
    const english = await site.person('admin');
    await english.page.addInitScript(() => localStorage.setItem('mms.language', 'en'));
    await english.go(`/print/document/${id}`);
    await english.at('print-sheet').first().getByText(/Page 1 of \d+/).waitFor();
    calm(english);
});
