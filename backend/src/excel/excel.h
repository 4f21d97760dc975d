/* Workbooks (.xlsx) of one sheet: a bold head that stays in sight, and rows of text and exact decimals. The only folder that sees
 * xlsxwriter.h. */
#ifndef MMS_EXCEL_EXCEL_H
#define MMS_EXCEL_EXCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dec.h"

#define EXCEL_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define EXCEL_ROWS_MAX 1048575 /* beside the head */

struct excel_column {
    const char *title;
    int width; /* in characters */
};

struct excel;

/* NULL: no workbook can be made here (no memory, no room for temporary files). */
struct excel *excel_new(const char *sheet, const struct excel_column *columns, size_t count);
/* The next cell of the present row. NULL, and what is no text of a sheet (over 32,767 characters), is left empty. */
void excel_text(struct excel *e, const char *text);
/* A number where a spreadsheet can hold it exactly (15 digits), else its text. */
void excel_dec(struct excel *e, struct dec value);
void excel_empty(struct excel *e);
void excel_next_row(struct excel *e);
/* The workbook as an open file of n bytes, the caller's to close; `e` is gone either way. */
bool excel_finish(struct excel *e, int *fd, int64_t *n);

#endif
