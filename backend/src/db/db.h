/* The waist between MMS and its storage: one SQL statement at a time.
 *
 * The only folder that sees sqlite3.h and libpq-fe.h. One SQL text for both engines:
 * parameters are $1 … $n, no `::` casts, whole numbers are 64-bit, decimals are whole millionths, instants are
 * whole milliseconds, text is UTF-8 without NUL. Engine differences: the list at the top of db/dialect.h.
 *
 * Threads: a `struct db` belongs to one thread at a time.
 * Errors: RC_DB_LOST (no connection; db_renew), RC_DB_UNCERTAIN (lost during COMMIT), RC_DB_UNIQUE, RC_DB_CHECK, RC_DB_FOREIGN_KEY for a broken rule; RC_DB_BUSY, RC_DB_FULL, RC_DB_READONLY,
 * RC_DB_CORRUPT, RC_DB for the rest, with the engine's text in db_last_error() for the log, never for a client. */
#ifndef MMS_DB_DB_H
#define MMS_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dec.h"
#include "base/error.h"
#include "base/histogram.h"

/* ---- connections ---- */

enum db_mode {
    DB_READ,  /* a reader: cannot change anything */
    DB_WRITE, /* the writer; makes the file when it is not there */
};

struct db;

/* Whether `place` is a server's database (postgresql://…) and not a file. */
bool db_is_server(const char *place);
/* Opens the database at `place`: a path, or the URL of a PostgreSQL database. On failure *why (when not NULL) is one clear sentence with the way out (zh and en)
 * for a person at the console: not writable, not a database, damaged, folder missing. No arena exists yet
 * then: the texts stay until this thread's next db_open or db_writer_start. */
MUST_CHECK enum rc db_open(const char *place, enum db_mode mode, struct db **out, struct error *why);
void db_close(struct db *db); /* NULL is fine */
/* A new connection in place of one that was lost; RC_OK when it is not. Nothing may be running on it. */
MUST_CHECK enum rc db_renew(struct db *db);
const char *db_last_error(const struct db *db);

/* ---- statements ---- */

/* A statement is a named constant next to the code that uses it; each connection prepares it once and finds it
 * again by its address. */
struct sql {
    const char *name; /* for logs: "material.by_id" */
    const char *text;
};

enum db_type { DB_NULL, DB_INT, DB_TEXT };

struct db_value {
    enum db_type type;
    int64_t number;
    const char *text;
};

#define DB_N ((struct db_value){DB_NULL, 0, NULL})
#define DB_I(v) ((struct db_value){DB_INT, (int64_t)(v), NULL})
#define DB_T(v) db_text_value(v)   /* NULL gives NULL */
#define DB_D(v) ((struct db_value){DB_INT, (v).millionths, NULL})
struct db_value db_text_value(const char *text);

struct db_rows; /* a running statement; ends with db_end, which takes NULL */

/* Starts a statement; rows come with db_next. Texts in `args` must live until db_end.
 * The statement's earlier run on this connection must have ended. */
MUST_CHECK enum rc db_start(struct db *db, const struct sql *sql, const struct db_value *args, size_t count,
                            struct db_rows **out);
/* The same for a text that was put together from constants (domain/list.c); found again by its content.
 * A connection keeps the 64 last used of these. */
MUST_CHECK enum rc db_start_text(struct db *db, const char *text, const struct db_value *args, size_t count,
                                 struct db_rows **out);
/* *more is false after the last row. */
MUST_CHECK enum rc db_next(struct db_rows *rows, bool *more);
void db_end(struct db_rows *rows);
/* Runs a statement that gives no rows (or whose rows do not matter). *changed (may be NULL): rows it touched. */
MUST_CHECK enum rc db_exec(struct db *db, const struct sql *sql, const struct db_value *args, size_t count,
                           int64_t *changed);

#define DB_ARGS(...)                                                                                                   \
    (const struct db_value[]){__VA_ARGS__}, (sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))
#define DB_NO_ARGS NULL, 0

/* db_end at the end of the scope: DB_ROWS rows = NULL; */
static inline void db_end_cleanup(struct db_rows **rows)
{
    db_end(*rows);
}
#define DB_ROWS __attribute__((cleanup(db_end_cleanup))) struct db_rows *

/* ---- columns of the present row, by name ---- */

int64_t db_int(struct db_rows *rows, const char *column);       /* NULL reads as 0 */
struct dec db_dec(struct db_rows *rows, const char *column);
const char *db_text(struct db_rows *rows, const char *column);  /* NULL for NULL; until the next db_next or db_end */
bool db_is_null(struct db_rows *rows, const char *column);

