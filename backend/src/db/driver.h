/* What an engine must be able to do for db.c, tx.c and migrate.c; private to this folder.
 *
 * sqlite.c and sqlite_open.c are the engine of today. Each function that can fail leaves its reason
 * in driver_error. A connection and its statements belong to one thread at a time. */
#ifndef MMS_DB_DRIVER_H
#define MMS_DB_DRIVER_H

#include "db/db.h"

struct conn; /* a connection */
struct stmt; /* a prepared statement */

MUST_CHECK enum rc driver_open(const char *path, enum db_mode mode, struct conn **out,
                               struct error *why);
void driver_close(struct conn *c); /* after all its statements are finalized; NULL is fine */
const char *driver_error(const struct conn *c);

/* ---- statements ---- */

/* `name` is for messages and must outlive the statement. */
MUST_CHECK enum rc driver_prepare(struct conn *c, const char *name, const char *text,
                                  struct stmt **out);
void driver_finalize(struct stmt *s);
/* Binds the arguments; the first driver_step runs it. */
MUST_CHECK enum rc driver_start(struct stmt *s, const struct db_value *args, size_t count);
MUST_CHECK enum rc driver_step(struct stmt *s, bool *more);
void driver_reset(struct stmt *s);
int64_t driver_changed(const struct stmt *s); /* rows the run that has just ended touched */
/* Grows with every row that any statement of this connection touches. */
int64_t driver_changes(const struct conn *c);
int driver_column_count(const struct stmt *s);
const char *driver_column_name(const struct stmt *s, int column);
enum db_type driver_type(const struct stmt *s, int column);
int64_t driver_int(const struct stmt *s, int column);
const char *driver_text(const struct stmt *s, int column, size_t *n); /* n may be NULL */

/* ---- transactions ---- */

enum driver_tx {
    DRIVER_BEGIN_READ,
    DRIVER_BEGIN_WRITE,
    DRIVER_COMMIT,
    DRIVER_ROLLBACK,
    DRIVER_SAVEPOINT, /* one level only */
    DRIVER_RELEASE,
    DRIVER_ROLLBACK_TO, /* the savepoint stays: release it afterwards */
    DRIVER_TX_COUNT
};
MUST_CHECK enum rc driver_tx(struct conn *c, enum driver_tx what);
/* False also when the engine has rolled a transaction back by itself (full disk, I/O error). */
bool driver_in_tx(const struct conn *c);

/* ---- for migrations and care ---- */

/* Several statements in one text. */
MUST_CHECK enum rc driver_script(struct conn *c, const char *text);
/* Whether there is a table of that name; NULL: any table at all. */
MUST_CHECK enum rc driver_has_table(struct conn *c, const char *name, bool *has);
/* A copy of the whole database; the file bears its name only when it is complete and durable. */
MUST_CHECK enum rc driver_backup(struct conn *c, const char *file);
/* Length of the write-ahead log after the last commit. */
int driver_log_pages(const struct conn *c);
/* Moves the log into the database file. wait_ms = 0: as much as goes without waiting for readers.
 * Otherwise: all of it, and the log is cut to nothing, if the readers let go of it within that
 * time. */
MUST_CHECK enum rc driver_checkpoint(struct conn *c, int wait_ms);

/* ---- of db.c, for tx.c and migrate.c ---- */

struct conn *db_conn(struct db *db);
/* Ends the process when a statement still runs on this connection: `where` forgot a db_end. */
void db_check_ended(const struct db *db, const char *where);
/* For errors of ours that no input can cause: says which statement, then ends the process. */
__attribute__((noreturn)) void db_misuse(const char *statement, const char *what);

#endif
