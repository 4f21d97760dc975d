/* Making a document: what its lines may say, its number, its rows. */
#include <string.h>

#include "domain/audit.h"
#include "domain/document_rows.h"
#include "domain/location.h"
#include "domain/material.h"
#include "domain/notification.h"
#include "domain/setting.h"

static const struct field new_line_fields[] = {
    FIELD(struct new_line, material_id, FIELD_INT, F_IN | F_NEED, .min = 1, .need_zh = "物料ID必须是正整数",
          .need_en = "materialId must be a positive whole number", .bad_zh = "物料ID必须是正整数",
          .bad_en = "materialId must be a positive whole number"),
    FIELD(struct new_line, quantity, FIELD_DEC, F_IN | F_NEED | F_ABOVE, .max = QUANTITY_MAX, .need_zh = "数量必须大于0",
          .need_en = "The quantity must be more than 0", .bad_zh = "数量必须大于0",
          .bad_en = "The quantity must be more than 0"),
    FIELD(struct new_line, unit_price, FIELD_DEC, F_IN, .max = QUANTITY_MAX, .bad_zh = "单价必须大于等于0",
          .bad_en = "The unit price must be 0 or more"),
    FIELD(struct new_line, lot_no, FIELD_TEXT, F_IN, .max = 50),
    FIELD(struct new_line, expires_on, FIELD_DAY, F_IN),
    FIELD(struct new_line, location_id, FIELD_INT, F_IN, .min = 1),
    FIELD(struct new_line, remark, FIELD_TEXT, F_IN | F_RAW, .max = 500),
};
const struct record_type new_line_type = RECORD_TYPE("NewLine", struct new_line, new_line_fields);

static const struct sql NUMBER_NEXT = {
    "document_numbers.next", "INSERT INTO document_numbers (prefix, day, last) VALUES ($1, $2, 1) "
                             "ON CONFLICT (prefix, day) DO UPDATE SET last = document_numbers.last + 1 RETURNING last AS n"};
static const struct sql DOCUMENT_INSERT = {
    "document.insert", "INSERT INTO documents (number, kind, purpose, line_count, total_amount, remark, applicant_id, created_at, "
                       "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id"};
