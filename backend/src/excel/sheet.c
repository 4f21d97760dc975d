#include "excel/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "excel/sheet_inner.h"

#define LOOK_BYTES 4096 /* enough to tell a text from something else */

/* ---------------------------------------------------------------- refusing */

enum rc sheet_refuse(struct sheet *s, enum rc rc)
{
    return error_set(&s->err, rc);
}

enum rc sheet_refuse_with(struct sheet *s, enum rc rc, const char *zh, const char *en)
{
    return error_say(&s->err, rc, zh, en);
}

enum rc sheet_refuse_line(struct sheet *s, enum rc rc, int64_t line)
{
    const struct error_row *row = error_row(rc);
    return error_say(&s->err, rc, arena_fmt(s->arena, "第 %lld 行：%s", (long long)line, row->zh),
                     arena_fmt(s->arena, "Line %lld: %s", (long long)line, row->en));
}

enum rc sheet_refuse_cell(struct sheet *s, enum rc rc, size_t column, int64_t row)
{
    char at[SHEET_ADDRESS_MAX];
    sheet_address(column, row, at);
    return error_say(&s->err, rc, arena_fmt(s->arena, "单元格 %s：%s", at, error_row(rc)->zh),
                     arena_fmt(s->arena, "Cell %s: %s", at, error_row(rc)->en));
}

static enum rc refuse_size(struct sheet *s)
{
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE,
                             arena_fmt(s->arena, "文件超过 %zu MiB，请拆分后分次导入", SHEET_FILE_MAX >> 20),
                             arena_fmt(s->arena, "The file is larger than %zu MiB: split it", SHEET_FILE_MAX >> 20));
}

static enum rc refuse_rows(struct sheet *s)
{
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE,
                             arena_fmt(s->arena, "第 %lld 行：表头之外最多 %d 行，请拆分后分次导入", (long long)s->row.number,
                                       SHEET_ROWS_MAX - 1),
                             arena_fmt(s->arena, "Row %lld: there may be %d rows beside the head: split the table",
                                       (long long)s->row.number, SHEET_ROWS_MAX - 1));
}

static enum rc refuse_column(struct sheet *s, size_t column)
{
    char at[SHEET_ADDRESS_MAX];
    sheet_address(column, s->row.number, at);
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE, arena_fmt(s->arena, "单元格 %s：最多 %d 列，请删去不需要的列", at, SHEET_COLUMNS_MAX),
                             arena_fmt(s->arena, "Cell %s: there may be %d columns: remove what is not wanted", at, SHEET_COLUMNS_MAX));
}

enum rc sheet_refuse_text(struct sheet *s, size_t column)
{
    char at[SHEET_ADDRESS_MAX];
    sheet_address(column, s->row.number, at);
    return sheet_refuse_with(s, RC_SHEET_TOO_LARGE,
                             arena_fmt(s->arena, "单元格 %s：文字超过 %d 个字符，请缩短", at, SHEET_TEXT_MAX),
                             arena_fmt(s->arena, "Cell %s: the text is longer than %d characters: shorten it", at, SHEET_TEXT_MAX));
}

/* ---------------------------------------------------------------- rows */

void sheet_row_begin(struct sheet *s, int64_t number, int64_t line)
{
    s->row = (struct sheet_row){.number = number, .line = line, .cells = s->cells};
    arena_reset(&s->row_arena);
}

enum rc sheet_put(struct sheet *s, size_t column, enum sheet_cell_kind kind, const char *text, size_t n, bool is_formula)
{
    if (column >= SHEET_COLUMNS_MAX)
        return refuse_column(s, column);
    char *copy = arena_copy(&s->row_arena, text, n);
    if (n > SHEET_TEXT_MAX && text_chars(copy) > SHEET_TEXT_MAX)
        return sheet_refuse_text(s, column);
    for (; s->row.count <= column; s->row.count++)
        s->cells[s->row.count] = (struct sheet_cell){.text = ""};
    s->cells[column] = (struct sheet_cell){kind, copy, is_formula};
    return RC_OK;
}

enum rc sheet_next(struct sheet *s, const struct sheet_row **row, struct error *why)
{
    enum rc rc = s->err.rc;
    bool more = true;
    while (rc == RC_OK && more) {
        rc = s->csv ? csv_next(s, &more) : xlsx_next(s, &more);
        if (rc == RC_OK && more && s->row.count > 0)
            break;
    }
    if (rc == RC_OK && more && ++s->rows_told > SHEET_ROWS_MAX)
        rc = refuse_rows(s);
    if (rc == RC_OK)
        *row = more ? &s->row : NULL;
    else
        *why = s->err;
    return rc;
}

const struct sheet_facts *sheet_facts(const struct sheet *s)
{
    return &s->facts;
}

