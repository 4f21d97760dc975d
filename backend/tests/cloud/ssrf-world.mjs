// Everything that a user can say to the program, said with the address of the metadata service in it. Run by ssrf.test.mjs, where it can in
// a network of its own in which 100.100.100.200 is there and answers; nobody may ever come to it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { accepted, makeMaterial, start } from '../api/harness.mjs';
import { checked, csv, ended, step, upload } from '../api/import-steps.mjs';
import { form, png } from '../api/picture.mjs';
import { raw } from '../api/raw.mjs';
import { startEmulator } from './emulator/server.mjs';

const METADATA = '100.100.100.200';
const inside = process.env.MMS_METADATA_IS_HERE === '1';

const KEY = 'LTAI-of-the-tests', SECRET = 'a-secret-that-nobody-may-see-1', BUCKET = 'mms-files-4f2a';

let trap, store, server, admin, address;

/** Files are in object storage, asked with a key from the settings; so nothing ever has to be asked of the metadata service. */
const storage = () => ({ UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: store.url, OSS_ACCESS_KEY_ID: KEY, OSS_ACCESS_KEY_SECRET: SECRET,
    ...(!inside && { ALIYUN_METADATA_URL: trap.url }) });

before(async () => {
    trap = await startEmulator(inside ? { host: METADATA, port: 80, metadata: { hardened: false } } : { metadata: { hardened: false } });
    address = new URL(trap.url).host; // what stands for the metadata service
    store = await startEmulator({ keys: { [KEY]: { secret: SECRET } }, buckets: { [BUCKET]: {} } });
    server = await start({ env: storage() });
    admin = await server.admin();
});
after(async () => {
    await server.stop();
    await store.close();
    await trap.close();
});

/** Nobody has come, whatever has been done by now. */
function nobodyCame(when) {
    assert.deepEqual([trap.connections, trap.log.map(({ method, path }) => `${method} ${path}`)], [0, []], when);
}

const ROLE = '/latest/meta-data/ram/security-credentials/';
const hostile = () => `http://${address}${ROLE}`;
/** The same place, spelled in other ways; short, for fields of little room. */
const spellings = () => (inside
    ? [hostile(), `http://${METADATA}`, '//100.100.100.200/latest/', `http://user:pw@${METADATA}/`, `http://[::ffff:${METADATA}]/`, 'http://1684301000/', 'http://0x646464c8/', 'http://0144.0144.0144.0310/',
        `HTTP://${METADATA}:80/%2e%2e/latest/`, `\\\\${METADATA}\\share`, `ftp://${METADATA}/`, `file://${METADATA}/etc/passwd`, `gopher://${METADATA}:80/_GET`, METADATA]
    : [hostile(), `http://${address}`, `//${address}/latest/`, `http://user:pw@${address}/`, `\\\\${address}\\share`, address]);

const HEADERS = () => ({
    Host: address, 'X-Forwarded-Host': address, 'X-Forwarded-Server': address, 'X-Forwarded-For': address.split(':')[0], 'X-Forwarded-Proto': 'http', 'X-Forwarded-Prefix': hostile(),
    'X-Real-IP': address.split(':')[0], Forwarded: `for=${address};host=${address};proto=http`, 'X-Original-URL': hostile(), 'X-Rewrite-URL': hostile(), Referer: hostile(), Destination: hostile(),
    'X-Http-Destinationurl': hostile(), Via: `1.1 ${address}`, Link: `<${hostile()}>; rel=preload`, 'X-Callback-Url': hostile(), 'X-Wap-Profile': hostile(), From: `root@${address}`, 'User-Agent': hostile(),
});

/** The answer's status; an answer without an end (the stream) is left after its head. */
function say(method, target, { body, headers = {}, token = admin.token } = {}) {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
        const req = http.request(new URL(server.url), { method, path: target, agent: false,
            headers: { ...(token && { authorization: `Bearer ${token}` }), ...(payload && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }), ...headers } }, (res) => {
            resolve(res.statusCode);
            if (/event-stream/.test(res.headers['content-type'] ?? ''))
                req.destroy();
            else
                res.resume().on('error', () => {});
        });
        req.on('error', reject).end(payload);
    });
}

