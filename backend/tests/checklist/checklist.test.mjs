// docs/checklist.md and what makes it (scripts/checklist): every entry of the migration checklist has its row, what shows it is there, and a
// row says what came of its command.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as table from '../../../scripts/checklist-rows.mjs';

const TOP = fileURLToPath(new URL('../../..', import.meta.url));
const BINARY = path.resolve(process.env.MMS_BINARY || path.join(TOP, 'build/mms'));
const entries = JSON.parse(readFileSync(new URL('entries.json', import.meta.url), 'utf8'));
const SECTIONS = ['tasks', 'checks', 'risks', 'appendices'];
const all = SECTIONS.flatMap((section) => table[section]);
const folder = mkdtempSync(path.join(tmpdir(), 'mms-rows-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The ids that a section has: of tasks also the tasks themselves. */
const idsOf = (section) => Object.entries(entries[section]).flatMap(([head, lines]) => [...(section === 'tasks' ? [head] : []), ...lines.map((line, i) => `${head}-${i + 1}`)]);

test('every task, acceptance line, check and risk of the checklist has its row, and no other is there', () => {
    for (const section of SECTIONS)
        assert.deepEqual(table[section].map(({ id }) => id), idsOf(section), section);
    const count = Object.keys(entries.tasks).length;
    assert.equal(count, 26);
    for (const row of table.tasks)
        assert.ok(row.by?.length || entries.tasks[row.id]?.length, `${row.id}: nothing shows it`);
});

test('docs/checklist.md has them all, each with a result', () => {
    const text = readFileSync(path.join(TOP, 'docs/checklist.md'), 'utf8');
    for (const { id } of all) {
        const rows = text.split('\n').filter((line) => line.startsWith(`| ${id} |`));
        assert.equal(rows.length, 1, id);
        assert.match(rows[0], /\| (通过|跳过：\S.*|未完成：\S.*|未通过：\S.*|通过：.*) \|$/, id);
    }
    assert.doesNotMatch(text, /\/tmp\/|\/home\//);
});

test('what shows a row is there: lines of the doctor, tests by their names, commands', () => {
    const lines = new Set();
    for (const stage of ['pre', 'mid', 'post']) {
        const { stdout } = spawnSync(BINARY, ['doctor', '--stage', stage, '--json'], { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, PORT: '1', DOCKER_HOST: 'unix:///nowhere.sock' } });
        for (const { id } of JSON.parse(stdout).checks)
            lines.add(id);
    }
    const used = new Set();
    for (const { id, by = [] } of all)
        for (const one of by) {
            if (one.kind === 'doctor') {
                assert.ok(lines.has(one.id), `${id}: ${one.id}`);
                used.add(one.id);
            }
            if (one.kind === 'tests' && one.name && existsSync(path.join(TOP, one.file))) {
                const names = [...readFileSync(path.join(TOP, one.file), 'utf8').matchAll(/^\s*test\((['"`])(.*?[^\\])\1,/gm)].map(([, , name]) => name.replaceAll("\\'", "'"));
                assert.ok(names.some((name) => one.name.test(name)), `${id}: ${one.file}: ${one.name}`);
            }
            if (one.kind === 'unfinished')
                assert.ok(one.why && one.path, id);
        }
    // Looked at where they are: images/compose.test.mjs, sqlite/sealed.test.mjs.
    assert.deepEqual([...lines].filter((id) => !used.has(id)), ['post.containers', 'post.continuous']);
});

function made(rows, ...words) {
    const file = path.join(folder, 'rows.mjs');
    writeFileSync(file, `export const tasks = ${rows};\n`);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/checklist-run.mjs', '--rows', file, ...(words.includes('--update') ? [] : ['--print']), ...words], { cwd: TOP, encoding: 'utf8', env: { PATH: process.env.PATH, MMS_BINARY: BINARY } });
    const results = Object.fromEntries([...stdout.matchAll(/^\| ([\d-]+) \|.*\| ([^|]*) \|$/gm)].map(([, id, result]) => [id, result]));
    return { status, stdout, stderr, results };
}

test('a row says what came of its command; one that fails fails the run', () => {
    writeFileSync(path.join(folder, 'some.test.mjs'), `import { test } from 'node:test';
        test('good', () => {}); test('bad', () => { throw new Error('no'); }); test('left out', { skip: 'no root here' }, () => {});\n`);
    const file = path.relative(TOP, path.join(folder, 'some.test.mjs'));
    const { status, results, stdout } = made(`[
        { id: '1', what: 'true', by: [{ kind: 'command', words: ['true'] }] },
        { id: '2', what: 'false', by: [{ kind: 'command', words: ['true'] }, { kind: 'command', words: ['false'] }] },
        { id: '3', what: 'none', by: [{ kind: 'command', words: ['no-such-program-here'] }] },
        { id: '4', what: 'needs', by: [{ kind: 'command', words: ['true'], needs: 'scripts/none.sh' }] },
        { id: '5', what: 'good', by: [{ kind: 'tests', file: '${file}', name: /^good/ }] },
        { id: '6', what: 'bad', by: [{ kind: 'tests', file: '${file}', name: /^bad/ }] },
        { id: '7', what: 'skipped', by: [{ kind: 'tests', file: '${file}', name: /^left out/ }] },
        { id: '8', what: 'nothing of that name', by: [{ kind: 'tests', file: '${file}', name: /^nothing/ }] },
        { id: '9', what: 'no file', by: [{ kind: 'tests', file: 'backend/tests/none.test.mjs' }] },
        { id: '10', what: 'all of it', by: [{ kind: 'tests', file: '${file}' }] },
        { id: '11', what: 'not yet', by: [{ kind: 'unfinished', why: '尚未接入' }] },
        { id: '12', what: 'not yet, and more', by: [{ kind: 'command', words: ['true'] }, { kind: 'unfinished', why: '尚未接入' }] },
        { id: '16', what: 'skipped in part', by: [{ kind: 'tests', file: '${file}', name: /^left out/ }, { kind: 'tests', file: '${file}', name: /^good/ }] },
        { id: '13', what: 'nothing shows it' }, { id: '15', what: 'built since', by: [{ kind: 'unfinished', why: '尚未接入', path: 'backend/src' }] },
        { id: '14', what: 'a task' }, { id: '14-1', what: 'a | line', by: [{ kind: 'command', words: ['true'] }] }, { id: '14-2', what: 'another', by: [{ kind: 'command', words: ['false'] }] },
    ]`);
    assert.equal(status, 1);
    const wanted = { 1: /^通过/, 2: /^未通过：退出码 1/, 3: /^跳过：本机没有 no-such-program-here/, 4: /^未完成：没有 scripts\/none\.sh/, 5: /^通过：1 项测试/, 6: /^未通过：bad/, 7: /^跳过：no root here/,
        8: /^未通过：没有相应的测试/, 9: /^未完成：没有 backend\/tests\/none/, 10: /^未通过：bad/, 11: /^未完成：尚未接入/, 12: /^未完成/, 13: /^未通过：没有说明/, 15: /^未通过：已有 backend\/src/, 16: /^跳过：no root here；其余通过：1 项测试/, 14: /^未通过/, '14-1': /^通过/, '14-2': /^未通过/ };
    assert.deepEqual(Object.keys(results).sort(), Object.keys(wanted).sort(), stdout);
    for (const [id, result] of Object.entries(wanted))
        assert.match(results[id], result, id);
});

test('some rows run again take the place of those before, and the file says so', () => {
    const rows = (words) => `[{ id: '1', what: 'a', by: [{ kind: 'command', words: ['${words}'] }] }, { id: '11', what: 'b', by: [{ kind: 'command', words: ['true'] }] }, { id: '2', what: 'c', by: [{ kind: 'command', words: ['false'] }] }]`;
    const file = path.join(folder, 'made.md'), read = () => readFileSync(file, 'utf8');
    const first = made(rows('false'), '--print').stdout;
    writeFileSync(file, first);
    assert.match(first, /^通过 1，跳过 0，未完成 0，未通过 2。/m);
    assert.equal(made(rows('true'), '--only', '1', '--update', '--out', file).status, 0);
    assert.match(read(), /^通过 2，跳过 0，未完成 0，未通过 1。「/m);
    assert.match(read(), /^\| 1 \| a \| `true` \| 通过 \|$/m);
    assert.match(read(), /^由 .*。其后重新运行：1、11（\d{4}-\d\d-\d\d，提交 \S+）。$/m);
    assert.equal(read().split('\n').length, first.split('\n').length);
});

test('nothing has failed: 0; nothing was asked for: no success', () => {
    const rows = "[{ id: '1', what: 'a', by: [{ kind: 'command', words: ['true'] }] }, { id: '2', what: 'b', by: [{ kind: 'unfinished', why: 'c' }] }]";
    assert.equal(made(rows).status, 0);
    assert.equal(made(rows, '--only', '7').status, 1);
    assert.equal(made(rows, '--lonely').status, 64);
});
