// An authority of the tests: it issues one certificate, and answers whether that is still good (OCSP), as public ones do or did.
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { ran } from './docker.mjs';

/** In `folder` (a path). `host` is where containers reach this machine; nothing else listens there. */
export class Authority {
    constructor(folder, host) {
        Object.assign(this, { folder, host, asked: 0 });
    }
    file(name) {
        return path.join(this.folder, name);
    }
    openssl(...args) {
        return ran('openssl', args, { cwd: this.folder });
    }

    /** Its own certificate, and the responder: answers with what `openssl ocsp` says of the index. */
    async begin() {
        this.openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=MMS test authority', '-keyout', 'ca.key', '-out', 'ca.pem');
        this.server = http.createServer((request, response) => {
            const parts = [];
            request.on('data', (part) => parts.push(part));
            request.on('end', () => {
                this.asked++;
                const question = request.method === 'POST' ? Buffer.concat(parts) : Buffer.from(decodeURIComponent(request.url.slice(1)), 'base64');
                writeFileSync(this.file('question'), question);
                this.openssl('ocsp', '-index', 'index.txt', '-CA', 'ca.pem', '-rkey', 'ca.key', '-rsigner', 'ca.pem', '-reqin', 'question', '-respout', 'answer', '-ndays', '1');
                response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(readFileSync(this.file('answer')));
            });
        });
        await new Promise((resolve, reject) => this.server.on('error', reject).listen(0, this.host, resolve));
        this.url = `http://${this.host}:${this.server.address().port}`;
    }

    /** A certificate for 90 days that names this authority's responder: {certificate (with what is above it), key}, as texts. */
    issue(name, addresses) {
        writeFileSync(this.file('extensions'), `subjectAltName=${addresses}\nauthorityInfoAccess=OCSP;URI:${this.url}\nbasicConstraints=CA:FALSE\n`);
        this.openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', 'site.key', '-out', 'site.csr');
        this.openssl('x509', '-req', '-in', 'site.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '0x4d4d5301', '-days', '90', '-extfile', 'extensions', '-out', 'site.pem');
        const ends = new Date(Date.now() + 90 * 86_400_000).toISOString().replace(/[-:T]/g, '').slice(2, 14);
        writeFileSync(this.file('index.txt'), `V\t${ends}Z\t\t4D4D5301\tunknown\t/CN=${name}\n`);
        return { certificate: readFileSync(this.file('site.pem'), 'utf8') + readFileSync(this.file('ca.pem'), 'utf8'), key: readFileSync(this.file('site.key'), 'utf8') };
    }

    /** What an OCSP answer says of the certificate, when it is this authority's: "good". */
    said(answer) {
        writeFileSync(this.file('stapled'), answer);
        return /site\.pem: (\w+)/.exec(this.openssl('ocsp', '-issuer', 'ca.pem', '-CAfile', 'ca.pem', '-cert', 'site.pem', '-respin', 'stapled'))[1];
    }

    end() {
        this.server?.close();
    }
}
