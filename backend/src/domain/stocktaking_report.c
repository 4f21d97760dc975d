/* The report of differences. */
#include <stdlib.h>
#include <string.h>

#include "domain/reply.h"
#include "domain/stocktaking_rows.h"

static void write_report_task(struct json_writer *w, const struct task *t)
{
    char text[CLOCK_TEXT_MAX];
    const struct {
        const char *name, *text;
    } texts[] = {{"taskCode", t->task_code},   {"taskName", t->task_name},       {"status", t->status},
                 {"startDate", t->start_date}, {"endDate", t->end_date},         {"creatorName", t->creator_name},
                 {"completedByName", t->completed_by_name}};
    jw_name(w, "task");
    jw_object(w);
    jw_name(w, "id");
    jw_int(w, t->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jw_name(w, texts[i].name);
        jw_text(w, texts[i].text);
    }
    jw_name(w, "completedAt");
    if (t->completed_at)
        jw_text_n(w, text, clock_print_row(t->completed_at, text));
    else
        jw_null(w);
    jw_name(w, "createdAt");
    jw_text_n(w, text, clock_print_row(t->created_at, text));
    jw_object_end(w);
}

static void write_report_item(struct json_writer *w, const struct task *t, const struct item *i)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"materialCode", i->material_code}, {"materialName", i->material_name},     {"unit", i->unit},
                 {"category", i->category},          {"differenceType", i->difference_type}, {"remark", i->remark},
                 {"reason", i->reason},              {"locationCode", i->location_code}};
    struct dec value = DEC_ZERO;
    bool has_value = count_difference_value(i, &value);
    const struct {
        const char *name;
        struct dec value;
        bool has;
    } numbers[] = {{"bookStock", i->book_stock, record_has(&count_item_type, i, "book_stock")},
                   {"actualStock", i->actual_stock, count_is_counted(i)},
                   {"difference", i->difference, i->difference_type},
                   {"differenceValue", value, has_value}};
    jw_object(w);
    jw_name(w, "id");
    jw_int(w, i->id);
    jw_name(w, "materialId");
    jw_int(w, i->material_id);
    jw_member_int(w, "unitDecimals", i->unit_decimals);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        jw_name(w, texts[k].name);
        jw_text(w, texts[k].text);
    }
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        jw_name(w, numbers[k].name);
        if (numbers[k].has)
            jw_dec(w, numbers[k].value);
        else
            jw_null(w);
    }
    jw_name(w, "isFound");
    jw_bool(w, i->is_found);
    jw_name(w, "needsReason");
    jw_bool(w, count_needs_reason(t, i));
    jw_object_end(w);
}

/* The largest difference first, whichever way; what has not been counted last. */
static int by_difference(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int64_t dx = x->difference_type ? llabs(x->difference.millionths) : -1;
    int64_t dy = y->difference_type ? llabs(y->difference.millionths) : -1;
    return dx != dy ? (dx < dy) - (dx > dy) : (x->id > y->id) - (x->id < y->id);
}

/* The same by value; what has none comes after what has. */
static int by_value(const void *a, const void *b)
{
    struct dec x, y;
    int64_t vx = count_difference_value(a, &x) ? llabs(x.millionths) : -1;
    int64_t vy = count_difference_value(b, &y) ? llabs(y.millionths) : -1;
    return vx != vy ? (vx < vy) - (vx > vy) : by_difference(a, b);
}

