// Starts an emulator and prints its address; ends by itself when nobody has asked for a while.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { startEmulator } from './server.mjs';

const USAGE = `usage: emulator [--host ADDRESS] [--port N] [--idle SECONDS] [--region ID] [--bucket NAME]… [--versioning] [--strict] [--skew SECONDS]
                [--key ID:SECRET] [--secret NAME=VALUE]… [--role NAME | --no-role] [--plain-metadata] [--user-data FILE]
                [--lifetime SECONDS] [--policy FILE] [--tls-key FILE --tls-cert FILE]
Object storage, KMS, STS and a machine's metadata on 127.0.0.1, or --host. The first line of its output is its address; ends after
--idle seconds without a request (600), or by a signal. What the options mean, and how to order faults: ../README.md`;

const text = (extra = {}) => ({ type: 'string', ...extra });
const flag = { type: 'boolean' };
let options;
try {
    options = parseArgs({ options: { host: text(), port: text(), idle: text(), region: text(), bucket: text({ multiple: true }), versioning: flag, strict: flag, skew: text(), key: text(), secret: text({ multiple: true }),
        role: text(), 'no-role': flag, 'plain-metadata': flag, 'user-data': text(), lifetime: text(), policy: text(), 'tls-key': text(), 'tls-cert': text(), help: flag } }).values;
} catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(64);
}
if (options.help) {
    console.log(USAGE);
    process.exit(0);
}
function number(name, otherwise) {
    const value = Number(options[name] ?? otherwise);
    if (Number.isFinite(value))
        return value;
    console.error(`--${name}: not a number: ${options[name]}`);
    process.exit(64);
}
const cut = (pair, mark) => [pair.slice(0, pair.indexOf(mark)), pair.slice(pair.indexOf(mark) + 1)];

const role = options['no-role'] ? null : options.role ?? 'mms-ecs-role';
const emulator = await startEmulator({
    ...(options.host && { host: options.host }),
    port: number('port', 0),
    region: options.region,
    strict: options.strict,
    skew: number('skew', 0),
    buckets: Object.fromEntries((options.bucket ?? ['mms-uploads']).map((name) => [name, { versioning: options.versioning ? 'Enabled' : '' }])),
    ...(options.key && { keys: { [cut(options.key, ':')[0]]: { secret: cut(options.key, ':')[1] } } }),
    secrets: Object.fromEntries((options.secret ?? []).map((pair) => cut(pair, '='))),
    policies: options.policy && role ? { [role]: JSON.parse(readFileSync(options.policy)) } : {},
    metadata: { role, hardened: !options['plain-metadata'], lifetime: number('lifetime', 21600), userData: options['user-data'] ? readFileSync(options['user-data']) : null },
    ...(options['tls-key'] && { tls: { key: readFileSync(options['tls-key']), cert: readFileSync(options['tls-cert']) } }),
});
console.log(emulator.url);
if (emulator.secureUrl)
    console.log(emulator.secureUrl);

const idle = number('idle', 600) * 1000;
emulator.lastAt = Date.now();
setInterval(() => {
    if (Date.now() - emulator.lastAt > idle)
        process.exit(0);
}, Math.min(idle, 5000));
for (const signal of ['SIGTERM', 'SIGINT'])
    process.on(signal, () => process.exit(0));
