#include "domain/stocktaking.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/document.h"
#include "domain/list.h"
#include "domain/material.h"
#include "domain/reply.h"
#include "domain/stocktaking_rows.h"

static const struct sql TASK_INSERT = {
    "count_task.insert", "INSERT INTO count_tasks (task_code, task_name, start_date, end_date, remark, creator_id, created_at, "
                         "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id"};
static const struct sql TASK_BEGIN = {
    "count_task.begin", "UPDATE count_tasks SET status = 'in_progress', updated_at = $2 WHERE id = $1 AND status = 'draft'"};
static const struct sql TASK_END = {
    "count_task.end", "UPDATE count_tasks SET status = $2, completed_by = $3, completed_at = $4, updated_at = $5, "
                      "remark = COALESCE($6, remark), surplus_document_id = $7, shortage_document_id = $8 WHERE id = $1"};
static const struct sql ITEM_INSERT = {
    "count_item.insert", "INSERT INTO count_items (task_id, material_id, book_stock, created_at, updated_at) "
                         "SELECT $1, m.id, m.current_stock, $3, $3 FROM materials m WHERE m.id = $2 "
                         "ON CONFLICT (task_id, material_id) DO NOTHING"};
static const struct sql ITEM_BY_ID = {"count_item.by_id",
                                      "SELECT " ITEM_COLUMNS " FROM " ITEM_FROM " WHERE i.task_id = $1 AND i.id = $2"};
static const struct sql ITEM_COUNT = {
    "count_item.count", "UPDATE count_items SET actual_stock = $2, book_stock = (SELECT m.current_stock FROM materials m WHERE "
                        "m.id = count_items.material_id), remark = $3, counted_by = $4, updated_at = $5, version = version + 1 "
                        "WHERE id = $1"};

static bool is(const struct task *t, const char *status)
{
    return strcmp(t->status, status) == 0;
}

static enum rc log_task(struct ctx *c, const char *action, const struct task *t, const char *what)
{
    return audit_write(c, &(struct audit_entry){.module = "stocktaking", .action = action, .resource_type = "stocktaking",
                                                .resource_id = t->id,
                                                .description = arena_fmt(c->arena, "%s: %s", what, t->task_name)});
}

/* ---------------------------------------------------------------- making a task */

struct task_body {
    struct record record;
    const char *task_name, *remark;
    const struct json *material_ids;
    int64_t start_date, end_date;
};
static const struct field task_body_fields[] = {
    FIELD(struct task_body, task_name, FIELD_TEXT, F_IN | F_ASKED, .max = 100),
    FIELD(struct task_body, material_ids, FIELD_JSON, F_IN | F_ASKED, .min = 1, .max = COUNT_ITEMS_MAX),
    FIELD(struct task_body, start_date, FIELD_DAY, F_IN),
    FIELD(struct task_body, end_date, FIELD_DAY, F_IN),
    FIELD(struct task_body, remark, FIELD_TEXT, F_IN, .max = 500),
};
static const struct record_type task_body_type = RECORD_TYPE("NewCountTask", struct task_body, task_body_fields);

static enum rc add_items(struct ctx *c, int64_t task, const struct json *ids)
{
    for (const struct json *v = ids->first; v; v = v->next) {
        int64_t material = 0;
        struct material m;
        if (!json_to_int(v, &material) || material < 1) {
            error_fault(&c->err, c->arena, "materialIds", "type", "应为物料ID的数组", "must be an array of material ids", NULL);
            return c->err.rc;
        }
        TRY(material_get(c, material, &m));
        TRY(db_exec(c->db, &ITEM_INSERT, DB_ARGS(DB_I(task), DB_I(material), DB_I(c->now_ms)), NULL));
    }
    return RC_OK;
}

static struct db_value day_value(struct ctx *c, const struct task_body *b, const char *field, int64_t day)
{
    char text[DAY_TEXT_MAX];
    if (!record_has(&task_body_type, b, field))
        return DB_N;
    day_print(day, text);
    return DB_T(arena_dup(c->arena, text));
}

