/** A clock of its own for a program under test (Debian: faketime), set while it runs. The monotonic clock stays the machine's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { BINARY } from '../api/harness.mjs';

const NAME = 'faketime/libfaketime.so.1';

function find() {
    for (const folder of readdirSync('/usr/lib')) {
        const file = path.join('/usr/lib', folder, NAME);
        // A sanitizer insists on being loaded first.
        if (spawnSync(BINARY, ['version'], { env: { LD_PRELOAD: file } }).stderr?.length === 0 && spawnSync('test', ['-f', file]).status === 0)
            return file;
    }
    return null;
}

/** The library, or null when it cannot be used. */
export const FAKETIME = find();

export function withClock(dir) {
    const file = path.join(mkdtempSync(path.join(dir, 'clock-')), 'offset');
    const set = (offset) => writeFileSync(file, offset);
    set('+0');
    // Without the last one, a wait for a condition would end at once: threads that wait for their turn would never rest.
    return { set, env: { LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_FORCE_MONOTONIC_FIX: '0' } };
}
