/* Writing one document, and posting it through the ledger at its own time. */
#include <string.h>

#include "domain/document.h"
#include "domain/location.h"
#include "legacy/import.h"

static const struct sql DOCUMENT_INSERT = {
    "legacy.document",
    "INSERT INTO documents (id, number, kind, purpose, line_count, total_amount, remark, applicant_id, created_at, updated_at, "
    "imported) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
static const struct sql LINE_INSERT = {"legacy.line",
                                       "INSERT INTO document_lines (document_id, line_no, material_id, quantity, unit_price, amount) "
                                       "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"};
/* Lines can only be added to a pending document; then it becomes what it is, once. */
static const struct sql DOCUMENT_DECIDE = {"legacy.decide",
                                           "UPDATE documents SET status = $2, approver_id = $3, approved_at = $4 WHERE id = $1"};

static enum rc too_large(struct legacy_import *im, const struct new_posting *p)
{
    return error_say(&im->c->err, RC_AMOUNT_TOO_LARGE,
                     arena_fmt(im->c->arena, "单据 %s（物料 #%lld）过账后，库存数量或金额超出范围，请在旧数据的副本中更正", p->number,
                               (long long)p->lines[0].material_id),
                     arena_fmt(im->c->arena,
                               "With document %s (material #%lld) the stock or its value would pass the range: mend them in a copy of the old data",
                               p->number, (long long)p->lines[0].material_id));
}

static enum rc total_of(struct legacy_import *im, const struct new_posting *p, struct db_value *total)
{
    struct dec sum = DEC_ZERO;
    bool priced = false;
    for (size_t i = 0; i < p->count; i++) {
        priced = priced || p->lines[i].priced;
        if (p->lines[i].priced && dec_add(sum, p->lines[i].amount, &sum) != RC_OK)
            return too_large(im, p);
    }
    *total = priced ? DB_D(sum) : DB_N;
    return RC_OK;
}

static enum rc write_lines(struct legacy_import *im, const struct new_posting *p, struct posting_line *lines)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct posted_line *l = &p->lines[i];
        lines[i] = (struct posting_line){
            .line_no = (int64_t)i + 1, .material_id = l->material_id, .quantity = l->quantity, .priced = l->priced, .amount = l->amount};
        TRY(ctx_insert(im->c, &LINE_INSERT,
                       DB_ARGS(DB_I(p->id), DB_I(i + 1), DB_I(l->material_id), DB_D(l->quantity), l->priced ? DB_D(l->price) : DB_N,
                               l->priced ? DB_D(l->amount) : DB_N),
                       &lines[i].line_id));
    }
    return RC_OK;
}

/* The other end of its moves: what a purchase, an issue, or a difference has there (as document_decide.c). */
static int64_t other_end(const struct new_posting *p)
{
    if (strcmp(p->purpose, "opening") == 0 || strcmp(p->purpose, "count") == 0)
        return LOCATION_DIFFERENCE;
    return p->receipt ? LOCATION_SUPPLIER : LOCATION_CONSUMPTION;
}

enum rc post_document(struct legacy_import *im, const struct new_posting *p)
{
    struct ctx *c = im->c;
    struct posting_line *lines = arena_array(c->arena, p->count, sizeof *lines);
    struct db_value total = DB_N;
    TRY(total_of(im, p, &total));
    TRY(db_exec(c->db, &DOCUMENT_INSERT,
                DB_ARGS(DB_I(p->id), DB_T(p->number), DB_T(p->receipt ? "receipt" : "issue"), DB_T(p->purpose), DB_I(p->count), total,
                        DB_T(p->remark), DB_I(p->applicant), DB_I(p->created_ms), DB_I(p->updated_ms), DB_I(p->imported)),
                NULL));
    TRY(write_lines(im, p, lines));
    if (strcmp(p->status, "pending") == 0)
        return RC_OK;
    TRY(db_exec(c->db, &DOCUMENT_DECIDE,
                DB_ARGS(DB_I(p->id), DB_T(p->status), p->approver ? DB_I(p->approver) : DB_N, p->at_ms ? DB_I(p->at_ms) : DB_N), NULL));
    if (!p->at_ms)
        return RC_OK;
    c->now_ms = p->at_ms;
    c->actor.user_id = p->approver ? p->approver : p->applicant;
    im->result->moves += (int64_t)p->count;
    enum rc rc = ledger_post(c, &(struct posting){.document_id = p->id,
                                                  .receipt = p->receipt,
                                                  .virtual_location = other_end(p),
                                                  .lines = lines,
                                                  .count = p->count});
    return rc == RC_AMOUNT_TOO_LARGE ? too_large(im, p) : rc;
}
