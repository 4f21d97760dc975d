// The emulator as a server: whose request it is, the faults, the log, the answer.
import http from 'node:http';
import https from 'node:https';

import { handleControl } from './control.mjs';
import { decodePath, pairs } from './encode.mjs';
import { Faults } from './faults.mjs';
import { handleMetadata } from './metadata.mjs';
import { apiFailure, ApiError, handleApi } from './openapi.mjs';
import { finishOss, handleOss, ossFailure } from './oss.mjs';
import { OssError } from './oss-auth.mjs';
import { planned, readBody, respond } from './play.mjs';
import { State } from './state.mjs';
import { getObject, digest, putObject, removeObject, sortedKeys } from './store.mjs';

const LOG_MAX = 20_000;
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])$/i;

/** {service: 'oss'|'api'|'metadata'|'control', place}: from the name it was asked under. */
export function whose(state, { host, path, query, headers }) {
    const name = host.replace(/:\d+$/, '').toLowerCase();
    const local = name === 'localhost' || ADDRESS.test(name);
    if (local && path.startsWith('/__'))
        return { service: 'control' };
    if (name === '100.100.100.200' || (ADDRESS.test(name) && path.startsWith('/latest/')))
        return { service: 'metadata' };
    const isApi = headers['x-acs-action'] !== undefined || query.some(([key, value]) => key === 'SignatureMethod' && value === 'HMAC-SHA1');
    if (isApi || /^(kms|kms-vpc|sts|sts-vpc)[.-].*aliyuncs\.com$/.test(name) || name.endsWith('.cryptoservice.kms.aliyuncs.com'))
        return { service: 'api' };
    return { service: 'oss', place: ossPlace(state, name, local, path) };
}

function ossPlace(state, name, local, path) {
    const key = (text) => (text === '' ? undefined : text);
    const m = /^(?:([a-z0-9-]+)\.)?oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/.exec(name);
    if (m && m[1] !== undefined)
        return { style: 'host', bucket: m[1], hostRegion: m[2], key: key(path.slice(1)) };
    if (m || local) {
        const [bucket, ...rest] = path.slice(1).split('/');
        return { style: bucket === '' ? 'service' : 'path', bucket: key(bucket), hostRegion: m?.[2], key: key(rest.join('/')) };
    }
    return { style: 'cname', bucket: state.cname, key: key(path.slice(1)) };
}

/** A request as it stands on the wire, decoded as far as it can be. */
export function describe(req) {
    const at = req.url.indexOf('?');
    const rawPath = at < 0 ? req.url : req.url.slice(0, at), rawQuery = at < 0 ? '' : req.url.slice(at + 1);
    const request = { method: req.method, host: req.headers.host ?? '', headers: req.headers, rawPath, rawQuery, path: rawPath, query: [] };
    try {
        request.path = decodePath(rawPath);
        request.query = pairs(rawQuery);
    } catch {
        request.malformed = true;
    }
    return request;
}

function handle(state, request) {
    try {
        if (request.malformed)
            throw new OssError(400, 'InvalidURI', 'Couldn\'t parse the specified URI.', { ec: '0016-00000001' });
        if (request.service === 'metadata')
            return handleMetadata(state, request);
        if (request.service === 'api') {
            request.body = Buffer.concat(request.chunks);
            return handleApi(state, request);
        }
        return finishOss(handleOss(state, request));
    } catch (error) {
        return failure(request, error);
    }
}

/** The answer to an error, in the way of the service that was asked. */
function failure(request, error) {
    if (!(error instanceof OssError || error instanceof ApiError))
        throw error;
    if (request.service === 'metadata')
        return { status: error.status, headers: { 'Content-Type': 'text/plain', ...error.headers }, chunks: [Buffer.from(error.message)], code: error.code };
    return (request.service === 'api' ? apiFailure : ossFailure)(request, error);
}

export class Emulator {
    constructor(options) {
        this.state = new State(options);
        this.faults = new Faults();
        this.log = [];
        this.sockets = new Set();
        this.connections = 0; // that were ever opened
        this.options = options;
    }