#define TEXT_OR_NULL(NAME) {NAME, PART_TEXT, .nullable = true}
static const struct answer_part task_parts[] = {
    {"id"}, {"taskCode", PART_TEXT}, {"taskName", PART_TEXT}, {"status", PART_TEXT},
    TEXT_OR_NULL("startDate"), TEXT_OR_NULL("endDate"), TEXT_OR_NULL("creatorName"), TEXT_OR_NULL("completedByName"),
    {"completedAt", PART_TIME, .nullable = true}, {"createdAt", PART_TIME}, {0},
};
static const struct answer_part item_parts[] = {
    {"id"}, {"materialId"}, {"materialCode", PART_TEXT}, {"materialName", PART_TEXT}, {"unit", PART_TEXT}, {"unitDecimals"}, {"category", PART_TEXT},
    TEXT_OR_NULL("differenceType"), TEXT_OR_NULL("remark"), TEXT_OR_NULL("reason"), {"bookStock", PART_DEC, .nullable = true},
    {"actualStock", PART_DEC, .nullable = true}, {"difference", PART_DEC, .nullable = true},
    {"differenceValue", PART_DEC, .nullable = true}, TEXT_OR_NULL("locationCode"), {"isFound", PART_BOOL}, {"needsReason", PART_BOOL}, {0},
};
const struct answer_part count_report_parts[] = {
    {"task", PART_OBJECT, .parts = task_parts},
    {"summary", PART_OBJECT, .parts = PARTS(COUNT_SUMMARY_PARTS, {"totalDifference", PART_DEC, .nullable = true},
                                            {"surplusValue", PART_DEC, .nullable = true},
                                            {"shortageValue", PART_DEC, .nullable = true},
                                            {"differenceValue", PART_DEC, .nullable = true})},
    {"items", PART_ARRAY, .parts = item_parts},
    {0},
};
static const char *const orders[] = {"quantity", "value", NULL};
const struct list_filter count_report_query[] = {{"sort", FILTER_CHOICE, .choices = orders, .preset = "quantity"}, {0}};

struct totals {
    struct dec difference, surplus_value, shortage_value, value;
};

static enum rc add_up(const struct summary *s, const struct item *items, struct totals *out)
{
    *out = (struct totals){0};
    TRY(dec_sub(s->surplus_sum, s->shortage_sum, &out->difference));
    for (int64_t i = 0; i < s->total; i++) {
        struct dec value, lost;
        if (!count_difference_value(&items[i], &value))
            continue;
        TRY(dec_add(out->value, value, &out->value));
        if (dec_sign(value) > 0)
            TRY(dec_add(out->surplus_value, value, &out->surplus_value));
        TRY(dec_neg(value, &lost));
        if (dec_sign(lost) > 0)
            TRY(dec_add(out->shortage_value, lost, &out->shortage_value));
    }
    return RC_OK;
}

static void write_report_summary(struct json_writer *w, const struct task *t, const struct summary *s, const struct totals *sums)
{
    const struct {
        const char *name;
        struct dec value;
    } all[] = {{"totalDifference", sums->difference}, {"surplusValue", sums->surplus_value},
               {"shortageValue", sums->shortage_value}, {"differenceValue", sums->value}};
    jw_name(w, "summary");
    jw_object(w);
    count_write_summary(w, t, s);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        jw_name(w, all[i].name);
        if (t->hides_book)
            jw_null(w);
        else
            jw_dec(w, all[i].value);
    }
    jw_object_end(w);
}

static enum rc read_order(struct call *call, bool *is_by_value)
{
    struct ctx *c = &call->ctx;
    const char *sort = http_query(call->http, "sort");
    *is_by_value = sort && strcmp(sort, "value") == 0;
    if (sort && *sort && !*is_by_value && strcmp(sort, "quantity") != 0)
        error_fault(&c->err, c->arena, "sort", "choice", "应为 quantity 或 value", "must be quantity or value", sort);
    return c->err.rc;
}

enum rc count_get_report(struct call *call)
{
    struct task t;
    struct summary s;
    struct item *items;
    struct totals sums;
    bool is_by_value;
    TRY(read_order(call, &is_by_value));
    TRY(count_find_task(call, &t));
    TRY(count_read_items(&call->ctx, &t, &items, &s));
    qsort(items, (size_t)s.total, sizeof *items, is_by_value ? by_value : by_difference);
    if (add_up(&s, items, &sums) != RC_OK)
        return error_set(&call->ctx.err, RC_AMOUNT_TOO_LARGE);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    write_report_task(&w, &t);
    write_report_summary(&w, &t, &s, &sums);
    jw_name(&w, "items");
    jw_array(&w);
    for (int64_t i = 0; i < s.total; i++)
        write_report_item(&w, &t, &items[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}
