// The page that shows the description: it comes from the program alone, and its policy lets nothing else in.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { start } from './harness.mjs';

const server = await start();
after(() => server.stop());
const client = server.client();

const FILES = { '/api/docs': 'text/html', '/api/docs/app.js': 'text/javascript', '/api/docs/style.css': 'text/css' };

for (const [path, type] of Object.entries(FILES))
    test(`${path} is there for anybody, as ${type}, under a policy`, async () => {
        const answer = await client.get(path);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['content-type'], `${type}; charset=utf-8`);
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
        assert.equal(answer.headers['x-frame-options'], 'DENY');
        const policy = Object.fromEntries(answer.headers['content-security-policy'].split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]));
        assert.deepEqual(policy, {
            'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'", 'img-src': "'self' data:",
            'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'",
        });
    });

test('the page is small, and names no other place', async () => {
    let bytes = 0;
    for (const path of Object.keys(FILES)) {
        const { text } = await client.get(path);
        bytes += Buffer.byteLength(text);
        assert.doesNotMatch(text, /https?:\/\/|@import|url\(/, path);
    }
    assert.ok(bytes < 20_000, `${bytes} bytes`);
});

test('the page has no script or style of its own inside, and the script puts in text only', async () => {
    const { text: page } = await client.get('/api/docs');
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
    const { text: script } = await client.get('/api/docs/app.js');
    assert.doesNotMatch(script, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
});

test('what the page links to is there', async () => {
    const { text } = await client.get('/api/docs');
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => found[1]).filter((link) => !link.startsWith('data:'));
    assert.deepEqual([...new Set(links)].sort(), ['docs/app.js', 'docs/style.css', 'openapi.json']);
    for (const link of links)
        assert.equal((await client.get(new URL(link, `${server.url}/api/docs`).pathname)).status, 200, link);
});
