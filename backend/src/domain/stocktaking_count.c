/* Entering counts: what was counted, why it differs, and who counts again. */
#include "domain/material.h"
#include "domain/reply.h"
#include "domain/stocktaking_rows.h"

static const struct sql TASK_COUNTING = {
    "count_task.counting", "UPDATE count_tasks SET status = 'in_progress', in_review = 0, updated_at = $2 WHERE id = $1 AND "
                           "(status = 'draft' OR in_review = 1)"};
#define ITEM_COUNT_WITH(BOOK)                                                                                          \
    "UPDATE count_items SET actual_stock = $2, book_stock = (SELECT " BOOK " FROM materials m WHERE m.id = "                   \
    "count_items.material_id), remark = $3, reason = $4, counted_by = $5, wants_recount = 0, updated_at = $6, "                \
    "version = version + 1 WHERE id = $1"
#define BOOK_NOW COUNT_BOOK_AT("count_items.location_id")
static const struct sql ITEM_COUNT = {"count_item.count", ITEM_COUNT_WITH(BOOK_NOW)};
/* What has come and gone since $7. What other counts have corrected meanwhile is no movement: it was so before already. */
#define MOVED_SINCE                                                                                                    \
    "(SELECT CAST(COALESCE(SUM(CASE WHEN count_items.location_id IS NULL THEN v.stock_after - v.stock_before WHEN "            \
    "v.to_location_id = count_items.location_id THEN v.quantity WHEN v.from_location_id = count_items.location_id THEN "       \
    "-v.quantity ELSE 0 END), 0) AS BIGINT) FROM "                                                                             \
    "moves v JOIN documents d ON d.id = v.document_id LEFT JOIN documents undone ON undone.id = d.reverses_id WHERE "          \
    "v.material_id = m.id AND v.posted_at > $7 AND d.purpose <> 'count' AND COALESCE(undone.purpose, '') <> 'count')"
static const struct sql ITEM_COUNT_EARLIER = {
    "count_item.count_earlier", ITEM_COUNT_WITH("CASE WHEN " BOOK_NOW " > " MOVED_SINCE " THEN " BOOK_NOW " - " MOVED_SINCE " ELSE 0 END")};
static const struct sql ITEM_REASON = {
    "count_item.reason", "UPDATE count_items SET reason = $2, updated_at = $3, version = version + 1 WHERE id = $1"};
static const struct sql ITEM_RECOUNT = {
    "count_item.recount", "UPDATE count_items SET wants_recount = 1, updated_at = $2, version = version + 1 WHERE id = $1"};
static const struct sql ENTRY_INSERT = {
    "count_entry.insert", "INSERT INTO count_entries (item_id, actual_stock, book_stock, counted_by, counted_at, key, version, was_recount) "
                          "SELECT id, actual_stock, book_stock, counted_by, CAST($2 AS BIGINT), $3, version, CAST($4 AS BIGINT) "
                          "FROM count_items WHERE id = $1"};
static const struct sql ENTRY_BY_KEY = {
    "count_entry.by_key",
    "SELECT i.task_id, e.item_id, e.version, e.actual_stock, " COUNT_SHOWN("e.actual_stock - e.book_stock") " AS difference, "
    "CASE WHEN " COUNT_HIDES " THEN NULL WHEN e.actual_stock > e.book_stock THEN 'surplus' WHEN e.actual_stock < e.book_stock THEN "
    "'shortage' ELSE 'normal' END AS difference_type FROM count_entries e JOIN count_items i ON i.id = e.item_id "
    "JOIN count_tasks t ON t.id = i.task_id WHERE e.counted_by = $1 AND e.key = $2"};
static const struct sql ENTRIES = {
    "count_entry.of_item",
    "SELECT e.id, " COUNT_SHOWN_ACTUAL("e.actual_stock") " AS actual_stock, " COUNT_SHOWN("e.book_stock") " AS book_stock, e.counted_by, "
    "COALESCE(u.real_name, u.username) AS counted_by_name, e.counted_at, e.withdrawn_at FROM count_entries e JOIN count_items i ON i.id = e.item_id "
    "JOIN count_tasks t ON t.id = i.task_id JOIN users u ON u.id = e.counted_by WHERE e.item_id = $1 ORDER BY e.id"};

