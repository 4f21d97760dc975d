#include "excel/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define WRITE_BYTES (64 * 1024)
#define ROW_BYTES_MAX (16 * 1024 * 1024)
#define FORMULA_BEGINS "=+-@\t\r"

struct csv {
    struct table table;
    int fd;
    struct buf out;
    bool is_inside; /* of a row: the next cell follows a comma */
    bool has_failed;
};

static struct csv *own(struct table *t)
{
    return (struct csv *)t;
}

static void write_out(struct csv *c)
{
    for (size_t done = 0; done < c->out.n && !c->has_failed;) {
        ssize_t n = write(c->fd, c->out.bytes + done, c->out.n - done);
        if (n > 0)
            done += (size_t)n;
        else
            c->has_failed = errno != EINTR;
    }
    c->has_failed = c->has_failed || c->out.overflow;
    buf_reset(&c->out);
}

static void begin_cell(struct csv *c)
{
    if (c->is_inside)
        buf_char(&c->out, ',');
    c->is_inside = true;
}

static bool looks_like_formula(const char *text)
{
    text += strspn(text, "'");
    return *text && strchr(FORMULA_BEGINS, *text);
}

static void add_quoted(struct buf *out, const char *text)
{
    buf_char(out, '"');
    if (looks_like_formula(text))
        buf_char(out, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            buf_char(out, '"');
        buf_char(out, *p);
    }
    buf_char(out, '"');
}

static bool wants_quotes(const char *text)
{
    size_t n = strlen(text);
    return looks_like_formula(text) || strpbrk(text, "\",\r\n") || (n && (text[0] == ' ' || text[n - 1] == ' '));
}

static void csv_text(struct table *t, const char *text)
{
    struct csv *c = own(t);
    begin_cell(c);
    if (!text)
        return;
    if (wants_quotes(text))
        add_quoted(&c->out, text);
    else
        buf_str(&c->out, text);
}

static void csv_dec(struct table *t, struct dec value)
{
    char text[DEC_TEXT_MAX];
    begin_cell(own(t));
    buf_add(&own(t)->out, text, dec_print(value, text));
}

static void csv_whole(struct table *t, int64_t value)
{
    begin_cell(own(t));
    buf_int(&own(t)->out, value);
}

static void csv_time(struct table *t, int64_t local_ms)
{
    char text[CLOCK_TEXT_MAX];
    begin_cell(own(t));
    buf_add(&own(t)->out, text, clock_print_row(local_ms, text));
}

static void csv_day(struct table *t, int64_t day)
{
    char text[DAY_TEXT_MAX];
    begin_cell(own(t));
    buf_add(&own(t)->out, text, day_print(day, text));
}

static void csv_empty(struct table *t)
{
    begin_cell(own(t));
}

static void csv_next_row(struct table *t)
{
    struct csv *c = own(t);
    buf_str(&c->out, "\r\n");
    c->is_inside = false;
    if (c->out.n >= WRITE_BYTES || c->out.overflow)
        write_out(c);
}

static enum rc csv_state(struct table *t)
{
    return own(t)->has_failed ? RC_DB_FULL : RC_OK;
}

static void csv_abandon(struct table *t)
{
    struct csv *c = own(t);
    if (c->fd >= 0)
        close(c->fd);
    buf_free(&c->out);
    free(c);
}

static enum rc csv_finish(struct table *t, struct table_file *out)
{
    struct csv *c = own(t);
    write_out(c);
    off_t end = c->has_failed ? -1 : lseek(c->fd, 0, SEEK_CUR);
    bool is_good = end >= 0 && lseek(c->fd, 0, SEEK_SET) == 0;
    if (is_good) {
        *out = (struct table_file){c->fd, end};
        c->fd = -1;
    }
    csv_abandon(t);
    return is_good ? RC_OK : RC_DB_FULL;
}

static const struct table_format csv_format = {csv_text,  csv_dec,      csv_whole, csv_time, csv_day,
                                               csv_empty, csv_next_row, csv_state, csv_finish, csv_abandon};

struct table *csv_new(const char *folder, const struct table_column *columns, size_t count)
{
    int fd = table_scratch(folder);
    if (fd < 0)
        return NULL;
    struct csv *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->table.format = &csv_format;
    c->fd = fd;
    buf_init(&c->out, ROW_BYTES_MAX);
    buf_str(&c->out, BYTE_ORDER_MARK);
    for (size_t i = 0; i < count; i++)
        csv_text(&c->table, columns[i].title);
    csv_next_row(&c->table);
    return &c->table;
}
