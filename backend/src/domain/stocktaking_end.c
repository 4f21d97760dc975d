/* The way of a task: started, reviewed, completed or cancelled; and posting what differs. */
#include <string.h>

#include "domain/document.h"
#include "domain/reply.h"
#include "domain/stocktaking_rows.h"

static const struct sql TASK_START = {
    "count_task.start", "UPDATE count_tasks SET status = 'in_progress', updated_at = $2 WHERE id = $1"};
static const struct sql TASK_REVIEW = {"count_task.review", "UPDATE count_tasks SET in_review = 1, updated_at = $2 WHERE id = $1"};
static const struct sql TASK_END = {
    "count_task.end", "UPDATE count_tasks SET status = $2, in_review = 0, completed_by = $3, completed_at = $4, updated_at = $5, "
                      "remark = COALESCE($6, remark), surplus_document_id = $7, shortage_document_id = $8 WHERE id = $1"};

/* What a count has posted corrects the book of the lines that other open tasks have counted already: otherwise theirs would post
 * the same difference once more. No book quantity is below 0, whatever counts that contradict each other would make of it. */
#define CORRECTED "count_items.book_stock + CAST($2 AS BIGINT) * posted.quantity"
static const struct sql OTHERS_CORRECT = {
    "count_item.correct",
    "UPDATE count_items SET book_stock = CAST(CASE WHEN " CORRECTED " < 0 THEN 0 ELSE " CORRECTED " END AS BIGINT), "
    "updated_at = $4, version = version + 1 FROM (SELECT i.id, SUM(v.quantity) AS quantity FROM moves v "
    "JOIN count_items i ON i.material_id = v.material_id AND i.actual_stock IS NOT NULL "
    "JOIN count_tasks t ON t.id = i.task_id AND t.status = 'in_progress' AND t.id <> $3 WHERE v.document_id = $1 AND "
    "(i.location_id IS NULL OR i.location_id IN (v.from_location_id, v.to_location_id)) GROUP BY i.id) AS posted "
    "WHERE count_items.id = posted.id"};

/* ---------------------------------------------------------------- start */

enum rc count_put_start(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    TRY(count_find_task(call, &t));
    if (!count_is(&t, "draft"))
        return error_set(&c->err, count_has_ended(&t) ? RC_TASK_ENDED : RC_TASK_STARTED);
    TRY(count_take_anew(c, &t));
    TRY(db_exec(c->db, &TASK_START, DB_ARGS(DB_I(t.id), DB_I(c->now_ms)), NULL));
    TRY(count_log_stage(c, "start", &t, "开始盘点", "counting"));
    return reply_message(call, "盘点已开始", "The count has begun");
}

/* ---------------------------------------------------------------- review */

static enum rc check_all_counted(struct ctx *c, const struct summary *s)
{
    if (s->uncounted)
        return error_say(&c->err, RC_TASK_UNCOUNTED,
                         arena_fmt(c->arena, "还有 %lld 个物料未录入实际数量，无法完成盘点", (long long)s->uncounted),
                         arena_fmt(c->arena, "%lld materials have not been counted yet", (long long)s->uncounted));
    if (s->recounts)
        return error_say(&c->err, RC_TASK_RECOUNT_OPEN, arena_fmt(c->arena, "还有 %lld 个物料等待复盘", (long long)s->recounts),
                         arena_fmt(c->arena, "%lld materials wait to be counted again", (long long)s->recounts));
    return RC_OK;
}

enum rc count_put_review(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct summary s;
    struct item *items;
    TRY(count_find_task(call, &t));
    if (!count_is(&t, "counting"))
        return error_set(&c->err, count_has_ended(&t)       ? RC_TASK_ENDED
                                  : count_is(&t, "review") ? RC_TASK_IN_REVIEW
                                                           : RC_TASK_NOT_STARTED);
    TRY(count_read_items(c, &t, &items, &s));
    TRY(check_all_counted(c, &s));
    TRY(db_exec(c->db, &TASK_REVIEW, DB_ARGS(DB_I(t.id), DB_I(c->now_ms)), NULL));
    TRY(count_log_stage(c, "review", &t, "提交盘点复核", "review"));
    return reply_message(call, "盘点任务已提交复核", "The count task is in review");
}

/* ---------------------------------------------------------------- the end */

