/* The rows of a workbook's sheet. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "excel/sheet_book.h"

#define ROW_MAX 1048576 /* that a spreadsheet has */
#define COLUMN_MAX 16384

enum cell_type { TYPE_NUMBER, TYPE_SHARED, TYPE_FORMULA_TEXT, TYPE_INLINE, TYPE_BOOL, TYPE_ERROR, TYPE_DATE };

struct xlsx {
    struct sheet_book book;
    struct sheet_part part;
    int64_t row;
    bool row_is_guessed; /* it had no number: its first cell may know */
    bool in_row, in_cell, in_phonetic;
    /* the present cell */
    int64_t column; /* 0: before the first */
    enum cell_type type;
    int64_t style;
    bool is_formula, has_value;
};

/* ---------------------------------------------------------------- values */

static enum rc put(struct sheet *s, enum sheet_cell_kind kind, const char *text, size_t n)
{
    struct xlsx *x = s->xlsx;
    size_t column = (size_t)x->column - 1;
    if (column < s->row.count && (s->cells[column].kind != SHEET_CELL_EMPTY || s->cells[column].is_formula))
        return sheet_refuse_cell(s, RC_SHEET_DAMAGED, column, x->row); /* twice */
    return sheet_put(s, column, kind, text, n, x->is_formula);
}

static enum rc put_empty(struct sheet *s)
{
    return s->xlsx->is_formula ? put(s, SHEET_CELL_EMPTY, "", 0) : RC_OK;
}

static enum rc damaged(const struct sheet_part *part)
{
    const struct xlsx *x = part->self;
    return sheet_refuse_cell(part->sheet, RC_SHEET_DAMAGED, x->column > 0 ? (size_t)x->column - 1 : 0, x->row);
}

static enum rc put_number(struct sheet_part *part, const char *text)
{
    struct xlsx *x = part->self;
    char out[SHEET_NUMBER_MAX], date[SHEET_DATE_MAX];
    struct sheet_number number;
    if (!sheet_number_read(text, &number))
        return damaged(part);
    enum sheet_format format = sheet_book_style(&x->book, x->style);
    if (format != SHEET_FORMAT_NUMBER && sheet_date_print(&number, format, x->book.from_1904, date))
        return put(part->sheet, SHEET_CELL_DATE, date, strlen(date));
    sheet_number_print(&number, out);
    return put(part->sheet, SHEET_CELL_NUMBER, out, strlen(out));
}

static enum rc put_shared(struct sheet_part *part, const char *text)
{
    struct xlsx *x = part->self;
    int64_t index;
    const char *string = text_int(text, 0, UINT32_MAX, &index) ? sheet_book_string(&x->book, index) : NULL;
    if (!string)
        return damaged(part);
    return *string ? put(part->sheet, SHEET_CELL_TEXT, string, strlen(string)) : put_empty(part->sheet);
}

static enum rc put_bool(struct sheet_part *part, const char *text)
{
    bool is_true = sheet_flag(text);
    if (!is_true && strcmp(text, "0") != 0 && strcmp(text, "false") != 0)
        return damaged(part);
    const char *said = is_true ? "TRUE" : "FALSE";
    return put(part->sheet, SHEET_CELL_BOOL, said, strlen(said));
}

static enum rc put_date(struct sheet_part *part, const char *text)
{
    char date[SHEET_DATE_MAX];
    bool is_date = sheet_date_iso(text, date);
    const char *said = is_date ? date : text;
    return put(part->sheet, is_date ? SHEET_CELL_DATE : SHEET_CELL_TEXT, said, strlen(said));
}

static enum rc put_text(struct sheet_part *part)
{
    struct xlsx *x = part->self;
    size_t n = part->text.n ? sheet_unescape(part->text.bytes, part->text.n) : 0;
    if (n > 0 || (x->is_formula && x->has_value))
        return put(part->sheet, SHEET_CELL_TEXT, buf_text(&part->text), n);
    return put_empty(part->sheet);
}

/* Of what is no text, without white space around it: some programs indent. */
static const char *trimmed(struct buf *b)
{
    while (b->n > 0 && strchr(" \t\r\n", b->bytes[b->n - 1]))
        b->n--;
    const char *text = buf_text(b);
    return text + strspn(text, " \t\r\n");
}

static enum rc end_cell(struct sheet_part *part)
{
    struct xlsx *x = part->self;
    x->in_cell = false;
    if (part->text.overflow)
        return sheet_refuse_text(part->sheet, (size_t)x->column - 1);
    if (x->type == TYPE_INLINE || x->type == TYPE_FORMULA_TEXT)
        return put_text(part);
    const char *text = trimmed(&part->text);
    if (!*text)
        return put_empty(part->sheet);
    switch (x->type) {
    case TYPE_NUMBER:
        return put_number(part, text);
    case TYPE_SHARED:
        return put_shared(part, text);
    case TYPE_BOOL:
        return put_bool(part, text);
    case TYPE_ERROR:
        return put(part->sheet, SHEET_CELL_FAULT, text, strlen(text));
    case TYPE_DATE:
        return put_date(part, text);
    case TYPE_INLINE:
    case TYPE_FORMULA_TEXT:
        break;
    }
    return RC_OK;
}

/* ---------------------------------------------------------------- rows and cells begin */

/* "C12"; false when it is no cell of a spreadsheet. */
static bool read_address(const char *text, int64_t *column, int64_t *row)
{
    int64_t value = 0;
    for (; *text >= 'A' && *text <= 'Z' && value <= COLUMN_MAX; text++)
        value = value * 26 + (*text - 'A' + 1);
    *column = value;
    return value > 0 && value <= COLUMN_MAX && text_int(text, 1, ROW_MAX, row);
}

