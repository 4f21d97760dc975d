#include "domain/stocktaking_rows.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/reply.h"

static const char *const stages[] = {"draft", "counting", "review", "completed", "cancelled", NULL};

static const struct field task_fields[] = {
    FIELD(struct task, id, FIELD_INT, F_OUT),
    FIELD(struct task, task_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, task_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, status, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, stage, FIELD_TEXT, F_OUT | F_SURE, .choices = stages),
    FIELD(struct task, scope, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, category, FIELD_TEXT, F_OUT),
    FIELD(struct task, location_id, FIELD_INT, F_OUT),
    FIELD(struct task, location_code, FIELD_TEXT, F_OUT),
    FIELD(struct task, is_blind, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct task, by_place, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct task, hides_book, FIELD_INT, 0),
    FIELD(struct task, reason_percent, FIELD_INT, F_OUT),
    FIELD(struct task, reason_value, FIELD_DEC, F_OUT),
    FIELD(struct task, start_date, FIELD_TEXT, F_OUT),
    FIELD(struct task, end_date, FIELD_TEXT, F_OUT),
    FIELD(struct task, creator_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct task, completed_by, FIELD_INT, F_OUT),
    FIELD(struct task, completed_at, FIELD_TIME, F_OUT),
    FIELD(struct task, remark, FIELD_TEXT, F_OUT),
    FIELD(struct task, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct task, updated_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct task, creator_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, completed_by_name, FIELD_TEXT, F_OUT),
    FIELD(struct task, item_count, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct task, completed_count, FIELD_INT, F_OUT | F_SURE),
};
const struct record_type count_task_type = RECORD_TYPE("CountTask", struct task, task_fields);

static const struct field item_fields[] = {
    FIELD(struct item, id, FIELD_INT, F_OUT),
    FIELD(struct item, task_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, material_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, book_stock, FIELD_DEC, F_OUT),
    FIELD(struct item, actual_stock, FIELD_DEC, F_OUT),
    FIELD(struct item, difference, FIELD_DEC, F_OUT),
    FIELD(struct item, difference_type, FIELD_TEXT, F_OUT),
    FIELD(struct item, remark, FIELD_TEXT, F_OUT),
    FIELD(struct item, reason, FIELD_TEXT, F_OUT),
    FIELD(struct item, wants_recount, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, counted_by, FIELD_INT, F_OUT),
    FIELD(struct item, counted_by_name, FIELD_TEXT, F_OUT),
    FIELD(struct item, version, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct item, updated_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct item, material_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, unit, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, unit_decimals, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, category, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, location_id, FIELD_INT, F_OUT),
    FIELD(struct item, location_code, FIELD_TEXT, F_OUT),
    FIELD(struct item, location_name, FIELD_TEXT, F_OUT),
    FIELD(struct item, location_name_en, FIELD_TEXT, F_OUT),
    FIELD(struct item, storage_place, FIELD_TEXT, F_OUT),
    FIELD(struct item, is_found, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, material_status, FIELD_TEXT, 0),
    FIELD(struct item, present_stock, FIELD_DEC, 0),
    FIELD(struct item, stock_value, FIELD_DEC, 0),
};
const struct record_type count_item_type = RECORD_TYPE("CountItem", struct item, item_fields);

static const struct sql TASK_BY_ID = {"count_task.by_id", "SELECT " TASK_COLUMNS " FROM " TASK_FROM " WHERE t.id = $1"};
static const struct sql ITEMS = {"count_item.of_task",
                                 "SELECT " ITEM_COLUMNS " FROM " ITEM_FROM " WHERE i.task_id = $1 ORDER BY COALESCE(il.code_fold, ''), "
                                 "m.code_fold, i.id"};

static const struct sql ITEM_BY_ID = {"count_item.by_id",
                                      "SELECT " ITEM_COLUMNS " FROM " ITEM_FROM " WHERE i.task_id = $1 AND i.id = $2"};

bool count_is(const struct task *t, const char *stage)
{
    return strcmp(t->stage, stage) == 0;
}

bool count_has_ended(const struct task *t)
{
    return count_is(t, "completed") || count_is(t, "cancelled");
}

enum rc count_log(struct ctx *c, const char *action, const struct task *t, const char *what, const char *changes)
{
    TRY(ctx_changed(c, TOPIC_COUNTING));
    return audit_write(c, &(struct audit_entry){.module = "stocktaking", .action = action, .resource_type = "stocktaking",
                                                .resource_id = t->id,
                                                .description = arena_fmt(c->arena, "%s: %s", what, t->task_name), .changes = changes});
}

enum rc count_log_stage(struct ctx *c, const char *action, const struct task *t, const char *what, const char *stage)
{
    return count_log(c, action, t, what, audit_change(c->arena, "stage", t->stage, stage));
}

enum rc count_find_item(struct call *call, const struct task *t, struct item *out)
{
    const char *id = http_param(call->http, "itemId");
    int64_t item = 0;
    *out = (struct item){0};
    if (!id || !text_int(id, 1, INT64_MAX, &item))
        return error_set(&call->ctx.err, RC_ITEM_NOT_FOUND);
    return count_get_item(&call->ctx, t, item, out);
}

