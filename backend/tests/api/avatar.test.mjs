// Avatars: what is taken, what becomes of it, and what is refused.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { POSTGRES } from './engine.mjs';
import { accepted, makeUser, refused, start } from './harness.mjs';
import { GIF, JPEG, WEBP, exif, form, jpegSize, png, pngSize } from './picture.mjs';

const TYPE = ['picture_type', '不支持的文件类型，仅支持 JPEG、JPG、PNG、GIF、WEBP 格式'];
const NAME = /^\/uploads\/avatars\/[0-9a-f]{32}\.(png|jpg)$/;
const server = await start({ env: { MAX_FILE_SIZE: 2097152 } });
after(() => server.stop());
const admin = await server.admin();
const U = await makeUser(admin, 'regular_user');
const folder = path.join(server.dir, 'uploads', 'avatars');
const files = () => (existsSync(folder) ? readdirSync(folder) : []);
const send = (who, ...parts) => who.request('POST', '/api/profile/avatar', form(...parts));
const upload = async (bytes, name = 'avatar') => accepted(await send(U, [name, bytes]), 200, '头像上传成功').avatar;
const fetchIt = (where, options) => server.client().get(where, options);

test('a picture: made small, shown under both paths, to be kept for ever', async () => {
    const avatar = await upload(png(1000, 500));
    assert.match(avatar, NAME);
    for (const where of [avatar, `/api${avatar}`]) {
        const got = await fetchIt(where);
        assert.deepEqual([got.status, got.headers['content-type'], got.headers['cache-control'], got.headers['x-content-type-options']],
            [200, 'image/png', 'public, max-age=31536000, immutable', 'nosniff']);
        assert.deepEqual(pngSize(got.bytes), [512, 256]);
        for (const known of [got.headers.etag, `"other", W/${got.headers.etag}`, '*']) {
            const again = await fetchIt(where, { headers: { 'if-none-match': known } });
            assert.deepEqual([again.status, again.bytes.length], [304, 0], known);
        }
        assert.equal((await fetchIt(where, { headers: { 'if-none-match': '"other"' } })).status, 200);
    }
    assert.equal(accepted(await U.get('/api/profile/me'), 200).avatar, avatar);
    assert.equal(accepted(await U.get('/api/auth/me'), 200).avatar, avatar);
    assert.equal(accepted(await server.client().post('/api/auth/login', { username: U.user.username, password: U.password }), 200).user.avatar, avatar);
});

test('a small one stays as small; the part may be called file; others are left alone', async () => {
    assert.deepEqual(pngSize((await fetchIt(await upload(png(3, 2), 'file'))).bytes), [3, 2]);
    const { avatar } = accepted(await send(U, ['note', 'hello', '', 'text/plain'], ['avatar', png(5, 4)], ['avatar', png(9, 9)]), 200);
    assert.deepEqual(pngSize((await fetchIt(avatar)).bytes), [5, 4]);
});

test('all four types, by their content', async () => {
    for (const [bytes, ending] of [[JPEG, 'jpg'], [GIF, 'png'], [WEBP, 'png'], [png(24, 12), 'png']]) {
        const avatar = await upload(bytes);
        assert.ok(avatar.endsWith(`.${ending}`));
        const got = await fetchIt(avatar);
        assert.deepEqual((ending === 'jpg' ? jpegSize : pngSize)(got.bytes), [24, 12]);
    }
    const { avatar } = accepted(await send(U, ['avatar', JPEG, 'x.png', 'image/gif']), 200);
    assert.ok(avatar.endsWith('.jpg'), 'what it says it is does not matter');
});

test('metadata is gone, and a turned one is upright', async () => {
    const secret = 'GPS 31.2304 121.4737';
    const turned = await fetchIt(await upload(exif(JPEG, 6, secret)));
    assert.deepEqual(jpegSize(turned.bytes), [12, 24]);
    const noted = await fetchIt(await upload(png(4, 4, undefined, { more: [['tEXt', `Comment\0${secret}`]] })));
    for (const { bytes } of [turned, noted])
        assert.ok(!bytes.includes(secret) && !bytes.includes('Exif'));
});

