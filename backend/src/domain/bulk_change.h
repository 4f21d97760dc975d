/* Very many changes in one transaction. What a request notes down with each change (that a topic has changed, where the log ends, the
 * figures of all materials) is noted once at the end instead: PostgreSQL keeps every version of a row until the transaction ends, so
 * that changing one row n times takes n × n steps (db_set_trigger). */
#ifndef MMS_DOMAIN_BULK_CHANGE_H
#define MMS_DOMAIN_BULK_CHANGE_H

#include "domain/audit.h"

#define BULK_CHANGE_ROWS 1000 /* from which it pays: counting the figures reads all materials */

struct bulk_change {
    unsigned topics;
    struct audit_chain_end log_end;
};

/* From here to bulk_change_end c, and copies of it, gather. In the writer; `b` must live as long. */
MUST_CHECK enum rc bulk_change_begin(struct ctx *c, struct bulk_change *b);
MUST_CHECK enum rc bulk_change_end(struct ctx *c);

/* The figures of all materials, counted anew as the trigger material_figures_follow keeps them. */
MUST_CHECK enum rc bulk_change_count_figures(struct ctx *c);

#endif
