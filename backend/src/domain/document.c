/* Reading documents, and the handlers. Invariants: a finished document never changes (triggers hold it); exactly the
 * approved ones have moves; numbers have no gaps per kind and company day. */
#include "domain/document.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/document_rows.h"
#include "domain/list_export.h"
#include "domain/notification.h"
#include "domain/reply.h"
#include "domain/unit.h"

const char *const document_statuses[] = {"pending", "approved", "rejected", "cancelled", NULL};
const char *const document_types[] = {"in", "out", NULL};
const char *const document_purposes[] = {"purchase", "opening", "return", "production", "scrap", "count", "reversal", NULL};

#define D(MEMBER, TYPE) FIELD(struct document, MEMBER, TYPE, F_OUT)
#define SURE(MEMBER, TYPE, ...) FIELD(struct document, MEMBER, TYPE, F_OUT | F_SURE, __VA_ARGS__)
static const struct field document_fields[] = {
    D(id, FIELD_INT),
    SURE(transaction_code, FIELD_TEXT),
    SURE(transaction_type, FIELD_TEXT, .choices = document_types),
    SURE(purpose, FIELD_TEXT, .choices = document_purposes),
    SURE(material_id, FIELD_INT),
    SURE(quantity, FIELD_DEC),
    D(unit_price, FIELD_DEC),
    D(total_amount, FIELD_DEC),
    SURE(applicant_id, FIELD_INT),
    D(approver_id, FIELD_INT),
    SURE(status, FIELD_TEXT, .choices = document_statuses),
    D(remark, FIELD_TEXT),
    D(approval_remark, FIELD_TEXT),
    D(reverses_id, FIELD_INT),
    D(reversed_by_id, FIELD_INT),
    SURE(line_count, FIELD_INT),
    SURE(created_at, FIELD_TIME),
    SURE(updated_at, FIELD_TIME),
    D(approved_at, FIELD_ISO_TIME),
    SURE(material_code, FIELD_TEXT),
    SURE(material_name, FIELD_TEXT),
    SURE(category, FIELD_TEXT),
    SURE(unit, FIELD_TEXT),
    SURE(unit_decimals, FIELD_INT),
    SURE(applicant_name, FIELD_TEXT),
    D(approver_name, FIELD_TEXT),
};
const struct record_type document_type = RECORD_TYPE("Document", struct document, document_fields);

struct line {
    struct record record;
    int64_t id, line_no, material_id, unit_decimals, location_id, expires_on;
    const char *material_code, *material_name, *unit, *lot_no, *location_code, *remark;
    struct dec quantity, unit_price, amount, current_stock;
};
#define L(MEMBER, TYPE) FIELD(struct line, MEMBER, TYPE, F_OUT)
static const struct field line_fields[] = {
    L(id, FIELD_INT),           L(line_no, FIELD_INT),       L(material_id, FIELD_INT),   L(material_code, FIELD_TEXT),
    L(material_name, FIELD_TEXT), L(unit, FIELD_TEXT),       L(unit_decimals, FIELD_INT), L(quantity, FIELD_DEC),
    L(unit_price, FIELD_DEC),   L(amount, FIELD_DEC),        L(lot_no, FIELD_TEXT),       L(expires_on, FIELD_DAY),
    L(location_id, FIELD_INT),  L(location_code, FIELD_TEXT), L(remark, FIELD_TEXT),      L(current_stock, FIELD_DEC),
};
static const struct record_type line_type = RECORD_TYPE("DocumentLine", struct line, line_fields);

#define DOCUMENT_COLUMNS                                                                                               \
    "d.id, d.number AS transaction_code, CASE d.kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, "     \
    "d.purpose, l.material_id, l.quantity, l.unit_price, d.total_amount, d.applicant_id, d.approver_id, d.status, "     \
    "d.remark, d.approval_remark, d.reverses_id, (SELECT r.id FROM documents r WHERE r.reverses_id = d.id AND "         \
    "r.status IN ('pending', 'approved')) AS reversed_by_id, d.line_count, d.created_at, d.updated_at, d.approved_at, " \
    "m.material_code, m.material_name, m.category, un.code AS unit, " UNIT_DECIMALS_OF ", "                               \
    "COALESCE(ua.real_name, ua.username) AS applicant_name, COALESCE(up.real_name, up.username) AS approver_name"
