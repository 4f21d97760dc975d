/* What a search has found of one kind, and in which order it is told. */
#ifndef MMS_DOMAIN_SEARCH_FOUND_H
#define MMS_DOMAIN_SEARCH_FOUND_H

#include "domain/ctx.h"
#include "domain/search_index.h"
#include "domain/search_text.h"

#define SEARCH_WORDS_MAX 50 /* as many as the longest question can have */
#define SEARCH_MATCHES_MAX 16 /* places to be shown, of a row */

/* The question. */
struct search_query {
    const char *folded; /* as codes are compared */
    const char *code;   /* the same in capitals, as documents are numbered, without what stands between letters and digits */
    struct search_text words[SEARCH_WORDS_MAX];
    size_t word_count;
    bool with_matches; /* the places are wanted, too */
};

struct search_match {
    const char *field, *text;
    size_t start, length; /* characters */
};

/* What is before the other: an exact code, a code that begins so, the rest. */
enum search_rank { RANK_EXACT, RANK_PREFIX, RANK_OTHER };

struct search_hit {
    int64_t id;
    const char *code, *name, *description, *code_fold;
    enum search_rank rank;
    bool out_of_use;
    struct search_match *matches;
    size_t match_count;
};

struct search_found {
    struct search_hit *hits;
    int64_t *ids; /* of the hits, while they are collected */
    size_t count, max;
    bool newest_first; /* of equal rank; otherwise by code */
};

void search_found_init(struct ctx *c, struct search_found *f, size_t max);

/* What is asked of a row before it is taken: nothing (it was found by other means), its words, its words with typing errors. */
enum search_demand { DEMAND_NOTHING, DEMAND_WORDS, DEMAND_NEAR_WORDS };

/* Takes the present row, unless it is there already, there is no room, or it does not have in `fields` what is demanded. It has the
 * columns id, code, name, description, out_of_use, and the fields. */
void search_found_add(struct ctx *c, struct search_found *f, const struct search_query *q, const char *const *fields,
                      enum search_demand demand, struct db_rows *rows);

/* Puts them into order and keeps the first `limit`. */
void search_found_rank(struct search_found *f, size_t limit);

/* Documents (search_documents.c): by their number, any part of it of the last SEARCH_NUMBERS_RECENT ones, or by the materials that
 * were found. Those of others are for who may see them. */
#define SEARCH_NUMBERS_RECENT 2000
MUST_CHECK enum rc search_documents(struct ctx *c, const struct search_query *q, const struct search_found *materials, size_t limit,
                                    struct search_found *out);

#endif
