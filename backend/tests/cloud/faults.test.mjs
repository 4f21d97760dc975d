// Object storage that refuses, lies, breaks off or is away: the one who asks is told in words, nothing is lost, no secret is shown, and the
// log has the request id by which the vendor finds it.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { accepted, refused, sleep } from '../api/harness.mjs';
import { csv, upload as uploadTable } from '../api/import-steps.mjs';
import { form, png } from '../api/picture.mjs';
import { AWAY, BROKEN, BUCKET, KEY, REFUSED, keyOf, startSite } from './site.mjs';

const PATIENCE_MS = 120_000;

const METRICS = 'metrics-token-of-the-tests';
const { cloud, server, admin, U } = await startSite({ METRICS_TOKEN: METRICS });

async function send(bytes) {
    const answer = await U.request('POST', '/api/profile/avatar', form(['avatar', bytes]));
    assert.doesNotMatch(answer.text, /LTAI|Signature|oss-cn|127\.0\.0\.1/, 'nothing of what is behind it');
    return answer;
}
const show = (where) => server.client().get(where);
const mine = async () => accepted(await U.get('/api/profile/me'), 200).avatar;
/** Of what somebody waited for: old pictures are removed by a thread of its own. */
const failures = () => server.logs.filter((entry) => entry.event === 'oss.failed' && entry.method !== 'DELETE');
const lastAsked = () => cloud.log.filter(({ method }) => method !== 'DELETE').at(-1);

let width = 0;
/** A picture unlike all before. */
const another = () => png(10 + ++width % 400, 7);

async function backAgain(condition) {
    for (const end = Date.now() + PATIENCE_MS; !await condition(); await sleep(100))
        assert.ok(Date.now() < end, 'the storage is back, and the program does not notice');
}

/** Everything is as it should be again, however long the program keeps away from the storage. */
async function recovered() {
    cloud.faults.clear();
    cloud.state.skewMs = 0;
    let answer;
    await backAgain(async () => {
        answer = await send(another());
        if (answer.status !== 200)
            refused(answer, ...AWAY);
        return answer.status === 200;
    });
    const { avatar } = answer.body.data;
    const got = await show(avatar);
    assert.equal(got.status, 200);
    assert.deepEqual(got.bytes, cloud.get(BUCKET, keyOf(avatar)).body);
    return avatar;
}

let before;
beforeEach(async () => {
    before = await recovered();
    cloud.log.length = 0;
});

/** What went wrong, with the vendor's own id, is in the log. */
function logged(since, code, entry = lastAsked()) {
    const last = failures().at(-1);
    assert.ok(failures().length > since, 'the failure is in the log');
    if (code !== undefined) {
        assert.equal(last.code, code);
        assert.equal(last.vendor_request_id, entry.requestId);
    }
    return last;
}

async function nothingLost() {
    assert.equal(await mine(), before, 'the picture before is still his');
    await recovered();
}

/** A fault on every attempt: [what is ordered, what the user is told, the vendor's code (undefined: there is none)]. */
const LASTING = {
    'a wrong secret': [() => change(KEY, { secret: 'another' }), REFUSED, 'SignatureDoesNotMatch'],
    'a key that is no more': [() => change(KEY, { disabled: true }), REFUSED, 'InvalidAccessKeyId'],
    'no permission': [() => change(KEY, { policy: { Version: '1', Statement: [{ Effect: 'Allow', Action: 'oss:GetObject', Resource: '*' }] } }), REFUSED, 'AccessDenied'],
    'a bucket that is not there': [() => rename(BUCKET, 'elsewhere'), REFUSED, 'NoSuchBucket'],
    'a bucket of another region': [() => Object.assign(cloud.state.buckets.get(BUCKET), { region: 'cn-shanghai', hostRegion: 'cn-shanghai' })
        && (() => Object.assign(cloud.state.buckets.get(BUCKET), { region: 'cn-hangzhou', hostRegion: 'cn-hangzhou' })), REFUSED, 'InvalidArgument'],
    'too many requests': [() => cloud.fault({ kind: '429', times: 'always', method: 'PUT' }), AWAY, 'QpsLimitExceeded'],
    'slow down': [() => cloud.fault({ kind: 'throttle', times: 'always', method: 'PUT' }), AWAY, 'SlowDown'],
    'an error within': [() => cloud.fault({ kind: '500', times: 'always', method: 'PUT' }), AWAY, 'InternalError'],
    'a service that is away': [() => cloud.fault({ kind: '503', times: 'always', method: 'PUT' }), AWAY, 'ServiceUnavailable'],
    'a proxy\'s page': [() => cloud.fault({ kind: 'html-error', times: 'always', method: 'PUT' }), AWAY, undefined],
    'connections that are reset at once': [() => cloud.fault({ kind: 'reset-before', times: 'always', method: 'PUT' }), AWAY, undefined],
    'connections that are reset within': [() => cloud.fault({ kind: 'reset-mid', times: 'always', method: 'PUT' }), AWAY, undefined],
    'answers that are lost': [() => cloud.fault({ kind: 'lost-ack', times: 'always', method: 'PUT' }), AWAY, undefined],
    'damage on the way': [() => cloud.fault({ kind: 'corrupt', times: 'always', method: 'PUT' }), BROKEN, 'InvalidDigest'],
    'somewhere else, they say': [() => cloud.fault({ kind: 'redirect', to: `${cloud.url}/latest/user-data`, times: 'always', method: 'PUT' }), REFUSED, undefined],
};

