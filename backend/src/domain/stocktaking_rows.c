#include "domain/stocktaking_rows.h"

#include <string.h>

#include "domain/reply.h"

static const struct field task_fields[] = {
    FIELD(struct task, id, FIELD_INT, F_OUT),
    FIELD(struct task, task_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, task_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct task, status, FIELD_TEXT, F_OUT | F_SURE),
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
    FIELD(struct item, book_stock, FIELD_DEC, F_OUT | F_SURE),
    FIELD(struct item, actual_stock, FIELD_DEC, F_OUT),
    FIELD(struct item, difference, FIELD_DEC, F_OUT),
    FIELD(struct item, difference_type, FIELD_TEXT, F_OUT),
    FIELD(struct item, remark, FIELD_TEXT, F_OUT),
    FIELD(struct item, version, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct item, created_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct item, updated_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct item, material_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, unit, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct item, category, FIELD_TEXT, F_OUT | F_SURE),
};
const struct record_type count_item_type = RECORD_TYPE("CountItem", struct item, item_fields);

static const struct sql TASK_BY_ID = {"count_task.by_id", "SELECT " TASK_COLUMNS " FROM " TASK_FROM " WHERE t.id = $1"};
static const struct sql ITEMS = {"count_item.of_task",
                                 "SELECT " ITEM_COLUMNS " FROM " ITEM_FROM " WHERE i.task_id = $1 ORDER BY m.code_fold"};

enum rc count_find_task(struct call *call, struct task *out)
{
    struct ctx *c = &call->ctx;
    DB_ROWS rows = NULL;
    bool more;
    *out = (struct task){0};
    TRY(db_start(c->db, &TASK_BY_ID, DB_ARGS(DB_I(call->id)), &rows));
    TRY(db_next(rows, &more));
    if (!more)
        return error_set(&c->err, RC_TASK_NOT_FOUND);
    record_from_row(c, &count_task_type, rows, out);
    if (!ctx_may(c, PERM_COUNT_WRITE) && out->creator_id != c->actor.user_id)
        return error_set(&c->err, RC_TASK_NOT_YOURS);
    return RC_OK;
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
    if (!i->difference_type) {
        s->uncounted++;
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

void count_write_summary(struct json_writer *w, const struct summary *s)
{
    const struct {
        const char *name;
        int64_t n;
    } counts[] = {{"totalItems", s->total}, {"surplusCount", s->surplus}, {"shortageCount", s->shortage}, {"normalCount", s->normal}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        jw_name(w, counts[i].name);
        jw_int(w, counts[i].n);
    }
    jw_name(w, "totalSurplus");
    jw_dec(w, s->surplus_sum);
    jw_name(w, "totalShortage");
    jw_dec(w, s->shortage_sum);
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
