/* The older system's database file, read row by row; never written to, nor anything beside it that
 * is of its content.
 *
 * Open read-only. A file in WAL mode whose log is not there is opened as unchangeable, so that no
 * files appear beside it; with a log, the log is read too. All reads are of one snapshot.
 *
 * Values keep the type in which they were stored. A REAL comes as the shortest decimal text that
 * reads back as the same bits, so nobody else needs floating point. */
#ifndef MMS_DB_LEGACY_FILE_H
#define MMS_DB_LEGACY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

enum legacy_kind { LEGACY_NULL, LEGACY_INT, LEGACY_REAL, LEGACY_TEXT, LEGACY_BLOB };

struct legacy_value {
    enum legacy_kind kind;
    int64_t number; /* INT */
    const char
        *text; /* INT and REAL: decimal; TEXT, BLOB: the n bytes, whatever they are; NULL: NULL */
    size_t n;
};

struct legacy_table {
    const char *name;
    const char *const *columns; /* the first is "id"; what the file's table lacks comes as NULL */
    size_t count;
};
#define LEGACY_COLUMNS_MAX 24

struct legacy_file;

/* On failure *why is one sentence (zh and en) with place and way out: no such file, no database,
 * not the older system's, in use, unreadable. */
MUST_CHECK enum rc legacy_open(const char *path, struct arena *a, struct legacy_file **out,
                               struct error *why);
void legacy_close(struct legacy_file *f); /* NULL is fine */

bool legacy_has_table(struct legacy_file *f, const char *table);
/* Tables that are none of the older system's, with ", " between; NULL: there are none. */
const char *legacy_strange_tables(struct legacy_file *f);
/* How many rows it has; 0 also when that cannot be told. */
int64_t legacy_count(struct legacy_file *f, const struct legacy_table *t);
/* What SQLite says is wrong with the file, at most 10 sentences with "; " between them; NULL:
 * nothing. */
const char *legacy_damage(const struct legacy_file *f);
/* Another program had it open when it was opened. */
bool legacy_in_use(const struct legacy_file *f);

struct legacy_outcome {
    int64_t rows;
    bool is_cut; /* some of the table cannot be read */
};
/* Calls `take` for each row that can be read; the values live until it returns. From a damaged
 * table come the rows before the damage, and then those behind it from the last one back. Not
 * RC_OK: what `take` returned. */
MUST_CHECK enum rc legacy_read(struct legacy_file *f, const struct legacy_table *t,
                               enum rc (*take)(void *arg, const struct legacy_value *row),
                               void *arg, struct legacy_outcome *out);

#endif
