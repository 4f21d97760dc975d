/* The index of the search: owns the tables search_tokens and search_fills. It holds materials, people (accounts that are not closed)
 * and count tasks; documents are found by their numbers and by their materials (search_documents.c), so that neither making one nor
 * approving it has anything to do here.
 *
 * Whoever changes what a thing is called, or whether it is in use, says so with search_put in the same transaction. */
#ifndef MMS_DOMAIN_SEARCH_INDEX_H
#define MMS_DOMAIN_SEARCH_INDEX_H

#include "domain/ctx.h"

enum search_kind { SEARCH_MATERIAL = 1, SEARCH_USER, SEARCH_COUNT, SEARCH_KINDS };

/* A rowid is the kind's base, SEARCH_OUT_OF_USE when it is retired or disabled, and the id. The same numbers in verify_cmd.c. */
#define SEARCH_BASE 2251799813685248        /* 2^51 */
#define SEARCH_OUT_OF_USE 1125899906842624  /* 2^50 */

#define SEARCH_FIELDS_MAX 8

struct search_kind_row {
    const char *type;          /* of an answer's row */
    const char *const *fields; /* columns that are searched, NULL-ended; the code is the first */
    struct sql rows;           /* for the index, ids above $1, $2 of them: id, out_of_use, the fields */
    struct sql by_tokens;      /* candidates for the expression $1, $3 of them, those above rowid $4; rowids $2 + id: columns as below */
    struct sql by_code;        /* codes (folded) from $1 to below $2, of status $3, $4 of them; no text: the index will do */
};
/* Columns of what is found: id, code, name, description, out_of_use, and the fields. */
extern const struct search_kind_row search_kinds[SEARCH_KINDS];

/* Takes the present row into the index, in place of what the index had of it; one that is gone (or closed) leaves it. */
MUST_CHECK enum rc search_put(struct ctx *c, enum search_kind kind, int64_t id);

/* Indexes some of the rows that were there before the index was, or whose tokens have changed since. *more: call again, in
 * another transaction. */
MUST_CHECK enum rc search_fill(struct ctx *c, bool *more);
/* Empties the index, so that search_fill makes all of it: where the rows came in without search_put. */
MUST_CHECK enum rc search_forget(struct ctx *c);
/* search_fill after search_forget in the same transaction: nothing has to be taken out first. */
MUST_CHECK enum rc search_fill_fresh(struct ctx *c, bool *more);
/* Both, until all is done, in this transaction. */
MUST_CHECK enum rc search_fill_anew(struct ctx *c);
/* The same for a database that was filled from another, in its transaction: the index is each engine's own. */
MUST_CHECK enum rc search_fill_database(struct db *db);

#endif
