// The OpenAPI of KMS and STS: signatures ACS3-HMAC-SHA256 and RPC 1.0, answers in JSON.
import { randomUUID } from 'node:crypto';

import { pairs } from './encode.mjs';
import { acs3, rpc, same, sha256 } from './sign.mjs';
import { ACCOUNT } from './state.mjs';

const WINDOW_MS = 900_000;
const MUST_BE_SIGNED = ['host', 'x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-content-sha256', 'x-acs-signature-nonce'];

export class ApiError extends Error {
    constructor(status, code, message, headers = {}) {
        super(message);
        Object.assign(this, { status, code, headers });
    }
}

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const time = (text) => (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text ?? '') ? Date.parse(text) : NaN);
const mismatch = (made) => new ApiError(400, 'SignatureDoesNotMatch', `Specified signature does not match our calculation. server string to sign is:${made}`);
const incomplete = (what) => new ApiError(400, 'IncompleteSignature', `The request signature does not conform to Aliyun standards: ${what}.`);

function checkKey(state, request, id, token) {
    const key = state.keys.get(id);
    if (!key || key.disabled)
        throw new ApiError(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
    if (key.token !== token)
        throw new ApiError(400, 'InvalidSecurityToken.Malformed', 'Specified SecurityToken is malformed.');
    if (key.expires <= request.now || (request.tokenExpired && key.token !== undefined))
        throw new ApiError(400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.');
    return { id, ...key };
}

function checkTime(request, text) {
    const at = time(text);
    if (Number.isNaN(at))
        throw new ApiError(400, 'InvalidTimeStamp.Format', 'Specified time stamp or date value is not well formatted.');
    if (Math.abs(at - request.now) > WINDOW_MS)
        throw new ApiError(400, 'InvalidTimeStamp.Expired', `Specified time stamp or date value is expired. The server time is ${iso(request.now)}.`);
}

function checkNonce(state, request, nonce) {
    if (!nonce)
        throw incomplete('there is no signature nonce');
    for (const [old, at] of state.nonces)
        if (Math.abs(request.now - at) > WINDOW_MS)
            state.nonces.delete(old);
    if (state.nonces.has(nonce))
        throw new ApiError(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
    state.nonces.set(nonce, request.now);
}

function byHeader(state, request) {
    const { headers } = request;
    const m = /^ACS3-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([^,\s]+)$/.exec(headers.authorization);
    if (!m)
        throw incomplete('the Authorization header is not ACS3-HMAC-SHA256');
    const signed = m[2].split(';');
    const needed = [...MUST_BE_SIGNED, ...Object.keys(headers).filter((name) => name.startsWith('x-acs-') || name === 'content-type')];
    const missing = needed.find((name) => headers[name] === undefined || !signed.includes(name));
    if (missing)
        throw incomplete(`${missing} must be sent and signed`);
    const key = checkKey(state, request, m[1], headers['x-acs-security-token']);
    checkTime(request, headers['x-acs-date']);
    if (headers['x-acs-content-sha256'] !== sha256(request.body))
        throw new ApiError(400, 'InvalidContentSha256', 'x-acs-content-sha256 is not the hash of the body.');
    const made = acs3({ method: request.method, path: request.path, query: request.query, headers, signed, secret: key.secret });
    if (!same(made.signature, m[3]))
        throw mismatch(`${made.stringToSign} canonical request is:${made.canonicalRequest}`);
    checkNonce(state, request, headers['x-acs-signature-nonce']);
    return { key, action: headers['x-acs-action'], version: headers['x-acs-version'] };
}

function byParameters(state, request) {
    const all = [...request.query, ...request.form];
    const { Signature, SignatureMethod, SignatureVersion, AccessKeyId, SecurityToken, Timestamp, SignatureNonce, Action, Version } = Object.fromEntries(all);
    if (!Signature || !AccessKeyId)
        throw new ApiError(400, 'MissingAccessKeyId', 'AccessKeyId is mandatory for this action.');
    if (SignatureMethod !== 'HMAC-SHA1' || SignatureVersion !== '1.0')
        throw incomplete('only HMAC-SHA1, version 1.0');
    const key = checkKey(state, request, AccessKeyId, SecurityToken);
    checkTime(request, Timestamp);
    const made = rpc({ method: request.method, query: all.filter(([name]) => name !== 'Signature'), secret: key.secret });
    if (!same(made.signature, Signature))
        throw mismatch(made.stringToSign);
    checkNonce(state, request, SignatureNonce);
    return { key, action: Action, version: Version };
}

/** {key, action, version, parameters}. request: {method, path, query, headers, body, now}. Throws ApiError. */
export function apiAuthenticate(state, request) {
    const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
    request.form = isForm ? pairs(request.body.toString()) : [];
    const who = request.headers.authorization === undefined ? byParameters(state, request) : byHeader(state, request);
    return { ...who, parameters: Object.fromEntries([...request.query, ...request.form]) };
}

const forbidden = () => new ApiError(403, 'Forbidden.NoPermission', 'This operation is forbidden by permission system.');

function getSecretValue(state, { key, parameters }) {
    const { SecretName, VersionId, VersionStage = 'ACSCurrent', DryRun } = parameters;
    const name = SecretName?.replace(/^acs:kms:[^:]*:[^:]*:secret\//, '');
    if (!name || !/^[A-Za-z0-9_/+=.@-]{1,64}$/.test(name))
        throw new ApiError(400, 'InvalidParameter', 'The specified parameter is not valid: SecretName.');
    if (!state.allows(key, 'kms:GetSecretValue', `acs:kms:${state.region}:${ACCOUNT}:secret/${name}`))
        throw forbidden();
    const secret = state.secrets.get(name);
    if (secret?.key && !state.allows(key, 'kms:Decrypt', `acs:kms:${state.region}:${ACCOUNT}:key/${secret.key}`))
        throw forbidden();
    const version = secret?.versions.find((v) => (VersionId ? v.id === VersionId : v.stages.includes(VersionStage)));
    if (!version)
        throw new ApiError(404, 'Forbidden.ResourceNotFound', 'The specified resource does not exist.');
    if (DryRun === 'true')
        throw new ApiError(400, 'DryRunOperationError', 'The request would have succeeded, but the DryRun parameter is set.');
    return { SecretName: name, VersionId: version.id, CreateTime: iso(version.created), SecretData: version.data, SecretDataType: version.type, VersionStages: { VersionStage: version.stages },
        SecretType: 'Generic', AutomaticRotation: 'Disabled' };
}

function putSecretValue(state, { key, parameters }) {
    const { SecretName: name, SecretData: data, VersionId: versionId, SecretDataType: type = 'text' } = parameters;
    if (!state.allows(key, 'kms:PutSecretValue', `acs:kms:${state.region}:${ACCOUNT}:secret/${name}`))
        throw forbidden();
    if (!state.secrets.has(name))
        throw new ApiError(404, 'Forbidden.ResourceNotFound', 'The specified resource does not exist.');
    if (state.secrets.get(name).versions.some((v) => v.id === versionId))
        throw new ApiError(409, 'Rejected.ResourceExist', 'The specified version exists.');
    return { SecretName: name, VersionId: state.putSecret(name, { data, type, versionId }), VersionStages: { VersionStage: ['ACSCurrent'] } };
}

function assumeRole(state, { parameters }) {
    const role = /^acs:ram::\d+:role\/(.+)$/.exec(parameters.RoleArn ?? '')?.[1];
    const seconds = Number(parameters.DurationSeconds ?? 3600);
    if (!role || !parameters.RoleSessionName || !(seconds >= 900 && seconds <= 43200))
        throw new ApiError(400, 'InvalidParameter', 'RoleArn, RoleSessionName or DurationSeconds is not valid.');
    const made = state.issue(role, seconds);
    return { Credentials: { AccessKeyId: made.id, AccessKeySecret: made.secret, SecurityToken: made.token, Expiration: iso(made.expires) },
        AssumedRoleUser: { Arn: `acs:ram::${ACCOUNT}:role/${role}/${parameters.RoleSessionName}`, AssumedRoleId: `3${ACCOUNT}:${parameters.RoleSessionName}` } };
}

const callerIdentity = (state, { key }) => ({ AccountId: ACCOUNT, Arn: key.role ? `acs:ram::${ACCOUNT}:assumed-role/${key.role}/session` : `acs:ram::${ACCOUNT}:user/tester`,
    IdentityType: key.role ? 'AssumedRoleUser' : 'RAMUser', PrincipalId: key.id });

const ACTIONS = { '2016-01-20 GetSecretValue': getSecretValue, '2016-01-20 PutSecretValue': putSecretValue, '2015-04-01 AssumeRole': assumeRole, '2015-04-01 GetCallerIdentity': callerIdentity };

const json = (status, value, headers = {}) => ({ status, headers: { 'Content-Type': 'application/json;charset=utf-8', 'x-acs-request-id': value.RequestId, ...headers }, chunks: [Buffer.from(JSON.stringify(value))] });

export const apiFailure = (request, { status, code, message, headers }) => {
    const RequestId = randomUUID().toUpperCase();
    return { ...json(status, { RequestId, HostId: request.headers.host, Code: code, Message: message, Recommend: `https://api.aliyun.com/troubleshoot?q=${code}` }, headers), code, requestId: RequestId };
};

export function handleApi(state, request) {
    const who = apiAuthenticate(state, request);
    request.entry.auth = 'ok';
    request.entry.key = who.key.id;
    request.entry.action = who.action;
    const act = ACTIONS[`${who.version} ${who.action}`];
    if (!act)
        throw new ApiError(404, 'InvalidAction.NotFound', 'Specified api is not found, please check your url and method.');
    const RequestId = randomUUID().toUpperCase();
    return { ...json(200, { RequestId, ...act(state, who) }), requestId: RequestId };
}
