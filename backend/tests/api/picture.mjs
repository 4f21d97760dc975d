// Pictures made by hand, for the tests of uploads.
import { deflateSync, crc32 as zlibCrc } from 'node:zlib';

function crc32(bytes) {
    if (zlibCrc)
        return zlibCrc(bytes);
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let i = 0; i < 8; i++)
            crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4), crc = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
}

/** A PNG of one colour ([r, g, b, a]); `more`: chunks to put before the pixels ([type, text]); `claim`: sizes that the header
 *  tells instead of the true ones. */
export function png(width, height, colour = [200, 30, 30, 255], { more = [], claim = [width, height] } = {}) {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(claim[0], 0);
    header.writeUInt32BE(claim[1], 4);
    header.set([8, 6, 0, 0, 0], 8);
    const row = Buffer.concat([Buffer.from([0]), Buffer.concat(Array(width).fill(Buffer.from(colour)))]);
    return Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        chunk('IHDR', header),
        ...more.map(([type, text]) => chunk(type, Buffer.from(text, 'latin1'))),
        chunk('IDAT', deflateSync(Buffer.concat(Array(height).fill(row)))),
        chunk('IEND', Buffer.alloc(0)),
    ]);
}

export function pngSize(bytes) {
    return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

/** 24 × 12, the left half black, the right half white, as libgd writes it. */
export const GIF = Buffer.from('R0lGODdhGAAMAIAAAAQCBPz+/CwAAAAAGAAMAAACH4SPFsu9CYGbISbqLMJNH854CliJZOmdokSuqtnCYAEAOw==', 'base64');
export const WEBP = Buffer.from('UklGRjYAAABXRUJQVlA4ICoAAADwAgCdASoYAAwAPm0skUWkIqGYBABABsS0gAAtwgvzIAD+/oef/6iAAAA=', 'base64');
export const JPEG = Buffer.from(
    '/9j/4AAQSkZJRgABAQEAYABgAAD//gA7Q1JFQVRPUjogZ2QtanBlZyB2MS4wICh1c2luZyBJSkcgSlBFRyB2NjIpLCBxdWFsaXR5ID0gNjAK/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+WmFaUGBKUVJP/9sAQwEODg4TERMmFRUmTzUtNU9PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09P/8AAEQgADAAYAwEiAAIRAQMRAf/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/EAB8BAAMBAQEBAQEBAQEAAAAAAAABAgMEBQYHCAkKC//EALURAAIBAgQEAwQHBQQEAAECdwABAgMRBAUhMQYSQVEHYXETIjKBCBRCkaGxwQkjM1LwFWJy0QoWJDThJfEXGBkaJicoKSo1Njc4OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoKDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uLj5OXm5+jp6vLz9PX29/j5+v/aAAwDAQACEQMRAD8A8wr0/wCDH/MZ/wC2H/tSvMK9P+DH/MZ/7Yf+1KAPTqKKKAP/2Q==',
    'base64');

/** A JPEG with an EXIF segment that says: to be turned (orientation 1–8), and where it was taken. */
export function exif(jpeg, orientation, secret = 'GPS 31.2304 121.4737') {
    const tiff = Buffer.alloc(26);
    tiff.write('II*\0', 0, 'latin1');
    tiff.writeUInt32LE(8, 4);
    tiff.writeUInt16LE(1, 8);
    tiff.writeUInt16LE(0x0112, 10);
    tiff.writeUInt16LE(3, 12);
    tiff.writeUInt32LE(1, 14);
    tiff.writeUInt16LE(orientation, 18);
    const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, Buffer.from(secret)]);
    const head = Buffer.from([0xff, 0xe1, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

/** The sizes that a JPEG's frame header tells. */
export function jpegSize(bytes) {
    for (let at = 2; at < bytes.length; at += 2 + bytes.readUInt16BE(at + 2))
        if (bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xc2)
            return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)];
    throw new Error('no frame');
}

/** A form with these parts: [name, content, filename?, type?]. {body, headers} for Client.request. */
export function form(...parts) {
    const boundary = '----form-of-the-tests-7d1';
    const body = Buffer.concat([
        ...parts.flatMap(([name, content, filename = 'a.png', type = 'image/png']) => [
            Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename ? `; filename="${filename}"` : ''}\r\nContent-Type: ${type}\r\n\r\n`),
            Buffer.from(content), Buffer.from('\r\n')]),
        Buffer.from(`--${boundary}--\r\n`),
    ]);
    return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}
