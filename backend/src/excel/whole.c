#include "excel/whole.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* A zip archive: each part after a header of its own; at the end a directory with a record for each, and where it begins. */
#define END_BYTES 22
#define RECORD_BYTES 46
#define LOCAL_BYTES 30
#define DEFLATED 8

#define CHUNK_BYTES (16 * 1024)
#define HEAD_BYTES (16 * 1024) /* of a part: what stands before a sheet's rows */
#define TAIL_BYTES 1024        /* … and after them */
#define ROOT_MAX 64
#define ROWS_BEGIN "<sheetData>"
#define ROWS_END "</sheetData>"

/* What is kept of a part while it is unpacked. */
struct ends {
    char head[HEAD_BYTES + 1], tail[TAIL_BYTES + 1]; /* with a NUL each */
    size_t head_n, tail_n;
    int64_t total;
};

static uint32_t number_at(const unsigned char *bytes)
{
    uint32_t n;
    memcpy(&n, bytes, sizeof n);
    return le32toh(n);
}

static uint16_t short_at(const unsigned char *bytes)
{
    uint16_t n;
    memcpy(&n, bytes, sizeof n);
    return le16toh(n);
}

static bool read_at(int fd, off_t at, void *bytes, size_t n)
{
    return pread(fd, bytes, n, at) == (ssize_t)n;
}

static void keep(struct ends *e, const char *bytes, size_t n)
{
    size_t head = HEAD_BYTES - e->head_n < n ? HEAD_BYTES - e->head_n : n;
    memcpy(e->head + e->head_n, bytes, head);
    e->head_n += head;
    size_t last = n < TAIL_BYTES ? n : TAIL_BYTES, kept = TAIL_BYTES - last < e->tail_n ? TAIL_BYTES - last : e->tail_n;
    memmove(e->tail, e->tail + e->tail_n - kept, kept);
    memcpy(e->tail + kept, bytes + n - last, last);
    e->tail_n = kept + last;
    e->total += (int64_t)n;
}

/* Unpacks n bytes of the file from `at` on. */
static bool unpack(int fd, off_t at, int64_t n, struct ends *e)
{
    unsigned char in[CHUNK_BYTES];
    char out[CHUNK_BYTES];
    z_stream z = {0};
    int got = inflateInit2(&z, -MAX_WBITS);
    while (got == Z_OK && (n > 0 || z.avail_in)) {
        if (!z.avail_in) {
            size_t chunk = n < CHUNK_BYTES ? (size_t)n : CHUNK_BYTES;
            if (!read_at(fd, at, in, chunk))
                break;
            at += (off_t)chunk;
            n -= (int64_t)chunk;
            z.next_in = in;
            z.avail_in = (uInt)chunk;
        }
        z.next_out = (Bytef *)out;
        z.avail_out = sizeof out;
        got = inflate(&z, Z_NO_FLUSH);
        keep(e, out, sizeof out - z.avail_out);
    }
    inflateEnd(&z);
    e->head[e->head_n] = e->tail[e->tail_n] = 0;
    return got == Z_STREAM_END;
}

/* Whether it ends with the end of the element that it begins with, and maybe a line feed. */
static bool is_closed(const struct ends *e)
{
    const char *root = strstr(e->head, "?>\n<");
    size_t n = root ? strcspn(root + 4, " >") : ROOT_MAX;
    size_t tail_n = e->tail_n - (e->tail_n && e->tail[e->tail_n - 1] == '\n');
    if (n >= ROOT_MAX || tail_n < n + 3)
        return false;
    const char *end = e->tail + tail_n - (n + 3);
    return memcmp(end, "</", 2) == 0 && memcmp(end + 2, root + 4, n) == 0 && end[n + 2] == '>';
}

/* 0 when the part is no sheet. */
static int64_t row_bytes_of(const struct ends *e)
{
    const char *begin = strstr(e->head, ROWS_BEGIN), *end = strstr(e->tail, ROWS_END);
    if (!begin || !end)
        return 0;
    int64_t before = begin + strlen(ROWS_BEGIN) - e->head, after = e->tail + e->tail_n - end;
    return e->total - before - after;
}

/* The part of that record; false: it is not whole. */
static bool check_part(int fd, const unsigned char *record, int64_t *row_bytes)
{
    unsigned char local[LOCAL_BYTES];
    struct ends e = {0};
    off_t at = number_at(record + 42);
    if (short_at(record + 10) != DEFLATED || !read_at(fd, at, local, sizeof local))
        return false;
    at += LOCAL_BYTES + short_at(local + 26) + short_at(local + 28);
    if (!unpack(fd, at, number_at(record + 20), &e) || e.total != number_at(record + 24) || !is_closed(&e))
        return false;
    *row_bytes += row_bytes_of(&e);
    return true;
}

bool workbook_is_whole(int fd, int64_t size, int64_t row_bytes)
{
    unsigned char end[END_BYTES], record[RECORD_BYTES];
    int64_t found = 0;
    if (size < END_BYTES || !read_at(fd, size - END_BYTES, end, sizeof end))
        return false;
    off_t at = number_at(end + 16);
    for (unsigned left = short_at(end + 10); left > 0; left--) {
        if (!read_at(fd, at, record, sizeof record) || !check_part(fd, record, &found))
            return false;
        at += RECORD_BYTES + short_at(record + 28) + short_at(record + 30) + short_at(record + 32);
    }
    return found == row_bytes;
}
