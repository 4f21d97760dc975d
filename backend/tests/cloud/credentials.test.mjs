// The temporary keys of the machine's role, which end all the time, while people's pictures go to object storage and come back.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server, accepted } from '../api/harness.mjs';
import { form, png } from '../api/picture.mjs';
import { FAKETIME, withClock } from '../sqlite/clock.mjs';
import { startEmulator } from './emulator/server.mjs';

const BUCKET = 'mms-uploads';
const folder = mkdtempSync(path.join(tmpdir(), 'mms-credentials-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const events = (server, name) => server.logs.filter(({ event }) => event === name);
const skip = FAKETIME ? false : 'faketime is not installed, or cannot be used with this build';
/** A clock for a program that is told the time by `set`. */
function aClock(offset) {
    const clock = withClock(folder);
    clock.set(offset);
    return clock;
}
const within = (server, condition, what) => server.until(condition, 90_000, what);

async function served(metadata, use, env = {}) {
    const cloud = await startEmulator({ buckets: { [BUCKET]: {} }, metadata });
    const server = new Server({ env: { UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.url, ALIYUN_METADATA_URL: cloud.url, ...env } });
    try {
        await server.begin();
        const admin = await server.admin();
        await within(server, () => events(server, 'credentials.fetched').length > 0, 'to have a key');
        await use({ cloud, server, admin, send: () => admin.request('POST', '/api/profile/avatar', form(['avatar', png(8, 8)])) });
        for (const [id, key] of cloud.state.keys)
            server.secrets.push(id, key.secret, ...key.token ? [key.token] : []);
        await server.stop(); // looks for them in all that was logged
    } finally {
        server.child?.kill('SIGKILL');
        await cloud.close();
    }
}

/** Keys under which object storage has done something. */
const keysUsed = (cloud) => new Set(cloud.log.filter(({ service, auth }) => service === 'oss' && auth === 'ok').map(({ key }) => key));

test('keys that end every few seconds, under load: no picture is lost, and nobody waits for the metadata service', async () => {
    await served({ lifetime: 4 }, async ({ cloud, server, send }) => {
        let goes = true, pictures = 0;
        const work = async () => {
            while (goes) {
                const { avatar } = accepted(await send(), 200);
                const answer = await server.client().get(avatar);
                assert.ok(answer.status === 200 || answer.status === 404, answer.text); // 404: somebody's next one has taken its place
                pictures++;
            }
        };
        const all = Promise.all([work(), work(), work()]);
        await Promise.race([all, within(server, () => keysUsed(cloud).size >= 4 && pictures > 20, 'to use several keys, for many pictures')]).finally(() => {
            goes = false;
        });
        await all;
        assert.equal(events(server, 'credentials.not_fetched').length, 0);
        assert.ok(events(server, 'credentials.fetched').every(({ source }) => source === 'role mms-ecs-role'));
        assert.ok(cloud.log.filter(({ service, path: place }) => service === 'metadata' && place.includes('security-credentials')).every(({ status }) => status === 200));
    });
});

test('a metadata service that fails: the key is used until it ends, then it is told, and all is well when it is back', async () => {
    await served({ lifetime: 8 }, async ({ cloud, server, send }) => {
        const end = cloud.fault({ kind: '503', service: 'metadata', times: 'always' });
        await within(server, () => events(server, 'credentials.not_fetched').length > 0, 'to miss the metadata service');
        const { error, used_until: until } = events(server, 'credentials.not_fetched')[0];
        assert.match(error, /the metadata service \S+ refused api\/token \(HTTP 503\)|refused meta-data/);
        const answer = await send();
        if (Date.now() < Date.parse(until)) // else this machine was too slow to see it
            accepted(answer, 200);
        await within(server, () => Date.now() > Date.parse(until), 'to outlive its key');
        const refusal = await send();
        assert.equal(refusal.status, 503, refusal.text);
        assert.ok(events(server, 'oss.failed').some((entry) => /metadata service/.test(JSON.stringify(entry))), 'the log says why there is no key');
        assert.equal((await server.client().get('/api/health')).status, 200);
        end();
        await within(server, async () => (await send()).status === 200, 'to have a key again');
    });
});

test('a metadata service that hangs: whoever puts and fetches pictures meanwhile neither asks it nor waits for it', async () => {
    await served({ lifetime: 40 }, async ({ cloud, server, send }) => {
        const { avatar } = accepted(await send(), 200);
        const end = cloud.fault({ kind: 'hang', service: 'metadata', times: 'always' }), from = cloud.log.length;
        const asked = () => cloud.log.slice(from).filter(({ service }) => service === 'metadata').length;
        const missed = () => events(server, 'credentials.not_fetched').length;
        for (const [what, action] of Object.entries({ fetched: () => server.client().get(avatar), put: send }))
            for (let done = false; !done;) {
                const seen = asked();
                await within(server, () => asked() > seen, 'to ask for another key');
                // Done before the thread gives up, and nobody else has asked: who waited for it would be later, who asked himself would be seen.
                const before = [asked(), missed()], answer = await action();
                assert.equal(answer.status, 200, `${what}: its key has ended, and nobody has got by meanwhile: ${answer.text}`);
                done = asked() === before[0] && missed() === before[1];
            }
        end();
    });
});

test('a clock that is set right while it runs: a key that by the right clock ends soon, or has ended, is fetched anew', { skip }, async () => {
    const clock = aClock('-8h'); // one that was set to local time
    await served({}, async ({ cloud, server, send }) => {
        const fetched = () => events(server, 'credentials.fetched');
        accepted(await send(), 200);
        for (const [offset, left] of [[5.5, 'half an hour'], [13, 'nothing']]) {
            const before = fetched().length;
            cloud.state.machine.lifetime = (offset + 6) * 3600; // by a right clock, what comes next ends in six hours
            cloud.state.rotateRole();
            clock.set(`+${offset * 3600}`);
            await within(server, () => fetched().length > before, `to fetch another key, with ${left} left of the one it has`);
            accepted(await send(), 200);
        }
    }, clock.env);
});

test('a clock that is hours ahead at the start: the key it is given has ended, both times are told, and all is well once the clock is right', { skip }, async () => {
    const clock = aClock('+8h'), cloud = await startEmulator({ buckets: { [BUCKET]: {} } });
    const server = new Server({ env: { UPLOAD_BACKEND: 'oss', OSS_BUCKET: BUCKET, OSS_REGION: 'cn-hangzhou', OSS_ENDPOINT: cloud.url, ALIYUN_METADATA_URL: cloud.url, ...clock.env } });
    try {
        await server.begin();
        await within(server, () => events(server, 'credentials.not_fetched').length > 0, 'to say that its key has ended');
        const [, ends, now] = /ended at (\S+) \(this machine's clock says (\S+)\)/.exec(events(server, 'credentials.not_fetched')[0].error);
        assert.ok(Math.abs(Date.parse(now) - Date.parse(ends) - 2 * 3_600_000) < 600_000, `${now} ${ends}`);
        clock.set('+0');
        await within(server, () => events(server, 'credentials.fetched').length > 0, 'to have a key');
        const admin = await server.admin();
        accepted(await admin.request('POST', '/api/profile/avatar', form(['avatar', png(8, 8)])), 200);
        await server.stop();
    } finally {
        server.child?.kill('SIGKILL');
        await cloud.close();
    }
});
