// scripts/deploy.sh with a version that has changed the schema, served, and only then is found wanting; and with PostgreSQL behind the service,
// where there is no snapshot to go back to.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Deployment, SLOW } from './deployment.mjs';
import { Folder, TAG, TOP, docker, freePort, inspect, ran, tried, until } from './docker.mjs';

const TABLE = 'CREATE TABLE deploy_test (id @int@ NOT NULL PRIMARY KEY) @strict@;\n';
const EMPTY_PAGE = ['USER root', 'RUN echo nothing > /usr/share/nginx/html/index.html && rm -f /usr/share/nginx/html/index.html.*', 'USER 101:101'];
const SICK_PAGE = ['HEALTHCHECK --interval=1s --retries=1 --start-period=1s CMD exit 1'];
const WELL_AGAIN = /back again and well/;

describe('SQLite', () => {
    const site = new Deployment(new Folder(), { project: 'mms-test-schema', subnet: '172.31.254.0/24' });
    let snapshot;
    const files = (start) => readdirSync(path.join(site.settings.MMS_DATA, 'db')).filter((name) => name.startsWith(start));

    before(async () => {
        await site.layOut({ COMPOSE_PROJECT_NAME: site.project, MMS_VERSION: '' });
        snapshot = site.otherSchema([['found-wanting', TABLE, { frontend: EMPTY_PAGE }], ['mended', TABLE]]);
        await site.begin();
        await site.receive();
    });
    after(() => site.end());

    test('nobody has written since: told before, and back by itself, with all that there was', { timeout: SLOW }, async () => {
        const numbers = await site.numbers(), before_ = files('mms.db.before-').length;
        const output = await site.failed('found-wanting', WELL_AGAIN);
        assert.match(output, /this version changes the schema[^]*start the new containers/, 'told before anything was touched');
        assert.match(output, /not as it should be[^]*the database is the snapshot from before/, 'it had served');
        site.runs(TAG);
        assert.deepEqual(await site.numbers(), numbers);
        assert.equal(files(snapshot).length, before_ + 1);
        assert.equal(files('mms.db.failed-').filter((name) => !/-(wal|shm)$/.test(name)).length, 1, 'what it had is kept');
        site.verify();
        await site.receive();
        assert.match(site.log.at(-1), / found-wanting FAILED; what was there before serves again$/);
    });

    test('people have written since: what they were told is kept, the new version stays and says so; the next one mends it', { timeout: SLOW }, async () => {
        await site.underLoad(() => site.failed('found-wanting', /this version changes the schema[^]*what was written since must not be lost.*\n?.*Snapshot: .*before-/));
        assert.equal(inspect('mms-backend-prod').Config.Image, 'mms-backend:found-wanting');
        assert.match(site.log.at(-1), / found-wanting FAILED after the new version had changed the schema and served; it was left as it is$/);
        assert.match(readFileSync(site.envFile, 'utf8'), /^MMS_VERSION=found-wanting$/m, 'what docker-compose starts is what runs');
        const output = await site.underLoad(() => site.deployed('mended'));
        assert.match(output, /mending that first/);
        assert.doesNotMatch(output, /changes the schema/);
        site.runs('mended');
    });
});

describe('PostgreSQL', () => {
    const site = new Deployment(new Folder(), { project: 'mms-test-postgres', subnet: '172.31.254.0/24' });
    const CLUSTER = path.join(TOP, 'backend/tests/postgres/cluster');
    let cluster;
    const ask = (statement, database = 'mms') => ran('psql', ['-qtAX', '-h', cluster, '-p', site.port, '-U', 'mms', '-d', database, '-c', statement],
        { env: { PATH: process.env.PATH, PGPASSWORD: site.password } });

    before(async () => {
        cluster = path.join(site.folder.path, 'pg');
        ran('chmod', ['755', site.folder.path]); // root gives the cluster to another user
        site.port = String(await freePort());
        // On the engine's own bridge, where every container reaches it and nobody else does.
        const bridge = JSON.parse(docker('network', 'inspect', 'bridge'))[0].IPAM.Config[0];
        const address = bridge.Gateway ?? /inet ([0-9.]+)/.exec(ran('ip', ['-4', '-o', 'address', 'show', 'docker0']))[1];
        ran(CLUSTER, ['start', cluster, 'fsync=off', `port=${site.port}`, `listen_addresses='${address}'`, 'host all mms 172.16.0.0/12 scram-sha-256'], { stdio: 'ignore' });
        site.password = readFileSync(path.join(cluster, 'password'), 'utf8').trim();
        ask("CREATE DATABASE mms ENCODING 'UTF8' TEMPLATE template0", 'postgres');
        await site.layOut({ COMPOSE_PROJECT_NAME: site.project, MMS_VERSION: '', DATABASE_URL: `postgresql://mms:${site.password}@${address}:${site.port}/mms` });
        site.otherSchema([['page-is-sick', TABLE, { frontend: SICK_PAGE }], ['found-wanting', TABLE, { frontend: EMPTY_PAGE }], ['mended', TABLE]]);
        site.bothVariants('two');
    });
    after(() => {
        site.end();
        if (cluster)
            tried(CLUSTER, ['stop', cluster], { stdio: 'ignore' });
    });

    test('the first version, and another while people work: no request fails, all is in PostgreSQL, nothing beside it', { timeout: SLOW }, async () => {
        assert.match(await site.begin(), /首次部署/);
        const output = await site.underLoad(() => site.deployed('two'));
        assert.doesNotMatch(output, /changes the schema/);
        site.runs('two');
        assert.equal(Number(ask('SELECT COUNT(*) FROM documents')), (await site.numbers()).length);
        assert.deepEqual(readdirSync(path.join(site.settings.MMS_DATA, 'db')), []);
        assert.ok(readdirSync(site.settings.MMS_BACKUP).length > 0, 'a backup was made first');
    });

    test('another schema and a page that is sick: the database has not been touched when it goes back', { timeout: SLOW }, async () => {
        const output = await site.underLoad(() => site.failed('page-is-sick', WELL_AGAIN, { more: { MMS_DEPLOY_WAIT: '60' } }));
        assert.match(output, /this version changes the schema[^]*have a pg_dump first[^]*the new page is not healthy/);
        site.runs('two');
        assert.equal(ask("SELECT COUNT(*) FROM pg_tables WHERE tablename = 'deploy_test'"), '0');
        assert.doesNotMatch(output, /would not start again/);
        docker('restart', 'mms-backend-prod');
        await until(async () => (await site.ask('GET', '/api/health')).status === 200, 'the version of before, started again');
    });

    test('another schema, served, and then found wanting: told before; it stays with all that was written, and the next one mends it', { timeout: SLOW }, async () => {
        await site.underLoad(() => site.failed('found-wanting', /this version changes the schema[^]*not as it should be[^]*nothing is taken back by itself/));
        assert.equal(inspect('mms-backend-prod').Config.Image, 'mms-backend:found-wanting');
        assert.match(site.log.at(-1), / found-wanting FAILED after the new version had changed the schema in PostgreSQL and served; it was left as it is$/);
        assert.match(readFileSync(site.envFile, 'utf8'), /^MMS_VERSION=found-wanting$/m);
        assert.match(await site.underLoad(() => site.deployed('mended')), /mending that first/);
        site.runs('mended');
    });
});