/* ---------------------------------------------------------------- a count */

/* First in both types, so that a record of either tells what was given of them. */
#define COUNT_FIELDS                                                                                                   \
    FIELD(struct count_body, actual_stock, FIELD_DEC, F_IN | F_ASKED, .max = 1000000000000),                           \
        FIELD(struct count_body, remark, FIELD_TEXT, F_IN, .max = 500),                                                \
        FIELD(struct count_body, reason, FIELD_TEXT, F_IN, .max = COUNT_REASON_MAX),                                   \
        FIELD(struct count_body, count_id, FIELD_TEXT, F_IN, .max = COUNT_ID_MAX, .example = "5f0c2b7e9a1d4c38"),      \
        FIELD(struct count_body, age_ms, FIELD_INT, F_IN | F_ZERO, .max = COUNT_AGE_MAX_MS)
static const struct field count_body_fields[] = {
    COUNT_FIELDS,
    FIELD(struct count_body, version, FIELD_INT, F_IN, .min = 1),
};
const struct record_type count_body_type = RECORD_TYPE("Count", struct count_body, count_body_fields);
static const struct field count_found_fields[] = {
    COUNT_FIELDS,
    FIELD(struct count_body, material_id, FIELD_INT, F_IN | F_NEED, .min = 1, .need_zh = "请选择物料", .need_en = "Choose the material"),
    FIELD(struct count_body, location_id, FIELD_INT, F_IN, .min = 1),
};
const struct record_type count_found_type = RECORD_TYPE("FoundCount", struct count_body, count_found_fields);

/* Somebody else has counted it meanwhile? version 0: the client does not ask. */
static enum rc check_version(struct ctx *c, int64_t version, const struct item *i)
{
    return version && version != i->version ? reply_conflict(c, &count_item_type, i) : RC_OK;
}

enum rc count_check_quantity(struct ctx *c, const struct count_body *b, int64_t material_id)
{
    struct material m;
    if (!record_has(&count_body_type, b, "actual_stock"))
        return error_say(&c->err, RC_INVALID_INPUT, "实际数量为必填项", "The counted quantity is required");
    TRY(material_get(c, material_id, &m));
    if (!dec_fits(b->actual_stock, (unsigned)m.unit_decimals))
        error_fault(&c->err, c->arena, "actualStock", "decimals",
                    arena_fmt(c->arena, "单位 %s 最多允许%lld位小数", m.unit, (long long)m.unit_decimals),
                    arena_fmt(c->arena, "The unit %s allows at most %lld decimals", m.unit, (long long)m.unit_decimals), NULL);
    return c->err.rc;
}

static enum rc check_count(struct ctx *c, const struct count_body *b, const struct item *i)
{
    if (!record_has(&count_body_type, b, "actual_stock"))
        return count_check_quantity(c, b, i->material_id);
    TRY(check_version(c, b->version, i));
    if (i->wants_recount && i->counted_by == c->actor.user_id)
        return error_set(&c->err, RC_RECOUNT_BY_ANOTHER);
    return count_check_quantity(c, b, i->material_id);
}

static enum rc find_open(struct call *call, struct task *t, struct item *i)
{
    TRY(count_find_task(call, t));
    TRY(count_find_item(call, t, i));
    return count_has_ended(t) ? error_set(&call->ctx.err, RC_TASK_ENDED) : RC_OK;
}

const struct answer_part count_counted_parts[] = {
    {"id"},
    {"actualStock", PART_DEC},
    {"difference", PART_DEC, .nullable = true},
    {"differenceType", PART_TEXT, .nullable = true},
    {"version"},
    {0},
};