void sheet_address(size_t column, int64_t row, char out[static SHEET_ADDRESS_MAX])
{
    char letters[16];
    size_t at = sizeof letters;
    letters[--at] = '\0';
    for (column++; column > 0; column = (column - 1) / 26)
        letters[--at] = (char)('A' + (column - 1) % 26);
    snprintf(out, SHEET_ADDRESS_MAX, "%.12s%lld", letters + at, (long long)row);
}

/* ---------------------------------------------------------------- what it is */

static bool begins(const char *bytes, size_t n, const char *with, size_t length)
{
    return n >= length && memcmp(bytes, with, length) == 0;
}

static bool is_ole(const char *bytes, size_t n)
{
    return begins(bytes, n, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
}

/* The name of the stream in which Excel keeps a workbook with a password, in UTF-16. */
static bool is_encrypted_ole(const char *bytes, size_t n)
{
    static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
    return memmem(bytes, n, name, sizeof name) != NULL;
}

static bool is_utf16(const char *bytes, size_t n)
{
    return begins(bytes, n, "\xff\xfe", 2) || begins(bytes, n, "\xfe\xff", 2);
}

/* Pages and XML that programs like to call .xls. */
static bool is_markup(const char *bytes, size_t n)
{
    static const char *const heads[] = {"<html", "<!doctype", "<?xml", "<table", "<head", "<meta", "<style"};
    const char *end = bytes + n;
    if (begins(bytes, n, "\xef\xbb\xbf", 3))
        bytes += 3;
    while (bytes < end && strchr(" \t\r\n", *bytes))
        bytes++;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t length = strlen(heads[i]);
        if ((size_t)(end - bytes) >= length && strncasecmp(bytes, heads[i], length) == 0)
            return true;
    }
    return false;
}

static bool is_text(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && i < LOOK_BYTES; i++)
        if ((unsigned char)bytes[i] < '\t' || (bytes[i] > '\r' && bytes[i] < '\x1a'))
            return false;
    return !is_markup(bytes, n);
}

static enum rc open_kind(struct sheet *s, const char *bytes, size_t n)
{
    if (n == 0)
        return sheet_refuse(s, RC_SHEET_EMPTY);
    if (n > SHEET_FILE_MAX)
        return refuse_size(s);
    if (is_ole(bytes, n))
        return sheet_refuse(s, is_encrypted_ole(bytes, n) ? RC_SHEET_LOCKED : RC_SHEET_OLD);
    if (begins(bytes, n, "PK\3\4", 4))
        return xlsx_open(s, bytes, n);
    if (is_utf16(bytes, n) || is_text(bytes, n))
        return csv_open(s, bytes, n);
    return sheet_refuse(s, RC_SHEET_UNKNOWN);
}

/* ---------------------------------------------------------------- opening and closing */

static struct sheet *new_sheet(struct arena *a)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->arena = a;
    arena_init(&s->row_arena);
    return s;
}

static enum rc opened(struct sheet *s, enum rc rc, struct sheet **out, struct error *why)
{
    if (rc == RC_OK) {
        *out = s;
        return rc;
    }
    *why = s->err;
    sheet_close(s);
    return rc;
}

enum rc sheet_open_bytes(const char *bytes, size_t n, struct arena *a, struct sheet **out, struct error *why)
{
    struct sheet *s = new_sheet(a);
    return opened(s, open_kind(s, bytes, n), out, why);
}

static enum rc refuse_file(struct sheet *s)
{
    const char *reason = strerrordesc_np(errno);
    return sheet_refuse_with(s, RC_SHEET_UNREADABLE, arena_fmt(s->arena, "无法打开表格文件：%s", reason),
                             arena_fmt(s->arena, "The table's file cannot be opened: %s", reason));
}

/* At most one byte more than allowed, which open_kind then refuses. */
static enum rc read_file(struct sheet *s, int fd, size_t *n)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return refuse_file(s);
    size_t room = facts.st_size < (off_t)SHEET_FILE_MAX ? (size_t)facts.st_size + 1 : SHEET_FILE_MAX + 1;
    s->file = malloc(room);
    if (!s->file)
        abort();
    for (ssize_t got = 1; got != 0 && *n < room;) {
        got = read(fd, s->file + *n, room - *n);
        if (got < 0)
            return refuse_file(s);
        *n += (size_t)got;
    }
    return RC_OK;
}

enum rc sheet_open(const char *path, struct arena *a, struct sheet **out, struct error *why)
{
    struct sheet *s = new_sheet(a);
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum rc rc = fd < 0 ? refuse_file(s) : read_file(s, fd, &n);
    if (fd >= 0)
        close(fd);
    if (rc == RC_OK)
        rc = open_kind(s, s->file, n);
    return opened(s, rc, out, why);
}

void sheet_close(struct sheet *s)
{
    if (!s)
        return;
    csv_close(s->csv);
    xlsx_close(s->xlsx);
    arena_free(&s->row_arena);
    free(s->file);
    free(s);
}