#define DOCUMENT_FROM                                                                                                  \
    "documents d JOIN document_lines l ON l.document_id = d.id AND l.line_no = 1 JOIN materials m ON m.id = "           \
    "l.material_id JOIN units un ON un.id = m.unit_id JOIN users ua ON ua.id = d.applicant_id LEFT JOIN users up ON "   \
    "up.id = d.approver_id"

static const struct sql DOCUMENT_BY_ID = {"document.by_id",
                                          "SELECT " DOCUMENT_COLUMNS " FROM " DOCUMENT_FROM " WHERE d.id = $1"};
static const struct sql LINES_OF = {
    "document_line.of_document",
    "SELECT l.id, l.line_no, l.material_id, m.material_code, m.material_name, un.code AS unit, "
    UNIT_DECIMALS_OF ", l.quantity, "
    "l.unit_price, l.amount, lo.lot_no, lo.expires_day AS expires_on, l.location_id, lc.code AS location_code, l.remark, "
    "m.current_stock FROM document_lines l JOIN materials m ON m.id = l.material_id JOIN units un ON un.id = m.unit_id "
    "LEFT JOIN lots lo ON lo.id = l.lot_id LEFT JOIN locations lc ON lc.id = l.location_id "
    "WHERE l.document_id = $1 ORDER BY l.line_no"};
static const struct sql DOCUMENT_CANCEL = {
    "document.cancel", "UPDATE documents SET status = 'cancelled', updated_at = $2 WHERE id = $1 AND status = 'pending'"};
static const struct sql REVERSAL_LINES = {
    "document.reversal_lines",
    "INSERT INTO document_lines (document_id, line_no, material_id, quantity, unit_price, amount, lot_id, location_id) "
    "SELECT $2, ROW_NUMBER() OVER (ORDER BY v.id), v.material_id, v.quantity, l.unit_price, "
    /* What an issue took from the stock's value comes back with it. */
    "CASE WHEN d.kind = 'issue' THEN v.value WHEN v.quantity = l.quantity THEN l.amount END, v.lot_id, "
    "CASE d.kind WHEN 'receipt' THEN v.to_location_id ELSE v.from_location_id END "
    "FROM moves v JOIN document_lines l ON l.id = v.line_id JOIN documents d ON d.id = v.document_id WHERE v.document_id = $1"};
static const struct sql REVERSAL_MOVES = {"document.reversal_moves", "SELECT COUNT(*) AS n FROM moves WHERE document_id = $1"};

