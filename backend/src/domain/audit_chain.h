/* Proving the operation log's chain (what it is: audit.h), and sealing parts of it. */
#ifndef MMS_DOMAIN_AUDIT_CHAIN_H
#define MMS_DOMAIN_AUDIT_CHAIN_H

#include "domain/audit.h"

/* What walks along a chain, row by row. */
struct audit_walk {
    int64_t expected_id;            /* of the next row */
    char hash[HASH_HEX_MAX];        /* of the row before */
    int64_t rows, broken;
    /* Told of each break, with the rows' ids in both languages; may be NULL. */
    void (*found)(void *arg, const char *zh, const char *en);
    void *arg;
    struct arena arena;             /* of the walk; audit_walk_end frees it */
};

void audit_walk_begin(struct audit_walk *w, int64_t first_id, const char *previous);
/* The next row; `hash` NULL: it has none. */
void audit_walk_row(struct audit_walk *w, const struct db_value row[static AUDIT_COLUMNS], const char *hash);
/* Where the chain must have come to. */
void audit_walk_reaches(struct audit_walk *w, int64_t last_id, const char *hash);
void audit_walk_end(struct audit_walk *w);
/* Counts a break, and tells of it. */
void audit_walk_tell(struct audit_walk *w, const char *zh, const char *en);

/* Calls `take` for the rows first … last in order, some at a time; values live until it returns. */
MUST_CHECK enum rc audit_rows(struct ctx *c, int64_t first, int64_t last,
                              enum rc (*take)(void *arg, const struct db_value row[static AUDIT_COLUMNS], const char *hash),
                              void *arg);

/* Walks the whole log: every row, its end, and every seal. What does not fit goes to w->found. */
MUST_CHECK enum rc audit_prove(struct ctx *c, struct audit_walk *w, int64_t *seals);
/* Whether the row with this id has this hash: a head that somebody noted down must still be there. */
MUST_CHECK enum rc audit_row_has(struct ctx *c, int64_t id, const char *hash, bool *has);

struct audit_seal {
    int64_t first_id, last_id;
    const char *previous;  /* hash of the row before first_id */
    const char *hash;      /* of last_id */
    const char *file_name, *file_hash;
};
/* What a seal of all rows before `until_ms` would hold: from the last seal's end on. last_id < first_id: nothing. */
MUST_CHECK enum rc audit_seal_range(struct ctx *c, int64_t until_ms, struct audit_seal *out);
/* Keeps the seal, and logs it. */
MUST_CHECK enum rc audit_seal_add(struct ctx *c, const struct audit_seal *seal);

#endif