enum rc count_reply(struct call *call, int status, const struct item *i)
{
    struct json_writer w = reply_data(call, status, "盘点明细更新成功", "Count recorded");
    jw_object(&w);
    jw_name(&w, "id");
    jw_int(&w, i->id);
    jw_name(&w, "actualStock");
    jw_dec(&w, i->actual_stock);
    jw_name(&w, "difference");
    if (i->difference_type)
        jw_dec(&w, i->difference);
    else
        jw_null(&w);
    jw_name(&w, "differenceType");
    jw_text(&w, i->difference_type);
    jw_name(&w, "version");
    jw_int(&w, i->version);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* Of a blind count the log tells no figures either: who counts that line again could read them there. */
static enum rc log_count(struct ctx *c, const struct task *t, const struct item *before, const struct item *after)
{
    struct item same = *before;
    same.version = after->version; /* these two follow by themselves */
    same.updated_at = after->updated_at;
    return count_log(c, "update", t, arena_fmt(c->arena, "录入盘点数量 %s", after->material_code),
                     t->hides_book ? NULL : record_changes(c, &count_item_type, &same, after));
}

int64_t count_moment(const struct ctx *c, const struct count_body *b, int64_t earliest)
{
    int64_t at = (b->age_ms ? c->asked_ms : c->now_ms) - b->age_ms; /* its age is from when it was sent */
    return at < earliest ? earliest : at;
}

enum rc count_is_known(struct ctx *c, const struct task *t, const struct count_body *b, struct item *i, bool *is)
{
    DB_ROWS rows = NULL;
    *is = false;
    if (!b->count_id)
        return RC_OK;
    TRY(db_start(c->db, &ENTRY_BY_KEY, DB_ARGS(DB_I(c->actor.user_id), DB_T(b->count_id)), &rows));
    TRY(db_next(rows, is));
    if (!*is)
        return RC_OK;
    if (db_int(rows, "task_id") != t->id || (i->id && db_int(rows, "item_id") != i->id)) {
        error_fault(&c->err, c->arena, "countId", "taken", "已用于另一次录入", "belongs to another count", NULL);
        return c->err.rc;
    }
    record_from_row(c, &count_item_type, rows, i);
    i->id = db_int(rows, "item_id");
    return RC_OK;
}

enum rc count_store(struct ctx *c, const struct count_body *b, const struct item *i, int64_t at)
{
    const struct db_value args[] = {DB_I(i->id),
                                    DB_D(b->actual_stock),
                                    DB_T(record_given(&count_body_type, b, "remark") ? b->remark : i->remark),
                                    DB_T(record_given(&count_body_type, b, "reason") ? b->reason : i->reason),
                                    DB_I(c->actor.user_id),
                                    DB_I(c->now_ms),
                                    DB_I(at)};
    if (b->age_ms)
        TRY(db_exec(c->db, &ITEM_COUNT_EARLIER, args, 7, NULL));
    else
        TRY(db_exec(c->db, &ITEM_COUNT, args, 6, NULL));
    TRY(db_exec(c->db, &ENTRY_INSERT, DB_ARGS(DB_I(i->id), DB_I(at), DB_T(b->count_id), DB_I(i->wants_recount)), NULL));
    return db_exec(c->db, &TASK_COUNTING, DB_ARGS(DB_I(i->task_id), DB_I(c->now_ms)), NULL);
}

enum rc count_put_item(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct item i, before;
    struct count_body b;
    bool is_known;
    TRY(record_from_json(c, &count_body_type, call->body, "", RECORD_UPDATE, &b));
    TRY(count_find_task(call, &t));
    TRY(count_find_item(call, &t, &i));
    TRY(count_is_known(c, &t, &b, &i, &is_known));
    if (is_known)
        return count_reply(call, 200, &i);
    if (count_has_ended(&t))
        return error_set(&c->err, RC_TASK_ENDED);
    if (count_is(&t, "review"))
        return error_set(&c->err, RC_TASK_IN_REVIEW);
    TRY(check_count(c, &b, &i));
    TRY(count_store(c, &b, &i, count_moment(c, &b, i.created_at)));
    before = i;
    TRY(count_find_item(call, &t, &i));
    TRY(log_count(c, &t, &before, &i));
    return count_reply(call, 200, &i);
}

/* ---------------------------------------------------------------- a reason, a recount */

static enum rc reply_version(struct call *call, const struct task *t, struct item *i, const char *zh, const char *en)
{
    TRY(count_find_item(call, t, i));
    struct json_writer w = reply_data(call, 200, zh, en);
    jw_object(&w);
    jw_name(&w, "id");
    jw_int(&w, i->id);
    jw_name(&w, "version");
    jw_int(&w, i->version);
    jw_object_end(&w);
    return reply_end(call, &w);
}

struct reason_body {
    struct record record;
    const char *reason;
    int64_t version;
};
static const struct field reason_fields[] = {
    FIELD(struct reason_body, reason, FIELD_TEXT, F_IN | F_NEED, .max = COUNT_REASON_MAX, .need_zh = "请填写差异原因",
          .need_en = "The reason is required"),
    FIELD(struct reason_body, version, FIELD_INT, F_IN, .min = 1),
};
const struct record_type count_reason_type = RECORD_TYPE("CountReason", struct reason_body, reason_fields);

enum rc count_put_reason(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct item i;
    struct reason_body b;
    TRY(record_from_json(c, &count_reason_type, call->body, "", RECORD_CREATE, &b));
    TRY(find_open(call, &t, &i));
    TRY(check_version(c, b.version, &i));
    TRY(db_exec(c->db, &ITEM_REASON, DB_ARGS(DB_I(i.id), DB_T(b.reason), DB_I(c->now_ms)), NULL));
    TRY(count_log(c, "update", &t, arena_fmt(c->arena, "填写差异原因 %s（%s）", i.material_code, b.reason), NULL));
    return reply_version(call, &t, &i, "差异原因已保存", "The reason has been kept");
}

struct recount_body {
    struct record record;
    const char *reason;
};
static const struct field recount_fields[] = {
    FIELD(struct recount_body, reason, FIELD_TEXT, F_IN, .max = COUNT_REASON_MAX),
};
const struct record_type count_recount_type = RECORD_TYPE("Recount", struct recount_body, recount_fields);

enum rc count_put_recount(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct item i;
    struct recount_body b;
    TRY(record_from_json(c, &count_recount_type, call->body, "", RECORD_UPDATE, &b));
    TRY(find_open(call, &t, &i));
    if (!i.counted_by)
        return error_set(&c->err, RC_ITEM_UNCOUNTED);
    TRY(db_exec(c->db, &ITEM_RECOUNT, DB_ARGS(DB_I(i.id), DB_I(c->now_ms)), NULL));
    TRY(db_exec(c->db, &TASK_COUNTING, DB_ARGS(DB_I(t.id), DB_I(c->now_ms)), NULL));
    TRY(count_log(c, "recount", &t,
                  arena_fmt(c->arena, "要求复盘 %s%s%s%s", i.material_code, b.reason ? "（" : "", b.reason ? b.reason : "",
                            b.reason ? "）" : ""),
                  NULL));
    return reply_version(call, &t, &i, "已要求复盘", "A recount has been asked for");
}

/* ---------------------------------------------------------------- all counts of a line */

struct entry {
    struct record record;
    int64_t id, counted_by, counted_at, withdrawn_at;
    struct dec actual_stock, book_stock;
    const char *counted_by_name;
};
static const struct field entry_fields[] = {
    FIELD(struct entry, id, FIELD_INT, F_OUT),
    FIELD(struct entry, actual_stock, FIELD_DEC, F_OUT),
    FIELD(struct entry, book_stock, FIELD_DEC, F_OUT),
    FIELD(struct entry, counted_by, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct entry, counted_by_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct entry, counted_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct entry, withdrawn_at, FIELD_TIME, F_OUT),
};
const struct record_type count_entry_type = RECORD_TYPE("CountEntry", struct entry, entry_fields);

enum rc count_get_entries(struct call *call)
{
    struct task t;
    struct item i;
    TRY(count_find_task(call, &t));
    TRY(count_find_item(call, &t, &i));
    return reply_rows(call, &count_entry_type, &ENTRIES, DB_ARGS(DB_I(i.id)));
}
