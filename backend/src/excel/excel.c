#include "excel/excel.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/buf.h"
#include "excel/whole.h"

#define EXACT_DIGITS 15
#define EXACT_WHOLE INT64_C(999999999999999)
#define DAY_0 25569 /* 1970-01-01 counted from 1899-12-30 */
#define DAY_S 86400
#define SHEET_NAME_BYTES 128
#define PATH_BYTES 64
#define SHEETS_MAX 64

/* Where the library keeps the rows of a sheet. It closes that file when it has packed it, and does not when something went wrong. */
struct sheet_rows {
    FILE *file;
    int fd;   /* of it */
    int twin; /* ours, on the same file: as long as it is open, no other file can be taken for this one */
};

struct excel {
    struct table table;
    int fd; /* without a name: the library opens it by its path in /proc */
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *bold, *code, *time, *day;
    const char *name;
    const struct table_column *columns;
    size_t count;
    uint32_t rows_max;
    struct sheet_rows sheets[SHEETS_MAX];
    unsigned sheet_count;
    int64_t row_bytes; /* of the sheets that are complete, as XML */
    lxw_row_t row;
    lxw_col_t column;
    bool has_failed;
};

static struct excel *own(struct table *t)
{
    return (struct excel *)t;
}

/* ---------------------------------------------------------------- sheets */

static void write_head(struct excel *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct table_column *c = &e->columns[i];
        worksheet_set_column(e->sheet, (lxw_col_t)i, (lxw_col_t)i, c->width, c->is_code ? e->code : NULL);
        worksheet_write_string(e->sheet, 0, (lxw_col_t)i, c->title, e->bold);
    }
    worksheet_freeze_panes(e->sheet, 1, 0);
    e->row = 1;
    e->column = 0;
}

static lxw_worksheet *add_sheet(struct excel *e)
{
    char name[SHEET_NAME_BYTES];
    if (e->sheet_count == 0)
        snprintf(name, sizeof name, "%s", e->name);
    else
        snprintf(name, sizeof name, "%s (%u)", e->name, e->sheet_count + 1);
    return e->sheet_count < SHEETS_MAX ? workbook_add_worksheet(e->book, name) : NULL;
}

static bool begin_sheet(struct excel *e)
{
    lxw_worksheet *sheet = add_sheet(e);
    FILE *file = sheet ? sheet->optimize_tmpfile : NULL;
    int twin = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, 0) : -1;
    e->has_failed = twin < 0;
    if (e->has_failed) {
        if (file)
            fclose(file);
        return false;
    }
    e->sheets[e->sheet_count++] = (struct sheet_rows){file, fileno(file), twin};
    e->sheet = sheet;
    write_head(e);
    return true;
}

/* The library writes the rows to a file of its own, and does not look whether that was possible. */
static bool has_all_rows(const struct excel *e)
{
    return !e->has_failed && fflush(e->sheet->optimize_tmpfile) == 0 && !ferror(e->sheet->optimize_tmpfile);
}

static void end_sheet(struct excel *e)
{
    struct stat facts;
    worksheet_autofilter(e->sheet, 0, 0, e->row - 1, (lxw_col_t)(e->count - 1));
    lxw_worksheet_write_single_row(e->sheet); /* the last one, which would wait until the workbook is closed */
    e->has_failed = !has_all_rows(e) || fstat(fileno(e->sheet->optimize_tmpfile), &facts) != 0;
    if (!e->has_failed)
        e->row_bytes += facts.st_size;
}

/* Whether there is a cell to write to: a sheet that is full makes room for the next. */
static bool find_cell(struct excel *e)
{
    if (e->row > e->rows_max && !e->has_failed) {
        end_sheet(e);
        if (!e->has_failed)
            begin_sheet(e);
    }
    return !e->has_failed;
}

/* ---------------------------------------------------------------- cells */

static bool is_hex_escape(const char *p)
{
    size_t n = strspn(p + 1, "x") == 1 ? strspn(p + 2, "0123456789ABCDEFabcdef") : 0;
    return *p == '_' && n == 4 && p[6] == '_';
}

/* U+FFFE and U+FFFF, which XML cannot hold. */
static bool is_no_character(const char *p)
{
    return strncmp(p, "\xEF\xBF\xBE", 3) == 0 || strncmp(p, "\xEF\xBF\xBF", 3) == 0;
}

/* What stands for the character at p where it cannot stand itself; NULL: it can. Spreadsheets read _xHHHH_ as a character. */
static const char *stand_in(const char *p)
{
    if (is_hex_escape(p))
        return "_x005F_";
    if (is_no_character(p))
        return p[2] == '\xBE' ? "_xFFFE_" : "_xFFFF_";
    return NULL;
}

static bool can_stand(const char *text)
{
    for (const char *p = text; *p; p++)
        if (stand_in(p))
            return false;
    return true;
}

