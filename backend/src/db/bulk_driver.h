/* What an engine must be able to do for bulk.c; private to this folder. The engines: sqlite_bulk.c, postgres_bulk.c. */
#ifndef MMS_DB_BULK_DRIVER_H
#define MMS_DB_BULK_DRIVER_H

#include "base/buf.h"
#include "db/bulk.h"
#include "db/driver.h"

/* Tables of the database's own. */
#define BULK_IS_OWN(NAME) "substr(" NAME ", 1, 7) = 'search_'"

/* A statement that is run when everything is loaded. */
struct bulk_step {
    const char *text;
    struct bulk_step *next;
};

struct bulk_load {
    struct db *db;
    const struct bulk_tables *tables;
    const struct bulk_table *table; /* the one that is being filled */
    struct arena *arena;
    struct bulk_step *steps, **steps_end;
    struct buf out; /* postgres: lines not sent yet; sqlite: texts of the present line */
    void *into;     /* sqlite: the INSERT */
};

struct bulk_engine {
    /* Columns: name. Without the engine's own. */
    struct sql tables;
    /* Of table $1: name, kind ('number', 'text', or the type of an odd one), is_key. */
    struct sql columns;
    enum rc (*ready)(struct db *db, bool loading);
    enum rc (*in_use)(struct db *db, bool *in_use);
    enum rc (*read)(struct db *db, const struct bulk_table *t, enum rc (*take)(void *arg, const char *line, size_t n), void *arg);
    enum rc (*open)(struct bulk_load *load);
    enum rc (*begin)(struct bulk_load *load);
    enum rc (*add)(struct bulk_load *load, const char *line, size_t n);
    enum rc (*end)(struct bulk_load *load);
    enum rc (*close)(struct bulk_load *load); /* after the steps */
    enum rc (*last_id)(struct db *db, const struct bulk_table *t, int64_t *last, bool *counts);
    enum rc (*set_last_id)(struct db *db, const struct bulk_table *t, int64_t last);
};

extern const struct bulk_engine sqlite_bulk, postgres_bulk;

/* To be run by bulk_close, in this order; the text is copied. */
void bulk_later(struct bulk_load *load, const char *text);
/* Several statements in one text, now. */
MUST_CHECK enum rc bulk_run(struct db *db, const char *text);
/* Each row's column `text`, in the arena: to be run now, and (column `undo`, when not NULL) later. Collected before anything is run. */
MUST_CHECK enum rc bulk_take_off(struct bulk_load *load, const struct sql *sql);
/* A name as an SQL identifier, in the arena. */
const char *bulk_quoted(struct arena *a, const char *name);

#endif