test('the old file is removed, and with DELETE the last one', async () => {
    const before = await upload(png(4, 4)), now = await upload(png(5, 5));
    assert.deepEqual([(await fetchIt(before)).status, (await fetchIt(now)).status], [404, 200]);
    assert.equal(files().length, 1);
    accepted(await U.del('/api/profile/avatar'), 200, '头像删除成功');
    accepted(await U.del('/api/profile/avatar'), 200, '头像删除成功');
    assert.deepEqual([(await fetchIt(now)).status, files().length, accepted(await U.get('/api/profile/me'), 200).avatar], [404, 0, null]);
    const actions = accepted(await admin.get(`/api/operation-logs?module=profile&userId=${U.user.id}&pageSize=2`), 200).list;
    assert.deepEqual(actions.map(({ action }) => action), ['delete_avatar', 'delete_avatar']);
});

test('no picture', async () => {
    for (const answer of [await send(U), await send(U, ['avatar', '']), await send(U, ['other', png(2, 2)]), await U.request('POST', '/api/profile/avatar'),
        await U.request('POST', '/api/profile/avatar', { body: 'no parts at all', headers: { 'content-type': 'multipart/form-data; boundary=x' } }),
        await U.request('POST', '/api/profile/avatar', { body: 'no boundary', headers: { 'content-type': 'multipart/form-data' } }),
        await U.post('/api/profile/avatar', { avatar: 'x' })])
        refused(answer, 400, 'picture_missing', '请选择要上传的图片');
});

test('a part without a name', async () => {
    const head = '--B\r\nContent-Disposition: form-data; name=';
    const body = `${head}"other"\r\n\r\nx\r\n${head}"file"\r\n\r\n\r\nlong\r\n-\r\n--B\r\n\r\n--B--`;
    const answer = await U.request('POST', '/api/profile/avatar', { body, headers: { 'content-type': 'multipart/form-data; boundary="B"' } });
    refused(answer, 400, ...TYPE);
});

test('forms as other programs write them', async () => {
    const bytes = png(3, 2);
    const sendForm = (before, after, type = 'multipart/form-data; boundary=B') =>
        U.request('POST', '/api/profile/avatar', { body: Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]), headers: { 'content-type': type } });
    const NAMED = 'Content-Disposition: form-data; name="avatar"; filename="a.png"', END = '\r\n--B--\r\n';
    for (const [before, after, type] of [
        [`--B\r\n${NAMED}\r\n\r\n`, END],
        ["--B\r\nContent-Type: image/png\r\nContent-Disposition: form-data; name=avatar; filename=a.png; filename*=utf-8''a.png\r\n\r\n", END, 'multipart/form-data; boundary="B"'],
        ['--B\r\ncontent-disposition:form-data;filename="头像\\"; name=\\"x.png";NAME="file"\r\n\r\n', END, 'Multipart/Form-Data; charset=utf-8; Boundary=B'],
        [`preamble\r\n--B \t\r\n${NAMED}\r\n\r\n`, '\r\n--B--\r\nepilogue\r\n--B\r\n'],
        [`--B\r\n${NAMED}\r\n\r\n`, '\r\n--B--'],
        [`--B\r\nContent-Disposition: form-data; name="avatar"; filename=""\r\n\r\n\r\n--B\r\n${NAMED}\r\n\r\n`, END],
        [`--B\r\n\r\nno headers\r\n--B\r\n${NAMED}\r\n\r\n`, END],
        [`--B\r\nContent-Disposition: form-data; name="note"\r\n\r\n--B\r\n--BB\r\n--B${END.slice(2, 3)}x\r\n--B\r\n${NAMED}\r\n\r\n`, END],
    ])
        accepted(await sendForm(before, after, type), 200, '头像上传成功');
    for (const [before, after, type] of [
        [`--B\r\n${NAMED}\r\n\r\n`, ''],
        [`--B\r\n${NAMED}\r\n\r\n`, '\r\n--B'],
        [`--B\r\n${NAMED}\r\n\r\n`, '\r\n--Bx--'],
        [`--b\r\n${NAMED}\r\n\r\n`, '\r\n--b--'],
        [`--B--\r\n${NAMED}\r\n\r\n`, END],
        [`--B\r\n${NAMED}`, END],
        [`--B\r\n${NAMED.replace('avatar', 'Avatar')}\r\n\r\n`, END],
        [`--B\r\n${NAMED.replace('name="avatar"', 'name="avatar')}\r\n\r\n`, END],
        [`--\r\n${NAMED}\r\n\r\n`, '\r\n----', 'multipart/form-data; boundary='],
        [`--B\r\n${NAMED}\r\n\r\n`, END, 'multipart/mixed; boundary=B'],
    ])
        refused(await sendForm(before, after, type), 400, 'picture_missing', '请选择要上传的图片');
    accepted(await U.del('/api/profile/avatar'), 200);
});