    async listen() {
        const { port = 0, host = '127.0.0.1', tls } = this.options;
        this.server = http.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 });
        this.servers = [this.server];
        this.url = `http://${host}:${await this.open(this.server, port, host)}`;
        this.port = Number(new URL(this.url).port);
        if (tls) {
            const secure = https.createServer({ requestTimeout: 0, keepAliveTimeout: 60_000, ...tls });
            this.servers.push(secure);
            this.secureUrl = `https://${host}:${await this.open(secure, 0, host)}`;
        }
        return this;
    }

    open(server, port, host) {
        const serve = (req, res, waits) => this.serve(req, res, waits).catch((error) => {
            console.error(error);
            res.destroy(error);
        });
        server.on('request', (req, res) => serve(req, res, false));
        server.on('checkContinue', (req, res) => serve(req, res, true));
        server.on('connection', (socket) => {
            this.connections++;
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
        });
        server.on('clientError', (error, socket) => socket.destroy());
        return new Promise((resolve, reject) => {
            server.on('error', reject);
            server.listen(port, host, () => resolve(server.address().port));
        });
    }

    async serve(req, res, waits) {
        this.lastAt = Date.now();
        const request = describe(req);
        request.secure = req.socket.encrypted === true;
        Object.assign(request, request.malformed ? { service: 'oss', place: {} } : whose(this.state, request));
        if (request.service === 'control') {
            await readBody(req, request, {});
            return handleControl(this, request, res);
        }
        const entry = { at: Date.now(), service: request.service, method: req.method, host: request.host, path: request.path, query: Object.fromEntries(request.query), headers: req.headers,
            bucket: request.place?.bucket, object: request.place?.key };
        request.entry = entry;
        this.log.push(entry);
        if (this.log.length > LOG_MAX)
            this.log.shift();
        const fault = this.faults.take({ service: request.service, method: req.method, path: request.service === 'oss' ? `/${entry.object ?? ''}${request.rawQuery && `?${request.rawQuery}`}` : `${request.path}?${request.rawQuery}` });
        entry.fault = fault?.kind;
        request.now = this.state.now() + (fault?.kind === 'skew' ? fault.seconds * 1000 : 0);
        request.tokenExpired = fault?.kind === 'expired-token';
        if (waits && fault?.kind !== 'no-continue' && !fault?.early)
            res.writeContinue();
        if (!await readBody(req, request, fault ?? {}))
            return undefined;
        entry.bytes = request.size;
        const instead = planned(fault, request);
        const answer = instead?.raw ?? (instead ? failure(request, instead.error) : handle(this.state, request));
        Object.assign(entry, { status: answer.status, code: answer.code, requestId: answer.requestId });
        return respond(req, res, answer, fault ?? {}, request.now);
    }

    /** Directly, past all signatures. */
    put(bucket, key, body, headers = {}) {
        const chunks = [Buffer.from(body)], { size, md5, crc } = digest(chunks);
        putObject(this.state.buckets.get(bucket), key, { chunks, size, md5, crc, etag: `"${md5.toString('hex').toUpperCase()}"`, headers: { 'content-type': 'application/octet-stream', ...headers }, modified: this.state.now() });
    }
    /** {body, headers, size, crc, etag}, or undefined. */
    get(bucket, key) {
        const object = getObject(this.state.buckets.get(bucket), key);
        return object && { body: Buffer.concat(object.chunks), headers: object.headers, size: object.size, crc: object.crc, etag: object.etag };
    }
    remove(bucket, key) {
        removeObject(this.state.buckets.get(bucket), key, undefined, this.state.now());
    }
    keys(bucket) {
        return sortedKeys(this.state.buckets.get(bucket));
    }
    uploads(bucket) {
        return [...this.state.buckets.get(bucket).uploads.values()].map(({ id, key }) => ({ id, key }));
    }

    fault(fault) {
        return this.faults.add(fault);
    }

    async close() {
        const closed = this.servers.map((server) => new Promise((resolve) => {
            server.close(resolve);
        }));
        for (const socket of this.sockets)
            socket.destroy();
        await Promise.all(closed);
    }
}

/** See ../README.md for the options. */
export const startEmulator = (options = {}) => new Emulator(options).listen();
