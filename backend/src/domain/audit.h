/* The operation log: who did what to which thing, in the same transaction as the deed. Append-only. */
#ifndef MMS_DOMAIN_AUDIT_H
#define MMS_DOMAIN_AUDIT_H

#include "domain/ctx.h"

struct audit_entry {
    const char *module, *action;            /* "materials", "create": the contract's words, section 8 */
    const char *resource_type;              /* "material" */
    int64_t resource_id;                    /* 0: none */
    const char *description;                /* Chinese, as the older system wrote it */
    const char *changes;                    /* JSON of record_changes, or NULL */
};

MUST_CHECK enum rc audit_write(struct ctx *c, const struct audit_entry *e);

#endif
