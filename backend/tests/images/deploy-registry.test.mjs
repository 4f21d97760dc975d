// scripts/deploy.sh with a registry: built on one engine, pushed, and pulled by its digest on the host, whose engine is another and is
// reached by ssh alone.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Deployment, NO_SSHD, SLOW, version } from './deployment.mjs';
import { BACKEND, FRONTEND, Folder, NO_REGISTRY, TOP, docker, inspect, ran, startRegistry, tried } from './docker.mjs';
import { NAMES } from './site.mjs';

const skip = NO_SSHD || NO_REGISTRY;
const site = new Deployment(new Folder(), { project: 'mms-test-registry', subnet: '172.31.253.0/24' });
const ENGINE = path.join(TOP, 'backend/tests/images/engine');
const HALVES = ['mms-backend', 'mms-frontend'];
let registry, workshop, way;

/** docker on the engine where images are made; the host knows nothing of it. */
const there = (...args) => ran('docker', ['-H', workshop, ...args]);
/** This version under another tag and label, in the workshop alone. */
function make(tag) {
    for (const [i, image] of [BACKEND, FRONTEND].entries()) {
        site.variant(HALVES[i].slice(4), tag, [`LABEL variant=${tag}`]);
        const file = path.join(site.folder.path, 'image.tar');
        docker('save', '-o', file, `${HALVES[i]}:${tag}`);
        there('load', '-q', '-i', file);
        there('tag', `${HALVES[i]}:${tag}`, `${registry.at}${HALVES[i]}:${tag}`);
        docker('rmi', `${HALVES[i]}:${tag}`);
        assert.equal(docker('images', '-q', '--filter', `label=variant=${tag}`), '', `${image} is not on the host`);
    }
}
async function digestOf(half, tag) {
    const answer = await fetch(`${registry.url}mms/${half}/manifests/${tag}`, { headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' } });
    return answer.headers.get('docker-content-digest');
}
const idsOf = () => NAMES.map((name) => inspect(name).Id);

before(async () => {
    if (skip)
        return;
    registry = await startRegistry(site.folder);
    await site.layOut({ COMPOSE_PROJECT_NAME: site.project, MMS_REGISTRY: registry.at, MMS_VERSION: '' });
    const place = path.join(site.folder.path, 'workshop');
    ran(ENGINE, ['start', place, 'images'], { stdio: 'ignore' });
    workshop = `unix://${place}/docker.sock`;
    const { host, more } = await site.overSsh();
    way = { host, more: { ...more, MMS_REGISTRY: registry.at, DOCKER_HOST: workshop } };
});
after(() => {
    registry?.stop();
    if (workshop)
        tried(ENGINE, ['stop', path.join(site.folder.path, 'workshop')]);
    site.end();
    // Now that no container is of them any more: else they would stay without a name.
    for (const half of HALVES)
        for (const tag of ['one', 'two', 'three'])
            tried('docker', ['rmi', '-f', `${registry?.at}${half}:${tag}`]);
});

test('without MMS_REGISTRY and without --load nothing is brought', { timeout: SLOW, skip }, async () => {
    make('one');
    for (const half of HALVES)
        there('tag', `${registry.at}${half}:one`, `${half}:one`);
    const { code, output } = await site.deploy(['--force', '--version', 'one'], { host: way.host, more: { ...way.more, MMS_REGISTRY: '' } });
    assert.equal(code, 1, output);
    assert.match(output, /MMS_REGISTRY is not set/);
    assert.equal(docker('ps', '-aq'), '');
});

test('two versions, the first and the next: pushed here, pulled there by digest, and these very ones run', { timeout: SLOW, skip }, async () => {
    const args = (tag) => version(tag).filter((option) => option !== '--load');
    for (const tag of ['one', 'two']) {
        if (tag === 'two') {
            make(tag);
            const { code, output } = await site.deploy([...args(tag), '--dry-run'], way);
            assert.equal(code, 0, output);
            assert.match(output, /push and pull .*mms-backend:two .*mms-frontend:two/);
            assert.equal(await digestOf('mms-backend', 'two'), null, 'a dry run pushes nothing');
        }
        // The host may know the registry by another name than who pushes.
        const from = tag === 'one' ? registry.at : registry.at.replace('127.0.0.1', 'localhost');
        const { code, output } = await site.deploy(args(tag), { host: way.host, more: { ...way.more, ...(from === registry.at ? {} : { MMS_PUSH_REGISTRY: from }) } });
        assert.equal(code, 0, output);
        const pushed = registry.log().split('\n').filter((line) => line.includes('PUT') && line.includes(`/manifests/${tag}`)).flatMap((line) => /http\.request\.host="?([^ "]+)/.exec(line)?.[1] ?? []);
        assert.deepEqual([...new Set(pushed)], [from.split('/')[0]]);
        assert.match(output, new RegExp(`pushing and pulling ${registry.at}mms-backend:${tag}`));
        site.runs(tag, registry.at);
        for (const half of HALVES) {
            const digest = await digestOf(half, tag);
            assert.match(digest, /^sha256:[0-9a-f]{64}$/);
            assert.deepEqual(JSON.parse(docker('image', 'inspect', `${registry.at}${half}:${tag}`))[0].RepoDigests, [`${registry.at}${half}@${digest}`]);
            assert.equal(inspect(`${half}-prod`).Image, there('image', 'inspect', '-f', '{{.Id}}', `${registry.at}${half}:${tag}`));
            const asked = registry.log().split('\n').filter((line) => line.includes('Docker-Client') || line.includes('docker/')).join('\n');
            assert.match(asked, new RegExp(`GET /v2/mms/${half}/manifests/${digest}`));
            assert.doesNotMatch(asked, new RegExp(`GET /v2/mms/${half}/manifests/${tag} .*docker/`), 'never by the tag');
        }
    }
    const { code, output } = await site.deploy(args('two'), way);
    assert.equal(code, 0, output);
    assert.match(output, /the images are there[^]*deployed already/);
});

test('a registry that is away: told, and nothing that runs is touched; the way back needs none', { timeout: SLOW, skip }, async () => {
    make('three');
    registry.stop();
    const ids = idsOf();
    const { code, output } = await site.deploy(['--force', '--version', 'three'], way);
    assert.equal(code, 1, output);
    assert.match(output, /the push failed: .*mms-backend:three/);
    assert.deepEqual(idsOf(), ids);
    const back = await site.deploy(['--rollback'], way);
    assert.equal(back.code, 0, back.output);
    site.runs('one', registry.at);
});
