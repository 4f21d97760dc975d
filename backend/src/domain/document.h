/* Receipts (入库单) and issues (出库单): many lines, approved before stock moves. Tables: documents, document_lines,
 * document_numbers. */
#ifndef MMS_DOMAIN_DOCUMENT_H
#define MMS_DOMAIN_DOCUMENT_H

#include "domain/ctx.h"
#include "domain/ledger.h"
#include "domain/route.h"

#define DOCUMENT_LINES_MAX 500
#define DOCUMENT_DECIDE_MAX 200
#define QUANTITY_MAX 1000000000000 /* 10^12, in the material's unit */

struct new_line {
    struct record record;
    int64_t material_id;
    struct dec quantity, unit_price;
    const char *lot_no;
    int64_t expires_on; /* day number */
    int64_t location_id;
    const char *remark;
};

struct new_document {
    bool receipt;
    const char *purpose; /* NULL: purchase or production */
    const char *remark;
    struct new_line *lines;
    size_t count;
    bool one_line; /* sent without `lines`: faults have no prefix */
};

extern const struct record_type new_line_type;

/* Adds a pending document. */
MUST_CHECK enum rc document_add(struct ctx *c, const struct new_document *d, int64_t *id, const char **number);
/* Decides a pending one: approved documents are posted at once. */
MUST_CHECK enum rc document_decide(struct ctx *c, int64_t id, bool approve, const char *remark);

/* The next number of that kind on the company's day, "IN20261123-0001": without gaps, as it is part of the transaction. */
MUST_CHECK enum rc document_next_number(struct ctx *c, const char *prefix, const char **number);

/* Adds a document of counted differences (purpose "count") and posts it at once: who completes a count needs no approval.
 * RC_INSUFFICIENT_STOCK as in document_decide. */
MUST_CHECK enum rc document_add_counted(struct ctx *c, const struct new_document *d, int64_t *id);

/* Cancels a pending one of the actor's own. */
MUST_CHECK enum rc document_cancel(struct ctx *c, int64_t id);
/* Adds a pending document that undoes an approved one; `reason` stands in its remark. RC_NOT_REVERSIBLE. */
MUST_CHECK enum rc document_reverse(struct ctx *c, int64_t id, const char *reason, int64_t *reversal_id, const char **number);
/* Whether the actor may approve what he has applied for himself. */
MUST_CHECK enum rc document_may_decide_own(struct ctx *c, bool *may);

extern const struct module document_module;

#endif
