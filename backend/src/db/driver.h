/* What an engine must be able to do for db.c, tx.c and migrate.c; private to this folder.
 *
 * The engines are sqlite.c and sqlite_open.c, postgres.c and postgres_open.c. Each function that
 * can fail leaves its reason in `error`. A connection and its statements belong to one thread at a
 * time. */
#ifndef MMS_DB_DRIVER_H
#define MMS_DB_DRIVER_H

#include "db/db.h"

struct buf;
struct bulk_engine;

struct engine;

/* A connection and a prepared statement; each engine's own begin with these. */
struct conn {
    const struct engine *engine;
};
struct stmt {
    struct conn *conn;
};

enum driver_tx {
    DRIVER_BEGIN_READ,
    DRIVER_BEGIN_WRITE, /* from here on nobody else writes, and all that was committed is seen */
    DRIVER_COMMIT,
    DRIVER_ROLLBACK,
    DRIVER_SAVEPOINT, /* one level only */
    DRIVER_RELEASE,
    DRIVER_ROLLBACK_TO, /* the savepoint stays: release it afterwards */
    DRIVER_TX_COUNT
};

struct engine {
    void (*close)(struct conn *c); /* after all its statements are finalized */
    const char *(*error)(const struct conn *c);

    /* ---- statements ---- */

    /* `name` is for messages and must outlive the statement. */
    enum rc (*prepare)(struct conn *c, const char *name, const char *text, struct stmt **out);
    void (*finalize)(struct stmt *s);
    /* Binds the arguments; it may run now, or with the first step. */
    enum rc (*start)(struct stmt *s, const struct db_value *args, size_t count);
    enum rc (*step)(struct stmt *s, bool *more);
    void (*reset)(struct stmt *s);
    int64_t (*changed)(const struct stmt *s); /* rows the run that has just ended touched */
    int (*column_count)(const struct stmt *s);
    const char *(*column_name)(const struct stmt *s, int column);
    enum db_type (*type)(const struct stmt *s, int column);
    int64_t (*number)(const struct stmt *s, int column);
    const char *(*text)(const struct stmt *s, int column, size_t *n); /* n may be NULL */

    /* ---- transactions ---- */

    enum rc (*tx)(struct conn *c, enum driver_tx what);
    /* False also when the engine has rolled a transaction back by itself (full disk, I/O error). */
    bool (*in_tx)(const struct conn *c);
    /* Grows with every row that any statement of this connection touches, and with every statement
     * that leaves the transaction unfit to go on. */
    int64_t (*changes)(const struct conn *c);
    /* The connection is of no more use: open another. */
    bool (*is_lost)(const struct conn *c);

    /* ---- for migrations and care ---- */

    /* db_expect_many. NULL: no need to. */
    enum rc (*expect_many)(struct conn *c);
    /* db_plan_anew. NULL: no need to. */
    enum rc (*plan_anew)(struct conn *c);
    /* Stops a trigger within this transaction, or lets it go on. NULL: no need to (db.h). */
    enum rc (*set_trigger)(struct conn *c, const char *table, const char *trigger, bool on);

    /* A migration's text, from the words of dialect.h into the engine's own; then several
     * statements in one text. */
    void (*translate)(const char *text, struct buf *out);
    enum rc (*script)(struct conn *c, const char *text);
    /* Whether there is a table of that name; NULL: any table at all. */
    enum rc (*has_table)(struct conn *c, const char *name, bool *has);
    const struct db_catalogue *catalogue;
    /* A copy of the whole database; the file bears its name only when it is complete and durable.
     * NULL: a server's database, which is copied table by table (backup.c). */
    enum rc (*backup)(struct conn *c, const char *file);
    /* Length of the write-ahead log after the last commit. NULL: not ours to care for. */
    int (*log_pages)(const struct conn *c);
    /* Moves the log into the database file. wait_ms = 0: as much as goes without waiting for
     * readers. Otherwise: all of it, and the log is cut to nothing, if the readers let go of it
     * within that time. */
    enum rc (*checkpoint)(struct conn *c, int wait_ms);
    const struct bulk_engine *bulk; /* whole tables: bulk_driver.h */
};

MUST_CHECK enum rc sqlite_open(const char *path, enum db_mode mode, struct conn **out,
                               struct error *why);
MUST_CHECK enum rc postgres_open(const char *url, enum db_mode mode, struct conn **out,
                                 struct error *why);

/* ---- the engine's functions, by the connection or the statement they are for ---- */

static inline void driver_close(struct conn *c)
{
    if (c)
        c->engine->close(c);
}
static inline const char *driver_error(const struct conn *c)
{
    return c->engine->error(c);
}
MUST_CHECK static inline enum rc driver_prepare(struct conn *c, const char *name, const char *text,
                                                struct stmt **out)
{
    return c->engine->prepare(c, name, text, out);
}
static inline void driver_finalize(struct stmt *s)
{
    s->conn->engine->finalize(s);
}
MUST_CHECK static inline enum rc driver_start(struct stmt *s, const struct db_value *args,
                                              size_t count)
{
    return s->conn->engine->start(s, args, count);
}
MUST_CHECK static inline enum rc driver_step(struct stmt *s, bool *more)
{
    return s->conn->engine->step(s, more);
}
static inline void driver_reset(struct stmt *s)
{
    s->conn->engine->reset(s);
}
static inline int64_t driver_changed(const struct stmt *s)
{
    return s->conn->engine->changed(s);
}
static inline int driver_column_count(const struct stmt *s)
{
    return s->conn->engine->column_count(s);
}
static inline const char *driver_column_name(const struct stmt *s, int column)
{
    return s->conn->engine->column_name(s, column);
}
static inline enum db_type driver_type(const struct stmt *s, int column)
{
    return s->conn->engine->type(s, column);
}
static inline int64_t driver_int(const struct stmt *s, int column)
{
    return s->conn->engine->number(s, column);
}
static inline const char *driver_text(const struct stmt *s, int column, size_t *n)
{
    return s->conn->engine->text(s, column, n);
}
MUST_CHECK static inline enum rc driver_tx(struct conn *c, enum driver_tx what)
{
    return c->engine->tx(c, what);
}
static inline bool driver_in_tx(const struct conn *c)
{
    return c->engine->in_tx(c);
}
static inline int64_t driver_changes(const struct conn *c)
{
    return c->engine->changes(c);
}
static inline bool driver_is_lost(const struct conn *c)
{
    return c->engine->is_lost(c);
}
MUST_CHECK static inline enum rc driver_script(struct conn *c, const char *text)
{
    return c->engine->script(c, text);
}
MUST_CHECK static inline enum rc driver_has_table(struct conn *c, const char *name, bool *has)
{
    return c->engine->has_table(c, name, has);
}

/* ---- of db.c, for tx.c and migrate.c ---- */

struct conn *db_conn(struct db *db);
const char *db_place(const struct db *db); /* as given to db_open */
/* Ends the process when a statement still runs on this connection: `where` forgot a db_end. */
void db_check_ended(const struct db *db, const char *where);
/* For errors of ours that no input can cause: says which statement, then ends the process. */
__attribute__((noreturn)) void db_misuse(const char *statement, const char *what);

#endif
