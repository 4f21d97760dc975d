/* What the two readers share with sheet.c. */
#ifndef MMS_EXCEL_SHEET_INNER_H
#define MMS_EXCEL_SHEET_INNER_H

#include "base/arena.h"
#include "excel/sheet.h"

#define SHEET_TEXT_BYTES_MAX ((size_t)SHEET_TEXT_MAX * 4)

struct csv;
struct xlsx;

struct sheet {
    struct arena *arena; /* the caller's */
    struct sheet_facts facts;
    struct error err; /* what went wrong, once something did */
    char *file;       /* owned, when sheet_open read it */
    struct csv *csv;  /* one of these two */
    struct xlsx *xlsx;
    struct arena row_arena; /* texts of the present row */
    struct sheet_row row;
    int64_t rows_told;
    struct sheet_cell cells[SHEET_COLUMNS_MAX];
};

/* Each reader: open, then next until *more is false, then close, which takes NULL and what open left when it failed.
 * next leaves a row in s->row and s->cells, maybe an empty one. */
enum rc csv_open(struct sheet *s, const char *bytes, size_t n);
enum rc csv_next(struct sheet *s, bool *more);
void csv_close(struct csv *csv);
enum rc xlsx_open(struct sheet *s, const char *bytes, size_t n);
enum rc xlsx_next(struct sheet *s, bool *more);
void xlsx_close(struct xlsx *xlsx);

/* Each sets s->err and returns its code. The first keeps the words of errors.def. */
enum rc sheet_refuse(struct sheet *s, enum rc rc);
enum rc sheet_refuse_with(struct sheet *s, enum rc rc, const char *zh, const char *en);
/* Puts the place before the words of errors.def: "第 12 行：…", "单元格 C12：…". */
enum rc sheet_refuse_line(struct sheet *s, enum rc rc, int64_t line);
enum rc sheet_refuse_cell(struct sheet *s, enum rc rc, size_t column, int64_t row);

/* The text is longer than SHEET_TEXT_MAX. */
enum rc sheet_refuse_text(struct sheet *s, size_t column);

void sheet_row_begin(struct sheet *s, int64_t number, int64_t line);
/* Puts a cell that says something into the row. `text` is copied. */
enum rc sheet_put(struct sheet *s, size_t column, enum sheet_cell_kind kind, const char *text, size_t n, bool is_formula);

#endif
