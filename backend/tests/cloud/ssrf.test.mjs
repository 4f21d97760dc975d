// No user can make the program ask the metadata service of the machine, which would tell keys to whoever comes from there.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WORLD = fileURLToPath(new URL('ssrf-world.mjs', import.meta.url));
const OWN_NETWORK = ['--net', ...(process.getuid() === 0 ? [] : ['--map-root-user'])];
const SET_UP = 'ip link set lo up && ip addr add 100.100.100.200/32 dev lo';

/** A network of its own, where the real address of the service leads to the trap. */
const canSeparate = () => spawnSync('unshare', [...OWN_NETWORK, 'sh', '-c', SET_UP]).status === 0;

/** How many of its tests passed; fails with its report when one did not. */
function run(command, args, env) {
    const { NODE_TEST_CONTEXT: _, ...ours } = process.env; // it is a run of its own
    void _;
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { env: { ...ours, ...env }, stdio: ['ignore', 'pipe', 'inherit'], timeout: 600_000 });
        let report = '';
        child.stdout.setEncoding('utf8').on('data', (text) => (report += text));
        child.on('error', reject).on('close', (code) => {
            const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(report)?.[1] ?? 0);
            if (code === 0 && count('fail') === 0)
                resolve({ passed: count('pass'), report });
            else
                reject(new assert.AssertionError({ message: report }));
        });
    });
}

const NODE = [process.execPath, '--test-reporter=tap', WORLD];

test('nothing that a user says leads to the metadata service', async (t) => {
    const own = canSeparate();
    t.diagnostic(own ? 'in a network of its own, at 100.100.100.200' : 'no network of its own here: a listener on loopback stands for the service');
    const { passed, report } = own
        ? await run('unshare', [...OWN_NETWORK, 'sh', '-c', `${SET_UP} && exec "$@"`, 'sh', ...NODE], { MMS_METADATA_IS_HERE: '1' })
        : await run(NODE[0], NODE.slice(1), {});
    t.diagnostic(/# \d+ requests, .*/.exec(report)?.[0] ?? '');
    assert.ok(passed >= 7, report);
});
