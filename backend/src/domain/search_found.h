/* What a search has found of one kind, and in which order it is told. */
#ifndef MMS_DOMAIN_SEARCH_FOUND_H
#define MMS_DOMAIN_SEARCH_FOUND_H

#include "domain/ctx.h"
#include "domain/search_index.h"
#include "domain/search_text.h"

#define SEARCH_WORDS_MAX 10
#define SEARCH_MATCHES_MAX 16 /* places to be shown, of a row */

/* The question. */
struct search_query {
    const char *folded; /* as codes are compared */
    const char *code;   /* the same in capitals, as documents are numbered, without what stands between letters and digits */
    struct search_text words[SEARCH_WORDS_MAX];
    size_t word_count;
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
    struct search_match matches[SEARCH_MATCHES_MAX];
    size_t match_count;
};

struct search_found {
    struct search_hit *hits;
    size_t count, max;
    bool newest_first; /* of equal rank; otherwise by code */
};

void search_found_init(struct ctx *c, struct search_found *f, size_t max);
/* Reads what every row has: id, code, name, description, out_of_use; and its rank. NULL: it is there already, or there is no room. */
struct search_hit *search_found_add(struct ctx *c, struct search_found *f, const struct search_query *q, struct db_rows *rows);
void search_found_drop_last(struct search_found *f);
/* Puts them into order and keeps the first `limit`. */
void search_found_rank(struct search_found *f, size_t limit);

/* Whether every word is in one of the fields, with a typing error when `with_typos`; notes where. */
bool search_hit_matches(struct ctx *c, struct search_hit *hit, const struct search_query *q, const char *const *fields,
                        struct db_rows *rows, bool with_typos);

/* Documents (search_documents.c): by their number, any part of it of the last SEARCH_NUMBERS_RECENT ones, or by the materials that
 * were found. Those of others are for who may see them. */
#define SEARCH_NUMBERS_RECENT 2000
MUST_CHECK enum rc search_documents(struct ctx *c, const struct search_query *q, const struct search_found *materials, size_t limit,
                                    struct search_found *out);

#endif