static size_t bytes_of_character(const char *p)
{
    size_t n = 1;
    while ((p[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* The text as it can stand, cut to what a cell holds. */
static void add_fitting(struct buf *out, const char *text)
{
    size_t n;
    for (size_t chars = 0; *text; text += n) {
        const char *other = stand_in(text);
        n = bytes_of_character(text);
        chars += other ? strlen(other) : 1;
        if (chars >= EXCEL_TEXT_MAX) {
            buf_str(out, "…");
            return;
        }
        buf_add(out, other ? other : text, other ? strlen(other) : n);
    }
}

static void write_text(struct excel *e, const char *text)
{
    lxw_format *format = e->columns[e->column].is_code ? e->code : NULL;
    struct buf fitting;
    if (can_stand(text) && worksheet_write_string(e->sheet, e->row, e->column, text, format) != LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED)
        return;
    buf_init(&fitting, EXCEL_TEXT_MAX * 4 + 1);
    add_fitting(&fitting, text);
    worksheet_write_string(e->sheet, e->row, e->column, buf_text(&fitting), format);
    buf_free(&fitting);
}

static void excel_text(struct table *t, const char *text)
{
    struct excel *e = own(t);
    if (text && *text && find_cell(e))
        write_text(e, text);
    e->column++;
}

static void excel_dec(struct table *t, struct dec value)
{
    struct excel *e = own(t);
    char text[DEC_TEXT_MAX];
    size_t digits = 0;
    dec_print(value, text);
    for (const char *p = text; *p; p++)
        digits += *p >= '0' && *p <= '9';
    if (find_cell(e)) {
        if (digits > EXACT_DIGITS)
            write_text(e, text);
        else
            worksheet_write_number(e->sheet, e->row, e->column, strtod(text, NULL), NULL);
    }
    e->column++;
}

static void excel_whole(struct table *t, int64_t value)
{
    struct excel *e = own(t);
    char text[DEC_TEXT_MAX];
    snprintf(text, sizeof text, "%lld", (long long)value);
    if (find_cell(e)) {
        if (value > EXACT_WHOLE || value < -EXACT_WHOLE)
            write_text(e, text);
        else
            worksheet_write_number(e->sheet, e->row, e->column, (double)value, NULL);
    }
    e->column++;
}

static void excel_time(struct table *t, int64_t local_ms)
{
    struct excel *e = own(t);
    double days = (double)(local_ms / 1000) / DAY_S + DAY_0;
    if (find_cell(e))
        worksheet_write_number(e->sheet, e->row, e->column, days, e->time);
    e->column++;
}

static void excel_day(struct table *t, int64_t day)
{
    struct excel *e = own(t);
    if (find_cell(e))
        worksheet_write_number(e->sheet, e->row, e->column, (double)(day + DAY_0), e->day);
    e->column++;
}

static void excel_empty(struct table *t)
{
    (void)find_cell(own(t));
    own(t)->column++;
}

static void excel_next_row(struct table *t)
{
    own(t)->row++;
    own(t)->column = 0;
}

/* ---------------------------------------------------------------- the whole */

static enum rc excel_state(struct table *t)
{
    const struct excel *e = own(t);
    return e->has_failed || ferror(e->sheet->optimize_tmpfile) ? RC_DB_FULL : RC_OK;
}

static bool is_whole(const struct excel *e, int64_t *size)
{
    struct stat facts;
    if (fstat(e->fd, &facts) != 0)
        return false;
    *size = facts.st_size;
    return workbook_is_whole(e->fd, *size, e->row_bytes) && lseek(e->fd, 0, SEEK_SET) == 0;
}

static bool is_same_file(int fd, int other)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* After the library has let go of the workbook. */
static void release(struct excel *e)
{
    for (unsigned i = 0; i < e->sheet_count; i++) {
        const struct sheet_rows *rows = &e->sheets[i];
        if (is_same_file(rows->fd, rows->twin))
            fclose(rows->file);
        close(rows->twin);
    }
    if (e->fd >= 0)
        close(e->fd);
    free(e);
}

static void excel_abandon(struct table *t)
{
    lxw_workbook_free(own(t)->book);
    release(own(t));
}

static enum rc excel_finish(struct table *t, struct table_file *out)
{
    struct excel *e = own(t);
    int64_t size = 0;
    if (!e->has_failed)
        end_sheet(e);
    if (e->has_failed) {
        excel_abandon(t);
        return RC_DB_FULL;
    }
    bool is_good = workbook_close(e->book) == LXW_NO_ERROR && is_whole(e, &size);
    if (is_good) {
        *out = (struct table_file){e->fd, size};
        e->fd = -1;
    }
    release(e);
    return is_good ? RC_OK : RC_DB_FULL;
}

static const struct table_format excel_format = {excel_text,  excel_dec,      excel_whole, excel_time, excel_day,
                                                 excel_empty, excel_next_row, excel_state, excel_finish, excel_abandon};

static lxw_format *number_format(lxw_workbook *book, const char *pattern)
{
    lxw_format *format = workbook_add_format(book);
    format_set_num_format(format, pattern);
    return format;
}

static bool open_book(struct excel *e, const char *folder)
{
    char path[PATH_BYTES];
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = (char *)(uintptr_t)folder};
    snprintf(path, sizeof path, "/proc/self/fd/%d", e->fd);
    e->book = workbook_new_opt(path, &options);
    if (!e->book)
        return false;
    e->bold = workbook_add_format(e->book);
    format_set_bold(e->bold);
    e->code = number_format(e->book, "@");
    e->time = number_format(e->book, "yyyy-mm-dd hh:mm:ss");
    e->day = number_format(e->book, "yyyy-mm-dd");
    return begin_sheet(e);
}

struct table *excel_new(const char *folder, const char *sheet, const struct table_column *columns, size_t count, uint32_t rows_max)
{
    int fd = table_scratch(folder);
    if (fd < 0)
        return NULL;
    struct excel *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    *e = (struct excel){.table.format = &excel_format, .fd = fd, .name = sheet, .columns = columns, .count = count, .rows_max = rows_max};
    if (open_book(e, folder))
        return &e->table;
    excel_abandon(&e->table);
    return NULL;
}
