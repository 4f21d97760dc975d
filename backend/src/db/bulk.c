#include "db/bulk_driver.h"

#include <string.h>

#include "base/arena.h"

static const struct bulk_engine *engine_of(struct db *db)
{
    return db_conn(db)->engine->bulk;
}

const char *bulk_quoted(struct arena *a, const char *name)
{
    char *out = arena_alloc(a, 2 * strlen(name) + 3), *to = out;
    *to++ = '"';
    for (; *name; name++) {
        if (*name == '"')
            *to++ = '"';
        *to++ = *name;
    }
    *to = '"';
    return out;
}

enum rc bulk_run(struct db *db, const char *text)
{
    return driver_script(db_conn(db), text);
}

/* ---- which tables there are ---- */

static const char *list_of(struct arena *a, const struct bulk_table *t, bool keys_only)
{
    const char *list = "";
    for (size_t i = 0; i < t->count; i++)
        if (!keys_only || t->columns[i].is_key)
            list = arena_fmt(a, "%s%s%s", list, *list ? ", " : "", bulk_quoted(a, t->columns[i].name));
    return list;
}

static enum rc read_columns(struct db *db, struct arena *a, struct bulk_table *t)
{
    DB_ROWS rows = NULL;
    bool more = true;
    t->columns = arena_array(a, BULK_COLUMNS_MAX, sizeof *t->columns);
    enum rc rc = db_start(db, &engine_of(db)->columns, DB_ARGS(DB_T(t->name)), &rows);
    while (rc == RC_OK && (rc = db_next(rows, &more)) == RC_OK && more) {
        const char *kind = db_text(rows, "kind"), *name = arena_dup(a, db_text(rows, "name"));
        bool is_number = strcmp(kind, "number") == 0;
        if (t->count == BULK_COLUMNS_MAX || (!is_number && strcmp(kind, "text") != 0)) {
            t->odd_column = arena_fmt(a, "%s (%s)", name, kind);
            continue;
        }
        t->columns[t->count++] = (struct bulk_column){name, is_number, db_int(rows, "is_key") != 0};
    }
    t->list = list_of(a, t, false);
    t->key = list_of(a, t, true);
    if (!*t->key)
        t->key = t->list;
    return rc;
}

static enum rc read_names(struct db *db, struct arena *a, struct bulk_tables *out)
{
    DB_ROWS rows = NULL;
    bool more = true;
    enum rc rc = db_start(db, &engine_of(db)->tables, DB_NO_ARGS, &rows);
    while (rc == RC_OK && (rc = db_next(rows, &more)) == RC_OK && more) {
        if (out->count == BULK_TABLES_MAX)
            return RC_INTERNAL;
        out->list[out->count++].name = arena_dup(a, db_text(rows, "name"));
    }
    return rc;
}

enum rc db_bulk_tables(struct db *db, struct arena *a, struct bulk_tables *out)
{
    struct bulk_tables found = {arena_array(a, BULK_TABLES_MAX, sizeof *found.list), 0};
    enum rc rc = read_names(db, a, &found);
    for (size_t i = 0; rc == RC_OK && i < found.count; i++)
        rc = read_columns(db, a, &found.list[i]);
    if (rc == RC_OK)
        *out = found;
    return rc;
}

/* ---- reading ---- */

enum rc db_bulk_ready(struct db *db, bool loading)
{
    return engine_of(db)->ready(db, loading);
}

enum rc db_bulk_in_use(struct db *db, bool *in_use)
{
    return engine_of(db)->in_use(db, in_use);
}

enum rc db_bulk_read(struct db *db, const struct bulk_table *t, enum rc (*take)(void *arg, const char *line, size_t n), void *arg)
{
    return engine_of(db)->read(db, t, take, arg);
}

/* ---- loading ---- */

void bulk_later(struct bulk_load *load, const char *text)
{
    struct bulk_step *step = arena_new(load->arena, struct bulk_step);
    step->text = arena_dup(load->arena, text);
    *load->steps_end = step;
    load->steps_end = &step->next;
}

enum rc bulk_take_off(struct bulk_load *load, const struct sql *sql)
{
    struct bulk_step *now = NULL, **end = &now;
    DB_ROWS rows = NULL;
    bool more = true;
    enum rc rc = db_start(load->db, sql, DB_NO_ARGS, &rows);
    while (rc == RC_OK && (rc = db_next(rows, &more)) == RC_OK && more) {
        *end = arena_new(load->arena, struct bulk_step);
        (*end)->text = arena_dup(load->arena, db_text(rows, "text"));
        end = &(*end)->next;
        if (!db_is_null(rows, "undo"))
            bulk_later(load, db_text(rows, "undo"));
    }
    if (rows)
        db_end(rows);
    rows = NULL; /* a running statement would keep the tables from being changed */
    for (; rc == RC_OK && now; now = now->next)
        rc = bulk_run(load->db, now->text);
    return rc;
}

enum rc db_bulk_open(struct db *db, const struct bulk_tables *tables, struct arena *a, struct bulk_load **out)
{
    struct bulk_load *load = arena_new(a, struct bulk_load);
    load->db = db;
    load->tables = tables;
    load->arena = a;
    load->steps_end = &load->steps;
    enum rc rc = engine_of(db)->open(load);
    if (rc == RC_OK)
        *out = load;
    return rc;
}

enum rc db_bulk_begin(struct bulk_load *load, const struct bulk_table *t)
{
    load->table = t;
    return engine_of(load->db)->begin(load);
}

enum rc db_bulk_add(struct bulk_load *load, const char *line, size_t n)
{
    return engine_of(load->db)->add(load, line, n);
}

enum rc db_bulk_end(struct bulk_load *load)
{
    return engine_of(load->db)->end(load);
}

enum rc db_bulk_close(struct bulk_load *load)
{
    enum rc rc = RC_OK;
    for (const struct bulk_step *step = load->steps; rc == RC_OK && step; step = step->next)
        rc = bulk_run(load->db, step->text);
    return rc == RC_OK ? engine_of(load->db)->close(load) : rc;
}

enum rc db_bulk_last_id(struct db *db, const struct bulk_table *t, int64_t *last, bool *counts)
{
    return engine_of(db)->last_id(db, t, last, counts);
}

enum rc db_bulk_set_last_id(struct db *db, const struct bulk_table *t, int64_t last)
{
    return engine_of(db)->set_last_id(db, t, last);
}
