/* Whole tables out of one database and into another, whichever engines these are (ops/move.c).
 *
 * A row is a line: PostgreSQL's COPY text, which is the same bytes for the same row on both engines. Fields stand in the order of
 * bulk_table.columns with a tab between them; NULL is \N; \b \f \n \r \t \v and \\ are written so; whole numbers in decimal.
 * `sha256sum` over the lines, in the order of the key, is therefore the checksum of a table for anybody who has psql.
 *
 * Which tables there are is asked of the catalogue, so that later migrations are covered. Tables whose names begin with `search_` are
 * each database's own, made for its engine (an index for searching, and how far it is filled): neither read nor touched here; who
 * loads has them filled (search_fill). Generated columns make themselves.
 *
 * Threads and errors: as in db.h. */
#ifndef MMS_DB_BULK_H
#define MMS_DB_BULK_H

#include "db/db.h"

struct arena;

#define BULK_COLUMNS_MAX 96
#define BULK_TABLES_MAX 256

struct bulk_column {
    const char *name;
    bool is_number; /* a whole number; else a text */
    bool is_key;
};

struct bulk_table {
    const char *name;
    struct bulk_column *columns;
    size_t count;
    const char *odd_column; /* a column that is neither: such a table cannot be moved. NULL: there is none */
    const char *list;       /* of the columns, quoted: "id", "name" */
    const char *key;        /* of the key's columns; of all, where there is no key */
};

struct bulk_tables {
    struct bulk_table *list; /* by name */
    size_t count;
};

/* In the arena. */
MUST_CHECK enum rc db_bulk_tables(struct db *db, struct arena *a, struct bulk_tables *out);

/* From here on statements may take as long as they need, and a lock a minute. Before any transaction.
 * loading: this connection is going to fill tables. */
MUST_CHECK enum rc db_bulk_ready(struct db *db, bool loading);

/* Whether another process has the database open: on SQLite any, on PostgreSQL one of this program. */
MUST_CHECK enum rc db_bulk_in_use(struct db *db, bool *in_use);

/* The same of a SQLite file that is not to be opened, since it may be damaged, and opening could throw its log away. `shared`: FILE-shm. */
bool db_file_in_use(const char *shared);

/* ---- out ---- */

/* Each row in the order of the key. `line` has no newline, and lives until `take` returns; what is not RC_OK ends the reading. */
MUST_CHECK enum rc db_bulk_read(struct db *db, const struct bulk_table *t, enum rc (*take)(void *arg, const char *line, size_t n),
                                void *arg);

/* ---- in: inside one write transaction, by the role that owns the tables ---- */

/* Empties all tables and takes off what would slow the loading or do its work twice: foreign keys, keys, indexes, triggers. What
 * is needed to put it back is kept in *out, in the arena. */
struct bulk_load;
MUST_CHECK enum rc db_bulk_open(struct db *db, const struct bulk_tables *tables, struct arena *a, struct bulk_load **out);
MUST_CHECK enum rc db_bulk_begin(struct bulk_load *load, const struct bulk_table *t);
MUST_CHECK enum rc db_bulk_add(struct bulk_load *load, const char *line, size_t n);
MUST_CHECK enum rc db_bulk_end(struct bulk_load *load);
/* Puts it all back, so that every row is checked. */
MUST_CHECK enum rc db_bulk_close(struct bulk_load *load);

/* *last: the last id that a table has given out, also to a row that is gone; -1: it gives out none. *counts: by a counter of its own;
 * without one the next id is the largest of its rows + 1. */
MUST_CHECK enum rc db_bulk_last_id(struct db *db, const struct bulk_table *t, int64_t *last, bool *counts);
/* The next one is last + 1. Nothing happens where there is no counter. */
MUST_CHECK enum rc db_bulk_set_last_id(struct db *db, const struct bulk_table *t, int64_t last);

#endif
