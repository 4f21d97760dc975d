#include "excel/excel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define EXACT_DIGITS 15

struct excel {
    int fd; /* in memory; the library opens it by its path */
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_row_t row;
    lxw_col_t column;
};

/* Rows go to a temporary file as they come, so that memory does not grow with them. */
static lxw_workbook *open_book(int fd)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return fd < 0 ? NULL : workbook_new_opt(path, &options);
}

struct excel *excel_new(const char *sheet, const struct excel_column *columns, size_t count)
{
    struct excel *e = calloc(1, sizeof *e);
    if (!e)
        abort();
    e->fd = memfd_create("workbook", MFD_CLOEXEC);
    e->book = open_book(e->fd);
    e->sheet = e->book ? workbook_add_worksheet(e->book, sheet) : NULL;
    if (!e->sheet) {
        if (e->fd >= 0)
            close(e->fd);
        free(e);
        return NULL;
    }
    lxw_format *bold = workbook_add_format(e->book);
    format_set_bold(bold);
    for (size_t i = 0; i < count; i++) {
        worksheet_set_column(e->sheet, (lxw_col_t)i, (lxw_col_t)i, columns[i].width, NULL);
        worksheet_write_string(e->sheet, 0, (lxw_col_t)i, columns[i].title, bold);
    }
    worksheet_freeze_panes(e->sheet, 1, 0);
    e->row = 1;
    return e;
}

void excel_text(struct excel *e, const char *text)
{
    if (text && *text)
        worksheet_write_string(e->sheet, e->row, e->column, text, NULL);
    e->column++;
}

void excel_dec(struct excel *e, struct dec value)
{
    char text[DEC_TEXT_MAX];
    size_t digits = 0;
    dec_print(value, text);
    for (const char *p = text; *p; p++)
        digits += *p >= '0' && *p <= '9';
    if (digits > EXACT_DIGITS)
        worksheet_write_string(e->sheet, e->row, e->column, text, NULL);
    else
        worksheet_write_number(e->sheet, e->row, e->column, strtod(text, NULL), NULL);
    e->column++;
}

void excel_empty(struct excel *e)
{
    e->column++;
}

void excel_next_row(struct excel *e)
{
    e->row++;
    e->column = 0;
}

bool excel_finish(struct excel *e, int *fd, int64_t *n)
{
    struct stat facts;
    *fd = e->fd;
    bool good = workbook_close(e->book) == LXW_NO_ERROR && fstat(e->fd, &facts) == 0 && lseek(e->fd, 0, SEEK_SET) == 0;
    if (good)
        *n = facts.st_size;
    else
        close(e->fd);
    free(e);
    return good;
}