enum rc document_get(struct ctx *c, int64_t id, struct document *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &DOCUMENT_BY_ID, DB_ARGS(DB_I(id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_DOCUMENT_NOT_FOUND);
    record_from_row(c, &document_type, rows, out);
    return RC_OK;
}

/* ---------------------------------------------------------------- reading */

const struct list_spec document_list = {
    .columns = DOCUMENT_COLUMNS,
    .from = DOCUMENT_FROM,
    .count_from = "documents d",
    .id = "d.id",
    .topics = TOPIC_DOCUMENTS,
    .row_topics = TOPIC_MATERIALS | TOPIC_USERS,
    .page_size = 10,
    .sorts = {{"created_at", "d.created_at", false}, {"transaction_code", "d.number", true}},
    .filters = {DOCUMENT_STATE_FILTERS,
                {"materialId", FILTER_ID, "EXISTS (SELECT 1 FROM document_lines x WHERE x.document_id = d.id AND "
                                          "x.material_id = ?)"},
                {"keyword", FILTER_LIKE,
                 "(LOWER(d.number) LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM document_lines x JOIN materials xm ON "
                 "xm.id = x.material_id WHERE x.document_id = d.id AND (xm.code_fold LIKE ? ESCAPE '\\' OR "
                 "xm.name_fold LIKE ? ESCAPE '\\')))", .topics = TOPIC_MATERIALS}},
    .row = &document_type,
};

enum rc document_scope_own(struct ctx *c, int64_t id, struct list_scope *out)
{
    (void)id;
    *out = (struct list_scope){"d.applicant_id = ?", c->actor.user_id};
    return RC_OK;
}

enum rc document_scope_seen(struct ctx *c, int64_t id, struct list_scope *out)
{
    return ctx_may(c, PERM_DOCUMENT_READ_ALL) ? RC_OK : document_scope_own(c, id, out);
}

static enum rc pending_documents(struct ctx *c, int64_t id, struct list_scope *out)
{
    (void)c, (void)id;
    *out = (struct list_scope){"(d.status = 'pending' AND d.id > ?)", 0};
    return RC_OK;
}

/* Quantity and material are those of the first line, as in the list. */
static const struct export_column document_columns[] = {
    {"transaction_code", EXPORT_CODE, "单号", "Number", 20},
    {"transaction_type", EXPORT_WORD, "类型", "Kind", 10, document_type_words},
    {"purpose", EXPORT_WORD, "用途", "Purpose", 12, purpose_words},
    {"status", EXPORT_WORD, "状态", "Status", 10, document_status_words},
    {"material_code", EXPORT_CODE, "物料编码", "Material code", 18},
    {"material_name", EXPORT_TEXT, "物料名称", "Material", 30},
    {"category", EXPORT_WORD, "类别", "Category", 12, category_words},
    {"quantity", EXPORT_DEC, "数量", "Quantity", 14},
    {"unit", EXPORT_TEXT, "单位", "Unit", 8},
    {"unit_price", EXPORT_DEC, "单价", "Unit price", 14},
    {"line_count", EXPORT_WHOLE, "行数", "Lines", 8},
    {"total_amount", EXPORT_DEC, "合计金额", "Total amount", 14},
    {"applicant_name", EXPORT_TEXT, "申请人", "Applied by", 14},
    {"created_at", EXPORT_TIME, "申请时间", "Applied at", 20},
    {"remark", EXPORT_TEXT, "备注", "Remark", 40},
    {"approver_name", EXPORT_TEXT, "审批人", "Decided by", 14},
    {"approved_at", EXPORT_TIME, "批准时间", "Approved at", 20},
    {"approval_remark", EXPORT_TEXT, "审批意见", "Approver's remark", 40},
    {0},
};
#define DOCUMENT_EXPORT(SCOPE, NAME, ZH, EN)                                                                           \
    {                                                                                                                  \
        .name = (NAME), .zh = (ZH), .en = (EN), .module = "inventory", .resource_type = "transaction", .scope = (SCOPE), \
        .columns = document_columns                                                                                    \
    }
static const struct list_export seen_export = DOCUMENT_EXPORT(document_scope_seen, "documents", "出入库单列表", "Documents");
static const struct list_export own_export = DOCUMENT_EXPORT(document_scope_own, "my-documents", "我的出入库单", "My documents");
static const struct list_export pending_export =
    DOCUMENT_EXPORT(pending_documents, "pending-documents", "待审批出入库单", "Pending documents");

static enum rc get_mine(struct call *call)
{
    return list_answer(call, document_scope_own);
}

static enum rc get_documents(struct call *call)
{
    return list_answer(call, document_scope_seen);
}

static enum rc get_pending(struct call *call)
{
    return list_answer(call, pending_documents);
}

static enum rc write_lines(struct call *call, struct json_writer *w, int64_t id, struct db_value *stock)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(call->ctx.db, &LINES_OF, DB_ARGS(DB_I(id)), &rows));
    jw_name(w, "lines");
    jw_array(w);
    TRY(db_next(rows, &more));
    while (more) {
        if (stock->type == DB_NULL)
            *stock = DB_D(db_dec(rows, "current_stock"));
        jw_object(w);
        record_write_row(w, &line_type, rows);
        jw_object_end(w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(w);
    return RC_OK;
}

static enum rc detail_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    struct call *call = arg;
    struct document d;
    struct db_value stock = DB_N;
    TRY(document_get(&call->ctx, call->id, &d));
    if (d.applicant_id != call->ctx.actor.user_id && !ctx_may(&call->ctx, PERM_DOCUMENT_READ_ALL))
        return error_set(&call->ctx.err, RC_DOCUMENT_NOT_YOURS);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    record_write(&w, &document_type, &d);
    TRY(write_lines(call, &w, d.id, &stock));
    jw_member_dec(&w, "current_stock", (struct dec){stock.number});
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc get_document(struct call *call)
{
    return db_run_read(call->ctx.db, detail_in_snapshot, call);
}

/* ---------------------------------------------------------------- creating */

struct document_body {
    struct record record;
    const char *transaction_type, *purpose, *remark;
    const struct json *lines;
};
static const char *const purposes[] = {"purchase", "opening", "return", "production", "scrap", NULL};
static const struct field document_body_fields[] = {
    FIELD(struct document_body, transaction_type, FIELD_TEXT, F_IN | F_NEED, .choices = document_types,
          .need_zh = "出入库类型必须是 in 或 out", .need_en = "transactionType must be in or out",
          .bad_zh = "出入库类型必须是 in 或 out", .bad_en = "transactionType must be in or out"),
    FIELD(struct document_body, purpose, FIELD_TEXT, F_IN, .choices = purposes, .bad_zh = "无效的出入库用途",
          .bad_en = "There is no such purpose"),
    FIELD(struct document_body, remark, FIELD_TEXT, F_IN | F_RAW, .max = 500),
    FIELD(struct document_body, lines, FIELD_JSON, F_IN | F_INLINE, .items = &new_line_type, .min = 1, .max = DOCUMENT_LINES_MAX),
};
static const struct record_type document_body_type =
    RECORD_TYPE("NewDocument", struct document_body, document_body_fields);

static void check_purpose(struct ctx *c, const struct document_body *b)
{
    if (!b->purpose || !b->transaction_type)
        return;
    bool for_issue = strcmp(b->purpose, "production") == 0 || strcmp(b->purpose, "scrap") == 0;
    if (for_issue != (strcmp(b->transaction_type, "out") == 0))
        error_fault(&c->err, c->arena, "purpose", "choice", "用途与出入库类型不符", "The purpose does not fit the type", b->purpose);
}

static enum rc read_lines(struct call *call, const struct json *lines, struct new_document *d)
{
    struct ctx *c = &call->ctx;
    d->one_line = !lines;
    d->count = lines ? lines->n : 1;
    if (lines && (lines->type != JSON_ARRAY || lines->n == 0 || lines->n > DOCUMENT_LINES_MAX)) {
        error_fault(&c->err, c->arena, "lines", "out_of_range", "明细应为 1 到 500 行", "lines must hold 1 to 500 lines", NULL);
        return c->err.rc;
    }
    d->lines = arena_array(c->arena, d->count, sizeof *d->lines);
    const struct json *line = lines ? lines->first : call->body;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < d->count; i++, line = line->next) {
        const char *prefix = lines ? arena_fmt(c->arena, "lines[%zu].", i) : "";
        rc = record_from_json(c, &new_line_type, line, prefix, RECORD_CREATE, &d->lines[i]);
        if (d->one_line)
            d->lines[i].remark = NULL; /* the document's own */
    }
    return rc != RC_OK ? rc : c->err.rc;
}

