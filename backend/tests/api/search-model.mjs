// What a search must find, written down anew: the program's own words about it are in backend/src/domain/search_text.h.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const unihan = (name) => execFileSync('python3', ['-c', `import bz2, sys; sys.stdout.buffer.write(bz2.open('/usr/share/unicode/${name}.bz2').read())`], { maxBuffer: 64 << 20 }).toString();

/** {character: {property: value}} */
function properties(name, wanted) {
    const rows = {};
    for (const [, code, what, value] of unihan(name).matchAll(/^U\+([0-9A-F]+)\t(\w+)\t(.*)$/gm))
        if (wanted.includes(what))
            (rows[String.fromCodePoint(parseInt(code, 16))] ??= {})[what] = value;
    return rows;
}

const SYLLABLES = properties('Unihan_Readings.txt', ['kMandarin', 'kXHC1983', 'kHanyuPinlu', 'kHanyuPinyin']);
const VARIANTS = properties('Unihan_Variants.txt', ['kSimplifiedVariant']);

const known = new Map();
export function readings(char) {
    if (!known.has(char)) {
        const row = SYLLABLES[char] ?? {};
        const modern = [row.kMandarin, row.kXHC1983, row.kHanyuPinlu].filter(Boolean).join(' ');
        const syllables = (modern || row.kHanyuPinyin || '').split(/[\s,]+/).map((one) => one.replace(/^[\d.*]+:?/, '').replace(/\(.*/, '')).filter(Boolean);
        const plain = syllables.map((one) => one.normalize('NFD').replace(/u[\u0300\u0301\u0304\u030c]?\u0308/g, 'v').replace(/[^a-z]/g, '')).filter(Boolean);
        known.set(char, [...new Set(plain.flatMap((one) => [one, one.replaceAll('v', 'u')]))]);
    }
    return known.get(char);
}

export function simplified(char) {
    const forms = (VARIANTS[char]?.kSimplifiedVariant ?? '').split(' ').filter(Boolean).map((one) => String.fromCodePoint(parseInt(one.slice(2), 16)));
    return forms.find((one) => one !== char) ?? char;
}

const folded = new Map();
export function fold(text) {
    if (!folded.has(text))
        folded.set(text, [...(text ?? '')].map((char) => simplified(char.normalize('NFKC').length === char.length ? char.normalize('NFKC').toLowerCase() : char.toLowerCase())));
    return folded.get(text);
}

const isLetter = (char) => (char >= 'a' && char <= 'z' && char.length === 1) || (char >= '0' && char <= '9' && char.length === 1);
const isGap = (char) => char < '\uff00' && /^[\x00-\x7f\u0080-\u00b4\u00b6-\u00bf\u2000-\u206f\u3000-\u303f\ufeff]$/.test(char) && !isLetter(char);

/** {start, length} of where the word is found first in the folded text, or null. */
export function find(word, text) {
    for (let start = 0; start < text.length; start++) {
        let places = new Set([0]); // how much of the word may be behind us
        for (let at = start; at < text.length && places.size; at++) {
            const next = new Set(), char = text[at];
            let ended = false;
            const reach = (done) => { ended ||= done === word.length; next.add(done); };
            for (const done of places) {
                if (word[done] === char)
                    reach(done + 1);
                for (const one of isLetter(word[done]) ? readings(char) : []) {
                    const rest = word.slice(done).join('');
                    if (rest.startsWith(one))
                        reach(done + one.length);
                    if (one.startsWith(rest))
                        reach(word.length);
                    if (rest[0] === one[0])
                        reach(done + 1);
                }
                if (isGap(char) && at > start)
                    next.add(done);
            }
            if (ended)
                return { start, length: at + 1 - start };
            places = next;
        }
    }
    return null;
}

/** Letters more, less, other, and neighbours exchanged, that lie between two words. */
function distance(a, b) {
    const d = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => (i && j ? 0 : i + j)));
    for (let i = 1; i <= a.length; i++)
        for (let j = 1; j <= b.length; j++) {
            d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
                d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.length][b.length];
}

