/* Lists: filters, sorting, pages by number or by cursor, exact totals; all from one table per list.
 *
 * The statement is put together from the constant fragments of the list_spec alone; values from the request are only ever
 * bound. In a fragment `?` stands for the value. Totals are counted exactly, and both totals and whole pages are remembered
 * per thread for as long as the change_counters of all that they depend on stand still (read in the same snapshot). */
#ifndef MMS_DOMAIN_LIST_H
#define MMS_DOMAIN_LIST_H

#include "domain/route.h"

#define LIST_PAGE_SIZE_MAX 1000
#define LIST_FILTERS_MAX 12

enum filter_kind {
    FILTER_TEXT,   /* bound as text */
    FILTER_LIKE,   /* folded, bound as a LIKE pattern "%…%" (ESCAPE '\') */
    FILTER_PART,   /* the same, as it was written: for columns that have no folded twin; compare with LOWER(?) */
    FILTER_NAME,   /* both: `?` stands for the folded one, `~` for the one as it was written */
    FILTER_ID,     /* a positive whole number */
    FILTER_CHOICE, /* one of `choices`; `all` turns the filter off */
    FILTER_SINCE,  /* a day; bound as the instant (ms) at which it begins in the company's zone */
    FILTER_UNTIL,  /* a day; bound as the instant at which it ends there */
    FILTER_FLAG,   /* true (the condition holds) or false (no filter) */
};

struct list_filter {
    const char *param;
    enum filter_kind kind;
    const char *condition;      /* "m.category = ?"; may use ? several times */
    const char *const *choices; /* FILTER_CHOICE, NULL-ended */
    const char *preset;         /* the value when the request has none; NULL: no filter */
    unsigned topics;            /* TOPIC_… on which the number of rows depends under this filter, beside the list's own */
};

struct list_sort {
    const char *name;   /* what stands in ?sort= */
    const char *column; /* never NULL in the data */
    bool text;          /* else a whole number */
};

struct list_spec {
    const char *columns; /* what is selected, without the sort's value and id */
    const char *from;       /* may name the scope's value, as $1 */
    const char *count_from; /* enough for the filters and sorts; NULL: from */
    const char *id;      /* "m.id": makes every order total */
    /* Of a list that is only walked: rows of one "d.id" stay together, in the order of their "l.line_no". NULL: there is no such thing. */
    const char *whole, *within;
    unsigned topics;     /* TOPIC_… whose change changes the number of rows */
    unsigned row_topics; /* … and those whose change changes what the rows say */
    bool always_fresh;   /* no counter tells of its changes: nothing is remembered */
    int page_size;       /* default */
    struct list_sort sorts[6];     /* the first is the default, newest first; ends with a NULL name */
    bool ascends;                  /* … the default is not newest first, but A to Z */
    struct list_filter filters[LIST_FILTERS_MAX]; /* ends with a NULL param */
    const struct record_type *row; /* NULL: only the filters are wanted, for sums over the set (list_where) */
};

/* A condition that the request does not choose: "l.material_id = ?" with its value. Without a condition: everything. */
struct list_scope {
    const char *condition;
    int64_t value;
};
/* What of a list this actor may see; `id`: of the path, whose thing may be missing. */
typedef enum rc (*list_scope_fn)(struct ctx *c, int64_t id, struct list_scope *out);

struct list_query; /* what was understood of the request */

/* Where a list's parameters come from: a request, or what was written down of one. */
struct list_source {
    struct ctx *c;
    const struct list_spec *spec;
    const char *(*param)(const void *from, const char *name); /* NULL: absent */
    const void *from;
};
struct list_source list_source_of(struct call *call);

/* Filters and sort alone, for list_walk; all faults at once. `scope` may be NULL. */
MUST_CHECK enum rc list_read_set(const struct list_source *s, const struct list_scope *scope, struct list_query **out);
/* The same by the route's list_spec, and which page. */
MUST_CHECK enum rc list_read(struct call *call, const struct list_scope *scope, struct list_query **out);
/* Runs it and writes data = {list, total, page, pageSize, nextCursor}; `more` (may be NULL) may add members. */
MUST_CHECK enum rc list_reply(struct call *call, struct list_query *q,
                              enum rc (*more)(struct call *call, struct list_query *q, struct json_writer *w));
/* " WHERE …" of the query and its values, for totals over the same set. */
const char *list_where(const struct list_query *q, const struct db_value **args, size_t *count);

/* list_read and list_reply in one. `scope_of` may be NULL. */
MUST_CHECK enum rc list_answer(struct call *call, list_scope_fn scope_of);

/* What is told of every row. Not RC_OK: the walk ends with it. */
struct list_visitor {
    enum rc (*row)(void *arg, struct db_rows *rows);
    enum rc (*progress)(void *arg, int64_t done, int64_t total); /* before the first row, now and then, and after the last */
    void *arg;
};
/* All rows of the query in the list's order, in one snapshot: one statement says which and in what order (8 bytes a row are kept
 * of that), then they are read some hundred at a time by their ids. One statement for all would be held whole by libpq, and
 * sorted whole in memory by SQLite where no index has the order. */
MUST_CHECK enum rc list_walk(struct ctx *c, const struct list_query *q, const struct list_visitor *visitor);

/* A page that a statement of its own gives: data = {list, total, page, pageSize, nextCursor: null}. */
MUST_CHECK enum rc list_reply_rows(struct call *call, const struct record_type *type, const struct sql *sql, const struct db_value *args,
                                   size_t count, int64_t total, int64_t page, int64_t page_size);
/* The members after `list`: where this page stands. next: the cursor; NULL: none. */
void list_write_place(struct json_writer *w, int64_t total, int64_t page, int64_t page_size, const char *next);
/* A whole number of the query from 1 to max, for answers that are no lists of this kind; a fault goes to ctx.err. */
int64_t list_number(struct call *call, const char *param, int64_t fallback, int64_t max);

/* An answer that `write` makes, remembered under `key` (which names all that it depends on beside the database) while the
 * counters of `topics` stand still. */
MUST_CHECK enum rc list_remembered(struct call *call, const char *key, unsigned topics, handler_fn write);
/* The same for an answer about the query's set: its filters and values are part of the key, what it depends on part of the topics. */
MUST_CHECK enum rc list_remembered_set(struct call *call, const char *key, const struct list_query *q, unsigned topics, handler_fn write);

#endif