/* 201 for a document that waits for approval now. */
static enum rc reply_pending(struct call *call, const char *zh, const char *en, int64_t id, const char *number)
{
    struct json_writer w = reply_data(call, 201, zh, en);
    jw_object(&w);
    jw_member_int(&w, "id", id);
    jw_member_text(&w, "transactionCode", number);
    jw_member_text(&w, "status", "pending");
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc post_document(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct document_body body;
    struct new_document d = {0};
    int64_t id;
    const char *number;
    enum rc rc = record_from_json(c, &document_body_type, call->body, "", RECORD_CREATE, &body);
    check_purpose(c, &body);
    enum rc lines_rc = read_lines(call, body.lines, &d);
    if (rc != RC_OK || lines_rc != RC_OK || c->err.rc != RC_OK)
        return c->err.rc;
    d.receipt = strcmp(body.transaction_type, "in") == 0;
    d.purpose = body.purpose;
    d.remark = body.remark;
    TRY(document_add(c, &d, &id, &number));
    return reply_pending(call, "出入库单创建成功,等待审批", "Document created, waiting for approval", id, number);
}

/* ---------------------------------------------------------------- deciding */

struct decision {
    struct record record;
    const char *action, *remark;
    const struct json *ids; /* of several */
};
static const char *const actions[] = {"approve", "reject", NULL};
static const struct field decision_fields[] = {
    FIELD(struct decision, action, FIELD_TEXT, F_IN | F_NEED, .choices = actions, .need_zh = "操作类型必须是 approve 或 reject",
          .need_en = "The action must be approve or reject", .bad_zh = "操作类型必须是 approve 或 reject",
          .bad_en = "The action must be approve or reject"),
    FIELD(struct decision, remark, FIELD_TEXT, F_IN | F_RAW, .max = 500),
    FIELD(struct decision, ids, FIELD_JSON, F_IN | F_ASKED, .min = 1, .max = DOCUMENT_DECIDE_MAX),
};
static const struct record_type bulk_decision_type = RECORD_TYPE("BulkDecision", struct decision, decision_fields);
/* Of one document: without the ids. */
static const struct record_type decision_type = {
    .name = "Decision", .fields = decision_fields, .count = sizeof decision_fields / sizeof *decision_fields - 1, .size = sizeof(struct decision)};

static enum rc read_decision(struct call *call, struct decision *d)
{
    struct ctx *c = &call->ctx;
    enum rc rc = record_from_json(c, &bulk_decision_type, call->body, "", RECORD_CREATE, d);
    if (rc != RC_OK && !d->action)
        return error_say(&c->err, rc, "操作类型必须是 approve 或 reject", "The action must be approve or reject");
    return rc;
}

static enum rc put_approve(struct call *call)
{
    struct decision d;
    TRY(read_decision(call, &d));
    bool approve = strcmp(d.action, "approve") == 0;
    TRY(document_decide(&call->ctx, call->id, approve, d.remark));
    struct json_writer w = approve ? reply_data(call, 200, "出入库单已批准", "Document approved")
                                   : reply_data(call, 200, "出入库单已拒绝", "Document rejected");
    jw_object(&w);
    jw_member_int(&w, "id", call->id);
    jw_member_text(&w, "status", approve ? "approved" : "rejected");
    jw_object_end(&w);
    return reply_end(call, &w);
}

struct one_of_many {
    struct ctx *c;
    int64_t id;
    bool approve;
    const char *remark;
};

static enum rc decide_one(struct db *db, void *arg)
{
    (void)db;
    struct one_of_many *one = arg;
    return document_decide(one->c, one->id, one->approve, one->remark);
}

static void write_result(struct ctx *c, struct json_writer *w, const struct one_of_many *one, enum rc rc)
{
    jw_object(w);
    jw_member_int(w, "id", one->id);
    jw_member_bool(w, "ok", rc == RC_OK);
    if (rc == RC_OK) {
        jw_member_text(w, "status", one->approve ? "approved" : "rejected");
    } else {
        const struct error_row *row = error_row(c->err.rc != RC_OK ? c->err.rc : rc);
        const char *zh = c->err.zh ? c->err.zh : row->zh, *en = c->err.en ? c->err.en : row->en;
        jw_member_text(w, "code", row->code);
        jw_member_text(w, "message", c->english ? en : zh);
        jw_members(w, c->err.members);
    }
    jw_object_end(w);
}

/* The ids of the body; NULL with a fault when they are not acceptable. */
static const int64_t *read_ids(struct ctx *c, const struct json *array, size_t *count)
{
    const int64_t *ids = array && array->n >= 1 && array->n <= DOCUMENT_DECIDE_MAX ? record_ids(c, array) : NULL;
    if (!ids) {
        error_fault(&c->err, c->arena, "ids", "out_of_range", "ids 应为 1 到 200 个单据ID", "ids must hold 1 to 200 document ids", NULL);
        return NULL;
    }
    *count = array->n;
    return ids;
}

/* Each document wholly or not at all: one of them failing leaves the others standing. */
static enum rc post_decide(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct decision d;
    size_t count, done = 0;
    TRY(read_decision(call, &d));
    const int64_t *ids = read_ids(c, d.ids, &count);
    if (!ids)
        return c->err.rc;
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "results");
    jw_array(&w);
    for (size_t i = 0; i < count; i++) {
        struct one_of_many one = {c, ids[i], strcmp(d.action, "approve") == 0, d.remark};
        enum rc rc = db_run_nested(c->db, decide_one, &one);
        if (error_row(rc)->status >= 500)
            return rc; /* the storage itself: nothing of the bulk stands */
        write_result(c, &w, &one, rc);
        done += rc == RC_OK;
        error_clear(&c->err);
    }
    jw_array_end(&w);
    jw_member_int(&w, "done", (int64_t)done);
    jw_member_int(&w, "failed", (int64_t)(count - done));
    jw_object_end(&w);
    return reply_end(call, &w);
}

