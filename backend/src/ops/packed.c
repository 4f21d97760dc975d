#include "ops/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "base/durable.h"

#define CHUNK_BYTES (256 * 1024)
#define GZIP_WINDOW (MAX_WBITS + 16) /* zlib: with the head and the sum of a .gz */
#define GZIP_MEMORY 8                /* zlib's own default */

struct pass {
    int from, to;
    struct hash_stream hash, stored_hash;
    struct packed *out;
    unsigned char in[CHUNK_BYTES], made[CHUNK_BYTES];
};

/* -1: errno. 0: the end. */
static ssize_t take(struct pass *p)
{
    ssize_t n;
    do
        n = read(p->from, p->in, sizeof p->in);
    while (n < 0 && errno == EINTR);
    return n;
}

static void note_inside(struct pass *p, const unsigned char *bytes, size_t n)
{
    hash_add(&p->hash, bytes, n);
    p->out->bytes += (int64_t)n;
}

static void note_stored(struct pass *p, const unsigned char *bytes, size_t n)
{
    hash_add(&p->stored_hash, bytes, n);
    p->out->stored += (int64_t)n;
}

static bool copy(struct pass *p, int64_t most)
{
    ssize_t n;
    while ((n = take(p)) > 0) {
        note_inside(p, p->in, (size_t)n);
        note_stored(p, p->in, (size_t)n);
        if (p->out->bytes > most) {
            errno = EBADMSG;
            return false;
        }
        if (!durable_write(p->to, p->in, (size_t)n))
            return false;
    }
    return n == 0;
}

/* What has come of the bytes in z; to its end when `flush` says that they are the last. */
static bool deflate_some(struct pass *p, z_stream *z, int flush)
{
    do {
        z->next_out = p->made;
        z->avail_out = CHUNK_BYTES;
        if (deflate(z, flush) == Z_STREAM_ERROR)
            return false;
        size_t n = CHUNK_BYTES - z->avail_out;
        note_stored(p, p->made, n);
        if (!durable_write(p->to, p->made, n))
            return false;
    } while (z->avail_out == 0);
    return true;
}

/* The lowest level: a database shrinks to nearly the same, in a third of the time. */
static bool gzip(struct pass *p)
{
    z_stream z = {0};
    ssize_t n;
    bool whole = true;
    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        errno = ENOMEM;
        return false;
    }
    while (whole && (n = take(p)) > 0) {
        note_inside(p, p->in, (size_t)n);
        z.next_in = p->in;
        z.avail_in = (uInt)n;
        whole = deflate_some(p, &z, Z_NO_FLUSH);
    }
    whole = whole && n == 0 && deflate_some(p, &z, Z_FINISH);
    int why = errno;
    deflateEnd(&z);
    errno = why;
    return whole;
}

static bool inflate_some(struct pass *p, z_stream *z, int64_t most, int *state)
{
    do {
        z->next_out = p->made;
        z->avail_out = CHUNK_BYTES;
        *state = inflate(z, Z_NO_FLUSH);
        size_t n = CHUNK_BYTES - z->avail_out;
        note_inside(p, p->made, n);
        if ((*state != Z_OK && *state != Z_STREAM_END && *state != Z_BUF_ERROR) || p->out->bytes > most) {
            errno = EBADMSG;
            return false;
        }
        if (!durable_write(p->to, p->made, n))
            return false;
    } while (z->avail_out == 0 && *state != Z_STREAM_END);
    return true;
}

static bool gunzip(struct pass *p, int64_t most)
{
    z_stream z = {0};
    ssize_t n;
    int state = inflateInit2(&z, GZIP_WINDOW);
    bool whole = true;
    errno = ENOMEM;
    if (state != Z_OK)
        return false;
    while (whole && (n = take(p)) > 0) {
        note_stored(p, p->in, (size_t)n);
        z.next_in = p->in;
        z.avail_in = (uInt)n;
        whole = state != Z_STREAM_END && inflate_some(p, &z, most, &state) && (state != Z_STREAM_END || z.avail_in == 0);
        errno = whole ? 0 : state == Z_STREAM_END ? EBADMSG : errno;
    }
    if (whole && n == 0 && state != Z_STREAM_END) {
        errno = EBADMSG; /* cut */
        whole = false;
    }
    int why = errno;
    inflateEnd(&z);
    errno = why;
    return whole && n == 0;
}

static bool run(struct pass *p, bool (*work)(struct pass *p, int64_t most), int64_t most, const char *from, const char *to)
{
    *p->out = (struct packed){0};
    hash_begin(&p->hash);
    hash_begin(&p->stored_hash);
    p->from = open(from, O_RDONLY | O_CLOEXEC);
    if (p->from < 0)
        return false;
    p->to = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool opened = p->to >= 0, whole = opened && work(p, most) && fsync(p->to) == 0;
    int why = errno;
    if (opened && close(p->to) != 0 && whole) {
        whole = false;
        why = errno;
    }
    close(p->from);
    if (opened && !whole)
        unlink(to);
    hash_end(&p->hash, p->out->hash);
    hash_end(&p->stored_hash, p->out->stored_hash);
    errno = why;
    return whole;
}

static bool gzip_all(struct pass *p, int64_t most)
{
    (void)most;
    return gzip(p);
}

bool pack_file(const char *from, const char *to, bool zipped, struct packed *out)
{
    struct pass p = {.out = out};
    return run(&p, zipped ? gzip_all : copy, INT64_MAX, from, to);
}

bool unpack_file(const char *from, const char *to, bool zipped, int64_t most, struct packed *out)
{
    struct pass p = {.out = out};
    return run(&p, zipped ? gunzip : copy, most, from, to);
}
