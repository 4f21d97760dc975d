// Sixteen clients issue and approve at once against a small stock, receipts in between.
//   RACE_ROUNDS  how many rounds in all (a round: create a document, approve it as somebody else)
//   RACE_SEED    the order of things, as printed by an earlier run
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { accepted, approve, getMaterial, issueOf, makeMaterial, makeUser, receiptOf, reject, start, withoutGaps } from '../api/harness.mjs';
import { randomFrom } from '../api/random.mjs';

const ROUNDS = Number(process.env.RACE_ROUNDS || 40_000);
const SEED = Number(process.env.RACE_SEED || Date.now() % 1_000_000);
const CLIENTS = 16;
const server = await start();
after(() => server.stop());

/** Quantities in thousandths, so that sums are exact here too. */
const asText = (thousandths) => `${Math.trunc(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}`;

/** The account that the clients keep of one material: what they were told was approved. */
class Account {
    constructor(material) {
        this.material = material;
        this.approved = new Map(); // document id → signed thousandths
        this.refused = new Set();  // told that there is too little
        this.rejected = new Set();
    }

    get stock() {
        return [...this.approved.values()].reduce((sum, one) => sum + one, 0);
    }
}

test('sixteen clients against a small stock', { timeout: 3_600_000 }, async (t) => {
    t.diagnostic(`RACE_ROUNDS=${ROUNDS} RACE_SEED=${SEED}`);
    const admin = await server.admin();
    const applicants = await Promise.all(Array.from({ length: CLIENTS / 2 }, () => makeUser(admin, 'regular_user')));
    const managers = await Promise.all(Array.from({ length: CLIENTS / 2 }, () => makeUser(admin, 'inventory_manager')));
    const accounts = [];
    for (let i = 0; i < 3; i++)
        accounts.push(new Account(await makeMaterial(managers[0])));
    const outcomes = {};
    const count = (what) => (outcomes[what] = (outcomes[what] ?? 0) + 1);
    let left = ROUNDS, running = true;

    /** One answer that is definite: done, too little, or dealt with by somebody else. */
    const verdict = (answer) => {
        if (answer.status === 200 || answer.status === 201)
            return 'done';
        assert.equal(answer.status, 400, answer.text);
        assert.ok(['insufficient_stock', 'document_done'].includes(answer.body.code), answer.text);
        return answer.body.code;
    };

    async function round(random, applicant, manager, second) {
        const account = accounts[random.below(accounts.length)];
        const receipt = random.below(4) === 0;
        const thousandths = 1 + random.below(receipt ? 6000 : 2500);
        const made = await applicant.post('/api/inventory', (receipt ? receiptOf : issueOf)(account.material.id, asText(thousandths)));
        count(`create ${receipt ? 'in' : 'out'}: ${verdict(made)}`);
        if (made.status !== 201) {
            assert.ok(!receipt, made.text);
            return;
        }
        const { id } = made.body.data;
        const approvers = random.below(8) === 0 ? [manager, second] : [manager];
        const verdicts = (await Promise.all(approvers.map((one) => approve(one, id)))).map(verdict);
        count(`approve ${receipt ? 'in' : 'out'}: ${verdicts.sort().join(' + ')}`);
        const done = verdicts.filter((one) => one === 'done').length;
        assert.ok(done <= 1, `document ${id} was approved twice`);
        assert.ok(done === 1 || !verdicts.includes('document_done'), `document ${id}: ${verdicts}`);
        if (done) {
            account.approved.set(id, receipt ? thousandths : -thousandths);
            return;
        }
        assert.ok(!receipt, 'a receipt never lacks stock');
        account.refused.add(id);
        if (random.below(2) === 0) {
            accepted(await reject(manager, id, '库存不足'), 200, '出入库单已拒绝');
            account.rejected.add(id);
        }
    }

    const watch = async (client) => {
        while (running)
            for (const { material } of accounts) {
                const { current_stock: stock } = await getMaterial(client, material.id);
                assert.ok(stock >= 0, `stock ${stock}`);
            }
    };
    const watching = watch(applicants[0]);
    await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
        const random = randomFrom(SEED + i);
        while (left-- > 0)
            await round(random, applicants[i % applicants.length], managers[i % managers.length], managers[(i + 1) % managers.length]);
    })).finally(() => (running = false));
    await watching;
    for (const [what, times] of Object.entries(outcomes).sort())
        t.diagnostic(`${what}: ${times}`);
    if (ROUNDS >= 1000) { // or else there was no race
        assert.ok(outcomes['approve out: insufficient_stock'] > 0, 'nothing was ever refused at approval');
        assert.ok(outcomes['create out: insufficient_stock'] > 0, 'nothing was ever refused at creation');
    }

    for (const account of accounts) {
        const { id } = account.material;
        const answer = await admin.get(`/api/materials/${id}`, { headers: { accept: 'application/json;numbers=text' } });
        assert.equal(Math.round(Number(accepted(answer, 200).current_stock) * 1000), account.stock, 'stock is what was acknowledged');
        const rows = await server.sql(`SELECT d.id, d.status FROM documents d JOIN document_lines l ON l.document_id = d.id WHERE l.material_id = ${id}`);
        for (const { id: document, status } of rows) {
            const told = account.approved.has(document) ? 'approved' : account.rejected.has(document) ? 'rejected' : 'pending';
            assert.equal(status, told, `document ${document}`);
        }
        assert.equal(rows.length, account.approved.size + account.refused.size);
        assert.ok(await server.value(`SELECT MIN(stock_after) FROM moves WHERE material_id = ${id}`) >= 0);
        assert.equal(await server.value(`SELECT COUNT(DISTINCT document_id) FROM moves WHERE material_id = ${id}`), account.approved.size);
    }
    withoutGaps((await server.sql('SELECT number FROM documents ORDER BY id')).map((row) => row.number));
    await server.verifyClean();
});
