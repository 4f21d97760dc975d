#include "domain/stocktaking.h"

#include <string.h>

#include "domain/document.h"
#include "domain/list_export.h"
#include "domain/location.h"
#include "domain/material.h"
#include "domain/reply.h"
#include "domain/search_index.h"
#include "domain/setting.h"
#include "domain/stocktaking_rows.h"

static const struct sql TASK_INSERT = {
    "count_task.insert", "INSERT INTO count_tasks (task_code, task_name, start_date, end_date, remark, creator_id, created_at, "
                         "updated_at, scope, category, location_id, is_blind, reason_percent, reason_value, by_place) "
                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id"};
/* ---------------------------------------------------------------- making a task */

struct task_body {
    struct record record;
    const char *task_name, *remark, *scope, *category;
    const struct json *material_ids;
    int64_t start_date, end_date, location_id, is_blind, by_place, reason_percent;
    struct dec reason_value;
};
static const char *const scopes[] = {"selection", "category", "location", "all", NULL};
static const char *const categories[] = {"chemical", "metal", NULL};
static const struct field task_body_fields[] = {
    FIELD(struct task_body, task_name, FIELD_TEXT, F_IN | F_ASKED, .max = 100),
    FIELD(struct task_body, scope, FIELD_TEXT, F_IN, .choices = scopes),
    FIELD(struct task_body, material_ids, FIELD_JSON, F_IN, .min = 1, .max = COUNT_ITEMS_MAX),
    FIELD(struct task_body, category, FIELD_TEXT, F_IN, .choices = categories),
    FIELD(struct task_body, location_id, FIELD_INT, F_IN, .min = 1),
    FIELD(struct task_body, is_blind, FIELD_FLAG, F_IN),
    FIELD(struct task_body, by_place, FIELD_FLAG, F_IN),
    FIELD(struct task_body, reason_percent, FIELD_INT, F_IN, .max = SETTING_REASON_PERCENT_MAX),
    FIELD(struct task_body, reason_value, FIELD_DEC, F_IN, .max = SETTING_REASON_VALUE_MAX),
    FIELD(struct task_body, start_date, FIELD_DAY, F_IN),
    FIELD(struct task_body, end_date, FIELD_DAY, F_IN),
    FIELD(struct task_body, remark, FIELD_TEXT, F_IN, .max = 500),
};
static const struct record_type task_body_type = RECORD_TYPE("NewCountTask", struct task_body, task_body_fields);

static struct db_value day_value(struct ctx *c, const struct task_body *b, const char *field, int64_t day)
{
    char text[DAY_TEXT_MAX];
    if (!record_has(&task_body_type, b, field))
        return DB_N;
    day_print(day, text);
    return DB_T(arena_dup(c->arena, text));
}

static bool has_scope(const struct task_body *b, const char *scope)
{
    return strcmp(b->scope ? b->scope : "selection", scope) == 0;
}

static enum rc check_selection(struct ctx *c, const struct task_body *b)
{
    if (!b->material_ids || b->material_ids->type != JSON_ARRAY || b->material_ids->n == 0)
        return error_say(&c->err, RC_INVALID_INPUT, "请至少选择一个物料", "Choose at least one material");
    if (b->material_ids->n > COUNT_ITEMS_MAX)
        error_fault(&c->err, c->arena, "materialIds", "too_many",
                    arena_fmt(c->arena, "一次盘点最多 %d 个物料", COUNT_ITEMS_MAX),
                    arena_fmt(c->arena, "a task may have at most %d materials", COUNT_ITEMS_MAX), NULL);
    return c->err.rc;
}

static enum rc check_body(struct ctx *c, const struct task_body *b)
{
    if (!b->task_name)
        return error_say(&c->err, RC_INVALID_INPUT, "任务名称为必填项", "The task's name is required");
    if (has_scope(b, "selection"))
        TRY(check_selection(c, b));
    if (has_scope(b, "category") && !b->category)
        error_fault(&c->err, c->arena, "category", "required", "请选择要盘点的类别", "Choose the category to be counted", NULL);
    if (has_scope(b, "location") && !b->location_id)
        error_fault(&c->err, c->arena, "locationId", "required", "请选择要盘点的库位", "Choose the location to be counted", NULL);
    if (b->location_id && (has_scope(b, "category") || has_scope(b, "all")))
        error_fault(&c->err, c->arena, "locationId", "not_here", "按类别或全部盘点时不能指定库位",
                    "a location goes with the scopes selection and location only", NULL);
    if (b->by_place && (b->location_id || has_scope(b, "location")))
        error_fault(&c->err, c->arena, "byPlace", "not_here", "只盘一个库位时无须按库位分别盘点",
                    "a task about one location is counted there only", NULL);
    if (c->err.rc == RC_OK && b->location_id)
        TRY(location_must_be_real(c, b->location_id));
    return c->err.rc;
}

/* From which difference a reason is wanted: what the body says, otherwise what the company has set. */
static enum rc find_thresholds(struct ctx *c, const struct task_body *b, struct db_value *percent, struct db_value *value)
{
    if (record_given(&task_body_type, b, "reason_percent"))
        *percent = record_value(&task_body_type, b, "reason_percent");
    else
        TRY(setting_reason_percent(c, percent));
    if (record_given(&task_body_type, b, "reason_value"))
        *value = record_value(&task_body_type, b, "reason_value");
    else
        TRY(setting_reason_value(c, value));
    return RC_OK;
}

static enum rc add_task(struct ctx *c, const struct task_body *b, struct task *t)
{
    struct db_value percent, value;
    TRY(find_thresholds(c, b, &percent, &value));
    TRY(document_next_number(c, "ST", &t->task_code));
    TRY(ctx_insert(c, &TASK_INSERT,
                   DB_ARGS(DB_T(t->task_code), DB_T(b->task_name), day_value(c, b, "start_date", b->start_date),
                           day_value(c, b, "end_date", b->end_date), DB_T(b->remark), DB_I(c->actor.user_id), DB_I(c->now_ms),
                           DB_T(b->scope ? b->scope : "selection"), DB_T(has_scope(b, "category") ? b->category : NULL),
                           record_value(&task_body_type, b, "location_id"), DB_I(b->is_blind), percent, value, DB_I(b->by_place)),
                   &t->id));
    TRY(search_put(c, SEARCH_COUNT, t->id));
    t->task_name = b->task_name;
    t->by_place = b->by_place;
    return has_scope(b, "selection") ? count_take_materials(c, t, b->material_ids) : count_take_scope(c, t);
}

static enum rc post_task(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task_body b;
    struct task t = {0};
    TRY(record_from_json(c, &task_body_type, call->body, "", RECORD_CREATE, &b));
    TRY(check_body(c, &b));
    TRY(add_task(c, &b, &t));
    TRY(count_log(c, "create", &t, "创建盘点任务", NULL));
    struct json_writer w = reply_data(call, 201, "盘点任务创建成功", "Count task created");
    jw_object(&w);
    jw_name(&w, "id");
    jw_int(&w, t.id);
    jw_name(&w, "taskCode");
    jw_text(&w, t.task_code);
    jw_object_end(&w);
    return reply_end(call, &w);
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

static enum rc seen_tasks(struct ctx *c, int64_t id, struct list_scope *out)
{
    (void)id;
    if (!ctx_may(c, PERM_COUNT_WRITE))
        *out = (struct list_scope){"t.creator_id = ?", c->actor.user_id};
    return RC_OK;
}

static const struct list_export task_export = {
    .name = "count-tasks",
    .zh = "盘点任务列表",
    .en = "Count tasks",
    .module = "stocktaking",
    .resource_type = "stocktaking",
    .scope = seen_tasks,
    .columns = EXPORT_COLUMNS(
        {"task_code", EXPORT_CODE, "任务编号", "Number", 20},
        {"task_name", EXPORT_TEXT, "任务名称", "Name", 30},
        {"stage", EXPORT_WORD, "状态", "Stage", 10, task_stage_words},
        {"scope", EXPORT_WORD, "范围", "Scope", 14, task_scope_words},
        {"category", EXPORT_WORD, "类别", "Category", 12, category_words},
        {"location_code", EXPORT_CODE, "库位", "Place", 14},
        {"is_blind", EXPORT_FLAG, "盲盘", "Blind", 8},
        {"by_place", EXPORT_FLAG, "按库位", "By place", 8},
        {"item_count", EXPORT_WHOLE, "物料数", "Items", 10},
        {"completed_count", EXPORT_WHOLE, "已盘数", "Counted", 10},
        {"start_date", EXPORT_DAY, "开始日期", "From", 12},
        {"end_date", EXPORT_DAY, "结束日期", "To", 12},
        {"creator_name", EXPORT_TEXT, "创建人", "Created by", 14},
        {"created_at", EXPORT_TIME, "创建时间", "Created at", 20},
        {"completed_by_name", EXPORT_TEXT, "完成人", "Completed by", 14},
        {"completed_at", EXPORT_TIME, "完成时间", "Completed at", 20},
        {"remark", EXPORT_TEXT, "备注", "Remark", 40}),
};

/* A task's lines: as a list only for their file, since the detail has them all. */
static const struct list_spec item_list = {
    .columns = ITEM_COLUMNS,
    .from = ITEM_FROM,
    .count_from = "count_items i JOIN materials m ON m.id = i.material_id",
    .id = "i.id",
    .always_fresh = true,
    .sorts = {{"material_code", "m.code_fold", true}},
    .ascends = true,
    .row = &count_item_type,
};

static enum rc items_of(struct ctx *c, int64_t id, struct list_scope *out)
{
    struct task t;
    TRY(count_get_task(c, id, &t));
    *out = (struct list_scope){"i.task_id = ?", t.id};
    return RC_OK;
}

static const struct list_export item_export = {
    .name = "count-items",
    .zh = "盘点明细",
    .en = "Count items",
    .module = "stocktaking",
    .resource_type = "stocktaking",
    .scope = items_of,
    .columns = EXPORT_COLUMNS(
        {"material_code", EXPORT_CODE, "物料编码", "Material code", 18},
        {"material_name", EXPORT_TEXT, "物料名称", "Material", 30},
        {"category", EXPORT_WORD, "类别", "Category", 12, category_words},
        {"unit", EXPORT_TEXT, "单位", "Unit", 8},
        {"location_code", EXPORT_CODE, "库位", "Place", 14},
        {"is_found", EXPORT_FLAG, "清单外", "Not on the list", 10},
        {"book_stock", EXPORT_DEC, "账面数量", "Book quantity", 14},
        {"actual_stock", EXPORT_DEC, "实盘数量", "Counted", 14},
        {"difference", EXPORT_DEC, "差异", "Difference", 14},
        {"difference_type", EXPORT_WORD, "差异类型", "Kind of difference", 12, difference_words},
        {"reason", EXPORT_TEXT, "差异原因", "Reason", 30},
        {"wants_recount", EXPORT_FLAG, "待复盘", "To be recounted", 10},
        {"counted_by_name", EXPORT_TEXT, "盘点人", "Counted by", 14},
        {"remark", EXPORT_TEXT, "备注", "Remark", 40},
        {"updated_at", EXPORT_TIME, "更新时间", "Updated at", 20}),
};

static enum rc get_tasks(struct call *call)
{
    return list_answer(call, seen_tasks);
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

static const struct answer_part done_parts[] = {
    {"taskId"},
    {"report", PART_OBJECT, .parts = PARTS(COUNT_SUMMARY_PARTS, {"items", PART_ARRAY, &count_item_type})},
    {0},
};
#define STOCKTAKING(METHOD, PATH, LANE, PERMISSION, BODY, HANDLER, SUMMARY, ...)                                       \
    ROUTE(METHOD, "/api/stocktaking" PATH, LANE, PERMISSION, BODY, HANDLER, SUMMARY, __VA_ARGS__)

static const struct route stocktaking_routes[] = {
    STOCKTAKING("GET", "", LANE_READ, PERM_COUNT_READ, NULL, get_tasks, "盘点任务列表", .list = &task_list),
    LIST_EXPORT("/stocktaking", PERM_COUNT_READ, "导出盘点任务列表", &task_list, &task_export, EXPORT_REFUSALS),
    LIST_EXPORT("/stocktaking/:id/items", PERM_COUNT_READ, "导出盘点明细", &item_list, &item_export, EXPORT_REFUSALS, RC_TASK_NOT_FOUND,
                RC_TASK_NOT_YOURS),
    STOCKTAKING("POST", "", LANE_WRITE, PERM_COUNT_WRITE, &task_body_type, post_task, "创建盘点任务", .status = 201,
                .parts = PARTS({"id"}, {"taskCode", PART_TEXT}),
                .refusals = REFUSALS(RC_MATERIAL_NOT_FOUND, RC_LOCATION_NOT_FOUND, RC_COUNT_SCOPE_EMPTY, RC_COUNT_SCOPE_TOO_LARGE)),
    STOCKTAKING("GET", "/:id", LANE_READ, PERM_COUNT_READ, NULL, get_task, "盘点任务与明细", .answer = &count_task_type,
                .parts = PARTS({"items", PART_ARRAY, &count_item_type}),
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_YOURS)),
    STOCKTAKING("PUT", "/:id/start", LANE_WRITE, PERM_COUNT_WRITE, NULL, count_put_start, "开始盘点：重新取得明细和账面数量",
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_STARTED, RC_TASK_ENDED, RC_COUNT_SCOPE_EMPTY, RC_COUNT_SCOPE_TOO_LARGE)),
    STOCKTAKING("PUT", "/:id/items/:itemId", LANE_WRITE, PERM_COUNT_WRITE, &count_body_type, count_put_item, "录入盘点数量",
                .parts = count_counted_parts,
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_ITEM_NOT_FOUND, RC_TASK_ENDED, RC_TASK_IN_REVIEW,
                                     RC_RECOUNT_BY_ANOTHER, RC_VERSION_CONFLICT)),
    STOCKTAKING("POST", "/:id/items", LANE_WRITE, PERM_COUNT_WRITE, &count_found_type, count_post_found, "录入清单外的物料", .status = 201,
                .parts = count_counted_parts,
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_ENDED, RC_TASK_IN_REVIEW, RC_MATERIAL_NOT_FOUND, RC_LOCATION_NOT_FOUND,
                                     RC_COUNT_SCOPE_TOO_LARGE, RC_VERSION_CONFLICT)),
    STOCKTAKING("PUT", "/:id/withdraw", LANE_WRITE, PERM_COUNT_WRITE, &count_withdraw_type, count_put_withdraw, "撤销自己的一次录入",
                .parts = count_withdrawn_parts,
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_ENDED, RC_TASK_IN_REVIEW, RC_COUNT_NOT_FOUND, RC_VERSION_CONFLICT)),
    STOCKTAKING("GET", "/:id/items/:itemId/entries", LANE_READ, PERM_COUNT_READ, NULL, count_get_entries, "一条明细的历次录入",
                .shape = ANSWER_ARRAY, .answer = &count_entry_type,
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_YOURS, RC_ITEM_NOT_FOUND)),
    STOCKTAKING("PUT", "/:id/items/:itemId/reason", LANE_WRITE, PERM_COUNT_WRITE, &count_reason_type, count_put_reason,
                "填写差异原因", .parts = PARTS({"id"}, {"version"}),
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_ITEM_NOT_FOUND, RC_TASK_ENDED, RC_VERSION_CONFLICT)),
    STOCKTAKING("PUT", "/:id/items/:itemId/recount", LANE_WRITE, PERM_COUNT_WRITE, &count_recount_type, count_put_recount,
                "要求由另一人复盘", .parts = PARTS({"id"}, {"version"}),
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_ITEM_NOT_FOUND, RC_TASK_ENDED, RC_ITEM_UNCOUNTED)),
    STOCKTAKING("PUT", "/:id/review", LANE_WRITE, PERM_COUNT_WRITE, NULL, count_put_review, "提交复核",
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_STARTED, RC_TASK_IN_REVIEW, RC_TASK_ENDED, RC_TASK_UNCOUNTED,
                                     RC_TASK_RECOUNT_OPEN)),
    STOCKTAKING("PUT", "/:id/complete", LANE_WRITE, PERM_COUNT_WRITE, &count_end_type, count_put_complete, "完成盘点任务",
                .parts = done_parts,
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_COMPLETED, RC_TASK_ENDED, RC_TASK_UNCOUNTED, RC_TASK_RECOUNT_OPEN,
                                     RC_TASK_NOT_REVIEWED, RC_REASON_REQUIRED, RC_MATERIAL_RETIRED, RC_INSUFFICIENT_STOCK, RC_AMOUNT_TOO_LARGE)),
    STOCKTAKING("PUT", "/:id/cancel", LANE_WRITE, PERM_COUNT_WRITE, NULL, count_put_cancel, "取消盘点任务",
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_CANCELLABLE, RC_TASK_ENDED)),
    STOCKTAKING("GET", "/:id/diff/report", LANE_READ, PERM_COUNT_READ, NULL, count_get_report, "盘点差异报告",
                .query = count_report_query, .parts = count_report_parts,
                .refusals = REFUSALS(RC_TASK_NOT_FOUND, RC_TASK_NOT_YOURS, RC_AMOUNT_TOO_LARGE)),
};
const struct module stocktaking_module = MODULE("stocktaking", "盘点", stocktaking_routes);
