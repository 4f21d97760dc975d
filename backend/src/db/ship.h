/* Continuous backup of a SQLite database: what is committed is in a folder elsewhere within seconds (ship_folder.h says how it lies there).
 *
 * A thread of its own reads the write-ahead log and writes segments. As long as it goes without a gap, the log does not begin anew: a read
 * transaction is held open for that. Only the writer lets it begin anew, between two batches, and hands over in memory what the thread has
 * not read yet (at most 4 MiB); no request waits for the folder. A log that somebody else has brought home and begun anew, or that has
 * grown to 64 MiB while the folder was away, is a gap: the chain ends, and the next one begins with a copy of the whole database. So does
 * each start of the service. */
#ifndef MMS_DB_SHIP_H
#define MMS_DB_SHIP_H

#include "db/db.h"

struct db_ship;

/* What was acknowledged is elsewhere after so long at the latest, or `late` is told. */
#define SHIP_PROMISE_MS 60000

struct db_ship_config {
    const char *folder;   /* must be there, and outlive the writer */
    int64_t interval_ms;
    const char *recipients; /* of age, whom all of it is sealed for; NULL: it lies open */
    const char *uploads;    /* the service's own folder of uploaded files: never touched; NULL: there is none */
    /* Brings uploaded files into the folder, before the segment whose rows name them. False: errno. */
    bool (*files)(void *arg, bool all);
    void *arg;
};

/* Begins to ship what this writer writes. Once, before its first job is submitted; db_writer_stop ends it: what has been committed is
 * shipped before, unless that takes more than 5 s. The config is copied. */
MUST_CHECK enum rc db_writer_ship(struct db_writer *w, const struct db_ship_config *config, struct error *why);

struct db_ship_state {
    bool on;                  /* false: nothing else is told */
    bool sealed;
    bool failing;             /* since failing_ms, for the reason `why` (English) */
    bool late;                /* what was committed more than 60 s ago is not there yet */
    int64_t failing_ms;
    int64_t safe_ms;          /* all that was committed before this moment is in the folder; 0: nothing yet */
    int64_t base_ms;          /* when the newest base was begun; 0: none yet */
    int64_t segments, bytes;  /* written since the start, bases included */
    int64_t gaps, failures;   /* chains that ended early; attempts that failed */
    char chain[64], why[200];
};
/* From any thread. */
void db_writer_ship_state(struct db_writer *w, struct db_ship_state *out);

/* ---- for tx.c ---- */

struct conn;

/* NULL: why. */
struct db_ship *ship_new(struct db_writer *w, const char *path, const struct db_ship_config *config, struct error *why);
/* The thread; once the writer knows of it. */
void ship_start(struct db_ship *s);
/* Between two batches, on the writer's thread; `pages` is the length of the log. False: care for the log as always. */
bool ship_care(struct db_ship *s, struct conn *c, int pages);
void ship_state(struct db_ship *s, struct db_ship_state *out);
/* Ships what there is, ends the thread, and lets go of the log. */
void ship_end(struct db_ship *s);

#endif
