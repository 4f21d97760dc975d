/** One's own account: name, portrait, sessions, tokens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { accessible, calm, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

let site;
before(async () => { site = await Site.open(); });
after(() => site?.close());

test('a new name, a portrait that was cropped, and its removal', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/overview');
    await keeper.at('user-menu').click();
    await keeper.at('profile-link').click();
    await keeper.at('profile-realName').fill('仓管一号');
    await keeper.at('profile-save').click();
    await keeper.at('user-menu').getByText('仓管一号').waitFor();
    await keeper.at('avatar-change').click();
    await keeper.at('avatar-file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
    await keeper.at('avatar-refused').waitFor();
    const drawn = await keeper.page.evaluate(async () => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [600, 300];
        const pen = canvas.getContext('2d');
        pen.fillStyle = 'rgb(255,0,0)';
        pen.fillRect(0, 0, 300, 300);
        pen.fillStyle = 'rgb(0,0,255)';
        pen.fillRect(300, 0, 300, 300);
        return canvas.toDataURL('image/png').split(',')[1];
    });
    await keeper.at('avatar-file').setInputFiles({ name: 'half.png', mimeType: 'image/png', buffer: Buffer.from(drawn, 'base64') });
    await keeper.at('avatar-view').focus();
    for (let i = 0; i < 20; i++) await keeper.page.keyboard.press('ArrowLeft'); // to the left end: all red
    await picture(keeper, 'profile-crop');
    await accessible(keeper);
    await keeper.at('avatar-save').click();
    const shown = keeper.at('avatar-shown');
    await shown.waitFor();
    const colour = await shown.evaluate(async (image) => {
        await image.decode();
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        const pen = canvas.getContext('2d');
        pen.drawImage(image, 0, 0);
        return [canvas.width, canvas.height, ...pen.getImageData(canvas.width - 4, 10, 1, 1).data.slice(0, 3)];
    });
    assert.deepEqual(colour.slice(0, 2), [512, 512]);
    assert.ok(colour[2] > 240 && colour[4] < 15, `red: ${colour}`);
    await keeper.at('avatar-remove').click();
    await shown.waitFor({ state: 'detached' });
    calm(keeper);
});

/** A PNG of so many pixels, all black: few bytes. */
function blank(width, height) {
    const chunk = (type, data) => {
        const body = Buffer.concat([Buffer.from(type), data]), whole = Buffer.alloc(body.length + 8);
        whole.writeUInt32BE(data.length);
        body.copy(whole, 4);
        whole.writeUInt32BE(crc32(body), body.length + 4);
        return whole;
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width);
    head.writeUInt32BE(height, 4);
    head[8] = 1; // a bit a pixel, grey
    const rows = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))), { level: 9 });
    return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

test('a small file of very many pixels is refused before it is decoded, a large picture is taken', async () => {
    const keeper = await site.person('keeper');
    await keeper.go('/profile');
    await keeper.at('avatar-change').click();
    const give = (name, width, height) => keeper.at('avatar-file').setInputFiles({ name, mimeType: 'image/png', buffer: blank(width, height) });
    await give('bomb.png', 20_000, 20_000);
    await keeper.at('avatar-refused').getByText('百万像素').waitFor();
    assert.equal(await keeper.at('avatar-view').count(), 0);
    await keeper.at('avatar-file').setInputFiles({ name: 'half.png', mimeType: 'image/png', buffer: blank(900, 900).subarray(0, 60) });
    await keeper.at('avatar-refused').getByText('可能已损坏').waitFor();
    await give('large.png', 8000, 6000);
    await keeper.at('avatar-view').waitFor();
    assert.equal(await keeper.at('avatar-refused').count(), 0);
    await keeper.at('avatar-save').click();
    await keeper.at('avatar-shown').waitFor();
    await keeper.at('avatar-remove').click();
    await keeper.at('avatar-shown').waitFor({ state: 'detached' });
    calm(keeper);
});

test('a token is shown once, works within its scopes, and is revoked', async () => {
    const manager = await site.person('manager', PHONE);
    await manager.go('/profile');
    await manager.at('token-name').fill('秤台');
    await manager.at('token-make').click();
    await manager.at('scope-material.read').check();
    await manager.at('token-make').click();
    const token = (await manager.at('token-fresh').locator('code').innerText()).trim();
    const asked = (where) => fetch(`${site.base}/api${where}`, { headers: { Authorization: `Bearer ${token}` } });
    assert.equal((await asked('/materials')).status, 200);
    assert.equal((await asked('/inventory/pending')).status, 403);
    await noSidewaysScroll(manager);
    await accessible(manager);
    await picture(manager, 'profile-phone');
    await manager.at('token-row').getByRole('button').click();
    await manager.at('question-yes').click();
    await manager.at('token-row').waitFor({ state: 'detached' });
    assert.equal((await asked('/materials')).status, 401);
    calm(manager);
});

test('a session elsewhere is ended from here', async () => {
    const [here, there] = [await site.person('admin'), await site.person('admin')];
    await there.go('/materials');
    await here.go('/profile');
    await here.page.getByText('当前设备').waitFor();
    const before = await here.page.locator('[data-testid^="session-"] button').count();
    assert.ok(before >= 1);
    for (let i = before; i > 0; i--) {
        await here.page.locator('[data-testid^="session-"] button').first().click();
        await here.page.waitForFunction((n) => document.querySelectorAll('[data-testid^="session-"] button').length < n, i);
    }
    await there.page.reload();
    await there.at('login-username').or(there.at('sign-in-again')).first().waitFor();
});
