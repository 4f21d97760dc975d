/* The operation log: who did what to which thing, in the same transaction as the deed. Append-only, and a chain.
 *
 * The chain: ids have no gaps, and a row's hash is SHA-256 (64 lower-case hexadecimal digits) over the hash of the row before
 * ("0" 64 times for the first) and a line feed, then one line for each of
 *   id, user_id, module, action, resource_type, resource_id, description, changes, ip_address, user_agent, request_id, created_at
 * in this order: the number of bytes, ":", the bytes (UTF-8; numbers in decimal), and a line feed; for an absent value "-" and
 * a line feed. So what was changed, removed or inserted does not fit any more; what was cut off the end is missed by log_head. */
#ifndef MMS_DOMAIN_AUDIT_H
#define MMS_DOMAIN_AUDIT_H

#include "crypto/token.h"
#include "domain/ctx.h"

struct audit_entry {
    const char *module, *action;            /* "materials", "create": the contract's words, section 8 */
    const char *resource_type;              /* "material" */
    int64_t resource_id;                    /* 0: none */
    const char *description;                /* Chinese, as the older system wrote it */
    const char *changes;                    /* JSON of record_changes or audit_change, or NULL */
};

MUST_CHECK enum rc audit_write(struct ctx *c, const struct audit_entry *e);
/* The same for very many entries in one transaction: where the chain ends is kept by the caller, moves on with each row, and is
 * written down at last (the trigger that does so may be stopped meanwhile: db_set_trigger). */
struct audit_chain_end {
    int64_t last_id;
    char hash[HASH_HEX_MAX], next[HASH_HEX_MAX];
};
MUST_CHECK enum rc audit_begin_chain(struct ctx *c, struct audit_chain_end *end);
MUST_CHECK enum rc audit_append(struct ctx *c, const struct audit_entry *e, struct audit_chain_end *end);
MUST_CHECK enum rc audit_end_chain(struct ctx *c, const struct audit_chain_end *end);

/* The changes of one field that holds a word of the program's own, such as a status. */
const char *audit_change(struct arena *a, const char *field, const char *before, const char *after);

#define AUDIT_COLUMNS 12
extern const char *const audit_columns[AUDIT_COLUMNS]; /* in the order in which they are hashed */
extern const char AUDIT_FIRST_HASH[];                  /* what stands before the first row */

/* The end of the chain. */
struct audit_head {
    int64_t first_id, last_id; /* of the chained rows; last_id < first_id: none */
    const char *hash;
};
MUST_CHECK enum rc audit_head(struct ctx *c, struct audit_head *out);

/* The hash of a row that follows one with the hash `previous`. */
void audit_hash(struct arena *a, const char *previous, const struct db_value row[static AUDIT_COLUMNS],
                char out[static HASH_HEX_MAX]);

#endif
