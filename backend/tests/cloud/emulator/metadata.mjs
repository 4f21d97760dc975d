// The metadata service of a machine: tokens, the role's keys, user data.
import { randomBytes } from 'node:crypto';

const text = (body, status = 200) => ({ status, headers: { 'Content-Type': 'text/plain' }, chunks: [Buffer.from(body)], code: status === 200 ? undefined : String(status) });
const refusal = (status, words) => text(`<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>${status} - ${words}</title></head><body><h1>${status} - ${words}</h1></body></html>\n`, status);
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function giveToken(state, request) {
    const ttl = request.headers['x-aliyun-ecs-metadata-token-ttl-seconds'] ?? '';
    if (!/^\d{1,5}$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > 21600)
        return refusal(400, 'Bad Request');
    const token = randomBytes(32).toString('base64');
    state.tokens.set(token, request.now + Number(ttl) * 1000);
    return text(token);
}

function credentials(state, role) {
    if (state.machine.role === null || role !== state.machine.role)
        return refusal(404, 'Not Found');
    const keys = state.roleKeys(role);
    return text(JSON.stringify({ AccessKeyId: keys.id, AccessKeySecret: keys.secret, Expiration: iso(keys.expires), SecurityToken: keys.token, LastUpdated: iso(keys.issued), Code: 'Success' }));
}

export function handleMetadata(state, request) {
    const { machine } = state;
    if (request.headers['x-forwarded-for'] !== undefined)
        return refusal(403, 'Forbidden');
    if (request.path === '/latest/api/token')
        return request.method === 'PUT' ? giveToken(state, request) : refusal(405, 'Not Allowed');
    if (request.method !== 'GET' && request.method !== 'HEAD')
        return refusal(405, 'Not Allowed');
    const token = request.headers['x-aliyun-ecs-metadata-token'];
    if ((machine.hardened || token !== undefined) && !(state.tokens.get(token) > request.now))
        return refusal(403, 'Forbidden');
    const ROLES = '/latest/meta-data/ram/security-credentials/';
    if (request.path.startsWith(ROLES) && request.path !== ROLES)
        return credentials(state, request.path.slice(ROLES.length));
    const value = {
        [ROLES]: machine.role,
        '/latest/user-data': machine.userData,
        '/latest/meta-data/instance-id': machine.instanceId,
        '/latest/meta-data/region-id': state.region,
        '/latest/meta-data/zone-id': machine.zoneId,
    }[request.path];
    return value === null || value === undefined ? refusal(404, 'Not Found') : text(value);
}
