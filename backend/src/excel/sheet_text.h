/* A text in one of the encodings that spreadsheet programs write, as UTF-8, piece by piece. */
#ifndef MMS_EXCEL_SHEET_TEXT_H
#define MMS_EXCEL_SHEET_TEXT_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sheet_encoding {
    const char *name;  /* as sheet_facts tells it */
    const char *codec; /* of iconv; NULL: it is UTF-8 */
    size_t skip;       /* the byte order mark */
};

enum sheet_text_fault { SHEET_TEXT_FINE, SHEET_TEXT_BAD, SHEET_TEXT_NO_CODEC };

/* Finds the encoding and proves that all of the text is in it, without a NUL. SHEET_TEXT_BAD: the first fault is in *bad_line. */
enum sheet_text_fault sheet_text_find(const char *bytes, size_t n, struct sheet_encoding *out, int64_t *bad_line);

#define SHEET_TEXT_PIECE 65536

struct sheet_text {
    const char *at, *end; /* UTF-8 that is ready */
    const char *rest;     /* not decoded yet */
    size_t rest_n;
    iconv_t codec;
    bool is_utf8;
    char *piece;
};

bool sheet_text_open(struct sheet_text *t, const char *bytes, size_t n, const struct sheet_encoding *encoding);
void sheet_text_close(struct sheet_text *t);
/* Makes more ready once at == end; false at the end, and where the text is not in its encoding (rest_n > 0). */
bool sheet_text_more(struct sheet_text *t);

#endif