test('what lies about its type, is broken, or is a bomb: refused, and nothing is left', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    for (const bytes of [svg, '<?php evil ?>', 'GIF89a', '\x89PNG\r\n\x1a\n', 'RIFF0000WEBPVP8X', Buffer.alloc(1000, 0xff), JPEG.subarray(0, 30)])
        refused(await send(U, ['avatar', bytes, 'x.png', 'image/png']), 400, ...TYPE);
    refused(await send(U, ['avatar', png(2, 2).subarray(0, 50)]), 400, 'picture_broken', '图片已损坏，无法读取');
    for (const claim of [[100000, 100000], [5001, 5000], [20001, 1], [2 ** 31 - 1, 2 ** 31 - 1]])
        refused(await send(U, ['avatar', png(2, 2, undefined, { claim })]), 400, 'picture_too_large', '图片像素过多，最多 2500 万像素');
    const gif = Buffer.from(GIF);
    gif.writeUInt16LE(65535, 6);
    gif.writeUInt16LE(65535, 8);
    refused(await send(U, ['avatar', gif]), 400, 'picture_too_large', '图片像素过多，最多 2500 万像素');
    assert.equal(files().length, 0);
});

test('larger than MAX_FILE_SIZE', async () => {
    refused(await send(U, ['avatar', Buffer.alloc(2097153)]), 413, 'body_too_large', '请求内容过大');
    refused(await send(U, ['avatar', Buffer.alloc(4 << 20)]), 413, 'body_too_large', '请求内容过大');
    refused(await send(U, ['avatar', Buffer.alloc(2097152)]), 400, ...TYPE);
});

test('nobody without an account; names that are none', async () => {
    assert.equal((await send(server.client(), ['avatar', png(2, 2)])).status, 401);
    for (const name of ['..%2f..%2fmms.db', `${'0'.repeat(32)}.png`, `${'0'.repeat(32)}.db`, 'x.png', `${'0'.repeat(32)}`])
        assert.equal((await fetchIt(`/uploads/avatars/${name}`)).status, 404, name);
});

test('what a sudden end has left is removed at the next start; what is in use, and what is not ours, stays', async () => {
    const avatar = await upload(png(4, 4)), name = path.basename(avatar);
    const left = `${'a'.repeat(32)}.png`, onItsWay = `${'b'.repeat(32)}.png`, foreign = `${'c'.repeat(32)}.png`;
    for (const one of [left, onItsWay, foreign])
        writeFileSync(path.join(folder, one), 'x');
    const old = new Date(Date.now() - 30 * 86_400_000);
    for (const one of [name, left, onItsWay, foreign])
        utimesSync(path.join(folder, one), old, old);
    await server.sql(`INSERT INTO loose_files (key, due_at) VALUES ('avatars/${left}', ${Date.now() - 1}), ('avatars/${onItsWay}', ${Date.now() + 600_000})`);
    await server.restart();
    assert.deepEqual(files().sort(), [name, onItsWay, foreign].sort());
    assert.deepEqual(await server.sql('SELECT key FROM loose_files'), [{ key: `avatars/${onItsWay}` }]);
});

test('a picture whose hour is over before it is named is refused, and the present one stays', async () => {
    const avatar = accepted(await U.get('/api/profile/me'), 200).avatar;
    await server.sql(POSTGRES
        ? `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.due_at := 1; RETURN NEW; END $$;
           CREATE TRIGGER late BEFORE INSERT ON loose_files FOR EACH ROW EXECUTE FUNCTION late()`
        : 'CREATE TRIGGER late AFTER INSERT ON loose_files BEGIN UPDATE loose_files SET due_at = 1 WHERE key = NEW.key; END');
    refused(await send(U, ['avatar', png(3, 3)]), 503, 'files_unreachable', '文件存储暂时无法访问，请稍后重试');
    await server.sql(POSTGRES ? 'DROP TRIGGER late ON loose_files' : 'DROP TRIGGER late');
    assert.equal(accepted(await U.get('/api/profile/me'), 200).avatar, avatar);
    await upload(png(3, 3));
});

test('an upload folder that cannot be written: said, and the present picture stays', async () => {
    const avatar = accepted(await U.get('/api/profile/me'), 200).avatar;
    await server.restart({ UPLOAD_DIR: path.join(server.dir, 'mms-no-folder', 'below') });
    refused(await send(U, ['avatar', png(2, 2)]), 503, 'files_unwritable', '上传目录不可写，请联系管理员');
    assert.equal(accepted(await U.get('/api/profile/me'), 200).avatar, avatar);
});
