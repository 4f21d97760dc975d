// The signatures of the program against vectors, and the comparison itself: whatever is changed in a vector, it must not be called ok.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const here = import.meta.dirname;
const command = path.join(here, '../../../tests/cloud/vectors');
const file = process.env.VECTORS ?? path.join(here, 'vectors.json');
const folder = mkdtempSync(path.join(tmpdir(), 'vectors-'));
after(() => rmSync(folder, { recursive: true }));

function run(...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n'), stdout, stderr };
}

function runChanged(change, chosen = () => true) {
  const all = JSON.parse(readFileSync(file, 'utf8')).vectors.filter(chosen);
  assert.ok(all.length > 0);
  all.forEach(change);
  const name = path.join(folder, 'changed.json');
  writeFileSync(name, JSON.stringify({ vectors: all }));
  return { ...run(name), count: all.length };
}

const flip = (text, at = text.length - 1) => text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);

test('every vector is signed byte by byte', () => {
  const count = JSON.parse(readFileSync(file, 'utf8')).vectors.length;
  const { status, lines, stderr } = run(file);
  assert.equal(lines.at(-1), `${count} of ${count}`, lines.filter((line) => !/→ ok/.test(line)).join('\n') + stderr);
  assert.equal(lines.filter((line) => /→ ok/.test(line)).length, count);
  assert.equal(status, 0);
});

const notRpc = (v) => !v.kind.startsWith('rpc');
const header = (v, wanted) => Object.keys(v.headers).find((name) => wanted.test(name));
const changes = {
  'the secret': [(v) => (v.access_key_secret = flip(v.access_key_secret))],
  'the expected signature': [(v) => (v.signature = flip(v.signature, 0))],
  'the expected string to sign': [(v) => (v.string_to_sign += '\n')],
  'the expected canonical request': [(v) => (v.canonical_request += ' ')],
  'the method': [(v) => (v.method = 'PATCH'), (v) => v.kind !== 'rpc-v1-hmac-sha1'],
  'the path': [(v) => (v.url = v.url.replace(/^(\w+:\/\/[^/]+\/[^?]*)/, '$1x')), notRpc],
  'a parameter': [(v) => (v.url += `${v.url.includes('?') ? '&' : '?'}more=1`)],
  'the region': [(v) => (v.region += 'x'), (v) => v.kind.startsWith('oss')],
  'a signed header': [(v) => (v.headers[header(v, /^(x-oss|x-acs)-/)] += 'x'), (v) => notRpc(v) && header(v, /^(x-oss|x-acs)-/)],
  'the body': [(v) => (v.body += 'x'), (v) => v.kind === 'acs3'],
  'the expiry': [(v) => (v.expires += 1), (v) => v.kind === 'oss-v4-presign'],
  'the token of an address': [(v) => (v.security_token += 'x'), (v) => v.kind === 'oss-v4-presign' && v.security_token],
  'the kind': [(v) => (v.kind = 'unknown')],
};
for (const [what, [change, chosen]] of Object.entries(changes))
  test(`a change of ${what} is seen`, () => {
    const { status, lines, count } = runChanged(change, chosen);
    assert.equal(lines.at(-1), `0 of ${count}`, lines.filter((line) => /→ ok/.test(line)).join('\n'));
    assert.equal(status, 1);
  });

test('headers in any case, a host with a port, the bucket in the path, and no slash behind the host are the same request', () => {
  const upper = (v) => (v.headers = Object.fromEntries(Object.entries(v.headers).map(([k, value]) => [k.toUpperCase(), ` ${value}\t`])));
  let { lines, count } = runChanged(upper, notRpc);
  assert.equal(lines.at(-1), `${count} of ${count}`, lines.join('\n'));
  const inPath = (v) => (v.url = v.url.replace(/^\w+:\/\/[^/]+\//, `http://localhost:8080/${v.bucket}/`));
  ({ lines, count } = runChanged(inPath, (v) => v.kind.startsWith('oss') && v.bucket));
  assert.equal(lines.at(-1), `${count} of ${count}`, lines.join('\n'));
  const bare = (v) => (v.url = v.url.replace(/^(\w+:\/\/[^/]+)\/\?/, '$1?'));
  ({ lines, count } = runChanged(bare, (v) => /\/\?/.test(v.url) && v.kind.startsWith('oss')));
  assert.equal(lines.at(-1), `${count} of ${count}`, lines.join('\n'));
});

test('a file that cannot be read, is no JSON, or has no vectors is not ok', () => {
  const name = path.join(folder, 'odd.json');
  assert.equal(run(path.join(folder, 'none.json')).status, 66);
  writeFileSync(name, '{"vectors": [');
  assert.equal(run(name).status, 65);
  for (const text of ['{}', '{"vectors": []}', '[]', '{"vectors": 1}']) {
    writeFileSync(name, text);
    const { status, stdout } = run(name);
    assert.deepEqual([status, stdout], [1, '0 of 0\n']);
  }
  writeFileSync(name, '[1, {}, {"kind": "oss-v4-header", "method": "GET", "url": "x", "date": "2026-01-15T08:30:00.000Z"}]');
  assert.equal(run(name).lines.at(-1), '0 of 3');
});
