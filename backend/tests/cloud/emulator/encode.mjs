// Percent encoding as the signatures want it, and the checksum of object storage.

/** All but A-Z a-z 0-9 - _ . ~ escaped, as UTF-8. */
export const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const encodePath = (text) => text.split('/').map(encode).join('/');

/** Throws URIError. */
export const decodePath = decodeURIComponent;
const decodeWord = (text) => decodeURIComponent(text.replace(/\+/g, ' '));

/** [name, value] of each parameter, decoded; no '=' is an empty value. Throws URIError. */
export const pairs = (query) => query.split('&').filter((part) => part !== '').map((part) => {
    const at = part.indexOf('=');
    return at < 0 ? [decodeWord(part), ''] : [decodeWord(part.slice(0, at)), decodeWord(part.slice(at + 1))];
});

const byBytes = (a, b) => (a < b ? -1 : a > b ? 1 : 0); // what is encoded is ASCII

/** Sorted by encoded name. `bare`: an empty value leaves the name without '='. */
export const canonicalQuery = (list, bare) => list.map(([name, value]) => [encode(name), encode(value)])
    .sort((a, b) => byBytes(a[0], b[0]) || byBytes(a[1], b[1]))
    .map(([name, value]) => (bare && value === '' ? name : `${name}=${value}`)).join('&');

export const escapeXml = (text) => String(text).replace(/[&<>"'\u0000-\u001f]/g, (c) => `&#${c.charCodeAt(0)};`);
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
export const unescapeXml = (text) => text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (all, hex, dec, name) => (hex ? String.fromCodePoint(parseInt(hex, 16)) : dec ? String.fromCodePoint(Number(dec)) : NAMED[name] ?? all));

/** Texts of every <NAME> in a document that is known to be flat there. */
export const xmlTexts = (document, name) => [...document.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((m) => unescapeXml(m[1]));

// CRC-64 of ECMA-182, reflected, init and xorout all ones; in halves of 32 bits, four bytes at a time.
const POLYNOMIAL = [0xd7870f42, 0xc96c5795]; // low, high
const LOW = [], HIGH = [];
for (let k = 0; k < 4; k++) {
    LOW.push(new Uint32Array(256));
    HIGH.push(new Uint32Array(256));
}
for (let i = 0; i < 256; i++) {
    let low = i, high = 0;
    for (let bit = 0; bit < 8; bit++) {
        const odd = low & 1;
        low = (low >>> 1) | (high << 31);
        high >>>= 1;
        if (odd) {
            low ^= POLYNOMIAL[0];
            high ^= POLYNOMIAL[1];
        }
    }
    LOW[0][i] = low;
    HIGH[0][i] = high;
}
for (let k = 1; k < 4; k++)
    for (let i = 0; i < 256; i++) {
        const low = LOW[k - 1][i], high = HIGH[k - 1][i], next = low & 255;
        LOW[k][i] = ((low >>> 8) | (high << 24)) ^ LOW[0][next];
        HIGH[k][i] = (high >>> 8) ^ HIGH[0][next];
    }

export class Crc64 {
    low = -1;
    high = -1;
    update(bytes) {
        const [l0, l1, l2, l3] = LOW, [h0, h1, h2, h3] = HIGH, n = bytes.length, whole = n & ~3;
        let { low, high } = this, i = 0;
        for (; i < whole; i += 4) {
            const x = low ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
            const a = x & 255, b = (x >>> 8) & 255, c = (x >>> 16) & 255, d = x >>> 24;
            low = high ^ l3[a] ^ l2[b] ^ l1[c] ^ l0[d];
            high = h3[a] ^ h2[b] ^ h1[c] ^ h0[d];
        }
        for (; i < n; i++) {
            const k = (low ^ bytes[i]) & 255;
            low = ((low >>> 8) | (high << 24)) ^ l0[k];
            high = (high >>> 8) ^ h0[k];
        }
        this.low = low;
        this.high = high;
        return this;
    }
    /** Decimal, as the header has it. */
    value() {
        return ((BigInt(~this.high >>> 0) << 32n) | BigInt(~this.low >>> 0)).toString();
    }
}

/** The sum (decimal) of two things, one behind the other, from those of each: how the service makes that of an object from those of its parts. */
export function joinedCrc(first, second, secondBytes) {
    const polynomial = (BigInt(POLYNOMIAL[1]) << 32n) | BigInt(POLYNOMIAL[0]);
    const multiply = (a, b) => {
        let product = 0n;
        for (let bit = 63n; bit >= 0n; bit--) {
            if ((a >> bit) & 1n)
                product ^= b;
            b = (b >> 1n) ^ (b & 1n ? polynomial : 0n);
        }
        return product;
    };
    let sum = BigInt(first), power = 1n << 55n; // x⁸; bit 63 is x⁰
    for (let n = secondBytes; n > 0; n = Math.floor(n / 2)) {
        if (n % 2)
            sum = multiply(sum, power);
        power = multiply(power, power);
    }
    return (sum ^ BigInt(second)).toString();
}