function change(id, what) {
    const old = cloud.state.keys.get(id);
    cloud.state.keys.set(id, { ...old, ...what });
    return () => cloud.state.keys.set(id, old);
}

function rename(from, to) {
    const bucket = cloud.state.buckets.get(from);
    cloud.state.buckets.delete(from);
    cloud.state.buckets.set(to, bucket);
    return () => {
        cloud.state.buckets.delete(to);
        cloud.state.buckets.set(from, bucket);
    };
}

for (const [what, [order, told, code]] of Object.entries(LASTING))
    test(`uploading, ${what}: told in words, nothing lost`, async () => {
        const since = failures().length, undo = order();
        const answer = await send(another());
        const entry = lastAsked();
        undo();
        refused(answer, ...told);
        assert.ok(entry, 'the storage was asked');
        logged(since, code, entry);
        assert.deepEqual(cloud.log.filter(({ service }) => service !== 'oss'), [], 'nobody is led elsewhere');
        await nothingLost();
    });

/** A fault that goes over: tried again, nobody notices. */
const PASSING = [['503'], ['500'], ['502'], ['throttle'], ['reset-before'], ['reset-mid'], ['reset-after'], ['lost-ack'], ['html-error'], ['corrupt'], ['bad-xml', { status: 500 }], ['503', { early: true }], ['slow-read', { ms: 50 }]];
for (const [kind, more = {}] of PASSING)
    test(`uploading, ${kind}${more.early ? ' before the body' : ''} twice: tried again, nobody notices`, async () => {
        cloud.fault({ kind, times: 2, method: 'PUT', ...more });
        const picture = another(), { avatar } = accepted(await send(picture), 200);
        assert.equal(cloud.log.filter(({ fault }) => fault === kind).length, kind === 'slow-read' ? 1 : 2);
        assert.deepEqual((await show(avatar)).bytes, cloud.get(BUCKET, keyOf(avatar)).body);
        assert.notEqual(avatar, before);
    });

test('the storage\'s clock is twenty minutes off, either way: gone by, and both clocks are in the log', async () => {
    for (const skew of [1200, -1200]) {
        cloud.state.skewMs = skew * 1000;
        const since = server.logs.length;
        const { avatar } = accepted(await send(another()), 200);
        assert.equal((await show(avatar)).status, 200);
        const told = server.logs.slice(since).find((entry) => entry.event === 'oss.clock_wrong');
        assert.ok(told, 'it is in the log');
        const off = (Date.parse(told.their_clock) - Date.parse(told.our_clock)) / 1000;
        assert.ok(Math.abs(off - skew) < 60, `${told.our_clock} ${told.their_clock}`);
        assert.ok(cloud.log.some(({ code, requestId }) => code === 'RequestTimeTooSkewed' && requestId === told.vendor_request_id));
    }
});

test('the storage\'s clock jumps at every attempt: given up, in words', async () => {
    const since = failures().length;
    for (let i = 0; i < 20; i++)
        cloud.fault({ kind: 'skew', seconds: i % 2 ? 4000 : -4000 });
    refused(await send(another()), ...REFUSED);
    logged(since, 'RequestTimeTooSkewed');
    await nothingLost();
});

const READING = {
    'cut': { kind: 'truncate' },
    'cut at once': { kind: 'truncate', after: 0 },
    'damaged': { kind: 'corrupt' },
    'reset': { kind: 'reset-before' },
    'an error within': { kind: '500' },
    'slow': { kind: 'slow', ms: 5, bytes: 20 },
};
for (const [what, fault] of Object.entries(READING)) {
    test(`showing, ${what} once: whole, or an error, never a part`, async () => {
        cloud.fault({ ...fault, method: 'GET' });
        const got = await show(before);
        assert.equal(got.status, 200, got.text);
        assert.deepEqual(got.bytes, cloud.get(BUCKET, keyOf(before)).body);
    });
    if (fault.kind !== 'slow')
        test(`showing, ${what} always: an error in words`, async () => {
            cloud.fault({ ...fault, method: 'GET', times: 'always' });
            refused(await show(before), ...(fault.kind === 'corrupt' ? BROKEN : AWAY));
            cloud.faults.clear();
            await backAgain(async () => (await show(before)).status === 200);
            assert.deepEqual((await show(before)).bytes, cloud.get(BUCKET, keyOf(before)).body, 'it is there as ever');
        });
}