test('the trap would see them: the program comes when the operator sends it', async () => {
    const { output } = await server.run(['doctor', '--stage', 'mid', '--only', 'mid.instance', ...(inside ? [] : ['--metadata', trap.url])]);
    assert.ok(trap.connections > 0, output);
    assert.deepEqual([...new Set(trap.log.map(({ service }) => service))], ['metadata']);
    trap.log.length = 0;
    trap.connections = 0;
});

/** A description's schema with references followed. */
const resolved = (doc, schema) => (schema?.$ref ? resolved(doc, schema.$ref.split('/').slice(1).reduce((at, name) => at[name], doc)) : schema);

/** The example of a body, with what is free text replaced. all: every text. */
function spoiled(doc, schema, example, word, all) {
    const s = resolved(doc, schema) ?? {};
    if (typeof example === 'string')
        return all || !(s.enum || s.format || s.pattern) ? word : example;
    if (Array.isArray(example))
        return example.map((one) => spoiled(doc, s.items, one, word, all));
    if (example !== null && typeof example === 'object')
        return Object.fromEntries(Object.entries(example).map(([name, value]) => [name, spoiled(doc, s.properties?.[name], value, word, all)]));
    return example;
}

const LEFT_ALONE = /^POST \/api\/auth\/(logout|change-password)$|^DELETE \/api\/profile\/sessions/; // would end who asks

test('every route of the description, every field, every parameter, every header', async (t) => {
    const doc = (await server.client().get('/api/openapi.json')).body;
    let asked = 0, good = 0;
    for (const [route, methods] of Object.entries(doc.paths))
        for (const [name, op] of Object.entries(methods)) {
            const method = name.toUpperCase();
            if (LEFT_ALONE.test(`${method} ${route}`))
                continue;
            const content = op.requestBody?.content?.['application/json'];
            for (const [i, word] of [hostile(), spellings()[1]].entries())
                for (const all of [false, true]) {
                    const places = (where) => (op.parameters ?? []).filter((p) => p.in === where);
                    let target = route;
                    for (const p of places('path'))
                        target = target.replace(`{${p.name}}`, () => encodeURIComponent(all ? word : ['integer', 'number'].includes(p.schema.type) ? 1 : p.schema.enum?.[0] ?? word));
                    const query = places('query').filter((p) => all || (p.schema.type === 'string' && !p.schema.enum && !p.schema.format && !p.schema.pattern)).map((p) => `${p.name}=${encodeURIComponent(word)}`);
                    const status = await say(method, query.length ? `${target}?${query.join('&')}` : target, {
                        body: content && spoiled(doc, content.schema, content.example ?? {}, word, all),
                        headers: i === 0 ? {} : HEADERS(),
                    });
                    asked++;
                    good += status < 300;
                    nobodyCame(`${method} ${target}`);
                }
        }
    t.diagnostic(`${asked} requests, ${good} of them accepted`);
    assert.ok(asked > 400 && good > asked / 8, `${good} of ${asked} were accepted: too few to say anything`);
});

test('announcements, company settings, profile, materials, saved views, drafts: kept as they are said, and never followed', async () => {
    await server.restart(); // sessions and tokens are new, whatever went before
    admin = await server.admin();
    for (const word of spellings()) {
        for (const link of [word, `[看](${word})`, `<img src="${word}">`, `<a href="${word}">`, `![](${word})`])
            await say('POST', '/api/notifications', { body: { title: link.slice(0, 60), content: link, type: 'info', link } });
        for (const { key } of accepted(await admin.get('/api/settings'), 200))
            await say('PUT', `/api/settings/${key}`, { body: { value: word } });
        await say('PUT', '/api/profile/me', { body: { realName: word.slice(0, 30), email: `root@${METADATA}`, avatar: word } });
        await say('POST', '/api/views', { body: { list: 'materials', name: word.slice(0, 30), query: word, filters: { keyword: word } } });
        await say('POST', '/api/drafts', { body: { kind: 'in', title: word, body: { link: word } } });
        await makeMaterial(admin, { description: word, note: word, location: word.slice(0, 30) }).catch(() => {});
        nobodyCame(word);
    }
    const seen = accepted(await admin.get('/api/materials?pageSize=100'), 200).list;
    assert.ok(seen.some((row) => row.description === hostile()), 'such a material was kept');
});