static const struct sql LINE_INSERT = {
    "document_line.insert", "INSERT INTO document_lines (document_id, line_no, material_id, quantity, unit_price, amount, lot_id, "
                            "location_id, remark) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};

static const struct sql REVERSAL_INSERT = {
    "document.insert_reversal",
    "INSERT INTO documents (number, kind, purpose, reverses_id, line_count, total_amount, remark, applicant_id, created_at, "
    "updated_at) VALUES ($1, $2, 'reversal', $3, $4, $5, $6, $7, $8, $8) RETURNING id"};

struct checked_line {
    struct db_value price, amount, lot_id, location_id;
};

static const char *field_of(struct ctx *c, const struct new_document *d, size_t i, const char *name)
{
    return d->one_line ? name : arena_fmt(c->arena, "lines[%zu].%s", i, name);
}

static enum rc find_lot(struct ctx *c, const struct new_document *d, size_t i, struct db_value *lot)
{
    const struct new_line *l = &d->lines[i];
    int64_t id = 0;
    if (!l->lot_no) {
        if (record_has(&new_line_type, l, "expires_on"))
            error_fault(&c->err, c->arena, field_of(c, d, i, "expiresOn"), "needs_lot", "填写有效期时必须填写批号",
                        "An expiry day needs a lot number", NULL);
        return RC_OK;
    }
    if (d->receipt) {
        enum rc rc = ledger_lot(c, field_of(c, d, i, "expiresOn"), l->material_id, l->lot_no,
                                record_value(&new_line_type, l, "expires_on"), &id);
        if (rc != RC_OK && rc != RC_INVALID_INPUT)
            return rc;
    } else {
        TRY(ledger_find_lot(c, l->material_id, l->lot_no, &id));
        if (!id)
            error_fault(&c->err, c->arena, field_of(c, d, i, "lotNo"), "not_found", "该物料没有此批号",
                        "The material has no such lot", l->lot_no);
    }
    *lot = DB_I(id);
    return RC_OK;
}

static enum rc check_material(struct ctx *c, const struct new_document *d, size_t i)
{
    const struct new_line *l = &d->lines[i];
    struct material m;
    bool found;
    TRY(material_by_id(c, l->material_id, &m, &found));
    if (!found) {
        if (!d->one_line)
            error_fault(&c->err, c->arena, field_of(c, d, i, "materialId"), "not_found", "物料不存在",
                        "There is no such material", NULL);
        return error_set(&c->err, RC_MATERIAL_NOT_FOUND);
    }
    if (strcmp(m.status, "active") != 0)
        return error_set(&c->err, RC_MATERIAL_RETIRED);
    if (!dec_fits(l->quantity, (unsigned)m.unit_decimals))
        error_fault(&c->err, c->arena, field_of(c, d, i, "quantity"), "decimals",
                    arena_fmt(c->arena, "单位 %s 最多允许%lld位小数", m.unit, (long long)m.unit_decimals),
                    arena_fmt(c->arena, "The unit %s allows at most %lld decimals", m.unit, (long long)m.unit_decimals), NULL);
    return RC_OK;
}

static enum rc check_line(struct ctx *c, const struct new_document *d, size_t i, struct checked_line *out, struct dec *total)
{
    const struct new_line *l = &d->lines[i];
    struct dec amount;
    if (dec_sign(l->quantity) <= 0)
        error_fault(&c->err, c->arena, field_of(c, d, i, "quantity"), "out_of_range", "数量必须大于0",
                    "The quantity must be more than 0", NULL);
    TRY(check_material(c, d, i));
    TRY(find_lot(c, d, i, &out->lot_id));
    if (record_has(&new_line_type, l, "location_id")) {
        TRY(location_must_be_real(c, l->location_id));
        out->location_id = DB_I(l->location_id);
    }
    if (!record_has(&new_line_type, l, "unit_price"))
        return RC_OK;
    if (dec_mul(l->quantity, l->unit_price, 2, &amount) != RC_OK || dec_add(*total, amount, total) != RC_OK)
        return error_set(&c->err, RC_AMOUNT_TOO_LARGE);
    out->price = DB_D(l->unit_price);
    out->amount = DB_D(amount);
    return RC_OK;
}

static enum rc check_stock(struct ctx *c, const struct new_document *d)
{
    struct posting_line *lines = arena_array(c->arena, d->count, sizeof *lines);
    for (size_t i = 0; i < d->count; i++)
        lines[i] = (struct posting_line){.line_no = (int64_t)i + 1, .material_id = d->lines[i].material_id,
                                         .quantity = d->lines[i].quantity};
    return ledger_check_sums(c, lines, d->count);
}

enum rc document_next_number(struct ctx *c, const char *prefix, const char **number)
{
    const struct zone *zone;
    char text[DAY_TEXT_MAX];
    int64_t n;
    TRY(setting_zone(c, &zone));
    int64_t day = zone_day(zone, c->now_ms);
    TRY(ctx_number(c, &NUMBER_NEXT, DB_ARGS(DB_T(prefix), DB_I(day)), &n));
    day_print_compact(day, text);
    *number = arena_fmt(c->arena, "%s%s-%04lld", prefix, text, (long long)n);
    return RC_OK;
}

static enum rc next_number(struct ctx *c, bool receipt, const char **number)
{
    return document_next_number(c, receipt ? "IN" : "OUT", number);
}

static enum rc write_rows(struct ctx *c, const struct new_document *d, const struct checked_line *checked, struct db_value total,
                          int64_t *id, const char **number)
{
    const char *purpose = d->purpose ? d->purpose : d->receipt ? "purchase" : "production";
    TRY(next_number(c, d->receipt, number));
    TRY(ctx_insert(c, &DOCUMENT_INSERT,
                   DB_ARGS(DB_T(*number), DB_T(d->receipt ? "receipt" : "issue"), DB_T(purpose), DB_I(d->count), total,
                           DB_T(d->remark), DB_I(c->actor.user_id), DB_I(c->now_ms)),
                   id));
    for (size_t i = 0; i < d->count; i++)
        TRY(db_exec(c->db, &LINE_INSERT,
                    DB_ARGS(DB_I(*id), DB_I(i + 1), DB_I(d->lines[i].material_id), DB_D(d->lines[i].quantity), checked[i].price,
                            checked[i].amount, checked[i].lot_id, checked[i].location_id, DB_T(d->lines[i].remark)),
                    NULL));
    return ctx_changed(c, TOPIC_DOCUMENTS);
}

enum rc document_add(struct ctx *c, const struct new_document *d, int64_t *id, const char **number)
{
    struct checked_line *checked = arena_array(c->arena, d->count, sizeof *checked);
    struct dec total = DEC_ZERO;
    bool priced = false;
    for (size_t i = 0; i < d->count; i++) {
        TRY(check_line(c, d, i, &checked[i], &total));
        priced = priced || checked[i].price.type != DB_NULL;
    }
    if (c->err.rc != RC_OK)
        return c->err.rc;
    if (!d->receipt)
        TRY(check_stock(c, d));
    TRY(write_rows(c, d, checked, priced ? DB_D(total) : DB_N, id, number));
    TRY(notification_submitted(c, *id));
    return audit_write(c, &(struct audit_entry){.module = "inventory", .action = "create", .resource_type = "transaction",
                                                .resource_id = *id,
                                                .description = arena_fmt(c->arena, "创建%s: %s", d->receipt ? "入库单" : "出库单",
                                                                         *number)});
}

enum rc document_add_counted(struct ctx *c, const struct new_document *d, int64_t *id)
{
    struct checked_line *checked = arena_array(c->arena, d->count, sizeof *checked); /* no price, no lot */
    const char *number;
    for (size_t i = 0; i < d->count; i++)
        if (d->lines[i].location_id)
            checked[i].location_id = DB_I(d->lines[i].location_id);
    TRY(write_rows(c, d, checked, DB_N, id, &number));
    return document_post_counted(c, *id);
}

enum rc document_add_reversal(struct ctx *c, const struct document *d, int64_t lines, const char *remark, int64_t *id,
                              const char **number)
{
    bool receipt = strcmp(d->transaction_type, "out") == 0; /* the other way round */
    TRY(next_number(c, receipt, number));
    TRY(ctx_insert(c, &REVERSAL_INSERT,
                   DB_ARGS(DB_T(*number), DB_T(receipt ? "receipt" : "issue"), DB_I(d->id), DB_I(lines),
                           record_value(&document_type, d, "total_amount"), DB_T(remark), DB_I(c->actor.user_id),
                           DB_I(c->now_ms)),
                   id));
    return ctx_changed(c, TOPIC_DOCUMENTS);
}