struct end_body {
    struct record record;
    int64_t update_stock;
    const char *remark;
};
static const struct field end_body_fields[] = {
    FIELD(struct end_body, update_stock, FIELD_FLAG, F_IN),
    FIELD(struct end_body, remark, FIELD_TEXT, F_IN, .max = 500),
};
const struct record_type count_end_type = RECORD_TYPE("CountEnd", struct end_body, end_body_fields);

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
        if (strcmp(i->material_status, "active") != 0) /* only without stock: so it is a surplus */
            return error_say(&c->err, RC_MATERIAL_RETIRED,
                             arena_fmt(c->arena, "物料 %s 已停用，请先恢复使用", i->material_code),
                             arena_fmt(c->arena, "The material %s is retired: restore it first", i->material_code));
        struct new_line *l = &lines[d.count++];
        *l = (struct new_line){.material_id = i->material_id, .quantity = i->difference, .location_id = i->location_id,
                               .remark = i->reason};
        if (!surplus)
            TRY(dec_neg(i->difference, &l->quantity));
    }
    if (d.count == 0)
        return RC_OK;
    TRY(document_add_counted(c, &d, &document));
    *id = DB_I(document);
    return db_exec(c->db, &OTHERS_CORRECT, DB_ARGS(DB_I(document), DB_I(surplus ? 1 : -1), DB_I(t->id), DB_I(c->now_ms)), NULL);
}

static enum rc check_reasons(struct ctx *c, const struct task *t, const struct item *items)
{
    struct buf list;
    int64_t missing = 0;
    buf_init(&list, HTTP_BODY_MAX);
    struct json_writer w;
    jw_init(&w, &list, false);
    jw_name(&w, "items");
    jw_array(&w);
    for (const struct item *i = items; i < items + t->item_count; i++) {
        if (i->reason || !count_needs_reason(t, i))
            continue;
        missing++;
        jw_object(&w);
        jw_name(&w, "id");
        jw_int(&w, i->id);
        jw_name(&w, "material_code");
        jw_text(&w, i->material_code);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    c->err.members = missing ? arena_dup(c->arena, buf_text(&list)) : NULL;
    buf_free(&list);
    if (!missing)
        return RC_OK;
    return error_say(&c->err, RC_REASON_REQUIRED,
                     arena_fmt(c->arena, "还有 %lld 个物料的差异超过限额，请先填写原因", (long long)missing),
                     arena_fmt(c->arena, "%lld differences pass the limit and want a reason first", (long long)missing));
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
    return count_log_stage(c, "complete", t, "完成盘点任务", "completed");
}

static enum rc check_completable(struct ctx *c, const struct task *t, const struct item *items, const struct summary *s)
{
    TRY(check_all_counted(c, s));
    if (t->hides_book)
        return error_set(&c->err, RC_TASK_NOT_REVIEWED);
    return check_reasons(c, t, items);
}

enum rc count_put_complete(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    struct end_body b;
    struct summary s;
    struct item *items;
    TRY(record_from_json(c, &count_end_type, call->body, "", RECORD_UPDATE, &b));
    TRY(count_find_task(call, &t));
    if (count_has_ended(&t))
        return error_set(&c->err, count_is(&t, "completed") ? RC_TASK_COMPLETED : RC_TASK_ENDED);
    TRY(count_read_items(c, &t, &items, &s));
    TRY(check_completable(c, &t, items, &s));
    TRY(complete(c, &t, &b, items, &s));
    struct json_writer w = reply_data(call, 200, "盘点任务完成", "Count task completed");
    jw_object(&w);
    jw_name(&w, "taskId");
    jw_int(&w, t.id);
    jw_name(&w, "report");
    jw_object(&w);
    count_write_summary(&w, &t, &s);
    count_write_items(&w, items, s.total);
    jw_object_end(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}

enum rc count_put_cancel(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct task t;
    TRY(count_find_task(call, &t));
    if (count_has_ended(&t))
        return error_set(&c->err, count_is(&t, "completed") ? RC_TASK_NOT_CANCELLABLE : RC_TASK_ENDED);
    TRY(db_exec(c->db, &TASK_END,
                DB_ARGS(DB_I(t.id), DB_T("cancelled"), DB_N, DB_N, DB_I(c->now_ms), DB_N, DB_N, DB_N), NULL));
    TRY(count_log_stage(c, "cancel", &t, "取消盘点任务", "cancelled"));
    return reply_message(call, "盘点任务已取消", "Count task cancelled");
}
