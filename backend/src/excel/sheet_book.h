/* What a workbook says beside its rows: which sheets there are, shared strings, which styles are dates. */
#ifndef MMS_EXCEL_SHEET_BOOK_H
#define MMS_EXCEL_SHEET_BOOK_H

#include "excel/sheet_package.h"
#include "excel/sheet_value.h"

struct sheet_book {
    struct sheet_package package;
    char *sheet_part; /* of the first visible sheet; in the caller's arena */
    bool from_1904;
    struct buf strings; /* one after another, each with a NUL */
    struct buf string_at; /* uint32_t: where each begins */
    struct buf styles;    /* unsigned char: the enum sheet_format of each */
};

/* Sets the facts of `s`. */
enum rc sheet_book_open(struct sheet *s, struct sheet_book *book, const char *bytes, size_t n);
void sheet_book_close(struct sheet_book *book);
/* NULL: there is no such string. */
const char *sheet_book_string(const struct sheet_book *book, int64_t index);
enum sheet_format sheet_book_style(const struct sheet_book *book, int64_t index);

/* Turns Excel's _x000D_ and the like into the characters meant, in place, and line ends into "\n". Returns the new length. */
size_t sheet_unescape(char *text, size_t n);

#endif
