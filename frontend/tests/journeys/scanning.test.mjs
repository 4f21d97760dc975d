/** Codes read by the camera, from a photo, and where there is no camera: through the worker that alone may compile wasm. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import qrcode from 'qrcode';
import { accessible, calm, DESK, launch, noSidewaysScroll, PHONE, picture, Site } from './steps.mjs';

const WIDTH = 640, HEIGHT = 480, DOT = 10;
let site, material, video;

/** What a camera sees that looks at a label: one picture, over and over. */
function film(code) {
    const { modules } = qrcode.create(code);
    const [left, top] = [(WIDTH - modules.size * DOT) / 2, (HEIGHT - modules.size * DOT) / 2];
    const light = Buffer.alloc(WIDTH * HEIGHT, 235);
    for (let y = 0; y < modules.size * DOT; y++)
        for (let x = 0; x < modules.size * DOT; x++)
            if (modules.get(Math.floor(y / DOT), Math.floor(x / DOT))) light[(Math.floor(top) + y) * WIDTH + Math.floor(left) + x] = 16;
    const frame = Buffer.concat([Buffer.from('FRAME\n'), light, Buffer.alloc(WIDTH * HEIGHT / 2, 128)]);
    return Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420\n`), frame, frame]);
}

before(async () => {
    site = await Site.open();
    ({ list: [material] } = await site.api('admin', 'GET', '/materials?pageSize=1&sort=material_code'));
    video = path.join(site.folder, 'label.y4m');
    writeFileSync(video, film(material.material_code));
});
after(() => site?.close());

/** The site seen through a browser with other devices; it goes back to its own at the end. */
async function through(args, journey) {
    const own = site.browser;
    site.browser = await launch(args);
    try {
        await journey();
    } finally {
        await site.browser.close();
        site.browser = own;
    }
}

/** A camera that looks at the label, and a person who answers the browser's question for it: 'grant' or 'deny'. */
const camera = (answer) => [`--use-fake-ui-for-media-stream=${answer}`, '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${video}`];

test('the camera adds a line, once for as long as the label is before it', () => through(camera('grant'), async () => {
    for (const screen of [PHONE, DESK]) {
        const keeper = await site.person('keeper', { ...screen, colorScheme: screen === DESK ? 'dark' : 'light' });
        const wasm = [];
        keeper.context.on('request', (request) => request.url().endsWith('.wasm') && wasm.push(request.url()));
        await keeper.go('/documents/new/in');
        await keeper.at('scan-open').waitFor();
        assert.deepEqual(wasm, [], 'what reads codes comes when it is wanted');
        await keeper.at('scan-open').click();
        await keeper.at('scan-dialog').getByText(material.material_name).waitFor();
        assert.equal(wasm.length, 1);
        await noSidewaysScroll(keeper);
        await accessible(keeper);
        await picture(keeper, `scan-${screen === PHONE ? 'phone' : 'desk'}`);
        await keeper.page.waitForTimeout(2000);
        await keeper.at('scan-close').click();
        await keeper.at('scan-dialog').waitFor({ state: 'detached' });
        assert.equal(await keeper.at('line-quantity-0').inputValue(), '1', 'one label, one scan');
        assert.equal(await keeper.page.evaluate(() => document.activeElement.dataset.testid), 'scan-open', 'the focus is back');
        calm(keeper);
    }
}));

test('a photo of a label; one without', async () => {
    const keeper = await site.person('keeper', PHONE);
    await keeper.go('/documents/new/in');
    await keeper.at('scan-open').click();
    const photo = (buffer) => keeper.at('scan-photo').setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer });
    await keeper.at('scan-fault').waitFor(); // this browser has no camera
    await photo(await keeper.page.screenshot());
    await keeper.at('scan-dialog').getByText('照片中没有读到条码').waitFor();
    await accessible(keeper);
    await photo(await qrcode.toBuffer(material.material_code, { scale: 60 }));
    await keeper.at('scan-dialog').getByText(material.material_name).waitFor();
    await keeper.at('scan-close').click();
    assert.equal(await keeper.at('line-quantity-0').inputValue(), '1');
    calm(keeper);
});

test('where the camera is refused, or the address is not https, it is said', () => through([...camera('deny'), '--host-resolver-rules=MAP mms.test 127.0.0.1'], async () => {
    const keeper = await site.person('keeper', PHONE);
    await keeper.go('/documents/new/in');
    await keeper.at('scan-open').click();
    await keeper.at('scan-fault').getByText('没有使用相机的权限').waitFor();
    await keeper.page.keyboard.press('Escape');
    await keeper.at('scan-dialog').waitFor({ state: 'detached' });
    await keeper.page.goto(`${site.base.replace('127.0.0.1', 'mms.test')}/documents/new/in`);
    // Another address has another session.
    await keeper.page.evaluate(([key, session]) => localStorage.setItem(key, session), ['mms.session', JSON.stringify(await site.login('keeper'))]);
    await keeper.page.goto(`${site.base.replace('127.0.0.1', 'mms.test')}/documents/new/in`);
    await keeper.at('scan-open').click();
    await keeper.at('scan-fault').getByText('不是 https').waitFor();
    await accessible(keeper);
    await picture(keeper, 'scan-insecure');
}));
