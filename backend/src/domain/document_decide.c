/* Deciding: approve (and post), reject; and reversing what was approved. */
#include <string.h>

#include "domain/audit.h"
#include "domain/dashboard.h"
#include "domain/document_rows.h"
#include "domain/location.h"
#include "domain/notification.h"
#include "domain/setting.h"

static const struct sql DOCUMENT_DECIDE = {
    "document.decide", "UPDATE documents SET status = $2, approver_id = $3, approval_remark = $4, updated_at = $5, "
                       "approved_at = $6 WHERE id = $1 AND status = 'pending'"};
static const struct sql POSTING_LINES = {
    "document_line.posting", "SELECT id, line_no, material_id, quantity, amount, lot_id, location_id FROM document_lines "
                             "WHERE document_id = $1 ORDER BY line_no"};
/* What deciding needs to know; the whole row of document_get costs six joins. */
static const struct sql DECISION_HEADER = {
    "document.decision_header",
    "SELECT id, number AS transaction_code, CASE kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, purpose, "
    "status, applicant_id, reverses_id, line_count FROM documents WHERE id = $1"};

static enum rc read_header(struct ctx *c, int64_t id, struct document *d)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &DECISION_HEADER, DB_ARGS(DB_I(id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_DOCUMENT_NOT_FOUND);
    record_from_row(c, &document_type, rows, d);
    return RC_OK;
}

static int64_t other_end(bool receipt, const char *purpose)
{
    if (strcmp(purpose, "opening") == 0 || strcmp(purpose, "count") == 0)
        return LOCATION_DIFFERENCE;
    if (strcmp(purpose, "scrap") == 0)
        return LOCATION_SCRAP;
    if (strcmp(purpose, "return") == 0)
        return LOCATION_CONSUMPTION;
    return receipt ? LOCATION_SUPPLIER : LOCATION_CONSUMPTION;
}

/* A reversal goes back to where the reversed one came from. */
static enum rc virtual_location(struct ctx *c, const struct document *d, int64_t *id)
{
    bool receipt = strcmp(d->transaction_type, "in") == 0;
    if (strcmp(d->purpose, "reversal") != 0) {
        *id = other_end(receipt, d->purpose);
        return RC_OK;
    }
    struct document reversed;
    TRY(read_header(c, d->reverses_id, &reversed));
    *id = other_end(!receipt, reversed.purpose);
    return RC_OK;
}

static enum rc posting_lines(struct ctx *c, const struct document *d, struct posting *p)
{
    size_t most = (size_t)d->line_count;
    struct posting_line *lines = arena_array(c->arena, most, sizeof *lines);
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &POSTING_LINES, DB_ARGS(DB_I(d->id)), &rows));
    TRY(db_next(rows, &more));
    while (more && p->count < most) {
        lines[p->count++] = (struct posting_line){.line_id = db_int(rows, "id"),
                                                  .line_no = db_int(rows, "line_no"),
                                                  .material_id = db_int(rows, "material_id"),
                                                  .quantity = db_dec(rows, "quantity"),
                                                  .lot_id = db_int(rows, "lot_id"),
                                                  .location_id = db_int(rows, "location_id"),
                                                  .priced = !db_is_null(rows, "amount"),
                                                  .amount = db_dec(rows, "amount")};
        TRY(db_next(rows, &more));
    }
    p->lines = lines;
    return more || p->count < most ? error_set(&c->err, RC_INTERNAL) : RC_OK;
}

static enum rc post(struct ctx *c, const struct document *d)
{
    struct posting p = {.document_id = d->id, .receipt = strcmp(d->transaction_type, "in") == 0};
    TRY(virtual_location(c, d, &p.virtual_location));
    TRY(posting_lines(c, d, &p));
    struct dec sum = DEC_ZERO;
    for (size_t i = 0; i < p.count; i++)
        if (dec_add(sum, p.lines[i].quantity, &sum) != RC_OK)
            sum = (struct dec){INT64_MAX};
    enum rc rc = ledger_post(c, &p);
    if (rc == RC_OK)
        return dashboard_posted(c, p.receipt, sum);
    if (rc == RC_INSUFFICIENT_STOCK)
        return error_say(&c->err, rc, "库存不足,无法批准出库", "There is not enough stock to approve this issue");
    return rc;
}

enum rc document_may_decide_own(struct ctx *c, bool *may)
{
    const char *who;
    TRY(setting_get(c, SETTING_OWN_DOCUMENTS, &who));
    bool everybody = strcmp(who, "everybody") == 0, nobody = strcmp(who, "nobody") == 0;
    *may = everybody || (!nobody && c->actor.role == ROLE_SYSTEM_ADMIN);
    return RC_OK;
}

/* `note` goes behind the log's sentence. */
static enum rc carry_out(struct ctx *c, const struct document *d, bool approve, const char *remark, const char *note)
{
    bool receipt = strcmp(d->transaction_type, "in") == 0;
    const char *status = approve ? "approved" : "rejected";
    TRY(db_exec(c->db, &DOCUMENT_DECIDE,
                DB_ARGS(DB_I(d->id), DB_T(status), DB_I(c->actor.user_id), DB_T(remark),
                        DB_I(c->now_ms), approve ? DB_I(c->now_ms) : DB_N),
                NULL));
    if (approve)
        TRY(post(c, d));
    TRY(ctx_changed(c, approve ? TOPIC_DOCUMENTS | TOPIC_STOCK : TOPIC_DOCUMENTS));
    return audit_write(c, &(struct audit_entry){.module = "inventory", .action = approve ? "approve" : "reject",
                                                .resource_type = "transaction", .resource_id = d->id,
                                                .description = arena_fmt(c->arena, "%s%s: %s%s", approve ? "批准" : "拒绝",
                                                                         receipt ? "入库单" : "出库单", d->transaction_code,
                                                                         note),
                                                .changes = audit_change(c->arena, "status", d->status, status)});
}

enum rc document_decide(struct ctx *c, int64_t id, bool approve, const char *remark)
{
    struct document d;
    TRY(read_header(c, id, &d));
    if (strcmp(d.status, "pending") != 0)
        return error_set(&c->err, RC_DOCUMENT_DONE);
    bool own = d.applicant_id == c->actor.user_id;
    if (own) {
        bool may;
        TRY(document_may_decide_own(c, &may));
        if (!may)
            return error_set(&c->err, RC_OWN_DOCUMENT);
    }
    TRY(carry_out(c, &d, approve, remark, own ? "（本人提交）" : ""));
    return notification_decided(c, id, d.transaction_code, strcmp(d.transaction_type, "in") == 0, approve, d.applicant_id);
}

enum rc document_post_counted(struct ctx *c, int64_t id)
{
    struct document d;
    TRY(read_header(c, id, &d));
    return carry_out(c, &d, true, NULL, "（盘点）");
}
