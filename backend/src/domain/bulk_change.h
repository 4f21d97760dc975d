/* Very many changes in one transaction. What a request notes down with each change (that a topic has changed, where the log ends, the
 * figures of all materials) is noted once at the end instead: PostgreSQL keeps every version of a row until the transaction ends, so
 * that changing one row n times takes n × n steps (db_set_trigger). The index of the search is filled at the end, too: SQLite's FTS5
 * writes what it has gathered to the disk at every statement that may have to be taken back by itself, such as one with triggers. */
#ifndef MMS_DOMAIN_BULK_CHANGE_H
#define MMS_DOMAIN_BULK_CHANGE_H

#include "domain/audit.h"

#define BULK_CHANGE_ROWS 1000 /* from which it pays: counting the figures reads all materials */

struct bulk_change {
    unsigned topics;
    struct audit_chain_end log_end;
    struct search_waiting *waiting; /* what is to be put into the index of the search */
    size_t waiting_count, waiting_room;
};

/* From here to bulk_change_end c, and copies of it, gather. In the writer; `b` must live as long. */
MUST_CHECK enum rc bulk_change_begin(struct ctx *c, struct bulk_change *b);
/* rc: how the changes went; when that is not RC_OK, only frees and hands it on. */
MUST_CHECK enum rc bulk_change_end(struct ctx *c, enum rc rc);

/* `count` of them have been made so far: call it with each. At every doubling statements are planned anew (db_plan_anew): a plan that was
 * made while a table was small is to read all of it. */
MUST_CHECK enum rc bulk_change_grown(struct ctx *c, int64_t count);

/* For search_put. */
void bulk_change_search_later(struct bulk_change *b, int kind, int64_t id);

/* The figures of all materials, counted anew as the trigger material_figures_follow keeps them. */
MUST_CHECK enum rc bulk_change_count_figures(struct ctx *c);

#endif