enum rc document_cancel(struct ctx *c, int64_t id)
{
    struct document d;
    TRY(document_get(c, id, &d));
    if (d.applicant_id != c->actor.user_id)
        return error_set(&c->err, RC_CANCEL_NOT_YOURS);
    if (strcmp(d.status, "pending") != 0)
        return error_set(&c->err, RC_CANCEL_NOT_PENDING);
    TRY(db_exec(c->db, &DOCUMENT_CANCEL, DB_ARGS(DB_I(d.id), DB_I(c->now_ms)), NULL));
    TRY(ctx_changed(c, TOPIC_DOCUMENTS));
    return audit_write(c, &(struct audit_entry){.module = "inventory", .action = "cancel", .resource_type = "transaction",
                                                .resource_id = d.id,
                                                .description = arena_fmt(c->arena, "取消出入库单: %s", d.transaction_code),
                                                .changes = audit_change(c->arena, "status", d.status, "cancelled")});
}

static enum rc put_cancel(struct call *call)
{
    TRY(document_cancel(&call->ctx, call->id));
    return reply_message(call, "出入库单已取消", "Document cancelled");
}

/* ---------------------------------------------------------------- reversing */

struct reversal {
    struct record record;
    const char *reason;
};
static const struct field reversal_fields[] = {
    FIELD(struct reversal, reason, FIELD_TEXT, F_IN | F_NEED, .max = 400, .need_zh = "请填写冲销原因",
          .need_en = "A reason is required"),
};
static const struct record_type reversal_type = RECORD_TYPE("Reversal", struct reversal, reversal_fields);