const PACK = 'import sys, json, zipfile\nz = zipfile.ZipFile(sys.stdout.buffer, "w")\nfor name, text in json.load(sys.stdin).items(): z.writestr(name, text)\nz.close()\n';

function zip(files) {
    const { stdout, status } = spawnSync('python3', ['-c', PACK], { input: JSON.stringify(files) });
    assert.equal(status, 0);
    return stdout;
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const REL = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

/** A workbook of materials. sheet, bookRelations, more: what is said in place of, or beside, what is usual. */
function workbook({ doctype = '', code = 'SSRF-1', sheetTarget = 'worksheets/sheet1.xml', sheetMode = '', relations = '', book = '', after: tail = '', more = {} } = {}) {
    const rows = [['物料编码', '物料名称', '类别', '单位'], [code, '外部', '化学', 'kg']];
    const cells = rows.map((row, r) => `<row r="${r + 1}">${row.map((text, c) => `<c r="${'ABCD'[c]}${r + 1}" t="inlineStr"><is><t>${text}</t></is></c>`).join('')}</row>`).join('');
    return zip({
        '[Content_Types].xml': `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`,
        '_rels/.rels': `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
        'xl/workbook.xml': `${XML}${doctype}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${REL}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets>${book}</workbook>`,
        'xl/_rels/workbook.xml.rels': `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${REL}/worksheet" Target="${sheetTarget}"${sheetMode}/>${relations}</Relationships>`,
        'xl/worksheets/sheet1.xml': `${XML}${doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${REL}"><sheetData>${cells}</sheetData>${tail}</worksheet>`,
        ...more,
    });
}

test('imported files: external books, links, pictures, entities, formulas', async () => {
    const url = hostile();
    const external = ` TargetMode="External"`;
    const link = `${XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${REL}/hyperlink" Target="${url}"${external}/><Relationship Id="rId2" Type="${REL}/image" Target="${url}"${external}/></Relationships>`;
    const linked = workbook({
        code: 'SSRF-LINKED',
        book: '<externalReferences><externalReference r:id="rId9"/></externalReferences>',
        relations: `<Relationship Id="rId9" Type="${REL}/externalLink" Target="externalLinks/externalLink1.xml"/><Relationship Id="rId8" Type="${REL}/sharedStrings" Target="${url}"${external}/>`,
        after: '<hyperlinks><hyperlink ref="A2" r:id="rId1"/></hyperlinks>',
        more: {
            'xl/externalLinks/externalLink1.xml': `${XML}<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook xmlns:r="${REL}" r:id="rId1"/></externalLink>`,
            'xl/externalLinks/_rels/externalLink1.xml.rels': link,
            'xl/worksheets/_rels/sheet1.xml.rels': link,
        },
    });
    const plain = await checked(admin, 'materials', workbook({ code: 'SSRF-PLAIN' }));
    assert.deepEqual([plain.summary.rows, plain.summary.create], [1, 1], 'such a workbook is read');
    nobodyCame('a plain workbook');
    for (const [what, bytes] of Object.entries({
        'external links': linked,
        'a sheet that is elsewhere': workbook({ sheetTarget: url, sheetMode: external }),
        'a sheet that is elsewhere, unsaid': workbook({ sheetTarget: url }),
        'an external entity': workbook({ doctype: `<!DOCTYPE x [<!ENTITY e SYSTEM "${url}">]>`, code: '&e;' }),
        'an external subset': workbook({ doctype: `<!DOCTYPE x SYSTEM "${url}x.dtd">` }),
        'a parameter entity': workbook({ doctype: `<!DOCTYPE x [<!ENTITY % p SYSTEM "${url}x.dtd"> %p;]>` }),
    })) {
        const answer = await upload(admin, 'materials', bytes, '外部.xlsx');
        if (answer.status === 201) {
            const { jobId } = accepted(await admin.post(`/api/imports/${answer.body.data.id}/check`), 202);
            await ended(admin, jobId);
        } else {
            assert.equal(answer.status, 400, `${what}: ${answer.text}`);
        }
        nobodyCame(what);
    }
    const done = await checked(admin, 'materials', csv(['物料编码', '物料名称', '类别', '单位', '备注', '描述'],
        ['SSRF-CSV', `=WEBSERVICE("${url}")`, '化学', 'kg', `=HYPERLINK("${url}","x")`, `=IMPORTXML("${url}","//a")`]));
    assert.equal(done.summary.create, 1);
    await step(admin, done.id, 'commit');
    for (const format of ['xlsx', 'csv'])
        assert.equal(await say('GET', `/api/export/materials?format=${format}`), 200);
    nobodyCame('what was imported goes out again');
});

test('pictures of oneself: only the picture counts', async () => {
    const url = hostile();
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="${url}" href="${url}"/></svg>`;
    for (const [content, name, type] of [[png(8, 8), url, 'image/png'], [svg, 'a.svg', 'image/svg+xml'], [svg, 'a.png', 'image/png'], [url, 'a.url', 'text/uri-list'],
        [`push graphic-context\nimage over 0,0 0,0 'url(${url})'\npop graphic-context`, 'a.mvg', 'image/png'], [`#EXTM3U\n${url}`, 'a.jpg', 'image/jpeg']]) {
        const { status, text } = await admin.request('POST', '/api/profile/avatar', form(['url', url, ''], ['avatar', content, name, type], ['avatarUrl', url, '']));
        assert.ok(status < 500, text);
        nobodyCame(name);
    }
    const { status, text } = await admin.request('POST', '/api/profile/avatar', form(['avatar', png(8, 8), 'a.png', 'image/png']));
    assert.equal(status, 200, text);
});

