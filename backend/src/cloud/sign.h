/* What the two signatures of Alibaba Cloud have in common. No I/O; all results are in the arena. */
#ifndef MMS_CLOUD_SIGN_H
#define MMS_CLOUD_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* Who signs. The three belong together: a token goes with one key alone. */
struct cloud_key {
    const char *id, *secret;
    const char *token; /* NULL: a permanent key */
};

/* A parameter or a header; not encoded. */
struct sign_pair {
    const char *name, *value;
};

/* A list under construction; with its pairs in the arena. */
struct sign_pairs {
    struct sign_pair *at;
    size_t n, cap;
};
void sign_add(struct arena *a, struct sign_pairs *list, const char *name, const char *value);
/* All of `from`, names in lower case and values without white space at their ends. False: one that cannot be sent, since a control
 * character stands in it. */
bool sign_add_headers(struct arena *a, struct sign_pairs *list, const struct sign_pair *from, size_t n);
const struct sign_pair *sign_find(const struct sign_pairs *list, const char *name); /* NULL: not there */
/* By the bytes of name, then of value (NULL counts as ""). What is equal stays in its order. */
void sign_sort(struct sign_pairs *list);

/* RFC 3986: all but A–Z a–z 0–9 - _ . ~ as %XX, byte by byte. */
void sign_encode(struct buf *out, const char *text, bool keep_slash);
char *sign_encoded(struct arena *a, const char *text, bool keep_slash);

/* "name: value" of each and "authorization: …", ends with NULL: what client_request takes. */
const char *const *sign_header_lines(struct arena *a, const struct sign_pairs *headers, const char *authorization);

/* A buffer's text moves into the arena. */
const char *sign_keep(struct arena *a, struct buf *b);

#define SIGN_TIME_MAX 32
void sign_time_compact(int64_t at_ms, char out[static SIGN_TIME_MAX]); /* 20260115T083000Z */
void sign_time_iso(int64_t at_ms, char out[static SIGN_TIME_MAX]);     /* 2026-01-15T08:30:00Z */

#endif
