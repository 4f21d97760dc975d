// Two builds of the same sources give the same program, byte for byte.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { BACKEND, Folder, TOP, docker, ran, tried } from './docker.mjs';

const folder = new Folder();
after(() => {
    tried('docker', ['rmi', '-f', 'mms-images-again']);
    folder.remove();
});

/** The program in an image, and what its bytes come to. */
function programOf(image, name) {
    const container = docker('create', image, 'none');
    const file = path.join(folder.path, name);
    docker('cp', `${container}:/usr/local/bin/mms`, file);
    docker('rm', container);
    return createHash('sha256').update(readFileSync(file)).digest('hex');
}

test('the same program comes of a second build, from another folder and with nothing remembered of the first', () => {
    const copy = path.join(folder.path, 'backend');
    cpSync(path.join(TOP, 'backend'), copy, { recursive: true, filter: (name) => !/\/(tests|build[^/]*)$/.test(name) });
    // What the engine remembers of the compiled sources is for these files alone: one more, that nothing looks at, and it compiles anew.
    writeFileSync(path.join(copy, 'src/again'), '');
    const base = process.env.BASE_IMAGE ?? 'localhost/mms-debian:bookworm';
    const told = ran('docker', ['build', '--network=host', '--target', 'build', '--build-arg', `BASE_IMAGE=${base}`, '-t', 'mms-images-again', copy], { timeout: 1_200_000 });
    assert.match(told, /Linking target mms/, 'it was really compiled again');
    assert.equal(programOf('mms-images-again', 'again'), programOf(BACKEND, 'first'));
});
