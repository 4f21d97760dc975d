// How a fault looks on the wire: bodies read slowly or cut, answers that break off, lie or never come.
import { ApiError } from './openapi.mjs';
import { OssError } from './oss-auth.mjs';
import { digest } from './store.mjs';

const wait = (ms) => new Promise((resolve) => {
    setTimeout(resolve, ms);
});

const reset = (socket) => (socket.resetAndDestroy && !socket.encrypted ? socket.resetAndDestroy() : socket.destroy());

/** Flips a bit in the middle; the chunk is a copy. */
function spoil(chunks) {
    const out = [...chunks], i = out.findIndex((chunk) => chunk.length > 0);
    if (i >= 0) {
        out[i] = Buffer.from(out[i]);
        out[i][out[i].length >> 1] ^= 1;
    }
    return out;
}

/** Sets chunks, size, md5 and crc. False when the fault has ended the request. */
export async function readBody(req, request, fault) {
    const { socket } = req;
    if (fault.kind === 'reset-before')
        return void reset(socket);
    if (fault.early && ['error', '500', '502', '503', '429', 'throttle'].includes(fault.kind)) {
        Object.assign(request, { chunks: [], unread: true, ...digest([]) });
        return true;
    }
    let chunks = [], size = 0;
    try {
        for await (const chunk of req) {
            chunks.push(chunk);
            size += chunk.length;
            if (fault.kind === 'reset-mid' && size >= (fault.after ?? 1))
                return void reset(socket);
            if (fault.kind === 'slow-read')
                await wait(fault.ms ?? 100);
        }
    } catch {
        request.entry && (request.entry.cut = true); // the client has gone
        return false;
    }
    if (fault.kind === 'reset-after')
        return void reset(socket);
    if (fault.kind === 'corrupt' && size > 0)
        chunks = spoil(chunks);
    Object.assign(request, { chunks, ...digest(chunks) });
    return true;
}

const WORDS = {
    500: { oss: 'InternalError', api: 'InternalFailure', words: 'The request has failed due to an internal error.' },
    502: { oss: 'BadGateway', api: 'BadGateway', words: 'Bad gateway.' },
    503: { oss: 'ServiceUnavailable', api: 'ServiceUnavailableTemporary', words: 'The service is temporarily unavailable. Please retry later.' },
    429: { oss: 'QpsLimitExceeded', api: 'Throttling.User', words: 'Request was denied due to user flow control.' },
};
const PROXY_PAGE = '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

/** What the fault answers in place of the service: {error} or {raw}; undefined when the service answers. */
export function planned(fault, request) {
    const api = request.service === 'api';
    const make = (status, code, words, more) => ({ error: api ? new ApiError(status, code, words, more?.headers) : new OssError(status, code, words, more) });
    switch (fault?.kind) {
    case '500':
    case '502':
    case '503':
    case '429': {
        const { [api ? 'api' : 'oss']: code, words } = WORDS[fault.kind];
        return make(Number(fault.kind), fault.code ?? code, words, { headers: fault.retryAfter === undefined ? {} : { 'Retry-After': String(fault.retryAfter) } });
    }
    case 'throttle':
        return api ? make(400, 'Throttling.User', WORDS[429].words) : make(503, 'SlowDown', 'Please reduce your request rate.');
    case 'error':
        return make(fault.status, fault.code, fault.message ?? fault.code, { ec: fault.ec });
    case 'html-error':
        return { raw: { status: 502, headers: { Server: 'nginx', 'Content-Type': 'text/html' }, chunks: [Buffer.from(PROXY_PAGE)], code: 'html' } };
    case 'answer':
        return { raw: { status: fault.status ?? 200, headers: { 'Content-Type': 'application/xml', ...fault.headers }, chunks: [Buffer.from(fault.body ?? '')], code: 'answer' } };
    case 'redirect':
        return { raw: { status: 307, headers: { Location: fault.to }, chunks: [], code: 'redirect' } };
    case 'bad-xml':
        return { raw: { status: fault.status ?? 200, headers: { 'Content-Type': api ? 'application/json' : 'application/xml' }, chunks: [Buffer.from(api ? '{"SecretData": "' : '<?xml version="1.0"?>\n<ListBucketResult><Name>mms</Na')], code: 'bad-xml' } };
    default:
        return undefined;
    }
}

async function write(res, chunk) {
    if (!res.write(chunk) && !res.destroyed)
        await new Promise((resolve) => {
            res.once('drain', resolve).once('close', resolve);
        });
}

/** Sends it, or what the fault makes of it. */
export async function respond(req, res, { status, headers, chunks = [] }, fault, now) {
    const { socket } = req;
    const size = chunks.reduce((n, chunk) => n + chunk.length, 0);
    if (fault.kind === 'hang')
        return;
    if (fault.kind === 'lost-ack')
        return void reset(socket);
    const bare = status === 204 || status === 304;
    res.writeHead(status, { Date: new Date(now).toUTCString(), ...(!bare && { 'Content-Length': size }), ...(fault.early && { Connection: 'close' }), ...headers });
    if (req.method === 'HEAD' || bare)
        return void res.end();
    if (fault.kind === 'truncate')
        return breakOff(res, socket, chunks, fault.after ?? size >> 1);
    if (fault.kind === 'corrupt' && req.method === 'GET')
        chunks = spoil(chunks);
    if (fault.kind === 'slow')
        return drip(res, Buffer.concat(chunks), fault);
    for (const chunk of chunks)
        await write(res, chunk);
    res.end();
}

/** Fewer bytes than were said, then the end of the connection. */
async function breakOff(res, socket, chunks, after) {
    let left = after;
    res.flushHeaders();
    for (const chunk of chunks) {
        const piece = chunk.subarray(0, left);
        left -= piece.length;
        if (piece.length)
            await write(res, piece);
    }
    socket.end();
}

async function drip(res, body, { ms = 100, bytes = 1 }) {
    res.flushHeaders();
    for (let at = 0; at < body.length && !res.destroyed; at += bytes) {
        res.write(body.subarray(at, at + bytes));
        await wait(ms);
    }
    res.end();
}