test('lines of a request that name another place', async () => {
    for (const target of [hostile(), `//${address}${ROLE}`, `/@${address}/`, `/api/..//${address}/`, `/uploads/avatars/${hostile()}`, `/api/uploads/avatars/..%2f..%2f${encodeURIComponent(hostile())}`, `/${hostile()}`])
        for (const head of [`Host: ${address}`, `Host: localhost\r\nX-Forwarded-Host: ${address}`, `Host: ${address}\r\nHost: ${address}`]) {
            await raw(server, `GET ${target} HTTP/1.1\r\n${head}\r\nConnection: close\r\n\r\n`);
            nobodyCame(`${target} ${head}`);
        }
    await raw(server, `CONNECT ${address} HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
    await raw(server, `TRACE / HTTP/1.1\r\nHost: ${address}\r\nMax-Forwards: 1\r\n\r\n`);
    nobodyCame('CONNECT and TRACE');
});

test('a storage that sends the program there is not followed', async () => {
    for (const method of ['PUT', 'GET', 'POST', 'DELETE'])
        store.fault({ kind: 'redirect', to: hostile(), method, times: 'always' });
    for (let i = 0; i < 3; i++)
        assert.equal((await admin.request('POST', '/api/profile/avatar', form(['avatar', png(9, 9 + i)]))).status, 503);
    assert.ok(store.log.some(({ fault }) => fault === 'redirect'), 'it was sent');
    store.faults.clear();
    nobodyCame('redirected');
});

test('at the end of it all nobody has come', () => nobodyCame('at the end'));

test('where the role\'s keys are asked for, nobody but the program says what is asked', async (t) => {
    const second = await start({ env: { ...storage(), OSS_ACCESS_KEY_ID: null, OSS_ACCESS_KEY_SECRET: null } });
    const first = [server, admin];
    [server, admin] = [second, await second.admin()];
    t.after(() => {
        [server, admin] = first;
        return second.stop();
    });
    for (const word of spellings()) {
        await say('PUT', '/api/profile/me', { body: { realName: word.slice(0, 30), avatar: word }, headers: HEADERS() });
        await say('GET', `/uploads/avatars/${encodeURIComponent(word)}`, { headers: HEADERS() });
        await say('POST', '/api/notifications', { body: { title: '看', content: word, type: 'info', link: word }, headers: HEADERS() });
    }
    await second.until(() => trap.log.some(({ path }) => path.endsWith('/mms-ecs-role')), 60_000, 'to ask for the keys');
    assert.deepEqual([...new Set(trap.log.map(({ method, path, headers }) => `${method} ${path} ${headers.host}`))].sort(),
        [`GET ${ROLE} ${new URL(trap.url).host}`, `GET ${ROLE}mms-ecs-role ${new URL(trap.url).host}`, `PUT /latest/api/token ${new URL(trap.url).host}`]);
    for (const key of trap.state.keys.values())
        if (key.token)
            second.secrets.push(key.secret, key.token);
});
