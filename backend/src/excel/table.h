/* Tables that go out as files: one way to write them, two formats (excel.h, csv.h).
 *
 * Cells are written in turn, a row after the other, and go to files without a name as they come, so that memory does not grow with
 * them; whatever ends the process ends the files. What could not be written is told by table_state, and by table_finish. */
#ifndef MMS_EXCEL_TABLE_H
#define MMS_EXCEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dec.h"
#include "base/error.h"

struct table_column {
    const char *title;
    int width;    /* in characters */
    bool is_code; /* what is typed into it later stays text as well: "007", "1E5" */
};

/* An open file of n bytes, read from its beginning; the descriptor is its owner's to close. */
struct table_file {
    int fd;
    int64_t bytes;
};

struct table;

/* What a format has to do. */
struct table_format {
    void (*text)(struct table *t, const char *text);
    void (*dec)(struct table *t, struct dec value);
    void (*whole)(struct table *t, int64_t value);
    void (*time)(struct table *t, int64_t local_ms);
    void (*day)(struct table *t, int64_t day);
    void (*empty)(struct table *t);
    void (*next_row)(struct table *t);
    enum rc (*state)(struct table *t);
    enum rc (*finish)(struct table *t, struct table_file *out);
    void (*abandon)(struct table *t);
};

/* First member of each format's own. */
struct table {
    const struct table_format *format;
};

/* NULL is an empty cell. */
static inline void table_text(struct table *t, const char *text)
{
    t->format->text(t, text);
}

/* As a number where a spreadsheet can hold it exactly (15 digits), else as its text. */
static inline void table_dec(struct table *t, struct dec value)
{
    t->format->dec(t, value);
}

static inline void table_whole(struct table *t, int64_t value)
{
    t->format->whole(t, value);
}

/* An instant as the clocks of its reader show it: milliseconds since 1970-01-01 00:00:00 there. */
static inline void table_time(struct table *t, int64_t local_ms)
{
    t->format->time(t, local_ms);
}

/* Days since 1970-01-01. */
static inline void table_day(struct table *t, int64_t day)
{
    t->format->day(t, day);
}

static inline void table_empty(struct table *t)
{
    t->format->empty(t);
}

static inline void table_next_row(struct table *t)
{
    t->format->next_row(t);
}

/* RC_DB_FULL: what was written so far is not all there. */
static inline enum rc table_state(struct table *t)
{
    return t->format->state(t);
}

/* `t` is gone either way; not RC_OK: there is no file. */
MUST_CHECK static inline enum rc table_finish(struct table *t, struct table_file *out)
{
    return t->format->finish(t, out);
}

/* For what nobody wants any more; `t` is gone. */
static inline void table_abandon(struct table *t)
{
    t->format->abandon(t);
}

/* A file without a name in that folder; -1: errno tells why not. */
int table_scratch(const char *folder);

#endif