static enum rc check_body(struct ctx *c, const struct task_body *b)
{
    if (!b->task_name)
        return error_say(&c->err, RC_INVALID_INPUT, "任务名称为必填项", "The task's name is required");
    if (!b->material_ids || b->material_ids->n == 0)
        return error_say(&c->err, RC_INVALID_INPUT, "请至少选择一个物料", "Choose at least one material");
    if (b->material_ids->n > COUNT_ITEMS_MAX)
        error_fault(&c->err, c->arena, "materialIds", "too_many",
                    arena_fmt(c->arena, "一次盘点最多 %d 个物料", COUNT_ITEMS_MAX),
                    arena_fmt(c->arena, "a task may have at most %d materials", COUNT_ITEMS_MAX), NULL);
    return c->err.rc;
}

static enum rc post_task(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task_body b;
    struct task t = {0};
    TRY(record_from_json(c, &task_body_type, call->body, "", RECORD_CREATE, &b));
    TRY(check_body(c, &b));
    TRY(document_next_number(c, "ST", &t.task_code));
    TRY(ctx_insert(c, &TASK_INSERT,
                   DB_ARGS(DB_T(t.task_code), DB_T(b.task_name), day_value(c, &b, "start_date", b.start_date),
                           day_value(c, &b, "end_date", b.end_date), DB_T(b.remark), DB_I(c->actor.user_id), DB_I(c->now_ms)),
                   &t.id));
    TRY(add_items(c, t.id, b.material_ids));
    t.task_name = b.task_name;
    TRY(log_task(c, "create", &t, "创建盘点任务"));
    struct json_writer w = reply_data(call, 201, "盘点任务创建成功", "Count task created");
    jw_object(&w);
    jw_name(&w, "id");
    jw_int(&w, t.id);
    jw_name(&w, "taskCode");
    jw_text(&w, t.task_code);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- counting */

struct count_body {
    struct record record;
    struct dec actual_stock;
    const char *remark;
    int64_t version;
};
static const struct field count_body_fields[] = {
    FIELD(struct count_body, actual_stock, FIELD_DEC, F_IN | F_ASKED, .max = 1000000000000),
    FIELD(struct count_body, remark, FIELD_TEXT, F_IN, .max = 500),
    FIELD(struct count_body, version, FIELD_INT, F_IN, .min = 1),
};
static const struct record_type count_body_type = RECORD_TYPE("Count", struct count_body, count_body_fields);

static enum rc find_item(struct call *call, const struct task *t, struct item *out)
{
    struct ctx *c = &call->ctx;
    const char *id = http_param(call->http, "itemId");
    int64_t item = 0;
    DB_ROWS rows = NULL;
    bool more;
    *out = (struct item){0};
    if (!id || !text_int(id, 1, INT64_MAX, &item))
        return error_set(&c->err, RC_ITEM_NOT_FOUND);
    TRY(db_start(c->db, &ITEM_BY_ID, DB_ARGS(DB_I(t->id), DB_I(item)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_ITEM_NOT_FOUND);
    record_from_row(c, &count_item_type, rows, out);
    return RC_OK;
}

static enum rc check_count(struct ctx *c, const struct count_body *b, const struct item *i)
{
    struct material m;
    if (!record_has(&count_body_type, b, "actual_stock"))
        return error_say(&c->err, RC_INVALID_INPUT, "实际数量为必填项", "The counted quantity is required");
    if (record_has(&count_body_type, b, "version") && b->version != i->version)
        return reply_conflict(c, &count_item_type, i); /* somebody else has counted it meanwhile */
    TRY(material_get(c, i->material_id, &m));
    if (!dec_fits(b->actual_stock, (unsigned)m.unit_decimals))
        error_fault(&c->err, c->arena, "actualStock", "decimals",
                    arena_fmt(c->arena, "单位 %s 最多允许%lld位小数", m.unit, (long long)m.unit_decimals),
                    arena_fmt(c->arena, "The unit %s allows at most %lld decimals", m.unit, (long long)m.unit_decimals), NULL);
    return c->err.rc;
}

static enum rc put_item(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct item i;
    struct count_body b;
    TRY(record_from_json(c, &count_body_type, call->body, "", RECORD_UPDATE, &b));
    TRY(count_find_task(call, &t));
    TRY(find_item(call, &t, &i));
    if (is(&t, "completed") || is(&t, "cancelled"))
        return error_set(&c->err, RC_TASK_ENDED);
    TRY(check_count(c, &b, &i));
    TRY(db_exec(c->db, &ITEM_COUNT,
                DB_ARGS(DB_I(i.id), DB_D(b.actual_stock), DB_T(b.remark ? b.remark : i.remark), DB_I(c->actor.user_id),
                        DB_I(c->now_ms)),
                NULL));
    TRY(db_exec(c->db, &TASK_BEGIN, DB_ARGS(DB_I(t.id), DB_I(c->now_ms)), NULL));
    TRY(find_item(call, &t, &i));
    TRY(log_task(c, "update", &t, arena_fmt(c->arena, "录入盘点数量 %s", i.material_code)));
    struct json_writer w = reply_data(call, 200, "盘点明细更新成功", "Count recorded");
    jw_object(&w);
    jw_name(&w, "id");
    jw_int(&w, i.id);
    jw_name(&w, "actualStock");
    jw_dec(&w, i.actual_stock);
    jw_name(&w, "difference");
    jw_dec(&w, i.difference);
    jw_name(&w, "differenceType");
    jw_text(&w, i.difference_type);
    jw_name(&w, "version");
    jw_int(&w, i.version);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- ending a task */

struct end_body {
    struct record record;
    int64_t update_stock;
    const char *remark;
};
static const struct field end_body_fields[] = {
    FIELD(struct end_body, update_stock, FIELD_FLAG, F_IN),
    FIELD(struct end_body, remark, FIELD_TEXT, F_IN, .max = 500),
};
static const struct record_type end_body_type = RECORD_TYPE("CountEnd", struct end_body, end_body_fields);

/* The differences of one direction, `most` of them, as a document that is posted at once. *id: DB_N when there are none. */
static enum rc post_differences(struct ctx *c, const struct task *t, const struct item *items, bool surplus, int64_t most,
                                struct db_value *id)
{
    struct new_line *lines = arena_array(c->arena, (size_t)most + 1, sizeof *lines);
    struct new_document d = {.receipt = surplus, .purpose = "count", .lines = lines,
                             .remark = arena_fmt(c->arena, "盘点调整: %s", t->task_name)};
    int64_t document;
    *id = DB_N;
    for (const struct item *i = items; i < items + t->item_count; i++) {
        if (dec_sign(i->difference) != (surplus ? 1 : -1))
            continue;
        struct new_line *l = &lines[d.count++];
        *l = (struct new_line){.material_id = i->material_id, .quantity = i->difference};
        if (!surplus)
            TRY(dec_neg(i->difference, &l->quantity));
    }
    if (d.count == 0)
        return RC_OK;
    TRY(document_add_counted(c, &d, &document));
    *id = DB_I(document);
    return RC_OK;
}

static enum rc complete(struct ctx *c, const struct task *t, const struct end_body *b, const struct item *items,
                        const struct summary *s)
{
    struct db_value up = DB_N, down = DB_N;
    if (b->update_stock) {
        TRY(post_differences(c, t, items, true, s->surplus, &up));
        TRY(post_differences(c, t, items, false, s->shortage, &down));
    }
    TRY(db_exec(c->db, &TASK_END,
                DB_ARGS(DB_I(t->id), DB_T("completed"), DB_I(c->actor.user_id), DB_I(c->now_ms), DB_I(c->now_ms), DB_T(b->remark), up,
                        down),
                NULL));
    return log_task(c, "complete", t, "完成盘点任务");
}

static enum rc put_complete(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct end_body b;
    struct summary s;
    struct item *items;
    TRY(record_from_json(c, &end_body_type, call->body, "", RECORD_UPDATE, &b));
    TRY(count_find_task(call, &t));
    if (is(&t, "completed") || is(&t, "cancelled"))
        return error_set(&c->err, is(&t, "completed") ? RC_TASK_COMPLETED : RC_TASK_ENDED);
    TRY(count_read_items(c, &t, &items, &s));
    if (s.uncounted)
        return error_say(&c->err, RC_TASK_UNCOUNTED,
                         arena_fmt(c->arena, "还有 %lld 个物料未录入实际数量，无法完成盘点", (long long)s.uncounted),
                         arena_fmt(c->arena, "%lld materials have not been counted yet", (long long)s.uncounted));
    TRY(complete(c, &t, &b, items, &s));
    struct json_writer w = reply_data(call, 200, "盘点任务完成", "Count task completed");
    jw_object(&w);
    jw_name(&w, "taskId");
    jw_int(&w, t.id);
    jw_name(&w, "report");
    jw_object(&w);
    count_write_summary(&w, &s);
    count_write_items(&w, items, s.total);
    jw_object_end(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc put_cancel(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    TRY(count_find_task(call, &t));
    if (is(&t, "completed"))
        return error_set(&c->err, RC_TASK_NOT_CANCELLABLE);
    if (is(&t, "cancelled"))
        return error_set(&c->err, RC_TASK_ENDED);
    TRY(db_exec(c->db, &TASK_END,
                DB_ARGS(DB_I(t.id), DB_T("cancelled"), DB_N, DB_N, DB_I(c->now_ms), DB_N, DB_N, DB_N), NULL));
    TRY(log_task(c, "cancel", &t, "取消盘点任务"));
    return reply_message(call, "盘点任务已取消", "Count task cancelled");
}

/* ---------------------------------------------------------------- reading */

static const char *const statuses[] = {"draft", "in_progress", "completed", "cancelled", NULL};

static const struct list_spec task_list = {
    .columns = TASK_COLUMNS,
    .from = TASK_FROM,
    .count_from = "count_tasks t",
    .id = "t.id",
    .always_fresh = true,
    .page_size = 10,
    .sorts = {{"created_at", "t.created_at", false}},
    .filters = {{"status", FILTER_CHOICE, "t.status = ?", statuses}},
    .row = &count_task_type,
};

static enum rc get_tasks(struct call *call)
{
    const struct ctx *c = &call->ctx;
    if (ctx_may(c, PERM_COUNT_WRITE))
        return list_answer(call, NULL);
    return list_answer(call, &(struct list_scope){"t.creator_id = ?", c->actor.user_id});
}

static enum rc get_task(struct call *call)
{
    struct task t;
    struct summary s;
    struct item *items;
    TRY(count_find_task(call, &t));
    TRY(count_read_items(&call->ctx, &t, &items, &s));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    record_write(&w, &count_task_type, &t);
    count_write_items(&w, items, s.total);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static const struct answer_part counted_parts[] = {
    {"id"}, {"actualStock", PART_DEC}, {"difference", PART_DEC}, {"differenceType", PART_TEXT}, {"version"}, {0},
};
static const struct answer_part done_parts[] = {
    {"taskId"},
    {"report", PART_OBJECT, .parts = PARTS(COUNT_SUMMARY_PARTS, {"items", PART_ARRAY, &count_item_type})},
    {0},
};

static const struct route stocktaking_routes[] = {
    ROUTE("GET", "/api/stocktaking", LANE_READ, PERM_COUNT_READ, NULL, get_tasks, "盘点任务列表", .list = &task_list),
    ROUTE("POST", "/api/stocktaking", LANE_WRITE, PERM_COUNT_WRITE, &task_body_type, post_task, "创建盘点任务", .status = 201,
          .parts = PARTS({"id"}, {"taskCode", PART_TEXT}), .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND)),
    ROUTE("GET", "/api/stocktaking/:id", LANE_READ, PERM_COUNT_READ, NULL, get_task, "盘点任务与明细",
          .answer = &count_task_type, .parts = PARTS({"items", PART_ARRAY, &count_item_type}),
          .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_YOURS)),
    ROUTE("PUT", "/api/stocktaking/:id/items/:itemId", LANE_WRITE, PERM_COUNT_WRITE, &count_body_type, put_item, "录入盘点数量",
          .parts = counted_parts,
          .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_ITEM_NOT_FOUND, RC_TASK_ENDED, RC_VERSION_CONFLICT)),
    ROUTE("PUT", "/api/stocktaking/:id/complete", LANE_WRITE, PERM_COUNT_WRITE, &end_body_type, put_complete, "完成盘点任务",
          .parts = done_parts,
          .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_COMPLETED, RC_TASK_ENDED, RC_TASK_UNCOUNTED, RC_INSUFFICIENT_STOCK,
                               RC_AMOUNT_TOO_LARGE)),
    ROUTE("PUT", "/api/stocktaking/:id/cancel", LANE_WRITE, PERM_COUNT_WRITE, NULL, put_cancel, "取消盘点任务",
          .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_CANCELLABLE, RC_TASK_ENDED)),
    ROUTE("GET", "/api/stocktaking/:id/diff/report", LANE_READ, PERM_COUNT_READ, NULL, count_get_report, "盘点差异报告",
          .parts = count_report_parts, .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_YOURS, RC_AMOUNT_TOO_LARGE)),
};
const struct module stocktaking_module = MODULE("stocktaking", "盘点", stocktaking_routes);
