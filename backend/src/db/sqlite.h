/* The SQLite connection, shared by sqlite.c and sqlite_open.c and seen by nobody else. */
#ifndef MMS_DB_SQLITE_H
#define MMS_DB_SQLITE_H

#include <sqlite3.h>
#include <stdio.h>

#include "db/driver.h"

#define SQLITE_BUSY_WAIT_MS 10000

struct sqlite_conn {
    struct conn base;
    sqlite3 *sqlite;
    sqlite3_stmt *tx[DRIVER_TX_COUNT];
    int log_pages;
    char *path;
    FILE *watched; /* the shared memory beside the file, once somebody has asked who else has it open (sqlite_bulk.c) */
    char error[512]; /* of the last failure; sqlite3_errmsg would tell of the last call */
};

/* The extended result code of SQLite as ours. */
enum rc sqlite_rc(int code);
/* Keeps the engine's text, with `what` (a statement's name) before it, and returns our code. */
enum rc sqlite_fail(struct sqlite_conn *c, const char *what);
void sqlite_close(struct conn *c);
/* What keeps a file from being opened for writing, as far as the file system tells; RC_OK: nothing is seen. */
enum rc sqlite_look(const char *path, struct error *why);
/* It cannot be written, for this reason (errno). */
enum rc sqlite_refuse_unwritable(const char *path, int reason, struct error *why);
extern const struct engine sqlite_engine;

#endif