enum rc count_get_item(struct ctx *c, const struct task *t, int64_t id, struct item *out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = (struct item){0};
    TRY(db_start(c->db, &ITEM_BY_ID, DB_ARGS(DB_I(t->id), DB_I(id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_ITEM_NOT_FOUND);
    record_from_row(c, &count_item_type, rows, out);
    return RC_OK;
}

enum rc count_get_task(struct ctx *c, int64_t id, struct task *out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = (struct task){0};
    TRY(db_start(c->db, &TASK_BY_ID, DB_ARGS(DB_I(id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_TASK_NOT_FOUND);
    record_from_row(c, &count_task_type, rows, out);
    if (!ctx_may(c, PERM_COUNT_WRITE) && out->creator_id != c->actor.user_id)
        return error_set(&c->err, RC_TASK_NOT_YOURS);
    return RC_OK;
}

enum rc count_find_task(struct call *call, struct task *out)
{
    return count_get_task(&call->ctx, call->id, out);
}

/* ---------------------------------------------------------------- differences */

bool count_is_counted(const struct item *i)
{
    return record_has(&count_item_type, i, "actual_stock");
}

static enum rc absolute(struct dec d, struct dec *out)
{
    *out = d;
    return dec_sign(d) < 0 ? dec_neg(d, out) : RC_OK;
}

bool count_difference_value(const struct item *i, struct dec *value)
{
    struct dec lost;
    if (!i->difference_type)
        return false;
    *value = DEC_ZERO;
    if (dec_sign(i->difference) == 0)
        return true;
    return dec_sign(i->present_stock) > 0 && absolute(i->difference, &lost) == RC_OK &&
           dec_share(i->stock_value, lost, i->present_stock, 2, value) == RC_OK &&
           (dec_sign(i->difference) > 0 || dec_neg(*value, value) == RC_OK);
}

bool count_needs_reason(const struct task *t, const struct item *i)
{
    struct dec lost, limit, value;
    if (!i->difference_type || dec_sign(i->difference) == 0 || absolute(i->difference, &lost) != RC_OK)
        return false;
    if (record_has(&count_task_type, t, "reason_percent") &&
        (dec_share(i->book_stock, DEC_WHOLE(t->reason_percent), DEC_WHOLE(100), DEC_PLACES, &limit) != RC_OK ||
         dec_cmp(lost, limit) > 0))
        return true;
    if (!record_has(&count_task_type, t, "reason_value"))
        return false;
    /* What cannot be valued is not taken for small. */
    return !count_difference_value(i, &value) || absolute(value, &lost) != RC_OK || dec_cmp(lost, t->reason_value) > 0;
}

static void add_capped(struct dec *sum, struct dec value)
{
    if (dec_add(*sum, value, sum) != RC_OK)
        *sum = (struct dec){INT64_MAX};
}

static void add_to_summary(struct summary *s, const struct item *i)
{
    struct dec lost = DEC_ZERO;
    s->total++;
    s->recounts += i->wants_recount;
    if (!count_is_counted(i) && !i->wants_recount)
        s->uncounted++;
    if (!i->difference_type) {
        return;
    } else if (dec_sign(i->difference) > 0) {
        s->surplus++;
        add_capped(&s->surplus_sum, i->difference);
    } else if (dec_sign(i->difference) < 0) {
        s->shortage++;
        if (dec_neg(i->difference, &lost) == RC_OK)
            add_capped(&s->shortage_sum, lost);
    } else {
        s->normal++;
    }
}

static void write_unless(struct json_writer *w, bool hidden, const char *name, int64_t n)
{
    jw_name(w, name);
    if (hidden)
        jw_null(w);
    else
        jw_int(w, n);
}

static void write_dec_unless(struct json_writer *w, bool hidden, const char *name, struct dec d)
{
    jw_name(w, name);
    if (hidden)
        jw_null(w);
    else
        jw_dec(w, d);
}

void count_write_summary(struct json_writer *w, const struct task *t, const struct summary *s)
{
    write_unless(w, false, "totalItems", s->total);
    write_unless(w, t->hides_book, "surplusCount", s->surplus);
    write_unless(w, t->hides_book, "shortageCount", s->shortage);
    write_unless(w, t->hides_book, "normalCount", s->normal);
    write_dec_unless(w, t->hides_book, "totalSurplus", s->surplus_sum);
    write_dec_unless(w, t->hides_book, "totalShortage", s->shortage_sum);
}

enum rc count_read_items(struct ctx *c, const struct task *t, struct item **out, struct summary *s)
{
    struct item *items = arena_array(c->arena, (size_t)t->item_count + 1, sizeof *items);
    DB_ROWS rows = NULL;
    bool more;
    *s = (struct summary){0};
    TRY(db_start(c->db, &ITEMS, DB_ARGS(DB_I(t->id)), &rows));
    TRY(db_next(rows, &more));
    while (more && s->total < t->item_count) {
        struct item *i = &items[s->total];
        record_from_row(c, &count_item_type, rows, i);
        add_to_summary(s, i);
        TRY(db_next(rows, &more));
    }
    *out = items;
    return RC_OK;
}

void count_write_items(struct json_writer *w, const struct item *items, int64_t count)
{
    jw_name(w, "items");
    jw_array(w);
    for (int64_t i = 0; i < count; i++) {
        jw_object(w);
        record_write(w, &count_item_type, &items[i]);
        jw_object_end(w);
    }
    jw_array_end(w);
}