/** A table of more than 8 MiB, which goes in parts. */
const LARGE = `${csv(['物料编码', '物料名称', '类别', '单位', '备注'], ...Array.from({ length: 9200 }, (_, i) => [`PART-${i}`, '氢气', '化学', 'kg', 'x'.repeat(1000)]))}\r\n`;
const COMPLETE = '\\?uploadId=';
const inParts = {
    'as it should be': [[], undefined],
    'parts that fail, each in another way': [['503', 'reset-mid', 'corrupt', 'lost-ack'].map((kind, i) => ({ kind, method: 'PUT', path: `partNumber=${i % 2 + 1}` })), undefined],
    'the last answer is lost': [[{ kind: 'lost-ack', method: 'POST', path: COMPLETE }], undefined],
    'the end fails once': [[{ kind: '500', method: 'POST', path: COMPLETE }], undefined],
    'the end fails always': [[{ kind: '500', method: 'POST', path: COMPLETE, times: 'always' }], AWAY],
    'the beginning is nonsense': [[{ kind: 'bad-xml', method: 'POST', path: '\\?uploads', times: 'always' }], BROKEN],
    'the second part never arrives': [[{ kind: 'reset-after', method: 'PUT', path: 'partNumber=2', times: 'always' }], AWAY],
    'the first part is always damaged': [[{ kind: 'corrupt', method: 'PUT', path: 'partNumber=1', times: 'always' }], BROKEN],
};
for (const [what, [faults, told]] of Object.entries(inParts))
    test(`uploading in parts, ${what}: ${told ? 'told in words, nothing is left of it' : 'whole in the end'}`, async () => {
        const there = new Set(cloud.keys(BUCKET));
        faults.forEach((fault) => cloud.fault(fault));
        const answer = await uploadTable(admin, 'materials', LARGE);
        const come = cloud.keys(BUCKET).filter((key) => key.startsWith('imports/') && !there.has(key));
        if (told)
            refused(answer, ...told);
        else
            accepted(answer, 201);
        assert.deepEqual(come.map((key) => cloud.get(BUCKET, key).body.toString() === LARGE), told ? [] : [true]);
        assert.deepEqual(cloud.uploads(BUCKET), [], 'no part is left, which would cost money');
        await nothingLost();
    });

test('an object that has vanished is not found, and its owner can put another', async () => {
    cloud.remove(BUCKET, keyOf(before));
    const { status, body } = await show(before);
    assert.deepEqual([status, body.code], [404, 'not_found']);
    await recovered();
});

test('a storage that never answers: others are not held up, and it ends', async () => {
    cloud.fault({ kind: 'hang', times: 'always' });
    const begun = Date.now();
    const waiting = Promise.all(Array.from({ length: 4 }, () => send(another())));
    let ended = false, others = 0;
    waiting.then(() => (ended = true));
    while (!ended) {
        accepted(await admin.get('/api/materials'), 200);
        others++;
        await sleep(20);
    }
    for (const answer of await waiting)
        assert.ok(answer.status === 503, answer.text);
    assert.ok(others > 10, `${others} other requests in ${Date.now() - begun} ms`);
    await nothingLost();
});

/** {health, storage, away, outages}: what a monitor is told of it. */
async function told() {
    const { status, body } = await server.client().get('/api/health');
    const { text } = await server.client().get('/metrics', { headers: { authorization: `Bearer ${METRICS}` } });
    const figure = (name) => Number(text.match(new RegExp(`^${name} (\\d+)$`, 'm'))[1]);
    return { health: status, storage: body.checks.objectStorage, away: figure('mms_object_storage_away'), outages: figure('mms_object_storage_outages_total') };
}

test('away for long: the program stops asking for a while, others go on, health stays good, and it comes back by itself', async () => {
    cloud.fault({ kind: '503', times: 'always' });
    const since = server.logs.length, { outages } = await told();
    const logged = (event) => server.logs.slice(since).some((entry) => entry.event === event);
    const opened = () => logged('oss.away');
    for (let i = 0; i < 10 && !opened(); i++)
        refused(await send(another()), ...AWAY);
    assert.ok(opened(), 'it says so');
    const asked = cloud.log.length;
    refused(await send(another()), ...AWAY);
    assert.equal(cloud.log.length, asked, 'nobody was asked');
    accepted(await admin.get('/api/materials'), 200);
    assert.deepEqual(await told(), { health: 200, storage: 'away', away: 1, outages: outages + 1 });
    await nothingLost();
    await backAgain(() => logged('oss.back'));
    assert.deepEqual(await told(), { health: 200, storage: 'asked', away: 0, outages: outages + 1 });
});