/* For tables of names (record.c): where each name stands in the row, -1 if it does not; kept with the prepared
 * statement under the address `first`. Names lie `stride` bytes apart, each a `const char *`. */
const int16_t *db_columns(struct db_rows *rows, const void *first, size_t stride, size_t count);
enum db_type db_type_at(struct db_rows *rows, int column);
int64_t db_int_at(struct db_rows *rows, int column);
const char *db_text_at(struct db_rows *rows, int column, size_t *n);

/* ---- transactions: db/tx.c is the only place that begins, commits or retries ---- */

/* A consistent snapshot for several reads. What `run` returns is returned. */
MUST_CHECK enum rc db_run_read(struct db *reader, enum rc (*run)(struct db *db, void *arg), void *arg);

/* Inside a job of the writer: runs `run` in a savepoint of its own, rolled back alone when it fails; what it returns is
 * returned. For work of several parts of which each stands or falls by itself. */
MUST_CHECK enum rc db_run_nested(struct db *db, enum rc (*run)(struct db *db, void *arg), void *arg);

/* One write transaction on a connection opened with DB_WRITE, for what moves a whole database. Nobody else writes meanwhile. What it
 * changed stays when `run` returns RC_OK and has not set *keep to false. RC_DB_UNCERTAIN: nobody knows. */
MUST_CHECK enum rc db_run_alone(struct db *db, enum rc (*run)(struct db *db, void *arg, bool *keep), void *arg);
/* Inside a job that brings very many rows into empty tables: statements are planned for many rows from here to the job's end. (PostgreSQL
 * would read whole tables, as it knows them empty.) */
MUST_CHECK enum rc db_expect_many(struct db *db);
/* Inside a job in which tables grow very much: statements are planned anew. (PostgreSQL keeps a plan for as long as it may.) SQLite has no
 * such need: nothing is done. */
MUST_CHECK enum rc db_plan_anew(struct db *db);
/* Inside a job: stops a trigger that keeps a figure of many rows in one, or lets it go on, until the job's end at most. For a job of very many
 * rows that works the figure out itself at its end: PostgreSQL keeps every version of a row until the transaction ends, so
 * that changing one row n times takes n × n steps. SQLite has no such need: nothing is done. The names are constants. */
MUST_CHECK enum rc db_set_trigger(struct db *db, const char *table, const char *trigger, bool on);

/* The one writer: a thread with its own connection. It takes what is queued (at most 128 jobs), runs each, commits once,
 * then tells all. A job that fails leaves nothing behind, the others stand; when the commit fails, all are told. */
struct db_writer;

struct db_job {
    /* On the writer's thread. Not RC_OK: what it changed is rolled back. May be run a second time, after the changes of the
     * first were rolled back; what the last run returns counts. */
    enum rc (*run)(struct db *db, void *arg);
    void (*done)(void *arg, enum rc rc);       /* on the writer's thread, after the commit (or its failure) */
    void *arg;
};

#define DB_QUEUE_MAX 4096
#define DB_BATCH_MAX 128

MUST_CHECK enum rc db_writer_start(const char *place, struct db_writer **out, struct error *why);
/* RC_BUSY when the queue is full, RC_SHUTTING_DOWN after db_writer_stop has begun. Never waits. */
MUST_CHECK enum rc db_writer_submit(struct db_writer *w, struct db_job job);
/* Runs `run` in the writer and waits for its commit; gives what db_job.done would be told. From any other thread. */
MUST_CHECK enum rc db_run_tx(struct db_writer *w, enum rc (*run)(struct db *db, void *arg), void *arg);
/* The same, but gives up waiting after timeout_ms with RC_BUSY (the job may still run: arg must outlive it,
 * so `release(arg)` is called exactly once when nobody needs it any more: also when the job was not taken, and
 * maybe before this returns - what the caller reads afterwards must not live in arg). For the health check. */
MUST_CHECK enum rc db_run_tx_within(struct db_writer *w, enum rc (*run)(struct db *db, void *arg), void *arg,
                                    void (*release)(void *arg), int timeout_ms);
/* Calls `committed` after each commit, on the writer's thread, before those are told whose jobs it holds. Once, before the first
 * job is submitted; short, and it must outlive the writer. */
void db_writer_on_commit(struct db_writer *w, void (*committed)(void *arg), void *arg);
/* Finishes what is queued, checkpoints, ends the thread, closes. NULL is fine. */
void db_writer_stop(struct db_writer *w);