/* The mirror document: one line per move of the reversed one, with its lot and place. */
enum rc document_reverse(struct ctx *c, int64_t id, const char *reason, int64_t *reversal_id, const char **number)
{
    struct document d;
    int64_t moves;
    TRY(document_get(c, id, &d));
    if (strcmp(d.status, "approved") != 0 || d.reversed_by_id || strcmp(d.purpose, "reversal") == 0)
        return error_set(&c->err, RC_NOT_REVERSIBLE);
    TRY(ctx_number(c, &REVERSAL_MOVES, DB_ARGS(DB_I(d.id)), &moves));
    const char *remark = arena_fmt(c->arena, "冲销 %s：%s", d.transaction_code, reason);
    TRY(document_add_reversal(c, &d, moves, remark, reversal_id, number));
    TRY(db_exec(c->db, &REVERSAL_LINES, DB_ARGS(DB_I(d.id), DB_I(*reversal_id)), NULL));
    TRY(notification_submitted(c, *reversal_id));
    return audit_write(c, &(struct audit_entry){.module = "inventory", .action = "reverse", .resource_type = "transaction",
                                                .resource_id = *reversal_id,
                                                .description = arena_fmt(c->arena, "冲销单据: %s → %s", d.transaction_code, *number)});
}

static enum rc post_reverse(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct reversal body;
    int64_t id;
    const char *number;
    TRY(record_from_json(c, &reversal_type, call->body, "", RECORD_CREATE, &body));
    TRY(document_reverse(c, call->id, body.reason, &id, &number));
    return reply_pending(call, "冲销单创建成功,等待审批", "Reversal created, waiting for approval", id, number);
}

