/* A table that somebody made, read row by row: the first visible sheet of a workbook (.xlsx, .xlsm), or a text with commas, semicolons
 * or tabs (.csv, Excel's "Unicode text"). Which of them it is, its encoding and its delimiter are found by content, never by name.
 *
 * A file is held whole (SHEET_FILE_MAX), and so are a workbook's shared strings (SHEET_STRINGS_MAX); all else streams. Nothing is
 * believed that the file says about its own size. What is refused is told in words that say where and what to do (RC_SHEET_*).
 * The only folder that sees zip.h and expat.h. */
#ifndef MMS_EXCEL_SHEET_H
#define MMS_EXCEL_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

#define SHEET_FILE_MAX ((size_t)32 << 20)
#define SHEET_UNPACKED_MAX ((int64_t)256 << 20) /* all that is unpacked of one workbook */
#define SHEET_PIECES_MAX 24000000               /* tags and texts in it: 200,000 rows of 30 columns have about 18 million */
#define SHEET_STRINGS_MAX ((size_t)64 << 20)    /* what shared strings may take in memory */
#define SHEET_ROWS_MAX 200001                   /* that say anything: 200,000 and the head */
#define SHEET_COLUMNS_MAX 200
#define SHEET_TEXT_MAX 32767                    /* characters in a cell, as in Excel */

enum sheet_cell_kind {
    SHEET_CELL_EMPTY,
    SHEET_CELL_TEXT,   /* every cell of a .csv that is not empty */
    SHEET_CELL_NUMBER, /* "0.1", "-100000": no exponent, 15 significant digits as in Excel; a duration ([h]:mm) is the number of days */
    SHEET_CELL_DATE,   /* "2026-11-29", "2026-11-29 08:30:00" when it is not midnight, "08:30:00" for a time of no day */
    SHEET_CELL_BOOL,   /* "TRUE" or "FALSE" */
    SHEET_CELL_FAULT   /* "#REF!", "#N/A" and the like */
};

struct sheet_cell {
    enum sheet_cell_kind kind;
    const char *text; /* never NULL; "" when empty, and of a formula whose result is an empty text */
    bool is_formula;  /* the text is its result as it was last saved; empty: it was saved without one */
};

struct sheet_row {
    int64_t number; /* as a spreadsheet program shows it, from 1 */
    int64_t line;   /* .csv: of the text, where the row begins; .xlsx: the number */
    const struct sheet_cell *cells; /* from column A to the last one that says anything */
    size_t count;
};

struct sheet_facts {
    const char *kind;         /* "xlsx" or "csv" */
    const char *encoding;     /* .csv: "UTF-8", "UTF-8 BOM", "UTF-16LE", "UTF-16BE", "GBK" (GB18030); .xlsx: NULL */
    char delimiter;           /* .csv: , ; or tab */
    const char *name;         /* .xlsx: of the sheet that is read */
    const char *const *names; /* .xlsx: of all sheets, hidden ones too */
    size_t name_count;
    /* .xlsx, known when the last row has been read. Merged cells have their value in the first one. */
    int64_t merged_count;
    const char *merged_first; /* "A1:C1"; NULL: none are */
};

struct sheet;

/* *out is the caller's to close; `a` must live as long, and the texts of `why` live in it. */
MUST_CHECK enum rc sheet_open(const char *path, struct arena *a, struct sheet **out, struct error *why);
/* The same of a file in memory, which stays the caller's and must live until sheet_close. */
MUST_CHECK enum rc sheet_open_bytes(const char *bytes, size_t n, struct arena *a, struct sheet **out, struct error *why);
/* The next row that says anything, valid until the next call; *row is NULL after the last. A failure is final. */
MUST_CHECK enum rc sheet_next(struct sheet *s, const struct sheet_row **row, struct error *why);
void sheet_close(struct sheet *s); /* NULL does nothing */

const struct sheet_facts *sheet_facts(const struct sheet *s);

#define SHEET_ADDRESS_MAX 40
/* "C12": the cell cells[2] of row 12. */
void sheet_address(size_t column, int64_t row, char out[static SHEET_ADDRESS_MAX]);

#endif
