#include "http/gzip.h"

#include <string.h>
#include <strings.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/text.h"

static const char *skip_blank(const char *at)
{
    return at + strspn(at, " \t");
}

/* at: behind the coding, up to `end`. Is there a q that is zero? */
static bool weight_is_zero(const char *at, const char *end)
{
    while (at < end && *at != ';')
        at++;
    if (at == end)
        return false;
    at = skip_blank(at + 1);
    if (strncasecmp(at, "q=", 2) != 0)
        return false;
    for (at += 2; at < end && strchr("0.", *at);)
        at++;
    return skip_blank(at) >= end;
}

static bool entry_is(const char *at, const char *name)
{
    size_t n = strlen(name);

    return !strncasecmp(at, name, n) && strchr(" \t,;", at[n]);
}

bool coding_accepted(const char *accept_encoding, const char *coding)
{
    bool any = false;

    for (const char *at = accept_encoding; at && *at;) {
        at += strspn(at, " \t,");
        const char *end = at + strcspn(at, ",");
        if (entry_is(at, coding))
            return !weight_is_zero(at, end);
        if (entry_is(at, "*"))
            any = !weight_is_zero(at, end);
        at = end;
    }
    return any;
}

bool gzip_worth(const char *content_type, size_t n)
{
    static const char *const SMALLER[] = {"application/json",          "text/",
                                          "application/manifest+json", "image/svg+xml",
                                          "application/wasm",          NULL};

    if (n < GZIP_MIN)
        return false;
    for (const char *const *type = SMALLER; *type; type++)
        if (text_starts(content_type, *type))
            return true;
    return false;
}

/* No more window than the body needs: the tables are cleared for every answer. */
static int window_bits(size_t n)
{
    int bits = 10;

    while (bits < 15 && (size_t)1 << bits < n)
        bits++;
    return bits;
}

bool gzip_pack(const void *bytes, size_t n, int level, struct buf *out)
{
    z_stream z = {0};
    int bits = window_bits(n);

    buf_reset(out);
    if (n > UINT32_MAX ||
        deflateInit2(&z, level, Z_DEFLATED, bits + 16, bits - 7, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    char *room = buf_room(out, n);
    z.next_in = bytes;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)room;
    z.avail_out = room ? (uInt)n : 0;
    bool packed = room && deflate(&z, Z_FINISH) == Z_STREAM_END;
    if (packed)
        out->n += z.total_out;
    deflateEnd(&z);
    return packed;
}
