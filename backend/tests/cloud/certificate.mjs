// A certificate that has signed itself, as a site's own gateway has one.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** {key, cert, file}: PEM of both, and the file of the certificate, which is its own authority. subject: 'IP:127.0.0.1'. */
export function certificate(folder, name, subject, days = 30) {
    const [key, file] = ['key', 'crt'].map((ending) => path.join(folder, `${name}.${ending}`));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', file, '-days', String(days), '-subj', `/CN=${name}`,
        '-addext', `subjectAltName=${subject}`], { stdio: 'pipe' });
    return { key: readFileSync(key), cert: readFileSync(file), file };
}
