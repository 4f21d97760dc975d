// Requests byte by byte, for what an HTTP library would never send.
import net from 'node:net';

/** Opens a connection, writes `bytes` (a string or Buffer, or a function that writes to the socket itself), and
 *  collects what comes until the server closes, `answers` whole answers are there, or `timeout` has passed.
 *  {answers: [{status, headers, body}], closed, text} */
export function raw(server, bytes, { answers = 1, timeout = 30_000 } = {}) {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve) => {
        const socket = net.connect(Number(port), hostname);
        let got = Buffer.alloc(0);
        const finish = (closed) => {
            clearTimeout(timer);
            socket.destroy();
            resolve({ answers: parseAnswers(got), closed, text: got.toString('latin1') });
        };
        const timer = setTimeout(() => finish(false), timeout);
        socket.on('connect', () => (typeof bytes === 'function' ? bytes(socket) : socket.write(bytes)));
        socket.on('data', (part) => {
            got = Buffer.concat([got, part]);
            if (parseAnswers(got).length >= answers)
                finish(false);
        });
        socket.on('error', () => finish(true));
        socket.on('close', () => finish(true));
    });
}

/** The whole answers in `bytes`; what is not yet complete is left out. */
function parseAnswers(bytes) {
    const list = [];
    for (let at = 0; at < bytes.length;) {
        const end = bytes.indexOf('\r\n\r\n', at);
        if (end < 0)
            break;
        const lines = bytes.toString('latin1', at, end).split('\r\n');
        const status = Number(lines[0].split(' ')[1]);
        const headers = {};
        for (const line of lines.slice(1)) {
            const colon = line.indexOf(':');
            headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
        }
        const length = Number(headers['content-length'] ?? 0);
        if (bytes.length < end + 4 + length)
            break;
        at = end + 4 + length;
        if (status >= 200) // 100 Continue is no answer
            list.push({ status, headers, body: bytes.toString('utf8', end + 4, at) });
    }
    return list;
}
