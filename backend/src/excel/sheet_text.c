#include "excel/sheet_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define CERTAIN_CHARS 8 /* so many characters beyond ASCII before the first fault: then it is UTF-8, though damaged */

static const struct sheet_encoding UTF8 = {"UTF-8", NULL, 0}, UTF8_MARKED = {"UTF-8 BOM", NULL, 3}, GBK = {"GBK", "GB18030", 0},
                                   LITTLE = {"UTF-16LE", "UTF-16LE", 2}, BIG = {"UTF-16BE", "UTF-16BE", 2};

bool sheet_text_open(struct sheet_text *t, const char *bytes, size_t n, const struct sheet_encoding *encoding)
{
    *t = (struct sheet_text){.rest = bytes + encoding->skip, .rest_n = n - encoding->skip, .is_utf8 = !encoding->codec};
    if (t->is_utf8)
        return true;
    t->codec = iconv_open("UTF-8", encoding->codec);
    if (t->codec == (iconv_t)-1)
        return false;
    t->piece = malloc(SHEET_TEXT_PIECE);
    if (!t->piece)
        abort();
    return true;
}

void sheet_text_close(struct sheet_text *t)
{
    if (t->piece)
        iconv_close(t->codec);
    free(t->piece);
}

bool sheet_text_more(struct sheet_text *t)
{
    if (t->is_utf8) {
        t->at = t->rest;
        t->end = t->rest = t->rest + t->rest_n;
        t->rest_n = 0;
        return t->at < t->end;
    }
    char *out = t->piece, *in = (char *)(uintptr_t)t->rest;
    size_t room = SHEET_TEXT_PIECE;
    iconv(t->codec, &in, &t->rest_n, &out, &room);
    t->rest = in;
    t->at = t->piece;
    t->end = out;
    return t->at < t->end;
}

/* ---------------------------------------------------------------- finding it */

/* The bytes of valid UTF-8 without a NUL that the text begins with, and how many characters beyond ASCII are among them. */
static size_t utf8_prefix(const char *bytes, size_t n, size_t *beyond)
{
    const char *at = bytes, *end = bytes + n;
    uint32_t cp;
    *beyond = 0;
    for (size_t step; at < end; at += step) {
        step = (unsigned char)*at < 0x80 ? 1 : utf8_decode(at, end, &cp);
        if (step == 0 || *at == '\0')
            break;
        *beyond += step > 1;
    }
    return (size_t)(at - bytes);
}

/* Line breaks are "\n", "\r\n" or "\r"; *last is the character before. */
static int64_t count_lines(const char *at, const char *end, char *last)
{
    int64_t lines = 0;
    for (; at < end; at++) {
        lines += *at == '\r' || (*at == '\n' && *last != '\r');
        *last = *at;
    }
    return lines;
}

/* Decodes it all once. *good: the bytes before the first fault; *line: where that is. */
static enum sheet_text_fault prove(const char *bytes, size_t n, const struct sheet_encoding *encoding, size_t *good, int64_t *line)
{
    struct sheet_text t;
    char last = '\0';
    const char *nul = NULL;
    if (!sheet_text_open(&t, bytes, n, encoding))
        return SHEET_TEXT_NO_CODEC;
    *line = 1;
    while (!nul && sheet_text_more(&t)) {
        nul = memchr(t.at, '\0', (size_t)(t.end - t.at));
        *line += count_lines(t.at, nul ? nul : t.end, &last);
    }
    *good = n - t.rest_n;
    sheet_text_close(&t);
    return nul || *good < n ? SHEET_TEXT_BAD : SHEET_TEXT_FINE;
}

static enum sheet_text_fault find_unmarked(const char *bytes, size_t n, struct sheet_encoding *out, int64_t *bad_line)
{
    size_t beyond, utf8_good = utf8_prefix(bytes, n, &beyond), gbk_good = 0;
    char last = '\0';
    enum sheet_text_fault fault = utf8_good == n ? SHEET_TEXT_FINE : SHEET_TEXT_BAD;
    *out = UTF8;
    *bad_line = 1 + count_lines(bytes, bytes + utf8_good, &last);
    if (fault == SHEET_TEXT_FINE || beyond >= CERTAIN_CHARS || bytes[utf8_good] == '\0')
        return fault;
    int64_t line;
    fault = prove(bytes, n, &GBK, &gbk_good, &line);
    if (fault != SHEET_TEXT_BAD || gbk_good > utf8_good) {
        *out = GBK;
        *bad_line = line;
    }
    return fault;
}

enum sheet_text_fault sheet_text_find(const char *bytes, size_t n, struct sheet_encoding *out, int64_t *bad_line)
{
    size_t good, beyond;
    char last = '\0';
    if (n >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)) {
        *out = bytes[0] == '\xff' ? LITTLE : BIG;
        return prove(bytes, n, out, &good, bad_line);
    }
    if (n < 3 || memcmp(bytes, "\xef\xbb\xbf", 3) != 0)
        return find_unmarked(bytes, n, out, bad_line);
    *out = UTF8_MARKED;
    good = utf8_prefix(bytes, n, &beyond);
    *bad_line = 1 + count_lines(bytes, bytes + good, &last);
    return good == n ? SHEET_TEXT_FINE : SHEET_TEXT_BAD;
}
