// Load, kill -9 at a random moment, start again on the same folder: what was acknowledged is there, nothing is half there.
//   CRASH_ROUNDS  how often (50)
//   CRASH_SEED    the moments and the order of things, as printed by an earlier run
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, approve, issueOf, makeMaterial, makeUser, materialBody, receiptOf, reject, sleep, start, unique, withoutGaps } from '../api/harness.mjs';
import { randomFrom } from '../api/random.mjs';

const ROUNDS = Number(process.env.CRASH_ROUNDS || 50);
const SEED = Number(process.env.CRASH_SEED || Date.now() % 1_000_000);
const CLIENTS = 8;
const server = await start();
after(() => server.stop());
const random = randomFrom(SEED);
const admin = await server.admin();
const applicant = await makeUser(admin, 'regular_user');
const manager = await makeUser(admin, 'inventory_manager');
const materials = [await makeMaterial(manager), await makeMaterial(manager)];

/* What the program has promised, over all rounds. */
const promised = { documents: new Map(), status: new Map(), materials: new Map() };
/* Sent, but the answer did not come: key → body. Sent again after the restart with the same key. */
let unanswered = new Map();

/** Refused means an answer that is neither; a connection that broke is the crash itself. */
class Crashed extends Error {}

async function ask(promise) {
    try {
        return await promise;
    } catch (error) {
        if (error instanceof assert.AssertionError || error instanceof SyntaxError)
            throw error;
        throw new Crashed(error.message);
    }
}

async function createDocument(body, key) {
    unanswered.set(key, body);
    const answer = await ask(applicant.post('/api/inventory', { ...body, remark: key }, { headers: { 'idempotency-key': key } }));
    unanswered.delete(key);
    if (answer.status === 400) {
        assert.equal(answer.body.code, 'insufficient_stock', answer.text);
        return null;
    }
    const { id, transactionCode } = accepted(answer, 201);
    promised.documents.set(id, transactionCode);
    return id;
}

async function step(worker) {
    const material = materials[worker.below(materials.length)];
    if (worker.below(10) === 0) {
        const body = materialBody();
        promised.materials.set(accepted(await ask(manager.post('/api/materials', body)), 201).id, body.materialCode);
        return;
    }
    const id = await createDocument((worker.below(3) ? receiptOf : issueOf)(material.id, `${1 + worker.below(5)}.${worker.below(1000)}`), unique('key'));
    if (id === null)
        return;
    const decision = worker.below(6);
    if (decision === 0)
        return; // stays pending
    const answer = await ask(decision === 1 ? reject(manager, id) : approve(manager, id));
    if (answer.status === 400)
        assert.equal(answer.body.code, 'insufficient_stock', answer.text);
    else
        promised.status.set(id, accepted(answer, 200).status);
}

async function load(seed, steps) {
    const worker = randomFrom(seed);
    try {
        for (;;) {
            await step(worker);
            steps.done++;
        }
    } catch (error) {
        if (!(error instanceof Crashed))
            throw error;
    }
}

const none = async (what, query) => assert.deepEqual(await server.sql(query), [], what);

async function checkPromises() {
    const documents = new Map((await server.sql('SELECT id, number, status FROM documents')).map((row) => [row.id, row]));
    for (const [id, number] of promised.documents)
        assert.equal(documents.get(id)?.number, number, `document ${id} was acknowledged`);
    for (const [id, status] of promised.status)
        assert.equal(documents.get(id).status, status, `document ${id} was acknowledged as ${status}`);
    const rows = new Map((await server.sql('SELECT id, material_code FROM materials')).map((row) => [row.id, row.material_code]));
    for (const [id, code] of promised.materials)
        assert.equal(rows.get(id), code, `material ${id} was acknowledged`);
}

async function checkNothingHalf() {
    await none('approved, but no moves', "SELECT id FROM documents WHERE status = 'approved' AND id NOT IN (SELECT document_id FROM moves)");
    await none('moves, but not approved', "SELECT id FROM documents WHERE status <> 'approved' AND id IN (SELECT document_id FROM moves)");
    await none('a document without all its lines', `SELECT d.id FROM documents d LEFT JOIN document_lines l ON l.document_id = d.id
        GROUP BY d.id HAVING COUNT(l.id) <> d.line_count`);
    await none('moves that are not the lines', `WITH moved AS (SELECT line_id, SUM(quantity) AS quantity FROM moves GROUP BY line_id)
        SELECT l.id FROM document_lines l JOIN documents d ON d.id = l.document_id LEFT JOIN moved ON moved.line_id = l.id
        WHERE d.status = 'approved' AND COALESCE(moved.quantity, 0) <> l.quantity`);
    await none('a deed without its log, or a log without its deed', `WITH told AS (SELECT resource_id AS id, SUM(CASE action WHEN 'create' THEN 1 ELSE 0 END) AS created,
            SUM(CASE action WHEN 'approve' THEN 1 ELSE 0 END) AS approved, SUM(CASE action WHEN 'reject' THEN 1 ELSE 0 END) AS rejected FROM operation_log WHERE module = 'inventory' GROUP BY 1)
        SELECT d.id FROM documents d LEFT JOIN told ON told.id = d.id WHERE COALESCE(told.created, 0) <> 1
            OR told.approved <> CASE d.status WHEN 'approved' THEN 1 ELSE 0 END OR told.rejected <> CASE d.status WHEN 'rejected' THEN 1 ELSE 0 END
        UNION ALL SELECT id FROM told WHERE id NOT IN (SELECT id FROM documents)`);
    await none('a stock that is not its moves', `WITH moved AS (SELECT material_id, SUM(stock_after - stock_before) AS stock FROM moves GROUP BY 1)
        SELECT m.id FROM materials m LEFT JOIN moved ON moved.material_id = m.id WHERE m.current_stock <> COALESCE(moved.stock, 0)`);
}

async function checkNumbers() {
    withoutGaps((await server.sql('SELECT number FROM documents ORDER BY id')).map((row) => row.number));
}

/** What nobody knows the fate of is settled by asking again with the same key: there is one document, never two. */
async function settle() {
    const open = unanswered;
    unanswered = new Map();
    for (const [key, body] of open) {
        await createDocument(body, key);
        const made = await server.value(`SELECT COUNT(*) FROM documents WHERE remark = '${key}'`);
        assert.ok(made === 1 || (made === 0 && body.transactionType === 'out'), `${made} documents for one key`);
    }
    return open.size;
}

test(`${ROUNDS} crashes`, { timeout: 3_600_000 }, async (t) => {
    t.diagnostic(`CRASH_ROUNDS=${ROUNDS} CRASH_SEED=${SEED}`);
    const steps = { done: 0 };
    let settled = 0;
    for (let i = 0; i < ROUNDS; i++) {
        const workers = Array.from({ length: CLIENTS }, (_, k) => load(SEED + i * CLIENTS + k, steps));
        await sleep(20 + random.below(400));
        await server.kill9();
        await Promise.all(workers);
        await server.begin();
        await checkPromises();
        await checkNothingHalf();
        await checkNumbers();
        settled += await settle();
        await checkNumbers();
        await server.verifyClean();
    }
    t.diagnostic(`${steps.done} steps, ${promised.documents.size} documents, ${promised.status.size} decisions and ${promised.materials.size} materials acknowledged, ${settled} settled after a crash`);
    assert.ok(steps.done > ROUNDS, 'there was load');
    assert.ok(promised.status.size > ROUNDS / 2, 'there were decisions');
});
