/** What the journeys do with pictures. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

export const plotOf = (who, name) => who.at(`chart-plot-${name}`);

/** Until it is drawn, and its opening movement is over. */
export async function drawn(who, name) {
    await plotOf(who, name).and(who.page.locator('[data-drawn="true"]')).waitFor();
    await who.page.waitForTimeout(400);
}

/** The table under a picture, as text: the head, then the rows. The picture is there again afterwards. */
export async function tableOf(who, name) {
    await who.at(`chart-table-${name}`).click();
    const lines = await who.at(`chart-rows-${name}`).locator('tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.trim())));
    const scopes = await who.at(`chart-rows-${name}`).locator('th').evaluateAll((heads) => heads.map((head) => head.scope));
    assert.ok(scopes.every((scope) => scope === 'col' || scope === 'row'), scopes.join());
    await who.at(`chart-table-${name}`).click();
    await drawn(who, name);
    return lines;
}

/** The picture as a file: a PNG with something on it. */
export async function pngOf(who, name) {
    const [file] = await Promise.all([who.page.waitForEvent('download'), who.at(`chart-png-${name}`).click()]);
    assert.match(file.suggestedFilename(), /-\d{4}-\d\d-\d\d\.png$/);
    const bytes = await readFile(await file.path());
    assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
    const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    assert.ok(width > 600 && height > 400, `${width} × ${height}`);
    assert.ok(bytes.length > 8000, `${bytes.length} bytes are hardly a picture`);
    return bytes;
}

/** The table as a file. */
export async function csvOf(who, name) {
    await who.at(`chart-table-${name}`).click();
    const [file] = await Promise.all([who.page.waitForEvent('download'), who.at(`chart-csv-${name}`).click()]);
    await who.at(`chart-table-${name}`).click();
    await drawn(who, name);
    return (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
}

/** By the keyboard: the value at that place is told, and Enter opens what is behind it. */
export async function openByKey(who, name, row, told) {
    await plotOf(who, name).focus();
    await who.page.keyboard.press('Home');
    for (let i = 0; i < row; i++) await who.page.keyboard.press('ArrowRight');
    await who.at(`chart-${name}`).getByRole('status').getByText(told).waitFor({ state: 'attached' });
    await who.page.keyboard.press('Enter');
}

/** By the mouse: at that part of the width and height of the picture. */
export async function openByMouse(who, name, across, down) {
    const box = await plotOf(who, name).boundingBox();
    await plotOf(who, name).hover({ position: { x: box.width * across, y: box.height * down } });
    await who.page.waitForTimeout(300);
    await plotOf(who, name).click({ position: { x: box.width * across, y: box.height * down } });
}

export const money = (value) => value.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');
