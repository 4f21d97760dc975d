/* The move of a whole database between the engines: what both ways share (move.c), and the proof (move_proof.c).
 *
 * Everything that the target gets is one transaction: schema, rows, keys, counters, and the proof before its commit. It is there
 * completely and proven, or not at all, whenever the process ends; so there are no remains to tell from somebody else's data, and
 * running it again is all that is ever needed. That is worth more than a second connection for COPY: the server's own process and
 * this one work side by side anyway, and the building of the indexes is shared out by the server itself.
 *
 * Source: read in one snapshot, under the lock of the writers, and never written to. */
#ifndef MMS_OPS_MOVE_H
#define MMS_OPS_MOVE_H

#include "crypto/token.h"
#include "db/bulk.h"
#include "ops/tool.h"

/* ---- the proof ---- */

struct table_sum {
    int64_t rows, last_id;
    bool counts; /* last_id is of a counter */
    char hash[HASH_HEX_MAX]; /* SHA-256 over the lines of bulk.h, each with a newline */
};

struct move_total {
    const char *what, *value;
};

#define MOVE_TOTALS_MAX 64

/* What is known of one side. */
struct move_side {
    struct db *db;
    struct arena *arena;
    struct bulk_tables tables;
    struct table_sum *sums; /* of each table */
    struct move_total totals[MOVE_TOTALS_MAX];
    size_t total_count;
};

/* A running checksum over lines. */
struct line_sum {
    struct hash_stream hash;
    int64_t rows;
};
void line_sum_begin(struct line_sum *s);
void line_sum_add(struct line_sum *s, const char *line, size_t n);
void line_sum_end(struct line_sum *s, struct table_sum *out);

/* Reads the tables' names and columns; the sums are empty. */
MUST_CHECK enum rc move_side_tables(struct move_side *s);
/* Reads every row of every table. */
MUST_CHECK enum rc move_side_sums(struct move_side *s);
/* Stock per category, documents per state, the ledger, the head of the log: by statements that know what they add up. */
MUST_CHECK enum rc move_side_totals(struct move_side *s);

/* Whether both have the same tables with the same columns, all of which can be moved; false: *zh and *en say what is not so. */
bool move_sides_match(const struct move_side *source, const struct move_side *target, struct arena *a, const char **zh, const char **en);
/* Prints a line for each table and total, and returns how many differ. The sides match. */
int move_print_proof(const struct move_side *source, const struct move_side *target);

/* ---- the move ---- */

struct move {
    struct arena arena;
    const char *command;
    const char *from, *from_name, *to, *to_name; /* the names may be shown */
    bool dry_run, while_serving;
    struct move_side source, target;
    struct db *hold; /* has the lock of the source's writers */
    struct error err;
    int differences;
    int64_t began_us, step_us;
};

/* Moves everything from m->from to m->to, prints what it does, and returns the exit code. The target is an empty database (or one
 * with this schema and no data), or, when it is a file, one that is not there. */
int move_run(struct move *m);
/* Compares the two, printing, each in one snapshot and both at the same time. */
int move_verify(struct move *m);

#endif