static enum rc begin_row(struct sheet_part *part, const char **attributes)
{
    struct xlsx *x = part->self;
    const char *number = sheet_attribute(attributes, "r");
    int64_t row = x->row + 1;
    if ((number && !text_int(number, 1, ROW_MAX, &row)) || row <= x->row || row > ROW_MAX)
        return sheet_refuse_line(part->sheet, RC_SHEET_DAMAGED, x->row + 1);
    x->row = row;
    x->row_is_guessed = !number;
    x->in_row = true;
    x->column = 0;
    sheet_row_begin(part->sheet, row, row);
    return RC_OK;
}

static enum rc place_cell(struct sheet_part *part, const char *address)
{
    struct xlsx *x = part->self;
    int64_t column = x->column + 1, row = x->row;
    if (address && !read_address(address, &column, &row))
        return damaged(part);
    if (row != x->row && !(x->row_is_guessed && x->column == 0 && row > x->row))
        return damaged(part);
    if (row != x->row)
        sheet_row_begin(part->sheet, row, row);
    x->row = row;
    x->row_is_guessed = false;
    x->column = column;
    return column > COLUMN_MAX ? damaged(part) : RC_OK;
}

static bool find_type(const char *name, enum cell_type *out)
{
    static const struct {
        const char *name;
        enum cell_type type;
    } types[] = {{"n", TYPE_NUMBER}, {"s", TYPE_SHARED}, {"str", TYPE_FORMULA_TEXT}, {"inlineStr", TYPE_INLINE},
                 {"b", TYPE_BOOL}, {"e", TYPE_ERROR}, {"d", TYPE_DATE}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) {
            *out = types[i].type;
            return true;
        }
    return false;
}

static enum rc begin_cell(struct sheet_part *part, const char **attributes)
{
    struct xlsx *x = part->self;
    const char *address = NULL, *type = NULL, *style = NULL;
    for (; *attributes; attributes += 2) {
        if (strcmp(attributes[0], "r") == 0)
            address = attributes[1];
        else if (strcmp(attributes[0], "t") == 0)
            type = attributes[1];
        else if (strcmp(attributes[0], "s") == 0)
            style = attributes[1];
    }
    x->in_cell = true;
    x->is_formula = x->has_value = x->in_phonetic = false;
    x->type = TYPE_NUMBER;
    x->style = 0;
    buf_reset(&part->text);
    enum rc rc = place_cell(part, address);
    if (rc == RC_OK && ((type && !find_type(type, &x->type)) || (style && !text_int(style, 0, UINT32_MAX, &x->style))))
        rc = damaged(part);
    return rc;
}

/* ---------------------------------------------------------------- the sheet's XML */

static void tell_merged(struct sheet *s, const char *range)
{
    if (!range || strspn(range, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:") != strlen(range))
        return;
    if (s->facts.merged_count++ == 0)
        s->facts.merged_first = arena_dup(s->arena, range);
}

static void cell_start(struct sheet_part *part, const char *name)
{
    struct xlsx *x = part->self;
    if (strcmp(name, "v") == 0) {
        x->has_value = true;
        part->gathers = x->type != TYPE_INLINE;
    } else if (strcmp(name, "f") == 0) {
        x->is_formula = true;
    } else if (strcmp(name, "rPh") == 0) {
        x->in_phonetic = true;
    } else if (strcmp(name, "t") == 0) {
        part->gathers = x->type == TYPE_INLINE && !x->in_phonetic;
    }
}

static enum rc sheet_start(struct sheet_part *part, const char *name, const char **attributes)
{
    struct xlsx *x = part->self;
    if (x->in_cell)
        cell_start(part, name);
    else if (strcmp(name, "c") == 0 && x->in_row)
        return begin_cell(part, attributes);
    else if (strcmp(name, "row") == 0 && !x->in_row)
        return begin_row(part, attributes);
    else if (strcmp(name, "mergeCell") == 0)
        tell_merged(part->sheet, sheet_attribute(attributes, "ref"));
    else if (part->depth == 1 && strcmp(name, "worksheet") != 0)
        return sheet_refuse(part->sheet, RC_SHEET_DAMAGED);
    return RC_OK;
}

static enum rc sheet_end(struct sheet_part *part, const char *name)
{
    struct xlsx *x = part->self;
    part->gathers = false;
    if (strcmp(name, "rPh") == 0)
        x->in_phonetic = false;
    if (x->in_cell && strcmp(name, "c") == 0)
        return end_cell(part);
    if (x->in_row && !x->in_cell && strcmp(name, "row") == 0) {
        x->in_row = false;
        sheet_part_pause(part);
    }
    return RC_OK;
}

enum rc xlsx_open(struct sheet *s, const char *bytes, size_t n)
{
    static const struct sheet_part_reader rows = {sheet_start, sheet_end, SHEET_TEXT_BYTES_MAX, SHEET_UNPACKED_MAX};
    struct xlsx *x = s->xlsx = calloc(1, sizeof *x);
    if (!x)
        abort();
    enum rc rc = sheet_book_open(s, &x->book, bytes, n);
    return rc == RC_OK ? sheet_part_open(s, &x->book.package, x->book.sheet_part, &rows, x, &x->part) : rc;
}

enum rc xlsx_next(struct sheet *s, bool *more)
{
    enum rc rc = sheet_part_go(&s->xlsx->part);
    *more = s->xlsx->part.paused;
    return rc;
}

void xlsx_close(struct xlsx *x)
{
    if (!x)
        return;
    sheet_part_close(&x->part);
    sheet_book_close(&x->book);
    free(x);
}
