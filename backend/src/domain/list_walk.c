/* All rows of a list, told one after the other. */
#include <stdio.h>
#include <string.h>

#include "domain/list_query.h"

#define WALK_ROWS 250 /* at a time */
#define ID_DIGITS 19
#define IDS_MAX (INT64_C(8) * 16 * 1024 * 1024) /* bytes: of sixteen million rows */
#define QUOTED(n) #n
#define TEXT_OF(n) QUOTED(n)

/* Which rows, as one text of WALK_ROWS ids of ID_DIGITS each. */
#define CHOSEN(N)                                                                                                      \
    "WITH RECURSIVE chosen(place, chosen_id) AS (SELECT 1, CAST(SUBSTR(CAST($" N " AS TEXT), 1, " TEXT_OF(ID_DIGITS)      \
    ") AS BIGINT) UNION ALL SELECT place + 1, CAST(SUBSTR(CAST($" N " AS TEXT), place * " TEXT_OF(ID_DIGITS)             \
    " + 1, " TEXT_OF(ID_DIGITS) ") AS BIGINT) FROM chosen WHERE place < " TEXT_OF(WALK_ROWS) ")"

struct walk {
    struct ctx *c;
    const struct list_query *q;
    const struct list_visitor *visitor;
    struct buf ids; /* int64_t of every row, in the list's order */
};

static enum rc read_ids(struct walk *w)
{
    const struct list_query *q = w->q;
    const struct list_spec *spec = q->spec;
    const char *way = q->descending ? "DESC" : "ASC";
    const char *ids = arena_fmt(w->c->arena, "%s %s", spec->whole ? spec->whole : spec->id, way);
    DB_ROWS rows = NULL;
    TRY(db_start_text(w->c->db,
                      arena_fmt(w->c->arena, "SELECT %s AS row_id FROM %s%s ORDER BY %s %s, %s%s%s", spec->id,
                                spec->count_from ? spec->count_from : spec->from, q->where, q->sort->column, way, ids,
                                spec->whole ? ", " : "", spec->whole ? spec->within : ""),
                      q->args, q->arg_count, &rows));
    for (;;) {
        bool more;
        TRY(db_next(rows, &more));
        if (!more)
            return w->ids.overflow ? RC_INTERNAL : RC_OK;
        int64_t id = db_int(rows, "row_id");
        buf_add(&w->ids, &id, sizeof id);
    }
}

static int64_t count_ids(const struct walk *w)
{
    return (int64_t)(w->ids.n / sizeof(int64_t));
}

/* 0, which no row has, for what is missing at the end. */
static void print_ids(const struct walk *w, int64_t from, char text[static WALK_ROWS * ID_DIGITS + 1])
{
    for (int64_t i = 0; i < WALK_ROWS; i++) {
        int64_t id = 0;
        if (from + i < count_ids(w))
            memcpy(&id, w->ids.bytes + (from + i) * (int64_t)sizeof id, sizeof id);
        snprintf(text + i * ID_DIGITS, ID_DIGITS + 1, "%0*lld", ID_DIGITS, (long long)id);
    }
}

static enum rc visit_rows(struct walk *w, const char *text, const struct db_value *args, size_t count)
{
    DB_ROWS rows = NULL;
    TRY(db_start_text(w->c->db, text, args, count, &rows));
    for (;;) {
        bool more;
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        TRY(w->visitor->row(w->visitor->arg, rows));
    }
}

static enum rc walk_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    struct walk *w = arg;
    const struct list_spec *spec = w->q->spec;
    bool names_scope = strstr(spec->from, "$1");
    const char *text = arena_fmt(w->c->arena, "%s SELECT %s FROM chosen CROSS JOIN %s WHERE %s = chosen_id ORDER BY chosen.place",
                                 names_scope ? CHOSEN("2") : CHOSEN("1"), spec->columns, spec->from, spec->id);
    char ids[WALK_ROWS * ID_DIGITS + 1];
    const struct db_value args[] = {w->q->args[0], DB_T(ids)};
    TRY(read_ids(w));
    for (int64_t done = 0, total = count_ids(w); done < total; done += WALK_ROWS) {
        TRY(w->visitor->progress(w->visitor->arg, done, total));
        print_ids(w, done, ids);
        TRY(visit_rows(w, text, names_scope ? args : args + 1, names_scope ? 2 : 1));
    }
    return w->visitor->progress(w->visitor->arg, count_ids(w), count_ids(w));
}

enum rc list_walk(struct ctx *c, const struct list_query *q, const struct list_visitor *visitor)
{
    struct walk w = {.c = c, .q = q, .visitor = visitor};
    buf_init(&w.ids, IDS_MAX);
    enum rc rc = db_run_read(c->db, walk_in_snapshot, &w);
    buf_free(&w.ids);
    return rc;
}
