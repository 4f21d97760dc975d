// Reads what the program exports: workbooks by their XML, and CSV.
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';

/** The parts of a zip archive, by name. */
export function unzip(bytes) {
    const parts = {};
    const end = bytes.lastIndexOf('PK\x05\x06');
    let at = bytes.readUInt32LE(end + 16);
    for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
        const [method, size, nameLength, extra, comment, local] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20),
            bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32), bytes.readUInt32LE(at + 42)];
        const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
        const packed = bytes.subarray(start, start + size);
        parts[bytes.toString('utf8', at + 46, at + 46 + nameLength)] = (method ? inflateRawSync(packed) : packed).toString();
        at += 46 + nameLength + extra + comment;
    }
    return parts;
}

const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
    .replace(/_x([0-9A-F]{4})_/g, (whole, code) => String.fromCharCode(parseInt(code, 16)));
const columnOf = (letters) => [...letters].reduce((n, letter) => n * 26 + letter.charCodeAt(0) - 64, 0) - 1;

/** The pattern of each cell format: "General" without one. */
function readFormats(styles) {
    const patterns = { 0: 'General', 49: '@' };
    for (const [, id, pattern] of styles.matchAll(/<numFmt numFmtId="(\d+)" formatCode="([^"]*)"/g))
        patterns[id] = plain(pattern);
    const [, cellFormats] = styles.match(/<cellXfs[^>]*>(.*?)<\/cellXfs>/s);
    return [...cellFormats.matchAll(/<xf numFmtId="(\d+)"/g)].map(([, id]) => patterns[id]);
}

function readSheet(name, xml, formats) {
    assert.doesNotMatch(xml, /<f[ >]/, 'a formula');
    const cells = [...xml.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row]) => {
        const found = [];
        for (const [, letters, attributes, kind, value] of row.matchAll(/<c r="([A-Z]+)\d+"([^>]*)>(<v>|<is><t[^>]*>)([^<]*)/g)) {
            const style = attributes.match(/s="(\d+)"/)?.[1] ?? 0;
            const isText = kind !== '<v>';
            assert.equal(/t="inlineStr"/.test(attributes), isText, row);
            found[columnOf(letters)] = { isText, value: isText ? plain(value) : Number(value), format: formats[style] };
        }
        return found;
    });
    return { name, xml, cells, rows: cells.map((row) => Array.from(row, (cell) => cell?.value ?? null)) };
}

/** Each sheet's {name, rows, cells, xml}; a cell is {isText, value, format}. */
export function readWorkbook(bytes) {
    const parts = unzip(bytes);
    const formats = readFormats(parts['xl/styles.xml']);
    const names = [...parts['xl/workbook.xml'].matchAll(/<sheet name="([^"]+)"/g)].map(([, name]) => plain(name));
    return names.map((name, i) => readSheet(name, parts[`xl/worksheets/sheet${i + 1}.xml`], formats));
}

/** "2026-11-29 08:30:00" of a workbook's number for an instant. */
export const shownTime = (days) => new Date(Math.round((days - 25569) * 86400) * 1000).toISOString().slice(0, 19).replace('T', ' ');

/** The rows of a CSV file as a strict reader sees them (RFC 4180). */
export function readCsv(bytes) {
    const text = bytes.toString('utf8');
    assert.ok(text.startsWith('\uFEFF') && text.endsWith('\r\n'), 'a byte order mark, and a line end at the end');
    const rows = [[]];
    const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
    for (cell.lastIndex = 1; cell.lastIndex < text.length;) {
        const [, quoted, bare, after] = cell.exec(text) ?? assert.fail(`no CSV: ${text.slice(0, 200)}`);
        rows.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
        if (after === '\r\n')
            rows.push([]);
    }
    rows.pop();
    return rows;
}

/** What a text of a CSV file was before it was kept from being a formula (backend/src/excel/csv.h). */
export const unguarded = (text) => (/^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text);
