// What one emulator knows: its clock, keys with what they may, buckets, secrets, the machine and its role.
import { randomBytes } from 'node:crypto';

import { decide } from './ram.mjs';

const HALF_HOUR = 1_800_000;
const ASKED_MAX = 20_000;
export const ACCOUNT = '1234567890123456';

export class State {
    /** See README.md for the options. */
    constructor(options = {}) {
        this.region = options.region ?? 'cn-hangzhou';
        this.strict = options.strict ?? false;
        this.hides = options.hides ?? false;
        this.asked = []; // what was asked for under a policy: {action, resource, allowed}
        this.skewMs = (options.skew ?? 0) * 1000;
        this.keys = new Map();
        for (const [id, key] of Object.entries(options.keys ?? { 'LTAI-emulator': { secret: 'emulator-secret' } }))
            this.keys.set(id, { ...key });
        this.buckets = new Map();
        for (const [name, bucket] of Object.entries(options.buckets ?? { 'mms-uploads': {} }))
            this.addBucket(name, bucket);
        this.cname = options.cname ?? this.buckets.keys().next().value;
        this.secrets = new Map();
        for (const [name, value] of Object.entries(options.secrets ?? {}))
            this.putSecret(name, value);
        this.machine = { role: 'mms-ecs-role', hardened: true, lifetime: 21600, userData: null, instanceId: 'i-emulator0000000001', zoneId: `${this.region}-h`, ...options.metadata };
        this.policies = options.policies ?? {};
        this.tokens = new Map();
        this.nonces = new Map();
    }

    now() {
        return Date.now() + this.skewMs;
    }

    /** Its clock shows this moment now, and goes on from there. */
    setClock(ms) {
        this.skewMs = ms - Date.now();
    }

    addBucket(name, { region = this.region, hostRegion = region, product = 'oss', acl = 'private', versioning = '', policy } = {}) {
        this.buckets.set(name, { name, region, hostRegion, product, acl, versioning, policy, created: this.now(), objects: new Map(), uploads: new Map() });
    }

    /** May the key's owner do this? A key without a policy may do everything. */
    allows(key, action, resource, secure) {
        const policy = key.policy ?? this.policies[key.role];
        if (!policy)
            return true;
        const allowed = decide(policy, action, resource, { 'acs:SecureTransport': secure }) === 'Allow';
        if (this.asked.push({ action, resource, allowed }) > ASKED_MAX)
            this.asked.shift();
        return allowed;
    }

    /** A new version of the secret becomes the current one; the one before stays as the previous one. */
    putSecret(name, value) {
        const { data, type = 'text', versionId, key = this.secrets.get(name)?.key } = typeof value === 'string' ? { data: value } : value;
        const versions = this.secrets.get(name)?.versions ?? [];
        for (const version of versions)
            version.stages = version.stages.includes('ACSCurrent') ? ['ACSPrevious'] : [];
        const id = versionId ?? `v${versions.length + 1}`;
        this.secrets.set(name, { key, versions: [...versions, { id, data, type, stages: ['ACSCurrent'], created: this.now() }] });
        return id;
    }

    /** Temporary keys; they stay good until they expire, whatever comes after them. */
    issue(role, lifetimeS) {
        const key = { role, secret: randomBytes(20).toString('base64url'), token: `CAIS${randomBytes(90).toString('base64')}`, issued: this.now(), expires: this.now() + lifetimeS * 1000 };
        const id = `STS.NU${randomBytes(12).toString('hex')}`;
        this.keys.set(id, key);
        return { id, ...key };
    }

    /** What the machine's role has now: new keys half an hour (or half of their life) before the old ones end. */
    roleKeys(role) {
        const { lifetime } = this.machine;
        const early = Math.min(HALF_HOUR, lifetime * 500);
        if (this.current?.role !== role || this.current.expires - this.now() < early)
            this.current = this.issue(role, lifetime);
        return this.current;
    }

    /** The role's keys change now, before their time. */
    rotateRole() {
        this.current = undefined;
    }
}