struct db_writer_stats {
    int64_t commits, jobs, failed_jobs, queue_length, longest_wait_us;
    int64_t log_bytes; /* of the write-ahead log after the last commit; -1: the engine has none of ours */
    const struct histogram *wait, *group, *commit; /* µs in the queue; jobs of a batch; µs of a commit */
};
void db_writer_stats(struct db_writer *w, struct db_writer_stats *out);

/* ---- the database itself, for its administrator ---- */

/* Questions that each engine answers by statements of its own. Columns: version: version (text); tables: name;
 * columns ($1: table): name, type, is_required, is_key; size: n (bytes); integrity: result ("ok", or what is wrong);
 * indexes, triggers: name, of those that are in force. */
struct db_catalogue {
    const char *engine; /* "SQLite" */
    struct sql version, tables, size, integrity, indexes, triggers;
    struct sql columns; /* of table $1; `value`: an expression that reads the column as a whole number or a text, whatever it is */
    struct sql session;         /* session: what names this connection; $1, this process, where connections have no names */
    struct sql session_is_gone; /* n: 1 when the connection that `session` named as $2 is there no more; $1 as before */
    struct sql ids_after; /* n: the next id that table $1 gives is above $2. For rows that were put there with ids of their own */
};
const struct db_catalogue *db_catalogue(const struct db *db);

/* From now on a statement that is open for so long (with what is done with its rows meanwhile) has a line in the log: storage.slow. */
void db_tell_slow_statements(int64_t us);

#define DB_WHY_MAX 256

/* A consistent copy of the whole database as a SQLite file, also while others write; `file` must not exist, and bears its name only
 * when it is complete and on the disk. Of a server's database all tables are read in one snapshot, on a connection of its own;
 * `finish` then makes in the copy what each database has for itself (bulk.h). why: for the log. */
MUST_CHECK enum rc db_back_up(struct db *db, const char *file, enum rc (*finish)(struct db *copy), char why[DB_WHY_MAX]);

/* ---- one instance at a time on a SQLite file ---- */

/* Whoever serves a SQLite file, or changes its schema, holds a lock of the operating system on the file DB_PATH.lock, from before the
 * first statement until after the last; it ends with the process, however that ends, and counts between containers that share the
 * folder. One that waits for it holds DB_PATH.next, so that at most one waits. On a server's database there is nothing to hold:
 * RC_OK, and *out stays NULL. */
struct db_hold;
/* RC_DB_BUSY: another holds it; *why says who. `who`: one line about this process, for those who find it held. Never waits. */
MUST_CHECK enum rc db_hold_take(const char *place, const char *who, struct db_hold **out, struct error *why);
/* Takes the place of the one that waits. RC_DB_BUSY: another waits already. */
MUST_CHECK enum rc db_hold_queue(const char *place, const char *who, struct db_hold **out, struct error *why);
/* NULL is fine. */
void db_hold_release(struct db_hold *h);
/* Whether an instance (of any process) waits for the SQLite file at `place`. */
bool db_hold_is_awaited(const char *place);

/* ---- migrations ---- */

struct migration {
    int number;         /* 1, 2, 3 … without gaps */
    const char *name;   /* "core" of 0001_core.sql */
    const char *text;
};

/* Embedded at build time from backend/sql/. */
extern const struct migration migrations[];
extern const size_t migration_count;

/* Brings the database to the last of `list`. Each migration runs in one transaction and is recorded with its
 * checksum (SHA-256 of the text) in schema_migrations; an applied one whose text has changed is refused (RC_DB).
 * A database with a migration that the list lacks is newer: RC_DB_NEWER. Before an older, non-empty database is
 * changed, a snapshot is put beside it: PATH.before-NNNN (and *snapshot, when not NULL, is its name in the arena).
 * *applied: how many ran. */
struct arena;
MUST_CHECK enum rc db_migrate(struct db *writer, const char *path, const struct migration *list, size_t count, int64_t now_ms,
                              struct arena *a, int *applied, const char **snapshot, struct error *why);
/* All of `list` inside the transaction that is open, on a database without any table: for who fills it in the same breath. */
MUST_CHECK enum rc db_migrate_inside(struct db *db, const char *path, const struct migration *list, size_t count, int64_t now_ms,
                                     struct arena *a, struct error *why);
/* The last applied number; 0 for an empty database. */
MUST_CHECK enum rc db_schema_version(struct db *db, int *number);

#endif