static const struct answer_part result_parts[] = {
    {"id"},
    {"ok", PART_BOOL},
    {"status", PART_TEXT, .optional = true},
    {"code", PART_TEXT, .optional = true},
    {"message", PART_TEXT, .optional = true},
    LEDGER_SHORTAGE_PARTS,
    {0},
};
static const struct answer_part pending_parts[] = {{"id"}, {"transactionCode", PART_TEXT}, {"status", PART_TEXT}, {0}};

static const struct route document_routes[] = {
    ROUTE("POST", "/api/inventory", LANE_WRITE, PERM_DOCUMENT_CREATE, &document_body_type, post_document, "提交出入库单",
          .status = 201, .parts = pending_parts,
          .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND, RC_MATERIAL_RETIRED, RC_LOCATION_NOT_FOUND, RC_AMOUNT_TOO_LARGE,
                               RC_INSUFFICIENT_STOCK)),
    ROUTE("GET", "/api/inventory", LANE_READ, PERM_DOCUMENT_READ, NULL, get_documents, "出入库单列表", .list = &document_list),
    ROUTE("GET", "/api/inventory/mine", LANE_READ, PERM_DOCUMENT_READ, NULL, get_mine, "我的出入库单", .list = &document_list),
    ROUTE("GET", "/api/inventory/pending", LANE_READ, PERM_DOCUMENT_APPROVE, NULL, get_pending, "待审批出入库单",
          .list = &document_list),
    LIST_EXPORT("/inventory", PERM_DOCUMENT_READ, "导出出入库单列表", &document_list, &seen_export, EXPORT_REFUSALS),
    LIST_EXPORT("/inventory/mine", PERM_DOCUMENT_READ, "导出我的出入库单", &document_list, &own_export, EXPORT_REFUSALS),
    LIST_EXPORT("/inventory/pending", PERM_DOCUMENT_APPROVE, "导出待审批出入库单", &document_list, &pending_export, EXPORT_REFUSALS),
    ROUTE("POST", "/api/inventory/decide", LANE_WRITE, PERM_DOCUMENT_APPROVE, &bulk_decision_type, post_decide, "批量审批",
          .parts = PARTS({"results", PART_ARRAY, .parts = result_parts}, {"done"}, {"failed"})),
    ROUTE("GET", "/api/inventory/:id", LANE_READ, PERM_DOCUMENT_READ, NULL, get_document, "出入库单详情",
          .answer = &document_type, .parts = PARTS({"lines", PART_ARRAY, &line_type}, {"current_stock", PART_DEC}),
          .refusals = REFUSALS(RC_DOCUMENT_NOT_FOUND, RC_DOCUMENT_NOT_YOURS)),
    ROUTE("PUT", "/api/inventory/:id/approve", LANE_WRITE, PERM_DOCUMENT_APPROVE, &decision_type, put_approve, "审批出入库单",
          .parts = PARTS({"id"}, {"status", PART_TEXT}),
          .refusals = REFUSALS(RC_DOCUMENT_NOT_FOUND, RC_DOCUMENT_DONE, RC_OWN_DOCUMENT, RC_INSUFFICIENT_STOCK,
                               RC_AMOUNT_TOO_LARGE)),
    ROUTE("PUT", "/api/inventory/:id/cancel", LANE_WRITE, PERM_DOCUMENT_CREATE, NULL, put_cancel, "取消出入库单",
          .refusals = REFUSALS(RC_DOCUMENT_NOT_FOUND, RC_CANCEL_NOT_YOURS, RC_CANCEL_NOT_PENDING)),
    ROUTE("POST", "/api/inventory/:id/reverse", LANE_WRITE, PERM_DOCUMENT_APPROVE, &reversal_type, post_reverse, "冲销出入库单",
          .status = 201, .parts = pending_parts, .refusals = REFUSALS(RC_DOCUMENT_NOT_FOUND, RC_NOT_REVERSIBLE)),
};
const struct module document_module = MODULE("inventory", "出入库", document_routes);