function findTypo(word, text) {
    const typed = word.join('');
    if (!/^[a-z]{4,24}$/.test(typed))
        return null;
    for (const run of text.map((char) => (char.length === 1 ? char : '\ufffc')).join('').matchAll(/[a-z]+/g))
        if (/^.{4,24}$/.test(run[0]) && distance(typed, run[0]) <= 1)
            return { start: run.index, length: run[0].length };
    return null;
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const FIELDS = ['code', 'name', 'name_en', 'cas_no', 'un_no', 'standard', 'metal_grade'];

/** The rows ({code, name, …, retired}) that q finds, in order, each with what is to be highlighted. */
export function search(rows, q, limit) {
    const words = q.split(/[\s\u0000-\u0020\u3000]+/).filter(Boolean).map(fold), whole = fold(q.trim()).join('');
    const hits = (typos) => rows.flatMap((row) => {
        const found = words.map((word) => FIELDS.flatMap((field) => {
            const text = fold(row[field]), place = find(word, text) ?? (typos ? findTypo(word, text) : null);
            return place ? [{ field, text: row[field], ...place }] : [];
        }));
        return words.length && found.every((one) => one.length) ? [{ row, matches: found.flat() }] : [];
    });
    const rank = ({ row }) => (row.code.toLowerCase() === whole ? 0 : row.code.toLowerCase().startsWith(whole) ? 1 : 2);
    const exact = hits(false), all = exact.length ? exact : hits(true);
    return all.sort((a, b) => rank(a) - rank(b) || Number(a.row.retired) - Number(b.row.retired) || compare(a.row.code.toLowerCase(), b.row.code.toLowerCase())).slice(0, limit);
}

/** A question about one of the rows: a piece of one of its texts, as somebody might type it. */
export function question(rows, random) {
    const pick = (list) => list[random.below(list.length)];
    const row = pick(rows), words = [];
    for (let n = random.below(5) ? 1 : 2; n > 0; n--) {
        const text = [...pick([row.name, row.name, row.name, row.name_en, row.code, row.cas_no, row.standard, row.metal_grade, row.un_no].filter(Boolean))];
        const start = random.below(text.length), piece = text.slice(start, start + 1 + random.below(random.below(3) ? 6 : 20)).filter((char) => char.trim());
        const ways = [
            () => piece.join(''),
            () => piece.join('').toUpperCase(),
            () => piece.map((char) => pick(readings(char).length ? readings(char) : [char])).join(''),
            () => piece.map((char) => pick(readings(char).length ? readings(char) : [char])[0]).join(''),
            () => piece.map((char) => (/^[!-~]$/.test(char) ? String.fromCharCode(char.charCodeAt(0) + 0xfee0) : char)).join(''),
            () => piece.filter((char) => /[^-/ .()（）]/.test(char)).join(''),
            () => { const word = pick((row.name_en ?? 'nothing').split(/[^A-Za-z]+/).filter(Boolean)), at = random.below(word.length); return word.slice(0, at) + pick(['', 'x', word[at] + 'e']) + word.slice(at + 1); },
        ];
        words.push(pick(ways)());
    }
    return words.join(' ').trim().slice(0, 90) || 'h';
}

/** The demo catalogue: one object for each material. */
export function catalogue() {
    const rows = [[]];
    const text = readFileSync(new URL('../../data/hydrogen-materials.csv', import.meta.url), 'utf8').replace(/^\ufeff/, '');
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r?\n|$)/g)) {
        rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
        if (end !== ',')
            rows.push([]);
    }
    const [names, ...lines] = rows.filter((row) => row.length > 1);
    return lines.map((line) => Object.fromEntries(names.map((name, i) => [name, line[i] || null])));
}
